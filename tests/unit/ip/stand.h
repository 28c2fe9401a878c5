// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One ip stack between two imaginary links, with everything it gave away on record.
//
//   port 0: 10.0.0.1/24, gateway 10.0.0.254        port 1: 10.1.0.1/16, 10.1.0.2/16, no gateway
//           2001:db8::1/64, fe80::ff:fe00:1                2001:db8:1::1/64, fe80::ff:fe00:101
//           gateway fe80::fe

#pragma once

#include "dataplane/ip/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { STAND_SENT_MAX = 4096, FRAME_MAX = 2000, STAND_PKTS = 4096 };

struct frame {
	size_t n;
	uint8_t b[FRAME_MAX];
};

struct tcp_error {
	struct endpoint local, remote;
	uint32_t seq;
	uint8_t type, code;
	uint16_t mtu;
};

struct stand {
	struct ip *ip;
	struct pkt_pool *pool;
	uint64_t now;
	unsigned int n_sent, n_resolved, n_published, n_errors;
	struct pkt *sent[STAND_SENT_MAX];
	struct ip_addr resolved; // the last one
	struct neighbour published;
	struct tcp_error error;
	struct ip_segment segment; // of the last IP_TCP
	struct pkt *left;          // what the last ip_input left to its caller
};

extern const struct eth_addr stand_mac[2], stand_peer_mac, stand_other_mac;

struct ip_config stand_config(bool owner, uint16_t tx_offload);
struct stand *stand_from(const struct ip_config *config);
struct stand *stand_new(bool owner, uint16_t tx_offload); // of both
// Fails the test when a packet was lost.
void stand_free(struct stand *stand);
// Forget what was sent.
void stand_clear(struct stand *stand);

// Give the frame to the port. Trailing bytes and rx flags are the caller's choice.
enum ip_verdict stand_receive(
	struct stand *stand, uint8_t port, const struct frame *frame, uint16_t flags
);
// A TCP segment of 20 bytes and `payload` for ip_output.
struct pkt *stand_segment(struct stand *stand, struct span payload);

// ip_output of a segment without data. Returns its result.
int stand_send(struct stand *stand, const char *local, const char *remote);

struct ip_addr addr(const char *text);

// ARP: `operation` from (mac, sender) for `target`, to the port's MAC.
struct frame frame_arp(
	uint8_t port, uint16_t operation, const struct eth_addr *mac, const char *sender,
	const char *target
);
// An IPv4 datagram to the port's MAC, with `payload` behind `options` (a multiple of 4 bytes).
struct frame frame_ip4(
	uint8_t port, const char *source, const char *dest, uint8_t protocol, struct span options,
	struct span payload
);
// Make the header checksum right again after a change.
void frame_ip4_seal(struct frame *frame);
// A TCP segment without data whose checksum is right.
struct frame frame_tcp(uint8_t port, const char *source, const char *dest);
// An ICMP message whose checksum is right.
struct frame frame_icmp(
	uint8_t port, const char *source, const char *dest, uint8_t type, uint8_t code,
	uint32_t rest, struct span body
);

// An IPv6 datagram to the port's MAC, or for a group to the group's, with `payload` behind the
// header. `protocol` is the first that follows it.
struct frame frame_ip6(
	uint8_t port, const char *source, const char *dest, uint8_t protocol, uint8_t hop_limit,
	struct span payload
);
// A TCP segment without data whose checksum is right, behind `extensions`.
struct frame frame_tcp6(
	const char *source, const char *dest, uint8_t protocol, struct span extensions
);
// An ICMPv6 message whose checksum is right.
struct frame frame_icmp6(
	const char *source, const char *dest, uint8_t hop_limit, uint8_t type, uint8_t code,
	uint32_t rest, struct span body
);

// The Internet checksum computed byte by byte, as the RFC explains it and not as ip/ does it.
uint16_t plain_checksum(uint32_t start, const uint8_t *bytes, size_t n);
uint32_t plain_pseudo(const uint8_t *ip4_header, size_t len);
uint32_t plain_pseudo6(const uint8_t *ip6_header, uint8_t protocol, size_t len);
