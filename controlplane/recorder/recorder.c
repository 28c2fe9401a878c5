// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/recorder/recorder.h"

#include "controlplane/recorder/state.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	IDLE_US = 1000,  // between looks at empty queues
	ACTIVE_US = 100, // the same, shortly after something came: someone may wait for a sync
	ACTIVE_NS = 5000000,
	RETRY_US = 50000, // after a failure
	STOP_TRIES = 100, // of RETRY_US
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t recorder_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t recorder_wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

void recorder_set_healthy(struct recorder *recorder, bool healthy)
{
	__atomic_store_n(&recorder->stats.healthy, healthy, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < recorder->config.n_queues; i++) {
		struct record_queue *queue = recorder->config.queues[i];
		if (record_is_failing(queue) == healthy) // workers read it: write only news
			__atomic_store_n(&queue->failing, !healthy, __ATOMIC_RELAXED);
	}
}

void recorder_failed(struct recorder *recorder, const char *what, int ret)
{
	recorder_count(&recorder->stats.failures, 1);
	recorder_set_healthy(recorder, false);
	log_limited(
		&recorder->limit, LOG_ERROR, "recorder",
		"cannot write %s under %s: %s; sessions wait until it can be written", what,
		recorder->config.state, err_text(ret)
	);
}

static uint64_t waiting(const struct recorder *recorder)
{
	uint64_t n = buf_len(&recorder->raw);

	return recorder->segment == NULL ? n : n + segment_writer_waiting(recorder->segment);
}

// `now` may have been taken before `since`.
static bool is_due(uint64_t now, uint64_t since, uint32_t ms)
{
	return now > since && now - since >= (uint64_t)ms * 1000000;
}

static bool segment_is_due(const struct recorder *recorder, uint64_t now)
{
	if (recorder->segment == NULL)
		return false;
	if (segment_writer_size(recorder->segment) < recorder->config.segment_bytes &&
	    !is_due(now, recorder->segment_since_ns, recorder->config.segment_s * 1000))
		return false;
	// A message of the index must not be cut in two by the end of a segment.
	for (unsigned i = 0; i < recorder->config.n_queues; i++) {
		if (recorder->drains[i].join.inside)
			return false;
	}
	return true;
}

// One look at everything. Returns false when something failed.
static bool look(struct recorder *recorder, bool *idle)
{
	unsigned taken = recorder_take(recorder);
	uint64_t now = recorder_now_ns();
	bool ok = true;

	*idle = taken == 0;
	if (recorder->strict || waiting(recorder) > RECORDER_PENDING_MAX ||
	    is_due(now, recorder->last_sync_ns, recorder->config.sync_ms))
		ok = recorder_commit(recorder);
	else if (buf_len(&recorder->raw) > SEGMENT_RAW_MAX / 2 ||
		 (buf_len(&recorder->raw) > 0 &&
		  is_due(now, recorder->raw_since_ns, recorder->config.write_ms)))
		ok = recorder_put(recorder);
	if (ok && (recorder->sealing != SEAL_NONE || segment_is_due(recorder, now)))
		ok = recorder_seal(recorder);
	__atomic_store_n(&recorder->stats.waiting, waiting(recorder), __ATOMIC_RELAXED);
	return ok;
}

static bool queues_are_empty(const struct recorder *recorder)
{
	for (unsigned i = 0; i < recorder->config.n_queues; i++) {
		if (ring_count(&recorder->config.queues[i]->full) > 0)
			return false;
	}
	return true;
}

// The workers have stopped: take the rest and seal.
static void finish(struct recorder *recorder)
{
	bool idle;

	for (int tries = 0; tries < STOP_TRIES;) {
		bool ok = look(recorder, &idle);
		bool done = ok && queues_are_empty(recorder) && recorder_commit(recorder) &&
			    (recorder->segment == NULL || recorder_seal(recorder));
		if (done)
			return;
		if (ok && !queues_are_empty(recorder))
			continue;
		tries++;
		usleep(RETRY_US);
	}
	log_line(
		LOG_ERROR, "recorder", "stopped with %llu bytes of recordings that are not on disk",
		(unsigned long long)waiting(recorder)
	);
}

static void *run(void *arg)
{
	struct recorder *recorder = arg;
	uint64_t active_ns = 0;
	bool idle;

	pthread_setname_np(pthread_self(), "recorder");
	while (!atomic_load_explicit(&recorder->stop, memory_order_acquire)) {
		if (!look(recorder, &idle)) {
			usleep(RETRY_US);
			continue;
		}
		uint64_t now = recorder_now_ns();
		if (!idle)
			active_ns = now;
		else
			usleep(now - active_ns < ACTIVE_NS ? ACTIVE_US : IDLE_US);
	}
	finish(recorder);
	return NULL;
}

static void recorder_free(struct recorder *recorder)
{
	segment_writer_free(recorder->segment);
	for (unsigned i = 0; i < recorder->config.n_queues; i++)
		join_fini(&recorder->drains[i].join);
	buf_fini(&recorder->raw);
	free(recorder->state);
	free(recorder);
}

static void defaults(struct recorder_config *config)
{
	if (config->segment_bytes == 0)
		config->segment_bytes = 64 << 20;
	if (config->segment_s == 0)
		config->segment_s = 3600;
	if (config->write_ms == 0)
		config->write_ms = 100;
	if (config->sync_ms == 0)
		config->sync_ms = 1000;
}

int recorder_start(const struct recorder_config *config, struct recorder **out)
{
	if (config->n_queues > RECORDER_QUEUES_MAX)
		return -EINVAL;
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	if (recorder == NULL)
		return -ENOMEM;
	recorder->config = *config;
	recorder->config.state = recorder->state = strdup(config->state);
	defaults(&recorder->config);
	recorder->stats.healthy = true;
	recorder->last_sync_ns = recorder_now_ns();
	buf_init(&recorder->raw, NULL, SEGMENT_RAW_MAX);
	for (unsigned i = 0; i < config->n_queues; i++) {
		recorder->drains[i].queue = config->queues[i];
		join_init(&recorder->drains[i].join, RECORDER_JSON_MAX);
	}
	int ret = recorder->state == NULL ? -ENOMEM : buf_reserve(&recorder->raw, SEGMENT_RAW_MAX);
	if (ret == 0)
		ret = recorder_recover(recorder);
	if (ret == 0)
		ret = -pthread_create(&recorder->thread, NULL, run, recorder);
	if (ret != 0) {
		recorder_free(recorder);
		return ret;
	}
	*out = recorder;
	return 0;
}

void recorder_stop(struct recorder *recorder)
{
	if (recorder == NULL)
		return;
	atomic_store_explicit(&recorder->stop, true, memory_order_release);
	pthread_join(recorder->thread, NULL);
	recorder_free(recorder);
}

void recorder_stats_get(const struct recorder *recorder, struct recorder_stats *out)
{
	const uint64_t *from = (const uint64_t *)&recorder->stats;
	uint64_t *to = (uint64_t *)out;

	static_assert(
		offsetof(struct recorder_stats, healthy) % sizeof(uint64_t) == 0, "counters first"
	);
	for (size_t i = 0; i < offsetof(struct recorder_stats, healthy) / sizeof(uint64_t); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	out->healthy = __atomic_load_n(&recorder->stats.healthy, __ATOMIC_RELAXED);
}
