// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The connection block, and the entry points of the steps that work on it.
//
// The life of a connection block: conn_new; while it is in the flow table it is live, and either
// its wheel node is armed or it lies on the dirty list (asserted in conn_schedule). conn_close
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
	void *cookie;
	void *user;
};
static_assert(offsetof(struct tcp_conn, ts_recent) == 64);
static_assert(offsetof(struct tcp_conn, snd_head) == 128);
static_assert(offsetof(struct tcp_conn, dirty) == 192);

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

// send.c: the send queue.
bool send_split(struct tcp_conn *conn, struct pkt *pkt, uint32_t at) must_check;
void send_fin(struct tcp_conn *conn);
void send_clear(struct tcp_conn *conn);
// Drop what the ACK covers. Takes an RTT sample where it can.
void send_acked(struct tcp_conn *conn, struct ack_news *news);

// timer.c
void timer_arm_patience(struct tcp_conn *conn); // with a released connection
void timer_expired(struct tcp_conn *conn);
void timer_arm_resend(struct tcp_conn *conn); // the RTO, or the persist timer
// `us` from now, rounded up.
void timer_arm_sooner(struct tcp_conn *conn, enum resend what, uint32_t us);
void conn_schedule(struct tcp_conn *conn);

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
