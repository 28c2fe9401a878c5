// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/patterns.h"

// cmocka.h wants these first.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct pattern_lib *lib;
static struct pattern_set *set;
static struct scan_scratch *scratch;

static int setup(void **)
{
	char why[PATTERN_WHY] = "";
	uint16_t ids[PATTERN_MAX];
	if (pattern_lib_load((const char *const[]){PATTERN_LIBRARY}, 1, &lib, why) != 0)
		fail_msg("%s", why);
	for (uint16_t i = 0; i < pattern_lib_count(lib); i++)
		ids[i] = i;
	if (pattern_set_compile(lib, ids, pattern_lib_count(lib), &set, why) != 0)
		fail_msg("%s", why);
	scratch = scan_scratch_new(set);
	assert_non_null(scratch);
	print_message(
		"%zu patterns, %zu bytes of databases\n", pattern_set_count(set),
		pattern_set_size(set)
	);
	return 0;
}

static int teardown(void **)
{
	scan_scratch_free(scratch);
	pattern_set_free(set);
	pattern_lib_free(lib);
	return 0;
}

// Findings of pattern `id` alone.
static int find(uint16_t id, struct span in, struct finding out[static 4])
{
	uint64_t bits[PATTERN_ID_WORDS] = {};
	const struct pattern_choice wanted = {NULL, bits};
	bool more = true;
	bits[id / 64] = UINT64_C(1) << id % 64;
	int n = scan(set, scratch, in, &wanted, out, 4, &more);
	assert_true(n >= 0);
	assert_false(more);
	return n;
}

static void check_positive(uint16_t id, const struct pattern_example *example)
{
	const char *name = pattern_lib_info(lib, id)->name;
	struct finding out[4];
	int n = find(id, example->text, out);
	if (n != 1 || out[0].start != example->start || out[0].end != example->end)
		fail_msg(
			"%s: '%.*s': %d findings, the first [%u,%u), wanted one [%u,%u)", name,
			(int)example->text.n, (const char *)example->text.p, n,
			n > 0 ? out[0].start : 0, n > 0 ? out[0].end : 0, example->start,
			example->end
		);
}

static void examples_are_as_stated(void **)
{
	for (uint16_t id = 0; id < pattern_lib_count(lib); id++) {
		const struct pattern_info *info = pattern_lib_info(lib, id);
		struct finding out[4];
		assert_true(info->positive_count >= 3 && info->negative_count >= 3);
		for (size_t i = 0; i < info->positive_count; i++)
			check_positive(id, &info->positive[i]);
		for (size_t i = 0; i < info->negative_count; i++) {
			const struct pattern_example *no = &info->negative[i];
			if (find(id, no->text, out) != 0)
				fail_msg(
					"%s: '%.*s' has a finding", info->name, (int)no->text.n,
					(const char *)no->text.p
				);
		}
	}
}

// A finding must not depend on what lies around it beyond the boundary: put each example at many
// offsets of a long text, across the edges of the scanner's chunks.
static void examples_are_found_anywhere(void **)
{
	static uint8_t text[64 * 1024];
	static const size_t offsets[] = {0, 1, 63, 16000, 16370, 16383, 16384, 16385, 32700, 40000};
	for (uint16_t id = 0; id < pattern_lib_count(lib); id++) {
		const struct pattern_info *info = pattern_lib_info(lib, id);
		for (size_t i = 0; i < info->positive_count * 10; i++) {
			const struct pattern_example *example = &info->positive[i / 10];
			size_t at = offsets[i % 10];
			struct finding out[4];
			memset(text, '\n', sizeof(text));
			memcpy(text + at, example->text.p, example->text.n);
			int n = find(id, span_of(text, sizeof(text)), out);
			if (n != 1 || out[0].start != at + example->start ||
			    out[0].end < at + example->end)
				fail_msg("%s: example %zu at %zu: %d", info->name, i / 10, at, n);
		}
	}
}

static void required_patterns_and_groups_are_there(void **)
{
	static const char *const names[] = {
		"email",
		"payment-card",
		"us-ssn",
		"iban",
		"phone",
		"ipv4",
		"jwt",
		"aws-access-key",
		"azure-storage-key",
		"azure-sas",
		"entra-client-secret",
		"pem-private-key",
		"github-token",
		"bearer-token",
		"sql-tautology",
		"sql-sleep",
		"sql-file-access",
		"sql-catalog-secrets",
		"sql-system-exec",
	};
	uint16_t ids[PATTERN_MAX];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(pattern_lib_select(lib, names[i], ids), 1);
		assert_string_equal(pattern_lib_info(lib, ids[0])->name, names[i]);
	}
	assert_true(pattern_lib_select(lib, "pii", ids) >= 5);
	assert_true(pattern_lib_select(lib, "secrets", ids) >= 8);
	assert_true(pattern_lib_select(lib, "payment", ids) >= 2);
	assert_int_equal(pattern_lib_select(lib, "no-such", ids), 0);
}

static void a_directory_is_read_strictly(void **)
{
	struct pattern_lib *other = NULL;
	char why[PATTERN_WHY] = "", dir[] = "/tmp/patterns-XXXXXX", path[64];
	assert_non_null(mkdtemp(dir));
	assert_int_equal(pattern_lib_load((const char *const[]){dir}, 1, &other, why), 0);
	assert_int_equal(pattern_lib_count(other), 0);
	pattern_lib_free(other);

	snprintf(path, sizeof(path), "%s/x.txt", dir);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(pattern_lib_load((const char *const[]){dir}, 1, &other, why), ERR_CONFIG);
	assert_non_null(strstr(why, "x.txt: only .yaml"));
	assert_int_equal(unlink(path), 0);

	snprintf(path, sizeof(path), "%s/x.yaml", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("name: x\ncolour: red\n", file);
	fclose(file);
	assert_int_equal(pattern_lib_load((const char *const[]){dir}, 1, &other, why), ERR_CONFIG);
	assert_non_null(strstr(why, "x.yaml:2:1: unknown key 'colour'"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(pattern_lib_load((const char *const[]){dir}, 1, &other, why), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_are_as_stated),
		cmocka_unit_test(examples_are_found_anywhere),
		cmocka_unit_test(required_patterns_and_groups_are_there),
		cmocka_unit_test(a_directory_is_read_strictly),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
