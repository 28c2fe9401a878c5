// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Linux's end of a connection, through its sockets: the services of services.h as a server, or a
// client that sends to or receives from one and checks every byte.
//
//   peer [--congestion NAME] serve
//   peer [--congestion NAME] send|receive|echo ADDRESS BYTES CONNECTIONS
//
// A client of several connections at once prints the sum of their bytes, the seconds from the first
// SYN to the last byte, and what Linux says of them: what it sent again, and the options that all
// agreed on.

#include "tests/system/pattern.h"
#include "tests/system/services.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PART = 1 << 16, CONNECTIONS_MAX = 64 };

static const char *congestion;

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_s(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int new_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0)
		fail("socket");
	if (congestion != NULL &&
	    setsockopt(
		    fd, IPPROTO_TCP, TCP_CONGESTION, congestion, (socklen_t)strlen(congestion)
	    ) != 0)
		fail(congestion);
	return fd;
}

static bool write_all(int fd, const void *bytes, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t r = send(fd, (const char *)bytes + at, n - at, MSG_NOSIGNAL);
		if (r <= 0)
			return false;
		at += (size_t)r;
	}
	return true;
}

// ---- what both ends do

static bool stream_send(int fd, uint64_t bytes)
{
	uint8_t part[PART];
	for (uint64_t at = 0; at < bytes;) {
		size_t n = bytes - at < PART ? (size_t)(bytes - at) : PART;
		pattern_write(part, n, at);
		if (!write_all(fd, part, n))
			return false;
		at += n;
	}
	return true;
}

// Up to the other's FIN. False when a byte is wrong or the connection fails.
static bool stream_receive(int fd, uint64_t *bytes)
{
	uint8_t part[PART];
	*bytes = 0;
	for (;;) {
		ssize_t n = recv(fd, part, sizeof(part), 0);
		if (n <= 0)
			return n == 0;
		if (!pattern_is(part, (size_t)n, *bytes)) {
			fprintf(stderr, "a byte from %" PRIu64 " on is wrong\n", *bytes);
			return false;
		}
		*bytes += (uint64_t)n;
	}
}

// A decimal number, up to a line's end or FIN.
static bool number_receive(int fd, uint64_t *number)
{
	char c;
	*number = 0;
	for (ssize_t n; (n = recv(fd, &c, 1, 0)) != 0;) {
		if (n < 0)
			return false;
		if (c == '\n')
			return true;
		*number = *number * 10 + (uint64_t)(c - '0');
	}
	return false;
}

// ---- server

static void serve_discard(int fd)
{
	uint64_t bytes;
	char line[32];
	if (!stream_receive(fd, &bytes))
		return;
	int n = snprintf(line, sizeof(line), "%" PRIu64 "\n", bytes);
	(void)!write_all(fd, line, (size_t)n);
}

static void serve_source(int fd)
{
	uint64_t bytes;
	if (number_receive(fd, &bytes))
		(void)!stream_send(fd, bytes);
}

static void serve_echo(int fd)
{
	uint8_t part[PART];
	for (ssize_t n; (n = recv(fd, part, sizeof(part), 0)) > 0;) {
		if (!write_all(fd, part, (size_t)n))
			return;
	}
}

struct server {
	uint16_t port;
	void (*serve)(int fd);
	int fd;
};

static void *serve_one(void *arg)
{
	struct server *accepted = arg;
	accepted->serve(accepted->fd);
	close(accepted->fd);
	free(accepted);
	return NULL;
}

static void *serve_port(void *arg)
{
	const struct server *server = arg;
	int fd;
	while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
		struct server *accepted = malloc(sizeof(*accepted));
		pthread_t thread;
		if (accepted == NULL)
			fail("malloc");
		*accepted = *server;
		accepted->fd = fd;
		if (pthread_create(&thread, NULL, serve_one, accepted) != 0)
			fail("thread");
		pthread_detach(thread);
	}
	fail("accept");
	return NULL;
}

