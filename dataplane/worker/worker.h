// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The workers: one lcore each, run to completion, nothing shared but the rings and the snapshot.
//
// Usage order: nic_new, workers_new, workers_launch; while they run, control takes from
// workers_events and workers_records and gives to workers_commands, one thread each; workers_drain,
// workers_stop, workers_free, nic_free.

#pragma once

#include "dataplane/api/event.h"
#include "dataplane/api/record.h"
#include "dataplane/api/ring.h"
#include "dataplane/api/slot.h"
#include "dataplane/api/stats.h"
#include "dataplane/nic/nic.h"
#include "dataplane/relay/relay.h"
#include "dataplane/tcp/tcp.h"

enum workers_limit { WORKERS_HEALTH_MS = 5000 };

struct workers_config {
	uint16_t n_workers;
	struct nic *nic;           // borrowed; outlives the workers
	struct ip_config ip;       // addresses; the rest comes from the NIC
	struct tcp_config tcp;     // per worker
	struct relay_config relay; // per worker; `worker` is filled in
	size_t memory;             // bytes of session buffers, per worker
	uint32_t record_blocks;    // per worker, a power of two
	uint32_t events;           // slots of the event and the command ring, a power of two
	// The longest sleep, in microseconds, of a worker that has had nothing to do for a while;
	// 0: it polls always.
	uint32_t idle_sleep_us;
	// Where the load balancer's probe is answered, on every address: 0: nowhere. Not
	// `probe_http`: it only connects, and so while we are not healthy nobody may.
	uint16_t probe_port;
	bool probe_http;
	bool profile;     // count cycles by stage (dataplane/base/stage.h)
	uint32_t tick_us; // step of the timers of a worker that has nothing else to do
	// Where the policy in force is published; while it is empty nothing is listened on.
	const struct snapshot_slot *slot;
	// Called on each worker's thread when its loop has ended: for libraries that keep state by
	// thread. May be NULL.
	void (*thread_end)(void *ctx);
	void *ctx;
};

struct workers;

// Allocates everything the workers will use. Out: *out. Returns 0, -ENOMEM, or -EINVAL when a count
// that must be a power of two is none.
int workers_new(const struct workers_config *config, struct workers **out) must_check;
// Only when they do not run. Accepts NULL. Connections that are open are forgotten.
void workers_free(struct workers *workers);

// Start the loops. Returns 0 or -EBUSY when an lcore has other work.
int workers_launch(struct workers *workers) must_check;
// How far to go in ending service (dataplane/relay/relay.h), or back. Returns at once;
// workers_sessions tells when they are gone.
void workers_drain(struct workers *workers, enum relay_drain drain);
// What the load balancer's probe is to be told, for WORKERS_HEALTH_MS: who says nothing for longer
// is not healthy.
void workers_probe(struct workers *workers, bool healthy);
// End the loops, with a reset for what is open still, and wait for them. Harmless when they do not
// run.
void workers_stop(struct workers *workers);

// Sessions that live, roughly. Any thread.
uint64_t workers_sessions(const struct workers *workers);

// Subjects that are not back with control, roughly. Any thread.
uint64_t workers_subjects(const struct workers *workers);

// Worker to control; and back. One thread each on the control side.
struct ring *workers_events(struct workers *workers, uint16_t worker);
struct ring *workers_commands(struct workers *workers, uint16_t worker);
struct record_queue *workers_records(struct workers *workers, uint16_t worker);

// Counters; written by the worker, read by anyone.
const struct worker_stats *workers_stats(const struct workers *workers, uint16_t worker);
const struct tcp_stats *workers_tcp_stats(const struct workers *workers, uint16_t worker);
const struct ip_stats *workers_ip_stats(const struct workers *workers, uint16_t worker);
