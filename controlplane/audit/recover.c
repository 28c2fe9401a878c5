// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/audit/recover.h"

#include "controlplane/recorder/segment.h"
#include "controlplane/recorder/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

// The last two lines, one of them torn, with their newlines.
enum { TAIL_MAX = 2 * (AUDIT_LINE_MAX + 1) };

// Keep the torn bytes as evidence in a file of their own.
static int set_aside(const char *state, struct span torn, char side[static 64])
{
	char path[SEGMENT_PATH_MAX], name[80];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(side, 64, "audit.log.torn-%lld.%09ld", (long long)now.tv_sec, (long)now.tv_nsec);
	snprintf(name, sizeof(name), "audit/%s", side);
	int ret = segment_path(state, name, path);
	if (ret != 0)
		return ret;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, torn.p, torn.n);
	if (n < 0 || fdatasync(fd) != 0)
		ret = -errno;
	else if ((size_t)n != torn.n)
		ret = -ENOSPC;
	close(fd);
	return ret != 0 ? ret : spool_sync_folder(path);
}

// The last whole line of `tail`, which ends with its newline; empty when there is none. `tail` may
// begin inside an earlier line.
static struct span last_line(struct span tail)
{
	if (tail.n == 0)
		return tail;
	struct span line = span_first(tail, tail.n - 1);
	const uint8_t *before = line.n == 0 ? NULL : memrchr(line.p, '\n', line.n);

	return before == NULL ? line : span_from(line, (size_t)(before - line.p) + 1);
}

static int read_tail(int fd, uint64_t size, uint8_t *to, size_t n)
{
	ssize_t got = pread(fd, to, n, (off_t)(size - n));

	if (got < 0)
		return -errno;
	return (size_t)got == n ? 0 : -EIO;
}

static int last_line_take(struct span line, struct audit_recovery *found)
{
	struct audit_line parsed;

	int ret = digest_of(&line, 1, &found->last.hash);
	if (ret != 0)
		return ret;
	if (audit_line_parse(line, &parsed) == 0) {
		found->last.seq = parsed.seq;
		audit_line_fini(&parsed);
		return 0;
	}
	// The chain goes on over the bytes as they are, so that a verifier names this line.
	found->last.seq = found->pinned.seq;
	found->broken = "the last line is not an audit line";
	return 0;
}

static void compare(struct audit_recovery *found)
{
	if (found->broken != NULL)
		return;
	if (found->pinned.seq > found->last.seq)
		found->broken = "lines at the end are missing";
	else if (found->pinned.seq == found->last.seq && found->pinned.seq > 0 &&
		 !digest_equal(&found->pinned.hash, &found->last.hash))
		found->broken = "the last line has been changed";
}

static int recover(const char *state, int fd, uint64_t size, struct audit_recovery *found)
{
	size_t n = size < TAIL_MAX ? (size_t)size : TAIL_MAX;
	uint8_t *tail = malloc(n + 1);
	if (tail == NULL)
		return -ENOMEM;

	int ret = read_tail(fd, size, tail, n);
	const uint8_t *end = ret == 0 ? memrchr(tail, '\n', n) : NULL;
	size_t whole = end == NULL ? 0 : (size_t)(end - tail) + 1;
	found->torn = n - whole;
	found->size = size - found->torn;
	if (ret == 0 && found->torn > 0) {
		ret = set_aside(state, span_of(tail + whole, n - whole), found->side);
		if (ret == 0 && (ftruncate(fd, (off_t)found->size) != 0 || fdatasync(fd) != 0))
			ret = -errno;
	}
	if (ret == 0 && whole > 0)
		ret = last_line_take(last_line(span_of(tail, whole)), found);
	else if (ret == 0 && found->size > 0)
		found->broken = "it holds bytes that are no lines";
	free(tail);
	return ret;
}

int audit_recover(const char *state, int fd, struct audit_recovery *found)
{
	struct stat st;

	*found = (struct audit_recovery){0};
	int ret = audit_head_read(state, &found->pinned);
	if (ret == ERR_MALFORMED)
		found->broken = "the head file is unreadable";
	else if (ret != 0 && ret != -ENOENT)
		return ret;
	if (fstat(fd, &st) != 0)
		return -errno;
	ret = recover(state, fd, (uint64_t)st.st_size, found);
	if (ret == 0)
		compare(found);
	return ret;
}
