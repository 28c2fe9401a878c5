// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Paths that swallow large packets without a word (RFC 4821 7.7, RFC 2923 2.1). After the second
// timeout in a row on a large packet its front goes out alone. If that arrives, and the next large
// packet vanishes again, segments become that small. A path that is merely down loses both, and
// costs nothing. Paths change: ten minutes later, however it was that segments became smaller, a
// single larger one is tried.

#include "dataplane/tcp/loss.h"

// What tunnels, and then the standards, leave of larger MTUs.
static const uint16_t steps[] = {1500, 1400, TCP_MTU_MIN_IP6, TCP_MTU_MIN_IP4};

static uint32_t options_len(const struct tcp_conn *conn)
{
	return (conn->flags & CONN_TS) != 0 ? TCP_TS_LEN : 0;
}

// The MSS of the next step below `mss`; 0: there is none.
static uint16_t mss_below(const struct tcp_conn *conn, uint32_t mss)
{
	uint16_t overhead = flow_overhead(&conn->flow);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i] >= flow_mtu_min(&conn->flow) && steps[i] - overhead < (int)mss)
			return (uint16_t)(steps[i] - overhead);
	}
	return 0;
}

// With a test under way, a large packet at the head means that the small one before it arrived.
void blackhole_timeout(struct tcp_conn *conn)
{
	struct pkt *head = conn->snd_head;
	uint32_t options = options_len(conn);
	if (conn->mss_test != 0 && head->len + options > conn->mss_test) {
		conn->tcp->stats.black_holes++;
		mss_apply(conn, conn->mss_test);
		conn->mss_test = 0;
		return;
	}
	uint16_t mss = mss_below(conn, head->len + options);
	if (conn->retries < 2 || mss == 0)
		return;
	if (send_split(conn, head, mss - options))
		conn->mss_test = mss;
}

// The next step up, in which the options are counted.
static uint16_t mss_above(const struct tcp_conn *conn)
{
	uint16_t overhead = flow_overhead(&conn->flow);
	for (size_t i = sizeof(steps) / sizeof(steps[0]); i > 0; i--) {
		int mss = steps[i - 1] - overhead;
		if (mss > (int)conn_mss_path(conn))
			return (uint16_t)min_u32((uint32_t)mss, conn->mss_top);
	}
	return conn->mss_top;
}

// A packet larger than the test ends the suspicion.
void blackhole_acked(struct tcp_conn *conn, const struct pkt *pkt)
{
	uint32_t len = pkt->len + options_len(conn);
	if (len > conn->mss_test)
		conn->mss_test = 0;
	if ((tx_seg(pkt)->flags & TX_LARGE) == 0 || len <= conn_mss_path(conn))
		return;
	conn->tcp->stats.mss_raised++;
	conn_mss_set(conn, (uint16_t)len);
	if (len < conn->mss_top)
		conn->flags |= CONN_RAISE;
}

// Move bytes from the packets behind to the end of `pkt`; none of them was ever sent.
static void fill(struct tcp_conn *conn, struct pkt *pkt, uint32_t len)
{
	while (pkt->len < len) {
		struct pkt *next = pkt->next;
		uint32_t n = min_u32(len - pkt->len, next->len);
		memcpy(pkt_extend(pkt, n), next->data, n);
		tx_seg(pkt)->end += n;
		pkt_pull(next, n);
		tx_seg(next)->seq += n;
		if (next->len > 0)
			return;
		pkt->next = next->next;
		conn->snd_segs--;
		conn->tcp->stats.tx_queued--;
		next->next = NULL;
		pkt_put(next);
	}
}

// RFC 4821 7.3, 7.4, 7.7: one packet of the next size, if so much follows that its loss shows
// without a timeout. It is then sent again in two, and tried again later.
void blackhole_raise(struct tcp_conn *conn, struct pkt *pkt)
{
	uint32_t len = mss_above(conn) - options_len(conn);
	// There is nothing to be had; or DUE_STATE is the patience with a released connection.
	if (len <= conn->mss || (conn->flags & CONN_RELEASED) != 0) {
		conn->flags &= ~(uint32_t)CONN_RAISE;
		return;
	}
	uint32_t seq = tx_seg(pkt)->seq;
	uint32_t whole = len + (TCP_DUP_THRESH + 1u) * conn->mss;
	if (conn->recovery != RECOVERY_NONE || pkt->len == 0 || pkt->len >= len ||
	    pkt_tailroom(pkt) < len - pkt->len || tx_seg(conn->snd_tail)->end - seq < whole ||
	    seq_lt(conn->snd_una + conn->snd_wnd, seq + whole) ||
	    recovery_pipe(conn) + whole > conn->cwnd)
		return;
	fill(conn, pkt, len);
	tx_seg(pkt)->flags |= TX_LARGE;
	conn->tcp->stats.mss_tried++;
	conn->flags &= ~(uint32_t)CONN_RAISE;
	due_in(conn, DUE_STATE, TCP_RAISE_MS);
}
