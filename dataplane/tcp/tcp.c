// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tcp/tcp.h"

#include "dataplane/base/cursor.h"
#include "dataplane/base/stage.h"
#include "dataplane/tcp/ledger.h"
#include "dataplane/tcp/syncache.h"

#include <stdlib.h>

const char *tcp_state_name(enum tcp_state state)
{
	switch (state) {
	case TCP_CLOSED:
		return "CLOSED";
	case TCP_LISTEN:
		return "LISTEN";
	case TCP_SYN_SENT:
		return "SYN-SENT";
	case TCP_SYN_RECEIVED:
		return "SYN-RECEIVED";
	case TCP_ESTABLISHED:
		return "ESTABLISHED";
	case TCP_FIN_WAIT_1:
		return "FIN-WAIT-1";
	case TCP_FIN_WAIT_2:
		return "FIN-WAIT-2";
	case TCP_CLOSE_WAIT:
		return "CLOSE-WAIT";
	case TCP_CLOSING:
		return "CLOSING";
	case TCP_LAST_ACK:
		return "LAST-ACK";
	case TCP_TIME_WAIT:
		return "TIME-WAIT";
	}
	return "?";
}

void tcp_config_default(struct tcp_config *config)
{
	*config = (struct tcp_config){
		.conns_max = 65536,
		.half_open_max = 4096,
		.time_wait_max = 65536,
		.rcv_buf = 128 * 1024,
		.rcv_buf_max = 4 * 1024 * 1024,
		.snd_buf = 128 * 1024,
		.snd_buf_max = 4 * 1024 * 1024,
		.ooo_runs_max = 256,
		.mss_max = 1460,
		.timestamps = true,
		.sack = true,
		.window_scale = true,
		.congestion = TCP_CUBIC,
		.rto_min_ms = 200,
		.rto_max_ms = 60 * 1000,
		.rto_initial_ms = 1000,
		.delayed_ack_ms = 40,
		.handshake_ms = 10 * 1000,
		.time_wait_ms = 60 * 1000,
		.fin_wait_2_ms = 30 * 1000,
		.keepalive_idle_ms = 60 * 1000,
		.keepalive_interval_ms = 15 * 1000,
		.keepalive_probes = 4,
		.syn_retries = 5,
		.data_retries = 10,
		.port_first = 32768,
		.port_last = 60999,
	};
}

// A segment's payload fits one packet.
static uint16_t mss_clamp(uint16_t mss, const struct pkt_pool *pool)
{
	if (mss > pool->room)
		return (uint16_t)pool->room;
	return mss < TCP_MSS_MIN ? TCP_MSS_MIN : mss;
}

struct hash_key tcp_key_new(const struct tcp *tcp)
{
	const struct tcp_ops *ops = &tcp->ops;
	return (struct hash_key){{ops->random(ops->ctx), ops->random(ops->ctx)}};
}

static int tables_init(struct tcp *tcp)
{
	const struct tcp_config *config = &tcp->config;
	tcp->conns = pool_new(config->conns_max, sizeof(struct tcp_conn));
	tcp->tw = aligned_alloc(sizeof(*tcp->tw), config->time_wait_max * sizeof(*tcp->tw));
	if (tcp->conns == NULL || tcp->tw == NULL || syncache_init(tcp) != 0)
		return -ENOMEM;
	tcp->blocks = pool_at(tcp->conns, 0);
	timewait_init(tcp);
	return table_init(&tcp->table, config->conns_max + config->time_wait_max);
}

struct tcp *tcp_new(
	const struct tcp_config *config, const struct tcp_ops *ops, struct pkt_pool *pool,
	uint64_t now_us
)
{
	struct tcp *tcp = calloc(1, sizeof(*tcp));
	if (tcp == NULL)
		return NULL;
	tcp->config = *config;
	tcp->config.mss_max = mss_clamp(config->mss_max, pool);
	tcp->config.rcv_buf_max = max_u32(config->rcv_buf_max, config->rcv_buf);
	tcp->config.snd_buf_max = max_u32(config->snd_buf_max, config->snd_buf);
	tcp->config.conns_max = max_u32(config->conns_max, 1);
	tcp->config.time_wait_max = max_u32(config->time_wait_max, 1);
	tcp->ops = *ops;
	tcp->pkts = pool;
	tcp->now_us = now_us;
	tcp->now_ms = now_us / 1000;
	tcp->challenge_ms = tcp->now_ms - 1000; // over
	uint32_t half = config->queue_pkts_max == 0 ? UINT32_MAX : config->queue_pkts_max / 2;
	tcp->tx_queue_max = tcp->rx_queue_max = half;
	tcp->ooo_queue_max = half - half / 4;
	wheel_init(&tcp->wheel, tcp->now_ms);
	tcp->table_key = tcp_key_new(tcp);
	tcp->isn_key = tcp_key_new(tcp);
	tcp->ts_key = tcp_key_new(tcp);
	tcp->port_key = tcp_key_new(tcp);
	tcp->cookie_epoch = UINT64_MAX / 2; // none: the first cookie brings secrets
	for (uint32_t i = 0; i < TCP_PORT_COUNTERS; i++)
		tcp->port_counters[i] = (uint32_t)ops->random(ops->ctx);
	if (tables_init(tcp) != 0) {
		tcp_free(tcp);
		return NULL;
	}
	return tcp;
}

