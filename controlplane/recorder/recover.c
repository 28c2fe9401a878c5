// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the last process left: segments without a seal, an index that may lag behind.

#include "controlplane/recorder/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// Move what lies behind the first `from` bytes of `path` to <path>.torn. Out: *moved.
static int cut(const char *path, uint64_t from, uint64_t *moved)
{
	char side[SEGMENT_PATH_MAX + 8];
	uint8_t bytes[16384];
	uint64_t at = from;
	ssize_t n = 0;

	snprintf(side, sizeof(side), "%s.torn", path);
	int in = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (in < 0)
		return -errno;
	int out = open(side, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int ret = out < 0 ? -errno : 0;
	while (ret == 0 && (n = pread(in, bytes, sizeof(bytes), (off_t)at)) > 0) {
		ssize_t written = write(out, bytes, (size_t)n);
		if (written != n)
			ret = written < 0 ? -errno : -ENOSPC;
		at += (uint64_t)n;
	}
	if (ret == 0 && (n < 0 || fdatasync(out) != 0 || ftruncate(in, (off_t)from) != 0))
		ret = -errno;
	if (out >= 0)
		close(out);
	close(in);
	if (ret == 0)
		*moved = at - from;
	return ret;
}

// A file whose header is not there: nothing in it can be read.
static int set_aside(const char *path)
{
	char side[SEGMENT_PATH_MAX + 8];

	snprintf(side, sizeof(side), "%s.torn", path);
	log_line(LOG_WARN, "recorder", "%s has no whole header: moved to %s", path, side);
	return rename(path, side) == 0 ? 0 : -errno;
}

static int seal_left(
	struct recorder *recorder, const struct segment_file *file, const char *path,
	const struct segment_reader *reader
)
{
	struct segment_writer *writer = NULL;
	struct digest hash = segment_reader_hash(reader);
	uint64_t end = segment_reader_offset(reader), torn = 0;
	struct stat st;

	int ret = stat(path, &st) == 0 ? 0 : -errno;
	if (ret == 0 && (uint64_t)st.st_size > end)
		ret = cut(path, end, &torn);
	if (ret == 0)
		ret = audit_segment_sealed(
			recorder->config.audit, file->name, &hash, segment_reader_frames(reader),
			end, torn
		);
	if (ret == 0)
		ret = audit_sync(recorder->config.audit);
	if (ret == 0)
		ret = segment_continue(recorder->config.state, file->name, reader, &writer);
	if (ret == 0)
		ret = segment_seal(writer);
	if (ret == 0)
		ret = segment_sync(writer);
	segment_writer_free(writer);
	if (ret == 0 && torn > 0) {
		recorder_count(&recorder->stats.torn_segments, 1);
		log_line(
			LOG_WARN, "recorder",
			"%s ended inside a frame: %llu bytes moved to %s.torn, all before them replays",
			file->name, (unsigned long long)torn, file->name
		);
	}
	return ret;
}

// Read one file to its end, seal it if it is not. Out: *sealed: it was; recorder->header.previous.
static int file_recover(struct recorder *recorder, const struct segment_file *file, bool *sealed)
{
	char path[SEGMENT_PATH_MAX];
	struct segment_reader *reader;
	enum segment_step step;
	struct span raw;

	*sealed = false;
	int ret = segment_path(recorder->config.state, file->name, path);
	if (ret != 0)
		return ret;
	ret = segment_open(path, &reader);
	if (ret == ERR_TRUNCATED || ret == ERR_MALFORMED)
		return set_aside(path);
	if (ret != 0)
		return ret;
	do {
		step = segment_next(reader, &raw);
	} while (step == SEGMENT_FRAME);
	*sealed = step == SEGMENT_SEALED;
	recorder->header.previous = segment_reader_hash(reader);
	if (step == SEGMENT_FAILED)
		ret = -EIO;
	else if (step != SEGMENT_SEALED)
		ret = seal_left(recorder, file, path, reader);
	segment_reader_free(reader);
	return ret;
}

// Sealed segments are followed by sealed ones only: walk back to the last one. The chain goes on
// from the newest file that could be read.
static int files_recover(struct recorder *recorder, const struct segment_file *files, size_t n)
{
	const struct digest none = {0};
	struct digest newest = none;
	bool sealed = false;
	int ret = 0;

	for (size_t i = n; ret == 0 && i > 0 && !sealed; i--) {
		recorder->header.previous = none;
		ret = file_recover(recorder, &files[i - 1], &sealed);
		if (digest_equal(&newest, &none))
			newest = recorder->header.previous;
	}
	recorder->header.previous = newest;
	return ret;
}

static int index_recover(struct recorder *recorder, const struct segment_file *files, size_t n)
{
	struct session_index *index = recorder->config.index;
	char path[SEGMENT_PATH_MAX];
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < n; i++) {
		if (index_has_segment(index, files[i].seq))
			continue;
		ret = segment_path(recorder->config.state, files[i].name, path);
		if (ret != 0)
			break;
		int taken = index_segment(index, path);
		if (taken != 0)
			log_line(
				LOG_WARN, "recorder", "%s is not in the index: %s", files[i].name,
				err_text(taken)
			);
		else
			ret = index_segment_done(index, files[i].seq);
	}
	if (ret == 0)
		ret = index_abandon(index, recorder->config.epoch, recorder_wall_ns());
	return ret != 0 ? ret : index_commit(index);
}

int recorder_recover(struct recorder *recorder)
{
	struct segment_file *files;
	size_t n;

	int ret = segment_list(recorder->config.state, &files, &n);
	if (ret != 0)
		return ret;
	recorder->header = (struct segment_header){
		.epoch = recorder->config.epoch,
		.seq = n == 0 ? 1 : files[n - 1].seq + 1,
	};
	ret = files_recover(recorder, files, n);
	if (ret == 0)
		ret = index_recover(recorder, files, n);
	free(files);
	return ret;
}
