// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tcp/ledger.h"

#include "dataplane/tcp/syncache.h"

const char *tcp_memory_name(enum tcp_memory memory)
{
	switch (memory) {
	case TCP_MEMORY_NORMAL:
		return "normal";
	case TCP_MEMORY_PRESSURE:
		return "pressure";
	case TCP_MEMORY_CRITICAL:
		return "critical";
	}
	return "?";
}

void tcp_memory_count(const struct tcp *tcp, uint64_t *held, uint64_t *budget)
{
	const struct tcp_config *config = &tcp->config;
	const struct tcp_stats *stats = &tcp->stats;
	*held = stats->rx_pinned + (uint64_t)stats->tx_queued * PKT_TRUESIZE +
		(uint64_t)stats->conns * sizeof(struct tcp_conn) +
		(uint64_t)stats->time_wait * sizeof(struct time_wait) +
		stats->half_open * syncache_entry_size();
	*budget = (uint64_t)config->queue_pkts_max * PKT_TRUESIZE +
		  (uint64_t)config->conns_max * sizeof(struct tcp_conn) +
		  (uint64_t)config->time_wait_max * sizeof(struct time_wait) +
		  config->half_open_max * syncache_entry_size();
}

static bool is_above(uint32_t used, uint32_t max, uint32_t percent)
{
	return (uint64_t)used * 100 >= (uint64_t)max * percent;
}

static enum tcp_memory level_of(enum tcp_memory now, uint32_t used, uint32_t max)
{
	uint32_t critical = LEDGER_CRITICAL, pressure = LEDGER_PRESSURE;
	if (now == TCP_MEMORY_CRITICAL)
		critical -= LEDGER_RELIEF;
	if (now >= TCP_MEMORY_PRESSURE)
		pressure -= LEDGER_RELIEF;
	if (is_above(used, max, critical))
		return TCP_MEMORY_CRITICAL;
	return is_above(used, max, pressure) ? TCP_MEMORY_PRESSURE : TCP_MEMORY_NORMAL;
}

uint32_t ledger_window(const struct tcp_conn *conn, uint32_t limit)
{
	switch (conn->tcp->rx_memory) {
	case TCP_MEMORY_NORMAL:
		return limit;
	case TCP_MEMORY_PRESSURE:
		return min_u32(limit, LEDGER_PRESSURE_WINDOW * conn->mss_offered);
	case TCP_MEMORY_CRITICAL:
		return min_u32(limit, LEDGER_CRITICAL_WINDOW * conn->mss_offered);
	}
	return limit;
}

uint32_t ledger_share(enum tcp_memory level, uint32_t used, uint32_t max)
{
	return level != TCP_MEMORY_NORMAL || used >= max ? 0 : (max - used) / LEDGER_SHARE;
}

uint32_t ledger_send_segs(const struct tcp_conn *conn, uint32_t segs)
{
	const struct tcp *tcp = conn->tcp;
	// One is enough to find out when there is room again.
	if (tcp->tx_memory != TCP_MEMORY_NORMAL && conn->snd_wnd < conn->mss)
		return min_u32(segs, 1);
	switch (tcp->tx_memory) {
	case TCP_MEMORY_NORMAL:
		return segs;
	case TCP_MEMORY_PRESSURE:
		return min_u32(segs, LEDGER_PRESSURE_SEND);
	case TCP_MEMORY_CRITICAL:
		return min_u32(segs, LEDGER_CRITICAL_SEND);
	}
	return segs;
}

bool ledger_takes(const struct tcp_conn *conn)
{
	const struct tcp *tcp = conn->tcp;
	if (tcp->rx_memory == TCP_MEMORY_CRITICAL &&
	    conn->rcv_bytes >= LEDGER_CRITICAL_WINDOW * (uint32_t)conn->mss_offered)
		return false;
	return tcp->stats.rx_queued < tcp->rx_queue_max;
}

bool ledger_keeps_ooo(const struct tcp_conn *conn)
{
	const struct tcp *tcp = conn->tcp;
	if (tcp->rx_memory != TCP_MEMORY_NORMAL && conn->ooo_segs >= LEDGER_OOO)
		return false;
	return tcp->rx_memory != TCP_MEMORY_CRITICAL && conn->ooo_segs < UINT16_MAX &&
	       tcp->stats.rx_queued < tcp->ooo_queue_max;
}

bool ledger_is_critical(const struct tcp *tcp)
{
	return tcp->stats.memory == TCP_MEMORY_CRITICAL;
}

