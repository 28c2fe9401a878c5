// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Reassembly of both families (RFC 791 3.2, RFC 8200 4.5), by the owner only: fragments carry no
// ports, so that each might come to another worker. The bytes are copied; of a fragment nothing is
// kept. What overlaps ends its datagram and all that is still to come of it (RFC 5722); a fragment
// that came twice does not, for networks do that. A datagram that a packet buffer could not hold is
// not put together.

#include "dataplane/ip/stack.h"
#include "dataplane/ip/wire.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { HEAD_MAX = 60 }; // the longest header of IPv4; of IPv6 with a fragment header it is 48

enum datagram_state {
	DATAGRAM_FREE,
	DATAGRAM_OPEN,
	DATAGRAM_BROKEN, // its other fragments are dropped too
};

struct range {
	uint16_t begin, end;
};

struct datagram {
	enum datagram_state state;
	struct fragment_key key;
	uint64_t begun_ms;
	uint8_t protocol; // of the first fragment
	uint8_t ecn;      // the first fragment's
	uint8_t ecn_seen; // a bit for each of the four
	uint8_t port;
	uint16_t have; // bytes
	uint16_t len;  // 0: the last fragment has not come
	uint8_t n_ranges;
	uint8_t head_len; // 0: the first fragment has not come, or cannot be quoted
	struct range ranges[FRAGMENT_PARTS];
	uint8_t head[HEAD_MAX]; // what was before the bytes of the first fragment, to quote it
	uint8_t bytes[FRAGMENT_BYTES];
};
static_assert((int)FRAGMENT_BYTES <= (int)PKT_DATAROOM);

struct fragments {
	struct datagram datagrams[FRAGMENT_DATAGRAMS];
};

int fragment_init(struct ip *ip)
{
	if (!ip->config.owner)
		return 0;
	ip->fragments = calloc(1, sizeof(*ip->fragments));
	return ip->fragments == NULL ? -ENOMEM : 0;
}

void fragment_fini(struct ip *ip)
{
	free(ip->fragments);
	ip->fragments = NULL;
}

static bool key_equal(const struct fragment_key *a, const struct fragment_key *b)
{
	return a->id == b->id && a->protocol == b->protocol && addr_equal(&a->source, &b->source) &&
	       addr_equal(&a->dest, &b->dest);
}

// The datagram's place; else an empty one, which the oldest of the same source, or of all, may have
// to leave.
static struct datagram *place(struct ip *ip, const struct fragment_key *key)
{
	struct datagram *empty = NULL, *oldest = NULL, *oldest_here = NULL;
	unsigned int here = 0;

	for (struct datagram *d = ip->fragments->datagrams;
	     d < ip->fragments->datagrams + FRAGMENT_DATAGRAMS; d++) {
		if (d->state == DATAGRAM_FREE) {
			empty = d;
			continue;
		}
		if (key_equal(&d->key, key))
			return d;
		if (oldest == NULL || d->begun_ms < oldest->begun_ms)
			oldest = d;
		if (!addr_equal(&d->key.source, &key->source))
			continue;
		here++;
		if (oldest_here == NULL || d->begun_ms < oldest_here->begun_ms)
			oldest_here = d;
	}
	struct datagram *out = here >= FRAGMENT_PER_SOURCE ? oldest_here
			       : empty != NULL             ? empty
							   : oldest;
	if (out->state != DATAGRAM_FREE)
		ip->stats.fragment_evicted++;
	out->state = DATAGRAM_FREE;
	return out;
}

static void begin(struct datagram *d, const struct fragment *part, uint8_t port, uint64_t now_ms)
{
	d->state = DATAGRAM_OPEN;
	d->key = part->key;
	d->begun_ms = now_ms;
	d->port = port;
	d->ecn_seen = d->n_ranges = d->head_len = 0;
	d->have = d->len = 0;
}

enum fit { FIT_NEW, FIT_TWICE, FIT_NOT };

static enum fit fit(const struct datagram *d, const struct fragment *part, struct range range)
{
	if (d->len != 0 && (range.end > d->len || part->more != (range.end < d->len)))
		return FIT_NOT;
	for (uint8_t i = 0; i < d->n_ranges; i++) {
		const struct range *have = &d->ranges[i];
		if (have->begin == range.begin && have->end == range.end)
			return memcmp(d->bytes + range.begin, part->data.p, part->data.n) == 0
				       ? FIT_TWICE
				       : FIT_NOT;
		if (range.begin < have->end && have->begin < range.end)
			return FIT_NOT;
		if (!part->more && range.end < have->end)
			return FIT_NOT;
	}
	return FIT_NEW;
}

static void take(struct datagram *d, const struct fragment *part, struct range range)
{
	memcpy(d->bytes + range.begin, part->data.p, part->data.n);
	d->ranges[d->n_ranges++] = range;
	d->have = (uint16_t)(d->have + part->data.n);
	d->ecn_seen |= (uint8_t)(1 << part->ecn);
	if (!part->more)
		d->len = range.end;
	if (range.begin != 0)
		return;
	d->protocol = part->protocol;
	d->ecn = part->ecn;
	if (part->head.n <= sizeof(d->head)) {
		memcpy(d->head, part->head.p, part->head.n);
		d->head_len = (uint8_t)part->head.n;
	}
}

