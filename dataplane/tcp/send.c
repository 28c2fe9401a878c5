// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The send queue: packets of at most one MSS, in order, from the first unacknowledged byte on. The
// bytes of a packet that was sent never change, for a port may still be reading them; it may be
// cut in two or lose acknowledged bytes at its front.

#include "dataplane/tcp/ledger.h"
#include "dataplane/tcp/loss.h"

enum { SEND_PARTS = 16 }; // of the queue; see report_room

static void queue_append(struct tcp_conn *conn, struct pkt *pkt)
{
	pkt->next = NULL;
	tx_seg(pkt)->queued_ms = (uint32_t)conn->tcp->now_ms;
	if (conn->snd_tail == NULL)
		conn->snd_head = pkt;
	else
		conn->snd_tail->next = pkt;
	conn->snd_tail = pkt;
	conn->tcp->stats.tx_queued++;
	if (conn->snd_unsent == NULL)
		conn->snd_unsent = pkt;
	conn->snd_segs++;
}

// A packet for the send queue, or NULL, and then the retry timer runs.
static struct pkt *packet_new(struct tcp_conn *conn)
{
	struct pkt *pkt = pkt_get(conn->tcp->pkts);
	if (pkt == NULL) {
		conn->tcp->stats.no_memory++;
		conn->flags |= CONN_RETRY;
	}
	return pkt;
}

static uint32_t queue_end(const struct tcp_conn *conn)
{
	return conn->snd_tail == NULL ? conn->snd_nxt : tx_seg(conn->snd_tail)->end;
}

static bool may_send(const struct tcp_conn *conn)
{
	return (conn->flags & (CONN_LIVE | CONN_FIN_WANTED)) == CONN_LIVE &&
	       (conn->state == TCP_ESTABLISHED || conn->state == TCP_CLOSE_WAIT);
}

// A packet for new data: also within what all connections may queue together.
static struct pkt *packet_for_data(struct tcp_conn *conn)
{
	struct tcp *tcp = conn->tcp;
	if (tcp->stats.tx_queued < tcp->tx_queue_max)
		return packet_new(conn);
	tcp->stats.queue_full++;
	conn->flags |= CONN_RETRY;
	return NULL;
}

// Bytes that still fit behind the last packet: none of it may have been sent.
static uint32_t tail_room(const struct tcp_conn *conn)
{
	const struct pkt *tail = conn->snd_tail;
	if (tail == NULL || conn->snd_unsent == NULL || tx_seg(tail)->sends > 0 ||
	    tail->len >= conn->mss)
		return 0;
	return min_u32(conn->mss - tail->len, pkt_tailroom(tail));
}

size_t tcp_send_room(const struct tcp_conn *conn)
{
	uint32_t limit = buffer_send(conn);
	if (!may_send(conn) || conn->snd_bytes >= limit)
		return 0;
	uint32_t segs = ledger_send_segs(conn, buffer_send_segs(limit));
	uint32_t fresh = conn->snd_segs < segs ? segs - conn->snd_segs : 0;
	return min_u32(limit - conn->snd_bytes, tail_room(conn) + fresh * conn->mss);
}

size_t tcp_send_pending(const struct tcp_conn *conn)
{
	return conn->snd_bytes;
}

size_t tcp_send(struct tcp_conn *conn, struct span bytes)
{
	size_t take = tcp_send_room(conn);
	if (take > bytes.n)
		take = bytes.n;
	size_t done = 0;
	while (done < take) {
		uint32_t n = (uint32_t)(take - done);
		uint32_t room = tail_room(conn);
		if (room == 0) {
			struct pkt *pkt = packet_for_data(conn);
			if (pkt == NULL)
				break;
			uint32_t seq = queue_end(conn);
			*tx_seg(pkt) = (struct tx_seg){.seq = seq, .end = seq};
			queue_append(conn, pkt);
			continue;
		}
		n = min_u32(n, room);
		memcpy(pkt_extend(conn->snd_tail, n), bytes.p + done, n);
		tx_seg(conn->snd_tail)->end += n;
		conn->snd_bytes += n;
		done += n;
	}
	if (done < bytes.n)
		conn->flags |= CONN_WANT_WRITE;
	if (take > 0) // something was queued, or the retry timer set
		conn_mark(conn);
	return done;
}

// Cut `pkt` in two, the first with `at` bytes. The FIN goes with the second. False when the pool is
// empty.
bool send_split(struct tcp_conn *conn, struct pkt *pkt, uint32_t at)
{
	struct pkt *rest = packet_new(conn);
	if (rest == NULL)
		return false;
	struct tx_seg *seg = tx_seg(pkt);
	uint32_t n = pkt->len - at;
	memcpy(pkt_extend(rest, n), pkt->data + at, n);
	*tx_seg(rest) = *seg;
	tx_seg(rest)->seq = seg->seq + at;
	seg->end = seg->seq + at;
	seg->flags &= (uint8_t) ~(TX_FIN | TX_LARGE);
	tx_seg(rest)->flags &= (uint8_t)~TX_LARGE;
	if ((seg->flags & TX_SACKED) != 0)
		conn->sacked_segs++;
	pkt->len = at;
	rest->next = pkt->next;
	pkt->next = rest;
	if (conn->snd_tail == pkt)
		conn->snd_tail = rest;
	conn->snd_segs++;
	conn->tcp->stats.tx_queued++;
	return true;
}

