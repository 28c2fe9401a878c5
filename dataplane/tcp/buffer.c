// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// How much of a connection may wait: received until it is read, sent until it is acknowledged. Both
// begin with what suits a network without much delay, and grow to what the path takes in flight.
//
// Receiving (dynamic right-sizing): in a round trip a sender that the window holds up delivers a
// window, and one that slow start holds up doubles. So the buffer is twice what the caller reads in
// a round trip, and a caller that reads slowly never gets a large one. The round trip is the
// shortest known: one that queues make longer would ask for longer queues.
//
// Sending: what the congestion window lets out, and half of it to follow at once; but no more than
// that beyond what the peer has room for, which may have stopped to read.

#include "dataplane/tcp/ledger.h"

enum {
	// Of a loop's turns while there is much to do, in which nothing is read.
	ROUND_MIN_US = 200,
	SHRINK_PARTS = 16, // of what is too much; in a round
	KIB = 1024,
};

static uint32_t share_bytes(enum tcp_memory level, uint32_t used, uint32_t max, uint32_t mss)
{
	uint64_t bytes = (uint64_t)ledger_share(level, used, max) * mss;
	return bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}

uint32_t buffer_receive(const struct tcp_conn *conn)
{
	return conn->tcp->config.rcv_buf + conn->rcv_grown * (uint32_t)KIB;
}

uint32_t buffer_send(const struct tcp_conn *conn)
{
	const struct tcp *tcp = conn->tcp;
	uint32_t least = tcp->config.snd_buf;
	uint32_t useful = min_u32(conn->cwnd, conn->snd_wnd);
	if (useful <= least / 2)
		return least;
	uint32_t most =
		share_bytes(tcp->tx_memory, tcp->stats.tx_queued, tcp->tx_queue_max, conn->mss);
	most = min_u32(most, tcp->config.snd_buf_max);
	return max_u32(least, min_u32(useful + useful / 2, most));
}

uint32_t buffer_send_segs(uint32_t bytes)
{
	return min_u32(bytes / TCP_SEND_CHARGE + 2, TCP_SEND_SEGS_MAX);
}

static void resize(struct tcp_conn *conn, uint32_t kib)
{
	struct tcp_stats *stats = &conn->tcp->stats;
	if (kib > conn->rcv_grown)
		stats->rcv_buf_grown++;
	else
		stats->rcv_buf_shrunk += kib < conn->rcv_grown;
	stats->rcv_buf_extra += (uint64_t)kib * KIB;
	stats->rcv_buf_extra -= (uint64_t)conn->rcv_grown * KIB;
	conn->rcv_grown = (uint16_t)kib;
}

void buffer_shrink(struct tcp_conn *conn)
{
	resize(conn, 0);
}

void buffer_begin(struct tcp_conn *conn)
{
	conn->rcv_round = conn->rcv_nxt;
	conn->rcv_round_us = (uint32_t)conn->tcp->now_us;
}

// In KiB, of what may be had beyond the least.
static uint32_t growth_max(const struct tcp_conn *conn)
{
	const struct tcp *tcp = conn->tcp;
	uint32_t most = share_bytes(
		tcp->rx_memory, tcp->stats.rx_queued, tcp->rx_queue_max, conn->mss_offered
	);
	most = min_u32(most, tcp->config.rcv_buf_max);
	most = most > tcp->config.rcv_buf ? most - tcp->config.rcv_buf : 0;
	return min_u32(most / KIB, UINT16_MAX);
}

// `read`: bytes in this round; what is wanted, from them. Shrinking by no more than was read leaves
// the right edge where it is, and less is only believed little by little.
static void fit(struct tcp_conn *conn, uint64_t wanted, uint32_t read)
{
	const struct tcp_config *config = &conn->tcp->config;
	uint64_t more = wanted > config->rcv_buf ? (wanted - config->rcv_buf) / KIB : 0;
	uint32_t most = growth_max(conn), grown = conn->rcv_grown;
	uint32_t kib = more < most ? (uint32_t)more : most;
	if (kib > grown)
		resize(conn, kib);
	else if (grown > most || kib * 2 < grown)
		resize(conn, grown - min_u32((grown - kib) / SHRINK_PARTS + 1, read / KIB));
}

void buffer_read(struct tcp_conn *conn)
{
	const struct tcp *tcp = conn->tcp;
	uint32_t rtt_us = max_u32(conn->min_rtt_us, ROUND_MIN_US);
	uint32_t us = (uint32_t)tcp->now_us - conn->rcv_round_us;
	if (us < rtt_us || (conn->flags & CONN_LIVE) == 0 ||
	    tcp->config.rcv_buf_max == tcp->config.rcv_buf)
		return;
	uint32_t read = conn->rcv_nxt - conn->rcv_bytes - conn->rcv_round;
	if (read < KIB)
		return;
	fit(conn, (uint64_t)read * 2 * rtt_us / us + 16u * conn->mss_offered, read);
	conn->rcv_round += read;
	conn->rcv_round_us = (uint32_t)tcp->now_us;
}
