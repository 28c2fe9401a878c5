// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the recorder's files share. Only its thread touches it, but for `stats` and `stop`.

#pragma once

#include "controlplane/recorder/join.h"
#include "controlplane/recorder/recorder.h"
#include "dataplane/base/log.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
	RECORDER_JSON_MAX = 256 << 10,
	RECORDER_PENDING_MAX = 4 << 20, // bytes that wait for a sync before one is due
};

struct drain {
	struct record_queue *queue;
	uint64_t taken;   // sequence of the last record in `raw` or in the segment
	struct join join; // of its JSON messages
};

enum seal_stage { SEAL_NONE, SEAL_LOGGED, SEAL_PUT };

struct recorder {
	struct recorder_config config;
	char *state; // config.state, kept: a reload frees the caller's
	pthread_t thread;
	_Atomic bool stop;
	struct drain drains[RECORDER_QUEUES_MAX];
	struct buf raw;        // records of the next frame
	uint64_t raw_since_ns; // when its first record came
	uint64_t last_sync_ns;
	bool strict;                    // somebody waits
	struct segment_writer *segment; // NULL: made with the next frame
	struct segment_header header;   // of the segment, or of the next one
	uint64_t segment_since_ns;
	uint64_t segment_index_failures; // stats.index_failures when it began
	enum seal_stage sealing;
	struct log_limit limit;
	struct recorder_stats stats; // thread: rw, others: ro
};

static inline void recorder_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

// Whether it can write, for the statistics and for the workers.
void recorder_set_healthy(struct recorder *recorder, bool healthy);
// Count and log a failed write; `what` says of what.
void recorder_failed(struct recorder *recorder, const char *what, int ret);

uint64_t recorder_now_ns(void);  // monotonic
uint64_t recorder_wall_ns(void); // since 1970

// Take blocks from all queues until the frame is full or nothing is left. Returns how many.
unsigned recorder_take(struct recorder *recorder);

// Put what is in `raw` into the segment, making one if there is none. False: it did not fit, or the
// disk failed; try again.
bool recorder_put(struct recorder *recorder);
// Make everything taken durable. False: try again.
bool recorder_commit(struct recorder *recorder);
// Seal the segment and close it. False: try again.
bool recorder_seal(struct recorder *recorder);

// Seal what the last process left; continue its numbers and its chain in recorder->header; bring
// the index up to date. Returns 0 or an error of recorder_start.
int recorder_recover(struct recorder *recorder) must_check;
