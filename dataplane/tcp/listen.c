// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tcp/syncache.h"

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

// `has_after`: the ISN must exceed `iss_after`, which a cookie cannot promise.
static void syn_input(
	struct tcp *tcp, const struct segment *seg, bool has_after, uint32_t iss_after
)
{
	struct ip_addr local;
	uint16_t mtu;
	struct pool_stats conns = pool_stats(tcp->conns);
	if (conns.used == conns.size) // the handshake could not be completed
		tcp->stats.conns_full++;
	if (conns.used == conns.size ||
	    tcp->ops.route(tcp->ops.ctx, &seg->where->remote.addr, &local, &mtu) != 0) {
		tcp->stats.syn_dropped++;
		return;
	}
	struct syn_seen seen = syn_seen_of(tcp, seg, mtu);
	seen.iss = isn_new(tcp, &seen.flow);
	if (has_after && seq_le(seen.iss, iss_after))
		seen.iss = iss_after + 1;
	if (syncache_add(tcp, &seen, has_after))
		return;
	if (has_after) {
		tcp->stats.syn_dropped++;
		return;
	}
	uint32_t ts_val = syncookie_bake(tcp, &seen);
	output_syn(tcp, &seen, TCP_SYN | TCP_ACK, ts_val);
}

// The ACK of a handshake that nothing is remembered of.
static struct tcp_conn *cookie_input(struct tcp *tcp, const struct segment *seg, bool *known)
{
	struct syn_seen seen;
	*known = (seg->flags & TCP_SYN) == 0 && syncookie_check(tcp, seg, &seen);
	struct tcp_conn *conn = *known ? syn_complete(tcp, &seen) : NULL;
	tcp->stats.cookies_accepted += conn != NULL;
	return conn;
}

// A listener's handshake is done: from here on RFC 9293 3.10.7.4 is for the connection.
static void completed(struct tcp_conn *conn, struct segment *seg)
{
	conn_input(conn, seg);
	if (conn->state == TCP_SYN_RECEIVED)
		conn_close(conn, TCP_CLOSED, 0);
}

// RFC 9293 3.10.7.1 and 3.10.7.2, and 3.10.7.4 for SYN-RECEIVED.
void listen_input(struct tcp *tcp, struct segment *seg, bool has_after, uint32_t iss_after)
{
	struct flow flow = {seg->where->local, seg->where->remote};
	struct syn_entry *entry = syncache_find(tcp, &flow);
	struct tcp_conn *conn = NULL;
	if (entry != NULL) {
		if (syncache_input(tcp, entry, seg, &conn))
			completed(conn, seg);
		return;
	}
	if ((seg->flags & (TCP_RST | TCP_SYN | TCP_ACK)) == 0 || (seg->flags & TCP_RST) != 0 ||
	    (seg->flags & (TCP_SYN | TCP_FIN)) == (TCP_SYN | TCP_FIN))
		tcp->stats.stray++;
	if ((seg->flags & TCP_RST) != 0)
		return;
	if (listener_find(tcp, &flow.local) == NULL) {
		tcp->stats.no_listener++;
		output_reset(tcp, seg);
		return;
	}
	if ((seg->flags & TCP_ACK) != 0) {
		bool known;
		conn = cookie_input(tcp, seg, &known);
		if (conn != NULL)
			completed(conn, seg);
		else if (!known)
			output_reset(tcp, seg);
		return;
	}
	// FIN makes no sense with SYN (RFC 9293 does not forbid it, scanners send it).
	if ((seg->flags & (TCP_SYN | TCP_FIN)) == TCP_SYN)
		syn_input(tcp, seg, has_after, iss_after);
}
