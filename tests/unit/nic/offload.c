// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a device is left to do: checksums both ways, cutting large frames up, and how frames that
// wait stay right when it does less from one moment to the next. net_ring, which the linker makes
// offer all that and tell of events; the test looks at what lies in its ring and does the cutting.

#include "dataplane/nic/nic.h"
#include "dataplane/nic/pool.h"

#include <rte_alarm.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_ring.h>
#include <rte_tcp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	ETH = 14,
	TCP = 32, // with timestamps
	MSS = 1448,
	FRAME_MAX = 70000,
	CHECKSUMS = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM,
};

static struct nic *nic;
static struct pkt_pool *pool;

// ---- the device

static struct device {
	uint64_t tx_capa;
	const char *driver;
	uint64_t configured; // what we asked of it
	rte_eth_dev_cb_fn event[RTE_ETH_EVENT_MAX];
	void *event_arg;
	rte_eal_alarm_callback alarm;
	void *alarm_arg;
} device;

int __real_rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info);
int __wrap_rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info);
int __real_rte_eth_dev_configure(
	uint16_t port, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf
);
int __wrap_rte_eth_dev_configure(
	uint16_t port, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf
);
int __wrap_rte_eth_dev_callback_register(
	uint16_t port, enum rte_eth_event_type event, rte_eth_dev_cb_fn fn, void *arg
);
int __wrap_rte_eth_dev_callback_unregister(
	uint16_t port, enum rte_eth_event_type event, rte_eth_dev_cb_fn fn, void *arg
);
int __wrap_rte_eal_alarm_set(uint64_t us, rte_eal_alarm_callback fn, void *arg);

int __wrap_rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info)
{
	int r = __real_rte_eth_dev_info_get(port, info);

	info->tx_offload_capa |= device.tx_capa;
	if (device.driver != NULL)
		info->driver_name = device.driver;
	return r;
}

int __wrap_rte_eth_dev_configure(
	uint16_t port, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf
)
{
	struct rte_eth_conf plain = *conf;

	device.configured = conf->txmode.offloads;
	plain.txmode.offloads &= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	return __real_rte_eth_dev_configure(port, rx, tx, &plain);
}

int __wrap_rte_eth_dev_callback_register(
	uint16_t, enum rte_eth_event_type event, rte_eth_dev_cb_fn fn, void *arg
)
{
	device.event[event] = fn;
	device.event_arg = arg;
	return 0;
}

int __wrap_rte_eth_dev_callback_unregister(uint16_t, enum rte_eth_event_type event, rte_eth_dev_cb_fn, void *)
{
	device.event[event] = NULL;
	return 0;
}

int __wrap_rte_eal_alarm_set(uint64_t, rte_eal_alarm_callback fn, void *arg)
{
	device.alarm = fn;
	device.alarm_arg = arg;
	return 0;
}

// An event, and what is done for it later.
static void event(enum rte_eth_event_type type)
{
	assert_non_null(device.event[type]);
	device.event[type](0, type, device.event_arg, NULL);
	if (device.alarm != NULL)
		device.alarm(device.alarm_arg);
	device.alarm = NULL;
}

// What lies in its transmit ring; NULL: nothing.
static struct rte_mbuf *sent(void)
{
	void *mbuf;

	return rte_ring_dequeue(rte_ring_lookup("ETH_RXTX0_net_ring0"), &mbuf) == 0 ? mbuf : NULL;
}

static size_t flatten(const struct rte_mbuf *mbuf, uint8_t bytes[static FRAME_MAX])
{
	size_t n = 0;

	for (; mbuf != NULL; mbuf = mbuf->next) {
		assert_true(n + mbuf->data_len <= FRAME_MAX);
		memcpy(bytes + n, rte_pktmbuf_mtod(mbuf, void *), mbuf->data_len);
		n += mbuf->data_len;
	}
	return n;
}

// ---- frames

