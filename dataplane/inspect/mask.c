// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The masker: every value of an answer, by the origin of its column first, then by patterns.

#include "dataplane/inspect/ahead.h"

#include <stdlib.h>

// What proto_column.mask says.
enum column_mark { MARK_NONE = 0, MARK_WHOLE = 1, MARK_UNKNOWN = 2, MARK_STYLE = 16 };

enum { FIRST_USER_OID = 16384 }; // FirstNormalObjectId: below it are the system's own relations

struct masker {
	const struct mask_context *context;
	struct styler styler;
	struct value_scan scan;
	struct buf *out;
	struct mask_outcome *outcome;
	bool has_entities, has_columns;
};

static int compare_column(const void *key, const void *entry)
{
	const struct catalog_column *a = key, *b = entry;
	if (a->table_oid != b->table_oid)
		return a->table_oid < b->table_oid ? -1 : 1;
	return a->attnum == b->attnum ? 0 : a->attnum < b->attnum ? -1 : 1;
}

static int compare_oid(const void *key, const void *entry)
{
	uint32_t a = *(const uint32_t *)key, b = *(const uint32_t *)entry;
	return a == b ? 0 : a < b ? -1 : 1;
}

static bool is_known(const struct catalog *catalog, uint32_t oid)
{
	return oid < FIRST_USER_OID ||
	       bsearch(&oid, catalog->known, catalog->n_known, sizeof(oid), compare_oid) != NULL;
}

// Masks that name a column nobody has found, under a rule that does not refuse: everything may be
// it.
static bool hides_all(const struct masker *m, const struct catalog *catalog)
{
	if (!catalog->resolved)
		return true;
	for (unsigned i = 0; i < COLUMN_WORDS; i++)
		if ((catalog->unresolved[i] & m->context->right->columns[i]) != 0)
			return true;
	return false;
}

// Several masks may name one column (two rules): the first that is in force.
static uint32_t mark_by_origin(
	const struct masker *m, const struct catalog *catalog, const struct proto_column *column
)
{
	struct catalog_column key = {column->table_oid, column->attnum, 0};
	const struct catalog_column *found, *end = catalog->columns + catalog->n_columns;
	found = bsearch(&key, catalog->columns, catalog->n_columns, sizeof(key), compare_column);
	if (found == NULL)
		return MARK_NONE;
	while (found > catalog->columns && compare_column(&key, found - 1) == 0)
		found--;
	for (; found < end && compare_column(&key, found) == 0; found++)
		if (bit_is_set(m->context->right->columns, found->mask))
			return MARK_STYLE + found->mask;
	return MARK_NONE;
}

// A whole row has its table's number and no column's. It is masked with any column of its table.
static uint32_t mark_row(
	const struct masker *m, const struct catalog *catalog, const struct proto_column *column
)
{
	for (uint32_t i = 0; i < catalog->n_columns; i++)
		if (catalog->columns[i].table_oid == column->table_oid &&
		    bit_is_set(m->context->right->columns, catalog->columns[i].mask))
			return MARK_WHOLE;
	return MARK_NONE;
}

static uint32_t mark(const struct masker *m, struct proto_column *column)
{
	const struct catalog *catalog = m->context->resource->catalog;
	if (catalog == NULL || hides_all(m, catalog))
		return MARK_WHOLE;
	if (column->table_oid == 0)
		return MARK_NONE; // an expression: decided by what the statement reads
	if (!is_known(catalog, column->table_oid))
		return MARK_UNKNOWN;
	return column->attnum == 0 ? mark_row(m, catalog, column)
				   : mark_by_origin(m, catalog, column);
}

static uint32_t column_mark(struct masker *m, const struct proto_field *f)
{
	struct proto_column *column = f->column;
	if (column == NULL)
		return MARK_WHOLE; // nobody can say where it comes from
	if (column->mask_version != m->context->snapshot->version) {
		column->mask = mark(m, column);
		column->mask_version = m->context->snapshot->version;
	}
	bool has_origin = column->table_oid != 0 && column->attnum != 0;
	if (!has_origin && column->mask == MARK_NONE && m->context->exposed)
		return MARK_WHOLE;
	return column->mask;
}

static struct span name_of(const struct proto_field *f)
{
	return f->column == NULL ? (struct span){NULL, 0} : f->column->name;
}

// The whole value goes, in its column's style where its type can hold that.
static int mask_whole(struct masker *m, struct proto_field *f, const struct mask_style *style)
{
	static const struct mask_style redact = {.kind = MASK_REDACT};
	m->outcome->columns++;
	m->scan.name = name_of(f);
	return value_mask_whole(
		&m->scan, style == NULL ? &redact : style, f->type_oid, f->format, &f->value,
		&f->null, m->out
	);
}

