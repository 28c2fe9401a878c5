// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/catalog/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum resolve_limit { FOUND_MAX = 1 << 20, KNOWN_MAX = 1 << 22 };

// $1 schema, $2 table, $3 column. Every name is qualified: the session's search path may be a trap.
static const char find_column[] =
	"WITH RECURSIVE seed(oid) AS ("
	"  SELECT c.oid FROM pg_catalog.pg_class c"
	"  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
	"  JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid"
	"  WHERE n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.text::pg_catalog.name"
	"  AND c.relname OPERATOR(pg_catalog.=) $2::pg_catalog.text::pg_catalog.name"
	"  AND a.attname OPERATOR(pg_catalog.=) $3::pg_catalog.text::pg_catalog.name"
	"  AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}'::pg_catalog.\"char\"[])"
	"  AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped"
	"), down(oid) AS ("
	"  SELECT oid FROM seed UNION SELECT i.inhrelid FROM down d"
	"  JOIN pg_catalog.pg_inherits i ON i.inhparent OPERATOR(pg_catalog.=) d.oid"
	"), up(oid) AS ("
	"  SELECT oid FROM seed UNION SELECT i.inhparent FROM up u"
	"  JOIN pg_catalog.pg_inherits i ON i.inhrelid OPERATOR(pg_catalog.=) u.oid"
	"), tables(oid) AS (SELECT oid FROM down UNION SELECT oid FROM up"
	"), shown(oid, whole) AS ("
	"  SELECT oid, false FROM tables UNION SELECT w.ev_class, true FROM shown s"
	"  JOIN pg_catalog.pg_depend d ON d.refobjid OPERATOR(pg_catalog.=) s.oid"
	"   AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass"
	"   AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass"
	"  JOIN pg_catalog.pg_rewrite w ON w.oid OPERATOR(pg_catalog.=) d.objid"
	"   AND w.ev_class OPERATOR(pg_catalog.<>) s.oid"
	"  JOIN pg_catalog.pg_class v ON v.oid OPERATOR(pg_catalog.=) w.ev_class"
	"   AND v.relkind OPERATOR(pg_catalog.=) ANY ('{v,m}'::pg_catalog.\"char\"[])"
	// Values too long for their row lie in a table of their own, for those who may read it.
	"), toast(oid) AS ("
	"  SELECT c.reltoastrelid FROM shown s"
	"  JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) s.oid"
	"  WHERE c.reltoastrelid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid"
	"), statistics(oid, attname) AS ("
	"  SELECT c.oid, a.attname FROM pg_catalog.pg_class c"
	"  JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid"
	"  WHERE EXISTS (SELECT FROM seed)"
	"  AND c.relnamespace OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace"
	"  AND c.relname OPERATOR(pg_catalog.=) ANY ('{pg_stats,pg_stats_ext,pg_stats_ext_exprs,"
	"pg_statistic,pg_statistic_ext_data}'::pg_catalog.name[])"
	"  AND a.attname OPERATOR(pg_catalog.=) ANY ('{most_common_vals,histogram_bounds,"
	"most_common_elems,stavalues1,stavalues2,stavalues3,stavalues4,stavalues5,stxdmcv,stxdexpr}'"
	"::pg_catalog.name[])"
	"), places(oid, attnum) AS ("
	"  SELECT s.oid, a.attnum FROM shown s"
	"  JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) s.oid"
	"   AND (s.whole OR a.attname OPERATOR(pg_catalog.=) $3::pg_catalog.text::pg_catalog.name)"
	"  WHERE a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped"
	"  UNION SELECT t.oid, a.attnum FROM toast t"
	"  JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) t.oid"
	"  WHERE a.attnum OPERATOR(pg_catalog.>) 0"
	"  UNION SELECT t.oid, a.attnum FROM statistics t"
	"  JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) t.oid"
	"   AND a.attname OPERATOR(pg_catalog.=) t.attname"
	") SELECT p.oid, p.attnum, n.nspname, c.relname FROM places p"
	" JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) p.oid"
	" JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
	" ORDER BY p.oid USING OPERATOR(pg_catalog.<), p.attnum USING OPERATOR(pg_catalog.<)";

static const char find_known[] =
	"SELECT oid FROM pg_catalog.pg_class"
	" WHERE relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}'::pg_catalog.\"char\"[])"
	" ORDER BY oid USING OPERATOR(pg_catalog.<)";

struct found {
	struct catalog catalog;
	struct catalog_column *columns;
	struct catalog_relation *relations;
	uint32_t *known;
};

static void found_fini(struct found *found)
{
	free(found->columns);
	free(found->relations);
	free(found->known);
}

