// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a statement was found to touch and to call.

#include "dataplane/inspect/sql.h"

void sql_effects(struct sql *p, uint32_t kinds, uint32_t flags)
{
	p->r->kinds |= kinds;
	p->r->flags |= flags;
}

void sql_verb(struct sql *p, const char *verb)
{
	size_t n = strlen(verb);
	if (p->r->verb[0] != '\0' || n >= sizeof(p->r->verb))
		return;
	memcpy(p->r->verb, verb, n + 1);
}

void sql_found_column(struct sql *p, struct span name)
{
	struct command_reader *r = p->r;
	for (uint16_t i = 0; i < r->n_columns; i++)
		if (span_equal(r->columns[i], name))
			return;
	if (r->n_columns == EFFECT_COLUMNS_MAX)
		sql_fail(p, "it names too many columns");
	else
		r->columns[r->n_columns++] = name;
}

void sql_found_star(struct sql *p)
{
	p->r->flags |= EFFECT_STAR;
	sql_found_column(p, SPAN_LIT("*"));
}

// Relations that hold what accounts log in with.
static bool is_credentials(const struct sql *p, struct span schema, struct span name)
{
	static const char *const mysql[] = {
		"user",
		"global_priv",
		"authentication_string",
		"password_history",
		"servers",
		"slave_master_info",
		"db",
		NULL,
	};
	static const char *const tsql[] = {
		"sql_logins",     "syslogins",       "sysxlogins",  "server_principal_credentials",
		"linked_logins",  "sysremotelogins", "credentials", "database_scoped_credentials",
		"symmetric_keys", "asymmetric_keys", "sysusers",    NULL,
	};
	const char *const *names = p->tsql ? tsql : mysql;
	if (!p->tsql && !span_equal(schema, SPAN_LIT("mysql")))
		return false;
	for (; *names != NULL; names++)
		if (span_equal(name, span_str(*names)))
			return true;
	return false;
}

bool sql_is_cte(const struct sql *p, const struct sql_name *name)
{
	for (unsigned i = 0; i < p->n_ctes && name->n_parts == 1; i++)
		if (span_equal(p->ctes[i], name->part[0]))
			return true;
	return false;
}

static struct span schema_of(const struct sql *p, const struct sql_name *name)
{
	if (name->n_parts < 2)
		return p->r->database;
	return name->part[name->n_parts - 2];
}

// MySQL's own tables are its accounts and rights.
static void note_access(struct sql *p, const struct effect_object *o)
{
	if (!p->tsql && (o->access & (EFFECT_WRITE | EFFECT_DDL)) != 0 &&
	    span_equal(o->schema, SPAN_LIT("mysql")))
		sql_effects(p, EFFECT_ADMIN, EFFECT_GRANTS);
}

static void add_object(struct sql *p, const struct effect_object *o)
{
	struct command_reader *r = p->r;
	for (unsigned i = p->first_object; i < r->n_objects; i++) {
		struct effect_object *seen = &r->objects[i];
		if (effect_object_is(seen, o)) {
			seen->access |= o->access;
			return;
		}
	}
	if (r->n_objects == EFFECT_OBJECTS_MAX)
		sql_fail(p, "it names too many relations, functions and prepared statements");
	else
		r->objects[r->n_objects++] = *o;
}

void sql_found_written(struct sql *p, struct effect_object *o, bool is_read)
{
	if (o->access == EFFECT_EXEC || o->access == EFFECT_SESSION)
		return;
	o->access = is_read ? o->access | EFFECT_WRITE : EFFECT_WRITE;
	note_access(p, o);
}

void sql_found_object(struct sql *p, const struct sql_name *name, struct span alias, uint8_t access)
{
	struct command_reader *r = p->r;
	if (name->n_parts == 0 || sql_is_cte(p, name))
		return;
	struct effect_object o = {
		.schema = schema_of(p, name),
		.name = name->part[name->n_parts - 1],
		.alias = alias,
		.access = access,
	};
	if (name->n_parts == 4 && name->part[0].n > 0) // a linked server
		r->flags |= EFFECT_NETWORK;
	if (is_credentials(p, o.schema, o.name))
		r->flags |= EFFECT_CREDENTIALS;
	note_access(p, &o);
	add_object(p, &o);
}

