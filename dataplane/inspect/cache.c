// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Effects by exact text. An entry is one block: the text, its effects and all they point to. A
// parse costs tens of microseconds, a hit a hash and a comparison.

#include "dataplane/base/hash.h"
#include "dataplane/base/list.h"
#include "dataplane/inspect/inspect.h"
#include "dataplane/inspect/keyword.h"
#include "dataplane/inspect/statement.h"
#include "dataplane/inspect/syntax.h"
#include "dataplane/inspect/text.h"

#include <pg_query.h>

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct entry {
	struct entry *next; // in its bucket
	struct list age;
	uint64_t hash;
	size_t block;
	struct span text;
	struct effects effects;
};

struct inspect_cache {
	struct blocks *blocks;
	struct buf normalised;
	struct hash_key key;
	struct list age; // least recently used first
	uint32_t count, max, mask;
	struct entry **buckets;
	struct entry *single; // what did not go into the table: valid until the next call
	struct statement work;
	struct syntax tree;
	struct inspect_stats stats;
};

// Statements that are not even looked at.
#define REFUSED(why)                                                                \
	{                                                                           \
		.kinds = EFFECT_UNKNOWN, .verb = {(const uint8_t *)"statement", 9}, \
		.why_unknown = (why)                                                \
	}

static const struct effects
	no_memory = REFUSED("the gateway is short of memory"),
	too_long = REFUSED("statements of more than 1 MiB are not read"),
	not_text = REFUSED("it is not valid UTF-8"),
	other_reading =
		REFUSED("the session's client_encoding or standard_conforming_strings, or a "
			"command before it, makes its meaning uncertain");

struct inspect_cache *inspect_cache_new(uint32_t entries, size_t bytes)
{
	struct inspect_cache *c = calloc(1, sizeof(*c));
	uint32_t buckets = 1;
	if (c == NULL)
		return NULL;
	keyword_init();
	while (buckets < entries)
		buckets *= 2;
	list_init(&c->age);
	c->max = entries;
	c->mask = buckets - 1;
	c->buckets = calloc(buckets, sizeof(struct entry *));
	// Room beside the entries for one statement of the largest size and its normalised text.
	c->blocks = blocks_new(bytes + 8 * (size_t)STATEMENT_TEXT_MAX);
	buf_init(&c->normalised, c->blocks, 2 * STATEMENT_TEXT_MAX);
	if (c->buckets == NULL || c->blocks == NULL ||
	    getrandom(&c->key, sizeof(c->key), 0) != sizeof(c->key)) {
		inspect_cache_free(c);
		return NULL;
	}
	return c;
}

void inspect_cache_free(struct inspect_cache *c)
{
	if (c == NULL)
		return;
	if (c->blocks != NULL)
		buf_fini(&c->normalised);
	syntax_fini(&c->tree);
	blocks_free(c->blocks);
	free(c->buckets);
	free(c);
}

struct inspect_stats inspect_cache_stats(const struct inspect_cache *c)
{
	return c->stats;
}

static void unlink_entry(struct inspect_cache *c, struct entry *e)
{
	struct entry **at = &c->buckets[e->hash & c->mask];
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	list_remove(&e->age);
	c->count--;
}

static bool drop_oldest(struct inspect_cache *c)
{
	if (list_empty(&c->age))
		return false;
	struct entry *e = list_entry(c->age.next, struct entry, age);
	unlink_entry(c, e);
	blocks_put(c->blocks, e, e->block);
	return true;
}

static struct entry *find(struct inspect_cache *c, uint64_t hash, struct span text)
{
	for (struct entry *e = c->buckets[hash & c->mask]; e != NULL; e = e->next) {
		if (e->hash != hash || !span_equal(e->text, text))
			continue;
		list_remove(&e->age);
		list_append(&c->age, &e->age);
		return e;
	}
	return NULL;
}

// Which of several statements a refusal should name: the one that can do most.
static unsigned weight(uint32_t kinds)
{
	static const uint32_t order[] = {
		EFFECT_ADMIN, EFFECT_DDL, EFFECT_WRITE, EFFECT_EXEC, EFFECT_UNKNOWN, EFFECT_READ,
	};
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if ((kinds & order[i]) != 0)
			return 7 - i;
	return 1;
}

static void read_tree(struct statement *st, const PgQuery__ParseResult *tree)
{
	uint32_t all = 0;
	unsigned heaviest = 0;
	if (tree->n_stmts > 1)
		st->flags |= EFFECT_MULTI;
	if (tree->n_stmts == 0)
		all = EFFECT_SESSION; // an empty text does nothing
	for (size_t i = 0; i < tree->n_stmts; i++) {
		const PgQuery__RawStmt *raw = tree->stmts[i];
		if (raw->stmt == NULL)
			continue;
		st->kinds = 0;
		st->n_ranges = 0;
		st->n_joins = 0;
		st->verb[0] = '\0';
		statement_classify(st, raw->stmt);
		statement_walk(st, &raw->stmt->base);
		statement_result(st, raw->stmt);
		all |= st->kinds;
		if ((st->kinds & ~(uint32_t)EFFECT_SESSION) != 0)
			st->n_statements++;
		if (weight(st->kinds) > heaviest) {
			heaviest = weight(st->kinds);
			memcpy(st->heaviest, st->verb, sizeof(st->heaviest));
		}
	}
	st->kinds = all;
}

static size_t copy_span(uint8_t *at, struct span *s)
{
	if (s->n > 0)
		memcpy(at, s->p, s->n);
	s->p = at;
	return s->n;
}

