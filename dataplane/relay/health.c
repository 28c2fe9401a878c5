// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/relay/health.h"

#include "dataplane/base/list.h"
#include "dataplane/base/pool.h"

#include <stdlib.h>

struct probe {
	struct list node; // in health.open
	struct tcp_conn *conn;
	uint64_t until_us;
	uint32_t seen;      // bytes of the request
	uint8_t line_feeds; // at its end so far, CR aside
	bool shut;          // our FIN is queued
};

struct health {
	struct worker_stats *stats;
	struct pool *probes;
	struct list open; // the oldest first
	bool healthy;
};

struct health *health_new(struct worker_stats *stats)
{
	struct health *health = calloc(1, sizeof(*health));
	if (health == NULL)
		return NULL;
	health->stats = stats;
	list_init(&health->open);
	health->probes = pool_new(HEALTH_PROBES_MAX, sizeof(struct probe));
	if (health->probes == NULL) {
		free(health);
		return NULL;
	}
	return health;
}

void health_free(struct health *health)
{
	if (health == NULL)
		return;
	pool_free(health->probes);
	free(health);
}

void health_set(struct health *health, bool healthy)
{
	health->healthy = healthy;
}

// FIN behind what is queued, if it is not there yet: tcp goes on with it by itself.
static void drop(struct health *health, struct probe *probe)
{
	tcp_release(probe->conn);
	list_remove(&probe->node);
	pool_put(health->probes, probe);
}

static struct probe *take(struct health *health, struct tcp_conn *conn, uint64_t now_us)
{
	struct probe *probe = pool_get(health->probes);
	if (probe == NULL) {
		drop(health, list_entry(health->open.next, struct probe, node));
		probe = pool_get(health->probes);
	}
	*probe = (struct probe){.conn = conn, .until_us = now_us + HEALTH_PROBE_MS * 1000};
	list_init(&probe->node);
	list_append(&health->open, &probe->node);
	return probe;
}

static struct probe *find(struct health *health, const struct tcp_conn *conn)
{
	for (struct list *node = health->open.next; node != &health->open; node = node->next) {
		struct probe *probe = list_entry(node, struct probe, node);
		if (probe->conn == conn)
			return probe;
	}
	return NULL;
}

// A head ends with an empty line (RFC 9112 2.1; 2.2: a bare LF will do).
static bool is_whole(struct probe *probe, struct span in)
{
	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] == '\n')
			probe->line_feeds++;
		else if (in.p[i] != '\r')
			probe->line_feeds = 0;
		if (probe->line_feeds == 2)
			return true;
	}
	probe->seen += (uint32_t)in.n;
	return false;
}

static void shut(struct probe *probe)
{
	probe->shut = true;
	tcp_shutdown(probe->conn);
}

static void answer(struct health *health, struct probe *probe)
{
#define REST "\r\nContent-Length: 0\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
	struct span text = health->healthy ? SPAN_LIT("HTTP/1.1 200 OK" REST)
					   : SPAN_LIT("HTTP/1.1 503 Service Unavailable" REST);
#undef REST
	health->stats->probes_healthy += health->healthy;
	health->stats->probes_unhealthy += !health->healthy;
	// No room for it: an answer that is cut off is none, and the probe fails as it should.
	(void)!tcp_send(probe->conn, text);
	shut(probe);
}

void health_event(struct health *health, struct tcp_conn *conn, uint64_t now_us)
{
	struct probe *probe = find(health, conn);
	if (probe == NULL)
		probe = take(health, conn, now_us);
	for (struct span in = tcp_peek(conn); in.n > 0; in = tcp_peek(conn)) {
		bool whole = !probe->shut && is_whole(probe, in);
		tcp_consume(conn, in.n);
		if (whole)
			answer(health, probe);
		else if (!probe->shut && probe->seen > HEALTH_HEAD_MAX)
			shut(probe);
	}
	if (tcp_conn_fin_received(conn) && !probe->shut) {
		health->stats->probes_healthy += health->healthy;
		health->stats->probes_unhealthy += !health->healthy;
		shut(probe);
	}
	if (tcp_conn_fin_received(conn) || tcp_conn_error(conn) != 0)
		drop(health, probe);
}

void health_tick(struct health *health, uint64_t now_us)
{
	while (!list_empty(&health->open)) {
		struct probe *first = list_entry(health->open.next, struct probe, node);
		if (first->until_us > now_us)
			return;
		drop(health, first);
	}
}
