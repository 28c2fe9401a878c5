// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/revocation/revocation.h"

#include "controlplane/audit/line.h"
#include "controlplane/identity/node.h"
#include "controlplane/revocation/row.h"
#include "dataplane/base/list.h"
#include "dataplane/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096 };

struct entry {
	struct list link; // in its bucket
	struct revocation is;
};

struct revocations {
	struct store *store;
	int64_t last_n;
	uint32_t count, unstored;
	struct list buckets[BUCKETS];
	struct log_limit limit;
};

// Ids are parts of SHA-256: they spread by themselves, and only operators choose them.
static struct list *bucket(const struct revocations *list, const struct node_id *node)
{
	return (struct list *)(uintptr_t)&list->buckets[node->w[0] % BUCKETS];
}

static struct entry *find(
	const struct revocations *list, enum revoke_kind kind, const struct node_id *node
)
{
	struct list *pos, *head = bucket(list, node);

	list_foreach (pos, head) {
		struct entry *entry = list_entry(pos, struct entry, link);
		if (entry->is.kind == kind && node_equal(&entry->is.node, node))
			return entry;
	}
	return NULL;
}

static bool is_over(const struct revocation *r, uint64_t now_s)
{
	return r->until_s != 0 && now_s >= r->until_s;
}

static void drop(struct revocations *list, struct entry *entry)
{
	list->count--;
	list->unstored -= !entry->is.stored;
	list_remove(&entry->link);
	free(entry);
}

static struct entry *insert(struct revocations *list, const struct revocation *is)
{
	struct entry *entry = malloc(sizeof(*entry));

	if (entry == NULL)
		return NULL;
	entry->is = *is;
	list_append(bucket(list, &is->node), &entry->link);
	list->count++;
	list->unstored += !is->stored;
	return entry;
}

// ---- life

struct loading {
	struct revocations *list;
	bool failed;
};

// The newest comes first; an older one of the same name is history.
static bool load(void *context, const struct revocation *r)
{
	struct loading *loading = context;

	if (find(loading->list, r->kind, &r->node) == NULL && insert(loading->list, r) == NULL)
		loading->failed = true;
	return !loading->failed;
}

int revocations_open(struct store *store, uint64_t now_s, struct revocations **out)
{
	struct revocations *list = calloc(1, sizeof(*list));
	struct loading loading = {.list = list};

	if (list == NULL)
		return -ENOMEM;
	list->store = store;
	for (unsigned i = 0; i < BUCKETS; i++)
		list_init(&list->buckets[i]);
	int r = row_last(store, &list->last_n);
	if (r == 0)
		r = row_list_in_force(store, REVOCATIONS_MAX, 0, now_s, load, &loading);
	if (r == 0 && loading.failed)
		r = -ENOMEM;
	if (r != 0) {
		revocations_free(list);
		return r;
	}
	*out = list;
	return 0;
}

void revocations_free(struct revocations *list)
{
	if (list == NULL)
		return;
	for (unsigned i = 0; i < BUCKETS; i++) {
		struct list *node;
		while ((node = list_shift(&list->buckets[i])) != NULL)
			free(list_entry(node, struct entry, link));
	}
	free(list);
}

// ---- changes

static void keep(struct revocations *list, struct entry *entry)
{
	int r = row_put(list->store, &entry->is);

	list->unstored -= !entry->is.stored;
	entry->is.stored = r == 0;
	list->unstored += !entry->is.stored;
	if (r != 0)
		log_limited(
			&list->limit, LOG_ERROR, "revocation",
			"number=%lld is in force, and a restart would forget it: %s",
			(long long)entry->is.n, err_text(r)
		);
}

int revocation_add(
	struct revocations *list, const struct revocation *ask, uint64_t now_s,
	struct revocation *out
)
{
	struct revocation is = *ask;

	if (node_is_none(&ask->node) || is_over(ask, now_s))
		return -EINVAL;
	struct entry *entry = find(list, ask->kind, &ask->node);
	if (entry != NULL && is_over(&entry->is, now_s)) {
		drop(list, entry);
		entry = NULL;
	}
	if (entry == NULL && list->count >= REVOCATIONS_MAX)
		return ERR_LIMIT;
	is.n = entry == NULL ? list->last_n + 1 : entry->is.n;
	is.at_s = now_s;
	is.lifted_s = 0;
	is.lifted_by[0] = '\0';
	is.done = false;
	is.sessions = is.cut_us = is.took_us = 0;
	is.stored = entry != NULL && entry->is.stored;
	if (entry == NULL) {
		entry = insert(list, &is);
		if (entry == NULL)
			return -ENOMEM;
		list->last_n = is.n;
	}
	entry->is = is;
	keep(list, entry);
	*out = entry->is;
	return 0;
}

static struct entry *find_number(const struct revocations *list, int64_t n)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		struct list *pos;
		const struct list *head = &list->buckets[i];
		list_foreach (pos, head) {
			struct entry *entry = list_entry(pos, struct entry, link);
			if (entry->is.n == n)
				return entry;
		}
	}
	return NULL;
}

