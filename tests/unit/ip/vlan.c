// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/ip/stand.h"

enum { VLAN = 77, TAG = 4 };

static struct stand *tagged(bool owner)
{
	struct ip_config config = stand_config(owner, 0);

	config.ports[0].vlan = VLAN;
	return stand_from(&config);
}

static struct frame with_tag(struct frame frame, uint16_t type, uint16_t tag)
{
	memmove(frame.b + 12 + TAG, frame.b + 12, frame.n - 12);
	frame.b[12] = (uint8_t)(type >> 8);
	frame.b[13] = (uint8_t)type;
	frame.b[14] = (uint8_t)(tag >> 8);
	frame.b[15] = (uint8_t)tag;
	frame.n += TAG;
	return frame;
}

static struct frame tcp(void)
{
	return frame_tcp(0, "10.0.0.9", "10.0.0.1");
}

static void refused(struct stand *stand, const struct frame *frame)
{
	uint64_t before = ip_stats(stand->ip)->drop_vlan;

	assert_int_equal(stand_receive(stand, 0, frame, 0), IP_CONSUMED);
	assert_int_equal(ip_stats(stand->ip)->drop_vlan, before + 1);
}

static void the_ports_own_tag_is_taken_off(void **)
{
	struct stand *stand = tagged(true);
	struct frame frame = with_tag(tcp(), 0x8100, VLAN);

	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_TCP);
	assert_int_equal(stand->left->len, 20);
	frame = with_tag(tcp(), 0x8100, 0xe000 | VLAN); // with a priority
	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_TCP);
	frame = with_tag(
		frame_tcp6("2001:db8::9", "2001:db8::1", 6, (struct span){0}), 0x8100, VLAN
	);
	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_TCP);
	stand_free(stand);
}

static void other_tags_and_none_are_dropped(void **)
{
	struct stand *stand = tagged(true);
	struct frame frame = tcp();

	refused(stand, &frame);
	frame = with_tag(tcp(), 0x8100, VLAN + 1);
	refused(stand, &frame);
	frame = with_tag(tcp(), 0x8100, 0); // of a priority only
	refused(stand, &frame);
	frame = with_tag(tcp(), 0x88a8, VLAN);
	refused(stand, &frame);
	frame = with_tag(with_tag(tcp(), 0x8100, VLAN), 0x8100, VLAN);
	refused(stand, &frame);
	frame = with_tag(with_tag(tcp(), 0x8100, 5), 0x88a8, VLAN);
	refused(stand, &frame);
	stand_free(stand);
}

static void a_port_without_takes_a_priority_only(void **)
{
	struct stand *stand = stand_new(true, 0);
	struct frame frame = with_tag(tcp(), 0x8100, 0x6000);

	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_TCP);
	frame = with_tag(tcp(), 0x8100, 1);
	refused(stand, &frame);
	stand_free(stand);
}

static void cut_tags_are_dropped(void **)
{
	struct stand *stand = tagged(true);

	for (size_t n = 12; n < 18; n++) {
		struct frame frame = with_tag(tcp(), 0x8100, VLAN);
		frame.n = n;
		assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_CONSUMED);
	}
	assert_int_equal(ip_stats(stand->ip)->drop_short, 6);
	stand_free(stand);
}

static enum ip_verdict receive_stripped(
	struct stand *stand, uint16_t tag, const struct frame *frame
)
{
	struct pkt *pkt = pkt_get(stand->pool);

	memcpy(pkt_extend(pkt, (uint32_t)frame->n), frame->b, frame->n);
	pkt->flags = PKT_RX_VLAN;
	pkt->vlan = tag;
	enum ip_verdict verdict = ip_input(stand->ip, pkt, stand->now, &stand->segment);
	if (verdict != IP_CONSUMED)
		pkt_put(pkt);
	return verdict;
}

static void a_tag_that_the_port_took_off_counts(void **)
{
	struct stand *stand = tagged(true);
	struct frame frame = tcp();

	assert_int_equal(receive_stripped(stand, VLAN, &frame), IP_TCP);
	assert_int_equal(receive_stripped(stand, VLAN + 1, &frame), IP_CONSUMED);
	assert_int_equal(ip_stats(stand->ip)->drop_vlan, 1);
	frame = with_tag(tcp(), 0x8100, VLAN);
	assert_int_equal(receive_stripped(stand, VLAN, &frame), IP_CONSUMED);
	assert_int_equal(ip_stats(stand->ip)->drop_vlan, 2);
	stand_free(stand);
}

static void what_is_sent_has_the_tag(void **)
{
	struct stand *stand = tagged(true);
	struct neighbour is = {.port = 0, .addr = addr("10.0.0.9"), .mac = stand_peer_mac};

	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.8"), 0);
	assert_memory_equal(stand->sent[0]->data + 12, "\x81\0\0\x4d\x08\x06\0\1", 8);
	ip_neighbour_set(stand->ip, &is, stand->now);
	assert_int_equal(stand_send(stand, "10.0.0.1", "10.0.0.9"), 0);
	assert_memory_equal(stand->sent[1]->data + 12, "\x81\0\0\x4d\x08\0\x45", 7);
	assert_int_equal(stand->sent[1]->l2_len, 18);
	assert_int_equal(stand_send(stand, "10.1.0.1", "10.1.0.9"), 0);
	assert_memory_equal(stand->sent[2]->data + 12, "\x08\x06", 2);
	stand_free(stand);
}

static void a_replica_gives_the_owner_the_tag_too(void **)
{
	struct stand *stand = tagged(false);
	struct frame frame =
		with_tag(frame_arp(0, 1, &stand_peer_mac, "10.0.0.9", "10.0.0.1"), 0x8100, VLAN);

	assert_int_equal(stand_receive(stand, 0, &frame, 0), IP_OWNER);
	assert_memory_equal(stand->left->data, frame.b, frame.n);
	frame = with_tag(tcp(), 0x8100, VLAN);
	frame.b[14 + TAG + 6] = 0x20; // the first of some fragments
	assert_int_equal(stand_receive(stand, 0, &frame, PKT_RX_IP_CSUM_GOOD), IP_OWNER);
	assert_memory_equal(stand->left->data, frame.b, frame.n);
	stand_free(stand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ports_own_tag_is_taken_off),
		cmocka_unit_test(other_tags_and_none_are_dropped),
		cmocka_unit_test(a_port_without_takes_a_priority_only),
		cmocka_unit_test(cut_tags_are_dropped),
		cmocka_unit_test(a_tag_that_the_port_took_off_counts),
		cmocka_unit_test(what_is_sent_has_the_tag),
		cmocka_unit_test(a_replica_gives_the_owner_the_tag_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
