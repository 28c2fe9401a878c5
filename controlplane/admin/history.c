// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The last hour in samples of five seconds, in memory.

#include "controlplane/admin/request.h"

#include <stdlib.h>
#include <time.h>

// What counts up, summed over the workers; `sessions` is as it is.
struct sample {
	uint64_t t; // seconds since 1970
	uint64_t sessions, commands, bytes, denied, masked, held;
};

struct history {
	struct sample samples[ADMIN_SAMPLES]; // a ring; differences
	unsigned n, next;
	struct sample last; // the counters themselves
	uint64_t due_ms;
};

struct history *history_new(void)
{
	return calloc(1, sizeof(struct history));
}

void history_free(struct history *history)
{
	free(history);
}

static uint64_t load(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static struct sample sum(const struct admin *admin)
{
	struct sample total = {.t = (uint64_t)time(NULL)};

	for (unsigned i = 0; i < admin->config.n_workers; i++) {
		const struct worker_stats *stats = admin->config.workers[i];
		total.sessions += load(&stats->sessions_live);
		total.commands += load(&stats->commands);
		total.bytes += load(&stats->rx_bytes) + load(&stats->tx_bytes);
		total.denied += load(&stats->denied);
		total.masked += load(&stats->masked_values);
		total.held += load(&stats->held);
	}
	return total;
}

static json_t *sample_json(const struct sample *s)
{
	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "t", (json_int_t)s->t, "sessions",
		(json_int_t)s->sessions, "commands", (json_int_t)s->commands, "bytes",
		(json_int_t)s->bytes, "denied", (json_int_t)s->denied, "masked",
		(json_int_t)s->masked, "held", (json_int_t)s->held
	);
}

json_t *history_poll(struct history *history, const struct admin *admin, uint64_t now_ms)
{
	if (now_ms < history->due_ms)
		return NULL;
	bool first = history->due_ms == 0; // nothing to compare with
	struct sample *out = &history->samples[history->next];
	struct sample now = sum(admin), last = history->last;

	history->due_ms = now_ms + 1000 * ADMIN_SAMPLE_S;
	history->last = now;
	if (first)
		return NULL;
	*out = (struct sample){
		.t = now.t,
		.sessions = now.sessions,
		.commands = now.commands - last.commands,
		.bytes = now.bytes - last.bytes,
		.denied = now.denied - last.denied,
		.masked = now.masked - last.masked,
		.held = now.held - last.held,
	};
	history->next = (history->next + 1) % ADMIN_SAMPLES;
	history->n += history->n < ADMIN_SAMPLES;
	return sample_json(out);
}

json_t *history_json(const struct history *history)
{
	json_t *samples = json_array();

	for (unsigned i = 0; i < history->n; i++) {
		unsigned at = (history->next + ADMIN_SAMPLES - history->n + i) % ADMIN_SAMPLES;
		json_array_append_new(samples, sample_json(&history->samples[at]));
	}
	return json_pack("{s:i, s:o}", "step_s", ADMIN_SAMPLE_S, "samples", samples);
}
