// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// RACK (RFC 8985 6): a packet is lost when one sent later has arrived and the time that reordering
// may take has passed. Needs SACK.

#include "dataplane/tcp/loss.h"

// RACK_sent_after. Packets of one moment were sent in the order of their ends.
static bool is_sent_after(uint32_t a_us, uint32_t a_end, uint32_t b_us, uint32_t b_end)
{
	return seq_lt(b_us, a_us) || (a_us == b_us && seq_lt(b_end, a_end));
}

void rack_rtt(struct tcp_conn *conn, uint32_t rtt_us)
{
	uint16_t now_s = (uint16_t)(conn->tcp->now_ms / 1000);
	if (conn->min_rtt_us != 0 && rtt_us > conn->min_rtt_us &&
	    (uint16_t)(now_s - conn->min_rtt_s) <= TCP_MIN_RTT_S)
		return;
	conn->min_rtt_us = max_u32(rtt_us, 1);
	conn->min_rtt_s = now_s;
}

// Times of sending compare for half of what 32 bits of microseconds count, 36 minutes; silence may
// last longer.
void rack_restart(struct tcp_conn *conn)
{
	conn->rack_us = (uint32_t)conn->tcp->now_us;
	conn->rack_end = conn->snd_una;
}

// Did the ACK perhaps answer an earlier sending of a packet that was sent again (6.2, step 2)?
static bool is_ambiguous(
	const struct tcp_conn *conn, const struct tx_seg *seg, const struct ack_news *news,
	uint32_t rtt_us
)
{
	if (seg->sends == 1)
		return false;
	uint64_t sent_us = conn->tcp->now_us - rtt_us;
	uint32_t sent_ts = (uint32_t)(sent_us / 1000) + conn->ts_offset;
	if ((conn->flags & CONN_TS) != 0 && seq_lt(news->seg->options.ts_ecr, sent_ts))
		return true;
	return rtt_us < conn->min_rtt_us;
}

// 6.2, steps 1 to 3, for each packet that the ACK tells to have arrived.
void rack_delivered(struct tcp_conn *conn, const struct tx_seg *seg, struct ack_news *news)
{
	uint32_t rtt_us = (uint32_t)conn->tcp->now_us - seg->sent_us;
	if (seg->sends == 1) {
		rack_rtt(conn, rtt_us);
		news->original |= seq_le(seg->end, conn->recover);
	}
	if (seq_lt(conn->fack, seg->end))
		conn->fack = seg->end;
	else if (seq_lt(seg->end, conn->fack) && seg->sends == 1)
		conn->flags |= CONN_REORDERED;
	if (is_ambiguous(conn, seg, news, rtt_us))
		return;
	if (conn->rack_rtt_us != 0 &&
	    !is_sent_after(seg->sent_us, seg->end, conn->rack_us, conn->rack_end))
		return;
	conn->rack_us = seg->sent_us;
	conn->rack_end = seg->end;
	conn->rack_rtt_us = max_u32(rtt_us, 1);
}

// 6.2, step 4: each round with a D-SACK widens the window, for what was sent again had only been
// late.
void rack_dsack(struct tcp_conn *conn)
{
	if (conn->reo_persist > 0 && seq_lt(conn->snd_una, conn->dsack_round))
		return;
	conn->dsack_round = conn->snd_nxt;
	if (conn->reo_mult < TCP_REO_MULT_MAX)
		conn->reo_mult++;
	conn->reo_persist = TCP_REO_PERSIST;
}

// And so many recoveries without one narrow it again.
void rack_recovered(struct tcp_conn *conn)
{
	if (conn->reo_persist > 0 && --conn->reo_persist == 0)
		conn->reo_mult = 0;
}

static uint32_t reordering_window(const struct tcp_conn *conn)
{
	if ((conn->flags & CONN_REORDERED) == 0 &&
	    (conn->recovery >= RECOVERY_FAST || conn->sacked_segs >= TCP_DUP_THRESH))
		return 0;
	uint32_t window = conn->min_rtt_us / 4 * (conn->reo_mult + 1u);
	return min_u32(window, conn->srtt_us8 / 8);
}

// How long until the packet is to be called lost; 0 or less: now.
static int32_t remaining_us(const struct tcp_conn *conn, const struct tx_seg *seg, uint32_t window)
{
	return (int32_t)(seg->sent_us + conn->rack_rtt_us + window - (uint32_t)conn->tcp->now_us);
}

bool rack_is_overdue(const struct tcp_conn *conn, const struct tx_seg *seg)
{
	return conn->rack_rtt_us == 0 || remaining_us(conn, seg, reordering_window(conn)) <= 0;
}

// 6.2, step 5. Usually the first packet in flight ends the search: what was sent once and after the
// one that arrived has only packets behind it that were sent, or sent again, later still.
void rack_detect(struct tcp_conn *conn, struct ack_news *news)
{
	uint32_t window = reordering_window(conn);
	news->reo_us = 0;
	for (struct pkt *pkt = conn->snd_head; pkt != conn->snd_unsent; pkt = pkt->next) {
		const struct tx_seg *seg = tx_seg(pkt);
		if ((seg->flags & TX_SACKED) != 0 ||
		    (seg->flags & (TX_LOST | TX_RESENT)) == TX_LOST)
			continue;
		if (!is_sent_after(conn->rack_us, conn->rack_end, seg->sent_us, seg->end)) {
			if (seg->sends == 1)
				return;
			continue;
		}
		int32_t left_us = remaining_us(conn, seg, window);
		if (left_us > 0) {
			news->reo_us = max_u32(news->reo_us, (uint32_t)left_us);
			continue;
		}
		recovery_lose(conn, pkt);
		// RFC 4821 7.2: the loss of one that may have been too large tells of no
		// congestion.
		news->lost |= (seg->flags & TX_LARGE) == 0;
	}
}

// The window of a packet has passed without an ACK.
void rack_expired(struct tcp_conn *conn)
{
	struct ack_news news = {0};
	rack_detect(conn, &news);
	timer_arm_resend(conn);
	if (news.lost && conn->recovery < RECOVERY_FAST)
		congestion_reduce(conn, RECOVERY_FAST);
	if (news.reo_us > 0)
		timer_arm_sooner(conn, RESEND_REORDERED, news.reo_us);
}
