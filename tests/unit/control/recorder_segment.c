// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/recorder/join.h"
#include "controlplane/recorder/segment.h"
#include "recorder_scratch.h"

#include <errno.h>

// 2026-11-22 in UTC
static const struct segment_header header = {
	.epoch = 77,
	.seq = 1,
	.created_ns = 1795305600000000000};
static const char name[] = "recordings/20261122/00000001.seg";

static void put(struct segment_writer *writer, uint64_t first, unsigned n)
{
	struct buf raw;

	buf_init(&raw, NULL, SEGMENT_RAW_MAX);
	for (unsigned i = 0; i < n; i++) {
		char text[64];
		int len =
			snprintf(text, sizeof(text), "SELECT %llu", (unsigned long long)first + i);
		struct segment_record record = {
			.type = RECORD_COMMAND,
			.message = 'Q',
			.worker = 3,
			.session = 5,
			.time_ns = 1000 + i,
			.sequence = first + i,
			.data = span_of(text, (size_t)len),
		};
		assert_int_equal(segment_record_put(&raw, &record), 0);
	}
	assert_int_equal(segment_put(writer, buf_span(&raw)), 0);
	buf_fini(&raw);
}

// How many records come back in order, and how the file ends.
static uint64_t replay(const char *path, enum segment_step *step)
{
	struct segment_reader *reader;
	struct segment_record record;
	uint64_t n = 0;
	struct span raw;

	assert_int_equal(segment_open(path, &reader), 0);
	assert_int_equal(segment_reader_header(reader)->epoch, 77);
	while ((*step = segment_next(reader, &raw)) == SEGMENT_FRAME) {
		struct cursor c = cursor_of(raw);
		while (cursor_left(&c) > 0) {
			char text[64];
			assert_int_equal(segment_record_get(&c, &record), 0);
			n++;
			assert_int_equal(record.sequence, n);
			assert_int_equal(record.type, RECORD_COMMAND);
			assert_int_equal(record.message, 'Q');
			assert_int_equal(record.worker, 3);
			assert_int_equal(record.session, 5);
			int len =
				snprintf(text, sizeof(text), "SELECT %llu", (unsigned long long)n);
			assert_int_equal(record.data.n, len);
			assert_memory_equal(record.data.p, text, record.data.n);
		}
	}
	assert_int_equal(segment_next(reader, &raw), *step); // final
	segment_reader_free(reader);
	return n;
}

// Two frames of 10 records, on disk. `sealed`: and the seal. Out: *before: where the second begins.
static uint64_t two_frames(struct scratch *s, bool sealed, size_t *before)
{
	struct segment_writer *writer;

	*s = scratch_make();
	assert_int_equal(segment_create(s->path, &header, &writer), 0);
	assert_string_equal(segment_writer_name(writer), name);
	put(writer, 1, 10);
	*before = segment_writer_size(writer);
	put(writer, 11, 10);
	if (sealed)
		assert_int_equal(segment_seal(writer), 0);
	assert_int_equal(segment_sync(writer), 0);
	assert_int_equal(segment_writer_frames(writer), 2);
	uint64_t size = segment_writer_size(writer);
	segment_writer_free(writer);
	return size;
}

static void what_is_written_replays(void **)
{
	struct scratch s;
	enum segment_step step;
	size_t before;

	two_frames(&s, false, &before);
	assert_int_equal(replay(scratch_file(&s, name), &step), 20);
	assert_int_equal(step, SEGMENT_END);
	scratch_remove(&s);
	two_frames(&s, true, &before);
	assert_int_equal(replay(scratch_file(&s, name), &step), 20);
	assert_int_equal(step, SEGMENT_SEALED);
	scratch_remove(&s);
}

static void an_existing_segment_is_not_overwritten(void **)
{
	struct segment_writer *writer;
	struct scratch s;
	size_t before;

	two_frames(&s, false, &before);
	assert_int_equal(segment_create(s.path, &header, &writer), -EEXIST);
	scratch_remove(&s);
}

