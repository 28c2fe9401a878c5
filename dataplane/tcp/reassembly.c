// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The receive queue, which the caller reads, and the out-of-order queue: disjoint packets, sorted,
// none of them at rcv_nxt. What was accepted is never dropped again, so SACK keeps its word.
//
// What a queue knows of itself lies in its first packet (struct rx_queue): an idle connection has
// none.
//
// A packet pins its whole buffer, however little it carries. Small payloads are therefore copied
// behind the one before them; two neighbours in a queue together fill about one buffer.

#include "dataplane/tcp/conn.h"

// Copy the payload behind `into`; false when it does not fit or is too much to copy.
static bool merge(struct pkt *into, const struct pkt *pkt)
{
	if (into == NULL || into->refs != 1 || pkt->len > TCP_COPY_MAX ||
	    pkt->len > pkt_tailroom(into))
		return false;
	memcpy(pkt_extend(into, pkt->len), pkt->data, pkt->len);
	return true;
}

static struct rx_queue queue_of(const struct pkt *head)
{
	return head == NULL ? (struct rx_queue){0} : rx_seg(head)->queue;
}

// Takes over `pkt`, whose payload starts at rcv_nxt.
static void deliver(struct tcp_conn *conn, struct pkt *pkt)
{
	struct pkt *tail = queue_of(conn->rcv_head).tail;
	conn->rcv_nxt += pkt->len;
	conn->rcv_bytes += pkt->len;
	if (pkt->len == 0 || merge(tail, pkt)) {
		pkt_put(pkt);
		return;
	}
	conn->tcp->stats.rx_queued++;
	pkt->next = NULL;
	if (tail == NULL)
		conn->rcv_head = pkt;
	else
		tail->next = pkt;
	rx_seg(conn->rcv_head)->queue.tail = pkt;
}

static struct pkt *ooo_shift(struct tcp_conn *conn)
{
	struct pkt *pkt = conn->ooo_head;
	conn->ooo_head = pkt->next;
	conn->ooo_segs--;
	conn->tcp->stats.rx_queued--;
	pkt->next = NULL;
	return pkt;
}

// Drop the first `n` bytes of a packet that waits.
static void ooo_trim(struct pkt *pkt, uint32_t n)
{
	pkt_pull(pkt, n);
	rx_seg(pkt)->seq += n;
}

// Blocks that rcv_nxt has reached are no news any more (RFC 2018 4).
static void blocks_trim(struct rx_queue *queue, uint32_t rcv_nxt)
{
	uint8_t kept = 0;
	for (uint8_t i = 0; i < queue->n_blocks; i++) {
		if (seq_lt(rcv_nxt, queue->blocks[i].left))
			queue->blocks[kept++] = queue->blocks[i];
	}
	queue->n_blocks = kept;
}

// The block that holds the newest segment comes first (RFC 2018 4); those it touches become one.
static void blocks_add(struct rx_queue *queue, uint32_t left, uint32_t right)
{
	struct sack_block fresh = {left, right};
	struct sack_block kept[TCP_SACK_BLOCKS];
	uint8_t n = 0;
	for (uint8_t i = 0; i < queue->n_blocks; i++) {
		struct sack_block b = queue->blocks[i];
		if (seq_lt(b.right, fresh.left) || seq_lt(fresh.right, b.left)) {
			kept[n++] = b;
			continue;
		}
		if (seq_lt(b.left, fresh.left))
			fresh.left = b.left;
		fresh.right = seq_max(fresh.right, b.right);
	}
	queue->blocks[0] = fresh;
	queue->n_blocks = 1;
	for (uint8_t i = 0; i < n && queue->n_blocks < TCP_SACK_BLOCKS; i++)
		queue->blocks[queue->n_blocks++] = kept[i];
}

uint32_t reassembly_blocks(const struct tcp_conn *conn)
{
	return conn->ooo_head == NULL ? 0 : rx_seg(conn->ooo_head)->queue.n_blocks;
}