static void serve(void)
{
	static struct server servers[] = {
		{SERVICE_ECHO, serve_echo, -1},
		{SERVICE_DISCARD, serve_discard, -1},
		{SERVICE_SOURCE, serve_source, -1},
	};
	for (size_t i = 0; i < sizeof(servers) / sizeof(*servers); i++) {
		struct sockaddr_in any = {
			.sin_family = AF_INET,
			.sin_port = htons(servers[i].port)};
		pthread_t thread;
		int on = 1;
		servers[i].fd = new_socket();
		setsockopt(servers[i].fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(servers[i].fd, (struct sockaddr *)&any, sizeof(any)) != 0 ||
		    listen(servers[i].fd, 128) != 0 ||
		    pthread_create(&thread, NULL, serve_port, &servers[i]) != 0)
			fail("serve");
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

// ---- client

static int connect_to(const char *address, uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = new_socket();
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		fail(address);
	return fd;
}

// One connection of a client, and what became of it.
struct call {
	const char *what, *address;
	uint64_t bytes, got;
	int fd;
	bool good;
	struct tcp_info info;
};

static void *sender(void *arg)
{
	const struct call *call = arg;
	if (!stream_send(call->fd, call->bytes) || shutdown(call->fd, SHUT_WR) != 0)
		fprintf(stderr, "sending: %s\n", strerror(errno)); // the echo will be short
	return NULL;
}

static bool talk_send(struct call *call)
{
	call->fd = connect_to(call->address, SERVICE_DISCARD);
	return stream_send(call->fd, call->bytes) && shutdown(call->fd, SHUT_WR) == 0 &&
	       number_receive(call->fd, &call->got);
}

static bool talk_receive(struct call *call)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "%" PRIu64 "\n", call->bytes);
	call->fd = connect_to(call->address, SERVICE_SOURCE);
	return write_all(call->fd, line, (size_t)n) && stream_receive(call->fd, &call->got);
}

static bool talk_echo(struct call *call)
{
	pthread_t thread;
	call->fd = connect_to(call->address, SERVICE_ECHO);
	if (pthread_create(&thread, NULL, sender, call) != 0)
		fail("thread");
	bool good = stream_receive(call->fd, &call->got);
	pthread_join(thread, NULL);
	return good;
}

static void *talk(void *arg)
{
	struct call *call = arg;
	socklen_t len = sizeof(call->info);
	if (strcmp(call->what, "send") == 0)
		call->good = talk_send(call);
	else if (strcmp(call->what, "receive") == 0)
		call->good = talk_receive(call);
	else
		call->good = talk_echo(call);
	if (getsockopt(call->fd, IPPROTO_TCP, TCP_INFO, &call->info, &len) != 0)
		fail("TCP_INFO");
	close(call->fd);
	return NULL;
}

// Prints a row with the sums; false when any failed.
static bool talk_all(const struct call *call, unsigned connections)
{
	struct call calls[CONNECTIONS_MAX];
	pthread_t threads[CONNECTIONS_MAX];
	uint64_t bytes = 0;
	unsigned again = 0, good = 0, options = 0xff;
	double begin = now_s();
	for (unsigned i = 0; i < connections; i++) {
		calls[i] = *call;
		if (pthread_create(&threads[i], NULL, talk, &calls[i]) != 0)
			fail("thread");
	}
	for (unsigned i = 0; i < connections; i++) {
		pthread_join(threads[i], NULL);
		bytes += calls[i].got;
		again += calls[i].info.tcpi_total_retrans;
		options &= calls[i].info.tcpi_options;
		good += calls[i].good && calls[i].got == calls[i].bytes;
	}
	printf("bytes=%" PRIu64 " seconds=%.6f retransmits=%u options=%u\n", bytes, now_s() - begin,
	       again, options);
	if (good < connections)
		fprintf(stderr, "%u of %u connections failed\n", connections - good, connections);
	return good == connections;
}

int main(int argc, char **argv)
{
	int at = 1;
	if (argc > 2 && strcmp(argv[1], "--congestion") == 0) {
		congestion = argv[2];
		at = 3;
	}
	if (argc - at == 1 && strcmp(argv[at], "serve") == 0)
		serve();
	if (argc - at != 4) {
		fputs("usage: peer [--congestion NAME] serve\n"
		      "       peer [--congestion NAME] send|receive|echo ADDRESS BYTES "
		      "CONNECTIONS\n",
		      stderr);
		return 2;
	}
	const struct call call = {
		.what = argv[at],
		.address = argv[at + 1],
		.bytes = strtoull(argv[at + 2], NULL, 10),
	};
	unsigned connections = (unsigned)atoi(argv[at + 3]);
	if (connections == 0 || connections > CONNECTIONS_MAX)
		return 2;
	return talk_all(&call, connections) ? 0 : 1;
}
