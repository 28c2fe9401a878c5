// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One worker's network layer: Ethernet; IPv4 with ARP and ICMP; IPv6 with ND and ICMPv6. Packets
// and time in, packets out; no I/O.
//
// Neighbours have one owner (worker 0); the others hold replicas. What a worker cannot do itself it
// asks for through `struct ip_ops`: resolve (ask the owner), publish (the owner tells everyone).

#pragma once

#include "dataplane/base/addr.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/pkt.h"

enum ip_limit {
	IP_PORTS_MAX = 8,
	IP_ADDRS_MAX = 32, // per port
	IP_NEIGHBOURS_MAX = 1024,
	IP_PENDING_MAX = 4, // packets waiting for one neighbour (RFC 1122 2.3.2.2 asks for one)
};

struct eth_addr {
	uint8_t b[6];
};

struct ip_port_config {
	struct eth_addr mac;
	uint16_t mtu;        // bytes of IP
	uint16_t tx_offload; // PKT_TX_IP_CSUM | PKT_TX_TCP_CSUM where the port can
	uint8_t n_addrs;
	struct {
		struct ip_addr addr;
		uint8_t prefix; // bits, of the family
		// Not the port's own: delivered to it by a load balancer, or moved between hosts.
		// Nothing is on its link, and who asks for it gets no answer, unless `announced`:
		// then everyone is told when we start, and answered.
		bool floating, announced;
	} addrs[IP_ADDRS_MAX];
	uint16_t vlan;                    // 802.1Q; 0: frames have no tag
	struct ip_addr gateway, gateway6; // one a family; all zero: none
};

struct neighbour {
	uint8_t port;
	struct ip_addr addr;
	struct eth_addr mac;
};

struct ip_stats {
	uint64_t rx, rx_tcp, rx_arp, rx_icmp, tx;
	uint64_t drop_short, drop_version, drop_length, drop_ip_checksum, drop_l4_checksum,
		drop_fragment, drop_not_ours, drop_protocol, drop_source, drop_options;
	uint64_t drop_no_route, drop_no_neighbour, drop_pending_full, drop_too_big, drop_no_memory;
	uint64_t arp_requests_sent, arp_replies_sent, arp_refused, icmp_limited;
	uint64_t rx_nd, nd_solicitations_sent, nd_advertisements_sent, nd_refused;
	uint64_t drop_vlan, announcements_sent;
	// Others that claimed an address in use (spoofing, or it has moved); neighbours that had to
	// make room for one.
	uint64_t neighbour_conflicts, neighbour_evicted;
	uint64_t drop_extension, icmp_errors_sent;
	// drop_fragment counts those of a datagram that is given up, and malformed ones.
	uint64_t rx_fragments, reassembled, fragment_twice, fragment_overlap, fragment_tiny,
		fragment_too_long, fragment_too_many, fragment_evicted, fragment_expired;
};

struct ip;

struct ip_ops {
	// Hand a finished frame to the port `pkt->port`. Takes over the reference.
	void (*transmit)(void *ctx, struct pkt *pkt);
	// Replica only: ask the owner to resolve (addr, port).
	void (*resolve)(void *ctx, uint8_t port, const struct ip_addr *addr);
	// Owner only: a neighbour was learnt or changed; every replica gets ip_neighbour_set.
	void (*publish)(void *ctx, const struct neighbour *neighbour);
	// An ICMP error that quotes one of our TCP segments (RFC 792, 1191, 5927): the flow, the
	// quoted sequence number, ICMP type and code (of ICMPv6 too in the numbers of ICMP, as RFC
	// 7915 5.2 translates them), and the next-hop MTU (0 when the message gives none).
	void (*tcp_error
	)(void *ctx, const struct endpoint *local, const struct endpoint *remote, uint32_t seq,
	  uint8_t type, uint8_t code, uint16_t mtu);
	void *ctx;
};

struct ip_config {
	bool owner;          // of the neighbour table
	struct hash_key key; // random: neighbours of IPv6 choose their addresses freely
	uint8_t n_ports;
	struct ip_port_config ports[IP_PORTS_MAX];
};

// What ip_input made of a packet.
enum ip_verdict {
	IP_CONSUMED, // taken over: answered, queued or dropped
	IP_TCP,      // a TCP segment for us; checked; still the caller's packet
	// Only the neighbour owner may handle it (ARP, ND and fragments at a replica); still the
	// caller's, as it came.
	IP_OWNER,
};

// Addresses of a segment; its `data` starts at the TCP header and `len` ends with the IP datagram.
struct ip_segment {
	struct endpoint local; // ports 0: tcp/ reads them
	struct endpoint remote;
	uint8_t ecn; // bits of the traffic class
};

// Returns NULL when memory is short or `config` exceeds the limits above. `config` is copied. Free
// with ip_free.
struct ip *ip_new(const struct ip_config *config, const struct ip_ops *ops, struct pkt_pool *pool)
	must_check;
void ip_free(struct ip *ip);

// One frame, starting at its Ethernet header. Out: *segment, with IP_TCP only.
enum ip_verdict ip_input(
	struct ip *ip, struct pkt *pkt, uint64_t now_ms, struct ip_segment *segment
);

// Whose TCP segment a frame seems to be, for fetching ahead what it will need: nothing is checked,
// and nothing may depend on it. Out: *local, *remote. False for what has IP options, extension
// headers or no TCP.
bool ip_peek(const struct pkt *pkt, struct endpoint *local, struct endpoint *remote);

// Send one TCP segment: `pkt->data` starts at the TCP header, its checksum field zero; headers are
// prepended, checksums filled in or left to the port. Of the flags only PKT_TX_ECT counts. Takes
// over the reference; may queue the packet until the neighbour is known. Returns 0, or
// -EHOSTUNREACH, -EMSGSIZE, ERR_POOL_EMPTY.
int ip_output(
	struct ip *ip, struct pkt *pkt, const struct ip_addr *local, const struct ip_addr *remote,
	uint64_t now_ms
) must_check;

// The address and MTU with which `remote` would be reached; returns 0 or -EHOSTUNREACH.
int ip_route(
	const struct ip *ip, const struct ip_addr *remote, struct ip_addr *local, uint16_t *mtu
) must_check;

// A replica's answer to ip_ops.publish; releases what waited for it.
void ip_neighbour_set(struct ip *ip, const struct neighbour *neighbour, uint64_t now_ms);
// The owner's answer to a replica's resolve.
void ip_resolve(struct ip *ip, uint8_t port, const struct ip_addr *addr, uint64_t now_ms);

// Timers: ARP retries, announcements (RFC 5227 3, RFC 4861 7.2.6), fragments, ageing, pending
// packets. Call about every 100 ms.
void ip_tick(struct ip *ip, uint64_t now_ms);

const struct ip_stats *ip_stats(const struct ip *ip);
// Bytes that wait for neighbours or for the other fragments, each packet counted as the whole
// buffer that it pins.
uint64_t ip_memory_held(const struct ip *ip);
