// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/objects.h"

#include "dataplane/base/hash.h"
#include "dataplane/proto/postgres/columns.h"
#include "dataplane/proto/postgres/memory.h"

static unsigned bucket_of(struct span name)
{
	// Unkeyed: who collides slows only their own session, and the table is bounded.
	static const struct hash_key key = {{0, 0}};

	return hash_keyed(&key, name.p, name.n) % PG3_BUCKETS;
}

enum object_lookup pg3_object_find(
	const struct pg3 *pg, const struct table *table, struct span name, struct object **object
)
{
	struct object *o = table->n == 0 ? NULL : table->bucket[bucket_of(name)];

	while (o != NULL && !span_equal(o->name, name))
		o = o->next;
	if (o == NULL)
		return OBJECT_NONE;
	if (o->fate == FATE_PENDING && o->segment != pg->segment)
		return OBJECT_UNCERTAIN;
	*object = o;
	return OBJECT_FOUND;
}

void pg3_statement_unref(struct pg3 *pg, struct statement *statement)
{
	if (statement == NULL || --statement->object.refs > 0)
		return;
	pg3_chunk_free(pg, &statement->described);
	pg3_memory_put(pg, statement, statement->object.block);
}

void pg3_portal_unref(struct pg3 *pg, struct portal *portal)
{
	if (portal == NULL || --portal->object.refs > 0)
		return;
	pg3_statement_unref(pg, portal->statement);
	pg3_columns_unref(pg, portal->columns);
	pg3_memory_put(pg, portal, portal->object.block);
}

// Buckets for the first object. False when memory is short.
static bool make_room(struct pg3 *pg, struct table *table)
{
	if (table->bucket == NULL)
		table->bucket =
			pg3_memory_get(pg, PG3_BUCKETS * sizeof(struct object *), &table->block);
	return table->bucket != NULL;
}

static void trim_table(struct pg3 *pg, struct table *table)
{
	if (table->n > 0)
		return;
	pg3_memory_put(pg, table->bucket, table->block);
	table->bucket = NULL;
}

void pg3_objects_trim(struct pg3 *pg)
{
	trim_table(pg, &pg->statements);
	trim_table(pg, &pg->portals);
}

static void link_object(struct table *table, struct object *o)
{
	struct object **bucket = &table->bucket[bucket_of(o->name)];

	o->next = *bucket;
	*bucket = o;
	o->linked = true;
	o->refs++;
	table->n++;
}

void pg3_object_unlink(struct pg3 *pg, struct table *table, struct object *object)
{
	if (!object->linked)
		return;
	struct object **at = &table->bucket[bucket_of(object->name)];
	while (*at != object)
		at = &(*at)->next;
	*at = object->next;
	object->linked = false;
	table->n--;
	if (table == &pg->statements)
		pg3_statement_unref(pg, (struct statement *)object);
	else
		pg3_portal_unref(pg, (struct portal *)object);
}

static void drop(
	struct pg3 *pg, struct table *table, unsigned bucket, const struct span *name, uint64_t seq
)
{
	struct object *next;

	for (struct object *o = table->bucket[bucket]; o != NULL; o = next) {
		next = o->next;
		if (o->seq < seq && (name == NULL || span_equal(o->name, *name)))
			pg3_object_unlink(pg, table, o);
	}
}

void pg3_objects_drop(struct pg3 *pg, struct table *table, const struct span *name, uint64_t seq)
{
	if (table->n == 0)
		return;
	if (name != NULL) {
		drop(pg, table, bucket_of(*name), name, seq);
		return;
	}
	for (unsigned i = 0; i < PG3_BUCKETS; i++)
		drop(pg, table, i, NULL, seq);
}

void pg3_object_confirm(struct pg3 *pg, struct table *table, struct object *object)
{
	struct span name = object->name;

	object->fate = FATE_CONFIRMED;
	pg3_objects_drop(pg, table, &name, object->seq);
}

void pg3_objects_doubt(struct table *table)
{
	for (unsigned i = 0; i < PG3_BUCKETS && table->n > 0; i++)
		for (struct object *o = table->bucket[i]; o != NULL; o = o->next)
			o->doubtful |= o->name.n > 0 && o->fate == FATE_CONFIRMED;
}

void pg3_objects_drop_doubtful(struct pg3 *pg, struct table *table)
{
	for (unsigned i = 0; i < PG3_BUCKETS && table->n > 0; i++) {
		struct object *next;
		for (struct object *o = table->bucket[i]; o != NULL; o = next) {
			next = o->next;
			if (o->doubtful)
				pg3_object_unlink(pg, table, o);
		}
	}
}

static void object_init(struct pg3 *pg, struct object *o, size_t block)
{
	o->refs = 1;
	o->block = block;
	o->seq = pg->seq;
	o->segment = pg->segment;
}

static struct span keep(uint8_t **to, struct span from)
{
	struct span kept = {*to, from.n};

	if (from.n > 0)
		memcpy(*to, from.p, from.n);
	*to += from.n;
	return kept;
}

struct statement *pg3_statement_new(
	struct pg3 *pg, struct span name, struct span text, struct span types
)
{
	size_t block;
	if (!make_room(pg, &pg->statements))
		return NULL;
	struct statement *s = pg3_memory_get(pg, sizeof(*s) + name.n + text.n + types.n, &block);
	if (s == NULL)
		return NULL;
	uint8_t *at = (uint8_t *)(s + 1);
	object_init(pg, &s->object, block);
	s->object.name = keep(&at, name);
	s->types = keep(&at, types);
	s->text = keep(&at, text);
	link_object(&pg->statements, &s->object);
	return s;
}

struct portal *pg3_portal_unlisted(struct pg3 *pg)
{
	size_t block;
	struct portal *p = pg3_memory_get(pg, sizeof(*p), &block);

	if (p != NULL)
		object_init(pg, &p->object, block);
	return p;
}

struct portal *pg3_portal_new(
	struct pg3 *pg, struct span name, struct statement *statement, struct span formats
)
{
	size_t block;
	if (!make_room(pg, &pg->portals))
		return NULL;
	struct portal *p = pg3_memory_get(pg, sizeof(*p) + formats.n + name.n, &block);
	if (p == NULL)
		return NULL;
	object_init(pg, &p->object, block);
	p->formats = (uint16_t *)(p + 1);
	p->n_formats = (uint16_t)(formats.n / 2);
	for (uint16_t i = 0; i < p->n_formats; i++)
		p->formats[i] = (uint16_t)(formats.p[2 * i] << 8 | formats.p[2 * i + 1]);
	uint8_t *at = (uint8_t *)(p->formats + p->n_formats);
	p->object.name = keep(&at, name);
	p->statement = statement;
	if (statement != NULL)
		statement->object.refs++;
	link_object(&pg->portals, &p->object);
	return p;
}

void pg3_objects_fini(struct pg3 *pg)
{
	pg3_objects_drop(pg, &pg->portals, NULL, UINT64_MAX);
	pg3_objects_drop(pg, &pg->statements, NULL, UINT64_MAX);
	pg3_objects_trim(pg);
}
