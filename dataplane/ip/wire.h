// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Numbers of the wire formats, and how fields are written. Fields are read through the cursor.

#pragma once

#include <stdint.h>

enum eth_wire {
	ETH_HEADER = 14,
	ETH_TYPE_IP4 = 0x0800,
	ETH_TYPE_ARP = 0x0806,
	ETH_TYPE_IP6 = 0x86dd,
};

// RFC 826, for Ethernet and IPv4.
enum arp_wire {
	ARP_PACKET = 28,
	ARP_HARDWARE_ETHERNET = 1,
	ARP_REQUEST = 1,
	ARP_REPLY = 2,
};

enum ip4_wire {
	IP4_HEADER = 20,
	IP4_VERSION = 4,
	IP4_TTL = 64, // RFC 1700
	IP4_DONT_FRAGMENT = 0x4000,
	IP4_MORE_FRAGMENTS = 0x2000,
	IP4_FRAGMENT_OFFSET = 0x1fff,
	IP4_ECN = 3,
	IP4_OPTION_END = 0,
	IP4_OPTION_NOP = 1,
	IP4_OPTION_LOOSE_ROUTE = 131,
	IP4_OPTION_STRICT_ROUTE = 137,
	IP4_PROTOCOL_ICMP = 1,
	IP4_PROTOCOL_TCP = 6,
};

enum icmp_wire {
	ICMP_HEADER = 8,
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
	ICMP_CODE_FRAGMENTATION_NEEDED = 4,
};

enum tcp_wire { TCP_HEADER = 20, TCP_DATA_OFFSET_AT = 12, TCP_CHECKSUM_AT = 16 };

static inline void put_be16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}
