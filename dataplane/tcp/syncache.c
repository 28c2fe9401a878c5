// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tcp/syncache.h"

#include "dataplane/base/list.h"
#include "dataplane/tcp/ledger.h"

#include <stdlib.h>

struct syn_entry {
	struct syn_seen seen;
	uint32_t hash;
	uint32_t next;         // in its bucket or in the free list: index + 1; 0: the last
	uint32_t due_ms;       // low half of the clock; the SYN-ACK goes out again
	uint32_t end_ms;       // it is given up
	uint32_t challenge_ms; // when an unacceptable segment may be answered again
	uint8_t resends;
	struct list link; // in the list of its level, in the order of due_ms
};
static_assert(sizeof(struct syn_entry) <= 104);

struct syncache {
	uint32_t mask; // of buckets
	uint32_t free;
	uint32_t *buckets;
	// By how often the SYN-ACK went out: all of one list wait equally long.
	struct list levels[SYN_LEVELS];
	struct syn_entry entries[];
};

int syncache_init(struct tcp *tcp)
{
	uint32_t n = tcp->config.half_open_max, buckets = 1;
	while (buckets < n && buckets < UINT32_C(1) << 31)
		buckets *= 2;
	struct syncache *cache = calloc(1, sizeof(*cache) + n * sizeof(*cache->entries));
	if (cache == NULL)
		return -ENOMEM;
	tcp->syns = cache;
	cache->mask = buckets - 1;
	cache->buckets = calloc(buckets, sizeof(*cache->buckets));
	if (cache->buckets == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		cache->entries[i].next = i + 1 < n ? i + 2 : 0;
	cache->free = n > 0 ? 1 : 0;
	for (int i = 0; i < SYN_LEVELS; i++)
		list_init(&cache->levels[i]);
	return 0;
}

void syncache_fini(struct tcp *tcp)
{
	if (tcp->syns != NULL)
		free(tcp->syns->buckets);
	free(tcp->syns);
	tcp->syns = NULL;
}

uint64_t syncache_entry_size(void)
{
	return sizeof(struct syn_entry);
}

struct syn_entry *syncache_find(const struct tcp *tcp, const struct flow *flow)
{
	struct syncache *cache = tcp->syns;
	if (tcp->stats.half_open == 0)
		return NULL;
	uint32_t hash = table_hash(tcp, flow);
	for (uint32_t at = cache->buckets[hash & cache->mask]; at != 0;) {
		struct syn_entry *entry = &cache->entries[at - 1];
		if (entry->hash == hash && memcmp(&entry->seen.flow, flow, sizeof(*flow)) == 0)
			return entry;
		at = entry->next;
	}
	return NULL;
}

static void entry_drop(struct tcp *tcp, struct syn_entry *entry)
{
	struct syncache *cache = tcp->syns;
	uint32_t index = (uint32_t)(entry - cache->entries) + 1;
	uint32_t *at = &cache->buckets[entry->hash & cache->mask];
	while (*at != index)
		at = &cache->entries[*at - 1].next;
	*at = entry->next;
	list_remove(&entry->link);
	entry->next = cache->free;
	cache->free = index;
	tcp->stats.half_open--;
}

// RFC 6298 2.1, 5.5; the last wait ends with the patience for the whole handshake.
static void entry_wait(struct tcp *tcp, struct syn_entry *entry)
{
	const struct tcp_config *config = &tcp->config;
	uint32_t level = min_u32(entry->resends, SYN_LEVELS - 1);
	uint64_t wait_ms = (uint64_t)config->rto_initial_ms << level;
	if (wait_ms > config->rto_max_ms)
		wait_ms = config->rto_max_ms;
	uint32_t now_ms = (uint32_t)tcp->now_ms;
	uint32_t left_ms = seq_lt(now_ms, entry->end_ms) ? entry->end_ms - now_ms : 0;
	entry->due_ms = now_ms + min_u32((uint32_t)wait_ms, left_ms);
	list_remove(&entry->link);
	list_append(&tcp->syns->levels[level], &entry->link);
}

static void entry_answer(struct tcp *tcp, const struct syn_entry *entry)
{
	output_syn(tcp, &entry->seen, TCP_SYN | TCP_ACK, ts_clock(tcp, &entry->seen.flow));
}

static struct syn_entry *oldest(struct syncache *cache)
{
	int level = SYN_LEVELS - 1;
	while (level > 0 && list_empty(&cache->levels[level]))
		level--;
	return list_entry(cache->levels[level].next, struct syn_entry, link);
}

bool syncache_add(struct tcp *tcp, const struct syn_seen *seen, bool force)
{
	struct syncache *cache = tcp->syns;
	if (!force && ledger_is_critical(tcp) &&
	    tcp->stats.half_open >= tcp->config.half_open_max / 2)
		return false;
	if (cache->free == 0) {
		if (!force || tcp->stats.half_open == 0)
			return false;
		tcp->stats.syn_evicted++;
		entry_drop(tcp, oldest(cache));
	}
	uint32_t index = cache->free;
	struct syn_entry *entry = &cache->entries[index - 1];
	cache->free = entry->next;
	*entry = (struct syn_entry){
		.seen = *seen,
		.hash = table_hash(tcp, &seen->flow),
		.end_ms = (uint32_t)tcp->now_ms + tcp->config.handshake_ms,
		.challenge_ms = (uint32_t)tcp->now_ms,
	};
	uint32_t *bucket = &cache->buckets[entry->hash & cache->mask];
	entry->next = *bucket;
	*bucket = index;
	list_init(&entry->link);
	tcp->stats.half_open++;
	entry_wait(tcp, entry);
	entry_answer(tcp, entry);
	return true;
}

// RFC 5961 3.2, 4.2, 7: an ACK that says where we are.
static void challenge(struct tcp *tcp, struct syn_entry *entry)
{
	if (seq_lt((uint32_t)tcp->now_ms, entry->challenge_ms) || !tcp_may_challenge(tcp))
		return;
	entry->challenge_ms = (uint32_t)tcp->now_ms + TCP_OOW_ACK_MS;
	tcp->stats.challenge_acks++;
	output_syn(tcp, &entry->seen, TCP_ACK, ts_clock(tcp, &entry->seen.flow));
}

// The SYN again: our answer was lost, or is still on the way. The round trip is measured from the
// first answer, so that it is too long at worst; only our own timer makes the RTO three seconds
// (RFC 6298 5.7).
static void repeated(struct tcp *tcp, struct syn_entry *entry, const struct segment *seg)
{
	struct syn_seen *seen = &entry->seen;
	if ((seen->options & SYN_TS) != 0 && seg->options.has_ts &&
	    seq_lt(seen->ts_val, seg->options.ts_val))
		seen->ts_val = seg->options.ts_val;
	entry_answer(tcp, entry);
}

// RFC 7323 5.3 R1.
static bool paws_accepts(const struct syn_seen *seen, const struct segment *seg)
{
	if ((seen->options & SYN_TS) == 0 || (seg->flags & TCP_RST) != 0)
		return true;
	return seg->options.has_ts && !seq_lt(seg->options.ts_val, seen->ts_val);
}

// RFC 9293 3.10.7.4 for SYN-RECEIVED, up to the ACK. False: the segment is dealt with.
static bool entry_accepts(struct tcp *tcp, struct syn_entry *entry, const struct segment *seg)
{
	const struct syn_seen *seen = &entry->seen;
	uint32_t nxt = seen->irs + 1;
	if (!paws_accepts(seen, seg)) {
		tcp->stats.paws_dropped++;
		challenge(tcp, entry);
		return false;
	}
	if (seq_lt(seg->seq, nxt) || !seq_lt(seg->seq, nxt + tcp_syn_window(tcp))) {
		tcp->stats.bad_seq++;
		if ((seg->flags & TCP_RST) == 0)
			challenge(tcp, entry);
		return false;
	}
	if ((seg->flags & TCP_RST) != 0 && seg->seq == nxt) {
		tcp->stats.reset_received++;
		entry_drop(tcp, entry);
		return false;
	}
	if ((seg->flags & (TCP_RST | TCP_SYN)) != 0) {
		challenge(tcp, entry);
		return false;
	}
	tcp->stats.bad_ack += (seg->flags & TCP_ACK) == 0;
	return (seg->flags & TCP_ACK) != 0;
}

bool syncache_input(
	struct tcp *tcp, struct syn_entry *entry, struct segment *seg, struct tcp_conn **conn
)
{
	struct syn_seen seen = entry->seen;
	if ((seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN && seg->seq == seen.irs) {
		repeated(tcp, entry, seg);
		return false;
	}
	if (!entry_accepts(tcp, entry, seg))
		return false;
	// An earlier SYN of it may have been answered by a cookie.
	if (seg->ack != seen.iss + 1 && !syncookie_check(tcp, seg, &seen)) {
		tcp->stats.bad_ack++;
		output_reset(tcp, seg);
		return false;
	}
	if (listener_find(tcp, &seen.flow.local) == NULL) {
		tcp->stats.no_listener++;
		output_reset(tcp, seg);
		entry_drop(tcp, entry);
		return false;
	}
	*conn = syn_complete(tcp, &seen);
	if (*conn == NULL) // our SYN-ACK goes out again, and the peer will answer it
		return false;
	entry_drop(tcp, entry);
	return true;
}

static void entry_expired(struct tcp *tcp, struct syn_entry *entry)
{
	if (entry->resends >= tcp->config.syn_retries || !seq_lt(entry->due_ms, entry->end_ms)) {
		tcp->stats.timed_out++;
		entry_drop(tcp, entry);
		return;
	}
	entry->resends++;
	entry->seen.options |= SYN_RESENT;
	tcp->stats.rto_expired++;
	tcp->stats.retransmits++;
	entry_wait(tcp, entry);
	entry_answer(tcp, entry);
}

void syncache_tick(struct tcp *tcp)
{
	int left = TCP_EXPIRIES_PER_TICK;
	for (int level = SYN_LEVELS - 1; level >= 0 && tcp->stats.half_open > 0; level--) {
		struct list *list = &tcp->syns->levels[level];
		while (!list_empty(list) && left-- > 0) {
			struct syn_entry *entry = list_entry(list->next, struct syn_entry, link);
			if (seq_lt((uint32_t)tcp->now_ms, entry->due_ms))
				break;
			entry_expired(tcp, entry);
		}
	}
}