// RFC 3168 5.3. Returns false when the datagram must be dropped.
static bool ecn_combine(const struct datagram *d, uint8_t *ecn)
{
	enum { NOT_ECT = 0, CE = 3 };
	bool ce = (d->ecn_seen & 1 << CE) != 0;

	if (ce && (d->ecn_seen & 1 << NOT_ECT) != 0)
		return false;
	*ecn = ce ? CE : d->ecn;
	return true;
}

static uint64_t *give_up(struct datagram *d, uint64_t *counter)
{
	d->state = DATAGRAM_BROKEN;
	return counter;
}

// Returns NULL, or the counter of why the fragment is dropped.
static uint64_t *add(struct ip *ip, struct datagram *d, const struct fragment *part)
{
	if (d->state == DATAGRAM_BROKEN)
		return &ip->stats.drop_fragment;
	if (part->offset + part->data.n > FRAGMENT_BYTES)
		return give_up(d, &ip->stats.fragment_too_long);
	struct range range = {part->offset, (uint16_t)(part->offset + part->data.n)};
	switch (fit(d, part, range)) {
	case FIT_NOT:
		return give_up(d, &ip->stats.fragment_overlap);
	case FIT_TWICE:
		return &ip->stats.fragment_twice;
	case FIT_NEW:
		break;
	}
	if (d->n_ranges == FRAGMENT_PARTS)
		return give_up(d, &ip->stats.fragment_too_many);
	take(d, part, range);
	return NULL;
}

// The last fragment's packet becomes the datagram's.
static void fill(struct pkt *pkt, const struct datagram *d)
{
	pkt->data = pkt->base + PKT_HEADROOM;
	pkt->len = d->len;
	memcpy(pkt->data, d->bytes, d->len);
	pkt->flags = 0; // a port looks at fragments, not at the whole
}

bool fragment_input(
	struct ip *ip, struct pkt *pkt, const struct fragment *part, uint64_t now_ms,
	struct fragment_whole *whole
)
{
	ip->stats.rx_fragments++;
	if (part->data.n == 0 || (part->more && part->data.n % FRAGMENT_UNIT != 0)) {
		ip_drop(pkt, &ip->stats.drop_fragment);
		return false;
	}
	struct datagram *d = place(ip, &part->key);
	if (d->state == DATAGRAM_FREE)
		begin(d, part, pkt->port, now_ms);
	uint64_t *fault = add(ip, d, part);
	if (fault == NULL && d->have == d->len && !ecn_combine(d, &whole->ecn))
		fault = give_up(d, &ip->stats.drop_fragment);
	if (fault != NULL) {
		ip_drop(pkt, fault);
		return false;
	}
	if (d->have != d->len) {
		pkt_put(pkt);
		return false;
	}
	fill(pkt, d);
	whole->protocol = d->protocol;
	d->state = DATAGRAM_FREE;
	ip->stats.reassembled++;
	return true;
}

// The sender is told if the first fragment came (RFC 1122 3.3.2, RFC 8200 4.5).
static void tell(struct ip *ip, const struct datagram *d, uint64_t now_ms)
{
	struct pkt *about = d->head_len == 0 ? NULL : pkt_get(ip->pool);
	uint32_t n = 0;

	if (about == NULL)
		return;
	for (uint8_t i = 0; i < d->n_ranges; i++)
		if (d->ranges[i].begin == 0)
			n = d->ranges[i].end;
	about->port = d->port;
	uint8_t *p = pkt_extend(about, d->head_len + n);
	if (p != NULL) {
		memcpy(p, d->head, d->head_len);
		memcpy(p + d->head_len, d->bytes, n);
		if (addr_is_v4(&d->key.source))
			icmp_reassembly_error(ip, about, now_ms);
		else
			icmp6_reassembly_error(ip, about, now_ms);
	}
	pkt_put(about);
}

void fragment_tick(struct ip *ip, uint64_t now_ms)
{
	for (unsigned int i = 0; ip->fragments != NULL && i < FRAGMENT_DATAGRAMS; i++) {
		struct datagram *d = &ip->fragments->datagrams[i];
		if (d->state == DATAGRAM_FREE || elapsed(now_ms, d->begun_ms) < FRAGMENT_TIMEOUT_MS)
			continue;
		if (d->state == DATAGRAM_OPEN) {
			ip->stats.fragment_expired++;
			tell(ip, d, now_ms);
		}
		d->state = DATAGRAM_FREE;
	}
}

uint64_t fragment_memory_held(const struct ip *ip)
{
	uint64_t held = 0;

	for (unsigned int i = 0; ip->fragments != NULL && i < FRAGMENT_DATAGRAMS; i++)
		if (ip->fragments->datagrams[i].state != DATAGRAM_FREE)
			held += sizeof(struct datagram);
	return held;
}
