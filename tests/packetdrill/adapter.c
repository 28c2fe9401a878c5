// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The verbs of packetdrill over a stack on an injected clock.
//
// packetdrill runs a script in its first thread and calls that are to block in a second one. The
// clock goes on by usleep, by waiting for a packet, and by a microsecond whenever someone asks for
// the time, since packetdrill waits for a moment by asking. Once a blocked call can go
// on, the clock stands still until its thread has asked for the time at which it returned:
// otherwise that moment would depend on the machine.

#include "tests/packetdrill/abi.h"
#include "tests/packetdrill/flags.h"
#include "tests/packetdrill/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>

enum {
	WAIT_STEP_US = 1000,
	PATIENCE_MS = 300 * 1000, // for a packet that does not come
	IOV_BYTES_MAX = 1 << 20,
};

// Can a blocked call go on? It is called with the lock held, by either thread.
typedef bool ready_fn(struct socket *socket);

struct adapter {
	struct sockets sockets;
	pthread_t script; // the first thread
	pthread_mutex_t lock;
	pthread_cond_t changed;
	ready_fn *ready; // of the blocked call; NULL: there is none
	struct socket *blocked;
	bool handing; // the blocked call goes on; the clock stands still
};

static bool is_script(const struct adapter *a)
{
	return pthread_equal(pthread_self(), a->script) != 0;
}

static struct adapter *enter(void *ctx)
{
	struct adapter *a = ctx;
	(void)pthread_mutex_lock(&a->lock);
	return a;
}

static void hand_over(struct adapter *a)
{
	if (a->ready == NULL || !a->ready(a->blocked))
		return;
	a->ready = NULL;
	a->handing = true;
	(void)pthread_cond_broadcast(&a->changed);
	while (a->handing)
		(void)pthread_cond_wait(&a->changed, &a->lock);
}

static void hand_back(struct adapter *a)
{
	a->handing = false;
	(void)pthread_cond_broadcast(&a->changed);
}

