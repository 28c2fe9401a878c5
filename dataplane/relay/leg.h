// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One side of a session: a connection, TLS on it or not, and the bytes in between.
//
//   tcp -> (tls open) -> plain        what has arrived and is not yet understood
//   out -> (tls seal) -> wire -> tcp  what is to go out

#pragma once

#include "dataplane/base/buf.h"
#include "dataplane/tcp/tcp.h"
#include "dataplane/tls/tls.h"

enum leg_size {
	LEG_PULL = 32 << 10, // bytes taken from tcp beyond what a message needs
	LEG_WIRE_MAX = 128 << 10,
	LEG_SEAL = 48 << 10, // bytes sealed before tcp is asked again
	LEG_SEAL_OVERHEAD = (LEG_SEAL / TLS_RECORD_PLAIN) * TLS_SEAL_OVERHEAD,
	LEG_EXPECT_MAX = 48 << 10,
};

struct leg_io {
	struct tcp_conn *conn; // NULL: not there yet, or given back
	struct tls *tls;       // NULL: in the clear
	struct buf plain;
	struct buf out;
	struct buf wire;
	bool eof;                     // the peer sends no more, and all it sent is in `plain`
	bool finished;                // our FIN is queued
	uint64_t bytes_in, bytes_out; // on the wire
};

// `plain_max` and `out_max` in bytes.
void leg_init(struct leg_io *leg, struct blocks *blocks, size_t plain_max, size_t out_max);
// Give everything back; a connection still there is released. Accepts a zeroed leg.
void leg_fini(struct leg_io *leg);

// Take bytes from tcp until `plain` holds at least `want` and LEG_PULL beyond, or there are no
// more. Returns 0, ERR_TLS, ERR_CERTIFICATE, ERR_LIMIT, ERR_POOL_EMPTY, or the connection's error.
int leg_pull(struct leg_io *leg, size_t want) must_check;

// About `n` bytes will be appended to `out`: make room for them at once (for LEG_EXPECT_MAX of
// them), as growing by doubling would copy each once more. No matter when there is none.
void leg_expect(struct leg_io *leg, size_t n);

// Move `out` towards tcp as far as it takes it. Returns 0, ERR_TLS or ERR_POOL_EMPTY.
int leg_push(struct leg_io *leg) must_check;

// Everything that was put into `out` is tcp's.
bool leg_is_flushed(const struct leg_io *leg);

// Bytes that tcp has not taken yet: when there are any, it will say when it has room. (What it has
// taken it bounds itself, and says nothing about.)
size_t leg_backlog(const struct leg_io *leg);

// Send what is queued, say good-bye behind it (close_notify and FIN), drop what still arrives.
// Returns true when the connection is given back: the peer has said good-bye too, or failed. Until
// then the caller comes back after each event, and calls leg_abandon when it has waited enough: a
// connection with unread bytes that is given back ends in RST, which would take our last words
// along.
bool leg_close(struct leg_io *leg) must_check;
// Our good-bye and all before it has arrived.
bool leg_is_delivered(const struct leg_io *leg);
// Our good-bye is on its way, or there is no connection any more.
bool leg_is_shut(const struct leg_io *leg);
// Give the connection back as it is; what has not arrived is lost (RST).
void leg_abandon(struct leg_io *leg);

// Give idle buffers back.
void leg_trim(struct leg_io *leg);
