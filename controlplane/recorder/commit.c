// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// From raw bytes to the disk: frames, group commit, the seal.

#include "controlplane/recorder/state.h"

#include <errno.h>

static bool segment_begin(struct recorder *recorder)
{
	recorder->header.created_ns = recorder_wall_ns();
	int ret = segment_create(recorder->config.state, &recorder->header, &recorder->segment);
	if (ret == -EEXIST) // of a number that recovery did not see: never touch it
		recorder->header.seq++;
	if (ret != 0) {
		recorder_failed(recorder, "a new segment", ret);
		return false;
	}
	recorder->segment_since_ns = recorder_now_ns();
	recorder->segment_index_failures = recorder->stats.index_failures;
	recorder_count(&recorder->stats.segments, 1);
	return true;
}

bool recorder_put(struct recorder *recorder)
{
	if (buf_len(&recorder->raw) == 0)
		return true;
	if (recorder->segment == NULL && !segment_begin(recorder))
		return false;
	int ret = segment_put(recorder->segment, buf_span(&recorder->raw));
	if (ret != 0) {
		// Too much waits for the disk: what fails is the disk.
		int written = segment_sync(recorder->segment);
		if (written != 0)
			recorder_failed(recorder, "a segment", written);
		return false;
	}
	buf_consume(&recorder->raw, buf_len(&recorder->raw));
	recorder_count(&recorder->stats.frames, 1);
	ret = segment_write(recorder->segment);
	if (ret != 0)
		recorder_failed(recorder, "a segment", ret);
	return ret == 0;
}

static void publish(struct recorder *recorder)
{
	for (unsigned i = 0; i < recorder->config.n_queues; i++) {
		struct drain *drain = &recorder->drains[i];
		__atomic_store_n(&drain->queue->durable, drain->taken, __ATOMIC_RELEASE);
	}
}

bool recorder_commit(struct recorder *recorder)
{
	uint64_t started = recorder_now_ns();
	bool any = buf_len(&recorder->raw) > 0 ||
		   (recorder->segment != NULL && segment_writer_waiting(recorder->segment) > 0);

	if (!recorder_put(recorder))
		return false;
	// The audit log first: a command that may leave has its refused neighbours in the log.
	int ret = audit_sync(recorder->config.audit);
	if (ret != 0) {
		recorder_failed(recorder, "the audit log", ret);
		return false;
	}
	ret = recorder->segment == NULL ? 0 : segment_sync(recorder->segment);
	if (ret != 0) {
		recorder_failed(recorder, "a segment", ret);
		return false;
	}
	publish(recorder);
	uint64_t now = recorder_now_ns();
	if (any) {
		recorder_count(&recorder->stats.syncs, 1);
		recorder_count(&recorder->stats.strict_syncs, recorder->strict);
		recorder_count(&recorder->stats.sync_ns, now - started);
	}
	recorder_set_healthy(recorder, true);
	recorder->strict = false;
	if (now - recorder->last_sync_ns >= (uint64_t)recorder->config.sync_ms * 1000000) {
		if (index_commit(recorder->config.index) != 0)
			recorder_count(&recorder->stats.index_failures, 1);
		recorder->last_sync_ns = now;
	}
	return true;
}

// Everything in the segment is on disk, then the audit log names its hash, then the seal is put:
// whatever is cut short by a crash is done again in the same way at the next start.
bool recorder_seal(struct recorder *recorder)
{
	struct segment_writer *segment = recorder->segment;
	const char *what = "a segment";
	int ret = 0;

	if (!recorder_commit(recorder))
		return false;
	struct digest hash = segment_writer_hash(segment);
	if (recorder->sealing == SEAL_NONE) {
		what = "the audit log";
		ret = audit_segment_sealed(
			recorder->config.audit, segment_writer_name(segment), &hash,
			segment_writer_frames(segment), segment_writer_size(segment), 0
		);
		if (ret == 0)
			recorder->sealing = SEAL_LOGGED;
	}
	if (ret == 0)
		ret = audit_sync(recorder->config.audit);
	if (ret == 0 && recorder->sealing == SEAL_LOGGED) {
		what = "a segment";
		ret = segment_seal(segment);
		if (ret == 0)
			recorder->sealing = SEAL_PUT;
	}
	if (ret == 0)
		ret = segment_sync(segment);
	if (ret != 0) {
		recorder_failed(recorder, what, ret);
		return false;
	}
	// What the index missed, the next start takes from the segment.
	if (recorder->segment_index_failures == recorder->stats.index_failures &&
	    (index_segment_done(recorder->config.index, recorder->header.seq) != 0 ||
	     index_commit(recorder->config.index) != 0))
		recorder_count(&recorder->stats.index_failures, 1);
	segment_writer_free(segment);
	recorder->segment = NULL;
	recorder->sealing = SEAL_NONE;
	recorder->header.seq++;
	recorder->header.previous = hash;
	return true;
}