static long leave(struct adapter *a, long result)
{
	stack_settle(a->sockets.stack);
	sockets_sort(&a->sockets);
	if (is_script(a))
		hand_over(a);
	(void)pthread_mutex_unlock(&a->lock);
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

static void turn(struct adapter *a, uint64_t us)
{
	stack_advance(a->sockets.stack, us);
	sockets_sort(&a->sockets);
	hand_over(a);
}

// Wait until `ready`. False: this thread or this socket does not block.
static bool block(struct adapter *a, struct socket *socket, ready_fn *ready)
{
	if (is_script(a) || socket->nonblocking)
		return false;
	stack_settle(a->sockets.stack);
	a->blocked = socket;
	a->ready = ready;
	hand_back(a);
	while (!a->handing)
		(void)pthread_cond_wait(&a->changed, &a->lock);
	return true;
}

static bool ready_accept(struct socket *socket)
{
	return socket->n_backlog > 0;
}

static bool ready_connect(struct socket *socket)
{
	return (socket_events(socket) & POLLOUT) != 0;
}

static bool ready_read(struct socket *socket)
{
	return (socket_events(socket) & POLLIN) != 0;
}

static bool ready_write(struct socket *socket)
{
	return (socket_events(socket) & POLLOUT) != 0;
}

static int verb_socket(void *ctx, int domain, int type, int)
{
	struct adapter *a = enter(ctx);
	return (int)leave(a, socket_open(&a->sockets, domain, type));
}

static int verb_bind(void *ctx, int fd, const struct sockaddr *addr, socklen_t)
{
	struct adapter *a = enter(ctx);
	struct socket *socket = socket_find(&a->sockets, fd);
	return (int)leave(a, socket == NULL ? -EBADF : socket_bind(socket, addr));
}

static int verb_listen(void *ctx, int fd, int)
{
	struct adapter *a = enter(ctx);
	struct socket *socket = socket_find(&a->sockets, fd);
	return (int)leave(a, socket == NULL ? -EBADF : socket_listen(&a->sockets, socket));
}

static int verb_accept(void *ctx, int fd, struct sockaddr *addr, socklen_t *len)
{
	struct adapter *a = enter(ctx);
	struct socket *socket = socket_find(&a->sockets, fd);
	if (socket == NULL)
		return (int)leave(a, -EBADF);
	int result = socket_accept(&a->sockets, socket, addr, len);
	while (result == -EAGAIN && block(a, socket, ready_accept))
		result = socket_accept(&a->sockets, socket, addr, len);
	return (int)leave(a, result);
}

static int verb_connect(void *ctx, int fd, const struct sockaddr *addr, socklen_t)
{
	struct adapter *a = enter(ctx);
	struct socket *socket = socket_find(&a->sockets, fd);
	if (socket == NULL)
		return (int)leave(a, -EBADF);
	int result = socket_connect(&a->sockets, socket, addr);
	while (result == -EINPROGRESS && block(a, socket, ready_connect))
		result = socket_connected(socket);
	return (int)leave(a, result);
}

static ssize_t receive(struct adapter *a, int fd, void *to, size_t n, int flags)
{
	struct socket *socket = socket_find(&a->sockets, fd);
	if (socket == NULL)
		return -EBADF;
	if ((flags & ~(MSG_PEEK | MSG_DONTWAIT)) != 0)
		return -EOPNOTSUPP;
	if (to == NULL && n > 0)
		return -EFAULT;
	bool peek = (flags & MSG_PEEK) != 0;
	ssize_t result = socket_read(socket, to, n, peek);
	while (result == -EAGAIN && (flags & MSG_DONTWAIT) == 0 && block(a, socket, ready_read))
		result = socket_read(socket, to, n, peek);
	return result;
}

static ssize_t transfer(struct adapter *a, int fd, const void *from, size_t n, int flags)
{
	struct socket *socket = socket_find(&a->sockets, fd);
	if (socket == NULL)
		return -EBADF;
	if ((flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL)) != 0)
		return -EOPNOTSUPP;
	if (from == NULL && n > 0)
		return -EFAULT;
	ssize_t done = 0;
	for (;;) {
		ssize_t took = socket_write(socket, (const uint8_t *)from + done, n - (size_t)done);
		if (took < 0 && took != -EAGAIN)
			return done > 0 ? done : took;
		if (took > 0)
			done += took;
		if ((size_t)done == n)
			return done;
		if ((flags & MSG_DONTWAIT) != 0 || !block(a, socket, ready_write))
			return done > 0 ? done : -EAGAIN;
	}
}

static ssize_t verb_recv(void *ctx, int fd, void *to, size_t n, int flags)
{
	struct adapter *a = enter(ctx);
	return leave(a, receive(a, fd, to, n, flags));
}

static ssize_t verb_read(void *ctx, int fd, void *to, size_t n)
{
	return verb_recv(ctx, fd, to, n, 0);
}

static ssize_t
verb_recvfrom(void *ctx, int fd, void *to, size_t n, int flags, struct sockaddr *, socklen_t *)
{
	return verb_recv(ctx, fd, to, n, flags);
}

static size_t iov_bytes(const struct iovec *iov, int n)
{
	size_t bytes = 0;
	for (int i = 0; i < n && bytes < IOV_BYTES_MAX; i++)
		bytes += iov[i].iov_len;
	return bytes < IOV_BYTES_MAX ? bytes : IOV_BYTES_MAX;
}

// What is read or written is compared by nobody: only its length counts.
static ssize_t verb_readv(void *ctx, int fd, const struct iovec *to, int n)
{
	static uint8_t sink[IOV_BYTES_MAX];
	return verb_recv(ctx, fd, sink, iov_bytes(to, n), 0);
}

static ssize_t verb_recvmsg(void *ctx, int fd, struct msghdr *to, int flags)
{
	static uint8_t sink[IOV_BYTES_MAX];
	return verb_recv(ctx, fd, sink, iov_bytes(to->msg_iov, (int)to->msg_iovlen), flags);
}

static ssize_t verb_send(void *ctx, int fd, const void *from, size_t n, int flags)
{
	struct adapter *a = enter(ctx);
	return leave(a, transfer(a, fd, from, n, flags));
}

static ssize_t verb_write(void *ctx, int fd, const void *from, size_t n)
{
	return verb_send(ctx, fd, from, n, 0);
}