// Who has just made room is about to take something.
static bool has_made_room(const struct tcp_conn *conn)
{
	const struct tx_seg *head = tx_seg(conn->snd_head);
	if (conn->snd_wnd < conn->mss)
		return false;
	return conn->snd_una == conn->snd_nxt ||
	       (head->sends == 1 &&
		(uint32_t)conn->tcp->now_us - head->sent_us < LEDGER_TAKE_MS * 1000);
}

// How long the peer takes nothing, or next to it: how old the first packet for it is. A peer that
// takes a byte now and then, or has some of it on its way and answers that there is no room, has no
// timeout. 0: it may not be blamed.
static uint32_t send_stall_ms(const struct tcp_conn *conn)
{
	if (conn->snd_segs == 0 || has_made_room(conn))
		return 0;
	uint32_t age_ms = (uint32_t)conn->tcp->now_ms - tx_seg(conn->snd_head)->queued_ms;
	// Who answers nothing at all has a timeout, which an answer puts off.
	return age_ms < (conn->retries > 1 ? LEDGER_STALL_MAX_MS : LEDGER_STALL_MS) ? 0 : age_ms;
}

// How long nobody has read what came first: this side waits, for a decision say, and its peer goes
// on sending.
static uint32_t receive_stall_ms(const struct tcp_conn *conn)
{
	if (conn->rcv_head == NULL)
		return 0;
	uint32_t age_ms = (uint32_t)conn->tcp->now_ms - rx_seg(conn->rcv_head)->since_ms;
	return age_ms < LEDGER_STALL_MS ? 0 : age_ms;
}

// How much a connection that does not move holds up: packets times milliseconds. 0: it moves.
static uint64_t stall_of(const struct tcp_conn *conn)
{
	if ((conn->flags & CONN_LIVE) == 0)
		return 0;
	uint32_t stall_ms = max_u32(send_stall_ms(conn), receive_stall_ms(conn));
	uint64_t held = conn->snd_segs + conn->rcv_bytes / conn->mss_offered + 1;
	return held * min_u32(stall_ms, LEDGER_STALL_MAX_MS);
}

static void relieve(struct tcp *tcp, struct tcp_conn *conn)
{
	if (tcp->rx_memory != TCP_MEMORY_NORMAL)
		buffer_shrink(conn);
	if (conn->ooo_segs > LEDGER_OOO ||
	    (conn->ooo_segs > 0 && tcp->rx_memory == TCP_MEMORY_CRITICAL)) {
		tcp->stats.ooo_pruned += conn->ooo_segs;
		reassembly_prune(conn);
	}
	uint64_t stall = ledger_is_critical(tcp) ? stall_of(conn) : 0;
	if (stall > tcp->stall) {
		tcp->stall = stall;
		tcp->stalled = conn;
	}
}

// Every block has been looked at. The worst may have got better meanwhile.
static void sweep_ends(struct tcp *tcp)
{
	struct tcp_conn *conn = tcp->stalled;
	tcp->swept = 0;
	tcp->stall = 0;
	tcp->stalled = NULL;
	if (conn == NULL || conn->tcp == NULL || stall_of(conn) == 0)
		return;
	tcp->stats.stalled_reset++;
	conn_reset(conn, -ETIMEDOUT);
	reassembly_clear(conn);
}

// Some blocks a tick, and one reset a round: memory is to come back before the next is judged.
static void sweep(struct tcp *tcp)
{
	uint32_t n = min_u32(tcp->config.conns_max - tcp->swept, LEDGER_SWEEP);
	for (uint32_t i = 0; i < n; i++) {
		struct tcp_conn *conn = pool_at(tcp->conns, tcp->swept++);
		if (conn->tcp != NULL)
			relieve(tcp, conn);
	}
	if (tcp->swept == tcp->config.conns_max)
		sweep_ends(tcp);
}

void ledger_tick(struct tcp *tcp)
{
	struct tcp_stats *stats = &tcp->stats;
	enum tcp_memory before = stats->memory;
	tcp->rx_memory = level_of(tcp->rx_memory, stats->rx_queued, tcp->rx_queue_max);
	tcp->tx_memory = level_of(tcp->tx_memory, stats->tx_queued, tcp->tx_queue_max);
	stats->memory = tcp->rx_memory > tcp->tx_memory ? tcp->rx_memory : tcp->tx_memory;
	stats->memory_pressure += before == TCP_MEMORY_NORMAL && stats->memory != before;
	stats->memory_critical +=
		before != TCP_MEMORY_CRITICAL && stats->memory == TCP_MEMORY_CRITICAL;
	if (stats->memory != TCP_MEMORY_NORMAL)
		sweep(tcp);
}