// RFC 2883: tell what of the latest segment came twice; of several such stretches the first (4.2).
void reassembly_twice(struct tcp_conn *conn, struct segment *seg, uint32_t left, uint32_t right)
{
	if ((conn->flags & CONN_SACK) == 0 || seg->twice || !seq_lt(left, right))
		return;
	conn->dsack = (struct sack_block){left, right};
	conn->flags |= CONN_DSACK;
	seg->twice = true;
}

// Move what has become in order. Returns true when the FIN has.
static bool drain(struct tcp_conn *conn, struct segment *arrived)
{
	while (conn->ooo_head != NULL) {
		struct rx_seg seg = *rx_seg(conn->ooo_head);
		if (seq_lt(conn->rcv_nxt, seg.seq))
			return false;
		struct pkt *pkt = ooo_shift(conn);
		bool whole = seq_lt(seg.end, conn->rcv_nxt);
		reassembly_twice(conn, arrived, seg.seq, whole ? seg.end : conn->rcv_nxt);
		if (whole) {
			pkt_put(pkt);
			continue;
		}
		pkt_pull(pkt, conn->rcv_nxt - seg.seq);
		deliver(conn, pkt);
		if (seg.fin)
			return true;
	}
	return false;
}

// The packet behind which one that starts at `seq` belongs; NULL: at the front.
static struct pkt *ooo_before(const struct tcp_conn *conn, uint32_t seq)
{
	struct pkt *tail = queue_of(conn->ooo_head).tail;
	if (tail != NULL && seq_le(rx_seg(tail)->seq, seq))
		return tail;
	struct pkt *prev = NULL;
	for (struct pkt *pkt = conn->ooo_head; pkt != NULL; pkt = pkt->next) {
		if (seq_lt(seq, rx_seg(pkt)->seq))
			break;
		prev = pkt;
	}
	return prev;
}

static void ooo_link(
	struct tcp_conn *conn, struct rx_queue *queue, struct pkt *prev, struct pkt *pkt
)
{
	struct pkt **at = prev == NULL ? &conn->ooo_head : &prev->next;
	pkt->next = *at;
	*at = pkt;
	if (pkt->next == NULL)
		queue->tail = pkt;
	conn->ooo_segs++;
	conn->tcp->stats.rx_queued++;
}

// Make way for bytes up to `end` behind `prev`: packets they cover go, one they reach into loses
// its front.
static void ooo_clear_to(
	struct tcp_conn *conn, struct rx_queue *queue, struct pkt *prev, uint32_t end,
	struct segment *arrived, bool *fin
)
{
	struct pkt **at = prev == NULL ? &conn->ooo_head : &prev->next;
	while (*at != NULL && seq_lt(rx_seg(*at)->seq, end)) {
		struct pkt *next = *at;
		bool whole = !seq_lt(end, rx_seg(next)->end);
		reassembly_twice(conn, arrived, rx_seg(next)->seq, whole ? rx_seg(next)->end : end);
		if (!whole) {
			ooo_trim(next, end - rx_seg(next)->seq);
			return;
		}
		*fin |= rx_seg(next)->fin;
		*at = next->next;
		if (queue->tail == next)
			queue->tail = prev;
		conn->ooo_segs--;
		conn->tcp->stats.rx_queued--;
		next->next = NULL;
		pkt_put(next);
	}
}

