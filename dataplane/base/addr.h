// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// IP addresses and endpoints. An IPv4 address is held in its IPv4-mapped form (RFC 4291 2.5.5.2),
// so that nothing above ip/ knows the family.

#pragma once

#include "dataplane/base/err.h"
#include "dataplane/base/span.h"

struct ip_addr {
	uint8_t b[16];
};

struct endpoint {
	struct ip_addr addr;
	uint16_t port; // host byte order
};

enum addr_size {
	ADDR_TEXT_MAX = 64,
	ADDR_BITS = 128,
	ADDR_MAPPED_BITS = 96, // of an IPv4 address, before it
};

// From an IPv4 address in network byte order.
static inline struct ip_addr addr_from_v4(uint32_t be)
{
	struct ip_addr a = {{[10] = 0xff, [11] = 0xff}};
	memcpy(a.b + 12, &be, 4);
	return a;
}

static inline bool addr_is_v4(const struct ip_addr *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	return memcmp(a->b, mapped, 12) == 0;
}

// The IPv4 address in network byte order; only for addr_is_v4.
static inline uint32_t addr_v4(const struct ip_addr *a)
{
	uint32_t be;
	memcpy(&be, a->b + 12, 4);
	return be;
}

// RFC 4291 2.7: a group of IPv6.
static inline bool addr_is_group(const struct ip_addr *a)
{
	return a->b[0] == 0xff;
}

// RFC 4291 2.5.6: means something on one link only.
static inline bool addr_is_link_local(const struct ip_addr *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

// Nobody's: all zero, or 0.0.0.0.
static inline bool addr_is_any(const struct ip_addr *a)
{
	static const uint8_t any[sizeof(a->b)], any_v4[sizeof(a->b)] = {[10] = 0xff, [11] = 0xff};
	return memcmp(a->b, any, sizeof(any)) == 0 || memcmp(a->b, any_v4, sizeof(any)) == 0;
}

static inline bool addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

// Are both of one family, and the first `bits`, of ADDR_BITS, the same? So ::/0 is all of IPv6 and
// nothing of IPv4.
bool addr_has_prefix(const struct ip_addr *addr, const struct ip_addr *net, unsigned int bits);

// Parse "10.0.1.4" or an IPv6 address. Returns 0 or ERR_MALFORMED; *out is written on success only.
int addr_parse(const char *text, struct ip_addr *out) must_check;
// Parse "10.0.1.4/24". Out: *addr, *prefix (bits; of the family written).
int addr_parse_prefix(const char *text, struct ip_addr *addr, uint8_t *prefix) must_check;
// Print the address, or address:port, into `out`, which it returns.
const char *addr_text(const struct ip_addr *addr, char out[static ADDR_TEXT_MAX]);
const char *endpoint_text(const struct endpoint *endpoint, char out[static ADDR_TEXT_MAX]);
