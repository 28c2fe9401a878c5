// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Segments into one stack whose caller reads, writes and closes. The input is a list of actions,
// each a byte and its arguments; sequence numbers are relative to what the stack last said, or a
// fuzzer would never get past the handshake. What is sent must be the bytes that were written, and
// in the end every connection must go by itself.

#include "dataplane/base/cursor.h"
#include "dataplane/tcp/tcp.h"
#include "tests/fuzz/hold.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum action {
	SEGMENT, // flags, seq and ack offset, window, options, payload length
	TICK,
	SEND,
	READ,
	SHUTDOWN,
	RELEASE,
	ABORT,
	CONNECT,
	ICMP,
	HOLD, // packets, so that the pool runs dry
	ACTIONS,
};

enum { PKTS = 64, CONNS = 4, PAYLOAD_MAX = 1460, PORT = 5432, TIMES_MS = 1000 };

static struct pkt_pool *pool;
static struct tcp *tcp;
static struct tcp_conn *conn; // the one that is used
static struct pkt *held;
static uint64_t now_us;
static const struct ip_addr local = {{[10] = 0xff, 0xff, 10, 0, 0, 1}};
static const struct ip_addr peer = {{[10] = 0xff, 0xff, 10, 0, 0, 9}};
// Of the last segment that the stack sent.
static uint16_t our_port, peer_port;
static uint32_t sent_end, sent_ack;
// Where each flow's stream starts, by our port; its peer's follows from that.
static uint32_t stream_start[UINT16_MAX + 1];
static uint32_t written; // to the current connection

static uint8_t stream_byte(uint32_t offset)
{
	return (uint8_t)(offset * 31 + offset / 251);
}

static int output(void *, struct pkt *pkt, const struct ip_addr *from, const struct ip_addr *to)
{
	struct cursor c = cursor_of(pkt_span(pkt));
	our_port = cursor_be16(&c);
	peer_port = cursor_be16(&c);
	uint32_t seq = cursor_be32(&c);
	sent_ack = cursor_be32(&c);
	uint32_t header = (cursor_u8(&c) >> 4) * 4u;
	uint8_t flags = cursor_u8(&c);
	if (header != pkt->len || header < 20 || header + pkt->payload_len > 1480 ||
	    !addr_equal(from, &local) || !addr_equal(to, &peer))
		abort();
	sent_end = seq + pkt->payload_len + ((flags & 1) != 0) + ((flags & 2) != 0);
	if ((flags & 2) != 0)
		stream_start[our_port] = seq + 1;
	for (uint32_t i = 0; i < pkt->payload_len; i++) {
		if (pkt->payload_data[i] != stream_byte(seq - stream_start[our_port] + i))
			abort();
	}
	pkt_put(pkt);
	return 0;
}

static int route(void *, const struct ip_addr *, struct ip_addr *from, uint16_t *mtu)
{
	*from = local;
	*mtu = 1500;
	return 0;
}

static uint64_t fixed_random(void *)
{
	return 4;
}

static void segment_in(struct cursor *c)
{
	struct pkt *pkt = pkt_get(pool);
	uint8_t flags = cursor_u8(c);
	uint32_t seq = sent_ack + (uint32_t)(int16_t)cursor_be16(c);
	uint32_t ack = sent_end + (uint32_t)(int16_t)cursor_be16(c);
	uint16_t wnd = cursor_be16(c);
	uint8_t options_len = cursor_u8(c) % 11 * 4;
	struct span options = cursor_bytes(c, options_len);
	uint32_t payload = cursor_be16(c) % (PAYLOAD_MAX + 1);
	if (pkt == NULL || c->bad) {
		pkt_put(pkt);
		return;
	}
	uint8_t *p = pkt_extend(pkt, 20 + options_len + payload);
	memset(p, 0, pkt->len);
	uint16_t ports[2] = {peer_port, our_port};
	for (int i = 0; i < 2; i++) {
		p[2 * i] = (uint8_t)(ports[i] >> 8);
		p[2 * i + 1] = (uint8_t)ports[i];
		for (int k = 0; k < 4; k++)
			p[4 + 4 * i + k] = (uint8_t)((i == 0 ? seq : ack) >> (24 - 8 * k));
	}
	p[12] = (uint8_t)((20 + options_len) / 4 << 4);
	p[13] = flags;
	p[14] = (uint8_t)(wnd >> 8);
	p[15] = (uint8_t)wnd;
	if (options_len > 0)
		memcpy(p + 20, options.p, options_len);
	struct ip_segment where = {.local = {.addr = local}, .remote = {.addr = peer}};
	tcp_input(tcp, pkt, &where, now_us);
}