void tcp_free(struct tcp *tcp)
{
	if (tcp == NULL)
		return;
	for (uint32_t i = 0; tcp->blocks != NULL && i < tcp->config.conns_max; i++) {
		struct tcp_conn *conn = &tcp->blocks[i];
		if (conn->tcp == NULL)
			continue;
		send_clear(conn);
		reassembly_clear(conn);
	}
	table_fini(&tcp->table);
	syncache_fini(tcp);
	pool_free(tcp->conns);
	free(tcp->tw);
	free(tcp);
}

void tcp_clock_set(struct tcp *tcp, uint64_t now_us)
{
	if (now_us <= tcp->now_us) // a clock that stands still is fine, one that steps back is not
		return;
	tcp->now_us = now_us;
	tcp->now_ms = now_us / 1000;
}

static int header_parse(struct tcp *tcp, struct segment *seg, struct flow *flow)
{
	struct cursor c = cursor_of(pkt_span(seg->pkt));
	flow->remote.port = cursor_be16(&c);
	flow->local.port = cursor_be16(&c);
	seg->seq = cursor_be32(&c);
	seg->ack = cursor_be32(&c);
	uint8_t offset = cursor_u8(&c) >> 4;
	seg->flags = cursor_u8(&c);
	seg->wnd = cursor_be16(&c);
	(void)cursor_bytes(&c, 4); // checksum, seen to by ip/; urgent pointer, which we ignore
	if (c.bad || offset * 4u < TCP_HEADER_LEN) {
		tcp->stats.short_header++;
		return ERR_MALFORMED;
	}
	struct span options = cursor_bytes(&c, offset * 4u - TCP_HEADER_LEN);
	if (c.bad || flow->remote.port == 0 || flow->local.port == 0) {
		tcp->stats.short_header++;
		return ERR_MALFORMED;
	}
	if (options_parse(options, &seg->options) != 0) {
		tcp->stats.bad_options++;
		return ERR_MALFORMED;
	}
	if ((seg->flags & TCP_SYN) != 0 && balancer_is(&seg->where->remote.addr))
		seg->options.has_ts = false;
	pkt_pull(seg->pkt, offset * 4u);
	seg->len = seg->pkt->len;
	return 0;
}

static struct tcp_conn *find(struct tcp *tcp, const struct flow *flow, struct time_wait **tw)
{
	const struct tcp_conn *last = tcp->last;
	*tw = NULL;
	if (last == NULL || (last->flags & CONN_LIVE) == 0 ||
	    memcmp(&last->flow, flow, sizeof(*flow)) != 0)
		tcp->last = table_find(tcp, flow, table_hash(tcp, flow), tw);
	return tcp->last;
}

void tcp_input(struct tcp *tcp, struct pkt *pkt, const struct ip_segment *segment, uint64_t now_us)
{
	tcp_clock_set(tcp, now_us);
	tcp->stats.rx_segments++;
	struct segment seg = {.where = segment, .pkt = pkt};
	struct flow flow = {.local = segment->local, .remote = segment->remote};
	if (header_parse(tcp, &seg, &flow) == 0) {
		struct ip_segment where = {flow.local, flow.remote, segment->ecn};
		seg.where = &where;
		struct time_wait *tw;
		struct tcp_conn *conn = find(tcp, &flow, &tw);
		if (conn != NULL) {
			conn_input(conn, &seg);
			assert(conn_is_watched(conn));
		} else if (tw != NULL) {
			timewait_input(tcp, tw, &seg);
		} else {
			listen_input(tcp, &seg, false, 0);
		}
	}
	pkt_put(seg.pkt);
}

void tcp_tick(struct tcp *tcp, uint64_t now_us)
{
	enum stage before = stage_enter(STAGE_TIMERS);

	tcp_clock_set(tcp, now_us);
	timewait_expire(tcp);
	ledger_tick(tcp);
	syncache_tick(tcp);
	wheel_advance(&tcp->wheel, tcp->now_ms);
	for (int i = 0; i < TCP_EXPIRIES_PER_TICK; i++) {
		struct wheel_node *node = wheel_next(&tcp->wheel);
		if (node == NULL)
			break;
		timer_expired(list_entry(node, struct tcp_conn, timer));
	}
	(void)stage_enter(STAGE_OUTPUT);
	// One pass: what is marked anew meanwhile waits for the next.
	uint32_t ref = tcp->dirty.first;
	tcp->dirty = (struct index_list){0};
	while (ref != 0) {
		struct tcp_conn *conn = conn_at(tcp, ref);
		ref = conn->dirty_next;
		conn->flags &= ~(uint32_t)CONN_DIRTY;
		conn_output(conn);
		if ((conn->flags & CONN_LIVE) != 0)
			conn_schedule(conn);
		else if ((conn->flags & (CONN_OWNED | CONN_DIRTY)) == 0)
			conn_put(conn); // if it was marked anew, the next pass will
		assert(conn->tcp == NULL || conn_is_watched(conn));
	}
	stage_leave(before);
}

struct tcp_conn *tcp_event(struct tcp *tcp, uint32_t *events)
{
	struct tcp_conn *conn = conn_shift_event(tcp);
	if (conn == NULL)
		return NULL;
	*events = conn->events;
	conn->events = 0;
	conn->flags |= CONN_OWNED;
	return conn;
}

const struct tcp_stats *tcp_stats(const struct tcp *tcp)
{
	return &tcp->stats;
}
