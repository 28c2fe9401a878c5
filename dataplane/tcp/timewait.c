// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// TIME_WAIT in a compact table of its own. All entries wait equally long, so the list by age is
// the timer.

#include "dataplane/tcp/conn.h"

static struct index_array links(const struct tcp *tcp)
{
	return (struct index_array){&tcp->tw->link, sizeof(*tcp->tw)};
}

static uint32_t ref_of(const struct tcp *tcp, const struct time_wait *tw)
{
	return (uint32_t)(tw - tcp->tw) + 1;
}

void timewait_init(struct tcp *tcp)
{
	for (uint32_t i = 0; i < tcp->config.time_wait_max; i++)
		index_list_append(&tcp->tw_free, links(tcp), i + 1);
}

void timewait_drop(struct tcp *tcp, struct time_wait *tw)
{
	table_remove_tw(tcp, tw);
	index_list_remove(&tcp->tw_live, links(tcp), ref_of(tcp, tw));
	index_list_append(&tcp->tw_free, links(tcp), ref_of(tcp, tw));
	tcp->stats.time_wait--;
}

// The wait begins.
static void wait_begin(struct tcp *tcp, struct time_wait *tw)
{
	tw->end_ms = (uint32_t)tcp->now_ms + tcp->config.time_wait_ms;
	index_list_append(&tcp->tw_live, links(tcp), ref_of(tcp, tw));
}

static int32_t left_ms(const struct tcp *tcp, const struct time_wait *tw)
{
	return (int32_t)(tw->end_ms - (uint32_t)tcp->now_ms);
}

// Both directions are done and this side closed first. The connection block keeps the state's name
// and what is unread; the peer talks to the entry from now on.
void timewait_enter(struct tcp_conn *conn)
{
	struct tcp *tcp = conn->tcp;
	if ((conn->flags & CONN_ACK_NOW) != 0)
		output_ack(conn);
	if (tcp->tw_free.first == 0) {
		tcp->stats.time_wait_recycled++;
		timewait_drop(tcp, &tcp->tw[tcp->tw_live.first - 1]);
	}
	struct time_wait *tw = &tcp->tw[tcp->tw_free.first - 1];
	index_list_remove(&tcp->tw_free, links(tcp), ref_of(tcp, tw));
	*tw = (struct time_wait){
		.flow = conn->flow,
		.snd_nxt = conn->snd_nxt,
		.rcv_nxt = conn->rcv_nxt,
		.ts_recent = conn->ts_recent,
		.wnd = output_window(conn),
		.has_ts = (conn->flags & CONN_TS) != 0,
	};
	conn_close(conn, TCP_TIME_WAIT, 0);
	wait_begin(tcp, tw);
	table_add_tw(tcp, tw);
	tcp->stats.time_wait++;
}

// RFC 9293 3.10.7.4 and RFC 6191: a SYN that is provably newer opens a new connection.
static bool syn_is_newer(const struct time_wait *tw, const struct segment *seg)
{
	if (tw->has_ts && seg->options.has_ts && seg->options.ts_val != tw->ts_recent)
		return seq_lt(tw->ts_recent, seg->options.ts_val);
	return seq_lt(tw->rcv_nxt, seg->seq);
}

void timewait_input(struct tcp *tcp, struct time_wait *tw, struct segment *seg)
{
	if ((seg->flags & TCP_RST) != 0)
		return; // RFC 1337: an old RST must not end the wait
	if ((seg->flags & (TCP_SYN | TCP_ACK | TCP_FIN)) == TCP_SYN && syn_is_newer(tw, seg) &&
	    listener_find(tcp, &seg->where->local) != NULL) {
		uint32_t iss_after = tw->snd_nxt;
		timewait_drop(tcp, tw);
		listen_input(tcp, seg, true, iss_after);
		return;
	}
	if ((seg->flags & (TCP_SYN | TCP_ACK)) == 0)
		return; // RFC 9293 3.10.7.4, fifth: nobody means it
	if ((seg->flags & (TCP_SYN | TCP_FIN)) == TCP_FIN &&
	    seg->seq + seg->len + 1 == tw->rcv_nxt) { // again: our ACK was lost; the peer is alive
		index_list_remove(&tcp->tw_live, links(tcp), ref_of(tcp, tw));
		wait_begin(tcp, tw);
	}
	// A bare ACK that fits needs no answer, and answering would start a war of ACKs.
	bool bare = seg->len == 0 && (seg->flags & (TCP_SYN | TCP_FIN)) == 0;
	if (!bare || seg->seq != tw->rcv_nxt)
		output_tw_ack(tcp, tw);
}

void timewait_expire(struct tcp *tcp)
{
	for (int i = 0; i < TCP_EXPIRIES_PER_TICK && tcp->tw_live.first != 0; i++) {
		struct time_wait *tw = &tcp->tw[tcp->tw_live.first - 1];
		if (left_ms(tcp, tw) > 0)
			return;
		timewait_drop(tcp, tw);
	}
}

// With timestamps a second later the peer can tell our new SYN from the old connection. Counted
// from the last FIN.
bool timewait_reusable(const struct tcp *tcp, const struct time_wait *tw)
{
	return tw->has_ts && (int64_t)tcp->config.time_wait_ms - left_ms(tcp, tw) >= 1000;
}
