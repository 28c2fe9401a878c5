// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/catalog/watch.h"

#include "controlplane/catalog/resolve.h"
#include "dataplane/base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct target {
	bool active; // some rule masks a column of it
	bool poked;
	uint16_t index;
	uint64_t due_ms, last_ms; // of the next look, of the last one
	struct resource resource;
	uint64_t masks[COLUMN_WORDS];
	struct catalog *found; // the last one; what is compared with
	bool news;             // `found` was not taken yet
	bool failing;          // said so already
};

// What one policy asks for. Replaced as a whole: the thread keeps the one it works on alive.
struct plan {
	uint32_t refs; // lock
	uint16_t n;
	uint32_t version; // of catalogs, counts up
	struct column_mask *columns;
	struct target targets[];
};

struct watch {
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_t thread;
	bool stop;         // atomic: read by the queries
	bool abandon;      // atomic: the plan being worked on is no longer wanted
	struct plan *plan; // lock
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void plan_unref(struct plan *plan)
{
	if (plan == NULL || --plan->refs != 0)
		return;
	for (uint16_t i = 0; i < plan->n; i++) {
		catalog_unref(plan->targets[i].found);
		explicit_bzero(&plan->targets[i].resource, sizeof(plan->targets[i].resource));
	}
	free(plan->columns);
	free(plan);
}

static struct plan *plan_new(const struct snapshot *s)
{
	struct plan *plan = calloc(1, sizeof(*plan) + s->n_resources * sizeof(plan->targets[0]));
	struct column_mask *columns = calloc((size_t)s->n_columns + 1, sizeof(*columns));

	if (plan == NULL || columns == NULL) {
		free(plan);
		free(columns);
		return NULL;
	}
	memcpy(columns, s->columns, s->n_columns * sizeof(*columns));
	plan->refs = 1;
	plan->n = s->n_resources;
	plan->columns = columns;
	for (uint16_t i = 0; i < plan->n; i++) {
		struct target *target = &plan->targets[i];
		if (s->resources[i].catalog == NULL)
			continue;
		target->active = true;
		target->index = i;
		target->resource = s->resources[i];
		target->found = catalog_ref(s->resources[i].catalog);
		catalog_masks(s, i, target->masks);
	}
	return plan;
}

// ---- the thread

// Called with the lock. The target that is due first; *wait_ms: until then.
static struct target *next_target(struct plan *plan, uint64_t now, uint64_t *wait_ms)
{
	struct target *first = NULL;
	uint64_t first_due = UINT64_MAX;

	for (uint16_t i = 0; plan != NULL && i < plan->n; i++) {
		struct target *t = &plan->targets[i];
		// A server that is down is not asked more often because many miss it.
		bool soon = t->poked && !t->failing;
		uint64_t due = soon ? t->last_ms + WATCH_APART_MS : t->due_ms;
		if (t->active && due < first_due) {
			first = t;
			first_due = due;
		}
	}
	*wait_ms = first_due > now ? first_due - now : 0;
	return first;
}

// A server that is down is news once, not every few seconds.
static void log_outcome(struct target *t, int rc, const struct catalog *found, const char *why)
{
	if (rc == 0) {
		log_line(
			LOG_INFO, "catalog", "resolved resource=%s columns=%u relations=%u",
			t->resource.name, found->n_columns, found->n_known
		);
	} else if (!t->failing) {
		log_line(
			LOG_WARN, "catalog",
			"not resolved resource=%s, masked columns stay closed: %s",
			t->resource.name, rc == -EIO ? why : err_text(rc)
		);
	}
	t->failing = rc != 0;
}

// A rule that names what is not there refuses everything under it: its author must hear of it.
static void warn_unresolved(
	const struct plan *plan, const struct target *t, const struct catalog *found
)
{
	for (uint16_t i = 0; i < SNAPSHOT_COLUMNS_MAX; i++) {
		const struct column_mask *column = &plan->columns[i];
		bool known = t->found->resolved && bit_is_set(t->found->unresolved, i);
		if (!bit_is_set(found->unresolved, i) || known)
			continue;
		log_line(
			LOG_WARN, "catalog",
			"no such column at the server resource=%s column=%s.%s.%s: %s",
			t->resource.name, column->schema, column->table, column->column,
			column->refuse_unresolved ? "statements under its rule are refused"
						  : "what might be it is masked"
		);
	}
}

// Called with the lock.
static void keep(struct plan *plan, struct target *t, struct catalog *found)
{
	if (catalog_equal(t->found, found)) {
		catalog_unref(found);
		return;
	}
	found->version = ++plan->version;
	log_outcome(t, 0, found, "");
	warn_unresolved(plan, t, found);
	catalog_unref(t->found);
	t->found = found;
	t->news = true;
}

// Called with the lock, which is given up for the time of the queries.
static void look(struct watch *watch, struct target *t)
{
	struct plan *plan = watch->plan;
	struct catalog *found = NULL;
	char why[CONNECTION_WHY] = "";

	plan->refs++;
	t->poked = false;
	__atomic_store_n(&watch->abandon, false, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&watch->lock);
	int rc = catalog_resolve(
		&t->resource, plan->columns, t->masks, &watch->abandon, &found, why
	);
	pthread_mutex_lock(&watch->lock);
	t->last_ms = now_ms();
	t->due_ms = t->last_ms + (rc == 0 ? WATCH_REFRESH_MS : WATCH_RETRY_MS);
	if (rc == 0)
		keep(plan, t, found);
	else if (plan == watch->plan && !watch->stop)
		log_outcome(t, rc, NULL, why);
	plan_unref(plan);
}

static void sleep_for(struct watch *watch, uint64_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	ms = ms > WATCH_REFRESH_MS ? WATCH_REFRESH_MS : ms;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	until.tv_sec += (time_t)(ms / 1000) + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&watch->work, &watch->lock, &until);
}

