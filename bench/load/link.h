// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One end of a connection, TLS on it or not, over our own TCP or over a socket of the kernel: what
// agents and backends do is the same, whatever stands between them.

#pragma once

#include "dataplane/base/buf.h"
#include "dataplane/tcp/tcp.h"
#include "dataplane/tls/tls.h"

enum link_size {
	LINK_PULL = 128 << 10, // plaintext taken at once
	LINK_SEAL = 48 << 10,  // plaintext sealed before TCP is asked again
	LINK_WIRE = 128 << 10,
};

struct link {
	struct tcp_conn *conn; // NULL: a socket
	int fd;
	struct tls *tls; // NULL: in the clear
	struct buf in;   // wire bytes that TLS has not taken yet; sockets only
	struct buf plain;
	struct buf wire;  // wire bytes that TCP has not taken yet
	struct span rest; // of what is being sent
	bool eof;
	uint64_t received, sent; // plaintext
	// Something has come, or there is room again. False: the link is over, and its owner has
	// closed it.
	bool (*turn)(struct link *link);
};

// An open connection of our own TCP, or a connected, non-blocking socket.
void link_init_own(struct link *link, struct blocks *blocks, struct tcp_conn *conn);
void link_init_socket(struct link *link, struct blocks *blocks, int fd);
// Give everything back; our FIN goes out behind what was sent, or with `abort` RST.
void link_fini(struct link *link, bool abort);

// Take what has come, and has room, into `plain`: who uses all of that pulls again, until nothing
// comes (`received` tells). False when the connection or TLS has failed; `eof` when the peer
// sends no more.
bool link_pull(struct link *link) must_check;
// Send `bytes`, which stay as they are until link_is_idle. Call only when it is.
bool link_send(struct link *link, struct span bytes) must_check;
// Go on with what was to be sent. False when the connection or TLS has failed.
bool link_push(struct link *link) must_check;

// Give empty buffers back.
void link_trim(struct link *link);

static inline bool link_is_idle(const struct link *link)
{
	return link->rest.n == 0 && buf_len(&link->wire) == 0;
}
