// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Frames into ip/ and tcp/ together, with an application that reads, writes and closes: from the
// Ethernet header to the options and the state machine, both families, either end opening.
//
// The input is a byte of choices and a list of actions, each a byte and its arguments. A frame
// comes as it is; a segment is made with sequence numbers relative to what the stack last said in
// its flow, or a fuzzer would not get past the handshake. What the stack sends must be frames in
// order, with the bytes that were written; what is read must be the bytes that came; in the end
// every connection must go by itself, and every packet must be back.

#include "dataplane/base/cursor.h"
#include "dataplane/ip/ip.h"
#include "dataplane/tcp/tcp.h"
#include "tests/fuzz/hold.h"
#include "tests/sim/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum choice {
	TIMESTAMPS = 1 << 0,
	SACK = 1 << 1,
	SCALE = 1 << 2,
	ALIVE = 1 << 3,
	ECN = 1 << 4,
	RENO = 1 << 5,
	TAGGED = 1 << 6, // and a smaller MTU
	FORGET = 1 << 7, // the peer's MAC, in time
};

enum action {
	FRAME, // how, length, bytes
	SEGMENT,
	TICK, // from here on: flow, number
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

enum how {
	BAD_SUM = 1 << 0,
	SUM_TOLD = 1 << 1, // the port says that the sums are good
	FRAGMENTS = 1 << 2,
	BACKWARDS = 1 << 3, // the last fragment first
	TWICE = 1 << 4,
	UNSEALED = 1 << 5, // a frame only
};

enum {
	PKTS = 96,
	FLOWS = 8, // odd: IPv6; the first half opened by the peer
	CONNS = 6,
	PAYLOAD_MAX = 1400,
	PORT = 5432,
	TIMES_MS = 1000,
	MS = 1000,
	VLAN = 7,
	PARTS_MAX = 20,
	QUOTE = 64,
	FINISH_MS = 50,
	TICK_MAX_MS = 8192, // longer than any timer but the longest RTO, and quick
};

struct flow_seen {
	struct tcp_conn *conn;
	uint16_t our_port;
	uint32_t sent_end, sent_ack; // of the last segment that the stack sent
	uint32_t start;              // of its stream
	uint32_t peer_start;
	bool peer_known;
	uint32_t written, read; // by the application
	uint8_t quote[QUOTE];   // of that segment, from its IP header on
	size_t quote_n;
};

static struct pkt_pool *pool;
static struct ip *ip;
static struct tcp *tcp;
static struct pkt *held;
static struct flow_seen flows[FLOWS];
static uint64_t now_us;
static uint8_t choices;
static bool spoiled; // a frame as it is may have brought bytes of its own

static const struct eth_addr our_mac = {{2, 0, 0, 0, 0, 1}};
static const struct eth_addr peer_mac = {{2, 0, 0, 0, 0, 9}};
static const struct ip_addr locals[2] = {
	{{[10] = 0xff, 0xff, 10, 0, 0, 1}},
	{{0x20, 1, 0x0d, 0xb8, [15] = 1}}};
static const struct ip_addr peers[2] = {
	{{[10] = 0xff, 0xff, 10, 0, 0, 9}},
	{{0x20, 1, 0x0d, 0xb8, [15] = 9}}};

static uint16_t flow_peer_port(uint32_t i)
{
	return (uint16_t)(i < FLOWS / 2 ? 40000 + i : 443 + i);
}

static uint8_t stream_byte(uint32_t offset)
{
	return (uint8_t)(offset * 31 + offset / 251);
}

static struct frame_link link_of(bool ours)
{
	uint16_t vlan = (choices & TAGGED) != 0 ? VLAN : 0;
	return ours ? (struct frame_link){our_mac, peer_mac, vlan}
		    : (struct frame_link){peer_mac, our_mac, vlan};
}

static uint16_t mtu(void)
{
	return (choices & TAGGED) != 0 ? 1280 : 1500;
}

// NULL: of none of them, opened by a frame of the fuzzer's own.
static struct flow_seen *flow_find(uint16_t our_port, const struct endpoint *remote)
{
	for (uint32_t i = 0; i < FLOWS; i++) {
		if (flow_peer_port(i) == remote->port && addr_equal(&peers[i & 1], &remote->addr) &&
		    (i < FLOWS / 2) == (our_port == PORT))
			return &flows[i];
	}
	return NULL;
}

static void segment_out(struct span frame, const struct frame_tcp *seg)
{
	struct frame_place place;
	struct flow_seen *flow = flow_find(seg->from.port, &seg->to);
	bool syn = (seg->flags & FRAME_SYN) != 0;
	if (flow == NULL)
		return;
	if (syn) {
		flow->start = seg->seq + 1;
		flow->peer_known = false;
	}
	flow->our_port = seg->from.port;
	flow->sent_end =
		seg->seq + (uint32_t)seg->payload.n + syn + ((seg->flags & FRAME_FIN) != 0 ? 1 : 0);
	if ((seg->flags & FRAME_ACK) != 0) {
		flow->sent_ack = seg->ack;
		if (!flow->peer_known)
			flow->peer_start = seg->ack;
		flow->peer_known = true;
	}
	for (uint32_t i = 0; i < seg->payload.n; i++) {
		if (seg->payload.p[i] != stream_byte(seg->seq - flow->start + i))
			abort();
	}
	if (!frame_find(frame, &place))
		abort();
	flow->quote_n = place.end - place.ip_at < QUOTE ? place.end - place.ip_at : QUOTE;
	memcpy(flow->quote, frame.p + place.ip_at, flow->quote_n);
}

static void transmit(void *, struct pkt *pkt)
{
	uint8_t bytes[FRAME_MAX];
	struct frame_place place;
	struct frame_tcp seg;
	size_t n = pkt_wire_len(pkt);
	if (n > sizeof(bytes))
		abort();
	memcpy(bytes, pkt->data, pkt->len);
	if (pkt->payload_len > 0)
		memcpy(bytes + pkt->len, pkt->payload_data, pkt->payload_len);
	pkt_put(pkt);
	struct span frame = span_of(bytes, n);
	if (!frame_find(frame, &place) || place.ip_at > n || n - place.ip_at > mtu() ||
	    !frame_is_sealed(frame) || (place.ip_at == 18) != ((choices & TAGGED) != 0))
		abort();
	if (frame_read(frame, &seg))
		segment_out(frame, &seg);
}

static void receive(const uint8_t *bytes, size_t n, uint8_t how)
{
	struct ip_segment segment;
	struct pkt *pkt = pkt_get(pool);
	uint8_t *at = pkt == NULL ? NULL : pkt_extend(pkt, (uint32_t)n);
	if (at == NULL) {
		pkt_put(pkt);
		return;
	}
	if (n > 0)
		memcpy(at, bytes, n);
	if ((how & SUM_TOLD) != 0)
		pkt->flags = PKT_RX_IP_CSUM_GOOD | PKT_RX_L4_CSUM_GOOD;
	enum ip_verdict verdict = ip_input(ip, pkt, now_us / MS, &segment);
	if (verdict == IP_OWNER)
		abort();
	if (verdict == IP_TCP)
		tcp_input(tcp, pkt, &segment, now_us);
}

static void frame_in(struct cursor *c)
{
	uint8_t bytes[FRAME_MAX];
	struct frame_place place;
	uint8_t how = cursor_u8(c);
	size_t n = cursor_be16(c) % PKT_DATAROOM;
	struct span frame = cursor_bytes(c, n < cursor_left(c) ? n : cursor_left(c));
	if (frame.n > 0)
		memcpy(bytes, frame.p, frame.n);
	if ((how & UNSEALED) == 0)
		frame_seal(bytes, frame.n);
	if (!frame_find(span_of(bytes, frame.n), &place) || place.version != 0)
		spoiled = true;
	receive(bytes, frame.n, how);
}

// One part of a datagram in a frame of its own: `unit` bytes of the upper layer from `offset` on.
static size_t part_make(
	uint8_t *out, struct span frame, const struct frame_place *place, size_t offset, size_t unit
)
{
	size_t left = place->end - place->upper_at - offset, n = left < unit ? left : unit;
	bool more = left > unit;
	size_t at = place->upper_at;
	memcpy(out, frame.p, at);
	if (place->version == 4) {
		out[place->ip_at + 6] = (uint8_t)((more ? 0x20 : 0) | offset / 8 >> 8);
		out[place->ip_at + 7] = (uint8_t)(offset / 8);
	} else {
		uint8_t header[8] = {place->protocol,
				     0,
				     (uint8_t)(offset >> 8),
				     (uint8_t)((offset & 0xf8) | more),
				     0,
				     0,
				     0,
				     (uint8_t)frame.p[at + 7]};
		out[place->ip_at + 6] = 44;
		memcpy(out + at, header, sizeof(header));
		at += sizeof(header);
	}
	memcpy(out + at, frame.p + place->upper_at + offset, n);
	frame_set_length(out, at + n);
	frame_seal(out, at + n);
	return at + n;
}

static void fragments_in(struct span frame, uint8_t how, uint8_t size)
{
	uint8_t part[FRAME_MAX];
	struct frame_place place;
	if (!frame_find(frame, &place))
		abort();
	size_t total = place.end - place.upper_at, unit = 8u + (size % 64 * 8u);
	size_t n = (total + unit - 1) / unit;
	if (n > PARTS_MAX)
		n = PARTS_MAX;
	for (size_t i = 0; i < n; i++) {
		size_t k = (how & BACKWARDS) != 0 ? n - 1 - i : i;
		receive(part, part_make(part, frame, &place, k * unit, unit), how);
	}
}

static void segment_in(struct cursor *c)
{
	uint8_t bytes[FRAME_MAX], payload[PAYLOAD_MAX];
	uint32_t i = cursor_u8(c) % FLOWS;
	uint8_t how = cursor_u8(c), size = cursor_u8(c);
	struct flow_seen *flow = &flows[i];
	struct frame_link link = link_of(false);
	struct frame_tcp seg = {
		.from = {peers[i & 1], flow_peer_port(i)},
		.to = {locals[i & 1], flow->our_port},
		.flags = cursor_u8(c),
		.ecn = size >> 6,
	};
	seg.seq = flow->sent_ack + (uint32_t)(int16_t)cursor_be16(c);
	seg.ack = flow->sent_end + (uint32_t)(int16_t)cursor_be16(c);
	seg.window = cursor_be16(c);
	seg.options = cursor_bytes(c, cursor_u8(c) % 11 * 4u);
	seg.payload = span_of(payload, cursor_be16(c) % (PAYLOAD_MAX + 1));
	if (c->bad)
		return;
	for (uint32_t k = 0; k < seg.payload.n; k++)
		payload[k] = stream_byte(seg.seq - flow->peer_start + k);
	size_t n = frame_write(bytes, &link, &seg);
	if ((how & BAD_SUM) != 0 && (how & SUM_TOLD) == 0)
		bytes[n - 1] ^= 0x55;
	for (int k = (how & TWICE) != 0 ? 2 : 1; k > 0; k--) {
		if ((how & FRAGMENTS) != 0)
			fragments_in(span_of(bytes, n), how, size);
		else
			receive(bytes, n, how);
	}
}

// An error about the last segment of a flow, from a router that may not exist.
static void icmp_in(uint32_t i, uint16_t n)
{
	uint8_t bytes[FRAME_MAX];
	struct frame_link link = link_of(false);
	struct frame_tcp seg = {.from = {peers[i & 1], 1}, .to = {locals[i & 1], 1}};
	struct frame_place place;
	size_t len = frame_write(bytes, &link, &seg);
	if (!frame_find(span_of(bytes, len), &place))
		abort();
	uint8_t *at = bytes + place.upper_at;
	memset(at, 0, 8);
	at[0] = (uint8_t)((i & 1) != 0 ? 1 + n % 4 : 3 + n % 2 * 8);
	at[1] = (i & 1) != 0 ? 0 : (uint8_t)(n % 5);
	at[6] = (uint8_t)(n >> 8); // the MTU, of either family
	at[7] = (uint8_t)n;
	memcpy(at + 8, flows[i].quote, flows[i].quote_n);
	bytes[place.ip_at + ((i & 1) != 0 ? 6 : 9)] = (i & 1) != 0 ? 58 : 1;
	len = place.upper_at + 8 + flows[i].quote_n;
	frame_set_length(bytes, len);
	frame_seal(bytes, len);
	receive(bytes, len, 0);
}

// The peer asks for our MAC, and tells its own by that.
static void hello(void)
{
	static const uint8_t arp[] = {0,  1, 8, 0, 6, 4, 0, 1, 2, 0, 0,  0, 0, 9,
				      10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1};
	uint8_t bytes[FRAME_MAX];
	struct frame_link link = link_of(false);
	struct frame_tcp seg = {.from = {peers[1], 1}, .to = {locals[1], 1}};
	struct frame_place place;
	size_t len = frame_write(bytes, &link, &seg);
	if (!frame_find(span_of(bytes, len), &place))
		abort();
	uint8_t *at = bytes + place.upper_at;
	memset(at, 0, 32);
	at[0] = 135; // a neighbour solicitation
	memcpy(at + 8, &locals[1], sizeof(locals[1]));
	at[24] = at[25] = 1; // with the address of its sender
	memcpy(at + 26, &peer_mac, sizeof(peer_mac));
	bytes[place.ip_at + 6] = 58;
	bytes[place.ip_at + 7] = 255;
	frame_set_length(bytes, place.upper_at + 32);
	frame_seal(bytes, place.upper_at + 32);
	receive(bytes, place.upper_at + 32, 0);
	bytes[place.ip_at - 2] = 8;
	bytes[place.ip_at - 1] = 6;
	memcpy(bytes + place.ip_at, arp, sizeof(arp));
	receive(bytes, place.ip_at + sizeof(arp), 0);
}

static void flow_release(struct flow_seen *flow)
{
	if (flow->conn != NULL)
		tcp_release(flow->conn);
	flow->conn = NULL;
}

static void events(void)
{
	uint32_t bits;
	struct tcp_conn *conn;
	while ((conn = tcp_event(tcp, &bits)) != NULL) {
		struct endpoint remote = tcp_conn_remote(conn);
		struct flow_seen *flow = flow_find(tcp_conn_local(conn).port, &remote);
		if (flow != NULL && flow->conn == NULL) {
			flow->conn = conn;
			flow->written = flow->read = 0;
		} else if (flow == NULL || flow->conn != conn) {
			tcp_release(conn);
		}
	}
}

static void send_some(struct flow_seen *flow, uint32_t n)
{
	uint8_t bytes[4096];
	n %= sizeof(bytes) + 1;
	for (uint32_t i = 0; i < n; i++)
		bytes[i] = stream_byte(flow->written + i);
	flow->written += (uint32_t)tcp_send(flow->conn, span_of(bytes, n));
}

static void read_some(struct flow_seen *flow, uint32_t n)
{
	for (;;) {
		struct span bytes = span_first(tcp_peek(flow->conn), n);
		if (bytes.n == 0)
			return;
		for (size_t i = 0; i < bytes.n; i++) {
			if (!spoiled && bytes.p[i] != stream_byte(flow->read + (uint32_t)i))
				abort();
		}
		flow->read += (uint32_t)bytes.n;
		n -= (uint32_t)bytes.n;
		tcp_consume(flow->conn, bytes.n);
	}
}

static void connect_out(uint32_t i)
{
	struct endpoint remote = {peers[i & 1], flow_peer_port(i)};
	if (i < FLOWS / 2 || flows[i].conn != NULL ||
	    tcp_connect(tcp, &remote, NULL, now_us, &flows[i].conn) != 0)
		return;
	flows[i].written = flows[i].read = 0;
}

static void tick(uint32_t ms)
{
	now_us += (uint64_t)ms * MS;
	ip_tick(ip, now_us / MS);
	tcp_tick(tcp, now_us);
	if ((choices & FORGET) == 0)
		hello();
}

static void act_on_conn(enum action action, struct flow_seen *flow, uint16_t n)
{
	if (flow->conn == NULL)
		return;
	if (action == SEND)
		send_some(flow, n);
	else if (action == READ)
		read_some(flow, n);
	else if (action == SHUTDOWN)
		tcp_shutdown(flow->conn);
	else if (action == ABORT)
		tcp_abort(flow->conn);
	if (action == RELEASE || action == ABORT)
		flow_release(flow);
}

static void act(struct cursor *c)
{
	enum action action = cursor_u8(c) % ACTIONS;
	if (action == FRAME) {
		frame_in(c);
		return;
	}
	if (action == SEGMENT) {
		segment_in(c);
		return;
	}
	uint32_t i = cursor_u8(c) % FLOWS;
	uint16_t n = cursor_be16(c);
	if (action == TICK)
		tick(n % TICK_MAX_MS);
	else if (action == CONNECT)
		connect_out(i);
	else if (action == ICMP)
		icmp_in(i, n);
	else if (action == HOLD)
		hold(pool, &held, n % (PKTS + 1));
	else
		act_on_conn(action, &flows[i], n);
}

static void resolve(void *, uint8_t, const struct ip_addr *)
{
}

static void publish(void *, const struct neighbour *)
{
}

static void tcp_error(
	void *, const struct endpoint *local, const struct endpoint *remote, uint32_t seq,
	uint8_t type, uint8_t code, uint16_t size
)
{
	tcp_icmp_error(tcp, local, remote, seq, type, code, size, now_us);
}

static int output(void *, struct pkt *pkt, const struct ip_addr *from, const struct ip_addr *to)
{
	return ip_output(ip, pkt, from, to, now_us / MS);
}

static int route(void *, const struct ip_addr *to, struct ip_addr *from, uint16_t *size)
{
	return ip_route(ip, to, from, size);
}

static uint64_t fixed_random(void *)
{
	return 4;
}

static void start_ip(void)
{
	struct ip_config config = {.owner = true, .n_ports = 1};
	struct ip_ops ops = {
		.transmit = transmit,
		.resolve = resolve,
		.publish = publish,
		.tcp_error = tcp_error};
	struct ip_port_config *port = &config.ports[0];
	port->mac = our_mac;
	port->mtu = mtu();
	port->vlan = link_of(true).vlan;
	port->n_addrs = 2;
	port->addrs[0].addr = locals[0];
	port->addrs[0].prefix = 24;
	port->addrs[1].addr = locals[1];
	port->addrs[1].prefix = 64;
	ip = ip_new(&config, &ops, pool);
	if (ip == NULL)
		abort();
}

static void start_tcp(void)
{
	struct tcp_config config;
	tcp_config_default(&config);
	config.conns_max = CONNS;
	config.half_open_max = 3;
	config.time_wait_max = 3;
	config.rcv_buf = (choices & SCALE) != 0 ? 100000 : 6000;
	config.snd_buf = 6000;
	config.ooo_runs_max = 8;
	config.queue_pkts_max = PKTS * 3 / 4;
	config.timestamps = (choices & TIMESTAMPS) != 0;
	config.sack = (choices & SACK) != 0;
	config.window_scale = (choices & SCALE) != 0;
	config.ecn = (choices & ECN) != 0;
	config.congestion = (choices & RENO) != 0 ? TCP_NEWRENO : TCP_CUBIC;
	config.handshake_ms = config.time_wait_ms = config.fin_wait_2_ms = TIMES_MS;
	config.keepalive_idle_ms = (choices & ALIVE) != 0 ? TIMES_MS : 0;
	struct tcp_ops ops = {.output = output, .route = route, .random = fixed_random};
	struct endpoint listener = {.port = PORT};
	tcp = tcp_new(&config, &ops, pool, now_us);
	if (tcp == NULL || tcp_listen(tcp, &listener, NULL) != 0)
		abort();
}

static void finish(void)
{
	hold(pool, &held, 0);
	for (uint32_t i = 0; i < FLOWS; i++)
		flow_release(&flows[i]);
	// Handshake, then patience with the released, then TIME_WAIT: each lasts TIMES_MS.
	for (int ms = 0; ms < 5 * TIMES_MS; ms += FINISH_MS) {
		now_us += FINISH_MS * MS;
		tcp_tick(tcp, now_us);
		events();
		for (uint32_t i = 0; i < FLOWS; i++)
			flow_release(&flows[i]);
	}
	const struct tcp_stats *stats = tcp_stats(tcp);
	if (stats->conns != 0 || stats->half_open != 0 || stats->time_wait != 0 ||
	    stats->tx_queued != 0 || stats->rx_queued != 0)
		abort();
	tcp_free(tcp);
	ip_free(ip);
	if (pkt_pool_used(pool) != 0)
		abort();
	pkt_pool_free(pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(span_of(data, size));
	choices = cursor_u8(&c);
	spoiled = false;
	now_us = 1000000;
	memset(flows, 0, sizeof(flows));
	for (uint32_t i = 0; i < FLOWS / 2; i++)
		flows[i].our_port = PORT;
	pool = pkt_pool_new(PKTS);
	if (pool == NULL)
		abort();
	start_ip();
	start_tcp();
	hello();
	for (int i = 0; i < 300 && cursor_left(&c) > 0; i++) {
		act(&c);
		events();
		tcp_tick(tcp, now_us);
	}
	finish();
	return 0;
}
