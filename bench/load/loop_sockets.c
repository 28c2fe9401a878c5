// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "bench/load/agent.h"
#include "bench/load/backend.h"
#include "bench/load/loop.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EVENTS = 256, BACKLOG = 4096 };

struct sockets {
	struct loop loop;
	int epoll, listener;
};

static struct sockaddr_in address_of(const struct endpoint *at)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(at->port)};

	memcpy(&in.sin_addr, at->addr.b + 12, 4);
	return in;
}

static int open_socket(void)
{
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return fd;
}

static void watch(struct sockets *sockets, int fd, void *user)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = user,
	};

	if (epoll_ctl(sockets->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		abort();
}

static bool connect_socket(struct load *load, struct agent *agent)
{
	struct sockets *sockets = load->ctx;
	struct sockaddr_in to = address_of(&sockets->loop.options->connect);
	int fd = open_socket();

	if (fd < 0)
		return false;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS) {
		close(fd);
		return false;
	}
	link_init_socket(&agent->link, load->blocks, fd);
	watch(sockets, fd, agent);
	return true;
}

static void accept_sockets(struct sockets *sockets)
{
	struct load *load = sockets->loop.load;
	const int on = 1;
	int fd;

	while ((fd = accept4(sockets->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct backend *backend = backend_new(load);
		if (backend == NULL)
			abort();
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		link_init_socket(&backend->link, load->blocks, fd);
		watch(sockets, fd, backend);
	}
}

// An agent's first event tells that it is connected, or why not.
static bool just_connected(struct sockets *sockets, struct link *link)
{
	struct load *load = sockets->loop.load;
	struct agent *agent = (struct agent *)link;

	if (agent < load->agents || agent >= load->agents + load->agents_max ||
	    agent->state != AGENT_CONNECTS)
		return false;
	agent_connected(agent);
	return true;
}

static int take_events(struct sockets *sockets)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(sockets->epoll, events, EVENTS, 0);

	for (int i = 0; i < n; i++) {
		struct link *link = events[i].data.ptr;
		if (link == NULL)
			accept_sockets(sockets);
		else if (!just_connected(sockets, link))
			(void)link->turn(link);
	}
	return n;
}

static bool listen_socket(struct sockets *sockets)
{
	const struct endpoint *at = &sockets->loop.options->listen;
	struct sockaddr_in in = address_of(at);

	if (at->port == 0)
		return true;
	sockets->listener = open_socket();
	if (sockets->listener < 0 ||
	    bind(sockets->listener, (struct sockaddr *)&in, sizeof(in)) != 0 ||
	    listen(sockets->listener, BACKLOG) != 0)
		return false;
	watch(sockets, sockets->listener, NULL);
	return true;
}

static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int loop_sockets(struct load *load, const struct loop_options *options)
{
	struct sockets sockets = {
		.loop = {.load = load, .options = options},
		.epoll = epoll_create1(EPOLL_CLOEXEC),
	};
	cpu_set_t cpus;
	bool more = true;

	CPU_ZERO(&cpus);
	CPU_SET(options->nic.cores[0], &cpus);
	(void)sched_setaffinity(0, sizeof(cpus), &cpus);
	raise_limit();
	load->connect = connect_socket;
	load->ctx = &sockets;
	if (!listen_socket(&sockets)) {
		perror("load: listen");
		return 1;
	}
	while (more) {
		load->now_us = loop_clock_us();
		int n = take_events(&sockets);
		more = loop_turn(&sockets.loop);
		if (n == 0)
			sched_yield();
	}
	return sockets.loop.status;
}
