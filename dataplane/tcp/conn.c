// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The life of a connection block; see conn.h.

#include "dataplane/tcp/conn.h"

// RFC 7323 5.4: a clock per peer that an observer cannot compare with another peer's, yet one that
// goes on across connections, so that the peer's TIME_WAIT can tell old from new (RFC 6191).
static uint32_t ts_offset(const struct tcp *tcp, const struct flow *flow)
{
	struct ip_addr pair[2] = {flow->local.addr, flow->remote.addr};
	return (uint32_t)hash_keyed(&tcp->ts_key, pair, sizeof(pair));
}

uint32_t ts_clock(const struct tcp *tcp, const struct flow *flow)
{
	return (uint32_t)tcp->now_ms + ts_offset(tcp, flow);
}

struct tcp_conn *conn_new(struct tcp *tcp, const struct flow *flow)
{
	struct tcp_conn *conn = pool_get(tcp->conns);
	if (conn == NULL) {
		tcp->stats.conns_full++;
		return NULL;
	}
	*conn = (struct tcp_conn){
		.tcp = tcp,
		.flow = *flow,
		.flags = CONN_LIVE,
		.state = TCP_CLOSED,
		.ts_offset = ts_offset(tcp, flow),
		.snd_una = isn_new(tcp, flow),
		.tx_ms = (uint32_t)tcp->now_ms,
		.oow_ack_ms = (uint32_t)tcp->now_ms - TCP_OOW_ACK_MS,
		.quick_acks = TCP_QUICK_ACKS,
		.rto_ms = (uint16_t)min_u32(tcp->config.rto_initial_ms, UINT16_MAX),
	};
	wheel_node_init(&conn->timer);
	table_add_conn(tcp, conn);
	tcp->stats.conns++;
	conn_mark(conn);
	return conn;
}

static struct index_array links(const struct tcp *tcp)
{
	return (struct index_array){&tcp->blocks->link, sizeof(*tcp->blocks)};
}

// The one place where a state changes.
void conn_set_state(struct tcp_conn *conn, enum tcp_state state)
{
	conn->state = state;
	conn_mark(conn);
}

void conn_mark(struct tcp_conn *conn)
{
	struct index_list *dirty = &conn->tcp->dirty;
	if ((conn->flags & CONN_DIRTY) != 0)
		return;
	uint32_t ref = conn_ref(conn);
	conn->flags |= CONN_DIRTY;
	conn->dirty_next = 0;
	if (dirty->last == 0)
		dirty->first = ref;
	else
		conn_at(conn->tcp, dirty->last)->dirty_next = ref;
	dirty->last = ref;
}

// Nothing is reported of a connection whose handshake the caller never heard of, nor after release.
void conn_report(struct tcp_conn *conn, uint32_t events)
{
	if ((conn->flags & CONN_RELEASED) != 0 || (conn->flags & (CONN_OWNED | CONN_ACCEPTED)) == 0)
		return;
	conn->events |= (uint8_t)events;
	if ((conn->flags & CONN_EVENT) != 0)
		return;
	conn->flags |= CONN_EVENT;
	index_list_append(&conn->tcp->events, links(conn->tcp), conn_ref(conn));
}

struct tcp_conn *conn_shift_event(struct tcp *tcp)
{
	if (tcp->events.first == 0)
		return NULL;
	struct tcp_conn *conn = conn_at(tcp, tcp->events.first);
	conn->flags &= ~(uint32_t)CONN_EVENT;
	index_list_remove(&tcp->events, links(tcp), conn_ref(conn));
	return conn;
}

void conn_forget_events(struct tcp_conn *conn)
{
	conn->events = 0;
	if ((conn->flags & CONN_EVENT) == 0)
		return;
	conn->flags &= ~(uint32_t)CONN_EVENT;
	index_list_remove(&conn->tcp->events, links(conn->tcp), conn_ref(conn));
}

void conn_close(struct tcp_conn *conn, enum tcp_state state, int error)
{
	struct tcp *tcp = conn->tcp;
	if ((conn->flags & CONN_LIVE) == 0)
		return;
	conn_set_state(conn, state);
	conn->flags &= ~(uint32_t)(CONN_LIVE | CONN_ACK_NOW);
	conn->error = (int16_t)error;
	table_remove_conn(tcp, conn);
	wheel_disarm(&conn->timer);
	send_clear(conn);
	buffer_shrink(conn);
	tcp->stats.conns--;
	tcp->stats.closed++;
	if ((conn->flags & CONN_OWNED) != 0) {
		conn_report(conn, TCP_EV_CLOSED);
		return;
	}
	// The caller has not seen it, or has released it: tcp_tick takes the block back.
	conn_forget_events(conn);
	reassembly_clear(conn);
}

void conn_reset(struct tcp_conn *conn, int error)
{
	if (conn->state >= TCP_SYN_RECEIVED && (conn->flags & CONN_LIVE) != 0)
		output_bare(conn, conn->snd_nxt, TCP_RST | TCP_ACK);
	conn_close(conn, TCP_CLOSED, error);
}

void conn_put(struct tcp_conn *conn)
{
	struct tcp *tcp = conn->tcp;
	reassembly_clear(conn);
	conn_forget_events(conn);
	assert((conn->flags & CONN_DIRTY) == 0); // tcp_tick alone comes here, and has taken it off
	conn->tcp = NULL;
	pool_put(tcp->conns, conn);
}

bool tcp_may_challenge(struct tcp *tcp)
{
	if (tcp->now_ms - tcp->challenge_ms >= 1000) {
		tcp->challenge_ms = tcp->now_ms;
		// Who sees how many are left must not learn how many others took (CVE-2016-5696).
		tcp->challenges = TCP_CHALLENGES_MEAN / 2 +
				  (uint32_t)(tcp->ops.random(tcp->ops.ctx) % TCP_CHALLENGES_MEAN);
	}
	if (tcp->challenges == 0)
		return false;
	tcp->challenges--;
	return true;
}

// Per connection first, so that one cannot learn of another by exhausting a common budget; the
// common one is far above what honest peers need.
bool conn_may_challenge(struct tcp_conn *conn)
{
	struct tcp *tcp = conn->tcp;
	if ((uint32_t)tcp->now_ms - conn->oow_ack_ms < TCP_OOW_ACK_MS || !tcp_may_challenge(tcp))
		return false;
	conn->oow_ack_ms = (uint32_t)tcp->now_ms;
	return true;
}
