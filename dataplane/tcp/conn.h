// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The connection block, and the entry points of the steps that work on it.
//
// The life of a connection block: conn_new; while it is in the flow table it is live, and either
// its wheel node is armed or it lies on the dirty list (conn_is_watched, asserted). conn_close
// takes it out of the table; it then waits for tcp_release. Only tcp_tick puts a block back into
// the pool, so no step ever holds a stale pointer.

#pragma once

#include "dataplane/tcp/instance.h"

struct ack_news; // loss.h

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
	CONN_RETRY = 1 << 12, // a pool was empty: look again in TCP_RETRY_MS
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
	CONN_DIRTY = 1 << 26,       // on tcp.dirty
	CONN_EVENT = 1 << 27,       // on tcp.events
	CONN_CLAIM = 1 << 28,       // see mss_test
	CONN_RAISE = 1 << 29,       // a larger packet is to be tried (blackhole.c)
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
	DUE_ALIVE, // counts from the last acceptable segment, or keepalive probe
	// Handshake, or the patience with a released connection; else when to try larger packets.
	DUE_STATE,
	DUE_COUNT,
};

// hystart.c. All zero: nothing measured yet.
struct hystart {
	uint32_t last_us, round_us; // least round trips of the last round and of this one; 0: none
	uint32_t baseline_us;
	uint8_t samples;
	uint8_t css; // rounds of conservative slow start begun; 0: not in it
};

// cubic.c. All zero: no reduction yet.
struct cubic {
	uint32_t w_max, prior_w_max; // bytes; the latter to undo
	uint32_t cwnd_prior;
	uint32_t epoch_ms; // 0: the next growth begins one
};

// cubic.c, with epoch_ms set.
struct cubic_epoch {
	uint32_t w_est; // what Reno would have
	uint32_t k_ms;
	uint32_t grown_ms; // when the window last grew, or had its pause
};

// RFC 6937, within RECOVERY_FAST and RECOVERY_CWR.
struct prr {
	uint32_t delivered, out, flight;
};

// Cold and hot by cache line. What is live at different times shares its place: see the unions.
// Times in ms and us are the low halves of the clock's.
struct tcp_conn {
	// line 0: demultiplexing, and receiving in order
	struct tcp *tcp; // NULL: the block is free
	struct flow flow;
	uint32_t flags; // enum conn_flags
	uint32_t rcv_nxt;
	uint32_t rcv_adv;  // the farthest right edge ever offered
	uint32_t last_ack; // rcv_nxt as last sent
	uint8_t state;     // enum tcp_state
	uint8_t recovery;  // enum recovery
	uint8_t snd_scale : 4, rcv_scale : 4;
	uint8_t quick_acks;

	// line 1: acknowledgements and sending
	uint32_t snd_una; // until established the initial sequence number
	uint32_t snd_nxt;
	uint32_t snd_wnd; // bytes
	uint32_t snd_wl1; // WL2 is always snd_una: see window_update
	uint32_t snd_wnd_max;
	uint32_t cwnd, ssthresh;
	uint32_t sacked; // bytes in flight that the peer reported
	uint32_t lost;   // bytes TX_LOST and not yet TX_RESENT
	uint16_t sacked_segs;
	uint16_t dup_acks;
	uint16_t mss;     // payload bytes a segment may carry now
	uint16_t rcv_mss; // the largest payload seen
	uint32_t ts_recent;
	uint32_t ts_offset;
	uint32_t snd_bytes; // in the send queue
	uint32_t rcv_bytes; // in order, not consumed
	uint16_t snd_segs;
	uint16_t ooo_segs;

	// line 2: queues, and the retransmission timeout
	struct pkt *snd_head, *snd_tail;
	struct pkt *snd_unsent;          // first packet never sent
	struct pkt *rcv_head, *ooo_head; // see struct rx_queue
	union {
		void *user;           // the listener's cookie until tcp_conn_set_user
		uint32_t released_ms; // with CONN_RELEASED
	};
	uint32_t srtt_us8;   // smoothed RTT, times 8
	uint32_t rttvar_us4; // its variation, times 4
	uint32_t tx_ms;      // when data was last sent
	uint16_t rto_ms;
	uint16_t rcv_grown; // KiB that the receive buffer has beyond the least

	// line 3: scheduling
	struct wheel_node timer;
	uint32_t due[DUE_COUNT]; // ms, 0: never; see due_in
	uint32_t rcv_round;      // buffer.c: what had been read when its round began
	uint32_t dirty_next;     // conn_ref, with CONN_DIRTY
	struct index_link link;  // on tcp.events, with CONN_EVENT
	uint8_t events;          // enum tcp_events
	uint8_t backoff;         // doublings of the RTO
	uint8_t retries;         // timeouts since progress
	uint8_t probes;          // keepalives unanswered
	uint32_t oow_ack_ms;     // when the last rate-limited ACK went out

