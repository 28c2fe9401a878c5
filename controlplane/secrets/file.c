// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/secrets/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, uint8_t *out, size_t size, size_t *n)
{
	size_t got = 0;

	while (got < size) {
		ssize_t r = read(fd, out + got, size - got);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	*n = got;
	return 0;
}

static int read_file(const char *path, bool shared, void *out, size_t size, size_t *n)
{
	struct stat info;

	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	int rc = 0;
	if (fstat(fd, &info) != 0)
		rc = -errno;
	else if (!S_ISREG(info.st_mode))
		rc = -EINVAL;
	else if (!shared && (info.st_mode & S_IRWXO) != 0)
		rc = -EACCES;
	else if ((uint64_t)info.st_size > size)
		rc = -EFBIG;
	else
		rc = read_all(fd, out, size, n);
	close(fd);
	return rc;
}

int secret_file_read(const char *path, void *out, size_t size, size_t *n)
{
	return read_file(path, false, out, size, n);
}

int secret_file_read_shared(const char *path, void *out, size_t size, size_t *n)
{
	return read_file(path, true, out, size, n);
}

static int write_all(int fd, const uint8_t *data, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, data, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -errno;
		data += w;
		n -= (size_t)w;
	}
	return fsync(fd) == 0 ? 0 : -errno;
}

int secret_file_create(const char *path, const void *data, size_t n)
{
	char part[CONFIG_PATH_MAX + 16];

	int length = snprintf(part, sizeof(part), "%s.%d.part", path, (int)getpid());
	if (length < 0 || (size_t)length >= sizeof(part))
		return -ENAMETOOLONG;
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	int rc = write_all(fd, data, n);
	close(fd);
	// link, not rename: of two that make the same key, the first wins.
	if (rc == 0 && link(part, path) != 0)
		rc = -errno;
	unlink(part);
	return rc;
}
