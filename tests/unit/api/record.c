// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/api/record.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static uint8_t text[3 << 20];
static uint8_t got[3 << 20];

static int fill_text(void **)
{
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 31 + i / 251);
	return 0;
}

struct reader {
	struct record_block *block;
	uint32_t at;
};

// The next record of what was flushed; false when there is none.
static bool next(struct record_queue *queue, struct reader *r, struct record *head, uint8_t **data)
{
	if (r->block != NULL && r->at == r->block->used) {
		assert_true(ring_push(&queue->empty, &r->block));
		r->block = NULL;
	}
	if (r->block == NULL) {
		if (!ring_pop(&queue->full, &r->block))
			return false;
		r->at = 0;
	}
	assert_true(r->block->used - r->at >= sizeof(*head));
	memcpy(head, r->block->data + r->at, sizeof(*head));
	r->at += sizeof(*head);
	assert_true(head->len <= r->block->used - r->at);
	*data = r->block->data + r->at;
	r->at += head->len;
	return true;
}

static void a_bad_count_is_refused(void **)
{
	struct record_queue queue;

	assert_int_equal(record_queue_init(&queue, 3), -EINVAL);
	record_queue_fini(&queue);
}

static void a_small_message_is_one_record(void **)
{
	struct record_queue queue;
	struct reader reader = {0};
	struct record head;
	uint8_t *data;

	assert_int_equal(record_queue_init(&queue, 2), 0);
	assert_true(record_has_room(&queue, 5, 1));
	assert_int_equal(
		record_write(&queue, RECORD_COMMAND, 'Q', 42, 1000, true, SPAN_LIT("hello")), 1
	);
	assert_int_equal(record_write(&queue, RECORD_CLOSE, 0, 42, 1001, false, SPAN_LIT("")), 2);
	assert_false(next(&queue, &reader, &head, &data));
	record_flush(&queue);
	assert_true(next(&queue, &reader, &head, &data));
	assert_true(reader.block->strict);
	assert_int_equal(head.type, RECORD_COMMAND);
	assert_int_equal(head.message, 'Q');
	assert_int_equal(head.session, 42);
	assert_int_equal(head.time_ns, 1000);
	assert_int_equal(head.sequence, 1);
	assert_int_equal(head.flags, RECORD_IS_STRICT);
	assert_memory_equal(data, "hello", 5);
	assert_true(next(&queue, &reader, &head, &data));
	assert_int_equal(head.sequence, 2);
	assert_int_equal(head.flags, 0);
	assert_int_equal(head.len, 0);
	assert_false(next(&queue, &reader, &head, &data));
	record_flush(&queue); // nothing to hand over
	assert_int_equal(ring_count(&queue.empty), 2);
	record_queue_fini(&queue);
}

// Whatever has_room promises must fit, whatever the sizes before it were.
static void what_has_room_fits(void **)
{
	struct record_queue queue;
	unsigned seed = 1;

	printf("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 200; round++) {
		assert_int_equal(record_queue_init(&queue, 16), 0);
		uint64_t last = 0;
		for (;;) {
			size_t n = (size_t)rand() % (rand() % 8 == 0 ? 300000 : 3000);
			if (!record_has_room(&queue, n, 1))
				break;
			uint64_t sequence = record_write(
				&queue, RECORD_ANSWER, 'D', 1, 1, false, span_of(text, n)
			);
			assert_true(sequence > last);
			last = sequence;
		}
		assert_int_equal(queue.waits, 1);
		record_queue_fini(&queue);
	}
}

static void the_largest_that_has_room_fits(void **)
{
	struct record_queue queue;

	for (uint32_t before = 0; before < 70000; before += 61) {
		assert_int_equal(record_queue_init(&queue, 8), 0);
		assert_true(record_has_room(&queue, before, 1));
		record_write(&queue, RECORD_ANSWER, 'D', 1, 1, false, span_of(text, before));
		size_t low = 0, high = 1 << 20;
		while (high - low > 1) {
			size_t middle = (low + high) / 2;
			if (record_has_room(&queue, middle, 1))
				low = middle;
			else
				high = middle;
		}
		record_write(&queue, RECORD_ANSWER, 'D', 1, 1, false, span_of(text, low));
		record_queue_fini(&queue);
	}
}

static void a_long_message_comes_back_whole(void **)
{
	struct record_queue queue;
	struct reader reader = {0};
	struct record head;
	uint8_t *data;
	size_t n = 0;

	assert_int_equal(record_queue_init(&queue, 64), 0);
	assert_true(record_has_room(&queue, sizeof(text), 1));
	uint64_t last =
		record_write(&queue, RECORD_COMMAND, 'Q', 9, 5, false, span_of(text, sizeof(text)));
	record_flush(&queue);
	for (uint64_t i = 1; next(&queue, &reader, &head, &data); i++) {
		assert_int_equal(head.sequence, i);
		assert_true(head.len <= RECORD_DATA_MAX);
		assert_int_equal((head.flags & RECORD_CONTINUES) != 0, i < last);
		memcpy(got + n, data, head.len);
		n += head.len;
	}
	assert_int_equal(n, sizeof(text));
	assert_memory_equal(got, text, n);
	record_queue_fini(&queue);
}

enum { MESSAGES = 20000 };

static void *work(void *arg)
{
	struct record_queue *queue = arg;

	for (uint64_t i = 0; i < MESSAGES; i++) {
		size_t n = (size_t)(i * 7919 % 5000);
		while (!record_has_room(queue, n, 1)) {
			record_flush(queue);
			sched_yield();
		}
		record_write(queue, RECORD_ANSWER, 'D', i, i, false, span_of(text + i, n));
		if (i % 16 == 0)
			record_flush(queue);
	}
	record_flush(queue);
	return NULL;
}

static void two_threads_lose_nothing(void **)
{
	struct record_queue queue;
	struct reader reader = {0};
	struct record head;
	pthread_t worker;
	uint8_t *data;
	uint64_t sequence = 0;

	assert_int_equal(record_queue_init(&queue, 4), 0);
	assert_int_equal(pthread_create(&worker, NULL, work, &queue), 0);
	for (uint64_t i = 0; i < MESSAGES; i++) {
		size_t n = 0, want = (size_t)(i * 7919 % 5000);
		do {
			while (!next(&queue, &reader, &head, &data))
				sched_yield();
			assert_int_equal(head.sequence, ++sequence);
			assert_int_equal(head.session, i);
			assert_true(head.len <= want - n);
			assert_memory_equal(data, text + i + n, head.len);
			n += head.len;
		} while ((head.flags & RECORD_CONTINUES) != 0);
		assert_int_equal(n, want);
	}
	pthread_join(worker, NULL);
	assert_true(queue.waits > 0);
	record_queue_fini(&queue);
}

static void durable_is_up_to_and_with(void **)
{
	struct record_queue queue = {.durable = 5};

	assert_true(record_is_durable(&queue, 5));
	assert_false(record_is_durable(&queue, 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_count_is_refused),
		cmocka_unit_test(a_small_message_is_one_record),
		cmocka_unit_test(what_has_room_fits),
		cmocka_unit_test(the_largest_that_has_room_fits),
		cmocka_unit_test(a_long_message_comes_back_whole),
		cmocka_unit_test(two_threads_lose_nothing),
		cmocka_unit_test(durable_is_up_to_and_with),
	};
	return cmocka_run_group_tests(tests, fill_text, NULL);
}
