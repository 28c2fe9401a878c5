// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The receive queue, which the caller reads, and the out-of-order queue: disjoint packets, sorted,
// none of them at rcv_nxt. What was accepted is dropped again only when memory is short. Packets
// out of order without a hole between them are a run; to find a place we go from run to run.
//
// What a queue knows of itself lies in its first packet (struct rx_queue): an idle connection has
// none.
//
// A packet pins its whole buffer, however little it carries, and the buffer is what counts. Small
// payloads are therefore copied behind the one before them; once the buffers take as much as the
// receive buffer, large ones are too. So two neighbours without a hole between them fill about one
// buffer, and what is in order takes little more than twice its bytes: the window never has to
// shrink (RFC 9293 3.8.6). Only holes keep tiny payloads apart; where buffers take TCP_PIN_FACTOR
// times the receive buffer, what lies beyond a hole is not taken.

#include "dataplane/tcp/ledger.h"

static struct rx_queue queue_of(const struct pkt *head)
{
	return head == NULL ? (struct rx_queue){0} : rx_seg(head)->queue;
}

static uint64_t pinned(const struct tcp_conn *conn, const struct rx_queue *ooo)
{
	uint32_t in_order = conn->rcv_head == NULL ? 0 : rx_seg(conn->rcv_head)->queue.pinned;
	return (uint64_t)in_order + ooo->pinned;
}

static bool may_merge(const struct pkt *into, const struct pkt *pkt, bool pressed)
{
	return into->refs == 1 && (pressed || pkt->len <= TCP_COPY_MAX) &&
	       pkt->len <= pkt_tailroom(into);
}

// Copy the payload behind `into`, where may_merge.
static void merge(struct tcp_conn *conn, struct pkt *into, const struct pkt *pkt)
{
	memcpy(pkt_extend(into, pkt->len), pkt->data, pkt->len);
	conn->tcp->stats.rx_collapsed++;
}

static void count_in(struct tcp *tcp, struct rx_queue *queue, const struct pkt *pkt)
{
	queue->pinned += pkt->size;
	tcp->stats.rx_pinned += pkt->size;
	tcp->stats.rx_queued++;
}

static void count_out(struct tcp *tcp, struct rx_queue *queue, const struct pkt *pkt)
{
	queue->pinned -= pkt->size;
	tcp->stats.rx_pinned -= pkt->size;
	tcp->stats.rx_queued--;
}

// What buffers may hold now: the peer may also send what it was offered when there was more.
static uint32_t room_of(const struct tcp_conn *conn)
{
	uint32_t offered = conn->rcv_adv - conn->rcv_nxt + conn->rcv_bytes;
	return max_u32(buffer_receive(conn), seq_lt(conn->rcv_nxt, conn->rcv_adv) ? offered : 0);
}

// Takes over `pkt`, whose payload starts at rcv_nxt.
static void deliver(struct tcp_conn *conn, struct pkt *pkt)
{
	struct pkt *head = conn->rcv_head;
	conn->rcv_nxt += pkt->len;
	conn->rcv_bytes += pkt->len;
	if (pkt->len == 0) {
		pkt_put(pkt);
		return;
	}
	pkt->next = NULL;
	if (head == NULL) {
		conn->rcv_head = head = pkt;
		rx_seg(head)->queue.pinned = 0;
	} else {
		struct rx_queue *queue = &rx_seg(head)->queue;
		if (may_merge(queue->tail, pkt, queue->pinned >= room_of(conn))) {
			merge(conn, queue->tail, pkt);
			pkt_put(pkt);
			return;
		}
		queue->tail->next = pkt;
	}
	rx_seg(head)->queue.tail = pkt;
	rx_seg(pkt)->since_ms = (uint32_t)conn->tcp->now_ms;
	count_in(conn->tcp, &rx_seg(head)->queue, pkt);
}

// The first packet of a run goes: the next one takes its place, if there is one.
static void run_shift(struct rx_queue *queue, const struct pkt *first)
{
	struct pkt *last = rx_seg(first)->last;
	if (last == first)
		queue->runs--;
	else
		rx_seg(first->next)->last = last;
}

