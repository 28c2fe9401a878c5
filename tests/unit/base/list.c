// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct item {
	int value;
	struct list link;
};

static int value_of(struct list *node)
{
	return list_entry(node, struct item, link)->value;
}

static void items_come_in_the_order_they_were_appended(void **)
{
	struct item items[3] = {{1}, {2}, {3}};
	struct list head, *pos;
	int sum = 0;

	list_init(&head);
	assert_true(list_empty(&head));
	for (int i = 0; i < 3; i++)
		list_append(&head, &items[i].link);
	list_foreach (pos, &head)
		sum = sum * 10 + value_of(pos);
	assert_int_equal(sum, 123);
	for (int i = 1; i <= 3; i++)
		assert_int_equal(value_of(list_shift(&head)), i);
	assert_null(list_shift(&head));
	assert_true(list_empty(&head));
}

static void removing_twice_is_harmless(void **)
{
	struct item a = {1}, b = {2};
	struct list head;

	list_init(&head);
	list_append(&head, &a.link);
	list_append(&head, &b.link);
	list_remove(&a.link);
	list_remove(&a.link);
	assert_true(list_empty(&a.link));
	assert_int_equal(value_of(head.next), 2);
	assert_ptr_equal(head.next, head.prev);
}

static void nodes_may_go_during_a_safe_walk(void **)
{
	struct item items[4] = {{1}, {2}, {3}, {4}};
	struct list head, *pos, *tmp;
	int sum = 0;

	list_init(&head);
	for (int i = 0; i < 4; i++)
		list_append(&head, &items[i].link);
	list_foreach_safe (pos, tmp, &head)
		if (value_of(pos) % 2 == 0)
			list_remove(pos);
	list_foreach (pos, &head)
		sum = sum * 10 + value_of(pos);
	assert_int_equal(sum, 13);
}

static void one_list_takes_all_of_another(void **)
{
	struct item items[4] = {{1}, {2}, {3}, {4}};
	struct list head, from, *pos;
	int sum = 0;

	list_init(&head);
	list_init(&from);
	list_take(&head, &from);
	assert_true(list_empty(&head));
	for (int i = 0; i < 4; i++)
		list_append(i < 2 ? &head : &from, &items[i].link);
	list_take(&head, &from);
	assert_true(list_empty(&from));
	list_foreach (pos, &head)
		sum = sum * 10 + value_of(pos);
	assert_int_equal(sum, 1234);
	list_remove(&items[2].link);
	assert_ptr_equal(items[1].link.next, &items[3].link);
	assert_ptr_equal(head.prev, &items[3].link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_come_in_the_order_they_were_appended),
		cmocka_unit_test(removing_twice_is_harmless),
		cmocka_unit_test(nodes_may_go_during_a_safe_walk),
		cmocka_unit_test(one_list_takes_all_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
