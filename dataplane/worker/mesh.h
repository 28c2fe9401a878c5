// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Worker to worker: one ring for each ordered pair, so that no ring has two writers.

#pragma once

#include "dataplane/api/ring.h"
#include "dataplane/base/pkt.h"
#include "dataplane/ip/ip.h"

#include <assert.h>

enum mesh_type {
	MESH_SEGMENT,   // a TCP segment that another worker owns, as ip_input left it
	MESH_FRAME,     // a frame for the neighbour owner
	MESH_TRANSMIT,  // a finished frame for a port on which the sender has no queue
	MESH_NEIGHBOUR, // learnt by the owner
	MESH_RESOLVE,   // wanted by a replica
	MESH_TCP_ERROR, // an ICMP error about another worker's connection
	MESH_CANCEL,    // a CancelRequest for another worker's session
};

// The packets in here have one reference and no borrowed payload: reference counts are not atomic,
// and the receiver takes over all there is.
struct mesh_msg {
	enum mesh_type type;
	struct pkt *pkt;
	union {
		struct ip_segment segment;
		struct neighbour neighbour;
		struct {
			uint8_t port;
			struct ip_addr addr;
		} resolve;
		struct {
			struct endpoint local, remote;
			uint32_t seq;
			uint8_t type, code;
			uint16_t mtu;
		} error;
		struct {
			uint32_t pid, secret;
		} cancel;
	};
};
static_assert(sizeof(struct mesh_msg) <= 64); // a cache line

// A burst of every port fits; with many workers, whose rings are many more, a shorter one must do.
enum mesh_size { MESH_RING = 2048, MESH_RING_MANY = 512, MESH_MANY = 8 };

struct mesh {
	uint16_t n_workers;
	struct ring *rings; // by receiver, then sender
};

// Returns 0 or -ENOMEM. Free with mesh_fini.
int mesh_init(struct mesh *mesh, uint16_t n_workers) must_check;
// Puts the packets that are still in it. Accepts a half-built one.
void mesh_fini(struct mesh *mesh);

// False when the ring is full; the message stays the caller's.
static inline bool mesh_push(
	struct mesh *mesh, uint16_t from, uint16_t to, const struct mesh_msg *msg
)
{
	return ring_push(&mesh->rings[to * mesh->n_workers + from], msg);
}

static inline bool mesh_pop(struct mesh *mesh, uint16_t from, uint16_t to, struct mesh_msg *msg)
{
	return ring_pop(&mesh->rings[to * mesh->n_workers + from], msg);
}