// Queue FIN, behind the last byte if that was not sent yet. When the pool is empty the retry timer
// comes back here.
void send_fin(struct tcp_conn *conn)
{
	if ((conn->flags & CONN_FIN_QUEUED) != 0)
		return;
	struct pkt *pkt = conn->snd_unsent == NULL ? NULL : conn->snd_tail;
	if (pkt == NULL) {
		pkt = packet_new(conn);
		if (pkt == NULL)
			return;
		uint32_t seq = queue_end(conn);
		*tx_seg(pkt) = (struct tx_seg){.seq = seq, .end = seq};
		queue_append(conn, pkt);
	}
	tx_seg(pkt)->flags |= TX_FIN;
	tx_seg(pkt)->end++;
	conn->flags |= CONN_FIN_QUEUED;
	conn_mark(conn);
}

void send_retry(struct tcp_conn *conn)
{
	const struct tcp *tcp = conn->tcp;
	conn->flags &= ~(uint32_t)CONN_RETRY;
	if ((conn->flags & CONN_FIN_WANTED) != 0)
		send_fin(conn);
	if ((conn->flags & CONN_WANT_WRITE) == 0 || tcp_send_room(conn) == 0)
		return;
	if (tcp->stats.tx_queued >= tcp->tx_queue_max) { // the caller would be asked in vain
		conn->flags |= CONN_RETRY;
		return;
	}
	conn->flags &= ~(uint32_t)CONN_WANT_WRITE;
	conn_report(conn, TCP_EV_WRITABLE);
}

void send_clear(struct tcp_conn *conn)
{
	while (conn->snd_head != NULL) {
		struct pkt *pkt = conn->snd_head;
		conn->snd_head = pkt->next;
		pkt->next = NULL;
		pkt_put(pkt);
	}
	conn->snd_tail = conn->snd_unsent = NULL;
	conn->tcp->stats.tx_queued -= conn->snd_segs;
	conn->snd_bytes = conn->sacked = conn->lost = 0;
	conn->snd_segs = conn->sacked_segs = conn->dup_acks = 0;
}

// Take `n` sequence numbers at the front of `seg` out of the sums.
static void uncount(struct tcp_conn *conn, const struct tx_seg *seg, uint32_t n)
{
	if ((seg->flags & TX_SACKED) != 0)
		conn->sacked -= n;
	else if ((seg->flags & (TX_LOST | TX_RESENT)) == TX_LOST)
		conn->lost -= n;
}

static void head_drop(struct tcp_conn *conn)
{
	struct pkt *pkt = conn->snd_head;
	struct tx_seg *seg = tx_seg(pkt);
	uncount(conn, seg, tx_seg_len(seg));
	if ((seg->flags & TX_SACKED) != 0)
		conn->sacked_segs--;
	conn->mss_acked = (uint16_t)max_u32(conn->mss_acked, pkt->len);
	blackhole_acked(conn, pkt);
	conn->snd_bytes -= pkt->len;
	conn->snd_segs--;
	conn->tcp->stats.tx_queued--;
	conn->snd_head = pkt->next;
	if (conn->snd_head == NULL)
		conn->snd_tail = NULL;
	pkt->next = NULL;
	pkt_put(pkt);
}

// Packets in flight have left the cache. The next one's own, and where the one after that says what
// it knows.
static void head_fetch(const struct pkt *next)
{
	if (next == NULL)
		return;
	__builtin_prefetch(pkt_scratch(next), 1);
	__builtin_prefetch(next->next, 1);
}

static void report_room(struct tcp_conn *conn)
{
	// A sixteenth of the queue at a time: an event for each acknowledged segment would be a
	// waste, and so is what the caller is late with, for the queue bounds the flight: in a
	// round trip one such part is not used.
	if ((conn->flags & CONN_WANT_WRITE) == 0)
		return;
	uint32_t bytes_max = buffer_send(conn), segs_max = buffer_send_segs(bytes_max);
	if (conn->snd_bytes > bytes_max - bytes_max / SEND_PARTS ||
	    conn->snd_segs > segs_max - segs_max / SEND_PARTS || tcp_send_room(conn) == 0)
		return;
	conn->flags &= ~(uint32_t)CONN_WANT_WRITE;
	conn_report(conn, TCP_EV_WRITABLE);
}

void send_acked(struct tcp_conn *conn, struct ack_news *news)
{
	struct tcp *tcp = conn->tcp;
	const struct segment *ack = news->seg;
	uint32_t rtt_us = 0;
	bool timed = false;
	while (conn->snd_head != NULL && seq_le(tx_seg(conn->snd_head)->end, ack->ack)) {
		const struct tx_seg *seg = tx_seg(conn->snd_head);
		if (seg->sends == 1 && (seg->flags & TX_SACKED) == 0) { // Karn
			rtt_us = (uint32_t)tcp->now_us - seg->sent_us;
			timed = true;
		}
		if ((seg->flags & TX_SACKED) == 0)
			rack_delivered(conn, seg, news);
		head_fetch(conn->snd_head->next);
		head_drop(conn);
		news->segs++;
	}
	struct pkt *head = conn->snd_head;
	if (head != NULL && seq_lt(tx_seg(head)->seq, ack->ack)) {
		uint32_t n = ack->ack - tx_seg(head)->seq;
		uncount(conn, tx_seg(head), n);
		pkt_pull(head, n);
		tx_seg(head)->seq += n;
		conn->snd_bytes -= n;
	}
	conn->snd_una = ack->ack;
	if (timed)
		news->rtt_us = max_u32(rtt_us, 1);
	// The echo tells the time of a retransmission too (RFC 7323 4.1); an absurd one is a lie.
	if (!timed && (conn->flags & CONN_TS) != 0) {
		uint32_t ms = conn_ts_now(conn) - ack->options.ts_ecr;
		timed = ms < tcp->config.rto_max_ms;
		rtt_us = ms * 1000;
	}
	if (timed)
		rtt_sample(conn, rtt_us);
	report_room(conn);
}
