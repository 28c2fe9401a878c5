// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// net_ring as a NIC with several queues and receive-side scaling, for no driver of DPDK that needs
// no hardware has that. The linker puts what is here before ethdev's own functions: the port tells
// of a key, of functions and of a table, and toeplitz_deliver is its hardware. The hash is DPDK's
// rte_softrss, not ours.
//
// A port's rings lead back to itself, so everything sent is to be taken off with toeplitz_sent
// before something is delivered.

#pragma once

#include "dataplane/nic/nic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What kind of NIC it is. Set before nic_new.
struct toeplitz {
	bool hashes;         // else plain net_ring, and frames come to queues at random
	bool ports_unhashed; // it hashes addresses only, and says otherwise
	bool lies;           // the key that it shows is not the one that it uses
	bool shows_no_hash;  // steers by it and keeps it to itself
	bool moved;          // another device is below, with a key of its own
	uint16_t queues_max; // 0: as many as net_ring has
	const char *driver;  // what it calls itself; NULL: net_ring
};
extern struct toeplitz toeplitz;

enum { TOEPLITZ_FRAME_MAX = 10000 };

// The queue for a frame of `n` bytes, by port and configuration.
uint16_t toeplitz_queue(uint16_t port, const uint8_t *frame, size_t n);
// A device below has come or gone: what netvsc hears of it.
void toeplitz_event(void);
// Put a frame into its queue. False when its ring or the pool is full.
bool toeplitz_deliver(struct nic *nic, uint16_t port, const uint8_t *frame, size_t n);
// Take off the next frame that was sent on a queue. Returns its length, 0 when there is none.
size_t toeplitz_sent(uint16_t port, uint16_t queue, uint8_t frame[static TOEPLITZ_FRAME_MAX]);
