// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Whether two expressions say the same: tree against tree, by the messages' own descriptors.

#include "dataplane/inspect/statement.h"

#include <string.h>

bool statement_step(struct statement *st)
{
	if (++st->steps <= STATEMENT_STEPS_MAX)
		return true;
	statement_unknown(st, "its conditions are too large");
	return false;
}

static bool same_message(
	struct statement *st, const ProtobufCMessage *a, const ProtobufCMessage *b, unsigned depth
);

static const void *at(const ProtobufCMessage *m, unsigned offset)
{
	return (const char *)m + offset;
}

static bool same_child(
	struct statement *st, const ProtobufCMessage *a, const ProtobufCMessage *b,
	const ProtobufCFieldDescriptor *f, unsigned depth
)
{
	const ProtobufCMessage *x, *y;
	memcpy(&x, at(a, f->offset), sizeof(const ProtobufCMessage *));
	memcpy(&y, at(b, f->offset), sizeof(const ProtobufCMessage *));
	if (x == NULL || y == NULL)
		return x == y;
	return same_message(st, x, y, depth + 1);
}

static bool same_list(
	struct statement *st, const ProtobufCMessage *a, const ProtobufCMessage *b,
	const ProtobufCFieldDescriptor *f, unsigned depth
)
{
	size_t n, m;
	const ProtobufCMessage *const *x, *const *y;
	memcpy(&n, at(a, f->quantifier_offset), sizeof(n));
	memcpy(&m, at(b, f->quantifier_offset), sizeof(m));
	if (n != m)
		return false;
	if (f->type != PROTOBUF_C_TYPE_MESSAGE)
		return n == 0; // the tree has no other lists in expressions
	memcpy(&x, at(a, f->offset), sizeof(const ProtobufCMessage *const *));
	memcpy(&y, at(b, f->offset), sizeof(const ProtobufCMessage *const *));
	for (size_t i = 0; i < n; i++)
		if (!same_message(st, x[i], y[i], depth + 1))
			return false;
	return true;
}

static bool same_scalar(
	const ProtobufCMessage *a, const ProtobufCMessage *b, const ProtobufCFieldDescriptor *f
)
{
	const char *x, *y;
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		memcpy(&x, at(a, f->offset), sizeof(const char *));
		memcpy(&y, at(b, f->offset), sizeof(const char *));
		return strcmp(x, y) == 0;
	case PROTOBUF_C_TYPE_BOOL:
		return memcmp(at(a, f->offset), at(b, f->offset), sizeof(protobuf_c_boolean)) == 0;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return memcmp(at(a, f->offset), at(b, f->offset), sizeof(uint64_t)) == 0;
	default: // a library's enumeration; all others are of four bytes
		return memcmp(at(a, f->offset), at(b, f->offset), sizeof(uint32_t)) == 0;
	}
}

static bool same_field(
	struct statement *st, const ProtobufCMessage *a, const ProtobufCMessage *b,
	const ProtobufCFieldDescriptor *f, unsigned depth
)
{
	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
		uint32_t x, y;
		memcpy(&x, at(a, f->quantifier_offset), sizeof(x));
		memcpy(&y, at(b, f->quantifier_offset), sizeof(y));
		if (x != y || x != f->id)
			return x == y;
	}
	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return same_list(st, a, b, f, depth);
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		return same_child(st, a, b, f, depth);
	return strcmp(f->name, "location") == 0 || same_scalar(a, b, f);
}

// id and t.id are one column unless the text is ambiguous, which the server refuses.
static bool same_column(const PgQuery__ColumnRef *a, const PgQuery__ColumnRef *b)
{
	size_t n = a->n_fields < b->n_fields ? a->n_fields : b->n_fields;
	for (size_t i = 1; i <= n; i++) {
		const PgQuery__Node *x = a->fields[a->n_fields - i];
		const PgQuery__Node *y = b->fields[b->n_fields - i];
		if (x->node_case != PG_QUERY__NODE__NODE_STRING ||
		    y->node_case != PG_QUERY__NODE__NODE_STRING ||
		    strcmp(x->string->sval, y->string->sval) != 0)
			return false;
	}
	return n > 0;
}

static bool same_node(
	struct statement *st, const PgQuery__Node *a, const PgQuery__Node *b, unsigned depth
)
{
	const ProtobufCMessage *x, *y;
	if (a->node_case != b->node_case)
		return false;
	if (a->node_case == PG_QUERY__NODE__NODE__NOT_SET)
		return true;
	if (a->node_case == PG_QUERY__NODE__NODE_COLUMN_REF)
		return same_column(a->column_ref, b->column_ref);
	memcpy(&x, &a->alias, sizeof(const ProtobufCMessage *));
	memcpy(&y, &b->alias, sizeof(const ProtobufCMessage *));
	return same_message(st, x, y, depth);
}

static bool same_message(
	struct statement *st, const ProtobufCMessage *a, const ProtobufCMessage *b, unsigned depth
)
{
	if (a->descriptor != b->descriptor || depth > STATEMENT_DEPTH_MAX)
		return false;
	if (!statement_step(st))
		return false;
	if (a->descriptor == &pg_query__node__descriptor)
		return same_node(st, (const PgQuery__Node *)a, (const PgQuery__Node *)b, depth + 1);
	const ProtobufCMessageDescriptor *d = a->descriptor;
	for (unsigned i = 0; i < d->n_fields; i++)
		if (!same_field(st, a, b, &d->fields[i], depth))
			return false;
	return true;
}

bool statement_same(struct statement *st, const PgQuery__Node *a, const PgQuery__Node *b)
{
	return a != NULL && b != NULL && same_node(st, a, b, 0);
}
