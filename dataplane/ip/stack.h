// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the files of ip/ share: the state of one worker's network layer, and the steps a packet
// takes through it.
//
//   ip_input -> eth -> arp -> neighbour          ip_output -> route -> neighbour -> eth -> transmit
//                   -> ip4 -> icmp -> output
//                          -> (tcp: the caller)
//                   -> ip6 -> icmp6 -> output
//                                   -> nd -> neighbour
//                          -> (tcp: the caller)

#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/list.h"
#include "dataplane/ip/ip.h"

enum neighbour_limit {
	NEIGHBOUR_BUCKETS = 2 * IP_NEIGHBOURS_MAX,
	NEIGHBOUR_NONE = IP_NEIGHBOURS_MAX, // an index that is none
	NEIGHBOUR_PENDING_TOTAL = 256,      // packets waiting for any neighbour
	NEIGHBOUR_PROBES_MAX = 3,
	NEIGHBOUR_PROBE_MS = 1000, // RFC 1122 2.3.2.1: at most one a second
	NEIGHBOUR_LOCK_MS = 1000,  // a confirmed address keeps its MAC that long
	NEIGHBOUR_AGE_MS = 1000,   // how finely the order of use is kept
	NEIGHBOUR_REACHABLE_MS = 30 * 1000,
	NEIGHBOUR_DELAY_MS = 5000,        // RFC 4861 10, DELAY_FIRST_PROBE_TIME
	NEIGHBOUR_UNUSED_MS = 300 * 1000, // then it is forgotten
};

enum fragment_limit {
	FRAGMENT_DATAGRAMS = 64, // being put together
	FRAGMENT_PER_SOURCE = 4,
	FRAGMENT_PARTS = 16,   // of one datagram
	FRAGMENT_BYTES = 2048, // of one datagram, behind what each fragment repeats
	FRAGMENT_UNIT = 8,
	// RFC 8200 4.5 and RFC 1122 3.3.2 allow a minute; on a way on which fragments are lost that
	// is for how long an attacker's would fill the table.
	FRAGMENT_TIMEOUT_MS = 2000,
};

enum announce_limit { ANNOUNCE_TIMES = 3, ANNOUNCE_MS = 1000 }; // RFC 4861 10

enum icmp_limit { ICMP_REPLIES_PER_SECOND = 100, ICMP_REPLIES_BURST = 50 };

enum neighbour_state {
	NEIGHBOUR_FREE,
	NEIGHBOUR_INCOMPLETE, // asked for; packets wait
	NEIGHBOUR_REACHABLE,
	NEIGHBOUR_PROBING, // in use, but its confirmation is old and being renewed
};

// What a flood can fill the table with goes first: neighbours that gave their address but were
// never sent to, then those that never answered; those in use last.
enum neighbour_rank { RANK_UNUSED, RANK_SILENT, RANK_ANSWERED, RANK_COUNT };

struct neighbour_entry {
	struct neighbour id;
	enum neighbour_state state;
	bool used;  // for output, ever
	bool stale; // never confirmed both ways: ask soon after it is used (RFC 4861 7.3.3)
	uint8_t probes;
	uint8_t n_pending;
	uint16_t next; // in its bucket, or in the free list
	uint64_t used_at, confirmed_at, probe_at;
	uint64_t ranked_at; // when it last came to the end of its rank
	struct list rank;
	struct pkt *pending; // oldest first; data at the IP header
};

struct neighbours {
	uint16_t buckets[NEIGHBOUR_BUCKETS];
	uint16_t free;
	uint32_t n_pending;
	struct list ranks[RANK_COUNT]; // all that are not free; oldest first
	struct neighbour_entry entries[IP_NEIGHBOURS_MAX];
};

// An address as it lies in memory, to be compared in two steps.
struct route_bits {
	uint64_t high, low;
};

// One on-link prefix.
struct route {
	struct route_bits net, mask;
	uint8_t prefix; // bits of struct ip_addr: an IPv4 prefix is ADDR_MAPPED_BITS longer
	uint8_t port;
	bool floating; // the prefix is the address itself
	bool answered; // who asks for the address is told our MAC
	struct ip_addr local;
};

struct hop {
	uint8_t port;
	struct ip_addr next;  // whose MAC is needed
	struct ip_addr local; // the source address to use
};

// What the fragments of one datagram have in common.
struct fragment_key {
	struct ip_addr source, dest;
	uint32_t id;
	uint8_t protocol; // 0 for IPv6 (RFC 8200 4.5)
};

struct fragment {
	struct fragment_key key;
	uint8_t protocol, ecn;
	bool more;
	uint32_t offset;  // in bytes
	struct span data; // what it brings
	struct span head; // what is before that: the header of IPv4, or those of IPv6
};

struct fragment_whole {
	uint8_t protocol, ecn;
};

struct fragments;

struct token_bucket {
	uint32_t tokens;
	uint64_t filled_at; // ms; 0: never
};

