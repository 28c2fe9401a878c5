// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// HyStart++ (RFC 9406): leave the first slow start when the round trips grow longer, before the
// queue on the path overflows.

#include "dataplane/tcp/loss.h"

enum {
	RTT_THRESH_MIN_US = 4000,
	RTT_THRESH_MAX_US = 16000,
	RTT_DIVISOR = 8,
	RTT_SAMPLES = 8,
	CSS_DIVISOR = 4,
	CSS_ROUNDS = 5,
	LIMIT = 8, // packets that one ACK may add: what is sent is not paced
};

void hystart_round(struct tcp_conn *conn)
{
	struct hystart *h = &conn->hystart;
	h->last_us = h->round_us;
	h->round_us = 0;
	h->samples = 0;
	if (h->css > 0 && h->css++ == CSS_ROUNDS)
		conn->ssthresh = conn->cwnd;
}

void hystart_sample(struct tcp_conn *conn, uint32_t rtt_us)
{
	struct hystart *h = &conn->hystart;
	h->round_us = h->round_us == 0 ? rtt_us : min_u32(h->round_us, rtt_us);
	if (h->samples < RTT_SAMPLES)
		h->samples++;
	if (h->samples < RTT_SAMPLES)
		return;
	if (h->css > 0) {
		if (h->round_us < h->baseline_us)
			h->css = 0; // it was a passing delay
		return;
	}
	uint32_t thresh_us =
		min_u32(max_u32(h->last_us / RTT_DIVISOR, RTT_THRESH_MIN_US), RTT_THRESH_MAX_US);
	if (h->last_us > 0 && h->round_us >= h->last_us + thresh_us) {
		h->baseline_us = h->round_us;
		h->css = 1;
	}
}

uint32_t hystart_growth(const struct tcp_conn *conn, uint32_t bytes)
{
	bytes = min_u32(bytes, LIMIT * conn->mss);
	return conn->hystart.css > 0 ? bytes / CSS_DIVISOR : bytes;
}