	// line 4: what each ACK tells of the path
	uint32_t round_end, round_una; // snd_nxt and snd_una when the round trip began
	uint32_t pipe_ack;             // the most acknowledged in one (RFC 7661)
	uint32_t rcv_round_us;         // when that of rcv_round began
	uint32_t validated_ms;         // when the window was last put to use
	uint32_t recover;              // snd_nxt when loss was found
	uint32_t fack;                 // the highest sequence number known to have arrived
	uint32_t min_rtt_us;
	// When pipe_ack and min_rtt_us were seen. After so long a silence that these come around
	// again, either may be kept for another while.
	uint16_t pipe_ack_ms, min_rtt_s;
	// RACK (RFC 8985 5.2): the packet sent last among those that arrived.
	union {
		uint32_t rack_us;
		uint32_t syn_us; // until established: when the SYN was last sent
	};
	uint32_t rack_end, rack_rtt_us;
	uint32_t tlp_end;     // snd_nxt when the probe went out
	uint32_t dsack_round; // snd_nxt when a D-SACK widened the window; see rack.c
	uint32_t ts_recent_s; // when ts_recent came, in seconds
	uint8_t reo_mult, reo_persist;
	uint8_t frto, resend; // enum frto, enum resend

	// line 5: congestion avoidance, recovery from loss, and what is rare
	union {
		struct hystart hystart; // until the first slow start ends
		struct cubic cubic;     // from then on, with CUBIC
		uint32_t acked_bytes;   // from then on, with NewReno: toward the next increase
	};
	union {
		struct cubic_epoch epoch; // outside of these recoveries
		struct prr prr;
	};
	// What to go back to (undo.c): meaningful with CONN_UNDO.
	uint32_t prior_cwnd, prior_ssthresh;
	uint32_t undo_una;       // snd_una when the window was reduced
	uint32_t undo_ts;        // our timestamp of the first retransmission since
	uint16_t undo_resent;    // retransmissions since that no D-SACK has called needless
	uint16_t mss_offered;    // ours, from the route
	struct sack_block dsack; // what arrived twice (RFC 2883), with CONN_DSACK
	uint16_t mss_acked;      // largest payload that was acknowledged
	// A smaller one that is being tried (blackhole.c), or with CONN_CLAIM an ICMP claim that
	// waits for a timeout (RFC 5927 7.2); 0: none.
	uint16_t mss_test;
	uint16_t mss_top; // what we and the peer allow, whatever the path does
	int16_t error;
};
static_assert(offsetof(struct tcp_conn, snd_una) == 64);
static_assert(offsetof(struct tcp_conn, snd_head) == 128);
static_assert(offsetof(struct tcp_conn, timer) == 192);
static_assert(offsetof(struct tcp_conn, round_end) == 256);
static_assert(offsetof(struct tcp_conn, hystart) == 320);
static_assert(sizeof(struct tcp_conn) == 384);

// What lists and the flow table call a connection; never 0.
static inline uint32_t conn_ref(const struct tcp_conn *conn)
{
	return (uint32_t)(conn - conn->tcp->blocks) + 1;
}

static inline struct tcp_conn *conn_at(const struct tcp *tcp, uint32_t ref)
{
	return tcp->blocks + (ref - 1);
}

// The largest segment (without options) the path takes.
static inline uint16_t conn_mss_path(const struct tcp_conn *conn)
{
	return (uint16_t)(conn->mss + ((conn->flags & CONN_TS) != 0 ? TCP_TS_LEN : 0));
}

static inline void conn_mss_set(struct tcp_conn *conn, uint16_t mss_path)
{
	conn->mss = (uint16_t)(mss_path - ((conn->flags & CONN_TS) != 0 ? TCP_TS_LEN : 0));
}

static inline bool due_runs(const struct tcp_conn *conn, enum due due)
{
	return conn->due[due] != 0;
}

static inline void due_stop(struct tcp_conn *conn, enum due due)
{
	conn->due[due] = 0;
}

// Comparisons hold for half of what 32 bits count, 24 days.
static inline void due_in(struct tcp_conn *conn, enum due due, uint64_t ms)
{
	uint32_t far = ms < INT32_MAX ? (uint32_t)ms : INT32_MAX;
	conn->due[due] = max_u32((uint32_t)conn->tcp->now_ms + far, 1);
}

// Milliseconds left, of one that runs; not above 0: it is due.
static inline int32_t due_left(const struct tcp_conn *conn, enum due due)
{
	return (int32_t)(conn->due[due] - (uint32_t)conn->tcp->now_ms);
}

// syn.c: the handshake, both ways.
uint32_t isn_new(const struct tcp *tcp, const struct flow *flow);
// What we say in a SYN: the MSS towards a path of `mtu`, and how windows are scaled.
uint16_t tcp_mss_offered(const struct tcp *tcp, const struct flow *flow, uint16_t mtu);
uint8_t syn_scale(const struct tcp *tcp);
void syn_sent_input(struct tcp_conn *conn, struct segment *seg);
// The ACK that completes the handshake; false when it does not and the segment is to be dropped.
bool syn_acked(struct tcp_conn *conn, const struct segment *seg) must_check;
void syn_timeout(struct tcp_conn *conn);