static void events(void)
{
	uint32_t bits;
	struct tcp_conn *got;
	while ((got = tcp_event(tcp, &bits)) != NULL) {
		if (conn == NULL) {
			conn = got;
			written = 0;
		} else if (got != conn) {
			tcp_release(got);
		}
	}
}

static void send_some(uint32_t n)
{
	uint8_t bytes[4096];
	n %= sizeof(bytes) + 1;
	for (uint32_t i = 0; i < n; i++)
		bytes[i] = stream_byte(written + i);
	written += (uint32_t)tcp_send(conn, span_of(bytes, n));
}

static void connect_out(void)
{
	struct endpoint remote = {peer, 443};
	if (conn != NULL || tcp_connect(tcp, &remote, NULL, now_us, &conn) != 0)
		return;
	written = 0;
}

static void let_go(void (*how)(struct tcp_conn *))
{
	if (how != NULL)
		how(conn);
	tcp_release(conn);
	conn = NULL;
}

static void act(struct cursor *c)
{
	enum action action = cursor_u8(c) % ACTIONS;
	struct endpoint from = {local, our_port}, to = {peer, peer_port};
	if (action == SEGMENT) {
		segment_in(c);
		return;
	}
	uint16_t n = cursor_be16(c);
	if (action == TICK)
		now_us += (uint64_t)n * 1000;
	else if (action == CONNECT)
		connect_out();
	else if (action == HOLD)
		hold(pool, &held, n % (PKTS + 1));
	else if (action == ICMP)
		tcp_icmp_error(tcp, &from, &to, sent_end - n % 2000, 3, n % 5, n, now_us);
	else if (conn != NULL && action == SEND)
		send_some(n);
	else if (conn != NULL && action == READ)
		tcp_consume(conn, n);
	else if (conn != NULL && action == SHUTDOWN)
		tcp_shutdown(conn);
	else if (conn != NULL)
		let_go(action == ABORT ? tcp_abort : NULL);
	tcp_tick(tcp, now_us);
}

static void start(uint8_t choices)
{
	struct tcp_config config;
	tcp_config_default(&config);
	config.conns_max = CONNS;
	config.half_open_max = 2;
	config.time_wait_max = 2;
	config.rcv_buf = 6000;
	config.snd_buf = 6000;
	config.ooo_runs_max = 8;
	config.queue_pkts_max = PKTS * 3 / 4;
	config.timestamps = (choices & 1) != 0;
	config.sack = (choices & 2) != 0;
	config.window_scale = (choices & 4) != 0;
	config.ecn = (choices & 16) != 0;
	config.congestion = (choices & 32) != 0 ? TCP_NEWRENO : TCP_CUBIC;
	config.handshake_ms = config.time_wait_ms = config.fin_wait_2_ms = TIMES_MS;
	config.keepalive_idle_ms = (choices & 8) != 0 ? TIMES_MS : 0;
	struct tcp_ops ops = {.output = output, .route = route, .random = fixed_random};
	now_us = 1000000;
	our_port = PORT;
	peer_port = 40000;
	sent_end = sent_ack = 0;
	pool = pkt_pool_new(PKTS);
	tcp = pool == NULL ? NULL : tcp_new(&config, &ops, pool, now_us);
	struct endpoint listener = {.port = PORT};
	if (tcp == NULL || tcp_listen(tcp, &listener, NULL) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(span_of(data, size));
	start(cursor_u8(&c));
	for (int i = 0; i < 300 && cursor_left(&c) > 0; i++) {
		act(&c);
		events();
		tcp_tick(tcp, now_us);
	}
	hold(pool, &held, 0);
	if (conn != NULL)
		let_go(NULL);
	// Handshake, then patience with the released, then TIME_WAIT: each lasts TIMES_MS.
	for (int ms = 0; ms < 5 * TIMES_MS; ms += 10) {
		now_us += 10000;
		tcp_tick(tcp, now_us);
		events();
		if (conn != NULL)
			let_go(NULL);
	}
	const struct tcp_stats *stats = tcp_stats(tcp);
	if (stats->conns != 0 || stats->half_open != 0 || stats->time_wait != 0 ||
	    stats->tx_queued != 0 || stats->rx_queued != 0 || pkt_pool_used(pool) != 0)
		abort();
	tcp_free(tcp);
	pkt_pool_free(pool);
	return 0;
}
