// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/sim/ends.h"

#include <errno.h>

enum {
	CHUNK_MAX = 9000,
	PAUSE_MAX_US = 2 * SECOND_US,
	RTO_MAX_US = RTO_MAX_MS * 1000,
	// RFC 6298 2.1 and 5.7: the first timeout, after a SYN that went twice.
	RTO_FIRST_US = 3 * SECOND_US,
	// Where the wire loses: ten timeouts in vain in a row are beyond belief.
	LOSSY_PATIENCE_US = 100 * SECOND_US,
};

void run_fail(struct run *run, const char *what)
{
	if (run->fault == NULL)
		run->fault = what;
}

static struct peer *peer_of(struct run *run, const struct end *end)
{
	return &run->peers[end - run->ends];
}

static void end_read(struct run *run, struct end *end)
{
	for (int i = 0; i < 8 && end->readable; i++) {
		struct span bytes = tcp_peek(end->conn);
		if (bytes.n == 0) {
			end->readable = false;
			return;
		}
		size_t n = 1 + rng_below(&run->rng, (uint32_t)bytes.n);
		bool lies = (peer_of(run, end)->config.hostile & PEER_LIES) != 0;
		for (size_t k = 0; k < n; k++) {
			if (!lies &&
			    bytes.p[k] != peer_byte(end->receive_key, end->received + (uint32_t)k))
				run_fail(run, "a byte differs");
		}
		end->received += (uint32_t)n;
		end->progress_us = world_now_us(run->world);
		tcp_consume(end->conn, n);
	}
}

static void end_write(struct run *run, struct end *end)
{
	uint8_t chunk[CHUNK_MAX];
	for (int i = 0; i < 4 && end->writable && end->sent < end->to_send; i++) {
		uint32_t n = 1 + rng_below(&run->rng, CHUNK_MAX);
		if (rng_below(&run->rng, 3) == 0)
			n = 1 + n % 32;
		if (n > end->to_send - end->sent)
			n = end->to_send - end->sent;
		for (uint32_t k = 0; k < n; k++)
			chunk[k] = peer_byte(end->send_key, end->sent + k);
		uint32_t took = (uint32_t)tcp_send(end->conn, span_of(chunk, n));
		end->sent += took;
		if (took > 0)
			end->asked_us = world_now_us(run->world);
		end->writable = took == n;
	}
}

static void end_let_go(struct run *run, struct end *end)
{
	if (!end->shut)
		end->asked_us = world_now_us(run->world);
	tcp_release(end->conn);
	end->conn = NULL;
	end->left = true;
}

// An honest peer may still be one that sends no FIN: then it is left when all is done.
static bool end_may_go(const struct run *run, const struct end *end)
{
	const struct peer *peer = &run->peers[end - run->ends];
	bool all_read = tcp_peek(end->conn).n == 0;
	if (end->tolerant)
		return end->closed || world_now_us(run->world) >= end->gives_up_us;
	if (end->sent < end->to_send || end->received < end->to_receive)
		return false;
	if (end->releases)
		return true;
	if (peer->config.ends == PEER_ENDS_NEVER)
		return peer_is_done(peer);
	return end->fin && end->closed && all_read;
}

static void end_leave(struct run *run, struct end *end)
{
	bool all_read = end->fin && tcp_peek(end->conn).n == 0;
	if (!end->tolerant && all_read && !end->closed && end->received != end->to_receive)
		run_fail(run, "FIN before the last byte");
	if (!end->shut && !end->releases && end->sent == end->to_send) {
		tcp_shutdown(end->conn);
		end->shut = true;
		end->asked_us = world_now_us(run->world);
	}
	if (!end_may_go(run, end))
		return;
	if (!end->tolerant && tcp_conn_error(end->conn) != 0)
		run_fail(run, "an orderly close ended in an error");
	if (end->tolerant && rng_below(&run->rng, 2) == 0)
		tcp_abort(end->conn);
	end_let_go(run, end);
}

