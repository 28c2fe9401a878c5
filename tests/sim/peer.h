// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One connection of a TCP that is not ours: a small model that shares no code with the stack it
// talks to, does what other stacks do and what nobody should, and checks every segment it gets.
//
//   peer_input -> peer_receive -> peer_ack          peer_tick -> peer_send
//
// What travels is a function of where it is in the stream, so that any part of it can be sent again
// in any other cut, and checked whenever it comes.

#pragma once

#include "tests/sim/frame.h"
#include "tests/sim/rng.h"

enum peer_limit {
	PEER_STREAM_MAX = 256 * 1024, // bytes to receive
	PEER_SACK_MAX = 3,
	PEER_DELAY_US = 500 * 1000, // RFC 1122 4.2.3.2: an ACK may not wait for longer
	PEER_RTO_US = 400 * 1000,
	PEER_RTO_MAX_US = 4000 * 1000,
};

// When it acknowledges.
enum peer_acks {
	PEER_ACKS_EACH,
	PEER_ACKS_SECOND,  // or after PEER_DELAY_US
	PEER_ACKS_STRETCH, // every eighth, or after PEER_DELAY_US
	PEER_ACKS_LATE,    // only ever after PEER_DELAY_US
	PEER_ACKS_DIVIDED, // several for each
};

// How it ends.
enum peer_ends {
	PEER_ENDS_LAST,   // FIN when it has sent all and has seen the other's
	PEER_ENDS_HALF,   // FIN as soon as it has sent all; goes on receiving
	PEER_ENDS_NEVER,  // no FIN at all
	PEER_ENDS_RESET,  // RST at `ends_us`, and to whatever comes then
	PEER_ENDS_VANISH, // nothing any more from `ends_us` on
};

// What nobody should do; bits.
enum peer_hostile {
	PEER_OPTIMISTIC = 1 << 0, // acknowledges what is on its way, and has not come
	PEER_BEYOND = 1 << 1,     // acknowledges what was never sent
	PEER_OVERRUN = 1 << 2,    // sends beyond the window
	PEER_LIES = 1 << 3,       // sends other bytes the second time
	PEER_JUNK = 1 << 4,       // flags and options that make no sense
	PEER_SACKS = 1 << 5,      // SACK blocks of what it has not got, or was never sent
};

struct peer_config {
	bool active; // opens the connection
	struct frame_link link;
	struct endpoint local, remote; // the port of `remote` is 0 until it has called
	uint16_t mss;                  // offered; 0: no option
	bool sack, timestamps, scales;
	uint8_t scale;
	uint32_t to_send, to_receive;
	uint64_t send_key, receive_key; // of the streams
	enum peer_acks acks;
	enum peer_ends ends;
	uint64_t ends_us;
	uint32_t buffer;                   // the largest window
	uint64_t asleep_from_us, awake_us; // reads nothing in between
	bool silent;                       // tells nothing of a window that opened
	bool silly;                        // reads a few bytes at a time, and tells of each
	bool strict;                       // drops what is beyond a window it has taken back
	bool recuts;                       // sends again in other cuts, with some before and behind
	uint32_t drop_ppm;                 // of what comes, never to be seen
	uint32_t shrink_ppm;               // an ACK that takes back most of the window
	uint32_t renege_ppm;               // forgets what it has reported by SACK; of segments
	uint32_t repeat_ppm;               // an ACK that comes again twice or thrice
	uint8_t hostile;                   // enum peer_hostile
	uint32_t hostile_ppm;              // how often each
	uint16_t mtu;
	bool unordered; // segments overtake each other on the wire
	// How long a byte in the stack's window may wait for its ACK; 0: for ever, segments are
	// lost.
	uint64_t ack_patience_us;
};

enum peer_state { PEER_LISTENS, PEER_CALLS, PEER_ANSWERS, PEER_OPEN, PEER_GONE };

struct peer {
	struct peer_config config;
	struct rng rng;
	enum peer_state state;
	void (*emit)(void *ctx, const uint8_t *frame, size_t n);
	void *ctx;
	uint64_t now_us;
	const char *fault; // what the stack did wrong first, or NULL

	// sending
	uint32_t iss, snd_una, snd_nxt, snd_edge;
	uint16_t snd_mss; // what a segment may hold, options included
	uint8_t snd_scale;
	bool sack, timestamps, scales; // agreed
	uint32_t ts_recent;
	bool fin_sent;
	uint32_t same; // ACKs in a row that tell nothing new
	uint64_t resend_us, rto_us;
	uint64_t sent_us; // since when the oldest byte in its window waits for an ACK; 0: none does

	// receiving
	uint32_t irs, rcv_nxt, rcv_end; // the latter: one past the highest byte that was sent
	uint32_t rcv_edge;              // the farthest ever offered
	uint32_t last_edge;             // as last offered
	uint32_t unread;
	bool fin_came;
	uint32_t unacked; // segments
	uint64_t ack_us;  // when an ACK is due; 0: none is
	uint64_t read_us; // the next read of a silly one
	uint32_t newest;  // offset of what came out of order last
	uint64_t progress_us;
	uint32_t drops; // since then
	bool has[PEER_STREAM_MAX];
};

// What is at `offset` of the stream `key`.
static inline uint8_t peer_byte(uint64_t key, uint32_t offset)
{
	return (uint8_t)((key ^ offset) * UINT64_C(0x9e3779b97f4a7c15) >> 56);
}

// The peer keeps `config`; `emit` takes its frames.
void peer_init(
	struct peer *peer, const struct peer_config *config, uint64_t seed, uint64_t now_us,
	void (*emit)(void *ctx, const uint8_t *frame, size_t n), void *ctx
);
// One segment for it.
void peer_input(struct peer *peer, const struct frame_tcp *segment, uint64_t now_us);
// Its timers; call once a millisecond.
void peer_tick(struct peer *peer, uint64_t now_us);
// Has all that it is to send been acknowledged, and all that it is to receive come?
bool peer_is_done(const struct peer *peer);
// Does it have room for more, though it may not have said so?
bool peer_can_take(const struct peer *peer);

// peer_receive.c
void peer_receive(struct peer *peer, const struct frame_tcp *segment, uint64_t now_us);
void peer_ack(struct peer *peer, uint64_t now_us);
void peer_read(struct peer *peer, uint64_t now_us);

// peer_send.c
void peer_acked(struct peer *peer, const struct frame_tcp *segment, uint64_t now_us);
void peer_send(struct peer *peer, uint64_t now_us);
// A segment with `n` bytes of the stream from `seq` on.
void peer_emit(struct peer *peer, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t n);

// peer.c. The first fault counts. Of one that is hostile only what it cannot have caused.
void peer_violation(struct peer *peer, const char *what);
void peer_fault(struct peer *peer, const char *what);

static inline bool after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}
