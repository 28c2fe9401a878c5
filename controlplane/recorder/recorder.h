// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The thread that drains the workers' record queues into segments on disk.
//
// Group commit: when a record that somebody waits for is there (RECORD_STRICT), everything taken so
// far is synced at once, the audit log first, and each queue's `durable` moves on. Otherwise frames
// are written every `write_ms`, so that a killed process loses at most that much, and synced every
// `sync_ms`. While the disk is full nothing is dropped and nothing moves on: the blocks stay taken
// and the sessions wait.
//
// Usage: audit_open, index_open, recorder_start; the workers run; they stop and flush their queues;
// recorder_stop, index_close, audit_close.

#pragma once

#include "controlplane/audit/audit.h"
#include "controlplane/recorder/index.h"
#include "dataplane/api/record.h"

struct recorder;

enum recorder_limit { RECORDER_QUEUES_MAX = 64 };

struct recorder_config {
	const char *state;            // folder, exists; copied
	uint64_t epoch;               // when this process started, ns since 1970
	struct record_queue **queues; // by worker
	unsigned n_queues;            // at most RECORDER_QUEUES_MAX
	struct audit *audit;
	struct session_index *index;
	uint64_t segment_bytes; // a segment is sealed when it is larger; 0: 64 MiB
	uint32_t segment_s;     // or older; 0: one hour
	uint32_t write_ms;      // 0: 100
	uint32_t sync_ms;       // 0: 1000
};

struct recorder_stats {                  // all count up, but `waiting` and `healthy`
	uint64_t blocks, records, bytes; // taken from the workers
	uint64_t frames, segments, torn_segments;
	uint64_t syncs, strict_syncs, sync_ns; // sync_ns: time spent in them
	uint64_t failures, index_failures;
	uint64_t waiting; // bytes that are not on disk yet
	bool healthy;     // the last attempt to write succeeded
};

// Seal what the last process left behind, bring the index up to date and start the thread.
// Everything in `config` is borrowed until recorder_stop, the struct itself is copied. Out: *out,
// ended with recorder_stop. Returns 0, -EINVAL, -errno of the files, ERR_LIMIT when the audit log
// cannot be written.
int recorder_start(const struct recorder_config *config, struct recorder **out) must_check;

// Drain what is queued, seal the segment, end the thread. A disk that takes nothing is waited for 5
// seconds, then what is left is given up, and logged. Accepts NULL.
void recorder_stop(struct recorder *recorder);

// From any thread.
void recorder_stats_get(const struct recorder *recorder, struct recorder_stats *out);
