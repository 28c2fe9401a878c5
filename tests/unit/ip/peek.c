// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Whose segment a frame seems to be, before anything is checked.

#include "tests/unit/ip/stand.h"

static bool peek(
	struct stand *stand, const struct frame *frame, size_t n, struct endpoint *local,
	struct endpoint *remote
)
{
	struct pkt *pkt = pkt_get(stand->pool);
	assert_non_null(pkt);
	assert_non_null(pkt_extend(pkt, (uint32_t)n));
	memcpy(pkt->data, frame->b, n);
	bool found = ip_peek(pkt, local, remote);
	pkt_put(pkt);
	return found;
}

// What is cut anywhere before the end of the ports is no hint, and is not read beyond its end.
static void found_whole_only(struct frame frame, const char *source, const char *dest, size_t ports)
{
	struct stand *stand = stand_new(true, 0);
	struct endpoint local, remote;
	frame.b[ports] = 0x30;
	frame.b[ports + 1] = 0x39;
	frame.b[ports + 2] = 0x15;
	frame.b[ports + 3] = 0x38;
	for (size_t n = 0; n < ports + 4; n++)
		assert_false(peek(stand, &frame, n, &local, &remote));
	assert_true(peek(stand, &frame, ports + 4, &local, &remote));
	struct ip_addr from = addr(source), to = addr(dest);
	assert_true(addr_equal(&remote.addr, &from));
	assert_true(addr_equal(&local.addr, &to));
	assert_int_equal(remote.port, 12345);
	assert_int_equal(local.port, 5432);
	frame.b[12] ^= 1; // another type
	assert_false(peek(stand, &frame, ports + 4, &local, &remote));
	stand_free(stand);
}

static void ip4(void **)
{
	found_whole_only(frame_tcp(0, "10.0.0.9", "10.0.0.1"), "10.0.0.9", "10.0.0.1", 34);
}

static void ip6(void **)
{
	found_whole_only(
		frame_tcp6("fd00::9", "fd00::1", 6, (struct span){0}), "fd00::9", "fd00::1", 54
	);
}

static void behind_a_tag(void **)
{
	struct frame frame = frame_tcp(0, "10.0.0.9", "10.0.0.1");
	memmove(frame.b + 16, frame.b + 12, frame.n - 12);
	memcpy(frame.b + 12, "\x81\x00\x00\x4d", 4);
	frame.n += 4;
	found_whole_only(frame, "10.0.0.9", "10.0.0.1", 38);
}

static void nothing_else(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct endpoint local, remote;
	struct frame frame = frame_tcp(0, "10.0.0.9", "10.0.0.1");
	frame.b[14] = 0x46; // options
	assert_false(peek(stand, &frame, frame.n, &local, &remote));
	frame = frame_tcp(0, "10.0.0.9", "10.0.0.1");
	frame.b[23] = 17; // UDP
	assert_false(peek(stand, &frame, frame.n, &local, &remote));
	stand_free(stand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ip4),
		cmocka_unit_test(ip6),
		cmocka_unit_test(behind_a_tag),
		cmocka_unit_test(nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
