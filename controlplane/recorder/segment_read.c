// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/recorder/format.h"
#include "controlplane/recorder/segment.h"

#include <zstd.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct segment_reader {
	int fd;
	enum segment_step last; // SEGMENT_FRAME until a final result
	struct segment_header header;
	uint64_t offset, frames;
	struct digest hash;
	ZSTD_DCtx *zstd;
	uint8_t packed[SEGMENT_PACKED_MAX];
	uint8_t raw[SEGMENT_RAW_MAX];
};

// As many bytes from `at` on as there are, up to `n`; or -errno.
static ssize_t read_at(int fd, uint8_t *to, size_t n, uint64_t at)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = pread(fd, to + got, n - got, (off_t)(at + got));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

static int header_read(struct segment_reader *reader)
{
	uint8_t head[SEGMENT_HEADER_SIZE];
	ssize_t n = read_at(reader->fd, head, sizeof(head), 0);
	if (n < 0)
		return (int)n;
	struct cursor c = cursor_of(span_of(head, (size_t)n));
	struct span magic = cursor_bytes(&c, 8);
	uint32_t version = cursor_be32(&c);
	(void)cursor_be32(&c);
	reader->header.epoch = cursor_be64(&c);
	reader->header.seq = cursor_be64(&c);
	reader->header.created_ns = cursor_be64(&c);
	struct span previous = cursor_bytes(&c, DIGEST_SIZE);
	if (!cursor_done(&c))
		return ERR_TRUNCATED;
	if (!span_equal(magic, SPAN_LIT(SEGMENT_MAGIC)))
		return ERR_MALFORMED;
	if (version != SEGMENT_VERSION)
		return ERR_UNSUPPORTED;
	memcpy(reader->header.previous.b, previous.p, DIGEST_SIZE);
	reader->offset = sizeof(head);
	struct span piece = span_of(head, sizeof(head));
	return digest_of(&piece, 1, &reader->hash);
}

int segment_open_fd(int fd, struct segment_reader **out)
{
	struct segment_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL) {
		close(fd);
		return -ENOMEM;
	}
	reader->fd = fd;
	reader->last = SEGMENT_FRAME;
	reader->zstd = ZSTD_createDCtx();
	int ret = reader->zstd == NULL ? -ENOMEM : header_read(reader);
	if (ret != 0) {
		segment_reader_free(reader);
		return ret;
	}
	*out = reader;
	return 0;
}

int segment_open(const char *path, struct segment_reader **out)
{
	// O_NONBLOCK: a fifo put in the place of a segment must not hang us.
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	return segment_open_fd(fd, out);
}

struct frame_head {
	enum segment_kind kind;
	uint32_t n, raw;
	struct digest hash;
};

static bool frame_head_parse(struct span bytes, struct frame_head *head)
{
	struct cursor c = cursor_of(bytes);
	uint32_t magic = cursor_be32(&c);
	uint16_t version = cursor_be16(&c);

	head->kind = cursor_be16(&c);
	head->n = cursor_be32(&c);
	head->raw = cursor_be32(&c);
	struct span hash = cursor_bytes(&c, DIGEST_SIZE);
	if (!cursor_done(&c) || magic != SEGMENT_FRAME_MAGIC || version != SEGMENT_VERSION)
		return false;
	memcpy(head->hash.b, hash.p, DIGEST_SIZE);
	if (head->kind == SEGMENT_KIND_SEAL)
		return head->n == 0 && head->raw == 0;
	return head->kind == SEGMENT_KIND_DATA && head->n <= SEGMENT_PACKED_MAX &&
	       head->raw <= SEGMENT_RAW_MAX;
}

static enum segment_step unpack(struct segment_reader *reader, size_t n, size_t raw)
{
	size_t got = ZSTD_decompressDCtx(
		reader->zstd, reader->raw, sizeof(reader->raw), reader->packed, n
	);

	return ZSTD_isError(got) || got != raw ? SEGMENT_DAMAGED : SEGMENT_FRAME;
}

static enum segment_step frame_read(struct segment_reader *reader, struct span *raw)
{
	uint8_t bytes[SEGMENT_FRAME_HEADER_SIZE];
	struct frame_head head;
	struct digest hash;

	ssize_t n = read_at(reader->fd, bytes, sizeof(bytes), reader->offset);
	if (n < 0)
		return SEGMENT_FAILED;
	if (n == 0)
		return SEGMENT_END;
	if ((size_t)n < sizeof(bytes))
		return SEGMENT_TORN;
	if (!frame_head_parse(span_of(bytes, sizeof(bytes)), &head))
		return SEGMENT_DAMAGED;
	uint64_t at = reader->offset + sizeof(bytes);
	// One byte more than the seal has: nothing may follow it.
	size_t want = head.kind == SEGMENT_KIND_SEAL ? 1 : head.n;
	n = read_at(reader->fd, reader->packed, want, at);
	if (n < 0)
		return SEGMENT_FAILED;
	if (head.kind == SEGMENT_KIND_SEAL && n > 0)
		return SEGMENT_DAMAGED;
	if (head.kind == SEGMENT_KIND_DATA && (size_t)n < want)
		return SEGMENT_TORN;
	struct span packed = span_of(reader->packed, head.n);
	if (segment_frame_hash(&reader->hash, bytes, packed, &hash) != 0)
		return SEGMENT_FAILED;
	if (!digest_equal(&hash, &head.hash))
		return SEGMENT_DAMAGED;
	if (head.kind == SEGMENT_KIND_SEAL)
		return SEGMENT_SEALED;
	enum segment_step step = unpack(reader, head.n, head.raw);
	if (step != SEGMENT_FRAME)
		return step;
	reader->hash = hash;
	reader->frames++;
	reader->offset = at + head.n;
	*raw = span_of(reader->raw, head.raw);
	return SEGMENT_FRAME;
}

enum segment_step segment_next(struct segment_reader *reader, struct span *raw)
{
	if (reader->last == SEGMENT_FRAME)
		reader->last = frame_read(reader, raw);
	return reader->last;
}

void segment_reader_free(struct segment_reader *reader)
{
	if (reader == NULL)
		return;
	close(reader->fd);
	ZSTD_freeDCtx(reader->zstd);
	free(reader);
}

const struct segment_header *segment_reader_header(const struct segment_reader *reader)
{
	return &reader->header;
}

uint64_t segment_reader_offset(const struct segment_reader *reader)
{
	return reader->offset;
}

uint64_t segment_reader_frames(const struct segment_reader *reader)
{
	return reader->frames;
}

struct digest segment_reader_hash(const struct segment_reader *reader)
{
	return reader->hash;
}