struct shape {
	bool v6;
	uint32_t seq;
	uint16_t window;
	uint8_t flags;
	uint32_t len;
};

static uint8_t pattern(uint32_t seq)
{
	return (uint8_t)(seq * 7 + seq / 256);
}

static uint32_t l3_of(bool v6)
{
	return v6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr);
}

static void put_headers(uint8_t *at, const struct shape *s)
{
	uint32_t len = TCP + s->len;
	uint8_t *l3 = at + ETH;
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(l3 + l3_of(s->v6));

	memset(at, 0, ETH + l3_of(s->v6) + TCP);
	at[12] = s->v6 ? 0x86 : 0x08;
	at[13] = s->v6 ? 0xdd : 0x00;
	tcp->src_port = rte_cpu_to_be_16(5432);
	tcp->dst_port = rte_cpu_to_be_16(40000);
	tcp->sent_seq = rte_cpu_to_be_32(s->seq);
	tcp->data_off = TCP / 4 << 4;
	tcp->tcp_flags = s->flags;
	tcp->rx_win = rte_cpu_to_be_16(s->window);
	if (s->v6) {
		struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)l3;
		ip->vtc_flow = rte_cpu_to_be_32(6u << 28);
		ip->payload_len = rte_cpu_to_be_16((uint16_t)len);
		ip->proto = IPPROTO_TCP;
		ip->hop_limits = 64;
		ip->src_addr[15] = 1;
		ip->dst_addr[15] = 2;
		tcp->cksum = rte_ipv6_phdr_cksum(ip, 0);
	} else {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)l3;
		ip->version_ihl = 0x45;
		ip->total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + len));
		ip->next_proto_id = IPPROTO_TCP;
		ip->time_to_live = 64;
		ip->src_addr = rte_cpu_to_be_32(0x0a000001);
		ip->dst_addr = rte_cpu_to_be_32(0x0a000002);
		tcp->cksum = rte_ipv4_phdr_cksum(ip, 0);
	}
}

// As ip/ gives it away: headers, a borrowed payload, both checksums left to the port.
static void send_one(struct shape s)
{
	struct pkt *head = pkt_get(pool), *payload = pkt_get(pool);

	assert_non_null(head);
	assert_non_null(payload);
	put_headers(pkt_extend(head, ETH + l3_of(s.v6) + TCP), &s);
	uint8_t *at = pkt_extend(payload, s.len);
	for (uint32_t i = 0; i < s.len; i++)
		at[i] = pattern(s.seq + i);
	head->l2_len = ETH;
	head->l3_len = (uint8_t)l3_of(s.v6);
	head->l4_len = TCP;
	head->flags = PKT_TX_TCP_CSUM | (s.v6 ? 0 : PKT_TX_IP_CSUM);
	head->payload = payload;
	head->payload_data = payload->data;
	head->payload_len = s.len;
	nic_tx(nic, 0, head);
}

// `n` full segments from `seq` on.
static void send_run(bool v6, uint32_t seq, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		send_one((struct shape){v6, seq + i * MSS, 1000, RTE_TCP_ACK_FLAG, MSS});
}

static struct rte_tcp_hdr *tcp_at(uint8_t *frame, bool v6)
{
	return (struct rte_tcp_hdr *)(frame + ETH + l3_of(v6));
}

static uint16_t phdr(const uint8_t *frame, bool v6, uint64_t flags)
{
	return v6 ? rte_ipv6_phdr_cksum((const struct rte_ipv6_hdr *)(frame + ETH), flags)
		  : rte_ipv4_phdr_cksum((const struct rte_ipv4_hdr *)(frame + ETH), flags);
}