int revocation_lift(
	struct revocations *list, int64_t n, const char *by, uint64_t now_s, struct revocation *out
)
{
	struct entry *entry = find_number(list, n);

	if (entry == NULL || is_over(&entry->is, now_s)) {
		int r = revocation_get(list, n, out);
		return r == 0 ? -EALREADY : r;
	}
	struct revocation lifted = entry->is;
	lifted.lifted_s = now_s;
	snprintf(lifted.lifted_by, sizeof(lifted.lifted_by), "%s", by);
	int r = row_lift(list->store, &lifted);
	if (r != 0)
		return r;
	drop(list, entry);
	*out = lifted;
	return 0;
}

void revocation_done(struct revocations *list, const struct revocation *what)
{
	struct entry *entry = find_number(list, what->n);

	if (entry != NULL) {
		entry->is.done = true;
		entry->is.sessions = what->sessions;
		entry->is.cut_us = what->cut_us;
		entry->is.took_us = what->took_us;
	}
	int r = row_done(list->store, what); // one that is not stored is, with this, later
	if (r != 0)
		log_limited(
			&list->limit, LOG_ERROR, "revocation", "the end of number=%lld: %s",
			(long long)what->n, err_text(r)
		);
}

void revocations_tick(struct revocations *list, uint64_t now_s)
{
	for (unsigned i = 0; i < BUCKETS && list->count > 0; i++) {
		struct list *pos, *next;
		list_foreach_safe (pos, next, &list->buckets[i]) {
			struct entry *entry = list_entry(pos, struct entry, link);
			if (is_over(&entry->is, now_s))
				drop(list, entry);
			else if (!entry->is.stored)
				keep(list, entry);
		}
	}
}

// ---- questions

struct getting {
	struct revocation *out;
	bool found;
};

static bool get(void *context, const struct revocation *r)
{
	struct getting *getting = context;

	*getting->out = *r;
	getting->found = true;
	return false;
}

int revocation_get(struct revocations *list, int64_t n, struct revocation *out)
{
	const struct entry *entry = find_number(list, n);
	struct getting getting = {.out = out};

	if (entry != NULL) {
		*out = entry->is;
		return 0;
	}
	int r = row_get(list->store, n, get, &getting);
	return r == 0 && !getting.found ? -ENOENT : r;
}

int revocation_list(
	struct revocations *list, unsigned limit, int64_t before, bool in_force, uint64_t now_s,
	revocation_each_fn *each, void *context
)
{
	if (in_force)
		return row_list_in_force(list->store, limit, before, now_s, each, context);
	return row_list(list->store, limit, before, each, context);
}

static json_t *time_json(uint64_t seconds)
{
	return seconds == 0 ? json_null() : json_integer((json_int_t)(seconds * 1000000000));
}

json_t *revocation_json(const struct revocation *r)
{
	char node[NODE_TEXT_SIZE];
	json_t *json = json_pack(
		"{s:I,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:b}", "id", (json_int_t)r->n, "kind",
		revoke_kind_name(r->kind), "node", node_text(&r->node, node), "label",
		audit_string(span_str(r->label)), "reason", audit_string(span_str(r->reason)), "by",
		audit_string(span_str(r->by)), "created_ns", time_json(r->at_s), "expires_ns",
		time_json(r->until_s), "lifted_ns", time_json(r->lifted_s), "stored", r->stored,
		"done", r->done
	);

	if (json == NULL || !r->done)
		return json;
	json_object_set_new(json, "closed", json_integer((json_int_t)r->sessions));
	json_object_set_new(json, "cut_ms", json_real((double)r->cut_us / 1000));
	json_object_set_new(json, "ms", json_real((double)r->took_us / 1000));
	return json;
}

static const struct entry *in_force(
	const struct revocations *list, enum revoke_kind kind, const struct node_id *node,
	uint64_t now_s
)
{
	const struct entry *entry = node_is_none(node) ? NULL : find(list, kind, node);

	return entry == NULL || is_over(&entry->is, now_s) ? NULL : entry;
}

static const struct entry *of_link(
	const struct revocations *list, const struct chain_link *link, uint64_t now_s
)
{
	const struct entry *found = NULL;

	for (enum revoke_kind kind = REVOKE_TOKEN; found == NULL && kind < REVOKE_RESOURCE; kind++)
		found = in_force(list, kind, chain_link_id(link, kind), now_s);
	return found;
}

bool revocation_of_link(
	const struct revocations *list, const struct chain_link *link, uint64_t now_s
)
{
	return of_link(list, link, now_s) != NULL;
}

bool revocation_of_subject(
	const struct revocations *list, const struct node_id *subject, uint64_t now_s
)
{
	return in_force(list, REVOKE_SUBJECT, subject, now_s) != NULL;
}

bool revocation_check(
	const struct revocations *list, const struct subject *subject,
	const struct node_id *resource, uint64_t now_s, char why[static REVOCATION_WHY]
)
{
	const struct entry *found = in_force(list, REVOKE_RESOURCE, resource, now_s);

	for (unsigned i = 0; found == NULL && i < subject->n_links; i++)
		found = of_link(list, &subject->links[i], now_s);
	if (found == NULL)
		return false;
	snprintf(
		why, REVOCATION_WHY, "revoked: %s %.40s: %.40s", revoke_kind_name(found->is.kind),
		found->is.label, found->is.reason
	);
	return true;
}

uint32_t revocations_count(const struct revocations *list)
{
	return list->count;
}
