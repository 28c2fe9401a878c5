// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Tail loss probes (RFC 8985 7): when the last packets of a burst vanish nothing comes back that
// could tell. So a packet is sent after two round trips, and its ACK tells.

#include "dataplane/tcp/loss.h"

enum { PTO_MIN_US = 2000 }; // two ticks of the clock

// 7.2. An ACK for less than two full packets may be delayed.
static uint32_t timeout_us(const struct tcp_conn *conn)
{
	uint32_t pto_us = max_u32(conn->srtt_us8 / 4, PTO_MIN_US);
	if (conn->snd_nxt - conn->snd_una < 2u * conn->mss)
		pto_us += TCP_PEER_ACK_MS * 1000;
	return pto_us;
}

void probe_arm(struct tcp_conn *conn)
{
	if ((conn->flags & (CONN_SACK | CONN_RTT_KNOWN | CONN_PROBED)) !=
		    (CONN_SACK | CONN_RTT_KNOWN) ||
	    conn->recovery != RECOVERY_NONE || conn->sacked > 0 || conn->backoff > 0 ||
	    conn->snd_una == conn->snd_nxt || conn->resend == RESEND_REORDERED)
		return;
	// Not after the timeout of the first packet in flight.
	uint32_t pto_us = timeout_us(conn);
	uint32_t age_us = (uint32_t)conn->tcp->now_us - tx_seg(conn->snd_head)->sent_us;
	uint32_t rto_us = conn->rto_ms * 1000;
	timer_arm_sooner(
		conn, RESEND_PROBE, min_u32(pto_us, rto_us > age_us ? rto_us - age_us : 0)
	);
}

// 7.3.
void probe_expired(struct tcp_conn *conn)
{
	if (output_probe(conn)) {
		conn->flags |= CONN_PROBED;
		conn->tlp_end = conn->snd_nxt;
		conn->tcp->stats.loss_probes++;
	}
	timer_arm_resend(conn);
}

// 7.4.2. A probe that repaired a loss hides it; the window is to be reduced all the same.
void probe_acked(struct tcp_conn *conn, const struct ack_news *news)
{
	if ((conn->flags & CONN_PROBED) == 0 || seq_lt(news->seg->ack, conn->tlp_end))
		return;
	bool repaired = false;
	if ((conn->flags & CONN_PROBE_OLD) != 0) {
		const struct tcp_options *options = &news->seg->options;
		bool needless = news->dsack && options->sack[0].right == conn->tlp_end;
		bool both = news->duplicate && options->n_sack == 0;
		repaired = !needless && seq_lt(conn->tlp_end, news->seg->ack);
		if (!needless && !both && !repaired)
			return; // one ACK for it, or for both: the next will tell
	}
	conn->flags &= ~(uint32_t)(CONN_PROBED | CONN_PROBE_OLD);
	if (repaired && conn->recovery == RECOVERY_NONE)
		congestion_reduce(conn, RECOVERY_CWR);
}
