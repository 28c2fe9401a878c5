// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Blocklist patterns, and what a statement touches of masked columns.

#include "dataplane/inspect/inspect.h"
#include "patterns/patterns.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

int inspect_blocked(
	const struct snapshot *snapshot, struct scan_scratch *scratch, const uint64_t *wanted,
	struct span normalised
)
{
	const struct pattern_choice choice = {snapshot->pattern_classes, wanted};
	int found = scan_match(snapshot->blocks, scratch, normalised, &choice);
	// What cannot be scanned is not clean.
	for (uint16_t id = 0; found < 0 && found != -ENOENT && id < snapshot->n_patterns; id++)
		if (snapshot_wants(snapshot, wanted, id))
			found = id;
	return found < 0 ? -1 : found;
}

static bool name_is(struct span s, const char *name)
{
	return s.n == strlen(name) && memcmp(s.p, name, s.n) == 0;
}

// An unqualified name may be any schema's: the search path is the session's to change.
static bool is_relation(const struct effect_object *o, const struct catalog_relation *r)
{
	return (o->access & EFFECT_EXEC) == 0 && name_is(o->name, r->name) &&
	       (o->schema.n == 0 || name_is(o->schema, r->schema));
}

static bool names_column(const struct effects *e, struct span name)
{
	for (uint16_t i = 0; i < e->n_columns; i++)
		if (span_equal(e->columns[i], name) || name_is(e->columns[i], "*"))
			return true;
	return false;
}

// Does the statement say a name that can mean the masked column of this relation: the column's, a
// star, or the row as a whole? A relation that is not the mask's own (a view, a partition) may show
// the column under any name.
static bool touches(
	const struct effects *e, const struct effect_object *o, const struct catalog_relation *r,
	const struct column_mask *mask
)
{
	bool own = strcmp(r->name, mask->table) == 0 && strcmp(r->schema, mask->schema) == 0;
	if (!own && e->n_columns > 0)
		return true;
	return names_column(e, span_str(mask->column)) || names_column(e, o->name) ||
	       (o->alias.n > 0 && names_column(e, o->alias));
}

// A statement that writes can put what it reads where no rule looks for it; COPY of a relation
// names no column at all.
static enum inspect_exposure look_at(
	const struct effects *e, const struct effect_object *o, const struct catalog_relation *r,
	const struct column_mask *mask
)
{
	bool copies = (e->flags & EFFECT_COPY_OUT) != 0;
	if ((copies && (e->flags & EFFECT_COPY_QUERY) == 0) || (e->flags & EFFECT_RENAMES) != 0)
		return EXPOSURE_CARRIES;
	if (!touches(e, o, r, mask))
		return EXPOSURE_NONE;
	return copies || (e->kinds & (EFFECT_WRITE | EFFECT_DDL)) != 0 ? EXPOSURE_CARRIES
								       : EXPOSURE_READS;
}

// The planner's samples: the most common values of every column, the masked ones included.
static bool is_sample(const struct effect_object *o)
{
	static const char *const names[] = {
		"pg_statistic", "pg_statistic_ext_data", "pg_stats",
		"pg_stats_ext", "pg_stats_ext_exprs",
	};
	if (o->schema.n > 0 && !name_is(o->schema, "pg_catalog"))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (name_is(o->name, names[i]))
			return true;
	return false;
}

static enum inspect_exposure look(
	const struct effects *e, const struct snapshot *snapshot, const struct catalog_relation *r
)
{
	enum inspect_exposure worst = EXPOSURE_NONE;
	if ((e->flags & EFFECT_RENAMES) != 0 && e->n_objects == 0)
		return EXPOSURE_CARRIES; // a schema, perhaps the relation's
	for (uint16_t i = 0; i < e->n_objects && worst != EXPOSURE_CARRIES; i++) {
		const struct effect_object *o = &e->objects[i];
		enum inspect_exposure one = EXPOSURE_NONE;
		if ((o->access & EFFECT_SESSION) != 0)
			continue; // no relation, whatever it is called
		if (is_sample(o))
			one = EXPOSURE_CARRIES;
		else if (is_relation(o, r))
			one = look_at(e, o, r, &snapshot->columns[r->mask]);
		if (one != EXPOSURE_NONE)
			worst = one;
	}
	return worst;
}

static bool is_unresolved(
	const struct snapshot *snapshot, const struct right *right, const struct catalog *catalog
)
{
	for (uint32_t i = 0; i < snapshot->n_columns; i++)
		if (bit_is_set(right->columns, i) && snapshot->columns[i].refuse_unresolved &&
		    (!catalog->resolved || bit_is_set(catalog->unresolved, i)))
			return true;
	return false;
}

enum inspect_exposure inspect_exposure(
	const struct effects *effects, const struct snapshot *snapshot, const struct right *right,
	const struct resource *resource
)
{
	const struct catalog *catalog = resource->catalog;
	enum inspect_exposure worst = EXPOSURE_NONE;
	if (catalog == NULL)
		return EXPOSURE_NONE;
	if (is_unresolved(snapshot, right, catalog) &&
	    (effects->kinds & ~(uint32_t)EFFECT_SESSION) != 0)
		return EXPOSURE_UNRESOLVED;
	for (uint32_t i = 0; i < catalog->n_relations; i++) {
		const struct catalog_relation *r = &catalog->relations[i];
		if (!bit_is_set(right->columns, r->mask))
			continue;
		enum inspect_exposure one = look(effects, snapshot, r);
		if (one == EXPOSURE_CARRIES)
			return one;
		if (one != EXPOSURE_NONE)
			worst = one;
	}
	// What the statement does not show may read anything.
	if ((effects->kinds & (EFFECT_EXEC | EFFECT_UNKNOWN)) != 0 && worst == EXPOSURE_NONE)
		worst = EXPOSURE_READS;
	return worst;
}
