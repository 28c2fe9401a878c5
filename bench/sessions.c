// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Both ends of many sessions, for bench/kill_switch: a server that speaks as much PostgreSQL as a
// login needs, and clients over TLS that log in with tokens, wait, and say when each was closed.
//
//   bench_sessions server PORT
//   bench_sessions hold ADDRESS PORT TOKENS N SOCKET REQUEST   log in N times, send the request (a
//                        whole HTTP request in a file) to the admin socket, wait for all to end
//   bench_sessions login ADDRESS PORT TOKENS N                 log in N times, one after the other
//
// TOKENS is a file with a token a line; client i uses line i modulo their number. Times are printed
// in microseconds. The certificate is not looked at: this measures, it protects nothing.

#include "bench/welcome.h"

#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	EVENTS = 512,
	AT_ONCE = 64, // logins under way
	LINE = 32 << 10,
	PATIENCE_MS = 30000,
};

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_sessions: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void watch(int epoll, int fd, uint32_t events, void *user)
{
	struct epoll_event event = {.events = events, .data.ptr = user};
	need(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

static void raise_limit(void)
{
	struct rlimit limit;
	need(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	need(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
}

// ---- the server

// A startup message is answered, whatever it says; nothing else is asked here.
static void serve(int epoll, int fd)
{
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof(bytes));
	if (n <= 0) {
		epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
		close(fd);
	} else if (n > 8 && bytes[0] == 0 && bytes[4] == 0 && bytes[5] == 3) {
		need(write(fd, welcome, sizeof(welcome) - 1) > 0, "write");
	}
}

static void __attribute__((noreturn)) server(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), epoll = epoll_create1(0);
	const int on = 1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	need(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0, "bind");
	need(listen(listener, 4096) == 0, "listen");
	watch(epoll, listener, EPOLLIN, NULL);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		struct epoll_event events[EVENTS];
		int n = epoll_wait(epoll, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			int fd = (int)(intptr_t)events[i].data.ptr;
			if (fd != 0) {
				serve(epoll, fd);
				continue;
			}
			while ((fd = accept4(listener, NULL, NULL, 0)) >= 0) {
				setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
				watch(epoll, fd, EPOLLIN, (void *)(intptr_t)fd);
			}
		}
	}
}

// ---- the clients

enum stage { CONNECTS, ASKS_TLS, SHAKES, STARTS, LOGS_IN, OPEN, CLOSED };

struct client {
	int fd;
	SSL *ssl;
	enum stage stage;
	const char *token;
	char in[1024]; // of the login
	size_t n_in;
	uint64_t asked_us, open_us, closed_us;
};

struct bench {
	struct sockaddr_in to;
	SSL_CTX *tls;
	int epoll;
	char **tokens;
	size_t n_tokens;
	struct client *clients;
	size_t n;
};

static void read_tokens(struct bench *bench, const char *path)
{
	FILE *f = fopen(path, "r");
	static char line[LINE];
	need(f != NULL, path);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		bench->tokens = realloc(bench->tokens, (bench->n_tokens + 1) * sizeof(char *));
		bench->tokens[bench->n_tokens++] = strdup(line);
	}
	fclose(f);
	need(bench->n_tokens > 0, "no token");
}

