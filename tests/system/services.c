// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/system/services.h"

#include "dataplane/tcp/tcp.h"
#include "tests/system/pattern.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

// What a connection has got or sent of the stream.
struct progress {
	uint64_t at;
	uint64_t wanted; // of the source
	bool told;       // the line came, or went
};

static void echo(struct tcp_conn *conn)
{
	for (struct span in = tcp_peek(conn); in.n > 0; in = tcp_peek(conn)) {
		size_t n = tcp_send(conn, in);
		tcp_consume(conn, n);
		if (n < in.n)
			return;
	}
	if (tcp_conn_fin_received(conn))
		tcp_shutdown(conn);
}

static void discard(struct tcp_conn *conn, struct progress *p)
{
	for (struct span in = tcp_peek(conn); in.n > 0; in = tcp_peek(conn)) {
		if (!pattern_is(in.p, in.n, p->at)) {
			fprintf(stderr, "a byte from %" PRIu64 " on is wrong\n", p->at);
			tcp_abort(conn);
			return;
		}
		p->at += in.n;
		tcp_consume(conn, in.n);
	}
	if (!tcp_conn_fin_received(conn) || p->told)
		return;
	char line[32];
	int n = snprintf(line, sizeof(line), "%" PRIu64 "\n", p->at);
	if (tcp_send(conn, span_of(line, (size_t)n)) == (size_t)n) // a fresh queue takes it whole
		tcp_shutdown(conn);
	else
		tcp_abort(conn);
	p->told = true;
}

static void source(struct tcp_conn *conn, struct progress *p)
{
	for (struct span in = tcp_peek(conn); in.n > 0 && !p->told; in = tcp_peek(conn)) {
		if (*in.p == '\n')
			p->told = true;
		else
			p->wanted = p->wanted * 10 + (*in.p - (uint8_t)'0');
		tcp_consume(conn, 1);
	}
	while (p->told && p->at < p->wanted) {
		uint8_t bytes[4096];
		uint64_t left = p->wanted - p->at;
		size_t n = left < sizeof(bytes) ? (size_t)left : sizeof(bytes);
		pattern_write(bytes, n, p->at);
		size_t taken = tcp_send(conn, span_of(bytes, n));
		p->at += taken;
		if (taken < n)
			return;
	}
	if (p->told)
		tcp_shutdown(conn);
}

static struct progress *progress_of(struct tcp_conn *conn)
{
	if (tcp_conn_user(conn) == NULL)
		tcp_conn_set_user(conn, calloc(1, sizeof(struct progress)));
	return tcp_conn_user(conn);
}

int services_listen(struct tcp *tcp)
{
	static const uint16_t ports[] = {SERVICE_ECHO, SERVICE_DISCARD, SERVICE_SOURCE};
	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++) {
		int r = tcp_listen(tcp, &(struct endpoint){.port = ports[i]}, NULL);
		if (r != 0)
			return r;
	}
	return 0;
}

void services_event(struct tcp_conn *conn, uint32_t events)
{
	if ((events & TCP_EV_CLOSED) != 0) {
		free(tcp_conn_user(conn));
		tcp_release(conn);
		return;
	}
	enum service service = tcp_conn_local(conn).port;
	if (service == SERVICE_ECHO) {
		echo(conn);
		return;
	}
	struct progress *p = progress_of(conn);
	if (p == NULL)
		tcp_abort(conn);
	else if (service == SERVICE_DISCARD)
		discard(conn, p);
	else
		source(conn, p);
}
