// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The scoreboard: which packets in flight the peer holds (RFC 2018) and which are lost (RFC 6675).
// The marks lie in the send queue; conn->sacked and conn->lost sum them up.

#include "dataplane/tcp/conn.h"

// Bytes believed to be in the network (RFC 6675 Pipe).
uint32_t recovery_pipe(const struct tcp_conn *conn)
{
	uint32_t flight = conn->snd_nxt - conn->snd_una;
	uint32_t out = conn->sacked + conn->lost + (uint32_t)conn->dup_acks * conn->mss;
	return flight > out ? flight - out : 0;
}

static bool is_counted_lost(const struct tx_seg *seg)
{
	return (seg->flags & (TX_LOST | TX_RESENT)) == TX_LOST;
}

void recovery_lose(struct tcp_conn *conn, struct pkt *pkt)
{
	struct tx_seg *seg = tx_seg(pkt);
	if ((seg->flags & TX_SACKED) != 0 || is_counted_lost(seg))
		return;
	seg->flags |= TX_LOST;
	seg->flags &= (uint8_t)~TX_RESENT;
	conn->lost += tx_seg_len(seg);
}

// After a timeout everything not SACKed is presumed lost. A head that was SACKed proves that the
// peer dropped what it had reported (RFC 2018 8): then nothing it reported counts.
void recovery_lose_all(struct tcp_conn *conn)
{
	if (conn->snd_head == NULL || conn->snd_head == conn->snd_unsent)
		return;
	bool reneged = (tx_seg(conn->snd_head)->flags & TX_SACKED) != 0;
	if (reneged) {
		conn->sacked = 0;
		conn->sacked_segs = 0;
	}
	for (struct pkt *pkt = conn->snd_head; pkt != conn->snd_unsent; pkt = pkt->next) {
		if (reneged)
			tx_seg(pkt)->flags &= (uint8_t)~TX_SACKED;
		recovery_lose(conn, pkt);
	}
}

static bool is_covered(
	const struct tcp_conn *conn, const struct segment *ack, const struct tx_seg *seg
)
{
	for (int i = 0; i < ack->options.n_sack; i++) {
		struct sack_block b = ack->options.sack[i];
		// A block must lie within what we sent and the peer has not acknowledged; a D-SACK
		// (RFC 2883) does not, and is passed over.
		if (seq_le(conn->snd_nxt, b.left) || seq_lt(conn->snd_nxt, b.right) ||
		    seq_le(b.right, b.left) || seq_lt(b.left, ack->ack))
			continue;
		if (seq_le(b.left, seg->seq) && seq_le(seg->end, b.right))
			return true;
	}
	return false;
}

// Mark what the blocks cover. Bounded: the send queue has a limited number of packets.
bool recovery_sack(struct tcp_conn *conn, const struct segment *ack)
{
	if ((conn->flags & CONN_SACK) == 0 || ack->options.n_sack == 0)
		return false;
	bool news = false;
	for (struct pkt *pkt = conn->snd_head; pkt != conn->snd_unsent; pkt = pkt->next) {
		struct tx_seg *seg = tx_seg(pkt);
		if ((seg->flags & TX_SACKED) != 0 || !is_covered(conn, ack, seg))
			continue;
		if (is_counted_lost(seg))
			conn->lost -= tx_seg_len(seg);
		seg->flags &= (uint8_t) ~(TX_LOST | TX_RESENT);
		seg->flags |= TX_SACKED;
		conn->sacked += tx_seg_len(seg);
		conn->sacked_segs++;
		if (seq_lt(conn->sack_high, seg->end) || conn->sacked_segs == 1)
			conn->sack_high = seg->end;
		news = true;
	}
	return news;
}

// A packet with three SACKed ones behind it is lost. So is a retransmission when packets first sent
// well after it have arrived.
bool recovery_mark(struct tcp_conn *conn)
{
	if (conn->sacked_segs < TCP_DUP_THRESH)
		return false;
	bool found = false;
	uint32_t above = conn->sacked_segs;
	for (struct pkt *pkt = conn->snd_head; pkt != conn->snd_unsent && above >= TCP_DUP_THRESH;
	     pkt = pkt->next) {
		struct tx_seg *seg = tx_seg(pkt);
		if ((seg->flags & TX_SACKED) != 0) {
			above--;
			continue;
		}
		uint32_t proof = seg->resent_nxt + TCP_DUP_THRESH * conn->mss;
		if ((seg->flags & TX_RESENT) != 0 && seq_lt(conn->sack_high, proof))
			continue;
		found |= !is_counted_lost(seg);
		recovery_lose(conn, pkt);
	}
	return found;
}
