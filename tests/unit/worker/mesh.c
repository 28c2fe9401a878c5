// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/worker/mesh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void each_pair_has_a_way_of_its_own(void **)
{
	struct mesh mesh;
	struct mesh_msg msg;

	assert_int_equal(mesh_init(&mesh, 3), 0);
	for (uint16_t from = 0; from < 3; from++) {
		for (uint16_t to = 0; to < 3; to++) {
			msg = (struct mesh_msg
			){.type = MESH_CANCEL, .cancel = {.pid = from, .secret = to}};
			if (from != to)
				assert_true(mesh_push(&mesh, from, to, &msg));
		}
	}
	for (uint16_t from = 0; from < 3; from++) {
		for (uint16_t to = 0; to < 3; to++) {
			if (from == to)
				continue;
			assert_true(mesh_pop(&mesh, from, to, &msg));
			assert_int_equal(msg.cancel.pid, from);
			assert_int_equal(msg.cancel.secret, to);
			assert_false(mesh_pop(&mesh, from, to, &msg));
		}
	}
	mesh_fini(&mesh);
}

static void a_full_ring_says_so_and_keeps_what_it_has(void **)
{
	struct mesh mesh;
	struct mesh_msg msg = {.type = MESH_CANCEL};
	uint32_t n = 0;

	assert_int_equal(mesh_init(&mesh, 2), 0);
	while (mesh_push(&mesh, 0, 1, &msg))
		msg.cancel.pid = ++n;
	assert_int_equal(n, MESH_RING);
	for (uint32_t i = 0; i < n; i++) {
		assert_true(mesh_pop(&mesh, 0, 1, &msg));
		assert_int_equal(msg.cancel.pid, i);
	}
	mesh_fini(&mesh);
}

static void packets_left_inside_go_back(void **)
{
	struct pkt_pool *pool = pkt_pool_new(4);
	struct mesh mesh;

	assert_non_null(pool);
	assert_int_equal(mesh_init(&mesh, 2), 0);
	for (unsigned i = 0; i < 3; i++) {
		struct mesh_msg msg = {.type = MESH_SEGMENT, .pkt = pkt_get(pool)};
		assert_true(mesh_push(&mesh, 1, 0, &msg));
	}
	assert_int_equal(pkt_pool_used(pool), 3);
	mesh_fini(&mesh);
	assert_int_equal(pkt_pool_used(pool), 0);
	pkt_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pair_has_a_way_of_its_own),
		cmocka_unit_test(a_full_ring_says_so_and_keeps_what_it_has),
		cmocka_unit_test(packets_left_inside_go_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
