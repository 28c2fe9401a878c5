// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Reductions of the window that turn out to be mistaken: what was sent again had only been late.
// Three things tell: an ACK that echoes a timestamp from before the retransmission (RFC 3522), an
// ACK after a timeout for what was sent only once (F-RTO, RFC 5682), D-SACKs for all that was sent
// again (RFC 2883). A peer may lie in each; it gains what it had before the reduction.

#include "dataplane/tcp/loss.h"

// Before the window is reduced. A second reduction on top of the first is not undone.
void undo_begin(struct tcp_conn *conn)
{
	conn->flags &= ~(uint32_t)CONN_UNDO;
	conn->undo_resent = 0;
	if (conn->recovery != RECOVERY_NONE)
		return;
	conn->flags |= CONN_UNDO;
	conn->prior_cwnd = conn->cwnd;
	conn->prior_ssthresh = conn->ssthresh;
	conn->undo_una = conn->snd_una;
}

// A packet is sent again.
void undo_resent(struct tcp_conn *conn)
{
	if ((conn->flags & CONN_UNDO) == 0)
		return;
	if (conn->undo_resent++ == 0)
		conn->undo_ts = conn_ts_now(conn);
	if (conn->undo_resent == UINT16_MAX)
		conn->flags &= ~(uint32_t)CONN_UNDO;
}

// RFC 5682 2.1 (1): not for a timeout within the recovery from another.
void undo_timeout(struct tcp_conn *conn)
{
	conn->frto = conn->recovery == RECOVERY_RTO ? FRTO_NONE : FRTO_RESENT;
}

// RFC 3522 3.2 (4).
static bool is_echo_older(const struct tcp_conn *conn, const struct ack_news *news)
{
	return (conn->flags & CONN_TS) != 0 && conn->undo_resent > 0 && news->acked > 0 &&
	       seq_lt(news->seg->options.ts_ecr, conn->undo_ts);
}

static bool all_needless(struct tcp_conn *conn, const struct ack_news *news)
{
	const struct sack_block *block = &news->seg->options.sack[0];
	if (!news->dsack || conn->undo_resent == 0 || seq_lt(block->left, conn->undo_una) ||
	    seq_lt(conn->recover, block->right))
		return false;
	return --conn->undo_resent == 0;
}

// True when the timeout was spurious. Steps 2 and 3 of RFC 5682 2.1, with SACK those of 3.1: an
// original that arrives tells at once then, for whatever had arrived before was SACKed before.
static bool frto_acked(struct tcp_conn *conn, const struct ack_news *news)
{
	bool whole = seq_le(conn->recover, conn->snd_una);
	if (conn->frto == FRTO_NONE || (news->acked == 0 && !news->sacked && !news->duplicate))
		return false;
	bool at_once = (conn->flags & CONN_SACK) != 0 && !whole;
	if (news->original && (at_once || conn->frto == FRTO_FRESH)) {
		conn->frto = FRTO_NONE;
		return true;
	}
	bool next = conn->frto == FRTO_RESENT && news->acked > 0 && !whole &&
		    conn->snd_unsent != NULL &&
		    seq_lt(conn->snd_nxt, conn->snd_una + conn->snd_wnd);
	conn->frto = next ? FRTO_FRESH : FRTO_NONE;
	return false;
}

void undo_acked(struct tcp_conn *conn, const struct ack_news *news)
{
	bool mistaken = frto_acked(conn, news);
	if ((conn->flags & CONN_UNDO) == 0)
		return;
	mistaken |= is_echo_older(conn, news);
	mistaken |= all_needless(conn, news);
	if (!mistaken)
		return;
	conn->flags &= ~(uint32_t)CONN_UNDO;
	conn->frto = FRTO_NONE;
	conn->backoff = 0;
	conn->tcp->stats.undone++;
	recovery_find_all(conn);
	congestion_undo(conn);
}
