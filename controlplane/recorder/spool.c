// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/recorder/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

int spool_sync_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int n = slash == NULL ? 1 : (int)(slash - path) + 1;

	if ((size_t)n >= sizeof(folder))
		return -ENAMETOOLONG;
	snprintf(folder, sizeof(folder), "%.*s", n, slash == NULL ? "." : path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int ret = fsync(fd) == 0 ? 0 : -errno;
	close(fd);
	return ret;
}

int spool_open(struct spool *spool, const char *path, uint64_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	// What was there may be in the page cache only.
	int ret = fdatasync(fd) == 0 ? spool_sync_folder(path) : -errno;
	if (ret != 0) {
		close(fd);
		return ret;
	}
	*spool = (struct spool){.fd = fd, .synced = size};
	buf_init(&spool->pending, NULL, SPOOL_PENDING_MAX);
	return 0;
}

void spool_fini(struct spool *spool)
{
	if (spool->pending.limit == 0) // zeroed: fd 0 is not ours
		return;
	close(spool->fd);
	buf_fini(&spool->pending);
	*spool = (struct spool){.fd = -1};
}

int spool_append(struct spool *spool, struct span bytes)
{
	return buf_append(&spool->pending, bytes);
}

int spool_write(struct spool *spool)
{
	struct span all = buf_span(&spool->pending);

	while (spool->written < all.n) {
		struct span left = span_from(all, spool->written);
		ssize_t n =
			pwrite(spool->fd, left.p, left.n, (off_t)(spool->synced + spool->written));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENOSPC;
		spool->written += (size_t)n;
	}
	return 0;
}

int spool_sync(struct spool *spool)
{
	if (spool_is_synced(spool))
		return 0;
	int ret = spool_write(spool);
	if (ret != 0)
		return ret;
	if (fdatasync(spool->fd) != 0) {
		ret = -errno;
		spool->written = 0;
		return ret;
	}
	spool->synced += spool->written;
	buf_consume(&spool->pending, spool->written);
	spool->written = 0;
	buf_trim(&spool->pending);
	return 0;
}
