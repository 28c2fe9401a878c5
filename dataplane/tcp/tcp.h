// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One worker's TCP (RFC 9293) as a library without I/O: packets and `now` in, packets and events
// out. The clock and the random source are the caller's. No DPDK.
//
// A connection belongs to the caller from the moment tcp_event hands it out (or tcp_connect returns
// it) until tcp_release. It stays readable after the peer's FIN and after an error.

#pragma once

#include "dataplane/base/addr.h"
#include "dataplane/base/pkt.h"
#include "dataplane/ip/ip.h"

struct tcp;
struct tcp_conn;

enum tcp_state {
	TCP_CLOSED,
	TCP_LISTEN,
	TCP_SYN_SENT,
	TCP_SYN_RECEIVED,
	TCP_ESTABLISHED,
	TCP_FIN_WAIT_1,
	TCP_FIN_WAIT_2,
	TCP_CLOSE_WAIT,
	TCP_CLOSING,
	TCP_LAST_ACK,
	TCP_TIME_WAIT,
};

const char *tcp_state_name(enum tcp_state state);

// What became of a connection since it was last reported; bits.
enum tcp_events {
	TCP_EV_ACCEPTED = 1 << 0,  // new, from a listener; established
	TCP_EV_CONNECTED = 1 << 1, // tcp_connect succeeded
	TCP_EV_READABLE = 1 << 2,
	TCP_EV_WRITABLE = 1 << 3, // tcp_send_room grew after a short tcp_send
	TCP_EV_FIN = 1 << 4,      // the peer sends no more
	TCP_EV_CLOSED = 1 << 5,   // both directions are done, or tcp_conn_error tells why not
};

// How much of what queues may hold is held (ledger.h).
enum tcp_memory {
	TCP_MEMORY_NORMAL,
	TCP_MEMORY_PRESSURE,
	TCP_MEMORY_CRITICAL,
};

const char *tcp_memory_name(enum tcp_memory memory);

enum tcp_congestion {
	TCP_CUBIC,   // RFC 9438
	TCP_NEWRENO, // RFC 5681
};

struct tcp_config {
	uint32_t conns_max;
	uint32_t half_open_max; // handshakes begun by peers; beyond, cookies
	uint32_t time_wait_max;
	// Bytes of a connection: the largest window offered, and what may be queued and
	// unacknowledged. Each begins with the former and may grow to the latter (buffer.c); less:
	// it never does.
	uint32_t rcv_buf, rcv_buf_max;
	uint32_t snd_buf, snd_buf_max;
	uint32_t ooo_runs_max; // stretches without a hole that wait out of order, per connection
	// Packets in the queues of all connections together; half for sending, half for receiving.
	// Must leave enough of the pool for packets on the way in and out. 0: no limit.
	uint32_t queue_pkts_max;
	uint16_t mss_max;
	bool timestamps, sack, window_scale;
	enum tcp_congestion congestion; // how the window grows; default CUBIC
	bool ecn;                       // offered and taken (RFC 3168); default false
	uint32_t rto_min_ms, rto_max_ms, rto_initial_ms; // RFC 6298
	uint32_t delayed_ack_ms;
	uint32_t handshake_ms; // SYN to established, in total
	uint32_t time_wait_ms;
	uint32_t fin_wait_2_ms; // how long a released connection may go without progress
	uint32_t keepalive_idle_ms, keepalive_interval_ms; // 0: off
	uint8_t keepalive_probes;
	uint8_t syn_retries, data_retries;
	uint16_t port_first, port_last; // ephemeral ports
};

struct tcp_ops {
	// One segment to send (see ip_output). Takes over the reference. Returns 0 or an error,
	// upon which the segment counts as lost.
	int (*output
	)(void *ctx, struct pkt *pkt, const struct ip_addr *local, const struct ip_addr *remote);
	// Source address and MTU towards `remote` (see ip_route).
	int (*route)(void *ctx, const struct ip_addr *remote, struct ip_addr *local, uint16_t *mtu);
	// 64 random bits.
	uint64_t (*random)(void *ctx);
	// May this worker use `local` as the source of a connection to `remote`: would the answers
	// come back to it (RSS)? NULL: any port will do.
	bool (*port_is_ours
	)(void *ctx, const struct endpoint *local, const struct endpoint *remote);
	void *ctx;
};