static int mask_by_pattern(struct masker *m, struct proto_field *f)
{
	m->scan.name = name_of(f);
	return !m->has_entities ? 0
				: value_mask(
					  &m->scan, f->type_oid, f->format, &f->value, &f->null,
					  m->out, &m->outcome->values
				  );
}

static int mask_row(struct masker *m, struct proto_msg *msg)
{
	if (m->context->ahead != NULL)
		ahead_pass(m->context->ahead, msg->raw.p);
	for (uint32_t i = 0; i < msg->n_fields; i++) {
		struct proto_field *f = &msg->fields[i];
		uint32_t what = MARK_NONE;
		int r;
		if (f->null)
			continue;
		if (m->has_columns)
			what = column_mark(m, f);
		if (what == MARK_UNKNOWN)
			m->outcome->unknown_relation = true;
		if (what >= MARK_STYLE)
			r = mask_whole(
				m, f, &m->context->snapshot->columns[what - MARK_STYLE].style
			);
		else if (what != MARK_NONE)
			r = mask_whole(m, f, NULL);
		else
			r = mask_by_pattern(m, f);
		if (r != 0)
			return r;
	}
	return 0;
}

// COPY's text: each value for itself, so that no pattern reaches across a separator and removes it.
static int mask_copy_line(struct masker *m, struct proto_field *f)
{
	size_t start = buf_len(m->out);
	struct span rest = f->value;
	uint32_t found = 0;
	while (rest.n > 0) {
		const uint8_t *tab = memchr(rest.p, '\t', rest.n);
		struct span one = span_first(rest, tab == NULL ? rest.n : (size_t)(tab - rest.p));
		int r = value_rewrite(&m->scan, one, VALUE_COPY, m->out, &found);
		if (r == 0 && tab != NULL)
			r = buf_append_u8(m->out, '\t');
		if (r != 0)
			return r;
		rest = span_from(rest, one.n + (tab != NULL));
	}
	m->outcome->values += found;
	if (found == 0)
		buf_truncate(m->out, start);
	else
		f->value = (struct span){NULL, buf_len(m->out) - start};
	return 0;
}

static int mask_copy(struct masker *m, struct proto_msg *msg)
{
	int r = 0;
	if (!m->has_entities)
		return 0;
	for (uint32_t i = 0; i < msg->n_fields && r == 0; i++) {
		struct proto_field *f = &msg->fields[i];
		if (f->null)
			continue;
		r = f->format == 0 ? mask_copy_line(m, f) : mask_by_pattern(m, f);
	}
	return r;
}

static struct span field_of(const struct proto_msg *msg, uint8_t code)
{
	for (uint32_t i = 0; i < msg->n_fields; i++)
		if (msg->fields[i].code == code)
			return msg->fields[i].value;
	return (struct span){0};
}

// Whether the text of an error may have been made from data. Most of SQL's own complaints can: a
// value cast to regclass that is no relation, a search query with an error in it, a schema that
// does not exist. Free of it are the classes that speak of connections, transactions, names of the
// protocol and resources; and errors in the statement's own text, which have a position in it (P)
// that nothing found while it runs has.
static bool quotes_data(const struct proto_msg *msg)
{
	static const char clean[][3] = {"08", "25", "26", "34", "40", "53", "55", "57"};
	struct span code = field_of(msg, 'C');
	if (code.n != 5)
		return true;
	for (size_t i = 0; i < sizeof(clean) / sizeof(clean[0]); i++)
		if (memcmp(code.p, clean[i], 2) == 0)
			return false;
	// Not allowed: names what exists, or is our own. A cursor or statement of this name is
	// there.
	if (memcmp(code.p, "42501", 5) == 0 || memcmp(code.p, "42P03", 5) == 0 ||
	    memcmp(code.p, "42P05", 5) == 0)
		return false;
	// The position may be one in a value that is read as a type's name; a context then says so.
	return memcmp(code.p, "42", 2) != 0 || field_of(msg, 'P').n == 0 ||
	       field_of(msg, 'W').n > 0;
}

// What breaks a constraint is quoted with its row or key, whichever columns the statement names,
// and for a deferred constraint in answer to COMMIT.
static bool quotes_row(const struct proto_msg *msg)
{
	struct span code = field_of(msg, 'C');
	return code.n != 5 || memcmp(code.p, "23", 2) == 0;
}

// What an error says of the data of a statement that reads masked columns: nothing.
static int hide_text(struct masker *m, struct proto_field *f)
{
	size_t start = buf_len(m->out);
	m->outcome->columns++;
	f->value = (struct span){NULL, 0};
	int r = buf_append(m->out, SPAN_LIT("[REDACTED]"));
	f->value.n = buf_len(m->out) - start;
	return r;
}

static bool is_free_text(uint8_t code)
{
	return code == 'M' || code == 'D' || code == 'H' || code == 'W' || code == 'q';
}