// A frame as it would be on the wire: one segment, all checksums right, the bytes of its place.
static void check_segment(const uint8_t *frame, size_t n, bool v6, uint32_t seq, uint32_t len)
{
	const uint8_t *l3 = frame + ETH, *l4 = l3 + l3_of(v6);
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)l4;

	assert_int_equal(n, ETH + l3_of(v6) + TCP + len);
	if (v6) {
		const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)l3;
		assert_int_equal(rte_be_to_cpu_16(ip->payload_len), TCP + len);
	} else {
		const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)l3;
		assert_int_equal(rte_be_to_cpu_16(ip->total_length), sizeof(*ip) + TCP + len);
		assert_int_equal(rte_raw_cksum(ip, sizeof(*ip)), 0xffff);
	}
	uint32_t sum = (uint32_t)rte_raw_cksum(l4, TCP + len) + phdr(frame, v6, 0);
	assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
	assert_int_equal(rte_be_to_cpu_32(tcp->sent_seq), seq);
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(l4[TCP + i], pattern(seq + i));
}

// What the hardware does with a frame that asks for it, and a look at each segment. Returns how
// many those are.
static uint32_t cut(const struct rte_mbuf *mbuf, bool v6, uint32_t seq)
{
	static uint8_t frame[FRAME_MAX], piece[FRAME_MAX];
	size_t n = flatten(mbuf, frame);
	uint32_t headers = ETH + l3_of(v6) + TCP, at = headers, count = 0;
	bool is_large = (mbuf->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0;
	uint32_t step = is_large ? mbuf->tso_segsz : (uint32_t)n;

	assert_int_equal(n, mbuf->pkt_len);
	assert_int_equal(mbuf->l2_len, ETH);
	assert_int_equal(mbuf->l3_len, l3_of(v6));
	assert_int_equal(mbuf->l4_len, TCP);
	assert_int_equal(tcp_at(frame, v6)->cksum, phdr(frame, v6, mbuf->ol_flags));
	for (; at < n; at += step, count++) {
		uint32_t len = RTE_MIN(step, (uint32_t)n - at);
		struct shape s = {v6, seq, 1000, tcp_at(frame, v6)->tcp_flags, len};
		put_headers(piece, &s);
		memcpy(piece + headers, frame + at, len);
		tcp_at(piece, v6)->cksum = 0;
		if (v6) {
			struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)(piece + ETH);
			tcp_at(piece, v6)->cksum = rte_ipv6_udptcp_cksum(ip, tcp_at(piece, v6));
		} else {
			struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(piece + ETH);
			ip->hdr_checksum = rte_ipv4_cksum(ip);
			tcp_at(piece, v6)->cksum = rte_ipv4_udptcp_cksum(ip, tcp_at(piece, v6));
		}
		check_segment(piece, headers + len, v6, seq, len);
		seq += len;
	}
	return count;
}

static uint32_t used(void)
{
	uint32_t n, total;

	nic_pool_usage(nic, 0, &n, &total);
	return n;
}

// ---- kinds of devices

static int start(const char *driver, uint64_t tx_capa, bool asked)
{
	struct nic_config config = {
		.n_workers = 1,
		.packets = 2048,
		.n_ports = 1,
		.ports = {{.device = "net_ring0", .mtu = 1500, .cut = asked}},
	};
	const char *why = NULL;

	device.driver = driver;
	device.tx_capa = tx_capa;
	int r = nic_new(&config, &nic, &why);
	if (r != 0)
		print_error("nic_new: %s: %s\n", err_text(r), why);
	else
		pool = nic_pool(nic, 0);
	return r;
}

static int start_cutting(void **)
{
	return start(NULL, CHECKSUMS | RTE_ETH_TX_OFFLOAD_TCP_TSO, true);
}

static int start_unasked(void **)
{
	return start(NULL, CHECKSUMS | RTE_ETH_TX_OFFLOAD_TCP_TSO, false);
}

static int start_netvsc(void **)
{
	return start("net_netvsc", CHECKSUMS | RTE_ETH_TX_OFFLOAD_TCP_TSO, true);
}

static int start_tap(void **)
{
	return start("net_tap", CHECKSUMS | RTE_ETH_TX_OFFLOAD_TCP_TSO, true);
}

