// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tcp/conn.h"

// The listener for exactly this address before the one for any.
struct listener *listener_find(struct tcp *tcp, const struct endpoint *local)
{
	struct listener *wild = NULL;
	for (uint32_t i = 0; i < tcp->n_listeners; i++) {
		struct listener *l = &tcp->listeners[i];
		if (l->local.port != local->port)
			continue;
		if (addr_equal(&l->local.addr, &local->addr))
			return l;
		if (addr_is_any(&l->local.addr))
			wild = l;
	}
	return wild;
}

int tcp_listen(struct tcp *tcp, const struct endpoint *local, void *cookie)
{
	for (uint32_t i = 0; i < tcp->n_listeners; i++) {
		if (endpoint_equal(&tcp->listeners[i].local, local))
			return -EADDRINUSE;
	}
	if (tcp->n_listeners == TCP_LISTENERS_MAX)
		return ERR_LIMIT;
	tcp->listeners[tcp->n_listeners++] = (struct listener){*local, cookie};
	return 0;
}

// Handshakes under way are answered by RST when they complete; nobody would take them.
void tcp_unlisten(struct tcp *tcp, const struct endpoint *local)
{
	for (uint32_t i = 0; i < tcp->n_listeners; i++) {
		if (!endpoint_equal(&tcp->listeners[i].local, local))
			continue;
		tcp->listeners[i] = tcp->listeners[--tcp->n_listeners];
		return;
	}
}

// Room for one more handshake: the oldest gives way, for it is the least likely to complete.
static void half_open_make_room(struct tcp *tcp)
{
	struct list *oldest = tcp->half_open.next;
	if (tcp->stats.half_open < tcp->config.half_open_max || oldest == &tcp->half_open)
		return;
	tcp->stats.syn_dropped++;
	conn_close(list_entry(oldest, struct tcp_conn, half_open), TCP_CLOSED, 0);
}

static void syn_input(
	struct tcp *tcp, const struct listener *listener, const struct segment *seg, bool has_after,
	uint32_t iss_after
)
{
	struct flow flow = {seg->where->local, seg->where->remote};
	struct ip_addr local;
	uint16_t mtu;
	half_open_make_room(tcp);
	if (tcp->config.half_open_max == 0 ||
	    tcp->ops.route(tcp->ops.ctx, &flow.remote.addr, &local, &mtu) != 0) {
		tcp->stats.syn_dropped++;
		return;
	}
	struct tcp_conn *conn = conn_new(tcp, &flow);
	if (conn == NULL) {
		tcp->stats.syn_dropped++;
		return;
	}
	if (has_after && seq_le(conn->iss, iss_after))
		conn->iss = iss_after + 1;
	conn->flags |= CONN_PASSIVE;
	conn->cookie = listener->cookie;
	syn_prepare(conn, mtu);
	syn_received(conn, seg);
}

// RFC 9293 3.10.7.1 and 3.10.7.2.
void listen_input(struct tcp *tcp, struct segment *seg, bool has_after, uint32_t iss_after)
{
	if ((seg->flags & TCP_RST) != 0)
		return;
	struct listener *listener = listener_find(tcp, &seg->where->local);
	if (listener == NULL)
		tcp->stats.no_listener++;
	if (listener == NULL || (seg->flags & TCP_ACK) != 0) {
		output_reset(tcp, seg);
		return;
	}
	// FIN makes no sense with SYN (RFC 9293 does not forbid it, scanners send it).
	if ((seg->flags & (TCP_SYN | TCP_FIN)) == TCP_SYN)
		syn_input(tcp, listener, seg, has_after, iss_after);
}
