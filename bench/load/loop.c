// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "bench/load/loop.h"

#include "bench/load/agent.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { AT_ONCE = 64 }; // logins under way while all are opened

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

uint64_t loop_clock_us(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000;
}

static void say(const char *word)
{
	puts(word);
	fflush(stdout);
}

static void begin(struct loop *loop)
{
	struct load *load = loop->load;

	loop->phase = LOOP_MEASURES;
	loop->before = load->counts;
	load->latency = load->late = (struct histogram){0};
	loop->begun_us = load->now_us;
	loop->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	loop->until_us = load->now_us + loop->options->seconds * UINT64_C(1000000);
	say("begin");
	loop->alone.wanted = loop->options->alone;
	loop->alone.beside = loop->options->beside;
	alone_begin(&loop->alone, load);
}

static void end(struct loop *loop)
{
	alone_end(&loop->alone, loop->load);
	const struct load *load = loop->load;
	const struct load_counts *now = &load->counts, *before = &loop->before;
	uint64_t us = load->now_us - loop->begun_us;

	printf("{\"run\": %u, \"us\": %" PRIu64 ", \"done\": %" PRIu64 ", \"bytes\": %" PRIu64
	       ", \"resumed\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"late\": %" PRIu64
	       ", \"cpu_ns\": %" PRIu64 ", \"p50_us\": %" PRIu64 ", \"p99_us\": %" PRIu64
	       ", \"p999_us\": %" PRIu64,
	       loop->run, us, now->done - before->done, now->bytes - before->bytes,
	       now->resumed - before->resumed, now->failed - before->failed,
	       now->late_started - before->late_started,
	       clock_ns(CLOCK_THREAD_CPUTIME_ID) - loop->cpu_ns,
	       histogram_quantile(&load->latency, 0.5), histogram_quantile(&load->latency, 0.99),
	       histogram_quantile(&load->latency, 0.999));
	if (loop->options->alone) {
		printf(", \"alone\": ");
		alone_print(&loop->alone, load);
	}
	say("}");
	loop->run++;
}

static void open_agents(struct loop *loop)
{
	struct load *load = loop->load;
	uint64_t settled = load->counts.logins + load->counts.failed;

	while (loop->started < load->agents_max && loop->started < settled + AT_ONCE)
		agent_start(&load->agents[loop->started++]);
	if (settled < load->agents_max && load->now_us < loop->until_us)
		return;
	if (load->counts.failed > 0 || settled < load->agents_max) {
		fprintf(stderr,
			"load: of %u agents %" PRIu64 " have logged in, %" PRIu64 " failed\n",
			load->agents_max, load->counts.logins, load->counts.failed);
		loop->status = 1;
		loop->phase = LOOP_DONE;
		return;
	}
	say("open");
	loop->phase = LOOP_WARMS_UP;
	loop->until_us = load->now_us + loop->options->warm_up * UINT64_C(1000000);
}

bool loop_turn(struct loop *loop)
{
	struct load *load = loop->load;

	switch (loop->phase) {
	case LOOP_STARTS:
		say("ready");
		loop->phase = LOOP_OPENS;
		loop->until_us = load->now_us + loop->options->patience * UINT64_C(1000000);
		break;
	case LOOP_OPENS:
		if (load->agents_max > 0)
			open_agents(loop);
		break;
	case LOOP_WARMS_UP:
		if (load->now_us >= loop->until_us)
			begin(loop);
		break;
	case LOOP_MEASURES:
		alone_turn(&loop->alone, load);
		if (load->now_us < loop->until_us)
			break;
		end(loop);
		if (loop->run < loop->options->runs)
			begin(loop);
		else
			loop->phase = LOOP_DONE;
		break;
	case LOOP_DONE:
		break;
	}
	if (load->rate > 0)
		agents_pace(load);
	return loop->phase != LOOP_DONE;
}
