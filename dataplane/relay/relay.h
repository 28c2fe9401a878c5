// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One worker's sessions: two legs each, where TCP, TLS, protocol, inspection and policy meet.
//
// The worker calls, each loop: tcp_input for what arrived, relay_command for what control sent,
// then relay_poll, then tcp_tick and record_flush.

#pragma once

#include "dataplane/api/event.h"
#include "dataplane/api/record.h"
#include "dataplane/api/snapshot.h"
#include "dataplane/api/stats.h"
#include "dataplane/base/blocks.h"
#include "dataplane/base/err.h"
#include "dataplane/tcp/tcp.h"

struct relay;

struct relay_config {
	uint16_t worker;    // index, in cancel keys and session ids
	uint16_t n_workers; // 0: this is the only one
	uint32_t sessions_max;
	size_t message_max;        // bytes: the largest protocol message taken from either side
	size_t high_water;         // bytes waiting on a leg above which the other one is not read
	size_t session_memory_max; // bytes of prepared statements and descriptions
	uint32_t statements_max, portals_max, pipeline_max; // per session
	uint32_t holds_max;           // commands that wait for approval at once
	uint32_t login_timeout_ms;    // from the first packet to the end of the login
	uint32_t connect_timeout_ms;  // of the connection to the server and its login
	uint32_t idle_timeout_ms;     // 0: none
	struct budget_table *budgets; // of all workers; outlives the relay
	uint32_t effects_entries;     // of the statement cache
	size_t effects_bytes;
	uint32_t tokens; // verified ones that are remembered while no session uses them
};

struct relay_ops {
	// Send an event to control. False when the ring is full: asked again in the next pass.
	bool (*event)(void *ctx, const struct event *event);
	// A CancelRequest for a session of another worker: hand it over; it calls relay_cancel.
	void (*cancel)(void *ctx, uint16_t worker, uint32_t pid, uint32_t secret);
	uint64_t (*random)(void *ctx);   // cryptographic
	uint64_t (*clock_us)(void *ctx); // monotonic, now: within a pass, too
	void *ctx;
};

// The clocks of one pass.
struct relay_now {
	uint64_t us;      // monotonic, as tcp/ sees it
	uint64_t wall_ns; // since 1970
};

// Everything but the session's messages is allocated here. `tcp`, `blocks`, `records` and `stats`
// are the worker's and outlive the relay. Returns NULL when memory is short. Free with relay_free,
// after which no connection of the relay's may be reported any more.
struct relay *relay_new(
	const struct relay_config *config, const struct relay_ops *ops, struct tcp *tcp,
	struct blocks *blocks, struct record_queue *records, struct worker_stats *stats
) must_check;
void relay_free(struct relay *relay);

// Take up what tcp has to report and work on sessions that can move, a bounded amount each.
// `snapshot` is the policy in force during this pass; NULL (none yet) refuses new connections.
// Returns how many sessions were worked on: 0 means idle.
uint32_t relay_poll(
	struct relay *relay, struct tcp *tcp, const struct snapshot *snapshot, struct relay_now now
);

// Scan a little with what is new in `coming`, which will be in force: some 40 us at most, until it
// was done SCAN_REHEARSALS times. The first scans of many new patterns would take 100 us and more
// for what they wait for memory.
void relay_rehearse(const struct snapshot *coming, uint16_t worker);

// A command from control, in the same loop as relay_poll.
void relay_command(struct relay *relay, const struct command *command);

// A CancelRequest that arrived at another worker; delivered in the next relay_poll.
void relay_cancel(struct relay *relay, uint32_t pid, uint32_t secret);

// How far the end of service has come. Back to RELAY_SERVES from all but the last.
enum relay_drain {
	RELAY_SERVES,
	RELAY_CLOSES, // accepts no more; a session ends natively ("terminating connection due to
		      // administrator command") as soon as it is between two transactions
	RELAY_ENDS,   // the same, wherever it is; what runs at its server is cancelled, and who
		      // does not take the last words in SESSION_CLOSING_MS is reset
	RELAY_QUITS,  // the same, and control gets its subjects back
};
void relay_drain(struct relay *relay, enum relay_drain drain);
// Reset whatever is open still; the packets leave in the passes after it.
void relay_abort(struct relay *relay);

// The load balancer's probe: connections of a listener with this cookie are answered by health,
// which is unhealthy until it is told otherwise.
void *relay_probe_cookie(struct relay *relay);
void relay_probe(struct relay *relay, bool healthy);

// Sessions that are not over, those included that only carry a cancel.
uint32_t relay_sessions(const struct relay *relay);

// "which worker does this session run on": the worker that made the id.
static inline uint16_t session_id_worker(session_id id)
{
	return (uint16_t)(id >> 56);
}