static void client_open(struct bench *bench, size_t i)
{
	struct client *c = &bench->clients[i];
	const int on = 1;
	*c = (struct client){.token = bench->tokens[i % bench->n_tokens]};
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	need(c->fd >= 0, "socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	int r = connect(c->fd, (struct sockaddr *)&bench->to, sizeof(bench->to));
	need(r == 0 || errno == EINPROGRESS, "connect");
	watch(bench->epoll, c->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, c);
}

static void send_all(struct client *c, const void *bytes, int n)
{
	need(SSL_write(c->ssl, bytes, n) == n, "SSL_write");
}

static void send_startup(struct client *c)
{
	static const char startup[] = "\0\0\0\47\0\3\0\0user\0anyone\0database\0postgres\0";
	send_all(c, startup, sizeof(startup));
	c->stage = STARTS;
}

static void send_token(struct client *c)
{
	static char message[LINE];
	uint32_t n = (uint32_t)strlen(c->token) + 5, be = htonl(n);
	message[0] = 'p';
	memcpy(message + 1, &be, 4);
	memcpy(message + 5, c->token, n - 4);
	c->asked_us = now_us();
	send_all(c, message, (int)n + 1);
	c->stage = LOGS_IN;
	c->n_in = 0;
}

// The answer to a message has come as a whole: it ends with `tail`.
static bool has_come(struct client *c, const char *tail, size_t n)
{
	int r;
	while ((r = SSL_read(c->ssl, c->in + c->n_in, (int)(sizeof(c->in) - c->n_in))) > 0)
		c->n_in += (size_t)r;
	if (SSL_get_error(c->ssl, r) != SSL_ERROR_WANT_READ) {
		fprintf(stderr, "bench_sessions: refused: %.*s\n", (int)c->n_in, c->in + 5);
		exit(1);
	}
	return c->n_in >= n && memcmp(c->in + c->n_in - n, tail, n) == 0;
}

static void shake(struct client *c)
{
	int r = SSL_connect(c->ssl);
	if (r == 1)
		send_startup(c);
	else
		need(SSL_get_error(c->ssl, r) == SSL_ERROR_WANT_READ, "TLS");
}

static void client_step(struct bench *bench, struct client *c)
{
	char byte;
	switch (c->stage) {
	case CONNECTS:
		if (write(c->fd, "\0\0\0\10\4\322\26\57", 8) == 8)
			c->stage = ASKS_TLS;
		break;
	case ASKS_TLS:
		if (read(c->fd, &byte, 1) != 1)
			break;
		c->ssl = SSL_new(bench->tls);
		SSL_set_fd(c->ssl, c->fd);
		c->stage = SHAKES;
		shake(c);
		break;
	case SHAKES:
		shake(c);
		break;
	case STARTS:
		if (has_come(c, "\0\0\0\3", 4))
			send_token(c);
		break;
	case LOGS_IN:
		if (!has_come(c, "Z\0\0\0\5I", 6))
			break;
		c->open_us = now_us();
		c->stage = OPEN;
		break;
	case OPEN:
	case CLOSED:
		break;
	}
}

// Wait for something, and for the end of those that are open. Returns how many more ended.
static size_t turn(struct bench *bench, int timeout_ms, size_t *opened)
{
	struct epoll_event events[EVENTS];
	size_t ended = 0;
	int n = epoll_wait(bench->epoll, events, EVENTS, timeout_ms);
	uint64_t now = now_us();
	need(n > 0, "nothing comes any more");
	for (int i = 0; i < n; i++) {
		struct client *c = events[i].data.ptr;
		if ((events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
			need(c->stage >= OPEN, "a connection ended too early");
			ended += c->stage == OPEN;
			if (c->stage == OPEN)
				c->closed_us = now;
			c->stage = CLOSED;
			continue;
		}
		enum stage before = c->stage;
		client_step(bench, c);
		*opened += before != OPEN && c->stage == OPEN;
	}
	return ended;
}

static void open_all(struct bench *bench)
{
	size_t started = 0, opened = 0;
	while (opened < bench->n) {
		while (started < bench->n && started < opened + AT_ONCE)
			client_open(bench, started++);
		need(turn(bench, PATIENCE_MS, &opened) == 0, "a session ended too early");
	}
}

static void client_close(struct client *c)
{
	SSL_free(c->ssl);
	close(c->fd);
}

// How many were told natively why.
static size_t count_told(struct bench *bench)
{
	static char text[4096];
	size_t told = 0;
	for (size_t i = 0; i < bench->n; i++) {
		int n = SSL_read(bench->clients[i].ssl, text, sizeof(text) - 1);
		text[n > 0 ? n : 0] = '\0';
		told += n > 0 && memmem(text, (size_t)n, "57P01", 5) != NULL;
	}
	return told;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

// Send a prepared request; the socket stays open for the answer.
static int call(const char *path, const char *file)
{
	static char request[LINE];
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	FILE *f = fopen(file, "r");
	need(f != NULL, file);
	size_t n = fread(request, 1, sizeof(request), f);
	fclose(f);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	need(connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0, path);
	need(write(fd, request, n) == (ssize_t)n, "write");
	return fd;
}

static int hold(struct bench *bench, const char *admin, const char *request)
{
	static char answer[LINE];
	size_t ended = 0, opened = 0;
	open_all(bench);
	printf("open %zu\n", bench->n);
	fflush(stdout);
	uint64_t begin = now_us();
	int fd = call(admin, request);
	while (ended < bench->n)
		ended += turn(bench, PATIENCE_MS, &opened);
	uint64_t *times = calloc(bench->n, sizeof(*times));
	for (size_t i = 0; i < bench->n; i++)
		times[i] = bench->clients[i].closed_us - begin;
	qsort(times, bench->n, sizeof(*times), by_value);
	printf("first %ju median %ju last %ju told %zu\n", (uintmax_t)times[0],
	       (uintmax_t)times[bench->n / 2], (uintmax_t)times[bench->n - 1], count_told(bench));
	ssize_t n = read(fd, answer, sizeof(answer) - 1);
	printf("%.*s\n", n > 0 ? (int)n : 0, answer);
	free(times);
	return 0;
}

static int login(struct bench *bench)
{
	for (size_t i = 0; i < bench->n; i++) {
		size_t opened = 0;
		client_open(bench, i);
		while (opened == 0)
			(void)turn(bench, PATIENCE_MS, &opened);
		printf("%ju\n",
		       (uintmax_t)(bench->clients[i].open_us - bench->clients[i].asked_us));
		epoll_ctl(bench->epoll, EPOLL_CTL_DEL, bench->clients[i].fd, NULL);
		client_close(&bench->clients[i]);
	}
	return 0;
}

static void bench_init(struct bench *bench, char **argv)
{
	raise_limit();
	*bench = (struct bench){.epoll = epoll_create1(0), .n = strtoul(argv[5], NULL, 10)};
	bench->to = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(argv[3], NULL, 10)),
	};
	need(inet_pton(AF_INET, argv[2], &bench->to.sin_addr) == 1, argv[2]);
	read_tokens(bench, argv[4]);
	bench->clients = calloc(bench->n, sizeof(*bench->clients));
	bench->tls = SSL_CTX_new(TLS_client_method());
	need(bench->clients != NULL && bench->tls != NULL, "memory");
	SSL_CTX_set_mode(bench->tls, SSL_MODE_RELEASE_BUFFERS);
}

int main(int argc, char **argv)
{
	struct bench bench;
	if (argc == 3 && strcmp(argv[1], "server") == 0) {
		raise_limit();
		server((uint16_t)strtoul(argv[2], NULL, 10));
	}
	if (argc == 8 && strcmp(argv[1], "hold") == 0) {
		bench_init(&bench, argv);
		return hold(&bench, argv[6], argv[7]);
	}
	if (argc == 6 && strcmp(argv[1], "login") == 0) {
		bench_init(&bench, argv);
		return login(&bench);
	}
	fprintf(stderr, "usage: bench_sessions server PORT | hold ADDRESS PORT TOKENS N SOCKET "
			"REQUEST | login ADDRESS PORT TOKENS N\n");
	return 2;
}
