// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/ip/checksum.h"

#include <arpa/inet.h>

uint64_t checksum_add(uint64_t sum, const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t other = 0;
	uint32_t word, words[4];

	// Two sums, so that one addition need not wait for the other.
	for (; n >= sizeof(words); n -= sizeof(words), p += sizeof(words)) {
		memcpy(words, p, sizeof(words));
		sum += (uint64_t)words[0] + words[1];
		other += (uint64_t)words[2] + words[3];
	}
	sum += other;
	for (; n >= sizeof(word); n -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum += word;
	}
	if (n > 0) {
		word = 0;
		memcpy(&word, p, n);
		sum += word;
	}
	return sum;
}

uint64_t checksum_pkt(const struct pkt *pkt)
{
	uint64_t sum = checksum_add(0, pkt->data, pkt->len);
	uint64_t rest = checksum_add(0, pkt->payload_data, pkt->payload_len);

	// Behind an odd number of bytes the halves of every word change places.
	if (pkt->len % 2 != 0)
		rest = __builtin_bswap16(checksum_fold(rest));
	return sum + rest;
}

uint64_t checksum_pseudo(
	const struct ip_addr *source, const struct ip_addr *dest, uint8_t protocol, uint32_t len
)
{
	// What is before an IPv4 address in its mapped form is 0xffff: nothing, to this sum.
	uint64_t sum = (uint64_t)htonl(protocol) + htonl(len);
	uint32_t words[2 * sizeof(*source) / sizeof(uint32_t)];

	memcpy(words, source, sizeof(*source));
	memcpy(words + sizeof(*source) / sizeof(words[0]), dest, sizeof(*dest));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		sum += words[i];
	return sum;
}

uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)sum;
}
