// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/secrets/managed.h"

#include "dataplane/base/log.h"

#include <urcu/urcu-qsbr.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct entry {
	struct credential credential; // first: the address that is handed out
	struct managed *managed;
	struct azure_identity identity;
	char client_id[64]; // as asked for; the environment may have named another
	uint64_t due_s;     // of the next request, monotonic
	uint32_t failures;  // in a row
};

struct managed {
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_t thread;
	bool stop; // atomic: read by the transfer
	uint32_t n;
	struct entry *entries[MANAGED_MAX]; // lock; each stays where it is
	uint64_t fetched, failed;           // lock
};

static uint64_t monotonic_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

static uint64_t wall_s(void)
{
	return (uint64_t)time(NULL);
}

// ---- the thread

// Called with the lock. The entry that is due first, or NULL.
static struct entry *next_due(const struct managed *managed)
{
	struct entry *first = NULL;

	for (uint32_t i = 0; i < managed->n; i++)
		if (first == NULL || managed->entries[i]->due_s < first->due_s)
			first = managed->entries[i];
	return first;
}

static uint32_t pause_after(uint32_t failures, uint32_t asked_s)
{
	uint32_t pause = MANAGED_RETRY_MAX;

	if (failures < 6)
		pause = MANAGED_RETRY << failures;
	return pause > asked_s ? pause : asked_s;
}

// Workers may still read the text before: it goes after a grace period, and scrubbed.
static void replace(struct managed *managed, struct entry *e, const struct credential_text *text)
{
	const struct credential_text *old = e->credential.current;

	__atomic_store_n(&e->credential.current, text, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&managed->lock);
	urcu_qsbr_synchronize_rcu();
	pthread_mutex_lock(&managed->lock);
	credential_text_free(old);
}

// Called with the lock, which is given up for the time of the request.
static void renew(struct managed *managed, struct entry *e)
{
	struct credential_text *text = NULL;
	char why[HTTP_WHY] = "";
	uint32_t retry_s = 0;

	pthread_mutex_unlock(&managed->lock);
	int rc = azure_token(&e->identity, &managed->stop, wall_s(), &text, &retry_s, why);
	pthread_mutex_lock(&managed->lock);
	if (rc != 0) {
		uint32_t pause =
			rc == -EACCES ? MANAGED_RETRY_MAX : pause_after(e->failures, retry_s);
		managed->failed++;
		if (e->failures++ == 0) // once, not every minute
			log_line(
				LOG_WARN, "secrets", "no token from %s audience=%s: %s",
				azure_source_name(e->identity.source), e->identity.audience, why
			);
		e->due_s = monotonic_s() + pause;
		return;
	}
	uint64_t life = text->expires - wall_s(), use = life * 4 / 5;
	log_line(
		LOG_INFO, "secrets", "token renewed source=%s audience=%s life=%llus",
		azure_source_name(e->identity.source), e->identity.audience,
		(unsigned long long)life
	);
	managed->fetched++;
	e->failures = 0;
	e->due_s = monotonic_s() + (use > MANAGED_LIFE_MIN ? use : MANAGED_LIFE_MIN);
	replace(managed, e, text);
}

static void *run(void *arg)
{
	struct managed *managed = arg;

	pthread_mutex_lock(&managed->lock);
	while (!__atomic_load_n(&managed->stop, __ATOMIC_RELAXED)) {
		struct entry *e = next_due(managed);
		if (e != NULL && e->due_s <= monotonic_s()) {
			renew(managed, e);
			continue;
		}
		const struct timespec until = {.tv_sec = (time_t)(monotonic_s() + 1)};
		if (e == NULL)
			pthread_cond_wait(&managed->work, &managed->lock);
		else
			pthread_cond_timedwait(&managed->work, &managed->lock, &until);
	}
	pthread_mutex_unlock(&managed->lock);
	return NULL;
}

struct managed *managed_new(void)
{
	struct managed *managed = calloc(1, sizeof(*managed));
	pthread_condattr_t monotonic;

