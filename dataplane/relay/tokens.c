// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/relay/tokens.h"

#include "dataplane/base/list.h"
#include "dataplane/base/pool.h"

#include <stdlib.h>

struct token {
	struct list bucket; // in tokens.buckets while it may be served
	struct list age;    // in tokens.ages while it may be served
	struct list use;    // in tokens.idle or tokens.leaving while nobody holds it
	const struct subject *subject;
	struct token_key key;
	uint64_t until_us;
	uint32_t holders, policy;
	bool served; // may be
};

struct tokens {
	struct pool *pool;
	struct list *buckets;
	uint32_t mask; // their number - 1
	uint32_t idle_max, n_idle;
	bool closed;
	struct list ages;    // oldest first: all live equally long
	struct list idle;    // least recently used first
	struct list leaving; // their subjects go back
};

struct tokens *tokens_new(uint32_t sessions, uint32_t idle)
{
	struct tokens *tokens = calloc(1, sizeof(*tokens));
	uint32_t n = 1;
	if (tokens == NULL)
		return NULL;
	while (n < sessions + idle && n < 1U << 20)
		n *= 2;
	tokens->mask = n - 1;
	tokens->idle_max = idle;
	list_init(&tokens->ages);
	list_init(&tokens->idle);
	list_init(&tokens->leaving);
	tokens->pool = pool_new(sessions + idle, sizeof(struct token));
	tokens->buckets = malloc(n * sizeof(*tokens->buckets));
	if (tokens->pool == NULL || tokens->buckets == NULL) {
		tokens_free(tokens);
		return NULL;
	}
	for (uint32_t i = 0; i < n; i++)
		list_init(&tokens->buckets[i]);
	return tokens;
}

void tokens_free(struct tokens *tokens)
{
	if (tokens == NULL)
		return;
	pool_free(tokens->pool);
	free(tokens->buckets);
	free(tokens);
}

// Only what was verified gets in, and its place is a part of a SHA-256: no peer can fill one
// bucket.
static struct list *bucket(const struct tokens *tokens, const struct token_key *key)
{
	uint64_t at;
	memcpy(&at, key->token, sizeof(at));
	return &tokens->buckets[(at ^ key->resource.w[0]) & tokens->mask];
}

static bool key_equal(const struct token_key *a, const struct token_key *b)
{
	return memcmp(a->token, b->token, sizeof(a->token)) == 0 &&
	       memcmp(a->certificate, b->certificate, sizeof(a->certificate)) == 0 &&
	       node_equal(&a->resource, &b->resource);
}

static struct token *find(const struct tokens *tokens, const struct token_key *key)
{
	struct list *pos, *head = bucket(tokens, key);
	list_foreach (pos, head) {
		struct token *token = list_entry(pos, struct token, bucket);
		if (key_equal(&token->key, key))
			return token;
	}
	return NULL;
}

static void leave(struct tokens *tokens, struct token *token)
{
	list_append(&tokens->leaving, &token->use);
}

static void idle_remove(struct tokens *tokens, struct token *token)
{
	list_remove(&token->use);
	tokens->n_idle--;
}

// From here on it is its holders' only.
static void retire(struct tokens *tokens, struct token *token)
{
	if (!token->served)
		return;
	token->served = false;
	list_remove(&token->bucket);
	list_remove(&token->age);
	if (token->holders > 0)
		return;
	idle_remove(tokens, token);
	leave(tokens, token);
}

static bool is_good(const struct token *token, const struct tokens_now *now)
{
	return token->policy == now->policy && now->us < token->until_us &&
	       now->wall_s < token->subject->expires;
}

struct token *tokens_get(
	struct tokens *tokens, const struct token_key *key, const struct tokens_now *now
)
{
	struct token *token = find(tokens, key);
	if (token == NULL)
		return NULL;
	if (!is_good(token, now)) {
		retire(tokens, token);
		return NULL;
	}
	if (token->holders++ == 0)
		idle_remove(tokens, token);
	return token;
}

// Two logins with one token may both have asked: the later answer is the one that is served.
static void serve(struct tokens *tokens, struct token *token)
{
	struct token *old = find(tokens, &token->key);
	if (old != NULL)
		retire(tokens, old);
	token->served = true;
	list_append(bucket(tokens, &token->key), &token->bucket);
	list_append(&tokens->ages, &token->age);
}

struct token *tokens_add(
	struct tokens *tokens, const struct token_key *key, const struct subject *subject,
	const struct tokens_now *now
)
{
	struct token *token = pool_get(tokens->pool);
	if (token == NULL)
		return NULL;
	*token = (struct token){
		.subject = subject,
		.key = *key,
		.until_us = now->us + TOKENS_TTL_S * UINT64_C(1000000),
		.holders = 1,
		.policy = now->policy,
	};
	list_init(&token->bucket);
	list_init(&token->age);
	list_init(&token->use);
	if (tokens->idle_max > 0 && !tokens->closed)
		serve(tokens, token);
	return token;
}

const struct subject *token_subject(const struct token *token)
{
	return token->subject;
}

void token_drop(struct tokens *tokens, struct token *token)
{
	if (token == NULL || --token->holders > 0)
		return;
	if (!token->served) {
		leave(tokens, token);
		return;
	}
	list_append(&tokens->idle, &token->use);
	if (++tokens->n_idle > tokens->idle_max)
		retire(tokens, list_entry(tokens->idle.next, struct token, use));
}

bool tokens_may_ask(const struct tokens *tokens)
{
	return list_empty(&tokens->leaving);
}

// At once and as a whole, for a login in this very pass must not find it; what may be served is at
// most five minutes old and bounded by the configuration.
void tokens_revoke(struct tokens *tokens, enum revoke_kind kind, const struct node_id *node)
{
	struct list *pos, *next;
	list_foreach_safe (pos, next, &tokens->ages) {
		struct token *token = list_entry(pos, struct token, age);
		if (revoke_covers(kind, node, token->subject, &token->key.resource))
			retire(tokens, token);
	}
}

void tokens_close(struct tokens *tokens)
{
	struct list *pos, *next;
	tokens->closed = true;
	list_foreach_safe (pos, next, &tokens->ages)
		retire(tokens, list_entry(pos, struct token, age));
}

void tokens_settle(
	struct tokens *tokens, uint64_t now_us, bool (*give)(void *ctx, const struct subject *),
	void *ctx
)
{
	for (unsigned i = 0; i < TOKENS_PER_PASS && !list_empty(&tokens->ages); i++) {
		struct token *token = list_entry(tokens->ages.next, struct token, age);
		if (now_us < token->until_us)
			break;
		retire(tokens, token);
	}
	for (unsigned i = 0; i < TOKENS_PER_PASS && !list_empty(&tokens->leaving); i++) {
		struct token *token = list_entry(tokens->leaving.next, struct token, use);
		if (!give(ctx, token->subject))
			return;
		list_remove(&token->use);
		pool_put(tokens->pool, token);
	}
}

uint32_t tokens_count(const struct tokens *tokens)
{
	return pool_stats(tokens->pool).used;
}
