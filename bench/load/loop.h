// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What drives a load: over our own TCP on DPDK's ports, or over sockets of the kernel.

#pragma once

#include "bench/load/alone.h"
#include "bench/load/load.h"
#include "dataplane/nic/nic.h"

struct loop_options {
	struct endpoint connect; // of the gateway; port 0: there are no agents
	struct endpoint listen;  // of the backends; port 0: there are none
	uint16_t spread;         // ports in a row, of either; more than 1 with `nic` only
	struct nic_config nic;   // without ports: sockets
	struct ip_config ip;
	unsigned seconds, runs; // of one measurement; how many
	unsigned warm_up;       // seconds before the first
	pid_t beside;           // a thread that gets the same; 0: none
	bool alone;             // latencies are taken with a core to itself
	unsigned patience;      // seconds until all agents must have logged in
};

// Both print, a line each: "ready" when backends can be reached; "open" when all agents have logged
// in; then for each run "begin", and its result as JSON. They return when all is measured, or with
// no agents never; the exit status.
int loop_own(struct load *load, const struct loop_options *options);
int loop_sockets(struct load *load, const struct loop_options *options);

// ---- what both do in each turn

enum loop_phase { LOOP_STARTS, LOOP_OPENS, LOOP_WARMS_UP, LOOP_MEASURES, LOOP_DONE };

struct loop {
	struct load *load;
	const struct loop_options *options;
	enum loop_phase phase;
	uint32_t started; // agents
	uint64_t until_us, begun_us, cpu_ns;
	unsigned run;
	struct load_counts before;
	struct alone alone;
	int status;
};

uint64_t loop_clock_us(void);
// Start agents, pace them, measure. False when all is done.
bool loop_turn(struct loop *loop);