static ssize_t verb_sendto(
	void *ctx, int fd, const void *from, size_t n, int flags, const struct sockaddr *, socklen_t
)
{
	return verb_send(ctx, fd, from, n, flags);
}

static ssize_t verb_writev(void *ctx, int fd, const struct iovec *from, int n)
{
	static const uint8_t source[IOV_BYTES_MAX];
	return verb_send(ctx, fd, source, iov_bytes(from, n), 0);
}

static ssize_t verb_sendmsg(void *ctx, int fd, const struct msghdr *from, int flags)
{
	static const uint8_t source[IOV_BYTES_MAX];
	size_t n = iov_bytes(from->msg_iov, (int)from->msg_iovlen);
	return verb_send(ctx, fd, source, n, flags);
}

static int verb_fcntl(void *ctx, int fd, int command, ...)
{
	va_list list;
	va_start(list, command);
	int value = command == F_SETFL ? va_arg(list, int) : 0;
	va_end(list);
	struct adapter *a = enter(ctx);
	struct socket *socket = socket_find(&a->sockets, fd);
	if (socket == NULL)
		return (int)leave(a, -EBADF);
	if (command == F_GETFL)
		return (int)leave(a, O_RDWR | (socket->nonblocking ? O_NONBLOCK : 0));
	if (command != F_SETFL)
		return (int)leave(a, -EINVAL);
	socket->nonblocking = (value & O_NONBLOCK) != 0;
	return (int)leave(a, 0);
}

static int verb_ioctl(void *ctx, int fd, unsigned long request, ...)
{
	va_list list;
	va_start(list, request);
	int *value = va_arg(list, int *);
	va_end(list);
	struct adapter *a = enter(ctx);
	struct socket *socket = socket_find(&a->sockets, fd);
	return (int)leave(a, socket == NULL ? -EBADF : socket_control(socket, request, value));
}

static int verb_close(void *ctx, int fd)
{
	struct adapter *a = enter(ctx);
	struct socket *socket = socket_find(&a->sockets, fd);
	return (int)leave(a, socket == NULL ? -EBADF : socket_close(&a->sockets, socket));
}

static int verb_shutdown(void *ctx, int fd, int how)
{
	struct adapter *a = enter(ctx);
	struct socket *socket = socket_find(&a->sockets, fd);
	return (int)leave(a, socket == NULL ? -EBADF : socket_shutdown(socket, how));
}

static int verb_getsockopt(void *ctx, int fd, int level, int name, void *value, socklen_t *len)
{
	struct adapter *a = enter(ctx);
	struct socket *socket = socket_find(&a->sockets, fd);
	return (int)leave(a, socket == NULL ? -EBADF : socket_get(socket, level, name, value, len));
}

static int verb_setsockopt(void *ctx, int fd, int level, int name, const void *value, socklen_t len)
{
	struct adapter *a = enter(ctx);
	struct socket *socket = socket_find(&a->sockets, fd);
	return (int)leave(a, socket == NULL ? -EBADF : socket_set(socket, level, name, value, len));
}

static int verb_poll(void *ctx, struct pollfd *fds, nfds_t n, int)
{
	struct adapter *a = enter(ctx);
	int count = 0;
	for (nfds_t i = 0; i < n; i++) {
		struct socket *socket = socket_find(&a->sockets, fds[i].fd);
		short always = POLLERR | POLLHUP;
		fds[i].revents =
			socket == NULL ? POLLNVAL
				       : (short)(socket_events(socket) & (fds[i].events | always));
		count += fds[i].revents != 0;
	}
	return (int)leave(a, count);
}

static int verb_netdev_send(void *ctx, const void *packet, size_t n)
{
	struct adapter *a = enter(ctx);
	stack_input(a->sockets.stack, packet, n);
	return (int)leave(a, 0);
}

