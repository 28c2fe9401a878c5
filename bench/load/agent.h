// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A client: connects, secures, logs in with its token, asks.

#pragma once

#include "bench/load/load.h"
#include "bench/load/message.h"

enum agent_state {
	AGENT_GONE,
	AGENT_CONNECTS,
	AGENT_ASKS_TLS, // SSLRequest is out
	AGENT_LOGS_IN,
	AGENT_PREPARES,
	AGENT_RESTS,
	AGENT_ASKS,
};

struct agent {
	struct link link; // first: the link's turn is the agent's
	struct load *load;
	enum agent_state state;
	struct messages messages;
	struct player player;
	bool timed;        // the query is
	uint64_t begun_us; // of the query, or of the connection
	struct agent *next;
};

// What agents send, made once; `token` is their password. Aborts when memory is short.
void agents_init(struct load *load, const char *token);
// One of load->agents, gone yet.
void agent_init(struct agent *agent, struct load *load);
// Start an agent that is gone: the loop connects it.
void agent_start(struct agent *agent);
// It is connected; its link is made.
void agent_connected(struct agent *agent);
// At a given rate: start what is due.
void agents_pace(struct load *load);