struct ip {
	struct ip_config config;
	struct ip_ops ops;
	struct pkt_pool *pool;
	struct ip_stats stats;
	uint8_t announced; // how often everyone was told of floating addresses
	uint64_t announce_at;
	uint32_t n_routes;
	struct route routes[IP_PORTS_MAX * (IP_ADDRS_MAX + 1)]; // longest prefix first
	// Where the last segment went: the next one is likely of the same connection, and routes
	// never change. `local` all zero: nowhere yet.
	struct {
		struct ip_addr local, remote;
		struct hop hop;
	} last;
	struct token_bucket icmp_bucket;
	struct neighbours neighbours;
	struct fragments *fragments; // the owner's only
};

struct ip4_header {
	uint8_t header_len, tos, protocol;
	uint16_t total_len, id, fragment;
	struct ip_addr source, dest;
};

struct ip6_header {
	uint8_t traffic_class, hop_limit;
	uint8_t protocol;     // of what is behind header_len bytes
	bool more;            // fragments follow
	uint16_t payload_len; // extension headers included
	uint16_t header_len;  // extension headers included, up to that of a fragment
	uint16_t next_at;     // where the field is that names `protocol`
	uint16_t fragment_at; // where the fragment header is; 0: there is none
	uint16_t offset;      // of a fragment, in bytes
	uint32_t fragment_id;
	struct ip_addr source, dest;
	bool has_problem;    // the sender is to be told
	uint8_t problem;     // enum icmp6_problem
	uint32_t problem_at; // which byte
};

// Is it a part of a datagram, and not in spite of its fragment header the whole (RFC 6946)?
static inline bool ip6_is_fragment(const struct ip6_header *header)
{
	return header->more || header->offset != 0;
}

// ms since `then`; 0 when a caller's clock is a little behind.
static inline uint64_t elapsed(uint64_t now_ms, uint64_t then)
{
	return now_ms > then ? now_ms - then : 0;
}

// Count, drop, done.
static inline enum ip_verdict ip_drop(struct pkt *pkt, uint64_t *counter)
{
	(*counter)++;
	pkt_put(pkt);
	return IP_CONSUMED;
}

void route_init(struct ip *ip);
// Is `addr` one of the port's own?
bool route_is_own(const struct ip *ip, uint8_t port, const struct ip_addr *addr);
// Is `addr` one of the port's, and one that it answers for when its MAC is asked?
bool route_is_answered(const struct ip *ip, uint8_t port, const struct ip_addr *addr);
// Does the port listen to this group of IPv6 (RFC 4291 2.8)?
bool route_is_member(const struct ip *ip, uint8_t port, const struct ip_addr *group);
// Is `addr` on the port's link: in one of its prefixes, or its gateway?
bool route_is_on_link(const struct ip *ip, uint8_t port, const struct ip_addr *addr);
// Can one other host have this address (RFC 1122 3.2.1.3, RFC 4291 2.4)? Neither a group, a
// broadcast, the loopback network, nobody's, nor our own.
bool route_is_peer(const struct ip *ip, const struct ip_addr *addr);
// The port's own address to use towards its neighbour `next`; NULL when the port has none.
const struct ip_addr *route_source(const struct ip *ip, uint8_t port, const struct ip_addr *next);
// The way to `remote`; through the port that owns `local`, unless that is NULL.
// Returns 0 or -EHOSTUNREACH.
int route_find(
	const struct ip *ip, const struct ip_addr *local, const struct ip_addr *remote,
	struct hop *hop
) must_check;

// Prepend the Ethernet header and give the packet to its port. Takes over the reference.
void eth_transmit(
	struct ip *ip, struct pkt *pkt, uint8_t port, const struct eth_addr *dest, uint16_t type
);
// May an Ethernet frame come from, and go to, this address: one station's, not all zero?
bool eth_is_station(const struct eth_addr *addr);

// One ARP packet behind its Ethernet header. Takes over the reference.
enum ip_verdict arp_input(struct ip *ip, struct pkt *pkt, uint64_t now_ms);
// Ask for `neighbour`: everyone, or only its last known MAC.
void arp_request(struct ip *ip, const struct neighbour *neighbour, bool unicast);
// Tell everyone that the port's address `own` is here.
void arp_announce(struct ip *ip, uint8_t port, const struct ip_addr *own);

void neighbour_init(struct ip *ip);
void neighbour_fini(struct ip *ip);
// NULL when unknown.
struct neighbour_entry *neighbour_find(struct ip *ip, uint8_t port, const struct ip_addr *addr);
// Send an IP datagram to its next hop, or queue it until that is known. Takes over the reference.
// Returns 0 or ERR_POOL_EMPTY.
int neighbour_output(struct ip *ip, struct pkt *pkt, const struct hop *hop, uint64_t now_ms)
	must_check;
// The entry's MAC is known for now: release what waits, tell the replicas.
void neighbour_confirm(
	struct ip *ip, struct neighbour_entry *entry, const struct eth_addr *mac, uint64_t now_ms
);
// Someone not asked for gave its MAC. Returns false when it was not believed. That an address in
// use has moved is not believed either, but it makes us ask the MAC that we know.
bool neighbour_learn(struct ip *ip, const struct neighbour *neighbour, uint64_t now_ms);
void neighbour_tick(struct ip *ip, uint64_t now_ms);

