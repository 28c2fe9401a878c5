// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The ends of bench/echo on Linux's sockets: non-blocking, edge-triggered epoll, each end in its
// network namespace.

#include "bench/echo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 64, BACKLOG = 4096, WAIT_MS = 1 };

struct lin {
	int epoll, listener; // the latter -1 at the client
	int ns;              // -1: where we are
	struct sockaddr_in server;
	uint32_t servers;
	bool wait;
	struct echo_conn *busy;
	uint8_t chunk[ECHO_CHUNK];
};

static struct lin lins[2];

static void watch(const struct lin *lin, int fd, uint32_t events, void *user)
{
	struct epoll_event event = {.events = events, .data.ptr = user};

	echo_need(epoll_ctl(lin->epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

static void no_delay(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

// A socket belongs to the namespace in which it was made; accepted ones to their listener's.
static void enter(struct lin *lin)
{
	if (lin->ns >= 0)
		echo_need(setns(lin->ns, CLONE_NEWNET) == 0, "setns");
}

static void listen_on(struct lin *lin)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(ECHO_PORT)};
	int on = 1;

	lin->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	echo_need(lin->listener >= 0, "socket");
	(void)setsockopt(lin->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	echo_need(
		bind(lin->listener, (struct sockaddr *)&any, sizeof(any)) == 0 &&
			listen(lin->listener, BACKLOG) == 0,
		"listen"
	);
	watch(lin, lin->listener, EPOLLIN, NULL);
}

void linux_start(const struct echo_config *config, struct echo_end ends[static 2])
{
	struct rlimit files = {2 * config->conns + 4096, 2 * config->conns + 4096};

	echo_need(setrlimit(RLIMIT_NOFILE, &files) == 0, "as many open files");
	for (int i = 1; i >= 0; i--) { // the client last: where it is, it stays
		struct lin *lin = &lins[i];
		lin->listener = lin->ns = -1;
		if (config->ns[i] != NULL) {
			char path[128];
			snprintf(path, sizeof(path), "/run/netns/%s", config->ns[i]);
			lin->ns = open(path, O_RDONLY | O_CLOEXEC);
			echo_need(lin->ns >= 0, path);
		}
		lin->epoll = epoll_create1(EPOLL_CLOEXEC);
		lin->wait = config->two_cores;
		lin->servers = ECHO_SERVERS_MAX;
		lin->server =
			(struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(ECHO_PORT)};
		echo_need(
			inet_pton(AF_INET, config->address, &lin->server.sin_addr) == 1, "--address"
		);
		ends[i].io = &linux_io;
		ends[i].stack = lin;
		enter(lin);
		if (i == 1)
			listen_on(lin);
	}
}

static void linux_enter(struct echo_end *)
{
	// The server's sockets are in their listener's namespace, wherever their thread is.
}

static void linux_stop(struct echo_end *end)
{
	struct lin *lin = end->stack;

	close(lin->epoll);
	if (lin->listener >= 0)
		close(lin->listener);
	if (lin->ns >= 0)
		close(lin->ns);
}

// ---- the socket

static bool linux_connect(struct echo_end *end, struct echo_conn *conn, uint32_t index)
{
	struct lin *lin = end->stack;
	struct sockaddr_in to = lin->server;

	to.sin_addr.s_addr = htonl(ntohl(to.sin_addr.s_addr) + index % lin->servers);
	conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	echo_need(conn->fd >= 0, "socket");
	no_delay(conn->fd);
	if (connect(conn->fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS) {
		echo_need(errno == EADDRNOTAVAIL, "connect");
		close(conn->fd);
		return false;
	}
	watch(lin, conn->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, conn);
	return true;
}

static size_t linux_send(struct echo_end *, struct echo_conn *conn, struct span bytes)
{
	ssize_t n = send(conn->fd, bytes.p, bytes.n, MSG_NOSIGNAL);

	return n < 0 ? 0 : (size_t)n;
}

static void linux_close(struct echo_end *end, struct echo_conn *conn)
{
	struct lin *lin = end->stack;

	conn->closing = true;
	if (lin->busy == conn)
		return;
	close(conn->fd);
	app_gone(end, conn, false);
}

// What the program did not take waits for EPOLLOUT.
static void keep(struct echo_conn *conn, struct span rest)
{
	uint8_t *copy = malloc(rest.n);

	echo_need(copy != NULL, "no memory");
	memcpy(copy, rest.p, rest.n);
	free(conn->rest);
	conn->rest = copy;
	conn->rest_n = (uint32_t)rest.n;
}

// False when something stays untaken.
static bool give(struct echo_end *end, struct echo_conn *conn, struct span bytes)
{
	size_t n = app_data(end, conn, bytes);

	if (n == bytes.n || conn->closing)
		return true;
	keep(conn, span_from(bytes, n));
	return false;
}

static bool give_rest(struct echo_end *end, struct echo_conn *conn)
{
	if (conn->rest == NULL)
		return true;
	uint8_t *rest = conn->rest;
	conn->rest = NULL;
	bool all = give(end, conn, span_of(rest, conn->rest_n));
	free(rest);
	return all;
}

// Returns whether the connection failed.
static bool readable(struct echo_end *end, struct echo_conn *conn, bool fin)
{
	struct lin *lin = end->stack;

	while (!conn->closing) {
		ssize_t n = recv(conn->fd, lin->chunk, sizeof(lin->chunk), 0);
		if (n < 0)
			return errno != EAGAIN;
		if (n == 0) {
			app_fin(end, conn);
			return false;
		}
		if (!give(end, conn, span_of(lin->chunk, (size_t)n)))
			return false;
		// Edge-triggered: less than asked for means that there is no more (epoll(7)), but
		// for the end.
		if ((size_t)n < sizeof(lin->chunk) && !fin)
			return false;
	}
	return false;
}

static void on_event(struct echo_end *end, struct echo_conn *conn, uint32_t events)
{
	struct lin *lin = end->stack;
	bool failed = (events & EPOLLERR) != 0;

	lin->busy = conn;
	if (!failed && !conn->open && (events & EPOLLOUT) != 0)
		app_opened(end, conn);
	else if (!failed && (events & EPOLLOUT) != 0)
		app_room(end, conn);
	if (!failed && conn->open && give_rest(end, conn) && (events & (EPOLLIN | EPOLLRDHUP)) != 0)
		failed = readable(end, conn, (events & EPOLLRDHUP) != 0);
	lin->busy = NULL;
	if (!failed && !conn->closing)
		return;
	close(conn->fd);
	app_gone(end, conn, failed);
}

static void accept_all(struct echo_end *end)
{
	struct lin *lin = end->stack;

	for (;;) {
		int fd = accept4(lin->listener, NULL, NULL, SOCK_NONBLOCK);
		if (fd < 0)
			return;
		struct echo_conn *conn = app_accept(end);
		echo_need(conn != NULL, "more connections than there should be");
		conn->fd = fd;
		no_delay(fd);
		watch(lin, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, conn);
	}
}

static uint32_t linux_turn(struct echo_end *end)
{
	struct lin *lin = end->stack;
	struct epoll_event events[EVENTS];

	app_turn(end);
	int n = epoll_wait(lin->epoll, events, EVENTS, lin->wait ? WAIT_MS : 0);
	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr == NULL)
			accept_all(end);
		else
			on_event(end, events[i].data.ptr, events[i].events);
	}
	return n < 0 ? 0 : (uint32_t)n;
}

// ---- questions

static uint32_t linux_live(const struct echo_end *end)
{
	return end->open + end->opening;
}

static void linux_packets(const struct echo_end *, uint64_t *received, uint64_t *sent)
{
	*received = *sent = 0; // the kernel's own business
}

static const char *linux_leftover(const struct echo_end *)
{
	return NULL;
}

const struct echo_io linux_io = {
	.enter = linux_enter,
	.connect = linux_connect,
	.send = linux_send,
	.close = linux_close,
	.turn = linux_turn,
	.live = linux_live,
	.packets = linux_packets,
	.leftover = linux_leftover,
	.stop = linux_stop,
};
