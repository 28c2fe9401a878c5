// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The gateway in the simulator: the real relay on a host's stack, with a control plane and a
// recorder that the tests hold in hand.

#pragma once

#include "dataplane/base/buf.h"
#include "dataplane/relay/relay.h"
#include "tests/sim/relay_policy.h"
#include "tests/sim/world.h"

#define TOKEN_GOOD "eyJhbGciOi.good-token-of-an-agent.c2lnbmF0dXJl"

enum gateway_size {
	GATEWAY_SESSIONS = 256,
	GATEWAY_EVENTS = 1024,
	GATEWAY_IDENTITIES = 4,
	GATEWAY_HELD = 16
};

// Somebody else than the usual subject, by another token.
struct gateway_identity {
	const char *token;
	struct subject subject;
};

// What the recorder has of one session.
struct recorded {
	session_id session;
	bool opened, closed;
	struct buf text; // every record, one a line: type, a space, its data
};

struct gateway_config {
	struct relay_config relay;
	size_t memory;
	uint32_t record_blocks;
	uint32_t packets;
	struct tcp_config tcp;
};

struct gateway {
	struct host *host;
	struct world *world;
	struct relay *relay;
	struct blocks *blocks;
	struct record_queue records;
	struct budget_table *budgets;
	struct worker_stats stats;
	struct rng rng;
	struct snapshot *policy, *old_policy;
	uint32_t version;

	// control
	struct event waiting[GATEWAY_EVENTS]; // logins without an answer
	uint32_t n_waiting;
	struct event last_closed;
	uint64_t opened, closed, logins, catalogs, progresses;
	struct event last_progress;
	uint32_t subjects; // given out and not back
	uint64_t events_refused;
	bool events_full;  // the ring takes nothing
	bool control_mute; // control answers nothing
	struct subject subject;
	struct gateway_identity others[GATEWAY_IDENTITIES];
	uint32_t n_others;
	struct command revocation; // by which control refuses tokens from now on; number 0: none
	uint64_t revoked;          // the last that was done
	uint64_t revoked_sessions; // that it ended

	// what waits for a human
	struct event held[GATEWAY_HELD]; // `held` is ours; in the order they came
	uint32_t n_held;
	uint64_t holds, gone; // that came, that left by themselves
	session_id last_hold;
	uint64_t reference; // of what is decided; 0: its own
	uint64_t decided;   // the last one: its end may cross the decision
	char gone_reason[64];
	struct event access[GATEWAY_EVENTS]; // that wait for an answer
	uint32_t n_access;
	uint64_t grant_expires; // what EVENT_ACCESS is answered with

	// recorder
	bool recorder_stalled;
	uint64_t durable_max; // 0: all that was written is durable
	struct recorded sessions[GATEWAY_SESSIONS];
	uint32_t n_sessions;
	struct buf joined;
	bool record_torn;

	uint64_t polls, busy_polls;
	uint64_t most_commands; // that ran in one of them
	uint64_t most_secured;  // connections on which TLS came up in one of them
	uint64_t clock_us;      // what the relay sees within a pass
	uint64_t slowness_us;   // by which that goes on, each time it looks
};

void gateway_config_default(struct gateway_config *config);
// Aborts when memory is short. The host's app is the gateway's from here on.
void gateway_init(
	struct gateway *gateway, struct host *host, struct world *world,
	const struct gateway_config *config, struct snapshot *policy
);
void gateway_fini(struct gateway *gateway);
void gateway_app(void *ctx, uint64_t now_us);
// Put another policy in force; the old one is gone after the next pass.
void gateway_publish(struct gateway *gateway, const struct policy_options *options);
void gateway_kill(struct gateway *gateway, session_id session);
// Put on control's list, then told to the relay. Returns its number.
uint64_t gateway_revoke(struct gateway *gateway, enum revoke_kind kind, struct node_id node);
// Answer the oldest command that is held. `reason`: for the client.
void gateway_decide(struct gateway *gateway, enum decision decision, const char *reason);
// The same to another session, or about another command: nothing may come of it.
void gateway_mislead(struct gateway *gateway, session_id session, uint64_t number);
// All that was recorded holds `text`.
bool gateway_recorded(const struct gateway *gateway, const char *text);
uint64_t gateway_wall_ns(uint64_t now_us);
