// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The spool is included, so that the disk can be made to fail.

#include "recorder_scratch.h"

static int disk_sync(int fd);
static ssize_t disk_pwrite(int fd, const void *p, size_t n, off_t at);
#define fdatasync disk_sync
#define pwrite    disk_pwrite
#include "controlplane/recorder/spool.c"
#undef fdatasync
#undef pwrite

static int sync_result, sync_calls;
static size_t room;     // bytes that the disk still takes
static bool sync_loses; // a failed fdatasync drops what was written

static int disk_sync(int fd)
{
	struct stat st;

	sync_calls++;
	if (sync_result == 0)
		return fdatasync(fd);
	// Linux marks the pages clean and forgets them: model it by zeros.
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t i = 0; sync_loses && i < st.st_size; i++)
		assert_int_equal(pwrite(fd, "", 1, i), 1); // a NUL
	errno = sync_result;
	return -1;
}

static ssize_t disk_pwrite(int fd, const void *p, size_t n, off_t at)
{
	if (room == 0) {
		errno = ENOSPC;
		return -1;
	}
	if (n > room)
		n = room;
	room -= n;
	return pwrite(fd, p, n, at);
}

static int reset(void **)
{
	sync_result = sync_calls = 0;
	sync_loses = false;
	room = SIZE_MAX;
	return 0;
}

static void appended_bytes_reach_the_file(void **)
{
	struct scratch s = scratch_make();
	struct spool spool = {0};
	size_t n;

	assert_int_equal(spool_open(&spool, scratch_file(&s, "f"), 0), 0);
	assert_int_equal(spool_append(&spool, SPAN_LIT("one ")), 0);
	assert_int_equal(spool_write(&spool), 0);
	assert_false(spool_is_synced(&spool));
	assert_int_equal(spool_append(&spool, SPAN_LIT("two")), 0);
	assert_int_equal(spool_sync(&spool), 0);
	assert_true(spool_is_synced(&spool));
	assert_int_equal(spool_end(&spool), 7);
	uint8_t *bytes = scratch_read(&s, "f", &n);
	assert_int_equal(n, 7);
	assert_memory_equal(bytes, "one two", 7);
	free(bytes);
	spool_fini(&spool);
	spool_fini(&spool);
	scratch_remove(&s);
}

static void a_failed_sync_writes_everything_again(void **)
{
	struct scratch s = scratch_make();
	struct spool spool = {0};
	size_t n;

	assert_int_equal(spool_open(&spool, scratch_file(&s, "f"), 0), 0);
	assert_int_equal(spool_append(&spool, SPAN_LIT("precious")), 0);
	sync_result = EIO;
	sync_loses = true;
	assert_int_equal(spool_sync(&spool), -EIO);
	assert_int_equal(spool_append(&spool, SPAN_LIT(" more")), 0);
	assert_int_equal(spool_sync(&spool), -EIO);
	assert_false(spool_is_synced(&spool));
	sync_result = 0;
	assert_int_equal(spool_sync(&spool), 0);
	uint8_t *bytes = scratch_read(&s, "f", &n);
	assert_int_equal(n, 13);
	assert_memory_equal(bytes, "precious more", 13);
	free(bytes);
	spool_fini(&spool);
	scratch_remove(&s);
}

static void a_full_disk_continues_where_it_stopped(void **)
{
	struct scratch s = scratch_make();
	struct spool spool = {0};
	size_t n;

	assert_int_equal(spool_open(&spool, scratch_file(&s, "f"), 0), 0);
	room = 3;
	sync_calls = 0;
	assert_int_equal(spool_append(&spool, SPAN_LIT("abcdef")), 0);
	assert_int_equal(spool_sync(&spool), -ENOSPC);
	assert_int_equal(sync_calls, 0);
	room = 1;
	assert_int_equal(spool_write(&spool), -ENOSPC);
	room = SIZE_MAX;
	assert_int_equal(spool_sync(&spool), 0);
	uint8_t *bytes = scratch_read(&s, "f", &n);
	assert_int_equal(n, 6);
	assert_memory_equal(bytes, "abcdef", 6);
	free(bytes);
	spool_fini(&spool);
	scratch_remove(&s);
}

static void what_waits_is_bounded(void **)
{
	static uint8_t megabyte[1 << 20];
	struct scratch s = scratch_make();
	struct spool spool = {0};

	assert_int_equal(spool_open(&spool, scratch_file(&s, "f"), 0), 0);
	room = 0;
	for (int i = 0; i < 8; i++)
		assert_int_equal(spool_append(&spool, span_of(megabyte, sizeof(megabyte))), 0);
	assert_int_equal(spool_append(&spool, SPAN_LIT("x")), ERR_LIMIT);
	room = SIZE_MAX;
	assert_int_equal(spool_sync(&spool), 0);
	assert_int_equal(spool_append(&spool, SPAN_LIT("x")), 0);
	spool_fini(&spool);
	scratch_remove(&s);
}

static void a_link_is_not_followed(void **)
{
	struct scratch s = scratch_make();
	struct spool spool = {0};

	assert_int_equal(symlink("/dev/null", scratch_file(&s, "link")), 0);
	assert_int_equal(spool_open(&spool, scratch_file(&s, "link"), 0), -ELOOP);
	scratch_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(appended_bytes_reach_the_file, reset),
		cmocka_unit_test_setup(a_failed_sync_writes_everything_again, reset),
		cmocka_unit_test_setup(a_full_disk_continues_where_it_stopped, reset),
		cmocka_unit_test_setup(what_waits_is_bounded, reset),
		cmocka_unit_test_setup(a_link_is_not_followed, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