static void cut_anywhere_in_the_last_frame_the_rest_replays(void **)
{
	struct scratch s;
	enum segment_step step;
	size_t before;
	uint64_t size = two_frames(&s, false, &before);

	for (uint64_t cut = size - 1; cut >= before; cut--) {
		assert_int_equal(truncate(scratch_file(&s, name), (off_t)cut), 0);
		assert_int_equal(replay(scratch_file(&s, name), &step), 10);
		assert_int_equal(step, cut == before ? SEGMENT_END : SEGMENT_TORN);
	}
	for (uint64_t cut = before - 1; cut >= SEGMENT_HEADER_SIZE; cut--) {
		assert_int_equal(truncate(scratch_file(&s, name), (off_t)cut), 0);
		assert_int_equal(replay(scratch_file(&s, name), &step), 0);
	}
	struct segment_reader *reader;
	assert_int_equal(truncate(scratch_file(&s, name), SEGMENT_HEADER_SIZE - 1), 0);
	assert_int_equal(segment_open(scratch_file(&s, name), &reader), ERR_TRUNCATED);
	scratch_remove(&s);
}

static void a_change_of_any_byte_is_seen(void **)
{
	struct scratch s;
	enum segment_step step;
	size_t before, n;
	two_frames(&s, true, &before);
	uint8_t *bytes = scratch_read(&s, name, &n);

	for (size_t at = 40; at < n; at++) { // before 40: magic, version, numbers
		bytes[at] ^= 1;
		scratch_write(&s, name, bytes, n);
		uint64_t records = replay(scratch_file(&s, name), &step);
		assert_true(step == SEGMENT_DAMAGED || step == SEGMENT_TORN);
		assert_int_equal(
			records, at < before ? 0 : (at < n - SEGMENT_FRAME_HEADER_SIZE ? 10 : 20)
		);
		bytes[at] ^= 1;
	}
	bytes[0] ^= 1;
	struct segment_reader *reader;
	scratch_write(&s, name, bytes, n);
	assert_int_equal(segment_open(scratch_file(&s, name), &reader), ERR_MALFORMED);
	bytes[0] ^= 1;
	bytes[11] = 2;
	scratch_write(&s, name, bytes, n);
	assert_int_equal(segment_open(scratch_file(&s, name), &reader), ERR_UNSUPPORTED);
	free(bytes);
	scratch_remove(&s);
}

static void a_header_that_was_changed_breaks_the_chain(void **)
{
	struct scratch s;
	struct segment_reader *reader;
	struct span raw;
	size_t before, n;
	two_frames(&s, true, &before);
	uint8_t *bytes = scratch_read(&s, name, &n);

	for (size_t at = 12; at < SEGMENT_HEADER_SIZE; at++) {
		bytes[at] ^= 0x80;
		scratch_write(&s, name, bytes, n);
		assert_int_equal(segment_open(scratch_file(&s, name), &reader), 0);
		assert_int_equal(segment_next(reader, &raw), SEGMENT_DAMAGED);
		segment_reader_free(reader);
		bytes[at] ^= 0x80;
	}
	free(bytes);
	scratch_remove(&s);
}

static void nothing_may_follow_the_seal(void **)
{
	struct scratch s;
	enum segment_step step;
	size_t before;
	two_frames(&s, true, &before);
	FILE *f = fopen(scratch_file(&s, name), "ab");

	assert_non_null(f);
	fputc('x', f);
	fclose(f);
	assert_int_equal(replay(scratch_file(&s, name), &step), 20);
	assert_int_equal(step, SEGMENT_DAMAGED);
	scratch_remove(&s);
}

static void sealing_later_gives_the_same_file(void **)
{
	struct scratch s, t;
	struct segment_reader *reader;
	struct segment_writer *writer;
	struct span raw;
	size_t before, n, m;

	two_frames(&s, true, &before);
	two_frames(&t, false, &before);
	assert_int_equal(segment_open(scratch_file(&t, name), &reader), 0);
	while (segment_next(reader, &raw) == SEGMENT_FRAME)
		;
	assert_int_equal(segment_continue(t.path, name, reader, &writer), 0);
	segment_reader_free(reader);
	assert_int_equal(segment_seal(writer), 0);
	assert_int_equal(segment_sync(writer), 0);
	segment_writer_free(writer);
	uint8_t *a = scratch_read(&s, name, &n), *b = scratch_read(&t, name, &m);
	assert_int_equal(n, m);
	assert_memory_equal(a, b, n);
	free(a);
	free(b);
	scratch_remove(&s);
	scratch_remove(&t);
}