static int verb_netdev_receive(void *ctx, void *to, size_t *n, long long *time_us)
{
	struct adapter *a = enter(ctx);
	for (int ms = 0; a->sockets.stack->head == NULL && ms < PATIENCE_MS; ms++) {
		uint64_t past = a->sockets.stack->now_us % WAIT_STEP_US;
		turn(a, WAIT_STEP_US - past);
	}
	struct frame *frame = stack_output(a->sockets.stack);
	size_t room = *n;
	*n = 0;
	if (frame != NULL && frame->n <= room) {
		memcpy(to, frame->bytes, frame->n);
		*n = frame->n;
		*time_us = (long long)frame->at_us;
	}
	free(frame);
	return (int)leave(a, 0);
}

static int verb_usleep(void *ctx, useconds_t us)
{
	struct adapter *a = enter(ctx);
	uint64_t end_us = a->sockets.stack->now_us + us;
	while (a->sockets.stack->now_us < end_us) {
		uint64_t left = end_us - a->sockets.stack->now_us;
		turn(a, left < WAIT_STEP_US ? left : WAIT_STEP_US);
	}
	return (int)leave(a, 0);
}

static int verb_gettimeofday(void *ctx, struct timeval *now, struct timezone *)
{
	struct adapter *a = enter(ctx);
	bool returning = a->handing && !is_script(a);
	if (!returning)
		turn(a, 1);
	uint64_t now_us = a->sockets.stack->now_us;
	now->tv_sec = (time_t)(now_us / 1000000);
	now->tv_usec = (suseconds_t)(now_us % 1000000);
	if (returning)
		hand_back(a);
	(void)pthread_mutex_unlock(&a->lock);
	return 0;
}

static int unsupported(void)
{
	errno = ENOSYS;
	return -1;
}

static int verb_epoll_create(void *, int)
{
	return unsupported();
}

static int verb_epoll_ctl(void *, int, int, int, struct epoll_event *)
{
	return unsupported();
}

static int verb_epoll_wait(void *, int, struct epoll_event *, int, int)
{
	return unsupported();
}

static int verb_pipe(void *, int[2])
{
	return unsupported();
}

static int verb_splice(void *, int, loff_t *, int, loff_t *, size_t, unsigned)
{
	return unsupported();
}

static void verb_free(void *ctx)
{
	struct adapter *a = ctx;
	stack_free(a->sockets.stack);
	(void)pthread_cond_destroy(&a->changed);
	(void)pthread_mutex_destroy(&a->lock);
	free(a);
}

static const struct drill_verbs all_verbs = {
	.free = verb_free,
	.socket = verb_socket,
	.bind = verb_bind,
	.listen = verb_listen,
	.accept = verb_accept,
	.connect = verb_connect,
	.read = verb_read,
	.readv = verb_readv,
	.recv = verb_recv,
	.recvfrom = verb_recvfrom,
	.recvmsg = verb_recvmsg,
	.write = verb_write,
	.writev = verb_writev,
	.send = verb_send,
	.sendto = verb_sendto,
	.sendmsg = verb_sendmsg,
	.fcntl = verb_fcntl,
	.ioctl = verb_ioctl,
	.close = verb_close,
	.shutdown = verb_shutdown,
	.getsockopt = verb_getsockopt,
	.setsockopt = verb_setsockopt,
	.poll = verb_poll,
	.netdev_send = verb_netdev_send,
	.netdev_receive = verb_netdev_receive,
	.usleep = verb_usleep,
	.gettimeofday = verb_gettimeofday,
	.epoll_create = verb_epoll_create,
	.epoll_ctl = verb_epoll_ctl,
	.epoll_wait = verb_epoll_wait,
	.pipe = verb_pipe,
	.splice = verb_splice,
};

__attribute__((visibility("default"))) void packetdrill_interface_init(
	const char *flags, struct drill_verbs *verbs
)
{
	struct stack_config config;
	struct adapter *a = calloc(1, sizeof(*a));
	if (a == NULL || flags_parse(flags, &config) != 0)
		exit(2); // the interface has no way to say no
	a->sockets.stack = stack_new(&config);
	if (a->sockets.stack == NULL)
		exit(2);
	a->script = pthread_self();
	(void)pthread_mutex_init(&a->lock, NULL);
	(void)pthread_cond_init(&a->changed, NULL);
	*verbs = all_verbs;
	verbs->ctx = a;
}
