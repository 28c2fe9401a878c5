// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/ip/checksum.h"

#include <arpa/inet.h>
#include <emmintrin.h>

enum { STRIDE = 2 * sizeof(__m128i) };

// Words of 32 bits, each added to one of eight sums of 64, so that none waits for another. They
// cannot overflow: a stride adds less than 2^33 to a sum.
static uint64_t add_strides(const uint8_t *p, size_t n)
{
	const __m128i low = _mm_set1_epi64x(UINT32_MAX);
	__m128i even = _mm_setzero_si128(), odd = even, even2 = even, odd2 = even;
	uint64_t sums[2];

	for (; n > 0; n -= STRIDE, p += STRIDE) {
		__m128i a = _mm_loadu_si128((const __m128i *)p);
		__m128i b = _mm_loadu_si128((const __m128i *)p + 1);
		even = _mm_add_epi64(even, _mm_and_si128(a, low));
		odd = _mm_add_epi64(odd, _mm_srli_epi64(a, 32));
		even2 = _mm_add_epi64(even2, _mm_and_si128(b, low));
		odd2 = _mm_add_epi64(odd2, _mm_srli_epi64(b, 32));
	}
	even = _mm_add_epi64(_mm_add_epi64(even, odd), _mm_add_epi64(even2, odd2));
	_mm_storeu_si128((__m128i *)sums, even);
	return sums[0] + sums[1];
}

uint64_t checksum_add(uint64_t sum, const void *data, size_t n)
{
	const uint8_t *p = data;
	size_t whole = n - n % STRIDE;
	uint32_t word;

	// Not so for the header of an IPv4 packet, or without a payload, whose address is NULL.
	if (whole > 0) {
		sum += add_strides(p, whole);
		p += whole;
		n -= whole;
	}
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
