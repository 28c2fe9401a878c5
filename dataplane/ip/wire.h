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
	ETH_TYPE_VLAN = 0x8100,    // IEEE 802.1Q
	ETH_TYPE_SERVICE = 0x88a8, // 802.1ad, a tag before a tag
	ETH_TAG = 4,
	ETH_VLAN_ID = 0xfff, // of a tag; 0: it says no more than a priority
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
	IP4_FRAGMENT_OFFSET = 0x1fff, // units of 8 bytes
	IP4_OPTION_END = 0,
	IP4_OPTION_NOP = 1,
	IP4_OPTION_LOOSE_ROUTE = 131,
	IP4_OPTION_STRICT_ROUTE = 137,
};

enum ip_wire {
	IP_ECN = 3, // of the type of service, or traffic class
	IP_ECT_0 = 2,
	IP_PROTOCOL_ICMP = 1,
	IP_PROTOCOL_TCP = 6,
	IP_PROTOCOL_ICMP6 = 58,
};

// RFC 8200.
enum ip6_wire {
	IP6_HEADER = 40,
	IP6_VERSION = 6,
	IP6_PAYLOAD_LEN_AT = 4,
	IP6_NEXT_AT = 6,    // the field that names what follows the header
	IP6_HOP_LIMIT = 64, // RFC 1700
	IP6_MTU_MIN = 1280,
	IP6_HOP_BY_HOP = 0,
	IP6_ROUTING = 43,
	IP6_FRAGMENT = 44,
	IP6_NO_NEXT = 59,
	IP6_DESTINATION = 60,
	IP6_OPTION_PAD1 = 0,
	IP6_FRAGMENT_HEADER = 8,
	IP6_FRAGMENT_OFFSET = 0xfff8, // of its field, which counts units of 8 in bytes so
	IP6_FRAGMENT_MORE = 1,
};

enum icmp_wire {
	ICMP_HEADER = 8,
	ICMP_CHECKSUM_AT = 2,
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
	ICMP_CODE_REASSEMBLY = 1, // of time exceeded
	ICMP_CODE_HOST = 1,
	ICMP_CODE_PROTOCOL = 2,
	ICMP_CODE_PORT = 3,
	ICMP_CODE_FRAGMENTATION_NEEDED = 4,
};

// RFC 4443.
enum icmp6_wire {
	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_PARAMETER_PROBLEM = 4,
	ICMP6_FIRST_INFORMATIONAL = 128, // errors are below
	ICMP6_ECHO = 128,
	ICMP6_ECHO_REPLY = 129,
	ICMP6_REDIRECT = 137,
	ICMP6_CODE_PORT = 4,
	ICMP6_CODE_REASSEMBLY = 1, // of time exceeded
};

enum icmp6_problem {
	ICMP6_PROBLEM_FIELD,
	ICMP6_PROBLEM_NEXT_HEADER,
	ICMP6_PROBLEM_OPTION,
	ICMP6_PROBLEM_FIRST_FRAGMENT, // RFC 7112
};

// RFC 4861.
enum nd_wire {
	ND_MESSAGE = 24, // without options
	ND_SOLICITATION = 135,
	ND_ADVERTISEMENT = 136,
	ND_SOLICITED = 0x40,
	ND_OVERRIDE = 0x20,
	ND_OPTION_SOURCE = 1,
	ND_OPTION_TARGET = 2,
	ND_HOP_LIMIT = 255,
};

enum tcp_wire { TCP_HEADER = 20, TCP_DATA_OFFSET_AT = 12, TCP_CHECKSUM_AT = 16 };

static inline void put_be16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}
