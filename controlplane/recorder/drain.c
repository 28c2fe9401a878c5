// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// From the workers' blocks to the raw bytes of a frame.

#include "controlplane/recorder/json.h"
#include "controlplane/recorder/state.h"

#include <assert.h>
#include <unistd.h>

enum {
	AUDIT_RETRY_US = 10000,
	// What a block takes at most: its records' headers are longer in a segment.
	BLOCK_RAW_MAX = RECORD_BLOCK_SIZE / sizeof(struct record) * SEGMENT_RECORD_HEADER_SIZE,
};
static_assert(SEGMENT_RECORD_HEADER_SIZE >= sizeof(struct record), "BLOCK_RAW_MAX is the most");

// What is held is not refused yet: its request is in the audit log, and so is what becomes of it.
static bool is_refusal(const json_t *verdict)
{
	const char *action = json_string_value(json_object_get(verdict, "action"));

	return action == NULL || (strcmp(action, "forward") != 0 &&
				  strcmp(action, "rewrite") != 0 && strcmp(action, "hold") != 0);
}

// What the audit log and the index want of a whole message.
static void observe(
	struct recorder *recorder, const struct segment_record *record, struct span data
)
{
	char name[SESSION_NAME_SIZE];
	int ret;

	if (record->type == RECORD_OPEN || record->type == RECORD_CLOSE) {
		if (index_record(recorder->config.index, &recorder->header, record, data) != 0)
			recorder_count(&recorder->stats.index_failures, 1);
		return;
	}
	if (record->type != RECORD_VERDICT)
		return;
	json_t *verdict = json_of_record(data);
	if (is_refusal(verdict)) {
		segment_session_name(recorder->config.epoch, record->session, name);
		// Never dropped: the disk that is full here is the one the segment is on.
		while ((ret = audit_command_refused(recorder->config.audit, name, verdict)) != 0) {
			recorder_failed(recorder, "the audit log", ret);
			(void)!audit_sync(recorder->config.audit);
			usleep(AUDIT_RETRY_US);
			if (atomic_load(&recorder->stop))
				break;
		}
	}
	json_decref(verdict);
}

static bool is_json(uint8_t type)
{
	return type == RECORD_OPEN || type == RECORD_VERDICT || type == RECORD_CLOSE;
}

static void block_take(struct recorder *recorder, unsigned worker, const struct record_block *block)
{
	struct drain *drain = &recorder->drains[worker];
	uint32_t at = 0;

	while (block->used - at >= sizeof(struct record)) {
		struct record head;
		struct span whole;
		memcpy(&head, block->data + at, sizeof(head));
		at += (uint32_t)sizeof(head);
		assert(head.len <= block->used - at);
		struct segment_record record = {
			.type = head.type,
			.message = head.message,
			.flags = head.flags,
			.worker = (uint16_t)worker,
			.session = head.session,
			.time_ns = head.time_ns,
			.sequence = head.sequence,
			.data = span_of(block->data + at, head.len),
		};
		at += head.len;
		int ret = segment_record_put(&recorder->raw, &record);
		assert(ret == 0); // recorder_take looked for room, recorder_start reserved it
		(void)ret;
		if (is_json(head.type) && join_add(&drain->join, &record, &whole))
			observe(recorder, &record, whole);
		drain->taken = head.sequence;
		recorder_count(&recorder->stats.records, 1);
	}
	recorder->strict = recorder->strict || block->strict;
	recorder_count(&recorder->stats.blocks, 1);
	recorder_count(&recorder->stats.bytes, block->used);
}

unsigned recorder_take(struct recorder *recorder)
{
	struct record_block *block;
	unsigned taken = 0;
	bool more = true;

	if (recorder->sealing != SEAL_NONE)
		return 0;
	while (more) {
		more = false;
		for (unsigned i = 0; i < recorder->config.n_queues; i++) {
			if (SEGMENT_RAW_MAX - buf_len(&recorder->raw) < BLOCK_RAW_MAX)
				return taken;
			if (!ring_pop(&recorder->drains[i].queue->full, &block))
				continue;
			if (buf_len(&recorder->raw) == 0)
				recorder->raw_since_ns = recorder_now_ns();
			block_take(recorder, i, block);
			(void)ring_push(&recorder->drains[i].queue->empty, &block);
			more = true;
			taken++;
		}
	}
	return taken;
}
