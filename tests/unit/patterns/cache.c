// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/cache.h"

#include "patterns/library.h"
#include "patterns/set.h"

// cmocka.h wants these first.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char parent[64], folder[80], file[96];

static int make(void **)
{
	snprintf(parent, sizeof(parent), "/tmp/bulkhead-cache-XXXXXX");
	if (mkdtemp(parent) == NULL)
		return -1;
	snprintf(folder, sizeof(folder), "%s/cache", parent);
	snprintf(file, sizeof(file), "%s/databases", folder);
	return 0;
}

static int destroy(void **)
{
	unlink(file);
	rmdir(folder);
	return rmdir(parent);
}

static struct cache_entry entry(uint8_t number, const char *text)
{
	struct cache_entry e = {.bytes = span_str(text)};
	memset(e.key, number, sizeof(e.key));
	return e;
}

static void keep(const struct cache_entry *entries, size_t n)
{
	struct cache cache;
	cache_open(folder, &cache);
	assert_int_equal(cache_keep(&cache, entries, n), 0);
	cache_close(&cache);
}

// What is kept under `number`; "": nothing.
static const char *kept(uint8_t number)
{
	static char text[64];
	struct cache cache;
	const struct cache_entry e = entry(number, "");
	cache_open(folder, &cache);
	const struct span *bytes = cache_find(&cache, e.key);
	snprintf(
		text, sizeof(text), "%.*s", bytes == NULL ? 0 : (int)bytes->n,
		bytes == NULL ? "" : (const char *)bytes->p
	);
	cache_close(&cache);
	return text;
}

static void what_is_kept_is_found(void **)
{
	struct stat info;
	assert_string_equal(kept(1), "");
	const struct cache_entry first[] = {entry(1, "one"), entry(2, "two")};
	keep(first, 2);
	assert_int_equal(stat(folder, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
	assert_int_equal(stat(file, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_string_equal(kept(1), "one");
	assert_string_equal(kept(2), "two");
	assert_string_equal(kept(3), "");
	// What is not used now stays behind it.
	const struct cache_entry second[] = {entry(3, "three"), entry(1, "one!")};
	keep(second, 2);
	assert_string_equal(kept(1), "one!");
	assert_string_equal(kept(2), "two");
	assert_string_equal(kept(3), "three");
}

static void without_a_folder_nothing_is_kept(void **)
{
	struct cache cache;
	const struct cache_entry e = entry(1, "one");
	cache_open(NULL, &cache);
	assert_int_equal(cache_keep(&cache, &e, 1), 0);
	assert_null(cache_find(&cache, e.key));
	cache_close(&cache);
}

static void damage_is_no_file(void **)
{
	const struct cache_entry e = entry(1, "one");
	struct stat info;
	keep(&e, 1);
	assert_int_equal(stat(file, &info), 0);
	for (off_t at = 0; at < info.st_size; at++) {
		FILE *f = fopen(file, "r+");
		assert_non_null(f);
		assert_int_equal(fseek(f, at, SEEK_SET), 0);
		int c = fgetc(f);
		assert_int_equal(fseek(f, at, SEEK_SET), 0);
		fputc(c ^ 0x40, f);
		fclose(f);
		assert_string_equal(kept(1), "");
		keep(&e, 1);
		assert_string_equal(kept(1), "one");
	}
	for (off_t size = info.st_size - 1; size >= 0; size--) {
		assert_int_equal(truncate(file, size), 0);
		assert_string_equal(kept(1), "");
	}
}

static void only_what_is_private_is_trusted(void **)
{
	const struct cache_entry e = entry(1, "one");
	struct cache cache;
	keep(&e, 1);
	assert_int_equal(chmod(file, 0620), 0);
	assert_string_equal(kept(1), "");
	assert_int_equal(chmod(file, 0600), 0);
	assert_string_equal(kept(1), "one");
	assert_int_equal(chmod(folder, 0701), 0);
	assert_string_equal(kept(1), "");
	cache_open(folder, &cache);
	assert_int_equal(cache_keep(&cache, &e, 1), -EPERM);
	cache_close(&cache);
	assert_int_equal(chmod(folder, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(file, 1, 1), 0);
		assert_string_equal(kept(1), "");
		assert_int_equal(chown(folder, 1, 1), 0);
		cache_open(folder, &cache);
		assert_int_equal(cache_keep(&cache, &e, 1), -EPERM);
		cache_close(&cache);
		assert_int_equal(chown(folder, 0, 0), 0);
	}
	// Not through a link.
	assert_int_equal(unlink(file), 0);
	assert_int_equal(symlink("/dev/zero", file), 0);
	assert_string_equal(kept(1), "");
	keep(&e, 1);
	assert_string_equal(kept(1), "one");
}

// Compile the whole library; returns how many databases the cache did not have. Out: *total.
static size_t compile(size_t *total)
{
	struct pattern_lib *lib = NULL;
	struct pattern_set *set = NULL;
	char why[PATTERN_WHY];
	uint16_t ids[PATTERN_MAX];
	assert_int_equal(pattern_lib_load((const char *const[]){PATTERN_LIBRARY}, 1, &lib, why), 0);
	assert_int_equal(pattern_lib_use_cache(lib, folder), 0);
	for (uint16_t i = 0; i < pattern_lib_count(lib); i++)
		ids[i] = i;
	assert_int_equal(pattern_set_compile(lib, ids, pattern_lib_count(lib), &set, why), 0);
	size_t compiled = set->databases.compiled;
	*total = set->databases.count - set->databases.tables;
	pattern_set_free(set);
	pattern_lib_free(lib);
	return compiled;
}

static void a_set_is_compiled_once(void **)
{
	size_t total, again;
	assert_true(compile(&total) == total && total > 0);
	assert_int_equal(compile(&again), 0);
	assert_int_equal(again, total);
	assert_int_equal(truncate(file, 100), 0);
	assert_int_equal(compile(&again), total);
	assert_int_equal(compile(&again), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_kept_is_found, make, destroy),
		cmocka_unit_test_setup_teardown(without_a_folder_nothing_is_kept, NULL, NULL),
		cmocka_unit_test_setup_teardown(damage_is_no_file, make, destroy),
		cmocka_unit_test_setup_teardown(only_what_is_private_is_trusted, make, destroy),
		cmocka_unit_test_setup_teardown(a_set_is_compiled_once, make, destroy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
