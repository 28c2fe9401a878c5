// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// protobuf-c reads a tree by an allocation a message and two passes over each; that costs half as
// much as the parser, and freeing as much again. This reads the same bytes, by the same
// descriptors, into the same structs.

#include "dataplane/inspect/syntax.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_MIN = 256 << 10, DEPTH_MAX = 2000 };
enum wire { WIRE_VARINT = 0, WIRE_BYTES = 2 };

struct syntax_chunk {
	struct syntax_chunk *next;
	size_t used, size;
	max_align_t data[];
};

// The tree's memory is the heap's, as the library's own beside it: a chunk that stays serves nearly
// every statement, and a text of a megabyte takes a dozen.
static void *allocate(struct syntax *tree, size_t n)
{
	struct syntax_chunk *chunk = tree->chunks;
	n = (n + 7) & ~(size_t)7;
	if (chunk == NULL || n > chunk->size - chunk->used) {
		size_t size = chunk == NULL ? CHUNK_MIN : 2 * chunk->size;
		while (size < n)
			size *= 2;
		if (size > SYNTAX_BYTES_MAX - tree->bytes)
			return NULL;
		chunk = malloc(sizeof(*chunk) + size);
		if (chunk == NULL)
			return NULL;
		*chunk = (struct syntax_chunk){.next = tree->chunks, .size = size};
		tree->chunks = chunk;
		tree->bytes += size;
	}
	void *p = (char *)chunk->data + chunk->used;
	chunk->used += n;
	return p;
}

void syntax_trim(struct syntax *tree)
{
	while (tree->chunks != NULL && tree->chunks->next != NULL) {
		struct syntax_chunk *next = tree->chunks->next;
		tree->bytes -= tree->chunks->size;
		free(tree->chunks);
		tree->chunks = next;
	}
	if (tree->chunks != NULL)
		tree->chunks->used = 0;
}

void syntax_fini(struct syntax *tree)
{
	syntax_trim(tree);
	free(tree->chunks);
	*tree = (struct syntax){0};
}

struct reader {
	const uint8_t *p, *end;
};

static bool read_varint(struct reader *r, uint64_t *v)
{
	*v = 0;
	for (unsigned shift = 0; shift < 64 && r->p < r->end; shift += 7) {
		uint8_t c = *r->p++;
		*v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80)
			return true;
	}
	return false;
}

static bool read_bytes(struct reader *r, struct reader *inner)
{
	uint64_t n;
	if (!read_varint(r, &n) || n > (uint64_t)(r->end - r->p))
		return false;
	*inner = (struct reader){r->p, r->p + n};
	r->p += n;
	return true;
}

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *d, uint32_t id)
{
	for (unsigned i = 0; i < d->n_field_ranges; i++) {
		const ProtobufCIntRange *range = &d->field_ranges[i];
		uint32_t at = id - (uint32_t)range->start_value;
		if (id >= (uint32_t)range->start_value &&
		    at < range[1].orig_index - range->orig_index)
			return &d->fields[range->orig_index + at];
	}
	return NULL;
}

static ProtobufCMessage *read_message(
	struct syntax *tree, const ProtobufCMessageDescriptor *d, struct reader r, unsigned depth
);

// How many more items of the field follow at once, this one included: the library packs them so.
static size_t count_items(const struct reader *at, uint64_t tag)
{
	struct reader r = *at, item;
	uint64_t next = tag;
	size_t n = 0;
	while (next == tag && read_bytes(&r, &item)) {
		n++;
		if (r.p == r.end || !read_varint(&r, &next))
			break;
	}
	return n;
}

static bool read_list(
	struct syntax *tree, const ProtobufCFieldDescriptor *f, char *m, struct reader *r,
	uint64_t tag, unsigned depth
)
{
	size_t n = count_items(r, tag), before;
	memcpy(&before, m + f->quantifier_offset, sizeof(before));
	if (f->type != PROTOBUF_C_TYPE_MESSAGE || before > 0 || n == 0)
		return false;
	ProtobufCMessage **list = allocate(tree, n * sizeof(ProtobufCMessage *));
	if (list == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct reader item;
		uint64_t again;
		if ((i > 0 && !read_varint(r, &again)) || !read_bytes(r, &item))
			return false;
		list[i] = read_message(tree, f->descriptor, item, depth + 1);
		if (list[i] == NULL)
			return false;
	}
	memcpy(m + f->quantifier_offset, &n, sizeof(n));
	memcpy(m + f->offset, &list, sizeof(ProtobufCMessage **));
	return true;
}

static bool read_block(
	struct syntax *tree, const ProtobufCFieldDescriptor *f, char *m, struct reader *r,
	unsigned depth
)
{
	struct reader inner;
	if (!read_bytes(r, &inner))
		return false;
	if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
		ProtobufCMessage *child = read_message(tree, f->descriptor, inner, depth + 1);
		memcpy(m + f->offset, &child, sizeof(ProtobufCMessage *));
		return child != NULL;
	}
	size_t n = (size_t)(inner.end - inner.p);
	char *text = f->type == PROTOBUF_C_TYPE_STRING ? allocate(tree, n + 1) : NULL;
	if (text == NULL)
		return false;
	memcpy(text, inner.p, n);
	text[n] = '\0';
	memcpy(m + f->offset, &text, sizeof(char *));
	return true;
}

static bool read_number(const ProtobufCFieldDescriptor *f, char *m, struct reader *r)
{
	uint64_t v;
	if (!read_varint(r, &v))
		return false;
	uint32_t low = (uint32_t)v;
	protobuf_c_boolean yes = v != 0;
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_ENUM:
		memcpy(m + f->offset, &low, sizeof(low));
		return true;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		memcpy(m + f->offset, &v, sizeof(v));
		return true;
	case PROTOBUF_C_TYPE_BOOL:
		memcpy(m + f->offset, &yes, sizeof(yes));
		return true;
	default: // the library's: no tree of a text has another
		return false;
	}
}

static bool read_field(
	struct syntax *tree, const ProtobufCMessageDescriptor *d, char *m, struct reader *r,
	unsigned depth
)
{
	uint64_t tag;
	if (!read_varint(r, &tag) || tag >> 3 > UINT32_MAX)
		return false;
	const ProtobufCFieldDescriptor *f = find_field(d, (uint32_t)(tag >> 3));
	if (f == NULL)
		return false;
	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
		memcpy(m + f->quantifier_offset, &f->id, sizeof(f->id));
	if ((tag & 7) == WIRE_VARINT)
		return f->label != PROTOBUF_C_LABEL_REPEATED && read_number(f, m, r);
	if ((tag & 7) != WIRE_BYTES)
		return false;
	return f->label == PROTOBUF_C_LABEL_REPEATED ? read_list(tree, f, m, r, tag, depth)
						     : read_block(tree, f, m, r, depth);
}

static ProtobufCMessage *read_message(
	struct syntax *tree, const ProtobufCMessageDescriptor *d, struct reader r, unsigned depth
)
{
	char *m = depth > DEPTH_MAX ? NULL : allocate(tree, d->sizeof_message);
	if (m == NULL)
		return NULL;
	d->message_init((ProtobufCMessage *)m);
	while (r.p < r.end)
		if (!read_field(tree, d, m, &r, depth))
			return NULL;
	return (ProtobufCMessage *)m;
}

const PgQuery__ParseResult *syntax_read(struct syntax *tree, struct span data)
{
	struct reader r = {data.p, data.p + data.n};
	syntax_trim(tree);
	return (const PgQuery__ParseResult *)read_message(
		tree, &pg_query__parse_result__descriptor, r, 0
	);
}
