// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "bench/load/alone.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

enum {
	TIME_US = 700000,  // less than the kernel leaves to who never sleeps
	SETTLE_US = 20000, // what the pause left behind is no part of it
	DRAIN_US = 100000, // at most, for the answers to what was asked in that time
	PAUSE_US = 300000,
};

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static bool set_policy(const struct alone *alone, int policy)
{
	const struct sched_param param = {.sched_priority = policy == SCHED_FIFO ? 1 : 0};

	return sched_setscheduler(0, policy, &param) == 0 &&
	       (alone->beside == 0 || sched_setscheduler(alone->beside, policy, &param) == 0);
}

static void take_core(struct alone *alone, struct load *load)
{
	alone->on = set_policy(alone, SCHED_FIFO);
	alone->refused = !alone->on;
	alone->until_us = load->now_us + TIME_US;
	alone->begun_us = alone->turn_us = load->now_us;
	alone->cpu_ns = cpu_ns();
	load->times = alone->on;
	load->due_us = 0; // what was due in the pause is not asked any more
	load->times_us = load->now_us + SETTLE_US;
}

static void give_core(struct alone *alone, struct load *load)
{
	alone->us += load->now_us - alone->begun_us;
	alone->ran_us += (cpu_ns() - alone->cpu_ns) / 1000;
	alone->on = !set_policy(alone, SCHED_OTHER);
	alone->until_us = load->now_us + PAUSE_US;
	load->times = false;
}

void alone_begin(struct alone *alone, struct load *load)
{
	load->times = !alone->wanted;
	load->times_us = 0;
	*alone = (struct alone){.wanted = alone->wanted, .beside = alone->beside};
	if (alone->wanted)
		take_core(alone, load);
}

void alone_turn(struct alone *alone, struct load *load)
{
	if (!alone->wanted || alone->refused)
		return;
	if (!alone->on) {
		if (load->now_us >= alone->until_us)
			take_core(alone, load);
		return;
	}
	histogram_add(&alone->turns, load->now_us - alone->turn_us);
	alone->turn_us = load->now_us;
	if (load->now_us < alone->until_us)
		return;
	load->times = false;
	if (load->timed == 0 || load->now_us >= alone->until_us + DRAIN_US)
		give_core(alone, load);
}

void alone_end(struct alone *alone, struct load *load)
{
	if (alone->on)
		give_core(alone, load);
	load->times = false;
}

void alone_print(const struct alone *alone, const struct load *load)
{
	printf("{\"refused\": %s, \"us\": %" PRIu64 ", \"not_run_us\": %" PRIu64
	       ", \"timed\": %" PRIu64 ", \"late_p99_us\": %" PRIu64 ", \"late_p999_us\": %" PRIu64
	       ", \"turn_p99_us\": %" PRIu64 ", \"turn_p999_us\": %" PRIu64
	       ", \"turn_most_us\": %" PRIu64 "}",
	       alone->refused ? "true" : "false", alone->us,
	       alone->us > alone->ran_us ? alone->us - alone->ran_us : 0, load->latency.n,
	       histogram_quantile(&load->late, 0.99), histogram_quantile(&load->late, 0.999),
	       histogram_quantile(&alone->turns, 0.99), histogram_quantile(&alone->turns, 0.999),
	       histogram_quantile(&alone->turns, 1));
}
