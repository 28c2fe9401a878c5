// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tcp/conn.h"

#include <stdlib.h>

enum { FETCH_LINE = 64 };

// A slot refers to a connection by index + 1, or to a TIME_WAIT entry, marked by this bit.
static const uint32_t REF_TW = UINT32_C(1) << 31;

int table_init(struct table *table, uint32_t flows)
{
	uint32_t size = 64;
	while (size < (uint64_t)flows * 2)
		size *= 2;
	table->slots = calloc(size, sizeof(*table->slots));
	if (table->slots == NULL)
		return -ENOMEM;
	table->mask = size - 1;
	return 0;
}

void table_fini(struct table *table)
{
	free(table->slots);
	table->slots = NULL;
}

uint32_t table_hash(const struct tcp *tcp, const struct flow *flow)
{
	return (uint32_t)hash_keyed(&tcp->table_key, flow, sizeof(*flow));
}

static const struct flow *ref_flow(const struct tcp *tcp, uint32_t ref)
{
	if ((ref & REF_TW) != 0)
		return &tcp->tw[(ref & ~REF_TW) - 1].flow;
	return &conn_at(tcp, ref)->flow;
}

struct tcp_conn *table_find(
	const struct tcp *tcp, const struct flow *flow, uint32_t hash, struct time_wait **tw
)
{
	const struct table *table = &tcp->table;
	*tw = NULL;
	for (uint32_t i = hash & table->mask; table->slots[i].ref != 0; i = (i + 1) & table->mask) {
		uint32_t ref = table->slots[i].ref;
		if (table->slots[i].hash != hash ||
		    memcmp(ref_flow(tcp, ref), flow, sizeof(*flow)) != 0)
			continue;
		if ((ref & REF_TW) == 0)
			return conn_at(tcp, ref);
		*tw = &tcp->tw[(ref & ~REF_TW) - 1];
		return NULL;
	}
	return NULL;
}

uint32_t tcp_fetch_slot(
	const struct tcp *tcp, const struct endpoint *local, const struct endpoint *remote
)
{
	struct flow flow = {*local, *remote};
	uint32_t hash = table_hash(tcp, &flow);
	__builtin_prefetch(&tcp->table.slots[hash & tcp->table.mask]);
	return hash;
}

// All lines at once, for the waits to overlap.
void tcp_fetch_conn(const struct tcp *tcp, uint32_t hash)
{
	const struct table_slot *slot = &tcp->table.slots[hash & tcp->table.mask];
	if (slot->ref == 0 || (slot->ref & REF_TW) != 0)
		return;
	const char *block = (const char *)conn_at(tcp, slot->ref);
	for (size_t line = 0; line < sizeof(struct tcp_conn); line += FETCH_LINE)
		__builtin_prefetch(block + line, 1);
}

// There is always room: the table has twice as many slots as there are connections and entries.
static void slot_add(struct table *table, uint32_t hash, uint32_t ref)
{
	uint32_t i = hash & table->mask;
	while (table->slots[i].ref != 0)
		i = (i + 1) & table->mask;
	table->slots[i] = (struct table_slot){hash, ref};
}

static void slot_remove(struct table *table, uint32_t hash, uint32_t ref)
{
	uint32_t hole = hash & table->mask;
	while (table->slots[hole].ref != ref)
		hole = (hole + 1) & table->mask;
	// Close the gap: move back each follower whose home is not between the hole and itself.
	for (uint32_t i = (hole + 1) & table->mask; table->slots[i].ref != 0;
	     i = (i + 1) & table->mask) {
		uint32_t home = table->slots[i].hash & table->mask;
		if (((i - home) & table->mask) < ((i - hole) & table->mask))
			continue;
		table->slots[hole] = table->slots[i];
		hole = i;
	}
	table->slots[hole].ref = 0;
}

static uint32_t tw_ref(const struct tcp *tcp, const struct time_wait *tw)
{
	return ((uint32_t)(tw - tcp->tw) + 1) | REF_TW;
}

void table_add_conn(struct tcp *tcp, struct tcp_conn *conn)
{
	slot_add(&tcp->table, table_hash(tcp, &conn->flow), conn_ref(conn));
}

void table_remove_conn(struct tcp *tcp, const struct tcp_conn *conn)
{
	slot_remove(&tcp->table, table_hash(tcp, &conn->flow), conn_ref(conn));
}

void table_add_tw(struct tcp *tcp, const struct time_wait *tw)
{
	slot_add(&tcp->table, table_hash(tcp, &tw->flow), tw_ref(tcp, tw));
}

void table_remove_tw(struct tcp *tcp, const struct time_wait *tw)
{
	slot_remove(&tcp->table, table_hash(tcp, &tw->flow), tw_ref(tcp, tw));
}