static int stop(void **)
{
	nic_free(nic);
	return 0;
}

static void one_chain_for_many_segments(void **)
{
	for (int v6 = 0; v6 < 2; v6++) {
		uint32_t before = used();
		uint64_t merged = nic_stats(nic, 0, 0)->tx_merged;
		send_run(v6, UINT32_MAX - 5000, 40); // sequence numbers wrap
		nic_flush(nic, 0);
		struct rte_mbuf *mbuf = sent();
		assert_non_null(mbuf);
		assert_null(sent());
		assert_int_equal(mbuf->nb_segs, 41);
		assert_int_equal(cut(mbuf, v6, UINT32_MAX - 5000), 40);
		assert_int_equal(nic_stats(nic, 0, 0)->tx_merged - merged, 39);
		rte_pktmbuf_free(mbuf);
		assert_int_equal(used(), before);
	}
}

static void a_frame_stays_below_64_kb(void **)
{
	uint32_t seq = 1, count = 0, frames = 0;

	send_run(false, seq, 100);
	nic_flush(nic, 0);
	for (struct rte_mbuf *mbuf = sent(); mbuf != NULL; mbuf = sent(), frames++) {
		assert_true(mbuf->pkt_len - ETH <= UINT16_MAX);
		uint32_t n = cut(mbuf, false, seq + count * MSS);
		count += n;
		rte_pktmbuf_free(mbuf);
	}
	assert_int_equal(count, 100);
	assert_int_equal(frames, 3);
}

// Each of these must not be put behind a full segment with sequence number 1.
static void what_differs_stays_apart(void **)
{
	const uint8_t ack = RTE_TCP_ACK_FLAG;
	const struct shape apart[] = {
		{false, 1 + MSS + 1, 1000, ack, MSS},                // a gap
		{false, 1, 1000, ack, MSS},                          // again
		{false, 1 + MSS, 1001, ack, MSS},                    // another window
		{false, 1 + MSS, 1000, ack | 0x80, MSS},             // CWR
		{false, 1 + MSS, 1000, ack | RTE_TCP_RST_FLAG, MSS}, // RST
		{false, 1 + MSS, 1000, ack, MSS + 1},                // longer
		{true, 1 + MSS, 1000, ack, MSS},                     // IPv6
		{false, 1 + MSS, 1000, ack | RTE_TCP_SYN_FLAG, 1},   // SYN
	};

	for (size_t i = 0; i < RTE_DIM(apart); i++) {
		send_run(false, 1, 1);
		send_one(apart[i]);
		nic_flush(nic, 0);
		for (int frames = 0; frames < 2; frames++) {
			struct rte_mbuf *mbuf = sent();
			assert_non_null(mbuf);
			assert_int_equal(mbuf->ol_flags & RTE_MBUF_F_TX_TCP_SEG, 0);
			rte_pktmbuf_free(mbuf);
		}
		assert_null(sent());
	}
}

// The last segment may be short, and say PSH or FIN; nothing follows it.
static void the_last_segment_ends_the_frame(void **)
{
	static uint8_t frame[FRAME_MAX];

	send_run(false, 1, 2);
	send_one((struct shape
	){false, 1 + 2 * MSS, 1000, RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG | RTE_TCP_FIN_FLAG, 100});
	send_run(false, 1 + 2 * MSS + 100, 1);
	nic_flush(nic, 0);
	struct rte_mbuf *mbuf = sent(), *next = sent();
	assert_non_null(mbuf);
	assert_non_null(next);
	assert_int_equal(cut(mbuf, false, 1), 3);
	(void)flatten(mbuf, frame);
	assert_int_equal(
		tcp_at(frame, false)->tcp_flags,
		RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG | RTE_TCP_FIN_FLAG
	);
	assert_int_equal(cut(next, false, 1 + 2 * MSS + 100), 1);
	rte_pktmbuf_free(mbuf);
	rte_pktmbuf_free(next);
}

