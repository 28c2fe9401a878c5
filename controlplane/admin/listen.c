// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 64 };

// A socket that nobody listens on is what a killed process left behind.
static int stale_remove(const struct sockaddr_un *address)
{
	struct stat st;

	if (lstat(address->sun_path, &st) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	int ret = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	int error = errno;
	close(fd);
	if (ret == 0 || error == EAGAIN)
		return -EADDRINUSE;
	return unlink(address->sun_path) == 0 ? 0 : -errno;
}

int listen_local(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	int ret = stale_remove(&address);
	if (ret != 0)
		return ret;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	// Nobody can connect between bind and listen: the mode is right before the door opens.
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(path, 0600) != 0 || listen(fd, BACKLOG) != 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

int listen_remote(const struct endpoint *endpoint)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(endpoint->port)};
	bool is_v4 = addr_is_v4(&endpoint->addr);
	int on = 1;

	if (is_v4)
		v4.sin_addr.s_addr = addr_v4(&endpoint->addr);
	memcpy(&v6.sin6_addr, endpoint->addr.b, sizeof(v6.sin6_addr));
	int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	const struct sockaddr *address =
		is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(fd, address, is_v4 ? sizeof(v4) : sizeof(v6)) != 0 || listen(fd, BACKLOG) != 0) {
		int ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}