// Names of schemas, tables, columns, types and constraints; RAISE puts anything there.
static bool is_name(uint8_t code)
{
	return code == 's' || code == 't' || code == 'c' || code == 'd' || code == 'n';
}

static int mask_report(struct masker *m, struct proto_msg *msg)
{
	bool hide = m->has_columns && m->context->exposed && quotes_data(msg);
	bool hide_row = m->has_columns && quotes_row(msg);
	int r = 0;
	for (uint32_t i = 0; i < msg->n_fields && r == 0; i++) {
		struct proto_field *f = &msg->fields[i];
		if ((hide && is_free_text(f->code)) || (hide_row && f->code == 'D'))
			r = hide_text(m, f);
		else if (is_free_text(f->code) || is_name(f->code))
			r = mask_by_pattern(m, f);
	}
	return r;
}

static int mask_plain(struct masker *m, struct proto_msg *msg)
{
	int r = 0;
	for (uint32_t i = 0; i < msg->n_fields && r == 0; i++) {
		struct proto_field *f = &msg->fields[i];
		if (f->null)
			continue;
		if (m->has_columns && m->context->exposed && msg->carrier == PROTO_CALL_RESULT)
			r = mask_whole(m, f, NULL);
		else
			r = mask_by_pattern(m, f);
	}
	return r;
}

// New values lie in `out` one behind the other, and `out` moves no more.
static void settle(struct proto_msg *msg, const struct buf *out)
{
	const uint8_t *at = buf_span(out).p;
	for (uint32_t i = 0; i < msg->n_fields; i++) {
		struct proto_field *f = &msg->fields[i];
		if (f->null || f->value.p != NULL)
			continue;
		f->value.p = at;
		at += f->value.n;
	}
}

static bool has_no_nulls(enum proto_carrier carrier)
{
	return carrier == PROTO_ERROR || carrier == PROTO_NOTICE || carrier == PROTO_NOTIFICATION ||
	       carrier == PROTO_PARAMETER;
}

static struct masker masker_of(const struct mask_context *context)
{
	return (struct masker){
		.context = context,
		.styler = {.snapshot = context->snapshot, .root = context->root},
		.scan =
			{
				.snapshot = context->snapshot,
				.scratch = context->scratch,
				.wanted = context->right->entities,
				.ahead = context->ahead,
			},
		.has_entities = context->snapshot->entities != NULL &&
				bit_is_any_set(context->right->entities, SNAPSHOT_PATTERN_WORDS),
		.has_columns = bit_is_any_set(context->right->columns, COLUMN_WORDS),
	};
}

bool inspect_ahead_add(
	const struct mask_context *context, const struct proto_msg *row, const struct span *values
)
{
	struct masker m = masker_of(context);
	struct inspect_ahead *ahead = context->ahead;
	if (AHEAD_VALUES - ahead->count < row->n_fields || ahead->bytes >= AHEAD_BYTES)
		return false;
	for (uint32_t i = 0; i < row->n_fields && m.has_entities; i++) {
		const struct proto_field *f = &row->fields[i];
		if (m.has_columns && column_mark(&m, f) != MARK_NONE)
			continue;
		if (!ahead_add(ahead, name_of(f), f->type_oid, f->format, values[i]))
			return false;
	}
	return true;
}

void inspect_ahead_scan(const struct mask_context *context)
{
	const struct masker m = masker_of(context);
	if (context->ahead->count > 0)
		ahead_scan(context->ahead, &m.scan);
}

int inspect_mask(
	const struct mask_context *context, struct proto_msg *msg, struct buf *scratch,
	struct mask_outcome *outcome
)
{
	struct masker m = masker_of(context);
	int r = 0;
	m.scan.styler = &m.styler;
	m.scan.no_null = has_no_nulls(msg->carrier);
	m.out = scratch;
	m.outcome = outcome;
	if (!m.has_entities && !m.has_columns)
		return 0;
	switch (msg->carrier) {
	case PROTO_ROW:
		r = mask_row(&m, msg);
		break;
	case PROTO_COPY:
		r = mask_copy(&m, msg);
		break;
	case PROTO_ERROR:
	case PROTO_NOTICE:
		r = mask_report(&m, msg);
		break;
	case PROTO_NOTIFICATION:
	case PROTO_PARAMETER:
	case PROTO_CALL_RESULT:
		r = mask_plain(&m, msg);
		break;
	}
	settle(msg, scratch);
	return r;
}

int inspect_redact(
	const struct snapshot *snapshot, struct scan_scratch *scratch, struct span text,
	struct buf *out
)
{
	struct styler styler = {.snapshot = snapshot};
	const struct value_scan s = {
		.snapshot = snapshot,
		.scratch = scratch,
		.styler = &styler,
		.for_record = true,
	};
	uint32_t found = 0;
	return value_rewrite(&s, text, VALUE_TEXT, out, &found);
}
