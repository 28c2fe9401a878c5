// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/recorder/segment.h"

#include "controlplane/recorder/format.h"
#include "dataplane/base/hash.h"

#include <errno.h>
#include <stdio.h>

const char *segment_session_name(uint64_t epoch, session_id id, char out[static SESSION_NAME_SIZE])
{
	// Not a secret: the hash only spreads (epoch, id) over 64 bits.
	struct hash_key key = {{epoch, 0}};
	uint8_t bytes[8];

	put_be64(bytes, id);
	snprintf(
		out, SESSION_NAME_SIZE, "%016llx",
		(unsigned long long)hash_keyed(&key, bytes, sizeof(bytes))
	);
	return out;
}

int segment_record_put(struct buf *raw, const struct segment_record *record)
{
	int ret = buf_reserve(raw, SEGMENT_RECORD_HEADER_SIZE + record->data.n);
	if (ret != 0)
		return ret;
	uint8_t *p = buf_tail(raw);
	put_be32(p, (uint32_t)record->data.n);
	p[4] = record->type;
	p[5] = record->message;
	put_be16(p + 6, record->flags);
	put_be16(p + 8, record->worker);
	put_be16(p + 10, 0);
	put_be64(p + 12, record->session);
	put_be64(p + 20, record->time_ns);
	put_be64(p + 28, record->sequence);
	if (record->data.n > 0)
		memcpy(p + SEGMENT_RECORD_HEADER_SIZE, record->data.p, record->data.n);
	buf_commit(raw, SEGMENT_RECORD_HEADER_SIZE + record->data.n);
	return 0;
}

int segment_record_get(struct cursor *raw, struct segment_record *record)
{
	struct segment_record r = {0};
	uint32_t n = cursor_be32(raw);

	r.type = cursor_u8(raw);
	r.message = cursor_u8(raw);
	r.flags = cursor_be16(raw);
	r.worker = cursor_be16(raw);
	(void)cursor_be16(raw);
	r.session = cursor_be64(raw);
	r.time_ns = cursor_be64(raw);
	r.sequence = cursor_be64(raw);
	r.data = cursor_bytes(raw, n);
	if (raw->bad)
		return ERR_TRUNCATED;
	*record = r;
	return 0;
}

int segment_path(const char *state, const char *name, char out[static SEGMENT_PATH_MAX])
{
	int n = snprintf(out, SEGMENT_PATH_MAX, "%s/%s", state, name);

	return n < 0 || n >= SEGMENT_PATH_MAX ? -ENAMETOOLONG : 0;
}

const char *segment_step_text(enum segment_step step)
{
	switch (step) {
	case SEGMENT_FRAME:
		return "is whole so far";
	case SEGMENT_END:
		return "is whole and not sealed";
	case SEGMENT_SEALED:
		return "is whole and sealed";
	case SEGMENT_TORN:
		return "ends inside a frame";
	case SEGMENT_DAMAGED:
		return "has been changed or damaged";
	case SEGMENT_FAILED:
		return "cannot be read";
	}
	return "is unknown";
}
