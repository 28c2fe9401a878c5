// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "bench/load/link.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static void init(struct link *link, struct blocks *blocks)
{
	*link = (struct link){.fd = -1, .turn = link->turn};
	buf_init(&link->in, blocks, 2 * LINK_PULL);
	buf_init(&link->plain, blocks, 2 * LINK_PULL);
	buf_init(&link->wire, blocks, LINK_WIRE);
}

void link_init_own(struct link *link, struct blocks *blocks, struct tcp_conn *conn)
{
	init(link, blocks);
	link->conn = conn;
}

void link_init_socket(struct link *link, struct blocks *blocks, int fd)
{
	init(link, blocks);
	link->fd = fd;
}

void link_fini(struct link *link, bool abort)
{
	if (link->conn != NULL) {
		if (abort)
			tcp_abort(link->conn);
		tcp_release(link->conn);
	}
	if (link->fd >= 0) {
		const struct linger linger = {.l_onoff = abort};
		setsockopt(link->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		close(link->fd);
	}
	tls_free(link->tls);
	buf_fini(&link->in);
	buf_fini(&link->plain);
	buf_fini(&link->wire);
	init(link, link->plain.blocks);
}

void link_trim(struct link *link)
{
	buf_trim(&link->in);
	buf_trim(&link->plain);
	buf_trim(&link->wire);
}

// Out: *used. ERR_CLOSED is the end of the peer's stream.
static bool take(struct link *link, struct span in, size_t *used)
{
	size_t before = buf_len(&link->plain), room = LINK_PULL - before;

	*used = 0;
	if (link->tls == NULL) {
		*used = in.n < room ? in.n : room;
		link->received += *used;
		return buf_append(&link->plain, span_first(in, room)) == 0;
	}
	int r = tls_open(link->tls, in, used, &link->plain, room, &link->wire);
	link->received += buf_len(&link->plain) - before;
	link->eof = link->eof || r == ERR_CLOSED;
	return r == 0 || r == ERR_CLOSED;
}

static bool has_room(const struct link *link)
{
	return !link->eof && buf_len(&link->plain) < LINK_PULL;
}

static bool pull_own(struct link *link)
{
	size_t used = 1;

	for (struct span in = tcp_peek(link->conn); in.n > 0 && used > 0 && has_room(link);
	     in = tcp_peek(link->conn)) {
		if (!take(link, in, &used))
			return false;
		tcp_consume(link->conn, used);
	}
	if (tcp_conn_error(link->conn) != 0)
		return false;
	if (tcp_conn_fin_received(link->conn) && tcp_peek(link->conn).n == 0)
		link->eof = true;
	return true;
}

static bool take_in(struct link *link)
{
	size_t used = 1;

	while (buf_len(&link->in) > 0 && used > 0 && has_room(link)) {
		if (!take(link, buf_span(&link->in), &used))
			return false;
		buf_consume(&link->in, used);
	}
	return true;
}

static bool pull_socket(struct link *link)
{
	for (;;) {
		if (!take_in(link))
			return false;
		if (!has_room(link))
			return true;
		if (buf_reserve(&link->in, LINK_PULL) != 0)
			return false;
		ssize_t n = read(link->fd, buf_tail(&link->in), LINK_PULL);
		if (n < 0)
			return errno == EAGAIN;
		buf_commit(&link->in, (size_t)n);
		if (n == 0) {
			link->eof = true;
			return true;
		}
	}
}

bool link_pull(struct link *link)
{
	size_t used;

	if (link->tls != NULL && tls_has_plain(link->tls) && !take(link, (struct span){0}, &used))
		return false;
	return link->conn != NULL ? pull_own(link) : pull_socket(link);
}

// Out: *taken, how many TCP took.
static bool put(struct link *link, struct span bytes, size_t *taken)
{
	*taken = 0;
	if (link->conn != NULL) {
		*taken = tcp_send(link->conn, bytes);
		return true;
	}
	ssize_t n = send(link->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
	if (n >= 0)
		*taken = (size_t)n;
	return n >= 0 || errno == EAGAIN;
}

bool link_push(struct link *link)
{
	size_t n, used;

	for (;;) {
		if (buf_len(&link->wire) > 0) {
			if (!put(link, buf_span(&link->wire), &n))
				return false;
			buf_consume(&link->wire, n);
			if (buf_len(&link->wire) > 0)
				return true;
		}
		if (link->rest.n == 0)
			return true;
		if (link->tls == NULL) {
			if (!put(link, link->rest, &n))
				return false;
			link->rest = span_from(link->rest, n);
			link->sent += n;
			if (link->rest.n > 0)
				return true;
			continue;
		}
		struct span next = span_first(link->rest, LINK_SEAL);
		if (tls_seal(link->tls, next, &used, &link->wire) != 0)
			return false;
		if (used == 0)
			return true; // the handshake is not done
		link->rest = span_from(link->rest, used);
		link->sent += used;
	}
}

bool link_send(struct link *link, struct span bytes)
{
	link->rest = bytes;
	return link_push(link);
}
