// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Explicit Congestion Notification (RFC 3168). What we send for the first time may be marked by a
// router; the mark comes back as ECE until we answer with CWR, and means what a loss means.

#include "dataplane/tcp/loss.h"

enum { ECN_CE = 3 }; // RFC 3168 5

// 6.1.1. A SYN that was not answered goes out without: somebody may have dropped it for its flags.
uint8_t ecn_syn_flags(const struct tcp_conn *conn, bool ack)
{
	if (ack)
		return (conn->flags & CONN_ECN) != 0 ? TCP_ECE : 0;
	bool offer = conn->tcp->config.ecn && (conn->flags & CONN_SYN_RESENT) == 0;
	return offer ? TCP_ECE | TCP_CWR : 0;
}

void ecn_negotiate(struct tcp_conn *conn, const struct segment *syn)
{
	bool answer = (syn->flags & TCP_ACK) != 0;
	uint8_t bits = syn->flags & (TCP_ECE | TCP_CWR);
	if (!conn->tcp->config.ecn || bits != (answer ? TCP_ECE : TCP_ECE | TCP_CWR) ||
	    (answer && (conn->flags & CONN_SYN_RESENT) != 0))
		return;
	conn->flags |= CONN_ECN;
	conn->tcp->stats.ecn_negotiated++;
}

// 6.1.3, as the receiver.
void ecn_data(struct tcp_conn *conn, const struct segment *seg)
{
	if ((conn->flags & CONN_ECN) == 0)
		return;
	if ((seg->flags & TCP_CWR) != 0)
		conn->flags &= ~(uint32_t)CONN_ECE;
	if (seg->where->ecn != ECN_CE)
		return;
	conn->tcp->stats.ecn_marked++;
	conn->flags |= CONN_ECE;
}

// 6.1.2, as the sender: once in a window of data. The data behind `recover` carried our CWR.
void ecn_acked(struct tcp_conn *conn, const struct ack_news *news)
{
	if ((conn->flags & CONN_ECN) == 0 || (news->seg->flags & TCP_ECE) == 0 ||
	    news->acked == 0 || conn->recovery != RECOVERY_NONE ||
	    !seq_lt(conn->recover, conn->snd_una))
		return;
	conn->tcp->stats.ecn_reduced++;
	congestion_reduce(conn, RECOVERY_CWR);
}
