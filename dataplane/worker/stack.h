// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One worker's network stack on real ports: nic, ip and tcp put together, and the mesh to the other
// workers' stacks. What sits on top (relay, or a test) talks to `tcp`.
//
// Usage order: stack_init for every worker, then on each worker's lcore, in every loop:
// stack_input, the work on top, stack_output. stack_fini when all workers have stopped.

#pragma once

#include "dataplane/api/stats.h"
#include "dataplane/nic/nic.h"
#include "dataplane/tcp/tcp.h"
#include "dataplane/worker/mesh.h"
#include "dataplane/worker/random.h"

struct stack_config {
	uint16_t worker, n_workers;
	struct nic *nic;     // borrowed; outlives the stack
	struct mesh *mesh;   // borrowed; shared by all workers
	struct ip_config ip; // mac, mtu and tx_offload of the ports are filled in from the NIC
	struct tcp_config tcp;
	struct worker_stats *stats; // borrowed
	// A CancelRequest that arrived at another worker. NULL: none can.
	void (*cancel)(void *ctx, uint32_t pid, uint32_t secret);
	void *ctx;
};

struct stack {
	struct stack_config config;
	struct ip *ip;
	struct tcp *tcp;
	struct random random;
	uint64_t now_us;       // of this loop
	uint64_t next_tick_us; // of ip_tick
};

// Returns 0 or -ENOMEM. Free with stack_fini, which accepts a half-built or zeroed one.
int stack_init(struct stack *stack, const struct stack_config *config, uint64_t now_us) must_check;
void stack_fini(struct stack *stack);

// Take in what the other workers and the ports have, a bounded amount of each. Returns how many
// packets and messages that was.
uint32_t stack_input(struct stack *stack, uint64_t now_us);
// Timers, and everything that became sendable.
void stack_output(struct stack *stack);

// Hand a CancelRequest over to `worker`. Lost, and counted, when it is too busy, as a packet is.
void stack_cancel(struct stack *stack, uint16_t worker, uint32_t pid, uint32_t secret);

// Sum the NIC's counters up into the worker's.
void stack_count(struct stack *stack);