struct tcp_stats {
	uint64_t rx_segments, tx_segments, rx_bytes, tx_bytes;
	uint64_t accepted, connected, closed, reset_sent, reset_received, timed_out;
	uint64_t retransmits, fast_retransmits, rto_expired, dup_acks, ooo_segments, ooo_dropped;
	uint64_t loss_probes; // tail loss probes (RFC 8985 7)
	uint64_t undone;      // reductions of the window that turned out to be mistaken
	uint64_t dsacks_sent, dsacks_received;
	// Connections that agreed on ECN; packets that came marked; windows reduced for an echo.
	uint64_t ecn_negotiated, ecn_marked, ecn_reduced;
	// Paths that swallow large packets; larger ones tried later, and those that arrived.
	uint64_t black_holes, mss_tried, mss_raised;
	uint64_t challenge_acks, paws_dropped, bad_options, bad_seq, bad_ack, no_listener,
		short_header;
	// Handshakes given up for another; cookies in place of an entry (RFC 4987 3.6), those that
	// came back, and ACKs that were none while some were out.
	uint64_t syn_evicted, cookies_sent, cookies_accepted, cookies_bad;
	uint64_t syn_dropped, conns_full, no_memory, window_probes, keepalives, delayed_acks,
		time_wait_recycled, queue_full;
	// Times that memory came under pressure, and became critical; packets out of order dropped,
	// and connections reset that did not move, to get some back.
	uint64_t memory_pressure, memory_critical, ooo_pruned, stalled_reset;
	// Segments of no connection that ask for nothing: RST, FIN or no flags at all; ICMP errors
	// that quote nothing we have on the way; SACK blocks of what was never sent.
	uint64_t stray, icmp_refused, bad_sacks;
	enum tcp_memory memory;               // now
	uint32_t conns, half_open, time_wait; // now
	uint64_t rx_collapsed;         // received payloads copied behind another, to free a buffer
	uint32_t tx_queued, rx_queued; // now; packets in all queues
	uint64_t rx_pinned;            // now; bytes of the buffers of received packets
	// Times that a receive buffer grew, and shrank; now: bytes that they all have beyond the
	// least.
	uint64_t rcv_buf_grown, rcv_buf_shrunk, rcv_buf_extra;
};

// Fill in the defaults that suit a gateway on a LAN or a VNet.
void tcp_config_default(struct tcp_config *config);

// Returns NULL when memory is short. Allocates everything it will ever use; `config` and `ops` are
// copied. Free with tcp_free, which sends nothing.
struct tcp *tcp_new(
	const struct tcp_config *config, const struct tcp_ops *ops, struct pkt_pool *pool,
	uint64_t now_us
) must_check;
void tcp_free(struct tcp *tcp);

// Accept connections to `local` (an all-zero address: any of ours). `cookie` is given back by
// tcp_conn_cookie. Returns 0, -EADDRINUSE or ERR_LIMIT.
int tcp_listen(struct tcp *tcp, const struct endpoint *local, void *cookie) must_check;
// Connections already accepted live on. Unknown endpoints are ignored.
void tcp_unlisten(struct tcp *tcp, const struct endpoint *local);

// One segment as ip_input left it: data at the TCP header, and at least PKT_HEADROOM before the
// payload, where the queues keep what they know of it. Takes over the reference.
void tcp_input(struct tcp *tcp, struct pkt *pkt, const struct ip_segment *segment, uint64_t now_us);
// Fetch ahead for a burst of segments: first tcp_fetch_slot for each, then tcp_fetch_conn for each
// with what that returned, then tcp_input. With many connections this halves the time of a segment,
// which is spent waiting for memory; with few it is no use. Changes nothing.
uint32_t tcp_fetch_slot(
	const struct tcp *tcp, const struct endpoint *local, const struct endpoint *remote
);
void tcp_fetch_conn(const struct tcp *tcp, uint32_t hash);
// Timers, delayed ACKs and everything the last calls made sendable. Call once per loop.
void tcp_tick(struct tcp *tcp, uint64_t now_us);
// An ICMP error about one of our segments (see ip_ops.tcp_error; RFC 5927 checks are done here).
void tcp_icmp_error(
	struct tcp *tcp, const struct endpoint *local, const struct endpoint *remote, uint32_t seq,
	uint8_t type, uint8_t code, uint16_t mtu, uint64_t now_us
);

