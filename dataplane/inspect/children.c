// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// From one message of a tree to those below it, by the descriptors that the library has for each:
// no position can be forgotten.

#include "dataplane/inspect/statement.h"

#include <string.h>

static const ProtobufCMessage *child_at(const ProtobufCMessage *m, unsigned offset)
{
	const ProtobufCMessage *child;
	memcpy(&child, (const char *)m + offset, sizeof(const ProtobufCMessage *));
	return child;
}

// A Node is a tag and one pointer: no need to look at its 238 fields.
static const ProtobufCMessage *node_child(struct statement_children *c)
{
	const PgQuery__Node *node = (const PgQuery__Node *)c->message;
	if (c->field++ > 0 || node->node_case == PG_QUERY__NODE__NODE__NOT_SET)
		return NULL;
	const ProtobufCMessage *child;
	memcpy(&child, &node->alias, sizeof(const ProtobufCMessage *));
	return child;
}

static const ProtobufCMessage *list_item(
	struct statement_children *c, const ProtobufCFieldDescriptor *f
)
{
	size_t n;
	const ProtobufCMessage *const *list;
	memcpy(&n, (const char *)c->message + f->quantifier_offset, sizeof(n));
	if (c->item == n)
		return NULL;
	memcpy(&list, (const char *)c->message + f->offset,
	       sizeof(const ProtobufCMessage *const *));
	return list[c->item++];
}

static bool is_chosen(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	uint32_t chosen;
	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
		return true;
	memcpy(&chosen, (const char *)m + f->quantifier_offset, sizeof(chosen));
	return chosen == f->id;
}

const ProtobufCMessage *statement_next_child(struct statement_children *c)
{
	const ProtobufCMessageDescriptor *d = c->message->descriptor;
	if (d == &pg_query__node__descriptor)
		return node_child(c);
	for (; c->field < d->n_fields; c->field++, c->item = 0) {
		const ProtobufCFieldDescriptor *f = &d->fields[c->field];
		const ProtobufCMessage *child = NULL;
		if (f->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		if (f->label == PROTOBUF_C_LABEL_REPEATED)
			child = list_item(c, f);
		else if (c->item++ == 0 && is_chosen(c->message, f))
			child = child_at(c->message, f->offset);
		if (child != NULL)
			return child;
	}
	return NULL;
}

static bool has_query(const ProtobufCMessage *m, unsigned depth)
{
	if (m->descriptor == &pg_query__sub_link__descriptor)
		return true;
	if (depth > STATEMENT_DEPTH_MAX)
		return false;
	struct statement_children next = {.message = m};
	for (const ProtobufCMessage *child; (child = statement_next_child(&next)) != NULL;)
		if (has_query(child, depth + 1))
			return true;
	return false;
}

bool statement_has_query(const ProtobufCMessage *message)
{
	return has_query(message, 0);
}
