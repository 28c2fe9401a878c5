// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What packetdrill asks of a shared object given to it with --so_filename: a function
// packetdrill_interface_init that fills in this table. The order of the members is the interface.

#pragma once

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

struct drill_verbs {
	void *ctx;
	void (*free)(void *ctx);
	int (*socket)(void *ctx, int domain, int type, int protocol);
	int (*bind)(void *ctx, int fd, const struct sockaddr *addr, socklen_t len);
	int (*listen)(void *ctx, int fd, int backlog);
	int (*accept)(void *ctx, int fd, struct sockaddr *addr, socklen_t *len);
	int (*connect)(void *ctx, int fd, const struct sockaddr *addr, socklen_t len);
	ssize_t (*read)(void *ctx, int fd, void *to, size_t n);
	ssize_t (*readv)(void *ctx, int fd, const struct iovec *to, int n);
	ssize_t (*recv)(void *ctx, int fd, void *to, size_t n, int flags);
	ssize_t (*recvfrom
	)(void *ctx, int fd, void *to, size_t n, int flags, struct sockaddr *from, socklen_t *len);
	ssize_t (*recvmsg)(void *ctx, int fd, struct msghdr *to, int flags);
	ssize_t (*write)(void *ctx, int fd, const void *from, size_t n);
	ssize_t (*writev)(void *ctx, int fd, const struct iovec *from, int n);
	ssize_t (*send)(void *ctx, int fd, const void *from, size_t n, int flags);
	ssize_t (*sendto
	)(void *ctx, int fd, const void *from, size_t n, int flags, const struct sockaddr *to,
	  socklen_t len);
	ssize_t (*sendmsg)(void *ctx, int fd, const struct msghdr *from, int flags);
	int (*fcntl)(void *ctx, int fd, int command, ...);
	int (*ioctl)(void *ctx, int fd, unsigned long request, ...);
	int (*close)(void *ctx, int fd);
	int (*shutdown)(void *ctx, int fd, int how);
	int (*getsockopt)(void *ctx, int fd, int level, int name, void *value, socklen_t *len);
	int (*setsockopt)(void *ctx, int fd, int level, int name, const void *value, socklen_t len);
	int (*poll)(void *ctx, struct pollfd *fds, nfds_t n, int timeout_ms);
	// An IP datagram for the stack.
	int (*netdev_send)(void *ctx, const void *packet, size_t n);
	// The next one from it. In: *n, the room. Out: *n, 0 when none came.
	int (*netdev_receive)(void *ctx, void *to, size_t *n, long long *time_us);
	int (*usleep)(void *ctx, useconds_t us);
	int (*gettimeofday)(void *ctx, struct timeval *now, struct timezone *zone);
	int (*epoll_create)(void *ctx, int size);
	int (*epoll_ctl)(void *ctx, int epoll_fd, int op, int fd, struct epoll_event *event);
	int (*epoll_wait)(void *ctx, int epoll_fd, struct epoll_event *events, int n, int timeout);
	int (*pipe)(void *ctx, int fds[2]);
	int (*splice
	)(void *ctx, int in, loff_t *in_at, int out, loff_t *out_at, size_t n, unsigned flags);
};

// `flags`: the text of --so_flags, NULL without.
void packetdrill_interface_init(const char *flags, struct drill_verbs *verbs);