// The next connection with something to report, or NULL. Out: *events. A connection is reported
// once per change; what it still holds is not reported again.
struct tcp_conn *tcp_event(struct tcp *tcp, uint32_t *events);

// Open a connection; TCP_EV_CONNECTED or TCP_EV_CLOSED follows. Out: *conn.
// Returns 0, -EHOSTUNREACH, -EADDRNOTAVAIL (no port found), ERR_POOL_EMPTY.
int tcp_connect(
	struct tcp *tcp, const struct endpoint *remote, void *user, uint64_t now_us,
	struct tcp_conn **conn
) must_check;

// The first bytes not consumed that lie together; empty when there are none. Valid until the next
// call on this connection or tcp_input. After tcp_consume of all of it, more may follow.
struct span tcp_peek(const struct tcp_conn *conn);
void tcp_consume(struct tcp_conn *conn, size_t n);
// The first `n` such stretches, in order. Returns how many there are of them.
size_t tcp_peek_parts(const struct tcp_conn *conn, struct span *parts, size_t n);
// Will the peer send `n` bytes more, if it has them, though nothing is consumed, and will they be
// taken? The window that it was told leaves room for them and another segment, and memory is not
// short. When what comes is refused for that, TCP_EV_READABLE comes again: ask again.
bool tcp_may_receive(const struct tcp_conn *conn, size_t n);

// Queue bytes (copied) for sending. Returns how many were taken: fewer when the send buffer or the
// pool is full; TCP_EV_WRITABLE follows. 0 after tcp_shutdown or an error.
size_t tcp_send(struct tcp_conn *conn, struct span bytes) must_check;
size_t tcp_send_room(const struct tcp_conn *conn);
// Bytes queued or sent that the peer has not acknowledged.
size_t tcp_send_pending(const struct tcp_conn *conn);

// Send FIN behind what is queued; receiving goes on.
void tcp_shutdown(struct tcp_conn *conn);
// Send RST and forget everything received; a health probe of Azure's load balancer gets a FIN
// instead, when it is released.
void tcp_abort(struct tcp_conn *conn);
// The caller is done with the connection and never uses it again. Without tcp_abort it goes through
// an orderly close; unread or later data is answered by RST (RFC 1122 4.2.2.13).
void tcp_release(struct tcp_conn *conn);

enum tcp_state tcp_conn_state(const struct tcp_conn *conn);
// 0, or why the connection ended: -ECONNRESET, -ECONNREFUSED, -ETIMEDOUT, -EHOSTUNREACH.
int tcp_conn_error(const struct tcp_conn *conn);
bool tcp_conn_fin_received(const struct tcp_conn *conn);
// Our FIN has been sent, and with it all that was queued before; whether it arrived is another
// matter (tcp_send_pending).
bool tcp_conn_fin_sent(const struct tcp_conn *conn);
struct endpoint tcp_conn_local(const struct tcp_conn *conn);
struct endpoint tcp_conn_remote(const struct tcp_conn *conn);
// The listener's, until tcp_conn_set_user takes its place.
void *tcp_conn_cookie(const struct tcp_conn *conn);
void *tcp_conn_user(const struct tcp_conn *conn);
void tcp_conn_set_user(struct tcp_conn *conn, void *user);

const struct tcp_stats *tcp_stats(const struct tcp *tcp);
// Bytes that connections, handshakes and what they queue take now, and may take at most; a queued
// packet counts as the whole buffer that it pins. Out: *held, *budget.
void tcp_memory_count(const struct tcp *tcp, uint64_t *held, uint64_t *budget);