static bool is_complete(void)
{
	struct nic_port_info info;

	nic_port_info(nic, 0, &info);
	return info.complete;
}

// A device that does less takes the place of the last one while frames wait: what goes out is
// right, or does not go out and is sent again by TCP. And back.
static void frames_stay_right_when_a_device_does_less(void **)
{
	static uint8_t frame[FRAME_MAX];
	uint32_t before = used();
	uint64_t refused = nic_stats(nic, 0, 0)->tx_refused;

	send_run(false, 1, 1);
	send_run(true, 1, 1);
	send_run(false, 100001, 10); // one frame
	device.tx_capa = 0;
	event(RTE_ETH_EVENT_DESTROY);
	assert_false(is_complete());
	nic_flush(nic, 0);
	send_run(false, 200001, 3);
	nic_flush(nic, 0);
	const struct shape want[] = {
		{false, 1, 0, 0, 0},
		{true, 1, 0, 0, 0},
		{false, 200001, 0, 0, 0},
		{false, 200001 + MSS, 0, 0, 0},
		{false, 200001 + 2 * MSS, 0, 0, 0}};
	for (size_t i = 0; i < RTE_DIM(want); i++) {
		struct rte_mbuf *mbuf = sent();
		assert_non_null(mbuf);
		assert_int_equal(
			mbuf->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK,
			want[i].v6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4
		);
		check_segment(frame, flatten(mbuf, frame), want[i].v6, want[i].seq, MSS);
		rte_pktmbuf_free(mbuf);
	}
	assert_null(sent());
	assert_int_equal(nic_stats(nic, 0, 0)->tx_refused - refused, 1);

	device.tx_capa = CHECKSUMS | RTE_ETH_TX_OFFLOAD_TCP_TSO;
	event(RTE_ETH_EVENT_NEW);
	assert_true(is_complete());
	send_run(false, 1, 10);
	nic_flush(nic, 0);
	struct rte_mbuf *mbuf = sent();
	assert_int_equal(cut(mbuf, false, 1), 10);
	rte_pktmbuf_free(mbuf);
	assert_int_equal(used(), before);
}

static void a_device_that_is_gone_is_left_alone(void **)
{
	uint32_t before = used();
	struct nic_port_info info;
	struct pkt *pkts[NIC_BURST];

	send_run(false, 1, 1);
	event(RTE_ETH_EVENT_ERR_RECOVERING);
	nic_port_info(nic, 0, &info);
	assert_false(info.gone);
	event(RTE_ETH_EVENT_INTR_RMV);
	nic_port_info(nic, 0, &info);
	assert_true(info.gone);
	nic_flush(nic, 0);
	send_run(false, 2, 1);
	assert_int_equal(nic_stats(nic, 0, 0)->tx_gone, 2);
	assert_null(sent());
	assert_int_equal(nic_rx(nic, 0, 0, pkts), 0);
	assert_int_equal(used(), before);
}

static void nobody_cuts_unasked_or_unproven(void **)
{
	assert_int_equal(device.configured & (CHECKSUMS | RTE_ETH_TX_OFFLOAD_TCP_TSO), CHECKSUMS);
	send_run(false, 1, 3);
	nic_flush(nic, 0);
	for (uint32_t i = 0; i < 3; i++) {
		struct rte_mbuf *mbuf = sent();
		assert_non_null(mbuf);
		assert_int_equal(mbuf->ol_flags & RTE_MBUF_F_TX_TCP_SEG, 0);
		assert_int_equal(cut(mbuf, false, 1 + i * MSS), 1);
		rte_pktmbuf_free(mbuf);
	}
}