// Room for `more` elements behind `n`. Returns 0 or -ENOMEM.
static int grow(void **list, size_t n, size_t more, size_t size)
{
	if (more > FOUND_MAX || n + more > FOUND_MAX)
		return -ENOMEM;
	void *p = reallocarray(*list, n + more + 1, size);
	if (p == NULL)
		return -ENOMEM;
	*list = p;
	return 0;
}

static uint32_t number_at(const PGresult *rows, int row, int column)
{
	return (uint32_t)strtoul(PQgetvalue(rows, row, column), NULL, 10);
}

// Rows come sorted by OID: one relation for each run.
static int add_rows(struct found *found, const PGresult *rows, uint16_t mask)
{
	struct catalog *c = &found->catalog;
	uint32_t n = (uint32_t)PQntuples(rows), last = 0;

	if (grow((void **)&found->columns, c->n_columns, n, sizeof(*found->columns)) != 0 ||
	    grow((void **)&found->relations, c->n_relations, n, sizeof(*found->relations)) != 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t oid = number_at(rows, (int)i, 0);
		found->columns[c->n_columns++] =
			(struct catalog_column){oid, (uint16_t)number_at(rows, (int)i, 1), mask};
		if (oid == last)
			continue;
		last = oid;
		struct catalog_relation *relation = &found->relations[c->n_relations++];
		*relation = (struct catalog_relation){.mask = mask};
		snprintf(
			relation->schema, sizeof(relation->schema), "%s",
			PQgetvalue(rows, (int)i, 2)
		);
		snprintf(relation->name, sizeof(relation->name), "%s", PQgetvalue(rows, (int)i, 3));
	}
	return 0;
}

static int find_one(
	PGconn *conn, const struct column_mask *mask, uint16_t index, const bool *stop,
	struct found *found, char why[static CONNECTION_WHY]
)
{
	const char *const params[] = {mask->schema, mask->table, mask->column};
	PGresult *rows = NULL;

	int rc = connection_query(conn, stop, find_column, 3, params, &rows, why);
	if (rc != 0)
		return rc;
	if (rows == NULL || PQnfields(rows) != 4) {
		snprintf(why, CONNECTION_WHY, "unexpected answer");
		rc = -EIO;
	} else if (PQntuples(rows) == 0) {
		bit_set(found->catalog.unresolved, index);
	} else {
		rc = add_rows(found, rows, index);
	}
	PQclear(rows);
	return rc;
}

static int find_relations(
	PGconn *conn, const bool *stop, struct found *found, char why[static CONNECTION_WHY]
)
{
	PGresult *rows = NULL;

	int rc = connection_query(conn, stop, find_known, 0, NULL, &rows, why);
	if (rc != 0)
		return rc;
	int n = PQntuples(rows);
	if (n > KNOWN_MAX) {
		snprintf(why, CONNECTION_WHY, "more than %d relations", KNOWN_MAX);
		rc = -EIO;
	} else {
		found->known = calloc((size_t)n + 1, sizeof(*found->known));
		rc = found->known == NULL ? -ENOMEM : 0;
	}
	for (int i = 0; i < n && rc == 0; i++)
		found->known[found->catalog.n_known++] = number_at(rows, i, 0);
	PQclear(rows);
	return rc;
}

static int command(PGconn *conn, const bool *stop, const char *sql, char why[static CONNECTION_WHY])
{
	PGresult *none = NULL;

	int rc = connection_query(conn, stop, sql, 0, NULL, &none, why);
	PQclear(none);
	return rc;
}

// One snapshot of the server's for all of it: what is known and what is masked fit together.
static int find_all(
	PGconn *conn, const struct column_mask *columns, const uint64_t *masks, const bool *stop,
	struct found *found, char why[static CONNECTION_WHY]
)
{
	int rc = command(conn, stop, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", why);

	if (rc == 0)
		rc = find_relations(conn, stop, found, why);
	for (uint16_t i = 0; i < SNAPSHOT_COLUMNS_MAX && rc == 0; i++)
		if (bit_is_set(masks, i))
			rc = find_one(conn, &columns[i], i, stop, found, why);
	if (rc == 0)
		rc = command(conn, stop, "COMMIT", why);
	return rc;
}

int catalog_resolve(
	const struct resource *resource, const struct column_mask *columns,
	const uint64_t masks[static COLUMN_WORDS], const bool *stop, struct catalog **out,
	char why[static CONNECTION_WHY]
)
{
	struct found found = {.catalog.resolved = true};
	PGconn *conn = NULL;

	int rc = connection_open(resource, stop, &conn, why);
	if (rc != 0)
		return rc;
	rc = find_all(conn, columns, masks, stop, &found, why);
	PQfinish(conn);
	if (rc == 0) {
		found.catalog.columns = found.columns;
		found.catalog.relations = found.relations;
		found.catalog.known = found.known;
		*out = catalog_new(&found.catalog);
		rc = *out == NULL ? -ENOMEM : 0;
	}
	found_fini(&found);
	return rc;
}
