// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/audit/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// A block always holds a whole line, and the newline before it.
enum { BLOCK = 4 * AUDIT_LINE_MAX, READ_MAX = 16 << 20 };

struct tail {
	int fd;
	uint8_t *block;
	unsigned limit;
	uint64_t before; // 0: any
	const char *type;
	json_t *lines;
	uint64_t last; // number of the oldest line seen
	bool full;
};

static int read_at(const struct tail *tail, off_t at, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = pread(tail->fd, tail->block + got, n - got, at + (off_t)got);
		if (r < 0)
			return -errno;
		if (r == 0)
			return -EIO; // it does not get shorter
		got += (size_t)r;
	}
	return 0;
}

static void take(struct tail *tail, struct span text)
{
	struct audit_line line = {0};

	if (audit_line_parse(text, &line) != 0)
		return;
	if (tail->before == 0 || line.seq < tail->before) {
		if (json_array_size(tail->lines) == tail->limit) {
			tail->full = true;
		} else {
			tail->last = line.seq;
			if (tail->type == NULL || strcmp(tail->type, line.type) == 0)
				json_array_append(tail->lines, line.json);
		}
	}
	audit_line_fini(&line);
}

// The lines that begin in the block, from its end on. `first`: the block begins with a line.
// Returns where the first line begins that was looked at, from the block's start.
static size_t take_block(struct tail *tail, size_t n, bool first)
{
	size_t end = n; // behind the line's newline

	while (end > 0 && !tail->full) {
		const uint8_t *newline = end < 2 ? NULL : memrchr(tail->block, '\n', end - 1);
		if (newline == NULL && !first)
			break;
		size_t start = newline == NULL ? 0 : (size_t)(newline - tail->block) + 1;
		if (tail->block[end - 1] == '\n') // else it is still being written
			take(tail, span_of(tail->block + start, end - 1 - start));
		end = start;
	}
	return end;
}

// The number of the first whole line at or behind `at`; 0 when there is none in a block.
static uint64_t seq_at(const struct tail *tail, off_t at, off_t size)
{
	struct audit_line line = {0};
	size_t n = size - at < BLOCK ? (size_t)(size - at) : BLOCK;
	uint64_t seq = 0;

	if (read_at(tail, at, n) != 0)
		return 0;
	const uint8_t *start = memchr(tail->block, '\n', n);
	const uint8_t *end = tail->block + n;
	while (start != NULL && seq == 0) {
		start++;
		const uint8_t *stop = memchr(start, '\n', (size_t)(end - start));
		if (stop != NULL &&
		    audit_line_parse(span_of(start, (size_t)(stop - start)), &line) == 0)
			seq = line.seq;
		audit_line_fini(&line);
		line = (struct audit_line){0};
		start = stop;
	}
	return seq;
}

// An offset behind which no line is below `before`, give or take a block.
static off_t find_end(const struct tail *tail, off_t size)
{
	off_t low = 0, high = size;

	while (tail->before > 0 && high - low > BLOCK) {
		off_t middle = low + (high - low) / 2;
		uint64_t seq = seq_at(tail, middle, size);
		if (seq == 0 || seq >= tail->before)
			high = middle;
		else
			low = middle;
	}
	return high + BLOCK < size ? high + BLOCK : size;
}

static int walk_back(struct tail *tail, off_t size, const atomic_bool *stop)
{
	off_t end = find_end(tail, size);
	size_t read = 0;

	while (end > 0 && !tail->full && read < READ_MAX && !(stop != NULL && atomic_load(stop))) {
		size_t n = end < BLOCK ? (size_t)end : BLOCK;
		int r = read_at(tail, end - (off_t)n, n);
		if (r != 0)
			return r;
		size_t left = take_block(tail, n, end == (off_t)n);
		read += n;
		end -= (off_t)n;
		if (left == n) // no line begins in it: it is too long to be one
			continue;
		end += (off_t)left;
	}
	tail->full |= end > 0;
	return 0;
}

int audit_tail(
	const char *state, unsigned limit, uint64_t before, const char *type,
	const atomic_bool *stop, json_t **lines, uint64_t *next
)
{
	struct tail tail = {.limit = limit, .before = before, .type = type};
	char path[4096];
	struct stat info;

	if (snprintf(path, sizeof(path), "%s/audit/audit.log", state) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	tail.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (tail.fd < 0)
		return -errno;
	tail.block = malloc(BLOCK);
	tail.lines = json_array();
	int r = tail.block == NULL || tail.lines == NULL ? -ENOMEM : 0;
	if (r == 0 && fstat(tail.fd, &info) != 0)
		r = -errno;
	if (r == 0)
		r = walk_back(&tail, info.st_size, stop);
	close(tail.fd);
	free(tail.block);
	if (r != 0) {
		json_decref(tail.lines);
		return r;
	}
	*lines = tail.lines;
	*next = tail.full ? tail.last : 0;
	return 0;
}
