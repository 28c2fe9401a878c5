// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the steps of tcp/ share: the connection block, the instance, and each step's entry points.
//
// The life of a connection block: conn_new; while it is in the flow table it is live, and either
// its wheel node is armed or it lies on the dirty list (asserted in conn_schedule). conn_close
// takes it out of the table; it then waits for tcp_release. Only tcp_tick puts a block back into
// the pool, so no step ever holds a stale pointer.

#pragma once

#include "dataplane/base/hash.h"
#include "dataplane/base/list.h"
#include "dataplane/base/pool.h"
#include "dataplane/base/wheel.h"
#include "dataplane/tcp/tcp.h"

#include <assert.h>
#include <errno.h>

enum tcp_wire {
	TCP_HEADER_LEN = 20,
	TCP_OPTIONS_MAX = 40,
	TCP_TS_LEN = 12,       // the timestamps option with two NOPs (RFC 7323 appendix A)
	TCP_IP4_OVERHEAD = 40, // IP and TCP header without options (RFC 6691)
	TCP_IP6_OVERHEAD = 60,
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_ECE = 0x40, // RFC 3168 6.1
	TCP_CWR = 0x80,
};

enum tcp_limit {
	TCP_REO_PERSIST = 16,           // RFC 8985 6.2 step 4
	TCP_REO_MULT_MAX = 64,          // beyond, SRTT bounds the window anyway
	TCP_MIN_RTT_MS = 5 * 60 * 1000, // how long the least RTT counts
	TCP_PEER_ACK_MS = 200,          // RFC 8985 7.2: how long a peer may delay an ACK

	TCP_MSS_MIN = 216,      // smaller offers are an attack on our packet rate (CVE-2019-11479)
	TCP_MTU_MIN_IP4 = 576,  // RFC 5927 7.2: nothing below may be claimed by ICMP
	TCP_MTU_MIN_IP6 = 1280, // RFC 8200 5
	TCP_LISTENERS_MAX = 256,
	TCP_SACK_BLOCKS = 4,
	TCP_SCALE_MAX = 14,    // RFC 7323 2.3
	TCP_DUP_THRESH = 3,    // RFC 5681 3.2
	TCP_QUICK_ACKS = 16,   // segments acknowledged at once, so that slow start is not held up
	TCP_COPY_MAX = 1024,   // a payload up to this is copied behind its predecessor
	TCP_SEND_CHARGE = 512, // the send queue may hold snd_buf / this packets
	TCP_LINGER_FACTOR = 8, // times fin_wait_2_ms: the longest a released connection may stay
	TCP_RETRY_MS = 10,     // after a pool was empty
	TCP_OOW_ACK_MS = 500,  // RFC 5961 7: at most one such ACK a connection in this time
	TCP_CHALLENGES_MAX = 1000, // a second, over all connections
	TCP_IDLE_CHECK_MS = 60 * 60 * 1000,
	TCP_EXPIRIES_PER_TICK = 1024,
	TCP_PORT_COUNTERS = 256,                  // RFC 6056 3.3.4
	TCP_PORT_TRIES = 4096,                    // a search must not hold up the worker
	TCP_PAWS_IDLE_MS = 24 * 24 * 3600 * 1000, // RFC 7323 5.5
};