// net_tap, asked to: neither IPv6 nor what with its Ethernet header is longer than the MTU.
static void what_a_driver_cuts_badly_stays_whole(void **)
{
	send_run(false, 1, 2);
	send_run(true, 1, 2);
	for (uint32_t i = 0; i < 2; i++)
		send_one((struct shape){false, 1 + i * 1000, 1000, RTE_TCP_ACK_FLAG, 1000});
	nic_flush(nic, 0);
	for (uint32_t i = 0; i < 5; i++) {
		struct rte_mbuf *mbuf = sent();
		assert_non_null(mbuf);
		assert_int_equal((mbuf->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0, i == 4);
		rte_pktmbuf_free(mbuf);
	}
	assert_null(sent());
}

// ---- what a device says of checksums

static void every_verdict_of_a_device_counts(void **)
{
	static const struct {
		uint64_t flags;
		uint16_t want;
	} verdicts[] = {
		{RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN | RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN, 0},
		{RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN, PKT_RX_IP_CSUM_GOOD},
		{RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN | RTE_MBUF_F_RX_L4_CKSUM_GOOD, PKT_RX_L4_CSUM_GOOD},
		{RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD,
		 PKT_RX_IP_CSUM_GOOD | PKT_RX_L4_CSUM_GOOD},
		{RTE_MBUF_F_RX_IP_CKSUM_NONE | RTE_MBUF_F_RX_L4_CKSUM_NONE,
		 PKT_RX_IP_CSUM_GOOD | PKT_RX_L4_CSUM_GOOD},
		{RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_GOOD, PKT_RX_CSUM_BAD},
		{RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_BAD, PKT_RX_CSUM_BAD},
		{RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_BAD, PKT_RX_CSUM_BAD},
		{RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN | RTE_MBUF_F_RX_L4_CKSUM_NONE, PKT_RX_L4_CSUM_GOOD},
	};
	struct pkt *pkts[NIC_BURST];

	for (size_t i = 0; i < RTE_DIM(verdicts); i++) {
		struct pkt *pkt = pkt_get(pool);
		assert_non_null(pkt);
		memset(pkt_extend(pkt, 60), 0, 60);
		struct rte_mbuf *mbuf = mbuf_of(pkt);
		mbuf->data_len = 60;
		mbuf->pkt_len = 60;
		mbuf->ol_flags = verdicts[i].flags;
		assert_int_equal(rte_ring_enqueue(rte_ring_lookup("ETH_RXTX0_net_ring0"), mbuf), 0);
		assert_int_equal(nic_rx(nic, 0, 0, pkts), 1);
		assert_int_equal(pkts[0]->flags, verdicts[i].want);
		pkt_put(pkts[0]);
	}
}

// ---- one device a process, for EAL starts once

int main(int argc, char **argv)
{
	const struct CMUnitTest cutting[] = {
		cmocka_unit_test(one_chain_for_many_segments),
		cmocka_unit_test(a_frame_stays_below_64_kb),
		cmocka_unit_test(what_differs_stays_apart),
		cmocka_unit_test(the_last_segment_ends_the_frame),
		cmocka_unit_test(every_verdict_of_a_device_counts),
		cmocka_unit_test(frames_stay_right_when_a_device_does_less),
		cmocka_unit_test(a_device_that_is_gone_is_left_alone),
	};
	const struct CMUnitTest little[] = {cmocka_unit_test(what_a_driver_cuts_badly_stays_whole)};
	const struct CMUnitTest whole[] = {cmocka_unit_test(nobody_cuts_unasked_or_unproven)};

	if (argc == 2 && strcmp(argv[1], "cutting") == 0)
		return cmocka_run_group_tests(cutting, start_cutting, stop);
	if (argc == 2 && strcmp(argv[1], "unasked") == 0)
		return cmocka_run_group_tests(whole, start_unasked, stop);
	if (argc == 2 && strcmp(argv[1], "netvsc") == 0)
		return cmocka_run_group_tests(whole, start_netvsc, stop);
	if (argc == 2 && strcmp(argv[1], "tap") == 0)
		return cmocka_run_group_tests(little, start_tap, stop);
	print_error("usage: offload cutting|unasked|netvsc|tap\n");
	return 2;
}
