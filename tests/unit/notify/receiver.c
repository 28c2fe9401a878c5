// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/notify/receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void header(const char *head, const char *name, char *out, size_t size)
{
	const char *at = strcasestr(head, name);

	out[0] = '\0';
	if (at == NULL)
		return;
	at += strlen(name);
	snprintf(out, size, "%.*s", (int)strcspn(at, "\r"), at);
}

static void note(struct receiver *r, const char *request, const char *body)
{
	pthread_mutex_lock(&r->lock);
	sscanf(request, "POST %127s", r->path);
	header(request, "\r\nBulkhead-Timestamp: ", r->timestamp, sizeof(r->timestamp));
	header(request, "\r\nBulkhead-Signature: ", r->signature, sizeof(r->signature));
	header(request, "\r\nBulkhead-Delivery: ", r->delivery, sizeof(r->delivery));
	snprintf(r->deliveries[r->requests % 64], sizeof(r->delivery), "%s", r->delivery);
	snprintf(r->body, sizeof(r->body), "%s", body);
	pthread_mutex_unlock(&r->lock);
	__atomic_fetch_add(&r->requests, 1, __ATOMIC_RELEASE);
}

static bool is_stopped(const struct receiver *r)
{
	return __atomic_load_n(&r->stop, __ATOMIC_ACQUIRE);
}

// Until the peer goes, or the test ends.
static void hang(const struct receiver *r, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};

	while (!is_stopped(r) && poll(&p, 1, 10) == 0)
		continue;
}

static void answer(const struct receiver *r, int fd)
{
	static char noise[4096];
	char text[256];
	int n = 0;

	switch (__atomic_load_n(&r->manner, __ATOMIC_ACQUIRE)) {
	case MANNER_STATUS:
		n = snprintf(
			text, sizeof(text), "HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\nok",
			__atomic_load_n(&r->status, __ATOMIC_ACQUIRE)
		);
		break;
	case MANNER_REDIRECT:
		n = snprintf(
			text, sizeof(text),
			"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:%u/elsewhere\r\n"
			"Content-Length: 0\r\n\r\n",
			r->port
		);
		break;
	case MANNER_HANG:
		hang(r, fd);
		return;
	case MANNER_CLOSE:
		return;
	case MANNER_ENDLESS:
		n = snprintf(text, sizeof(text), "HTTP/1.1 200 X\r\n\r\n");
		(void)!send(fd, text, (size_t)n, MSG_NOSIGNAL);
		while (!is_stopped(r) && send(fd, noise, sizeof(noise), MSG_NOSIGNAL) > 0)
			continue;
		return;
	}
	(void)!send(fd, text, (size_t)n, MSG_NOSIGNAL);
}

static void talk(struct receiver *r, int fd)
{
	static _Thread_local char request[32768];
	size_t n = 0;

	for (;;) {
		ssize_t got = recv(fd, request + n, sizeof(request) - 1 - n, 0);
		if (got <= 0)
			return;
		n += (size_t)got;
		request[n] = '\0';
		const char *end = strstr(request, "\r\n\r\n");
		const char *length = strcasestr(request, "\r\nContent-Length: ");
		if (end == NULL || length == NULL)
			continue;
		if (n < (size_t)(end + 4 - request) + strtoul(length + 18, NULL, 10))
			continue;
		note(r, request, end + 4);
		answer(r, fd);
		return;
	}
}

static void *serve(void *arg)
{
	struct receiver *r = arg;

	while (!is_stopped(r)) {
		int fd = accept(r->listener, NULL, NULL);
		if (fd < 0)
			break;
		talk(r, fd);
		close(fd);
	}
	return NULL;
}

void receiver_start(struct receiver *r, enum manner manner, int status)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(addr);

	*r = (struct receiver){.manner = manner, .status = status};
	pthread_mutex_init(&r->lock, NULL);
	r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(r->listener >= 0);
	assert_int_equal(bind(r->listener, (struct sockaddr *)&addr, n), 0);
	assert_int_equal(listen(r->listener, 8), 0);
	assert_int_equal(getsockname(r->listener, (struct sockaddr *)&addr, &n), 0);
	r->port = ntohs(addr.sin_port);
	assert_int_equal(pthread_create(&r->thread, NULL, serve, r), 0);
}

void receiver_stop(struct receiver *r)
{
	__atomic_store_n(&r->stop, true, __ATOMIC_RELEASE);
	shutdown(r->listener, SHUT_RDWR);
	pthread_join(r->thread, NULL);
	close(r->listener);
	pthread_mutex_destroy(&r->lock);
}

unsigned receiver_requests(const struct receiver *r)
{
	return __atomic_load_n(&r->requests, __ATOMIC_ACQUIRE);
}

void receiver_url(const struct receiver *r, char *out, size_t size)
{
	snprintf(out, size, "http://127.0.0.1:%u/hook", r->port);
}
