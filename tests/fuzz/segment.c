// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A segment file that anybody may have written: it is read to its end, record by record. The hashes
// in it are made good first where that is asked for, or nothing behind the first would be reached.

#include "controlplane/recorder/format.h"
#include "controlplane/recorder/join.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void make_good(uint8_t *bytes, size_t size)
{
	struct digest hash;
	struct span head = span_of(bytes, SEGMENT_HEADER_SIZE);
	size_t at = SEGMENT_HEADER_SIZE;

	if (size < at || digest_of(&head, 1, &hash) != 0)
		return;
	while (size - at >= SEGMENT_FRAME_HEADER_SIZE) {
		uint8_t *frame = bytes + at;
		size_t n = be32(frame + 8);
		if (n > size - at - SEGMENT_FRAME_HEADER_SIZE)
			return;
		struct span packed = span_of(frame + SEGMENT_FRAME_HEADER_SIZE, n);
		if (segment_frame_hash(&hash, frame, packed, &hash) != 0)
			return;
		memcpy(frame + SEGMENT_FRAME_HASHED, hash.b, DIGEST_SIZE);
		at += SEGMENT_FRAME_HEADER_SIZE + n;
	}
}

static void read_all(struct segment_reader *reader, struct join *join)
{
	struct segment_record record;
	struct span raw, whole;
	size_t bytes = 0;

	while (segment_next(reader, &raw) == SEGMENT_FRAME && bytes < (8 << 20)) {
		struct cursor c = cursor_of(raw);
		while (cursor_left(&c) > 0 && segment_record_get(&c, &record) == 0) {
			bytes += record.data.n;
			if (join_add(join, &record, &whole))
				bytes += whole.n;
		}
		bytes += raw.n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct segment_reader *reader;
	struct join join;

	if (size < 1)
		return 0;
	uint8_t *bytes = malloc(size);
	if (bytes == NULL)
		return 0;
	memcpy(bytes, data + 1, size - 1);
	if ((data[0] & 1) != 0)
		make_good(bytes, size - 1);
	int fd = memfd_create("segment", MFD_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, bytes, size - 1);
	free(bytes);
	if (n < 0) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	join_init(&join, 1 << 16);
	if (segment_open_fd(fd, &reader) == 0) {
		read_all(reader, &join);
		segment_reader_free(reader);
	}
	join_fini(&join);
	return 0;
}
