// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/ip/stack.h"
#include "dataplane/ip/wire.h"

// The low bits of an IPv4 address spread a subnet of up to NEIGHBOUR_BUCKETS hosts without a
// collision, and bound a chain in larger ones: no key needed although peers choose addresses. A
// subnet of IPv6 has as many that end alike as somebody likes.
static uint16_t *bucket_of(struct ip *ip, uint8_t port, const struct ip_addr *addr)
{
	if (!addr_is_v4(addr)) {
		uint64_t h = hash_keyed(&ip->config.key, addr, sizeof(*addr)) ^ port;
		return &ip->neighbours.buckets[h % NEIGHBOUR_BUCKETS];
	}
	uint32_t low = (uint32_t)addr->b[14] << 8 | addr->b[15];

	return &ip->neighbours.buckets[(low ^ (uint32_t)port << 8) % NEIGHBOUR_BUCKETS];
}

void neighbour_init(struct ip *ip)
{
	struct neighbours *table = &ip->neighbours;

	for (uint32_t i = 0; i < NEIGHBOUR_BUCKETS; i++)
		table->buckets[i] = NEIGHBOUR_NONE;
	for (uint16_t i = 0; i < IP_NEIGHBOURS_MAX; i++)
		table->entries[i].next = i + 1; // the last one's is NEIGHBOUR_NONE
	table->free = 0;
	for (int i = 0; i < RANK_COUNT; i++)
		list_init(&table->ranks[i]);
}

static enum neighbour_rank rank_of(const struct neighbour_entry *entry)
{
	if (!entry->used)
		return RANK_UNUSED;
	return entry->state == NEIGHBOUR_INCOMPLETE ? RANK_SILENT : RANK_ANSWERED;
}

// To the end of its rank; the entry is in one, or its node is by itself.
static void rank_renew(struct ip *ip, struct neighbour_entry *entry, uint64_t now_ms)
{
	entry->ranked_at = now_ms;
	list_remove(&entry->rank);
	list_append(&ip->neighbours.ranks[rank_of(entry)], &entry->rank);
}

static struct pkt *pending_shift(struct ip *ip, struct neighbour_entry *entry)
{
	struct pkt *pkt = entry->pending;

	if (pkt == NULL)
		return NULL;
	entry->pending = pkt->next;
	entry->n_pending--;
	ip->neighbours.n_pending--;
	pkt->next = NULL;
	return pkt;
}

static void pending_append(struct ip *ip, struct neighbour_entry *entry, struct pkt *pkt)
{
	struct pkt **at = &entry->pending;

	while (*at != NULL)
		at = &(*at)->next;
	pkt->next = NULL;
	*at = pkt;
	entry->n_pending++;
	ip->neighbours.n_pending++;
}

static void pending_drop(struct ip *ip, struct neighbour_entry *entry)
{
	for (struct pkt *pkt = pending_shift(ip, entry); pkt != NULL;
	     pkt = pending_shift(ip, entry))
		ip_drop(pkt, &ip->stats.drop_no_neighbour);
}

void neighbour_fini(struct ip *ip)
{
	for (uint32_t i = 0; i < IP_NEIGHBOURS_MAX; i++)
		pending_drop(ip, &ip->neighbours.entries[i]);
}

struct neighbour_entry *neighbour_find(struct ip *ip, uint8_t port, const struct ip_addr *addr)
{
	struct neighbour_entry *entries = ip->neighbours.entries;

	for (uint16_t i = *bucket_of(ip, port, addr); i != NEIGHBOUR_NONE; i = entries[i].next)
		if (entries[i].id.port == port && addr_equal(&entries[i].id.addr, addr))
			return &entries[i];
	return NULL;
}

static void entry_remove(struct ip *ip, struct neighbour_entry *entry)
{
	struct neighbours *table = &ip->neighbours;
	uint16_t index = (uint16_t)(entry - table->entries);
	uint16_t *at = bucket_of(ip, entry->id.port, &entry->id.addr);

	pending_drop(ip, entry);
	list_remove(&entry->rank);
	while (*at != index)
		at = &table->entries[*at].next;
	*at = entry->next;
	*entry = (struct neighbour_entry){.state = NEIGHBOUR_FREE, .next = table->free};
	table->free = index;
}

// Who has to make room: the oldest of the lowest rank that has anybody. The table is full.
static struct neighbour_entry *victim(struct ip *ip)
{
	const struct list *rank = ip->neighbours.ranks;

