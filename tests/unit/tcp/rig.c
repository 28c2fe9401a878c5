// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/tcp/rig.h"

#include "dataplane/base/cursor.h"
#include "dataplane/tcp/wire.h"

#include <stdlib.h>

static int rig_output(
	void *ctx, struct pkt *pkt, const struct ip_addr *local, const struct ip_addr *remote
)
{
	struct rig *rig = ctx;
	assert_true(addr_equal(local, &rig->local.addr));
	assert_true(addr_equal(remote, &rig->remote.addr));
	assert_in_range(rig->n_out, 0, RIG_OUT_MAX - 1);
	struct rig_segment *out = &rig->out[rig->n_out++];
	struct cursor c = cursor_of(pkt_span(pkt));
	out->from = cursor_be16(&c);
	out->to = cursor_be16(&c);
	out->seq = cursor_be32(&c);
	out->ack = cursor_be32(&c);
	uint32_t header = (cursor_u8(&c) >> 4) * 4u;
	out->flags = cursor_u8(&c);
	out->wnd = cursor_be16(&c);
	assert_int_equal(cursor_be32(&c), 0); // the checksum is ip's to fill in
	assert_int_equal(pkt->len, header);
	assert_int_equal(pkt->l4_len, header);
	assert_int_equal(options_parse(cursor_bytes(&c, header - 20), &out->options), 0);
	out->len = pkt->payload_len;
	out->ect = (pkt->flags & PKT_TX_ECT) != 0;
	assert_in_range(out->len, 0, sizeof(out->data));
	if (out->len > 0)
		memcpy(out->data, pkt->payload_data, out->len);
	assert_in_range(header + out->len, 20, rig->mtu - 20u);
	pkt_put(pkt);
	return 0;
}

static int rig_route(void *ctx, const struct ip_addr *, struct ip_addr *local, uint16_t *mtu)
{
	struct rig *rig = ctx;
	*local = rig->local.addr;
	*mtu = rig->mtu;
	return rig->route_result;
}

static uint64_t rig_random(void *ctx)
{
	struct rig *rig = ctx;
	return rig->random += UINT64_C(0x9e3779b97f4a7c15);
}

void rig_config(struct rig *rig)
{
	tcp_config_default(&rig->config);
	rig->config.conns_max = 16;
	rig->config.half_open_max = 4;
	rig->config.time_wait_max = 4;
	rig->config.rcv_buf = rig->config.snd_buf = 60000;
	rig->config.rcv_buf_max = rig->config.snd_buf_max = 0; // they stay as they are
	rig->config.timestamps = rig->config.sack = rig->config.window_scale = false;
	rig->config.keepalive_idle_ms = 0;
	rig->config.congestion = TCP_NEWRENO;
}

void rig_new(struct rig *rig)
{
	if (rig->config.conns_max == 0)
		rig_config(rig);
	const char *start_us = getenv("RIG_START_US");
	rig->now_us = start_us == NULL ? 5000000 : strtoull(start_us, NULL, 10);
	rig->mtu = 1500;
	rig->local.port = RIG_PORT;
	rig->remote.port = RIG_PEER_PORT;
	assert_int_equal(addr_parse("10.0.0.1", &rig->local.addr), 0);
	assert_int_equal(addr_parse("10.0.0.2", &rig->remote.addr), 0);
	rig->pool = pkt_pool_new(max_u32(rig->pkts, 512));
	struct tcp_ops ops =
		{.output = rig_output, .route = rig_route, .random = rig_random, .ctx = rig};
	rig->tcp = tcp_new(&rig->config, &ops, rig->pool, rig->now_us);
	assert_non_null(rig->tcp);
	assert_int_equal(tcp_listen(rig->tcp, &rig->local, rig), 0);
}

void rig_free(struct rig *rig)
{
	tcp_free(rig->tcp);
	assert_int_equal(pkt_pool_used(rig->pool), 0);
	pkt_pool_free(rig->pool);
}

void rig_in_options(
	struct rig *rig, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t wnd,
	struct span options, struct span payload
)
{
	struct pkt *pkt = pkt_get(rig->pool);
	assert_non_null(pkt);
	uint32_t header = TCP_HEADER_LEN + (uint32_t)options.n;
	uint8_t *p = pkt_extend(pkt, header + (uint32_t)payload.n);
	memset(p, 0, header);
	wire_put16(p, rig->remote.port);
	wire_put16(p + 2, rig->local.port);
	wire_put32(p + 4, seq);
	wire_put32(p + 8, ack);
	p[12] = (uint8_t)(header / 4 << 4);
	p[13] = flags;
	wire_put16(p + 14, wnd);
	if (options.n > 0)
		memcpy(p + TCP_HEADER_LEN, options.p, options.n);
	if (payload.n > 0)
		memcpy(p + header, payload.p, payload.n);
	struct ip_segment where = {
		.local = {.addr = rig->local.addr},
		.remote = {.addr = rig->remote.addr},
		.ecn = rig->ecn};
	tcp_input(rig->tcp, pkt, &where, rig->now_us);
}