static void ooo_place(struct tcp_conn *conn, struct rx_queue *queue, struct segment *seg)
{
	struct tcp_stats *stats = &conn->tcp->stats;
	struct rx_seg mine = {
		.seq = seg->seq,
		.end = seg->seq + seg->len,
		.fin = (seg->flags & TCP_FIN) != 0,
	};
	struct pkt *prev = ooo_before(conn, mine.seq);
	if (prev != NULL && seq_lt(mine.seq, rx_seg(prev)->end)) { // first come, first kept
		uint32_t old = min_u32(rx_seg(prev)->end - mine.seq, seg->len);
		reassembly_twice(conn, seg, mine.seq, mine.seq + old);
		pkt_pull(seg->pkt, old);
		mine.seq += old;
	}
	if (mine.seq == mine.end && !mine.fin) {
		if (seg->len > 0)
			blocks_add(queue, seg->seq, mine.end);
		return;
	}
	ooo_clear_to(conn, queue, prev, mine.end, seg, &mine.fin);
	if (prev != NULL && rx_seg(prev)->end == mine.seq && !rx_seg(prev)->fin &&
	    merge(prev, seg->pkt)) {
		rx_seg(prev)->end = mine.end;
		rx_seg(prev)->fin = mine.fin;
	} else if (conn->ooo_segs >= conn->tcp->config.ooo_segments_max ||
		   stats->rx_queued >= conn->tcp->ooo_queue_max) {
		stats->ooo_dropped++;
		return;
	} else {
		*rx_seg(seg->pkt) = mine;
		ooo_link(conn, queue, prev, seg->pkt);
		seg->pkt = NULL;
	}
	if (mine.seq != mine.end)
		blocks_add(queue, mine.seq, mine.end);
}

static void ooo_insert(struct tcp_conn *conn, struct segment *seg)
{
	struct rx_queue queue = queue_of(conn->ooo_head);
	blocks_trim(&queue, conn->rcv_nxt);
	conn->tcp->stats.ooo_segments++;
	ooo_place(conn, &queue, seg);
	if (conn->ooo_head != NULL)
		rx_seg(conn->ooo_head)->queue = queue;
}

bool reassembly_input(struct tcp_conn *conn, struct segment *seg)
{
	if (seg->seq != conn->rcv_nxt) {
		ooo_insert(conn, seg);
		return false;
	}
	if (conn->tcp->stats.rx_queued >= conn->tcp->rx_queue_max) {
		conn->tcp->stats.queue_full++; // as if it were lost: the peer sends it again
		return false;
	}
	deliver(conn, seg->pkt);
	seg->pkt = NULL;
	if ((seg->flags & TCP_FIN) != 0)
		return true;
	if (conn->ooo_head == NULL)
		return false;
	struct rx_queue queue = queue_of(conn->ooo_head);
	bool fin = drain(conn, seg);
	blocks_trim(&queue, conn->rcv_nxt);
	if (conn->ooo_head != NULL)
		rx_seg(conn->ooo_head)->queue = queue;
	return fin;
}

static void queue_put(struct tcp *tcp, struct pkt *pkt)
{
	while (pkt != NULL) {
		tcp->stats.rx_queued--;
		struct pkt *next = pkt->next;
		pkt->next = NULL;
		pkt_put(pkt);
		pkt = next;
	}
}

void reassembly_clear(struct tcp_conn *conn)
{
	queue_put(conn->tcp, conn->rcv_head);
	queue_put(conn->tcp, conn->ooo_head);
	conn->rcv_head = conn->ooo_head = NULL;
	conn->rcv_bytes = 0;
	conn->ooo_segs = 0;
}

struct span tcp_peek(const struct tcp_conn *conn)
{
	return conn->rcv_head == NULL ? (struct span){0} : pkt_span(conn->rcv_head);
}

void tcp_consume(struct tcp_conn *conn, size_t n)
{
	while (n > 0 && conn->rcv_head != NULL) {
		struct pkt *pkt = conn->rcv_head;
		uint32_t part = (uint32_t)(n < pkt->len ? n : pkt->len);
		pkt_pull(pkt, part);
		conn->rcv_bytes -= part;
		n -= part;
		if (pkt->len > 0)
			break;
		conn->rcv_head = pkt->next;
		if (conn->rcv_head != NULL)
			rx_seg(conn->rcv_head)->queue = rx_seg(pkt)->queue;
		conn->tcp->stats.rx_queued--;
		pkt->next = NULL;
		pkt_put(pkt);
	}
	output_window_opened(conn);
}
