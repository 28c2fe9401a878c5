// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The scoreboard: which packets in flight the peer holds (RFC 2018, 2883) and which were called
// lost (RFC 6675, and rack.c). The marks lie in the send queue; conn->sacked and conn->lost sum
// them up.

#include "dataplane/tcp/loss.h"

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

// RFC 8985 6.3: after a timeout the first packet is lost, and what was sent long enough ago; with
// no SACK to tell more, everything. A head that was SACKed proves that the peer dropped what it had
// reported (RFC 2018 8): then nothing it reported counts.
void recovery_lose_on_timeout(struct tcp_conn *conn)
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
		if (pkt == conn->snd_head || (conn->flags & CONN_SACK) == 0 ||
		    rack_is_overdue(conn, tx_seg(pkt)))
			recovery_lose(conn, pkt);
	}
}

void recovery_find_all(struct tcp_conn *conn)
{
	for (struct pkt *pkt = conn->snd_head; pkt != conn->snd_unsent; pkt = pkt->next)
		tx_seg(pkt)->flags &= (uint8_t) ~(TX_LOST | TX_RESENT);
	conn->lost = 0;
}

// Of what was never sent, or not a range at all.
static bool is_bad(const struct tcp_conn *conn, struct sack_block b)
{
	return seq_le(b.right, b.left) || seq_lt(conn->snd_nxt, b.right);
}

// RFC 2883 4: the first block lies below the ACK, or within the second.
static bool is_dsack(const struct tcp_conn *conn, const struct segment *ack)
{
	struct sack_block b = ack->options.sack[0], outer = ack->options.sack[1];
	if (is_bad(conn, b))
		return false;
	if (seq_le(b.right, ack->ack))
		return true; // however old: a lie costs only the liar
	return ack->options.n_sack > 1 && seq_le(outer.left, b.left) &&
	       seq_le(b.right, outer.right);
}

static bool is_covered(
	const struct tcp_conn *conn, const struct segment *ack, const struct tx_seg *seg
)
{
	for (int i = 0; i < ack->options.n_sack; i++) {
		struct sack_block b = ack->options.sack[i];
		// A block must lie within what we sent and the peer has not acknowledged; a D-SACK
		// does not, and is passed over.
		if (is_bad(conn, b) || seq_lt(b.left, ack->ack))
			continue;
		if (seq_le(b.left, seg->seq) && seq_le(seg->end, b.right))
			return true;
	}
	return false;
}

// Mark what the blocks cover. Bounded: the send queue has a limited number of packets.
void recovery_sack(struct tcp_conn *conn, struct ack_news *news)
{
	const struct segment *ack = news->seg;
	if ((conn->flags & CONN_SACK) == 0 || ack->options.n_sack == 0)
		return;
	uint32_t top = ack->ack; // nothing beyond is covered
	for (int i = 0; i < ack->options.n_sack; i++) {
		bool bad = is_bad(conn, ack->options.sack[i]);
		conn->tcp->stats.bad_sacks += bad;
		if (!bad)
			top = seq_max(top, ack->options.sack[i].right);
	}
	if (is_dsack(conn, ack)) {
		news->dsack = true;
		conn->tcp->stats.dsacks_received++;
		rack_dsack(conn);
	}
	for (struct pkt *pkt = conn->snd_head; pkt != conn->snd_unsent; pkt = pkt->next) {
		struct tx_seg *seg = tx_seg(pkt);
		if (seq_le(top, seg->seq))
			break;
		if ((seg->flags & TX_SACKED) != 0 || !is_covered(conn, ack, seg))
			continue;
		if (is_counted_lost(seg))
			conn->lost -= tx_seg_len(seg);
		seg->flags &= (uint8_t) ~(TX_LOST | TX_RESENT);
		seg->flags |= TX_SACKED;
		conn->sacked += tx_seg_len(seg);
		conn->sacked_segs++;
		rack_delivered(conn, seg, news);
		news->sacked = true;
	}
}