	while (list_empty(rank))
		rank++;
	return list_entry(rank->next, struct neighbour_entry, rank);
}

// NULL when the table is full and `asked_for` is false and every neighbour is in use.
static struct neighbour_entry *entry_add(
	struct ip *ip, uint8_t port, const struct ip_addr *addr, bool asked_for, uint64_t now_ms
)
{
	struct neighbours *table = &ip->neighbours;

	if (table->free == NEIGHBOUR_NONE) {
		struct neighbour_entry *old = victim(ip);
		if (old->used && !asked_for)
			return NULL;
		ip->stats.neighbour_evicted++;
		entry_remove(ip, old);
	}
	uint16_t index = table->free;
	struct neighbour_entry *entry = &table->entries[index];
	uint16_t *bucket = bucket_of(ip, port, addr);
	table->free = entry->next;
	*entry = (struct neighbour_entry){
		.id = {.port = port, .addr = *addr},
		.state = NEIGHBOUR_INCOMPLETE,
		.next = *bucket,
	};
	*bucket = index;
	list_init(&entry->rank);
	rank_renew(ip, entry, now_ms);
	return entry;
}

static void probe(struct ip *ip, struct neighbour_entry *entry, uint64_t now_ms)
{
	entry->probes++;
	entry->probe_at = now_ms + NEIGHBOUR_PROBE_MS;
	bool unicast = entry->state == NEIGHBOUR_PROBING;
	if (!ip->config.owner)
		ip->ops.resolve(ip->ops.ctx, entry->id.port, &entry->id.addr);
	else if (addr_is_v4(&entry->id.addr))
		arp_request(ip, &entry->id, unicast);
	else
		nd_solicit(ip, &entry->id, unicast);
}

static void transmit(struct ip *ip, struct pkt *pkt, const struct neighbour *to)
{
	uint16_t type = addr_is_v4(&to->addr) ? ETH_TYPE_IP4 : ETH_TYPE_IP6;

	eth_transmit(ip, pkt, to->port, &to->mac, type);
}

// For every packet: the lists are touched once a second.
static void entry_use(struct ip *ip, struct neighbour_entry *entry, uint64_t now_ms)
{
	bool first = !entry->used;

	entry->used = true;
	entry->used_at = now_ms;
	if (first || elapsed(now_ms, entry->ranked_at) >= NEIGHBOUR_AGE_MS)
		rank_renew(ip, entry, now_ms);
}

// RFC 1122 2.3.2.2: keep the latest packets, drop the oldest.
static int enqueue(struct ip *ip, struct neighbour_entry *entry, struct pkt *pkt)
{
	if (entry->n_pending == IP_PENDING_MAX) {
		ip_drop(pending_shift(ip, entry), &ip->stats.drop_pending_full);
	} else if (ip->neighbours.n_pending == NEIGHBOUR_PENDING_TOTAL) {
		ip_drop(pkt, &ip->stats.drop_pending_full);
		return ERR_POOL_EMPTY;
	}
	pending_append(ip, entry, pkt);
	return 0;
}

int neighbour_output(struct ip *ip, struct pkt *pkt, const struct hop *hop, uint64_t now_ms)
{
	struct neighbour_entry *entry = neighbour_find(ip, hop->port, &hop->next);
	bool is_new = entry == NULL;

	if (is_new)
		entry = entry_add(ip, hop->port, &hop->next, true, now_ms);
	entry_use(ip, entry, now_ms);
	if (entry->state != NEIGHBOUR_INCOMPLETE) {
		transmit(ip, pkt, &entry->id);
		return 0;
	}
	int r = enqueue(ip, entry, pkt);
	if (is_new)
		probe(ip, entry, now_ms);
	return r;
}

void neighbour_confirm(
	struct ip *ip, struct neighbour_entry *entry, const struct eth_addr *mac, uint64_t now_ms
)
{
	bool news = entry->state != NEIGHBOUR_REACHABLE ||
		    memcmp(&entry->id.mac, mac, sizeof(*mac)) != 0;

	entry->id.mac = *mac;
	entry->state = NEIGHBOUR_REACHABLE;
	entry->stale = false;
	entry->confirmed_at = now_ms;
	entry->probes = 0;
	rank_renew(ip, entry, now_ms);
	for (struct pkt *pkt = pending_shift(ip, entry); pkt != NULL;
	     pkt = pending_shift(ip, entry))
		transmit(ip, pkt, &entry->id);
	if (news && ip->config.owner)
		ip->ops.publish(ip->ops.ctx, &entry->id);
}