	if (managed == NULL)
		return NULL;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&managed->work, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&managed->lock, NULL);
	if (pthread_create(&managed->thread, NULL, run, managed) == 0)
		return managed;
	pthread_cond_destroy(&managed->work);
	pthread_mutex_destroy(&managed->lock);
	free(managed);
	return NULL;
}

void managed_free(struct managed *managed)
{
	if (managed == NULL)
		return;
	pthread_mutex_lock(&managed->lock);
	__atomic_store_n(&managed->stop, true, __ATOMIC_RELAXED);
	pthread_cond_signal(&managed->work);
	pthread_mutex_unlock(&managed->lock);
	pthread_join(managed->thread, NULL);
	for (uint32_t i = 0; i < managed->n; i++) {
		credential_text_free(managed->entries[i]->credential.current);
		explicit_bzero(managed->entries[i], sizeof(*managed->entries[i]));
		free(managed->entries[i]);
	}
	pthread_cond_destroy(&managed->work);
	pthread_mutex_destroy(&managed->lock);
	free(managed);
}

// ---- everybody else

// Called with the lock.
static struct entry *find(
	const struct managed *managed, const char *audience, const char *client_id
)
{
	for (uint32_t i = 0; i < managed->n; i++) {
		struct entry *e = managed->entries[i];
		if (strcmp(e->identity.audience, audience) == 0 &&
		    strcmp(e->client_id, client_id) == 0)
			return e;
	}
	return NULL;
}

// Called with the lock.
static int begin(
	struct managed *managed, const char *audience, const char *client_id, struct entry **out,
	char why[static HTTP_WHY]
)
{
	if (managed->n == MANAGED_MAX) {
		snprintf(why, HTTP_WHY, "too many different identities");
		return ERR_LIMIT;
	}
	struct entry *e = calloc(1, sizeof(*e));
	if (e == NULL)
		return -ENOMEM;
	int rc = azure_identity_find(audience, client_id, &e->identity, why);
	if (rc != 0) {
		free(e);
		return rc;
	}
	e->managed = managed;
	snprintf(e->client_id, sizeof(e->client_id), "%s", client_id);
	managed->entries[managed->n++] = e;
	pthread_cond_signal(&managed->work);
	*out = e;
	return 0;
}

int managed_find(
	struct managed *managed, const char *audience, const char *client_id,
	const struct credential **out, char why[static HTTP_WHY]
)
{
	int rc = 0;

	pthread_mutex_lock(&managed->lock);
	struct entry *e = find(managed, audience, client_id);
	if (e == NULL)
		rc = begin(managed, audience, client_id, &e, why);
	if (rc == 0)
		*out = &e->credential;
	pthread_mutex_unlock(&managed->lock);
	return rc;
}

int managed_read(const struct credential *credential, char **out)
{
	struct managed *managed = ((const struct entry *)(const void *)credential)->managed;
	int rc = -ENOENT;

	pthread_mutex_lock(&managed->lock);
	const struct credential_text *text = credential->current;
	if (text != NULL && text->expires > wall_s()) {
		char *copy = malloc(text->n + 1);
		rc = copy == NULL ? -ENOMEM : 0;
		if (copy != NULL) {
			memcpy(copy, text->text, text->n);
			copy[text->n] = '\0';
			*out = copy;
		}
	}
	pthread_mutex_unlock(&managed->lock);
	return rc;
}

void managed_text_free(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

void managed_stats_get(struct managed *managed, struct managed_stats *out)
{
	*out = (struct managed_stats){0};
	pthread_mutex_lock(&managed->lock);
	out->n = managed->n;
	out->fetched = managed->fetched;
	out->failed = managed->failed;
	for (uint32_t i = 0; i < managed->n; i++) {
		const struct credential_text *text = managed->entries[i]->credential.current;
		out->missing += text == NULL || text->expires <= wall_s();
	}
	pthread_mutex_unlock(&managed->lock);
}