void rig_in(
	struct rig *rig, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t wnd,
	struct span payload
)
{
	uint8_t options[TCP_TS_LEN];
	(void)options_write_ts(options, rig->ts, 0);
	struct span ts = span_of(options, rig->timestamps ? sizeof(options) : 0);
	rig_in_options(rig, flags, seq, ack, wnd, ts, payload);
}

void rig_in_sack(struct rig *rig, uint32_t ack, const struct sack_block *blocks, int n)
{
	uint8_t options[TCP_OPTIONS_MAX] = {1, 1, 5, (uint8_t)(2 + 8 * n)};
	for (int i = 0; i < n; i++) {
		wire_put32(options + 4 + 8 * i, blocks[i].left);
		wire_put32(options + 8 + 8 * i, blocks[i].right);
	}
	rig_in_options(
		rig, TCP_ACK, rig->seq, ack, 60000, span_of(options, 4 + 8 * (size_t)n),
		(struct span){0}
	);
}

void rig_tick(struct rig *rig, uint32_t ms)
{
	for (uint32_t i = 0; i < ms; i++) {
		rig->now_us += 1000;
		tcp_tick(rig->tcp, rig->now_us);
	}
	if (ms == 0)
		tcp_tick(rig->tcp, rig->now_us);
}

struct rig_segment *rig_out(struct rig *rig)
{
	assert_in_range(rig->next_out, 0, rig->n_out - 1);
	return &rig->out[rig->next_out++];
}

bool rig_silent(const struct rig *rig)
{
	return rig->next_out == rig->n_out;
}

void rig_drain(struct rig *rig)
{
	rig->n_out = rig->next_out = 0;
}

bool rig_event_is(struct rig *rig, uint32_t events)
{
	uint32_t got = 0;
	struct tcp_conn *conn = tcp_event(rig->tcp, &got);
	if (conn == NULL)
		return events == 0;
	if (rig->conn == NULL)
		rig->conn = conn;
	return conn == rig->conn && got == events;
}

void rig_accept(struct rig *rig, struct span syn_options)
{
	rig->seq = 1000;
	rig_in_options(rig, TCP_SYN, rig->seq, 0, 60000, syn_options, (struct span){0});
	struct rig_segment *syn_ack = rig_out(rig);
	assert_int_equal(syn_ack->flags, TCP_SYN | TCP_ACK);
	assert_int_equal(syn_ack->ack, 1001);
	rig->seq++;
	rig->una = syn_ack->seq + 1;
	rig->now_us += rig->rtt_us > 0 ? rig->rtt_us : RIG_RTT_US;
	rig_in(rig, TCP_ACK, rig->seq, rig->una, 60000, (struct span){0});
	rig->conn = NULL;
	assert_true(rig_event_is(rig, TCP_EV_ACCEPTED));
	assert_int_equal(tcp_conn_state(rig->conn), TCP_ESTABLISHED);
	rig_tick(rig, 0);
}

void rig_connect(struct rig *rig, struct span syn_options)
{
	struct endpoint listener = rig->local;
	tcp_unlisten(rig->tcp, &listener);
	rig->remote.port = 5432;
	assert_int_equal(tcp_connect(rig->tcp, &rig->remote, rig, rig->now_us, &rig->conn), 0);
	struct rig_segment *syn = rig_out(rig);
	assert_int_equal(syn->flags, TCP_SYN);
	rig->local.port = syn->from;
	rig->una = syn->seq + 1;
	rig->seq = 7000;
	rig_in_options(
		rig, TCP_SYN | TCP_ACK, rig->seq++, rig->una, 60000, syn_options, (struct span){0}
	);
	assert_true(rig_event_is(rig, TCP_EV_CONNECTED));
	rig_tick(rig, 0);
	struct rig_segment *ack = rig_out(rig);
	assert_int_equal(ack->flags, TCP_ACK);
	assert_int_equal(ack->seq, rig->una);
	assert_int_equal(ack->ack, rig->seq);
}

void rig_sent(struct rig *rig, bool sack, uint32_t n)
{
	static const uint8_t options[] = {2, 4, 3, 232, 1, 1, 4, 2};
	if (rig->config.conns_max == 0)
		rig_config(rig);
	rig->config.sack = sack;
	rig_new(rig);
	rig_accept(rig, span_of(options, sack ? 8 : 4));
	rig_drain(rig);
	assert_int_equal(tcp_send(rig->conn, rig_bytes(n * 1000)), n * 1000);
	rig_tick(rig, 0);
	for (uint32_t i = 0; i < n; i++) {
		struct rig_segment *s = rig_out(rig);
		assert_int_equal(s->seq, rig->una + i * 1000);
		assert_int_equal(s->len, 1000);
		assert_int_equal((s->flags & TCP_PSH) != 0, i == n - 1);
	}
	assert_true(rig_silent(rig));
}

struct span rig_bytes(uint32_t n)
{
	static uint8_t bytes[70000];
	for (uint32_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	assert_in_range(n, 0, sizeof(bytes));
	return span_of(bytes, n);
}