// Everything `st` found, in one block. Returns NULL when there is no memory even without the table.
static struct entry *settle(
	struct inspect_cache *c, const struct statement *st, uint64_t hash, struct span text
)
{
	struct span verb = span_str(st->heaviest[0] == '\0' ? "statement" : st->heaviest);
	struct span normalised = buf_span(&c->normalised);
	size_t objects = st->n_objects * sizeof(struct effect_object);
	size_t columns = st->n_columns * sizeof(struct span);
	size_t need = sizeof(struct entry) + objects + columns + text.n + normalised.n + verb.n + 1;
	for (uint16_t i = 0; i < st->n_objects; i++)
		need += st->objects[i].schema.n + st->objects[i].name.n + st->objects[i].alias.n;
	for (uint16_t i = 0; i < st->n_columns; i++)
		need += st->columns[i].n;
	struct entry *e = NULL;
	size_t block = 0;
	do
		e = blocks_get(c->blocks, need, &block);
	while (e == NULL && drop_oldest(c));
	if (e == NULL)
		return NULL;
	struct effect_object *o = (struct effect_object *)(e + 1);
	struct span *names = (struct span *)(o + st->n_objects);
	uint8_t *at = (uint8_t *)(names + st->n_columns);
	memcpy(o, st->objects, objects);
	memcpy(names, st->columns, columns);
	for (uint16_t i = 0; i < st->n_objects; i++) {
		at += copy_span(at, &o[i].schema);
		at += copy_span(at, &o[i].name);
		at += copy_span(at, &o[i].alias);
	}
	for (uint16_t i = 0; i < st->n_columns; i++)
		at += copy_span(at, &names[i]);
	at += copy_span(at, &text);
	at += copy_span(at, &normalised);
	(void)copy_span(at, &verb);
	at[verb.n] = '\0';
	*e = (struct entry){
		.hash = hash,
		.block = block,
		.text = text,
		.effects =
			{
				.kinds = st->kinds,
				.flags = st->flags,
				.n_statements = st->n_statements,
				.n_objects = st->n_objects,
				.objects = o,
				.n_columns = st->n_columns,
				.columns = names,
				.verb = verb,
				.normalised = normalised,
				.why_unknown = st->why_unknown,
			},
	};
	list_init(&e->age);
	return e;
}

static void parse(struct inspect_cache *c, const char *text)
{
	const PgQuery__ParseResult *tree = NULL;
	// libpg_query is the server's own parser and allocates within memory contexts of its own;
	// it runs once per text that is not yet in the cache.
	PgQueryProtobufParseResult result = pg_query_parse_protobuf(text);
	if (result.error != NULL)
		statement_unknown(&c->work, "it does not parse");
	else
		tree = syntax_read(
			&c->tree, span_of(result.parse_tree.data, result.parse_tree.len)
		);
	pg_query_free_protobuf_parse_result(result);
	if (tree != NULL)
		read_tree(&c->work, tree);
	else
		statement_unknown(&c->work, "its tree is too large");
}

static struct entry *understand(struct inspect_cache *c, uint64_t hash, struct span text)
{
	size_t block = 0;
	struct entry *e = NULL;
	char *copy = blocks_get(c->blocks, text.n + 1, &block);
	while (copy == NULL && drop_oldest(c))
		copy = blocks_get(c->blocks, text.n + 1, &block);
	if (copy == NULL)
		return NULL;
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	c->work = (struct statement){0};
	buf_consume(&c->normalised, buf_len(&c->normalised));
	const char *too_much = statement_too_much(copy);
	if (statement_normalise(text, &c->normalised) != 0)
		statement_unknown(&c->work, "the gateway is short of memory");
	else if (too_much != NULL)
		statement_unknown(&c->work, too_much);
	else
		parse(c, copy);
	e = settle(c, &c->work, hash, text);
	syntax_trim(&c->tree);
	blocks_put(c->blocks, copy, block);
	buf_trim(&c->normalised);
	return e;
}

// Only texts of ordinary length stay: one long INSERT must not push a hundred SELECTs out.
static bool is_worth_keeping(const struct inspect_cache *c, const struct entry *e)
{
	return c->max > 0 && e->block <= 64 << 10;
}

static void keep(struct inspect_cache *c, struct entry *e)
{
	if (!is_worth_keeping(c, e)) {
		c->single = e;
		return;
	}
	while (c->count >= c->max && drop_oldest(c))
		;
	e->next = c->buckets[e->hash & c->mask];
	c->buckets[e->hash & c->mask] = e;
	list_append(&c->age, &e->age);
	c->count++;
}

const struct effects *inspect_statement(
	struct inspect_cache *c, const struct inspect_context *context, struct span text
)
{
	if (c->single != NULL)
		blocks_put(c->blocks, c->single, c->single->block);
	c->single = NULL;
	const struct effects *refused = NULL;
	if (!context->utf8 || !context->standard_strings)
		refused = &other_reading;
	else if (text.n > STATEMENT_TEXT_MAX)
		refused = &too_long;
	if (refused != NULL) {
		c->stats.unknown++;
		return refused;
	}
	uint64_t hash = hash_keyed(&c->key, text.p, text.n);
	struct entry *e = find(c, hash, text);
	if (e != NULL) {
		c->stats.hits++;
		return &e->effects;
	}
	c->stats.misses++;
	if (!text_is_utf8(text)) {
		c->stats.unknown++;
		return &not_text;
	}
	e = understand(c, hash, text);
	if (e == NULL)
		return &no_memory;
	keep(c, e);
	if ((e->effects.kinds & EFFECT_UNKNOWN) != 0)
		c->stats.unknown++;
	return &e->effects;
}
