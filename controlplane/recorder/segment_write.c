// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/recorder/format.h"
#include "controlplane/recorder/segment.h"
#include "controlplane/recorder/spool.h"

#include <zstd.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ZSTD_LEVEL = 1 }; // the recorder must keep up with the workers; statements compress anyway

struct segment_writer {
	struct spool spool;
	char name[64];
	uint64_t frames;
	struct digest hash;
	ZSTD_CCtx *zstd;
	uint8_t packed[SEGMENT_FRAME_HEADER_SIZE + SEGMENT_PACKED_MAX];
};

static_assert(
	ZSTD_COMPRESSBOUND(SEGMENT_RAW_MAX) <= SEGMENT_PACKED_MAX, "the worst frame fits its buffer"
);

static struct segment_writer *writer_new(void)
{
	struct segment_writer *writer = calloc(1, sizeof(*writer));

	if (writer != NULL)
		writer->zstd = ZSTD_createCCtx();
	if (writer == NULL || writer->zstd == NULL) {
		free(writer);
		return NULL;
	}
	ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	return writer;
}

static int folder_make(const char *path)
{
	if (mkdir(path, 0700) == 0)
		return spool_sync_folder(path);
	return errno == EEXIST ? 0 : -errno;
}

// Make the folders of the day, and the name of the segment in it.
static int name_make(
	const char *state, const struct segment_header *header, char name[static 64],
	char path[static SEGMENT_PATH_MAX]
)
{
	time_t created = (time_t)(header->created_ns / 1000000000);
	char day[16];
	struct tm tm;

	gmtime_r(&created, &tm);
	strftime(day, sizeof(day), "%Y%m%d", &tm);
	int ret = segment_path(state, "recordings", path);
	if (ret == 0)
		ret = folder_make(path);
	snprintf(name, 64, "recordings/%s", day);
	if (ret == 0)
		ret = segment_path(state, name, path);
	if (ret == 0)
		ret = folder_make(path);
	snprintf(name, 64, "recordings/%s/%08llu.seg", day, (unsigned long long)header->seq);
	return ret != 0 ? ret : segment_path(state, name, path);
}

static int header_put(struct segment_writer *writer, const struct segment_header *header)
{
	uint8_t head[SEGMENT_HEADER_SIZE] = SEGMENT_MAGIC;

	put_be32(head + 8, SEGMENT_VERSION);
	put_be64(head + 16, header->epoch);
	put_be64(head + 24, header->seq);
	put_be64(head + 32, header->created_ns);
	memcpy(head + 40, header->previous.b, DIGEST_SIZE);
	struct span piece = span_of(head, sizeof(head));
	int ret = digest_of(&piece, 1, &writer->hash);
	return ret != 0 ? ret : spool_append(&writer->spool, piece);
}

int segment_create(
	const char *state, const struct segment_header *header, struct segment_writer **out
)
{
	char path[SEGMENT_PATH_MAX];
	struct segment_writer *writer = writer_new();
	if (writer == NULL)
		return -ENOMEM;

	int ret = name_make(state, header, writer->name, path);
	if (ret == 0 && access(path, F_OK) == 0)
		ret = -EEXIST;
	if (ret == 0)
		ret = spool_open(&writer->spool, path, 0);
	if (ret == 0)
		ret = header_put(writer, header);
	if (ret != 0) {
		segment_writer_free(writer);
		return ret;
	}
	*out = writer;
	return 0;
}

int segment_continue(
	const char *state, const char *name, const struct segment_reader *reader,
	struct segment_writer **out
)
{
	char path[SEGMENT_PATH_MAX];
	struct segment_writer *writer = writer_new();
	if (writer == NULL)
		return -ENOMEM;

	snprintf(writer->name, sizeof(writer->name), "%s", name);
	writer->frames = segment_reader_frames(reader);
	writer->hash = segment_reader_hash(reader);
	int ret = segment_path(state, name, path);
	if (ret == 0)
		ret = spool_open(&writer->spool, path, segment_reader_offset(reader));
	if (ret != 0) {
		segment_writer_free(writer);
		return ret;
	}
	*out = writer;
	return 0;
}

// Append the frame whose `n` compressed bytes lie in writer->packed.
static int frame_put(
	struct segment_writer *writer, enum segment_kind kind, size_t n, size_t raw, bool counts
)
{
	uint8_t *head = writer->packed;
	struct digest hash;

	put_be32(head, SEGMENT_FRAME_MAGIC);
	put_be16(head + 4, SEGMENT_VERSION);
	put_be16(head + 6, (uint16_t)kind);
	put_be32(head + 8, (uint32_t)n);
	put_be32(head + 12, (uint32_t)raw);
	struct span packed = span_of(head + SEGMENT_FRAME_HEADER_SIZE, n);
	int ret = segment_frame_hash(&writer->hash, head, packed, &hash);
	if (ret != 0)
		return ret;
	memcpy(head + SEGMENT_FRAME_HASHED, hash.b, DIGEST_SIZE);
	ret = spool_append(&writer->spool, span_of(head, SEGMENT_FRAME_HEADER_SIZE + n));
	if (ret != 0 || !counts)
		return ret;
	writer->hash = hash;
	writer->frames++;
	return 0;
}

int segment_put(struct segment_writer *writer, struct span raw)
{
	uint8_t *to = writer->packed + SEGMENT_FRAME_HEADER_SIZE;

	if (raw.n > SEGMENT_RAW_MAX)
		return ERR_LIMIT;
	size_t n = ZSTD_compress2(writer->zstd, to, SEGMENT_PACKED_MAX, raw.p, raw.n);
	if (ZSTD_isError(n))
		return -ENOMEM; // the output always fits: nothing else can fail
	return frame_put(writer, SEGMENT_KIND_DATA, n, raw.n, true);
}

int segment_seal(struct segment_writer *writer)
{
	return frame_put(writer, SEGMENT_KIND_SEAL, 0, 0, false);
}

int segment_write(struct segment_writer *writer)
{
	return spool_write(&writer->spool);
}

int segment_sync(struct segment_writer *writer)
{
	return spool_sync(&writer->spool);
}

void segment_writer_free(struct segment_writer *writer)
{
	if (writer == NULL)
		return;
	spool_fini(&writer->spool);
	ZSTD_freeCCtx(writer->zstd);
	free(writer);
}

const char *segment_writer_name(const struct segment_writer *writer)
{
	return writer->name;
}

uint64_t segment_writer_size(const struct segment_writer *writer)
{
	return spool_end(&writer->spool);
}

uint64_t segment_writer_frames(const struct segment_writer *writer)
{
	return writer->frames;
}

struct digest segment_writer_hash(const struct segment_writer *writer)
{
	return writer->hash;
}

uint64_t segment_writer_waiting(const struct segment_writer *writer)
{
	return buf_len(&writer->spool.pending);
}