// One message of ND behind its IPv6 header, its checksum right. Takes over the reference.
enum ip_verdict nd_input(
	struct ip *ip, struct pkt *pkt, const struct ip6_header *header, uint64_t now_ms
);
// Is the datagram, data at its IPv6 header, such a message?
bool nd_is_for_owner(const struct pkt *pkt, const struct ip6_header *header);
// Ask for `neighbour`: all whose address ends like it, or only its last known MAC.
void nd_solicit(struct ip *ip, const struct neighbour *neighbour, bool unicast);
// Tell everyone that the port's address `own` is here.
void nd_announce(struct ip *ip, uint8_t port, const struct ip_addr *own, uint64_t now_ms);
// The group that is asked for `addr` (RFC 4291 2.7.1).
struct ip_addr nd_group(const struct ip_addr *addr);

// Returns 0 or -ENOMEM.
int fragment_init(struct ip *ip) must_check;
void fragment_fini(struct ip *ip);
// One fragment, for the owner. True when it completes a datagram: then `pkt` has what was in
// fragments, and Out: *whole. Else takes over the reference.
bool fragment_input(
	struct ip *ip, struct pkt *pkt, const struct fragment *part, uint64_t now_ms,
	struct fragment_whole *whole
);
void fragment_tick(struct ip *ip, uint64_t now_ms);
uint64_t fragment_memory_held(const struct ip *ip);

// The next four bytes; 0.0.0.0 and `bad` when there are fewer.
struct ip_addr ip4_read_addr(struct cursor *c);
// One IPv4 datagram behind its Ethernet header. See ip_input.
enum ip_verdict ip4_input(
	struct ip *ip, struct pkt *pkt, uint64_t now_ms, struct ip_segment *segment
);
// Read an IPv4 header with its options; leaves the cursor behind them. `total_len` is not compared
// with what the cursor holds. Returns NULL, or the counter of the rule that was broken.
uint64_t *ip4_parse(struct ip *ip, struct cursor *c, struct ip4_header *header);
// Prepend an IPv4 header and send. Takes over the reference. Returns as ip_output; what is dropped
// is counted.
int ip4_output(
	struct ip *ip, struct pkt *pkt, uint8_t protocol, const struct ip_addr *remote,
	const struct hop *hop, uint64_t now_ms
);

// The next sixteen bytes; all zero and `bad` when there are fewer.
struct ip_addr ip6_read_addr(struct cursor *c);
// One IPv6 datagram behind its Ethernet header, which was `group_frame` sent to a group. See
// ip_input.
enum ip_verdict ip6_input(
	struct ip *ip, struct pkt *pkt, bool group_frame, uint64_t now_ms,
	struct ip_segment *segment
);
// Read an IPv6 header without its extensions. Returns NULL, or the counter of the rule that was
// broken.
uint64_t *ip6_parse(struct ip *ip, struct cursor *c, struct ip6_header *header);
// Prepend an IPv6 header; false when there is no room.
bool ip6_push(
	struct pkt *pkt, uint8_t protocol, uint8_t hop_limit, const struct ip_addr *source,
	const struct ip_addr *dest
) must_check;
// Prepend an IPv6 header and send. Takes over the reference. Returns as ip_output; what is dropped
// is counted.
int ip6_output(
	struct ip *ip, struct pkt *pkt, uint8_t protocol, uint8_t hop_limit,
	const struct ip_addr *remote, const struct hop *hop, uint64_t now_ms
);

// Tell the sender of the fragment `about`, data at its IP header, that the others did not come.
void icmp_reassembly_error(struct ip *ip, const struct pkt *about, uint64_t now_ms);
void icmp6_reassembly_error(struct ip *ip, const struct pkt *about, uint64_t now_ms);

// May one more answer be sent now? ICMP of both families shares the budget.
bool icmp_may_answer(struct ip *ip, uint64_t now_ms);
// One ICMPv6 message behind its IPv6 headers. Takes over the reference.
enum ip_verdict icmp6_input(
	struct ip *ip, struct pkt *pkt, const struct ip6_header *header, uint64_t now_ms
);
// Tell the sender of `about`, data at its IPv6 header, that it was dropped, if RFC 4443 2.4 (e) and
// (f) allow.
void icmp6_error(
	struct ip *ip, const struct pkt *about, const struct ip6_header *header, uint8_t type,
	uint8_t code, uint32_t value, uint64_t now_ms
);
// Fill in the checksum of a message that is complete.
void icmp6_seal(struct pkt *pkt, const struct ip_addr *source, const struct ip_addr *dest);

// One ICMP message behind its IPv4 header. Takes over the reference.
enum ip_verdict icmp_input(
	struct ip *ip, struct pkt *pkt, const struct ip4_header *header, uint64_t now_ms
);