static void renew(struct ip *ip, struct neighbour_entry *entry, uint64_t now_ms)
{
	entry->state = NEIGHBOUR_PROBING;
	entry->probes = 0;
	probe(ip, entry, now_ms);
}

// Somebody else claims the address of a neighbour that we send to: the one we know is asked first,
// and keeps the address if it answers. One that has moved is found when it does not (RFC 4861 7.2.5
// would believe at once, and so let anyone on the link take over a gateway).
static bool is_contested(struct ip *ip, struct neighbour_entry *entry, uint64_t now_ms)
{
	if (!ip->config.owner || !entry->used || entry->stale ||
	    entry->state == NEIGHBOUR_INCOMPLETE)
		return false;
	ip->stats.neighbour_conflicts++;
	if (entry->state == NEIGHBOUR_REACHABLE)
		renew(ip, entry, now_ms);
	return true;
}

bool neighbour_learn(struct ip *ip, const struct neighbour *neighbour, uint64_t now_ms)
{
	struct neighbour_entry *entry = neighbour_find(ip, neighbour->port, &neighbour->addr);

	if (entry == NULL)
		entry = entry_add(ip, neighbour->port, &neighbour->addr, false, now_ms);
	if (entry == NULL)
		return false;
	bool other = memcmp(&entry->id.mac, &neighbour->mac, sizeof(neighbour->mac)) != 0;
	// Two that claim one address must not make us send to each in turn.
	if (other && entry->state == NEIGHBOUR_REACHABLE &&
	    elapsed(now_ms, entry->confirmed_at) < NEIGHBOUR_LOCK_MS)
		return false;
	if (other && is_contested(ip, entry, now_ms))
		return true;
	bool known = entry->state == NEIGHBOUR_REACHABLE && !entry->stale && !other;
	if (known && !addr_is_v4(&neighbour->addr))
		return true; // that it can reach us says nothing of the way back
	neighbour_confirm(ip, entry, &neighbour->mac, now_ms);
	entry->stale = ip->config.owner && !addr_is_v4(&neighbour->addr);
	return true;
}

void ip_resolve(struct ip *ip, uint8_t port, const struct ip_addr *addr, uint64_t now_ms)
{
	if (port >= ip->config.n_ports || !route_is_on_link(ip, port, addr))
		return;
	struct neighbour_entry *entry = neighbour_find(ip, port, addr);
	bool is_new = entry == NULL;
	if (is_new)
		entry = entry_add(ip, port, addr, true, now_ms);
	entry_use(ip, entry, now_ms);
	if (is_new)
		probe(ip, entry, now_ms);
	else if (entry->state == NEIGHBOUR_REACHABLE && elapsed(now_ms, entry->confirmed_at) >= NEIGHBOUR_REACHABLE_MS)
		renew(ip, entry, now_ms);
	else if (entry->state == NEIGHBOUR_REACHABLE)
		ip->ops.publish(ip->ops.ctx, &entry->id);
}

static void reachable_tick(struct ip *ip, struct neighbour_entry *entry, uint64_t now_ms)
{
	uint64_t age = elapsed(now_ms, entry->confirmed_at);

	if (age < (entry->stale ? NEIGHBOUR_DELAY_MS : NEIGHBOUR_REACHABLE_MS))
		return;
	if (entry->used && entry->used_at >= entry->confirmed_at)
		renew(ip, entry, now_ms);
	else if (age >= NEIGHBOUR_UNUSED_MS)
		entry_remove(ip, entry);
}

static void asking_tick(struct ip *ip, struct neighbour_entry *entry, uint64_t now_ms)
{
	if (now_ms < entry->probe_at)
		return;
	if (entry->probes >= NEIGHBOUR_PROBES_MAX)
		entry_remove(ip, entry);
	else
		probe(ip, entry, now_ms);
}

void neighbour_tick(struct ip *ip, uint64_t now_ms)
{
	for (uint32_t i = 0; i < IP_NEIGHBOURS_MAX; i++) {
		struct neighbour_entry *entry = &ip->neighbours.entries[i];
		switch (entry->state) {
		case NEIGHBOUR_FREE:
			break;
		case NEIGHBOUR_REACHABLE:
			reachable_tick(ip, entry, now_ms);
			break;
		case NEIGHBOUR_INCOMPLETE:
		case NEIGHBOUR_PROBING:
			asking_tick(ip, entry, now_ms);
			break;
		}
	}
}
