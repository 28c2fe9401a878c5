// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Paths that swallow large packets without a word (RFC 4821 7.7, RFC 2923 2.1). After the second
// timeout in a row on a large packet its front goes out alone. If that arrives, and the next large
// packet vanishes again, segments become that small. A path that is merely down loses both, and
// costs nothing.

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

// A packet larger than the test ends the suspicion.
void blackhole_acked(struct tcp_conn *conn, uint32_t len)
{
	if (len + options_len(conn) > conn->mss_test)
		conn->mss_test = 0;
}
