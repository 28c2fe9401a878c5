// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The caller's side of a connection: closing it and asking about it.

#include "dataplane/tcp/conn.h"

void tcp_shutdown(struct tcp_conn *conn)
{
	if ((conn->flags & (CONN_LIVE | CONN_FIN_WANTED)) != CONN_LIVE)
		return;
	conn->flags |= CONN_FIN_WANTED;
	if (conn->state == TCP_ESTABLISHED)
		conn_set_state(conn, TCP_FIN_WAIT_1);
	else if (conn->state == TCP_CLOSE_WAIT)
		conn_set_state(conn, TCP_LAST_ACK);
	else
		return; // the handshake is not done; established() comes back to it
	send_fin(conn);
}

void tcp_abort(struct tcp_conn *conn)
{
	if (!balancer_is(&conn->flow.remote.addr))
		conn_reset(conn, 0);
	reassembly_clear(conn);
	conn_forget_events(conn);
}

void tcp_release(struct tcp_conn *conn)
{
	conn->released_ms = (uint32_t)conn->tcp->now_ms;
	conn->flags |= CONN_RELEASED;
	conn->flags &= ~(uint32_t)CONN_OWNED;
	conn_forget_events(conn);
	conn_mark(conn);
	if ((conn->flags & CONN_LIVE) == 0)
		return;
	if (conn->state == TCP_SYN_SENT) {
		conn_close(conn, TCP_CLOSED, 0);
	} else if (conn->rcv_bytes > 0 && !balancer_is(&conn->flow.remote.addr)) {
		conn_reset(conn, 0);
	} else {
		timer_arm_patience(conn);
		tcp_shutdown(conn);
	}
}

enum tcp_state tcp_conn_state(const struct tcp_conn *conn)
{
	return conn->state;
}

int tcp_conn_error(const struct tcp_conn *conn)
{
	return conn->error;
}

bool tcp_conn_fin_received(const struct tcp_conn *conn)
{
	return (conn->flags & CONN_FIN_RECEIVED) != 0;
}

bool tcp_conn_fin_sent(const struct tcp_conn *conn)
{
	return (conn->flags & CONN_FIN_QUEUED) != 0 && conn->snd_unsent == NULL;
}

struct endpoint tcp_conn_local(const struct tcp_conn *conn)
{
	return conn->flow.local;
}

struct endpoint tcp_conn_remote(const struct tcp_conn *conn)
{
	return conn->flow.remote;
}

void *tcp_conn_cookie(const struct tcp_conn *conn)
{
	return conn->user;
}

void *tcp_conn_user(const struct tcp_conn *conn)
{
	return conn->user;
}

void tcp_conn_set_user(struct tcp_conn *conn, void *user)
{
	conn->user = user;
}
