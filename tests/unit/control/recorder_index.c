// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/recorder/index.h"
#include "recorder_scratch.h"

#include <errno.h>

static struct session_row row_of(unsigned i)
{
	struct session_row row = {
		.epoch = 9,
		.session = i,
		.opened_ns = 1000 + i,
		.policy = 2,
	};

	snprintf(row.id, sizeof(row.id), "%016x", i);
	snprintf(row.subject, sizeof(row.subject), "agent-%u", i % 2);
	snprintf(row.resource, sizeof(row.resource), "orders");
	return row;
}

struct got {
	char ids[1024]; // the last digit of each
	unsigned n, stop_at;
};

static bool each(void *context, const struct session_row *row)
{
	struct got *got = context;

	got->ids[got->n++] = row->id[15];
	got->ids[got->n] = '\0';
	return got->n != got->stop_at;
}

static struct got list(struct session_index *index, struct session_query query)
{
	struct got got = {0};

	assert_int_equal(index_list(index, &query, each, &got), 0);
	return got;
}

static void what_is_known_comes_together(void **)
{
	struct scratch s = scratch_make();
	struct session_index *index;
	struct session_row row = row_of(1), got;

	assert_int_equal(index_open(s.path, &index), 0);
	assert_int_equal(index_get(index, row.id, &got), -ENOENT);
	assert_int_equal(index_session_put(index, &row), 0);
	assert_int_equal(index_get(index, row.id, &got), 0);
	assert_int_equal(got.closed_ns, 0);
	struct session_row closed = {.epoch = 9, .session = 1, .closed_ns = 5000, .commands = 7};
	strcpy(closed.id, row.id);
	strcpy(closed.end, "terminated");
	assert_int_equal(index_session_put(index, &closed), 0);
	assert_int_equal(index_session_put(index, &row), 0); // once more changes nothing
	index_close(index);
	assert_int_equal(index_open(s.path, &index), 0);
	assert_int_equal(index_get(index, row.id, &got), 0);
	assert_string_equal(got.subject, "agent-1");
	assert_string_equal(got.end, "terminated");
	assert_int_equal(got.opened_ns, 1001);
	assert_int_equal(got.closed_ns, 5000);
	assert_int_equal(got.commands, 7);
	assert_int_equal(got.policy, 2);
	json_t *json = index_row_json(&got);
	assert_int_equal(json_integer_value(json_object_get(json, "closed_ns")), 5000);
	json_decref(json);
	index_close(index);
	index_close(NULL);
	scratch_remove(&s);
}

static void rows_are_listed_by_page_and_filter(void **)
{
	struct scratch s = scratch_make();
	struct session_index *index;

	assert_int_equal(index_open(s.path, &index), 0);
	for (unsigned i = 1; i <= 6; i++) {
		struct session_row row = row_of(i);
		row.closed_ns = i == 3 ? 9 : 0;
		assert_int_equal(index_session_put(index, &row), 0);
	}
	assert_string_equal(list(index, (struct session_query){.limit = 10}).ids, "654321");
	assert_string_equal(list(index, (struct session_query){.limit = 2}).ids, "65");
	assert_string_equal(list(index, (struct session_query){.limit = 2, .before = 5}).ids, "43");
	assert_string_equal(
		list(index, (struct session_query){.limit = 9, .live = true}).ids, "65421"
	);
	assert_string_equal(
		list(index, (struct session_query){.limit = 9, .subject = "agent-0"}).ids, "642"
	);
	assert_string_equal(
		list(index, (struct session_query){.limit = 9, .resource = "x' OR 1=1"}).ids, ""
	);
	struct got got = {.stop_at = 1};
	assert_int_equal(index_list(index, &(struct session_query){.limit = 9}, each, &got), 0);
	assert_int_equal(got.n, 1);
	assert_int_equal(index_abandon(index, 9, 77), 0); // their own process
	assert_string_equal(
		list(index, (struct session_query){.limit = 9, .live = true}).ids, "65421"
	);
	assert_int_equal(index_abandon(index, 10, 77), 0);
	assert_string_equal(list(index, (struct session_query){.limit = 9, .live = true}).ids, "");
	assert_false(index_has_segment(index, 4));
	assert_int_equal(index_segment_done(index, 4), 0);
	assert_true(index_has_segment(index, 4));
	assert_int_equal(index_commit(index), 0);
	index_close(index);
	scratch_remove(&s);
}

// Anything in the place of the database: it is set aside, and a new one begun.
static void a_damaged_index_is_begun_anew(void **)
{
	struct scratch s = scratch_make();
	struct session_index *index;
	struct session_row row = row_of(1), got;
	size_t n;

	assert_int_equal(index_open(s.path, &index), 0);
	for (unsigned i = 1; i < 500; i++) {
		row = row_of(i);
		assert_int_equal(index_session_put(index, &row), 0);
	}
	index_close(index);
	uint8_t *bytes = scratch_read(&s, "bulkhead.db", &n);
	memset(bytes + 4096, 0x5a, n - 4096);
	scratch_write(&s, "bulkhead.db", bytes, n);
	assert_int_equal(index_open(s.path, &index), 0);
	assert_int_equal(index_get(index, row.id, &got), -ENOENT);
	assert_int_equal(index_session_put(index, &row), 0);
	index_close(index);
	assert_int_equal(access(scratch_file(&s, "bulkhead.db.damaged"), F_OK), 0);
	memset(bytes, 'x', n);
	scratch_write(&s, "bulkhead.db", bytes, n);
	assert_int_equal(index_open(s.path, &index), 0);
	index_close(index);
	free(bytes);
	scratch_remove(&s);
}

static void an_index_is_built_from_nothing(void **)
{
	struct scratch s = scratch_make();
	struct session_index *index;

	assert_int_equal(index_build(s.path, &index), 0);
	assert_string_equal(list(index, (struct session_query){.limit = 9}).ids, "");
	index_close(index);
	assert_int_equal(access(scratch_file(&s, "bulkhead.db"), F_OK), -1);
	scratch_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_comes_together),
		cmocka_unit_test(rows_are_listed_by_page_and_filter),
		cmocka_unit_test(a_damaged_index_is_begun_anew),
		cmocka_unit_test(an_index_is_built_from_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