void sql_found_prepared(struct sql *p, struct span name)
{
	add_object(p, &(struct effect_object){.name = name, .access = EFFECT_SESSION});
}

void sql_found_target(struct sql *p, const struct sql_name *name)
{
	struct command_reader *r = p->r;
	// A common table expression is written through: to what it reads.
	bool cte = sql_is_cte(p, name), found = false;
	for (unsigned i = p->first_object; i < r->n_objects && name->n_parts == 1; i++) {
		struct effect_object *o = &r->objects[i];
		if (cte || (o->alias.n > 0 && span_equal(o->alias, name->part[0]))) {
			sql_found_written(p, o, true);
			found = true;
		}
	}
	if (!found)
		sql_found_object(p, name, (struct span){0}, EFFECT_WRITE);
}

// MySQL takes these names for its own functions only when the parenthesis follows at once, unless
// sql_mode has IGNORE_SPACE ("Function Name Parsing and Resolution").
static bool wants_no_space(struct span name)
{
	static const char *const names[] = {
		"adddate",   "bit_and",  "bit_or",     "bit_xor",     "cast",     "count",
		"curdate",   "curtime",  "date_add",   "date_sub",    "extract",  "group_concat",
		"max",       "mid",      "min",        "now",         "position", "session_user",
		"std",       "stddev",   "stddev_pop", "stddev_samp", "subdate",  "substr",
		"substring", "sum",      "sysdate",    "system_user", "trim",     "var_pop",
		"var_samp",  "variance", NULL,
	};
	for (const char *const *n = names; *n != NULL; n++)
		if (span_equal(name, span_str(*n)))
			return true;
	return false;
}

const struct sql_known *sql_found_function(
	struct sql *p, const struct sql_name *name, bool is_apart
)
{
	const struct sql_known *known = NULL;
	if (name->n_parts == 0)
		return NULL;
	struct span last = name->part[name->n_parts - 1];
	if (name->n_parts == 1)
		known = p->tsql ? tsql_function(last) : mysql_function(last);
	// sys.fn_get_audit_file: with a schema it may be anybody's, and is as bad as the server's.
	if (p->tsql && name->n_parts > 1) {
		const struct sql_known *own = tsql_function(last);
		if (own != NULL)
			sql_effects(
				p, own->kinds & ~(uint32_t)EFFECT_READ,
				own->flags & ~(uint32_t)(SQL_AGGREGATE | SQL_VARIES)
			);
	}
	if (!p->tsql && is_apart && !p->r->context->ignore_space && wants_no_space(last))
		known = NULL;
	if (known == NULL)
		sql_effects(p, EFFECT_EXEC, 0);
	else
		sql_effects(
			p, known->kinds, known->flags & ~(uint32_t)(SQL_AGGREGATE | SQL_VARIES)
		);
	sql_found_object(p, name, (struct span){0}, EFFECT_EXEC);
	return known;
}

static int order(struct span name, const char *other)
{
	size_t n = strlen(other);
	int r = memcmp(name.p, other, name.n < n ? name.n : n);
	return r != 0 ? r : (name.n > n) - (name.n < n);
}

bool sql_word_find(const char *const *words, size_t n, struct span word)
{
	size_t low = 0, high = n;
	while (low < high && word.n > 0) {
		size_t middle = low + (high - low) / 2;
		int r = order(word, words[middle]);
		if (r == 0)
			return true;
		if (r < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

const struct sql_known *sql_known_find(const struct sql_known *table, size_t n, struct span name)
{
	size_t low = 0, high = n;
	while (low < high && name.n > 0) {
		size_t middle = low + (high - low) / 2;
		int r = order(name, table[middle].name);
		if (r == 0)
			return &table[middle];
		if (r < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
