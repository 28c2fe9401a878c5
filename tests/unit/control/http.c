// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/control/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void answer(struct http *http, int fd)
{
	const char *body = __atomic_load_n(&http->body, __ATOMIC_ACQUIRE);
	char head[4096];

	// The request of one GET fits into one segment on the loopback.
	ssize_t got = read(fd, http->last, sizeof(http->last) - 1);
	if (got <= 0)
		return;
	http->last[got] = '\0';
	const char *metadata = __atomic_load_n(&http->metadata, __ATOMIC_ACQUIRE);
	if (metadata != NULL && strncmp(http->last, "GET /.well-known/", 17) == 0)
		body = metadata;
	__atomic_fetch_add(&http->requests, 1, __ATOMIC_RELEASE);
	usleep(1000 * __atomic_load_n(&http->delay_ms, __ATOMIC_ACQUIRE));
	int n = snprintf(
		head, sizeof(head),
		"HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n"
		"Location: http://127.0.0.1:%u/elsewhere\r\n\r\n",
		__atomic_load_n(&http->status, __ATOMIC_ACQUIRE), strlen(body), http->port
	);
	if (send(fd, head, (size_t)n, MSG_NOSIGNAL) == n)
		(void)!send(fd, body, strlen(body), MSG_NOSIGNAL);
}

static void *serve(void *arg)
{
	struct http *http = arg;

	for (;;) {
		int fd = accept(http->listener, NULL, NULL);
		if (fd < 0)
			return NULL;
		answer(http, fd);
		close(fd);
	}
}

void http_start(struct http *http, const char *body)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(addr);

	*http = (struct http){.body = body, .status = 200};
	http->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(http->listener >= 0);
	assert_int_equal(bind(http->listener, (struct sockaddr *)&addr, n), 0);
	assert_int_equal(listen(http->listener, 8), 0);
	assert_int_equal(getsockname(http->listener, (struct sockaddr *)&addr, &n), 0);
	http->port = ntohs(addr.sin_port);
	assert_int_equal(pthread_create(&http->thread, NULL, serve, http), 0);
}

void http_stop(struct http *http)
{
	shutdown(http->listener, SHUT_RDWR);
	pthread_join(http->thread, NULL);
	close(http->listener);
}
