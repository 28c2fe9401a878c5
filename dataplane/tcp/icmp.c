// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// ICMP errors about our segments. Anyone can forge one: RFC 5927.

#include "dataplane/tcp/loss.h"

enum icmp_unreachable {
	ICMP_UNREACHABLE = 3, // type
	ICMP_PROTOCOL = 2,
	ICMP_PORT = 3,
	ICMP_TOO_BIG = 4,
};

void claim_forget(struct tcp_conn *conn)
{
	if ((conn->flags & CONN_CLAIM) == 0)
		return;
	conn->flags &= ~(uint32_t)CONN_CLAIM;
	conn->mss_test = 0;
}

// Segments on the way that no longer fit are sent again in smaller pieces (RFC 1191 6.5); that is
// no sign of congestion.
void mss_apply(struct tcp_conn *conn, uint16_t mss_path)
{
	claim_forget(conn);
	if (mss_path >= conn_mss_path(conn))
		return;
	conn_mss_set(conn, mss_path);
	if (conn_is_synchronised(conn) && (conn->flags & CONN_RELEASED) == 0)
		due_in(conn, DUE_STATE, TCP_RAISE_MS);
	for (struct pkt *pkt = conn->snd_head; pkt != conn->snd_unsent; pkt = pkt->next) {
		if (pkt->len > conn->mss)
			recovery_lose(conn, pkt);
	}
	conn_mark(conn);
}

// RFC 1191 5 and 7: a router that names no MTU leaves us to guess the next common one.
// Routers of IPv6 always name it.
static uint16_t mtu_below(uint32_t mtu)
{
	static const uint16_t plateaus[] = {1492, 1006, TCP_MTU_MIN_IP4};
	for (size_t i = 0; i < sizeof(plateaus) / sizeof(plateaus[0]); i++) {
		if (plateaus[i] < mtu)
			return plateaus[i];
	}
	return TCP_MTU_MIN_IP4;
}

static void too_big(struct tcp_conn *conn, uint16_t mtu)
{
	uint16_t overhead = flow_overhead(&conn->flow);

	if (mtu == 0)
		mtu = mtu_below(conn_mss_path(conn) + (uint32_t)overhead);
	uint16_t mss = (uint16_t)(max_u32(mtu, flow_mtu_min(&conn->flow)) - overhead);
	// RFC 5927 7.2: a segment as large has arrived before; believe it only if a timeout
	// confirms that the path has changed.
	if (conn->mss_acked + (uint32_t)TCP_TS_LEN <= mss) {
		mss_apply(conn, mss);
		return;
	}
	conn->mss_test = mss;
	conn->flags |= CONN_CLAIM;
}

// RFC 5927 5.2: in synchronised states these are hints at most; the timers decide.
static void unreachable(struct tcp_conn *conn, uint8_t code)
{
	if (conn->state != TCP_SYN_SENT)
		return;
	if (code == ICMP_PROTOCOL || code == ICMP_PORT)
		conn_close(conn, TCP_CLOSED, -ECONNREFUSED);
	else
		conn->flags |= CONN_UNREACHABLE;
}

void tcp_icmp_error(
	struct tcp *tcp, const struct endpoint *local, const struct endpoint *remote, uint32_t seq,
	uint8_t type, uint8_t code, uint16_t mtu, uint64_t now_us
)
{
	tcp_clock_set(tcp, now_us);
	struct flow flow = {*local, *remote};
	struct time_wait *tw;
	struct tcp_conn *conn = table_find(tcp, &flow, table_hash(tcp, &flow), &tw);
	if (type != ICMP_UNREACHABLE)
		return;
	// RFC 5927 4.1: it must quote something that is in flight. Of a handshake that a peer began
	// there is nothing to learn: our SYN-ACK fits any path.
	if (conn == NULL || seq_lt(seq, conn->snd_una) || !seq_lt(seq, conn->snd_nxt)) {
		tcp->stats.icmp_refused++;
		return;
	}
	if (code == ICMP_TOO_BIG)
		too_big(conn, mtu);
	else
		unreachable(conn, code);
}
