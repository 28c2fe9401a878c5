// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

bool addr_has_prefix(const struct ip_addr *addr, const struct ip_addr *net, unsigned int bits)
{
	unsigned int bytes = bits / 8, rest = bits % 8;

	if (addr_is_v4(addr) != addr_is_v4(net))
		return false;
	if (memcmp(addr->b, net->b, bytes) != 0)
		return false;
	return rest == 0 || (addr->b[bytes] ^ net->b[bytes]) >> (8 - rest) == 0;
}

// Out: *addr and the width of the family, in bits.
static int parse(const char *text, struct ip_addr *addr, uint8_t *width)
{
	uint32_t v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*addr = addr_from_v4(v4);
		*width = 32;
		return 0;
	}
	if (inet_pton(AF_INET6, text, &v6) == 1) {
		memcpy(addr->b, &v6, sizeof(addr->b));
		*width = 128;
		return 0;
	}
	return ERR_MALFORMED;
}

int addr_parse(const char *text, struct ip_addr *out)
{
	uint8_t width;

	return parse(text, out, &width);
}

// One to three decimal digits, at most `max`; -1 for anything else.
static int parse_bits(const char *text, int max)
{
	int bits = 0;

	if (text[0] == '\0' || strlen(text) > 3)
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		bits = bits * 10 + (*text - '0');
	}
	return bits <= max ? bits : -1;
}

int addr_parse_prefix(const char *text, struct ip_addr *addr, uint8_t *prefix)
{
	char head[ADDR_TEXT_MAX];
	const char *slash = strchr(text, '/');
	struct ip_addr parsed;
	uint8_t width;

	if (slash == NULL || (size_t)(slash - text) >= sizeof(head))
		return ERR_MALFORMED;
	memcpy(head, text, (size_t)(slash - text));
	head[slash - text] = '\0';
	int r = parse(head, &parsed, &width);
	if (r != 0)
		return r;
	// A mapped address written as IPv6 would carry a prefix of the other family.
	if (width == 128 && addr_is_v4(&parsed))
		return ERR_MALFORMED;
	int bits = parse_bits(slash + 1, width);
	if (bits < 0)
		return ERR_MALFORMED;
	*addr = parsed;
	*prefix = (uint8_t)bits;
	return 0;
}

const char *addr_text(const struct ip_addr *addr, char out[static ADDR_TEXT_MAX])
{
	const char *text = addr_is_v4(addr) ? inet_ntop(AF_INET, addr->b + 12, out, ADDR_TEXT_MAX)
					    : inet_ntop(AF_INET6, addr->b, out, ADDR_TEXT_MAX);

	return text == NULL ? "" : text;
}

const char *endpoint_text(const struct endpoint *endpoint, char out[static ADDR_TEXT_MAX])
{
	char addr[ADDR_TEXT_MAX];
	const char *format = addr_is_v4(&endpoint->addr) ? "%s:%u" : "[%s]:%u";

	snprintf(out, ADDR_TEXT_MAX, format, addr_text(&endpoint->addr, addr), endpoint->port);
	return out;
}