static void end_event(struct run *run, struct end *end, uint32_t events)
{
	end->progress_us = world_now_us(run->world);
	if (end->left)
		run_fail(run, "an event after release");
	if ((events & (TCP_EV_ACCEPTED | TCP_EV_CONNECTED)) != 0)
		end->opened = end->writable = true;
	if ((events & TCP_EV_READABLE) != 0)
		end->readable = true;
	if ((events & TCP_EV_WRITABLE) != 0)
		end->writable = true;
	if ((events & TCP_EV_FIN) != 0)
		end->fin = true;
	if ((events & TCP_EV_CLOSED) == 0)
		return;
	end->closed = true;
	if (tcp_conn_error(end->conn) != 0 && !end->tolerant)
		run_fail(run, tcp_conn_error(end->conn) == -ETIMEDOUT ? "timed out" : "reset");
}

static struct end *end_accepted(struct run *run, struct tcp_conn *conn)
{
	struct endpoint remote = tcp_conn_remote(conn);
	for (uint32_t i = 0; i < run->n_conns; i++) {
		if (run->peers[i].config.local.port != remote.port)
			continue;
		if (run->ends[i].opened) // a junk SYN of a hostile one, after its own connection
			break;
		run->ends[i].conn = conn;
		tcp_conn_set_user(conn, &run->ends[i]);
		return &run->ends[i];
	}
	tcp_release(conn);
	return NULL;
}

// How long the peer may wait for what was written, or for the FIN. What was lost comes again after
// a timeout, and that may be the longest: only a sample of what was sent once ends the back-off
// (RFC 6298 5.5, 5.7 and Karn). A window that opened in silence is found by a probe, and those came
// as far apart as the window had been shut (RFC 9293 3.8.6.1); the last piece of a small window is
// held back by the override timeout (3.8.6.2.1), which is a timeout too; what was reported by SACK
// is kept until one (RFC 2018 8). And each of these waits for an ACK that the peer delays.
static uint64_t patience_out(const struct run *run, const struct peer *peer)
{
	const struct peer_config *config = &peer->config;
	uint64_t us = RTO_FIRST_US + PEER_DELAY_US + 2 * (uint64_t)run->wire.delay_us;
	bool shuts = config->awake_us > 0 || config->shrink_ppm > 0 || config->silly;
	if (!run->lossless)
		return LOSSY_PATIENCE_US;
	if (config->drop_ppm > 0)
		us += (1 + peer->drops) * (uint64_t)RTO_MAX_US;
	if (shuts || config->renege_ppm > 0)
		us += RTO_MAX_US;
	return us;
}

// From the peer to us: its own timeouts.
static uint64_t patience_in(const struct run *run)
{
	return run->lossless ? 2 * PEER_RTO_MAX_US + 2 * (uint64_t)run->wire.delay_us
			     : LOSSY_PATIENCE_US;
}

static void stall_check(struct run *run, struct end *end, uint64_t now_us)
{
	struct peer *peer = peer_of(run, end);
	uint64_t since_us = peer->progress_us > end->asked_us ? peer->progress_us : end->asked_us;
	bool owed = end->left || end->shut || peer->rcv_nxt - peer->irs - 1 < end->sent;
	if (end->tolerant)
		return;
	if (now_us < end->paused_until_us || !end->opened)
		end->progress_us = now_us;
	if (peer->state == PEER_OPEN && owed && !peer->fin_came && peer_can_take(peer) &&
	    now_us > since_us + patience_out(run, peer))
		run_fail(run, "nothing was sent for longer than any timer allows");
	if (!end->left && end->received < end->to_receive &&
	    now_us > end->progress_us + patience_in(run))
		run_fail(run, "nothing was received for longer than any timer allows");
}

void ends_turn(void *ctx, uint64_t now_us)
{
	struct run *run = ctx;
	uint32_t events;
	struct tcp_conn *conn;
	while (run->fault == NULL && (conn = tcp_event(run->host->tcp, &events)) != NULL) {
		struct end *end = tcp_conn_user(conn);
		if (end == NULL)
			end = end_accepted(run, conn);
		if (end != NULL)
			end_event(run, end, events);
	}
	for (uint32_t i = 0; i < run->n_conns && run->fault == NULL; i++) {
		struct end *end = &run->ends[i];
		stall_check(run, end, now_us);
		if (end->left || end->conn == NULL || now_us < end->paused_until_us)
			continue;
		if (rng_chance(&run->rng, run->pause_ppm)) {
			end->paused_until_us = now_us + rng_below(&run->rng, PAUSE_MAX_US);
			continue;
		}
		if (end->opened) {
			end_read(run, end);
			end_write(run, end);
		}
		if (end->opened || end->tolerant)
			end_leave(run, end);
	}
}