// input.c: synchronised states.
void conn_input(struct tcp_conn *conn, struct segment *seg);

// options.c. `options_parse` returns 0 or ERR_MALFORMED; the writers return the bytes written,
// a multiple of 4, at most TCP_OPTIONS_MAX.
int options_parse(struct span bytes, struct tcp_options *out) must_check;
uint32_t options_write_syn(const struct tcp_options *options, uint8_t *at);
uint32_t options_write(const struct tcp_conn *conn, bool sack, uint8_t *at);
uint32_t options_write_ts(uint8_t *at, uint32_t val, uint32_t ecr);

// reassembly.c: the receive queue and what waits for a hole to be filled.
// Takes the payload and FIN of an acceptable segment. Returns true when FIN is now in order.
bool reassembly_input(struct tcp_conn *conn, struct segment *seg);
// Bytes that had come before; told as a D-SACK.
void reassembly_twice(struct tcp_conn *conn, struct segment *seg, uint32_t left, uint32_t right);
void reassembly_clear(struct tcp_conn *conn);
// How many SACK blocks there are to report; they lie in the first packet out of order.
uint32_t reassembly_blocks(const struct tcp_conn *conn);
// Drop what waits out of order, and what was said of it (RFC 2018 8).
void reassembly_prune(struct tcp_conn *conn);

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
// The window of a SYN, which is never scaled (RFC 7323 2.2).
uint16_t tcp_syn_window(const struct tcp *tcp);
// The window field to send now; moves rcv_adv.
uint16_t output_window(struct tcp_conn *conn);
void output_window_opened(struct tcp_conn *conn);

// buffer.c: how much of a connection may wait to be read, and to be acknowledged.
uint32_t buffer_receive(const struct tcp_conn *conn);
uint32_t buffer_send(const struct tcp_conn *conn);
uint32_t buffer_send_segs(uint32_t bytes); // packets that so large a send buffer may have
void buffer_begin(struct tcp_conn *conn);  // with the peer's sequence numbers known
// The caller has read.
void buffer_read(struct tcp_conn *conn);
// Back to the least. What was offered stays so.
void buffer_shrink(struct tcp_conn *conn);

// send.c: the send queue.
bool send_split(struct tcp_conn *conn, struct pkt *pkt, uint32_t at) must_check;
void send_fin(struct tcp_conn *conn);
// With CONN_RETRY: what had to wait for a packet.
void send_retry(struct tcp_conn *conn);
void send_clear(struct tcp_conn *conn);
// Drop what the ACK covers. Takes an RTT sample where it can.
void send_acked(struct tcp_conn *conn, struct ack_news *news);

// timer.c
void timer_arm_patience(struct tcp_conn *conn); // with a released connection
void timer_expired(struct tcp_conn *conn);
void timer_arm_resend(struct tcp_conn *conn); // the RTO, or the persist timer
void timer_arm_alive(struct tcp_conn *conn);
void timer_back_off(struct tcp_conn *conn);
// `us` from now, rounded up.
void timer_arm_sooner(struct tcp_conn *conn, enum resend what, uint32_t us);
void conn_schedule(struct tcp_conn *conn);
// Does every wait of this connection have an end? It is not live, or on the dirty list, or its
// wheel node comes up no later than the first of its deadlines. Always so at the end of a call.
bool conn_is_watched(const struct tcp_conn *conn);

// icmp.c
void mss_apply(struct tcp_conn *conn, uint16_t mss_path);
void claim_forget(struct tcp_conn *conn);

// conn.c
struct tcp_conn *conn_new(struct tcp *tcp, const struct flow *flow) must_check;
void conn_set_state(struct tcp_conn *conn, enum tcp_state state);
void conn_mark(struct tcp_conn *conn);              // something to do at the end of the loop
struct tcp_conn *conn_shift_event(struct tcp *tcp); // NULL: there is none
void conn_forget_events(struct tcp_conn *conn);
void conn_report(struct tcp_conn *conn, uint32_t events);
// Out of the table, with the state it had when `state` says so; nothing is sent.
void conn_close(struct tcp_conn *conn, enum tcp_state state, int error);
// Send RST, then conn_close.
void conn_reset(struct tcp_conn *conn, int error);
void conn_put(struct tcp_conn *conn);
// May an ACK that answers an unacceptable segment be sent now (RFC 5961 7)?
bool conn_may_challenge(struct tcp_conn *conn);
// The part of it that all connections share.
bool tcp_may_challenge(struct tcp *tcp);
// Our timestamp towards that peer now.
uint32_t ts_clock(const struct tcp *tcp, const struct flow *flow);

static inline bool conn_is_synchronised(const struct tcp_conn *conn)
{
	return conn->state >= TCP_ESTABLISHED;
}

static inline uint32_t conn_ts_now(const struct tcp_conn *conn)
{
	return (uint32_t)conn->tcp->now_ms + conn->ts_offset;
}
