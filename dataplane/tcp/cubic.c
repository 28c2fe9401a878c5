// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// CUBIC (RFC 9438): the window as a function of the time since the last reduction, in whole bytes
// and milliseconds. C is 0.4 and beta 0.7.

#include "dataplane/tcp/loss.h"

enum {
	FAR_MS = 50000, // from the plateau: beyond, the cube would not fit 64 bits
};

// 1 / C, in milliseconds cubed
static const uint64_t MS3_PER_PACKET = UINT64_C(2500000000);

static uint32_t now_ms(const struct tcp_conn *conn)
{
	return (uint32_t)conn->tcp->now_ms;
}

// The largest whole number whose cube is not above `n`.
static uint32_t cube_root(uint64_t n)
{
	uint64_t root = 0;
	for (int bit = 20; bit >= 0; bit--) {
		uint64_t next = root | UINT64_C(1) << bit;
		if (next * next * next <= n)
			root = next;
	}
	return (uint32_t)root;
}

// 4.2, W_cubic, `ms` after the epoch began.
static uint32_t window_at(const struct tcp_conn *conn, uint32_t ms)
{
	const struct cubic *c = &conn->cubic;
	uint32_t k_ms = conn->epoch.k_ms;
	uint64_t far = min_u32(ms > k_ms ? ms - k_ms : k_ms - ms, FAR_MS);
	uint64_t off = far * far * far * 4 * conn->mss / UINT64_C(10000000000);
	if (ms < k_ms)
		return off < c->w_max ? c->w_max - (uint32_t)off : 0;
	return off < UINT32_MAX / 2 ? c->w_max + (uint32_t)off : UINT32_MAX / 2;
}

// 4.2, K. When there was no reduction (4.10), or a timeout (4.8), the plateau is here and now.
static void epoch_begin(struct tcp_conn *conn)
{
	struct cubic *c = &conn->cubic;
	c->epoch_ms = max_u32(now_ms(conn), 1);
	conn->epoch = (struct cubic_epoch){.w_est = conn->cwnd, .grown_ms = now_ms(conn)};
	if (conn->cwnd < c->w_max)
		conn->epoch.k_ms = cube_root((c->w_max - conn->cwnd) * MS3_PER_PACKET / conn->mss);
	else
		c->w_max = conn->cwnd;
}

// 4.3: what Reno would have by now; it grows by 3 (1 - beta) / (1 + beta) of a packet, a round,
// until it has made up for its smaller reductions.
static void estimate_grow(struct tcp_conn *conn, uint32_t bytes)
{
	struct cubic_epoch *epoch = &conn->epoch;
	uint64_t step = (uint64_t)bytes * conn->mss / conn->cwnd;
	epoch->w_est += (uint32_t)(epoch->w_est < conn->cubic.cwnd_prior ? step * 9 / 17 : step);
}

void cubic_grow(struct tcp_conn *conn, uint32_t bytes)
{
	struct cubic *c = &conn->cubic;
	if (c->epoch_ms == 0)
		epoch_begin(conn);
	conn->epoch.grown_ms = now_ms(conn);
	estimate_grow(conn, bytes);
	uint32_t ms = now_ms(conn) - c->epoch_ms;
	if (window_at(conn, ms) < conn->epoch.w_est) {
		conn->cwnd = max_u32(conn->cwnd, conn->epoch.w_est);
		return;
	}
	uint32_t target = window_at(conn, ms + conn->srtt_us8 / 8000);
	target = min_u32(max_u32(target, conn->cwnd), conn->cwnd + conn->cwnd / 2);
	conn->cwnd += (uint32_t)((uint64_t)(target - conn->cwnd) * bytes / conn->cwnd);
}

// 4.2: time in which the sender had too little to send does not count.
void cubic_pause(struct tcp_conn *conn)
{
	struct cubic *c = &conn->cubic;
	if (c->epoch_ms == 0)
		return;
	c->epoch_ms = max_u32(c->epoch_ms + now_ms(conn) - conn->epoch.grown_ms, 1);
	conn->epoch.grown_ms = now_ms(conn);
}

// 4.6 and 4.7.
uint32_t cubic_reduce(struct tcp_conn *conn, uint32_t window)
{
	struct cubic *c = &conn->cubic;
	c->prior_w_max = c->w_max;
	c->w_max = window < c->w_max ? (uint32_t)(UINT64_C(17) * window / 20) : window;
	c->cwnd_prior = window;
	c->epoch_ms = 0;
	return (uint32_t)(UINT64_C(7) * window / 10);
}

void cubic_timeout(struct tcp_conn *conn)
{
	conn->cubic.w_max = 0;
	conn->cubic.epoch_ms = 0;
}

// 4.9.
void cubic_undo(struct tcp_conn *conn)
{
	conn->cubic.w_max = conn->cubic.prior_w_max;
	conn->cubic.epoch_ms = 0;
}
