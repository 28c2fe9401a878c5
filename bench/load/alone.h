// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Times in which the load has its core to itself (SCHED_FIFO), because a latency is asked for and
// not how long the scheduler leaves the load waiting for whoever shares the core. Only queries that
// begin in such times are timed. In between it shares the core as ever: the kernel takes a core
// from who never sleeps (sched_rt_runtime_us).

#pragma once

#include "bench/load/load.h"

#include <sys/types.h>

struct alone {
	bool wanted;
	pid_t beside;              // a thread of who is measured, which gets the same; 0: none
	bool refused;              // the kernel did not let it
	bool on;                   // the core is ours
	uint64_t until_us;         // this time, or the pause
	uint64_t begun_us, cpu_ns; // of this time
	uint64_t turn_us;          // when the last turn of the loop began
	// Of all such times of a run.
	uint64_t us;            // how long they were
	uint64_t ran_us;        // of it this thread ran
	struct histogram turns; // of the load's loop, in microseconds
};

void alone_begin(struct alone *alone, struct load *load);
// In each turn of the loop while it measures.
void alone_turn(struct alone *alone, struct load *load);
void alone_end(struct alone *alone, struct load *load);
// Print a JSON object of what is known of them, without what follows it.
void alone_print(const struct alone *alone, const struct load *load);