static struct pkt *ooo_shift(struct tcp_conn *conn, struct rx_queue *queue)
{
	struct pkt *pkt = conn->ooo_head;
	run_shift(queue, pkt);
	conn->ooo_head = pkt->next;
	conn->ooo_segs--;
	count_out(conn->tcp, queue, pkt);
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
static bool drain(struct tcp_conn *conn, struct rx_queue *queue, struct segment *arrived)
{
	while (conn->ooo_head != NULL) {
		struct rx_seg seg = *rx_seg(conn->ooo_head);
		if (seq_lt(conn->rcv_nxt, seg.seq))
			return false;
		struct pkt *pkt = ooo_shift(conn, queue);
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

// The run in which a packet that starts at `seq` begins, or behind which it belongs; NULL: it
// belongs to the front.
static struct pkt *ooo_run(const struct tcp_conn *conn, uint32_t seq)
{
	struct pkt *run = NULL;
	for (struct pkt *pkt = conn->ooo_head; pkt != NULL && seq_le(rx_seg(pkt)->seq, seq);
	     pkt = rx_seg(pkt)->last->next)
		run = pkt;
	return run;
}

static struct pkt **ooo_behind(struct tcp_conn *conn, struct pkt *prev)
{
	return prev == NULL ? &conn->ooo_head : &prev->next;
}

// Behind the last of `run`, which it continues when nothing is missing between them. Returns the
// run that it is of.
static struct pkt *ooo_link(
	struct tcp_conn *conn, struct rx_queue *queue, struct pkt *run, struct pkt *pkt
)
{
	struct pkt *prev = run == NULL ? NULL : rx_seg(run)->last;
	struct pkt **at = ooo_behind(conn, prev);
	pkt->next = *at;
	*at = pkt;
	if (prev == NULL || rx_seg(prev)->end != rx_seg(pkt)->seq) {
		run = pkt;
		queue->runs++;
	}
	rx_seg(run)->last = pkt;
	conn->ooo_segs++;
	count_in(conn->tcp, queue, pkt);
	return run;
}

// Take the packet behind `prev`, NULL: the first, out of the queue. It is the first of its run.
static void ooo_unlink(struct tcp_conn *conn, struct rx_queue *queue, struct pkt *prev)
{
	struct pkt **at = ooo_behind(conn, prev);
	struct pkt *pkt = *at;
	run_shift(queue, pkt);
	*at = pkt->next;
	conn->ooo_segs--;
	count_out(conn->tcp, queue, pkt);
	pkt->next = NULL;
	pkt_put(pkt);
}

// Make way for bytes up to `end` behind `prev`, the last of a run: packets they cover go, one they
// reach into loses its front.
static void ooo_clear_to(
	struct tcp_conn *conn, struct rx_queue *queue, struct pkt *prev, uint32_t end,
	struct segment *arrived, bool *fin
)
{
	struct pkt **at = ooo_behind(conn, prev);
	while (*at != NULL && seq_lt(rx_seg(*at)->seq, end)) {
		struct pkt *next = *at;
		bool whole = !seq_lt(end, rx_seg(next)->end);
		reassembly_twice(conn, arrived, rx_seg(next)->seq, whole ? rx_seg(next)->end : end);
		if (!whole) {
			ooo_trim(next, end - rx_seg(next)->seq);
			return;
		}
		*fin |= rx_seg(next)->fin;
		ooo_unlink(conn, queue, prev);
	}
}

// May one more packet wait for a hole to be filled? Runs are what we look through.
static bool ooo_has_room(
	const struct tcp_conn *conn, const struct rx_queue *queue, const struct pkt *pkt
)
{
	uint64_t limit = (uint64_t)room_of(conn) * TCP_PIN_FACTOR;
	return ledger_keeps_ooo(conn) && queue->runs < conn->tcp->config.ooo_runs_max &&
	       pinned(conn, queue) + pkt->size <= limit;
}

// Is there no hole between the two, and room in the first for the second?
static bool ooo_may_merge(
	const struct tcp_conn *conn, const struct rx_queue *queue, const struct pkt *prev,
	const struct pkt *pkt, uint32_t seq
)
{
	return prev != NULL && rx_seg(prev)->end == seq && !rx_seg(prev)->fin &&
	       may_merge(prev, pkt, pinned(conn, queue) >= room_of(conn));
}

// Copy behind the last of `run` what follows it without a hole; what then still does is of the same
// run.
static void ooo_collapse(struct tcp_conn *conn, struct rx_queue *queue, struct pkt *run)
{
	struct pkt *pkt = rx_seg(run)->last, *next;
	for (next = pkt->next;
	     next != NULL && ooo_may_merge(conn, queue, pkt, next, rx_seg(next)->seq);
	     next = pkt->next) {
		merge(conn, pkt, next);
		rx_seg(pkt)->end = rx_seg(next)->end;
		rx_seg(pkt)->fin = rx_seg(next)->fin;
		ooo_unlink(conn, queue, pkt);
	}
	if (next == NULL || rx_seg(next)->seq != rx_seg(pkt)->end)
		return;
	rx_seg(run)->last = rx_seg(next)->last;
	queue->runs--;
}

// What is refused for want of room leaves the queue as it was: what SACK has told stays.
static void ooo_place(struct tcp_conn *conn, struct rx_queue *queue, struct segment *seg)
{
	struct rx_seg mine = {
		.seq = seg->seq,
		.end = seg->seq + seg->len,
		.fin = (seg->flags & TCP_FIN) != 0,
	};
	struct pkt *pkt = seg->pkt, *run = ooo_run(conn, mine.seq);
	struct pkt *prev = run == NULL ? NULL : rx_seg(run)->last;
	if (prev != NULL && seq_lt(mine.seq, rx_seg(prev)->end)) { // first come, first kept
		uint32_t old = min_u32(rx_seg(prev)->end - mine.seq, seg->len);
		reassembly_twice(conn, seg, mine.seq, mine.seq + old);
		pkt_pull(pkt, old);
		mine.seq += old;
	}
	bool within = prev != NULL && seq_lt(mine.end, rx_seg(prev)->end);
	if (mine.seq == mine.end && (!mine.fin || within)) { // there is no end where more came
		if (seg->len > 0)
			blocks_add(queue, seg->seq, mine.end);
		return;
	}
	bool merges = ooo_may_merge(conn, queue, prev, pkt, mine.seq);
	if (!merges && !ooo_has_room(conn, queue, pkt)) {
		conn->tcp->stats.ooo_dropped++;
		return;
	}
	ooo_clear_to(conn, queue, prev, mine.end, seg, &mine.fin);
	if (merges) {
		merge(conn, prev, pkt);
		rx_seg(prev)->end = mine.end;
		rx_seg(prev)->fin = mine.fin;
	} else {
		*rx_seg(pkt) = mine;
		run = ooo_link(conn, queue, run, pkt);
		seg->pkt = NULL;
	}
	ooo_collapse(conn, queue, run);
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
	if (seg->len > 0 && !ledger_takes(conn)) {
		conn->tcp->stats.queue_full++; // as if it were lost: the peer sends it again
		if (conn->rcv_bytes > 0)       // the caller may wait for more: see tcp_may_receive
			conn_report(conn, TCP_EV_READABLE);
		return false;
	}
	deliver(conn, seg->pkt);
	seg->pkt = NULL;
	if ((seg->flags & TCP_FIN) != 0)
		return true;
	if (conn->ooo_head == NULL)
		return false;
	struct rx_queue queue = queue_of(conn->ooo_head);
	bool fin = drain(conn, &queue, seg);
	blocks_trim(&queue, conn->rcv_nxt);
	if (conn->ooo_head != NULL)
		rx_seg(conn->ooo_head)->queue = queue;
	return fin;
}

static void queue_put(struct tcp *tcp, struct pkt *pkt)
{
	struct rx_queue queue = queue_of(pkt);
	while (pkt != NULL) {
		count_out(tcp, &queue, pkt);
		struct pkt *next = pkt->next;
		pkt->next = NULL;
		pkt_put(pkt);
		pkt = next;
	}
}

void reassembly_prune(struct tcp_conn *conn)
{
	queue_put(conn->tcp, conn->ooo_head);
	conn->ooo_head = NULL;
	conn->ooo_segs = 0;
}

void reassembly_clear(struct tcp_conn *conn)
{
	reassembly_prune(conn);
	queue_put(conn->tcp, conn->rcv_head);
	conn->rcv_head = NULL;
	conn->rcv_bytes = 0;
}

struct span tcp_peek(const struct tcp_conn *conn)
{
	return conn->rcv_head == NULL ? (struct span){0} : pkt_span(conn->rcv_head);
}

size_t tcp_peek_parts(const struct tcp_conn *conn, struct span *parts, size_t n)
{
	size_t found = 0;
	for (const struct pkt *pkt = conn->rcv_head; pkt != NULL && found < n; pkt = pkt->next)
		parts[found++] = pkt_span(pkt);
	return found;
}

// With less than a segment of room a sender may wait for more (RFC 9293 3.8.6.2.1). When memory is
// short what it sends may be dropped, and it stays short while everybody waits for the rest.
bool tcp_may_receive(const struct tcp_conn *conn, size_t n)
{
	uint32_t room = seq_lt(conn->rcv_nxt, conn->rcv_adv) ? conn->rcv_adv - conn->rcv_nxt : 0;
	return (conn->flags & (CONN_LIVE | CONN_FIN_RECEIVED)) == CONN_LIVE &&
	       conn->tcp->rx_memory == TCP_MEMORY_NORMAL && room >= conn->mss_offered &&
	       n <= room - conn->mss_offered;
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
		count_out(conn->tcp, &rx_seg(pkt)->queue, pkt);
		if (conn->rcv_head != NULL) {
			rx_seg(conn->rcv_head)->queue.tail = rx_seg(pkt)->queue.tail;
			rx_seg(conn->rcv_head)->queue.pinned = rx_seg(pkt)->queue.pinned;
		}
		pkt->next = NULL;
		pkt_put(pkt);
	}
	buffer_read(conn);
	output_window_opened(conn);
}