static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool seq_le(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

static inline uint32_t seq_max(uint32_t a, uint32_t b)
{
	return seq_lt(a, b) ? b : a;
}

static inline uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

struct sack_block {
	uint32_t left, right; // right: one past the last
};

struct tcp_options {
	uint16_t mss; // 0: absent
	uint8_t scale;
	bool has_scale, sack_permitted, has_ts;
	uint8_t n_sack;
	uint32_t ts_val, ts_ecr;
	struct sack_block sack[TCP_SACK_BLOCKS];
};

// A segment that arrived. Whoever queues `pkt` sets it to NULL.
struct segment {
	const struct ip_segment *where;
	struct pkt *pkt; // data at the payload
	uint32_t seq, ack;
	uint32_t len; // of the payload
	uint16_t wnd; // as on the wire
	uint8_t flags;
	bool twice; // what of it came twice is told
	struct tcp_options options;
};

// A connection's name. Hashed as bytes: it has no padding.
struct flow {
	struct endpoint local, remote;
};
static_assert(sizeof(struct flow) == 36);

// What the headers of one segment without options take of the MTU, and the least MTU there is.
static inline uint16_t flow_overhead(const struct flow *flow)
{
	return addr_is_v4(&flow->remote.addr) ? TCP_IP4_OVERHEAD : TCP_IP6_OVERHEAD;
}

static inline uint16_t flow_mtu_min(const struct flow *flow)
{
	return addr_is_v4(&flow->remote.addr) ? TCP_MTU_MIN_IP4 : TCP_MTU_MIN_IP6;
}

// RFC 9293 3.7.1, when the peer names none: 536 or 1220.
static inline uint16_t flow_mss_default(const struct flow *flow)
{
	return (uint16_t)(flow_mtu_min(flow) - flow_overhead(flow));
}

enum tx_flags {
	TX_SACKED = 1 << 0,
	TX_LOST = 1 << 1,
	TX_RESENT = 1 << 2, // lost, and its retransmission is on the way
	TX_FIN = 1 << 3,
};

// What the send queue knows of a packet; lies in the packet's headroom, which a queued payload has
// no other use for.
struct tx_seg {
	uint32_t seq;
	uint32_t end;     // one past the last; counts FIN
	uint32_t sent_us; // low half of the clock, when last sent
	uint8_t flags;
	uint8_t sends; // saturates
};
static_assert(sizeof(struct tx_seg) + 7 <= PKT_HEADROOM);

// What the out-of-order queue knows of a packet; lies where its TCP header was or before.
struct rx_seg {
	uint32_t seq, end; // end counts data only
	bool fin;
};
static_assert(sizeof(struct rx_seg) + 7 < TCP_HEADER_LEN);

static inline void *pkt_scratch(const struct pkt *pkt)
{
	return (void *)(((uintptr_t)pkt->base + 7) & ~(uintptr_t)7);
}

static inline struct tx_seg *tx_seg(const struct pkt *pkt)
{
	return pkt_scratch(pkt);
}

static inline struct rx_seg *rx_seg(const struct pkt *pkt)
{
	return pkt_scratch(pkt);
}

static inline uint32_t tx_seg_len(const struct tx_seg *seg)
{
	return seg->end - seg->seq;
}

enum conn_flags {
	CONN_OWNED = 1 << 0,   // the caller holds it
	CONN_PASSIVE = 1 << 1, // from a listener
	CONN_LIVE = 1 << 2,    // in the flow table
	CONN_ACK_NOW = 1 << 3,
	CONN_TS = 1 << 4,
	CONN_SACK = 1 << 5,
	CONN_FIN_WANTED = 1 << 6, // tcp_shutdown
	CONN_FIN_QUEUED = 1 << 7,
	CONN_FIN_RECEIVED = 1 << 8,
	CONN_WANT_WRITE = 1 << 9, // the last tcp_send was short
	CONN_CWND_LIMITED = 1 << 10,
	CONN_SYN_RESENT = 1 << 11,
	CONN_HALF_OPEN = 1 << 12, // on tcp.half_open
	CONN_RTT_KNOWN = 1 << 13,
	CONN_RELEASED = 1 << 14,
	CONN_ACCEPTED = 1 << 15,    // counted and reported as established
	CONN_SCALE = 1 << 16,       // both sides scale windows
	CONN_UNREACHABLE = 1 << 17, // a soft ICMP error came during the handshake
	CONN_REORDERED = 1 << 18,   // packets have overtaken each other here (RFC 8985 6.2)
	CONN_PROBED = 1 << 19,      // a tail loss probe is out, up to tlp_end
	CONN_PROBE_OLD = 1 << 20,   // it carries what was sent before
	CONN_UNDO = 1 << 21,        // the last reduction may turn out to be wrong; see undo.c
	CONN_DSACK = 1 << 22,       // dsack is to be reported
	CONN_ECN = 1 << 23,         // both sides speak it
	CONN_ECE = 1 << 24,         // a mark is to be echoed until CWR comes
	CONN_CWR = 1 << 25,         // the next new data is to carry CWR
};

enum recovery {
	RECOVERY_NONE,
	RECOVERY_CWR,  // less is sent, but nothing again: a probe repaired the loss, or ECN
	RECOVERY_FAST, // RFC 6582, 6675, 8985
	RECOVERY_RTO,  // RFC 6298 5.4 and on
};

// Where F-RTO stands (RFC 5682 2.1, 3.1).
enum frto {
	FRTO_NONE,
	FRTO_RESENT, // the first packet went out again
	FRTO_FRESH,  // it was acknowledged; new data is to show what became of the rest
};

// What DUE_RESEND waits for while something is in flight (RFC 8985 8: one timer for the three).
enum resend {
	RESEND_RTO,
	RESEND_REORDERED, // the reordering window of RACK
	RESEND_PROBE,     // TLP
};

enum due {
	DUE_RESEND, // enum resend with something in flight, else the persist timer
	DUE_ACK,
	DUE_ALIVE,
	DUE_STATE, // handshake, or the patience with a released connection
	DUE_RETRY, // a pool was empty
	DUE_COUNT,
};

static const uint64_t DUE_NEVER = UINT64_MAX;

// cubic.c. All zero: no reduction yet.
struct cubic {
	uint32_t w_max, prior_w_max; // bytes; the latter to undo
	uint32_t w_est;              // what Reno would have
	uint32_t cwnd_prior;
	uint32_t k_ms;
	uint32_t epoch_ms; // 0: the next growth begins one
	uint32_t grown_ms; // when the window last grew, or had its pause
};

// hystart.c. All zero: nothing measured yet.
struct hystart {
	uint32_t last_us, round_us; // least round trips of the last round and of this one; 0: none
	uint32_t baseline_us;
	uint8_t samples;
	uint8_t css; // rounds of conservative slow start begun; 0: not in it
};

struct tcp_conn {
	// line 0: demultiplexing and receiving
	struct tcp *tcp; // NULL: the block is free
	struct flow flow;
	uint32_t hash;
	uint32_t rcv_nxt;
	uint32_t rcv_adv; // the farthest right edge ever offered
	uint32_t flags;   // enum conn_flags
	uint8_t state;    // enum tcp_state
	uint8_t snd_scale, rcv_scale;
	uint8_t recovery; // enum recovery

	// line 1: timestamps and sending
	uint32_t ts_recent;
	uint32_t ts_offset;
	uint32_t last_ack; // rcv_nxt as last sent
	uint32_t snd_una;
	uint32_t snd_nxt;
	uint32_t snd_wnd; // bytes
	uint32_t snd_wl1, snd_wl2;
	uint32_t snd_wnd_max;
	uint32_t cwnd, ssthresh;
	uint32_t sacked; // bytes in flight that the peer reported
	uint32_t lost;   // bytes TX_LOST and not yet TX_RESENT
	uint16_t sacked_segs;
	uint16_t dup_acks;
	uint16_t mss;       // payload bytes a segment may carry now
	uint16_t rcv_mss;   // the largest payload seen
	uint32_t rcv_bytes; // in order, not consumed

	// line 2: queues
	struct pkt *snd_head, *snd_tail;
	struct pkt *snd_unsent; // first packet never sent
	struct pkt *rcv_head, *rcv_tail;
	struct pkt *ooo_head, *ooo_tail;
	uint32_t snd_bytes; // in the send queue
	uint16_t snd_segs;
	uint16_t ooo_segs;

	// line 3: scheduling
	struct list dirty;
	struct list event;
	struct wheel_node timer;
	uint32_t events;
	uint32_t backoff; // doublings of the RTO

	uint64_t due[DUE_COUNT]; // ms, or DUE_NEVER
	uint64_t rx_ms;          // when the last acceptable segment came
	uint64_t ts_recent_ms;
	uint64_t oow_ack_ms; // when the last rate-limited ACK may be repeated
	uint64_t tx_us;      // when data or SYN was last sent
	uint64_t released_ms;
	uint32_t srtt_us8;   // smoothed RTT, times 8
	uint32_t rttvar_us4; // its variation, times 4
	uint32_t rto_ms;
	uint32_t acked_bytes; // toward the next cwnd increase
	uint32_t recover;     // snd_nxt when loss was found
	uint32_t fack;        // the highest sequence number known to have arrived
	// RACK (RFC 8985 5.2): the packet sent last among those that arrived.
	uint32_t rack_us, rack_end, rack_rtt_us;
	uint32_t min_rtt_us, min_rtt_ms; // and when it was seen
	uint32_t dsack_round;            // snd_nxt when a D-SACK widened the window; see rack.c
	uint8_t reo_mult, reo_persist;
	uint8_t frto, resend; // enum frto, enum resend
	uint32_t tlp_end;     // snd_nxt when the probe went out
	// RFC 6937, within RECOVERY_FAST and RECOVERY_CWR.
	uint32_t prr_delivered, prr_out, prr_flight;
	uint32_t round_end, round_una;  // snd_nxt and snd_una when the round trip began
	uint32_t pipe_ack, pipe_ack_ms; // the most acknowledged in one (RFC 7661), and when
	uint32_t validated_ms;          // when the window was last put to use
	union {
		struct hystart hystart; // until the first slow start ends
		struct cubic cubic;     // from then on
	};
	// What to go back to (undo.c): meaningful with CONN_UNDO.
	uint32_t prior_cwnd, prior_ssthresh;
	uint32_t undo_una;       // snd_una when the window was reduced
	uint32_t undo_ts;        // our timestamp of the first retransmission since
	uint16_t undo_resent;    // retransmissions since that no D-SACK has called needless
	struct sack_block dsack; // what arrived twice (RFC 2883)
	uint32_t iss, irs;
	uint16_t mss_offered; // ours, from the route
	uint16_t mss_path;    // largest segment (without options) the path takes
	uint16_t mss_acked;   // largest payload that was acknowledged
	uint16_t mss_test;    // being tried instead of mss_path (blackhole.c); 0: none
	uint16_t mss_claimed; // an ICMP claim that waits for a timeout (RFC 5927 7.2), else 0
	uint8_t retries;      // timeouts since progress
	uint8_t probes;       // keepalives unanswered
	uint8_t quick_acks;
	uint8_t n_blocks;
	struct sack_block blocks[TCP_SACK_BLOCKS]; // to report, the latest first
	int error;
	struct list half_open;
	void *cookie;
	void *user;
};
static_assert(offsetof(struct tcp_conn, ts_recent) == 64);
static_assert(offsetof(struct tcp_conn, snd_head) == 128);
static_assert(offsetof(struct tcp_conn, dirty) == 192);

// A connection in TIME_WAIT: only what is needed to answer for it.
struct time_wait {
	struct flow flow;
	uint32_t hash;
	struct list link; // by age, or free
	uint64_t end_ms;
	uint64_t begun_ms;
	uint32_t snd_nxt, rcv_nxt;
	uint32_t ts_recent, ts_offset;
	uint16_t wnd;
	bool has_ts;
};

struct listener {
	struct endpoint local;
	void *cookie;
};

struct table_slot {
	uint32_t hash;
	uint32_t ref; // 0: empty
};

// Open addressing with linear probing and backward-shift deletion, at most half full.
struct table {
	struct table_slot *slots;
	uint32_t mask;
};

struct tcp {
	struct tcp_config config;
	struct tcp_ops ops;
	struct pkt_pool *pkts;
	struct pool *conns;
	struct table table;
	struct list dirty;
	struct list events;
	struct list half_open; // oldest first
	struct list tw_live;   // oldest first
	struct list tw_free;
	struct time_wait *tw;
	uint64_t now_us, now_ms;
	uint64_t challenge_ms; // start of the second that challenges are counted in
	uint32_t challenges;
	uint32_t snd_segs_max; // of one connection
	// Of all connections. What waits behind a hole stops short of the limit for receiving, so
	// that the segment that fills the hole finds room.
	uint32_t tx_queue_max, rx_queue_max, ooo_queue_max;
	struct hash_key table_key, isn_key, ts_key, port_key;
	uint32_t port_counters[TCP_PORT_COUNTERS];
	uint32_t n_listeners;
	struct listener listeners[TCP_LISTENERS_MAX];
	struct tcp_stats stats;
	struct wheel wheel;
};

// tcp.c
void tcp_clock_set(struct tcp *tcp, uint64_t now_us);

// table.c: flows to connections and TIME_WAIT entries.
int table_init(struct table *table, uint32_t flows) must_check;
void table_fini(struct table *table);
uint32_t table_hash(const struct tcp *tcp, const struct flow *flow);
// The connection, or the TIME_WAIT entry in *tw, or neither.
struct tcp_conn *table_find(
	const struct tcp *tcp, const struct flow *flow, uint32_t hash, struct time_wait **tw
);
void table_add_conn(struct tcp *tcp, struct tcp_conn *conn);
void table_remove_conn(struct tcp *tcp, const struct tcp_conn *conn);
void table_add_tw(struct tcp *tcp, const struct time_wait *tw);
void table_remove_tw(struct tcp *tcp, const struct time_wait *tw);

// listen.c
struct listener *listener_find(struct tcp *tcp, const struct endpoint *local);
// A segment that belongs to no connection; `iss_after` is what a new ISN must exceed when
// has_after.
void listen_input(struct tcp *tcp, struct segment *seg, bool has_after, uint32_t iss_after);

// syn.c: the handshake, both ways.
uint32_t isn_new(const struct tcp *tcp, const struct flow *flow);
void syn_prepare(struct tcp_conn *conn, uint16_t mtu);
void syn_received(struct tcp_conn *conn, const struct segment *seg);
void syn_send(struct tcp_conn *conn);
void syn_sent_input(struct tcp_conn *conn, struct segment *seg);
// The ACK that completes the handshake; false when it does not and the segment is to be dropped.
bool syn_acked(struct tcp_conn *conn, const struct segment *seg) must_check;
void syn_timeout(struct tcp_conn *conn);

// input.c: synchronised states.
void conn_input(struct tcp_conn *conn, struct segment *seg);

// What one ACK tells.
struct ack_news {
	const struct segment *seg;
	uint32_t acked;     // bytes that became acknowledged, FIN included
	uint32_t segs;      // packets that left the send queue for it
	uint32_t delivered; // bytes newly known to have arrived
	uint32_t rtt_us;    // of a packet that was sent once; 0: none
	uint32_t reo_us;    // until the reordering window of some packet has passed; 0: none waits
	bool duplicate;     // RFC 5681 2
	bool sacked;        // SACK blocks told something new
	bool dsack;         // its first block is a D-SACK
	bool original;      // something arrived that was sent once, before `recover`
	bool lost;          // packets were found to be lost
	bool recovered;     // it ended a recovery
};

// ack.c: what an ACK field, its window and its SACK blocks mean to the send queue.
bool ack_input(struct tcp_conn *conn, const struct segment *seg) must_check;
void rtt_sample(struct tcp_conn *conn, uint32_t rtt_us);

// options.c. `options_parse` returns 0 or ERR_MALFORMED; the writers return the bytes written,
// a multiple of 4, at most TCP_OPTIONS_MAX.
int options_parse(struct span bytes, struct tcp_options *out) must_check;
uint32_t options_write_syn(const struct tcp_conn *conn, bool ack, uint8_t *at);
uint32_t options_write(const struct tcp_conn *conn, bool sack, uint8_t *at);
uint32_t options_write_ts(uint8_t *at, uint32_t val, uint32_t ecr);

// reassembly.c: the receive queue and what waits for a hole to be filled.
// Takes the payload and FIN of an acceptable segment. Returns true when FIN is now in order.
bool reassembly_input(struct tcp_conn *conn, struct segment *seg);
// Bytes that had come before; told as a D-SACK.
void reassembly_twice(struct tcp_conn *conn, struct segment *seg, uint32_t left, uint32_t right);
void reassembly_clear(struct tcp_conn *conn);

// output.c
void conn_output(struct tcp_conn *conn);
// A segment without payload and outside the stream; `seq` is its sequence number.
void output_bare(struct tcp_conn *conn, uint32_t seq, uint8_t flags);
void output_ack(struct tcp_conn *conn);
// RST in answer to a segment of no connection (RFC 9293 3.5.2).
void output_reset(struct tcp *tcp, const struct segment *seg);
void output_tw_ack(struct tcp *tcp, const struct time_wait *tw);
// A tail loss probe: new data, or the last packet again. False when neither can go.
bool output_probe(struct tcp_conn *conn) must_check;
// The window field to send now; moves rcv_adv.
uint16_t output_window(struct tcp_conn *conn);
void output_window_opened(struct tcp_conn *conn);

// send.c: the send queue.
bool send_split(struct tcp_conn *conn, struct pkt *pkt, uint32_t at) must_check;
void send_fin(struct tcp_conn *conn);
void send_clear(struct tcp_conn *conn);
// Drop what the ACK covers. Takes an RTT sample where it can.
void send_acked(struct tcp_conn *conn, struct ack_news *news);

// recovery.c: which of the packets in flight arrived, which are lost.
void recovery_sack(struct tcp_conn *conn, struct ack_news *news);
void recovery_lose(struct tcp_conn *conn, struct pkt *pkt);
void recovery_lose_on_timeout(struct tcp_conn *conn);
// Whatever was called lost and not sent again is on its way after all.
void recovery_find_all(struct tcp_conn *conn);
uint32_t recovery_pipe(const struct tcp_conn *conn);

// rack.c: loss by time (RFC 8985).
void rack_rtt(struct tcp_conn *conn, uint32_t rtt_us); // of what was sent once
void rack_delivered(struct tcp_conn *conn, const struct tx_seg *seg, struct ack_news *news);
// Find what is lost; with news->lost and news->reo_us as results.
void rack_detect(struct tcp_conn *conn, struct ack_news *news);
void rack_dsack(struct tcp_conn *conn);
void rack_recovered(struct tcp_conn *conn);
void rack_expired(struct tcp_conn *conn);
bool rack_is_overdue(const struct tcp_conn *conn, const struct tx_seg *seg);

// probe.c: tail loss probes (RFC 8985 7).
// Let the timer wait for a probe instead of the RTO, where that is of use.
void probe_arm(struct tcp_conn *conn);
void probe_acked(struct tcp_conn *conn, const struct ack_news *news);
void probe_expired(struct tcp_conn *conn);

// undo.c: reductions that were a mistake (RFC 5682, 4015, 2883).
void undo_begin(struct tcp_conn *conn);
void undo_resent(struct tcp_conn *conn);
// May end the recovery.
void undo_acked(struct tcp_conn *conn, const struct ack_news *news);
void undo_timeout(struct tcp_conn *conn);

// congestion.c
void congestion_init(struct tcp_conn *conn);
void congestion_acked(struct tcp_conn *conn, const struct ack_news *news, uint32_t pipe_before);
// Enter RECOVERY_FAST or RECOVERY_CWR.
void congestion_reduce(struct tcp_conn *conn, enum recovery recovery);
void congestion_timeout(struct tcp_conn *conn);
void congestion_recovered(struct tcp_conn *conn);
void congestion_undo(struct tcp_conn *conn);
void congestion_restart(struct tcp_conn *conn);

// cubic.c, hystart.c: in the states for which struct tcp_conn has their members.
void cubic_grow(struct tcp_conn *conn, uint32_t bytes);
void cubic_pause(struct tcp_conn *conn); // an ACK that lets nothing grow
uint32_t cubic_reduce(struct tcp_conn *conn, uint32_t window);
void cubic_timeout(struct tcp_conn *conn);
void cubic_undo(struct tcp_conn *conn);
void hystart_round(struct tcp_conn *conn);
void hystart_sample(struct tcp_conn *conn, uint32_t rtt_us);
uint32_t hystart_growth(const struct tcp_conn *conn, uint32_t bytes);

// blackhole.c
void blackhole_timeout(struct tcp_conn *conn); // of what is in flight; before it is marked
void blackhole_acked(struct tcp_conn *conn, uint32_t len);

// ecn.c
uint8_t ecn_syn_flags(const struct tcp_conn *conn, bool ack);
void ecn_negotiate(struct tcp_conn *conn, const struct segment *syn);
void ecn_data(struct tcp_conn *conn, const struct segment *seg);
void ecn_acked(struct tcp_conn *conn, const struct ack_news *news);

// timer.c
void timer_arm_patience(struct tcp_conn *conn); // with a released connection
void timer_expired(struct tcp_conn *conn);
void timer_arm_resend(struct tcp_conn *conn); // the RTO, or the persist timer
// `us` from now, rounded up.
void timer_arm_sooner(struct tcp_conn *conn, enum resend what, uint32_t us);
void conn_schedule(struct tcp_conn *conn);

// timewait.c
void timewait_enter(struct tcp_conn *conn);
void timewait_input(struct tcp *tcp, struct time_wait *tw, struct segment *seg);
void timewait_drop(struct tcp *tcp, struct time_wait *tw);
void timewait_expire(struct tcp *tcp);
// May a new connection of ours take over this entry's ports (RFC 6191)?
bool timewait_reusable(const struct tcp *tcp, const struct time_wait *tw);

// port.c: an ephemeral port for flow->remote; writes flow->local.port. Out: *tw, an entry whose
// place it takes, or NULL. Returns 0 or -EADDRNOTAVAIL.
int port_choose(struct tcp *tcp, struct flow *flow, struct time_wait **tw) must_check;

// icmp.c
void mss_apply(struct tcp_conn *conn, uint16_t mss_path);

// conn.c
struct tcp_conn *conn_new(struct tcp *tcp, const struct flow *flow) must_check;
void conn_set_state(struct tcp_conn *conn, enum tcp_state state);
void conn_mark(struct tcp_conn *conn); // something to do at the end of the loop
void conn_report(struct tcp_conn *conn, uint32_t events);
// Out of the table, with the state it had when `state` says so; nothing is sent.
void conn_close(struct tcp_conn *conn, enum tcp_state state, int error);
// Send RST, then conn_close.
void conn_reset(struct tcp_conn *conn, int error);
void conn_put(struct tcp_conn *conn);
// May an ACK that answers an unacceptable segment be sent now (RFC 5961 7)?
bool conn_may_challenge(struct tcp_conn *conn);

static inline bool conn_is_synchronised(const struct tcp_conn *conn)
{
	return conn->state >= TCP_ESTABLISHED;
}

static inline uint32_t conn_ts_now(const struct tcp_conn *conn)
{
	return (uint32_t)conn->tcp->now_ms + conn->ts_offset;
}
