// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Clients, the gateway and a database, joined by wires. A scenario is a function that speaks as the
// clients do; each call runs the world until it has what it waits for. A failed expectation ends
// the scenario.

#pragma once

#include "dataplane/proto/proto.h"
#include "tests/sim/relay_gateway.h"
#include "tests/sim/relay_server.h"

#include <setjmp.h>

enum { AGENTS_MAX = 16, SECOND_US = 1000000 };

struct agent {
	struct sim *sim;
	struct peer peer;
	bool live;
	struct buf heard; // everything since the last forget, after the login
};

struct sim_options {
	uint64_t seed;
	uint32_t loss_ppm;
	struct cutting client, server;
	bool trace;
};

struct sim {
	struct sim_options options;
	struct world *world;
	struct host *client_host, *gateway_host, *server_host;
	struct gateway gateway;
	struct database database;
	struct agent agents[AGENTS_MAX];
	uint64_t client_sent; // plaintext of the first agent, in the end
	struct policy_options policy;
	struct gateway_config config;
	bool secrets_are_sent; // the scenario's client asks with a secret in the text
	char fault[256];
	jmp_buf failed;
};

struct scenario {
	const char *name;
	void (*run)(struct sim *sim);
	void (*set_up)(struct sim *sim); // change config, policy, modes; or NULL
	bool every_cut;                  // short enough for a cut at every byte
	bool bulk;                       // too much for small pieces
};

// NULL-terminated lists, by file.
extern const struct scenario relay_login_scenarios[], relay_command_scenarios[],
	relay_end_scenarios[], relay_limit_scenarios[], relay_revoke_scenarios[],
	relay_hold_scenarios[], relay_hold_end_scenarios[], relay_grant_scenarios[],
	relay_budget_scenarios[], relay_drain_scenarios[];

// Returns what went wrong, or NULL.
const char *sim_run(
	struct sim *sim, const struct scenario *scenario, const struct sim_options *options
);

void sim_fail(struct sim *sim, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));
#define EXPECT(sim, what)                                                                \
	do {                                                                             \
		if (!(what))                                                             \
			sim_fail((sim), "%s:%d: not so: %s", __func__, __LINE__, #what); \
	} while (0)

// Run the world for a while, or until `done`.
void sim_pass(struct sim *sim, uint64_t us);
bool sim_until(struct sim *sim, bool (*done)(void *ctx), void *ctx, uint64_t limit_us);
// Until the gateway has no session left.
void sim_until_empty(struct sim *sim, uint64_t limit_us);

// A connected client, before its first byte.
struct agent *agent_new(struct sim *sim, uint16_t port);
void agent_raw(struct agent *agent, const void *bytes, size_t n);
// SSLRequest, the answer, and the handshake.
void agent_secure(struct agent *agent);
// TLS at once, its hello only; agent_secured waits for the rest.
void agent_greet(struct agent *agent, const char *alpn);
void agent_secured(struct agent *agent);
// TLS at once.
void agent_direct(struct agent *agent, const char *alpn);
void agent_start(struct agent *agent);
void agent_token(struct agent *agent, const char *token);
// All of the above, up to ReadyForQuery, at the listener `port`.
struct agent *agent_login(struct sim *sim, uint16_t port);
struct agent *agent_login_with(struct sim *sim, uint16_t port, const char *token);
// Up to the token, and what answers it is still to come.
struct agent *agent_knock(struct sim *sim, uint16_t port, const char *token);

void agent_query(struct agent *agent, const char *text);
// The next messages have these types, one letter each; their bytes are in `heard`.
void agent_expect(struct agent *agent, const char *types);
// What was heard since agent_forget.
bool agent_heard(const struct agent *agent, const char *text);
void agent_forget(struct agent *agent);
// A FATAL error with this SQLSTATE, then the end of the stream.
void agent_expect_fatal(struct agent *agent, const char *code);
// The end of the stream: FIN or RST, nothing before.
void agent_expect_end(struct agent *agent);
// As agent_login. Out: the cancel key that the client was shown.
struct agent *agent_login_with_key(struct sim *sim, uint16_t port, uint8_t key[static 8]);
// A CancelRequest, over a connection of its own.
void agent_cancel(struct sim *sim, const uint8_t key[static 8]);
// Terminate, and the end.
void agent_bye(struct agent *agent);
// Leave with a RST.
void agent_vanish(struct agent *agent);
// Leave with a FIN.
void agent_leave(struct agent *agent);
