// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A scripted PostgreSQL server in the simulator: it answers by what a text contains, and keeps
// every byte that it was sent.

#pragma once

#include "tests/sim/relay_peer.h"
#include "tests/sim/world.h"

#define SECRET_EMAIL "alice@example.com"
#define SECRET_SSN   "078-05-1120"

enum server_mode {
	SERVER_USUAL,
	SERVER_REFUSES_TLS,
	SERVER_REFUSES_LOGIN,
	SERVER_SILENT,        // takes the connection, says nothing
	SERVER_GARBAGE_LOGIN, // no PostgreSQL at all
	SERVER_GARBAGE,       // an unknown message in place of an answer
	SERVER_OVERSIZED,     // a row that claims a gigabyte
	SERVER_CLOSES_IN_ROW, // FIN in the middle of a row
	SERVER_RESETS_IN_ROW,
	SERVER_LAST_WORDS, // a FATAL error, then FIN
	SERVER_MUTE,       // takes commands, answers none
	SERVER_UNASKED,    // answers twice
	SERVER_PUPPET,     // logs in, then says what the test puts into `out`
	SERVER_STRANGER,   // the same from the start
};

enum database_size { DATABASE_SESSIONS = 64 };

struct database_session {
	struct peer peer;
	bool live, started, tls, authenticated, skipping, copying, leaving;
	uint32_t key;
	char transaction, statement[256];
	struct buf held;  // answers the server keeps back until Sync or Flush
	size_t rows_left; // of a big result
	size_t row_size;
};

struct database {
	struct host *host;
	enum server_mode mode;
	struct cutting cutting;
	uint64_t seed;
	struct database_session sessions[DATABASE_SESSIONS];
	uint32_t n_live, n_accepted;
	struct buf log; // what all sessions said
	uint64_t cancels;
	uint32_t cancelled_key;
	uint64_t queries;    // texts run
	uint64_t mute_after; // so many; 0: never
	uint64_t sent;       // plaintext bytes of the last session that ended
};

void database_init(struct database *database, uint64_t seed);
void database_listen(struct database *database, struct host *host);
void database_fini(struct database *database);
void database_app(void *ctx, uint64_t now_us);
// The oldest session that is open, or NULL.
struct database_session *database_session(struct database *database);
