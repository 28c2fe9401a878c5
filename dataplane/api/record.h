// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a worker records, on its way to controlplane/recorder: blocks from a fixed set, filled by
// the worker, drained by the recorder, given back. No block free: the session waits; nothing is
// dropped.
//
// A block holds records one behind the other: struct record, then `len` bytes. Integers are in host
// order: the recorder translates.

#pragma once

#include "dataplane/api/event.h"
#include "dataplane/api/ring.h"

enum record_size { RECORD_BLOCK_SIZE = 64 << 10, RECORD_DATA_MAX = 60 << 10 };

enum record_type {
	RECORD_OPEN = 1, // JSON: subject, links, scope, resource, client, rule, policy version
	RECORD_COMMAND,  // the statement, with parameters; secrets masked
	RECORD_VERDICT,  // JSON: action, reason, rule, effects
	RECORD_ANSWER,   // masked values, as re-encoded to the client
	RECORD_CLOSE,    // JSON: reason, counters
};

struct record {
	uint32_t len;    // bytes behind this header
	uint8_t type;    // enum record_type
	uint8_t message; // the protocol's message type byte, where there is one
	uint16_t flags;
	session_id session;
	uint64_t time_ns;  // since 1970
	uint64_t sequence; // per worker, from 1: what RECORD_STRICT waits for
};

enum record_flag {
	RECORD_CONTINUES = 1 << 0, // more of the same message follows in the next record
	RECORD_IS_STRICT = 1 << 1, // somebody waits for it: sync soon
};

struct record_block {
	uint32_t used;
	bool strict; // holds a record that somebody waits for
	uint8_t data[RECORD_BLOCK_SIZE];
};

// One per worker.
struct record_queue {
	struct ring full;             // worker to recorder: struct record_block *
	struct ring empty;            // recorder to worker
	struct record_block *current; // worker only; NULL: none
	uint64_t sequence;            // worker only: of the last record written
	uint64_t waits; // worker: rw, control: ro. Times a session had to wait for a block
	uint64_t durable
		__attribute__((aligned(64)));      // recorder: rw, worker: ro. Synced up to here
	bool failing __attribute__((aligned(64))); // recorder: rw, worker: ro. It cannot write
	struct record_block *blocks;
	uint32_t n_blocks;
};

// `n_blocks` is a power of two. Returns 0 or -ENOMEM. Free with record_queue_fini.
int record_queue_init(struct record_queue *queue, uint32_t n_blocks) must_check;
void record_queue_fini(struct record_queue *queue);

// Worker: is there room for `bytes` of data in `n` records? Ask before consuming what must be
// recorded.
bool record_has_room(struct record_queue *queue, size_t bytes, unsigned n);
// Worker: write one message as one or several records. Only after record_has_room. Returns the
// sequence to wait for (record_is_durable).
uint64_t record_write(
	struct record_queue *queue, enum record_type type, uint8_t message, session_id session,
	uint64_t time_ns, bool strict, struct span data
);
// Worker: hand the current block over if anything is in it. Call once per loop.
void record_flush(struct record_queue *queue);

// The recorder cannot write what it is given: the disk is full, say.
static inline bool record_is_failing(const struct record_queue *queue)
{
	return __atomic_load_n(&queue->failing, __ATOMIC_RELAXED);
}

static inline bool record_is_durable(const struct record_queue *queue, uint64_t sequence)
{
	return __atomic_load_n(&queue->durable, __ATOMIC_ACQUIRE) >= sequence;
}