static void *run(void *arg)
{
	struct watch *watch = arg;
	uint64_t wait_ms;

	pthread_mutex_lock(&watch->lock);
	while (!watch->stop) {
		struct target *target = next_target(watch->plan, now_ms(), &wait_ms);
		if (target != NULL && wait_ms == 0)
			look(watch, target);
		else
			sleep_for(watch, wait_ms);
	}
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

// ---- the control thread

struct watch *watch_new(void)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	pthread_condattr_t monotonic;

	if (watch == NULL)
		return NULL;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&watch->work, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&watch->lock, NULL);
	if (pthread_create(&watch->thread, NULL, run, watch) == 0)
		return watch;
	pthread_cond_destroy(&watch->work);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
	return NULL;
}

void watch_free(struct watch *watch)
{
	if (watch == NULL)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->stop = true;
	__atomic_store_n(&watch->abandon, true, __ATOMIC_RELAXED);
	pthread_cond_signal(&watch->work);
	pthread_mutex_unlock(&watch->lock);
	pthread_join(watch->thread, NULL);
	plan_unref(watch->plan);
	pthread_cond_destroy(&watch->work);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}

int watch_follow(struct watch *watch, const struct snapshot *snapshot)
{
	struct plan *plan = plan_new(snapshot);

	if (plan == NULL)
		return -ENOMEM;
	pthread_mutex_lock(&watch->lock);
	plan_unref(watch->plan);
	watch->plan = plan;
	__atomic_store_n(&watch->abandon, true, __ATOMIC_RELAXED);
	pthread_cond_signal(&watch->work);
	pthread_mutex_unlock(&watch->lock);
	return 0;
}

void watch_poke(struct watch *watch, uint16_t resource)
{
	pthread_mutex_lock(&watch->lock);
	if (watch->plan != NULL && resource < watch->plan->n) {
		watch->plan->targets[resource].poked = true;
		pthread_cond_signal(&watch->work);
	}
	pthread_mutex_unlock(&watch->lock);
}

struct catalog *watch_take(struct watch *watch, uint16_t *resource)
{
	struct catalog *news = NULL;

	pthread_mutex_lock(&watch->lock);
	for (uint16_t i = 0; watch->plan != NULL && i < watch->plan->n && news == NULL; i++) {
		struct target *t = &watch->plan->targets[i];
		if (!t->news)
			continue;
		t->news = false;
		news = catalog_ref(t->found);
		*resource = i;
	}
	pthread_mutex_unlock(&watch->lock);
	return news;
}

void watch_return(struct watch *watch, uint16_t resource)
{
	pthread_mutex_lock(&watch->lock);
	if (watch->plan != NULL && resource < watch->plan->n)
		watch->plan->targets[resource].news = watch->plan->targets[resource].active;
	pthread_mutex_unlock(&watch->lock);
}