static void the_folder_is_listed_in_order(void **)
{
	struct scratch s = scratch_make();
	struct segment_file *files;
	size_t n;

	assert_int_equal(segment_list(s.path, &files, &n), 0);
	assert_int_equal(n, 0);
	for (uint64_t seq = 12; seq > 8; seq--) {
		struct segment_writer *writer;
		struct segment_header h = header;
		h.seq = seq;
		h.created_ns += seq % 2 * 86400000000000; // odd ones lie in the next day's folder
		assert_int_equal(segment_create(s.path, &h, &writer), 0);
		assert_int_equal(segment_sync(writer), 0);
		segment_writer_free(writer);
	}
	scratch_write(&s, "recordings/20261122/00000009.seg.torn", "", 0);
	scratch_write(&s, "recordings/20261122/note", "", 0);
	scratch_write(&s, "recordings/file", "", 0);
	assert_int_equal(segment_list(s.path, &files, &n), 0);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(files[i].seq, 9 + i);
	assert_string_equal(files[0].name, "recordings/20261123/00000009.seg");
	assert_string_equal(files[3].name, "recordings/20261122/00000012.seg");
	free(files);
	scratch_remove(&s);
}

static void a_fifo_in_its_place_is_refused(void **)
{
	struct scratch s = scratch_make();
	struct segment_reader *reader;

	assert_int_equal(mkfifo(scratch_file(&s, "f"), 0600), 0);
	assert_int_equal(segment_open(scratch_file(&s, "f"), &reader), -EINVAL);
	scratch_remove(&s);
}

static void session_names_differ_between_starts(void **)
{
	char a[SESSION_NAME_SIZE], b[SESSION_NAME_SIZE];

	assert_int_equal(strlen(segment_session_name(1, 2, a)), 16);
	assert_string_equal(a, segment_session_name(1, 2, b));
	assert_string_not_equal(a, segment_session_name(2, 2, b));
	assert_string_not_equal(a, segment_session_name(1, 3, b));
}

static void pieces_are_joined(void **)
{
	struct segment_record one = {.flags = RECORD_CONTINUES, .data = SPAN_LIT("abc")};
	struct segment_record two = {.data = SPAN_LIT("de")};
	struct join join;
	struct span whole;

	join_init(&join, 6);
	assert_true(join_add(&join, &two, &whole));
	assert_true(span_equal(whole, SPAN_LIT("de")));
	for (int i = 0; i < 2; i++) {
		assert_false(join_add(&join, &one, &whole));
		assert_true(join.inside);
		assert_true(join_add(&join, &two, &whole));
		assert_true(span_equal(whole, SPAN_LIT("abcde")));
		assert_false(join.inside);
	}
	assert_false(join_add(&join, &one, &whole)); // eight bytes: too long
	assert_false(join_add(&join, &one, &whole));
	assert_false(join_add(&join, &two, &whole));
	assert_true(join_add(&join, &two, &whole));
	assert_true(span_equal(whole, SPAN_LIT("de")));
	join_fini(&join);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_replays),
		cmocka_unit_test(an_existing_segment_is_not_overwritten),
		cmocka_unit_test(cut_anywhere_in_the_last_frame_the_rest_replays),
		cmocka_unit_test(a_change_of_any_byte_is_seen),
		cmocka_unit_test(a_header_that_was_changed_breaks_the_chain),
		cmocka_unit_test(nothing_may_follow_the_seal),
		cmocka_unit_test(sealing_later_gives_the_same_file),
		cmocka_unit_test(the_folder_is_listed_in_order),
		cmocka_unit_test(a_fifo_in_its_place_is_refused),
		cmocka_unit_test(session_names_differ_between_starts),
		cmocka_unit_test(pieces_are_joined),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
