// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/patterns/folder.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "name: t\ntitle: t\nkind: list\nof: entity\nmask: redact\nboundary: word\n"

// What the library finds in `text`, as "name@start-end " each.
static const char *found(const struct pattern_lib *lib, const char *text)
{
	static char out[512];
	struct finding findings[16];
	struct pattern_set *set = NULL;
	char why[PATTERN_WHY] = "";
	uint16_t ids[PATTERN_MAX];
	bool more;
	size_t at = 0, n = pattern_lib_count(lib);

	for (uint16_t i = 0; i < n; i++)
		ids[i] = i;
	if (pattern_set_compile(lib, ids, n, &set, why) != 0)
		fail_msg("%s", why);
	struct scan_scratch *scratch = scan_scratch_new(set);
	assert_non_null(scratch);
	int count = scan(set, scratch, span_str(text), NULL, findings, 16, &more);
	assert_true(count >= 0);
	out[0] = '\0';
	for (int i = 0; i < count; i++)
		at += (size_t)snprintf(
			out + at, sizeof(out) - at, "%s@%u-%u ",
			pattern_lib_info(lib, findings[i].pattern)->name, findings[i].start,
			findings[i].end
		);
	scan_scratch_free(scratch);
	pattern_set_free(set);
	return out;
}

static void words_and_rules_share_the_rest(void **)
{
	char why[PATTERN_WHY] = "";
	uint16_t ids[PATTERN_MAX];
	struct pattern_lib *lib = folder_load_text(
		HEAD
		"groups: [custom]\nwords: [Condor, 'a.b (c)+']\nrules:\n"
		"  - {name: ticket, pattern: 'TICK-[0-9]{3,6}'}\n"
		"  - {name: badge, pattern: '[0-9]{4}', before: 'badge ', mask: {keep_last: 2},\n"
		"     boundary: none, title: own}\n",
		why
	);
	if (lib == NULL)
		fail_msg("%s", why);
	assert_int_equal(pattern_lib_count(lib), 4);
	assert_int_equal(pattern_lib_select(lib, "t", ids), 4);
	assert_int_equal(pattern_lib_select(lib, "custom", ids), 4);
	assert_int_equal(pattern_lib_select(lib, "badge", ids), 1);
	assert_int_equal(ids[0], 3);
	const struct pattern_info *badge = pattern_lib_info(lib, 3);
	assert_string_equal(badge->title, "own");
	assert_int_equal(badge->mask, PATTERN_MASK_KEEP);
	assert_int_equal(badge->width, 10);
	assert_string_equal(pattern_lib_info(lib, 2)->title, "t");
	assert_int_equal(pattern_lib_info(lib, 2)->width, 11);
	assert_string_equal(
		found(lib, "Condor condor Condors a.b (c)+ TICK-12 TICK-123, badge 1234"),
		"t@0-6 t@22-30 ticket@39-47 badge@55-59 "
	);
	pattern_lib_free(lib);
}

static void what_they_cost_is_told(void **)
{
	char why[PATTERN_WHY] = "";
	struct pattern_report report;
	struct pattern_summary summary;
	struct pattern_set *set = NULL;
	const uint16_t ids[] = {0, 1, 2, 3};
	struct pattern_lib *lib = folder_load_text(
		HEAD
		"words: [condor, kestrel]\nrules:\n"
		"  - {name: a, pattern: 'abc[0-9]{5}'}\n  - {name: b, pattern: 'xyz[0-9]{5}'}\n",
		why
	);
	assert_non_null(lib);
	assert_int_equal(pattern_lib_report(lib, 0, &report), 0);
	assert_string_equal(report.tiers, "words");
	assert_int_equal(report.cost, PATTERN_COST_LOW);
	assert_int_equal(report.width, 6);
	assert_int_equal(pattern_set_compile(lib, ids, 4, &set, why), 0);
	pattern_set_report(set, &summary);
	assert_int_equal(summary.patterns, 4);
	assert_int_equal(
		summary.by_cost[PATTERN_COST_LOW] + summary.by_cost[PATTERN_COST_FAIR] +
			summary.by_cost[PATTERN_COST_HIGH],
		4
	);
	// Words take none, and both rules the same.
	assert_int_equal(summary.tables, 1);
	assert_int_equal(summary.databases, 0);
	assert_int_equal(summary.compiled, 0);
	assert_true(summary.tail >= 8);
	pattern_set_free(set);
	pattern_lib_free(lib);
}

static void case_may_be_ignored(void **)
{
	char why[PATTERN_WHY] = "";
	struct pattern_lib *lib =
		folder_load_text(HEAD "case: ignore\nwords: [Condor, r\xc3\xa9sum\xc3\xa9]\n", why);
	assert_non_null(lib);
	assert_string_equal(
		found(lib, "CONDOR r\xc3\xa9SUM\xc3\xa9 R\xc3\x89SUM\xc3\x89"), "t@0-6 t@7-15 "
	);
	pattern_lib_free(lib);
}

static void blocks_are_listed_too(void **)
{
	char why[PATTERN_WHY] = "";
	struct pattern_lib *lib = folder_load_text(
		"name: t\ntitle: t\nkind: list\nof: block\nboundary: identifier\n"
		"words: [PG_SHADOW]\n",
		why
	);
	assert_non_null(lib);
	assert_int_equal(pattern_lib_info(lib, 0)->kind, PATTERN_BLOCK);
	pattern_lib_free(lib);
}

static void what_is_wrong_is_told_with_its_place(void **)
{
	folder_refused(HEAD, "t.yaml:1:1: a list has words or rules");
	folder_refused(HEAD "words: []\n", "t.yaml:7:8: a list of 1 to ");
	folder_refused(HEAD "words: [a]\n", "t.yaml:7:9: a word is 2 to 255 bytes");
	folder_refused(HEAD "words: [ab, [c]]\n", "t.yaml:7:13: a text is wanted here");
	folder_refused(
		HEAD "words:\n  - ab\n  - cd\n  - ab\n", "t.yaml:10:5: 'ab' stands in line 8"
	);
	folder_refused(
		HEAD "case: ignore\nwords: [ab, AB]\n", "t.yaml:8:13: 'AB' stands in line 8 already"
	);
	folder_refused(HEAD "word: [ab]\n", "t.yaml:7:1: unknown key 'word'");
	folder_refused(HEAD "case: maybe\nwords: [ab]\n", "t.yaml:7:7: case is exact or ignore");
	folder_refused(
		HEAD "score: 20\nwords: [ab]\n", "t.yaml:7:8: a score below 50 needs context"
	);
	folder_refused(
		"name: t\ntitle: t\nkind: list\nof: list\nboundary: word\nwords: [ab]\n",
		"t.yaml:4:5: a list is of entity or block"
	);
	folder_refused(
		"name: t\ntitle: t\nkind: list\nof: entity\nboundary: word\nwords: [ab]\n",
		"t.yaml:1:7: an entity has a mask and a block has none"
	);
	folder_refused(HEAD "rules:\n  - {pattern: abc}\n", "t.yaml:8:5: name is missing");
	folder_refused(
		HEAD "rules:\n  - {name: x, pattern: abc, nmae: x}\n", "t.yaml:8:29: unknown key"
	);
	folder_refused(
		HEAD "rules:\n  - {name: x, pattern: 'ab+'}\n",
		"t.yaml:8:24: has no greatest width: bound every repeat"
	);
	folder_refused(
		HEAD "rules:\n  - {name: x, pattern: 'a?'}\n", "t.yaml:8:24: the expression matches"
	);
	folder_refused(HEAD "rules:\n  - {name: x, pattern: 'a('}\n", "t.yaml:8:24: ");
	folder_refused(
		HEAD "rules:\n  - {name: x, pattern: '[^\\x00-\\xff]a'}\n",
		"t.yaml:8:24: Pattern can never match"
	);
	folder_refused(
		HEAD "rules:\n  - {name: x, pattern: 'abc', strong: 'ab'}\n",
		"t.yaml:8:39: nothing the pattern matches is so narrow"
	);
}

static void names_are_one_over_all_folders(void **)
{
	static const char other[] = "name: o\ntitle: o\nkind: list\nof: entity\nmask: redact\n"
				    "boundary: word\n";
	char why[PATTERN_WHY] = "", text[512];
	struct folder a, b;

	folder_refused(
		HEAD "rules:\n  - {name: x, pattern: abc}\n  - {name: x, pattern: abd}\n",
		"t.yaml:9:24: 'x' is the name of "
	);
	folder_refused(
		HEAD "words: [ab]\nrules:\n  - {name: t, pattern: abc}\n",
		"t.yaml:9:24: 't' is the name of "
	);
	folder_make(&a);
	folder_make(&b);
	folder_add(&a, "t.yaml", HEAD "rules: [{name: x, pattern: abc}]\n");
	snprintf(text, sizeof(text), "%srules: [{name: x, pattern: abc}]\n", other);
	folder_add(&b, "o.yaml", text);
	assert_null(folder_load(&a, &b, why));
	assert_non_null(strstr(why, "o.yaml:7:28: 'x' is the name of "));
	folder_make(&a);
	folder_make(&b);
	folder_add(&a, "t.yaml", HEAD "words: [ab]\n");
	folder_add(&b, "t.yaml", HEAD "words: [cd]\n");
	assert_null(folder_load(&a, &b, why));
	assert_non_null(strstr(why, "t.yaml:7:9: 't' is the name of "));
	folder_make(&a);
	folder_make(&b);
	folder_add(&a, "t.yaml", HEAD "words: [ab]\n");
	snprintf(text, sizeof(text), "%sgroups: [t]\nwords: [cd]\n", other);
	folder_add(&b, "o.yaml", text);
	assert_null(folder_load(&a, &b, why));
	assert_non_null(strstr(why, "o.yaml:8:9: the group 't' of o has the name"));
	folder_make(&a);
	folder_make(&b);
	folder_add(&a, "t.yaml", HEAD "words: [ab]\n");
	snprintf(text, sizeof(text), "%swords: [cd]\n", other);
	folder_add(&b, "o.yaml", text);
	struct pattern_lib *lib = folder_load(&a, &b, why);
	assert_non_null(lib);
	assert_string_equal(found(lib, "cd ab"), "o@0-2 t@3-5 ");
	pattern_lib_free(lib);
}

// 300 forms of one sort before the first of the other: it is not among those told apart.
static void forms_of_words_and_numbers_are_apart(void **)
{
	static const char *const rules[] = {"[a-z]{1,7}-[0-9]{1,8}", "[0-9]{1,7}-[0-9]{1,8}"};
	static const char *const lasts[] = {"[0-9]{7}", "[a-z]{6}"};
	static const char *const texts[] = {"= 1234567 ", "= abcdef "};
	static const char *const finds[] = {"zlast@2-9 ", "zlast@2-8 "};
	for (size_t k = 0; k < 2; k++) {
		char text[1024], why[PATTERN_WHY] = "";
		size_t n = (size_t)snprintf(text, sizeof(text), HEAD "groups: [a]\nrules:\n");
		for (int i = 0; i < 8; i++)
			n += (size_t)snprintf(
				text + n, sizeof(text) - n, "  - {name: r%d, pattern: '%s'}\n", i,
				rules[k]
			);
		snprintf(
			text + n, sizeof(text) - n, "  - {name: zlast, pattern: '%s'}\n", lasts[k]
		);
		struct pattern_lib *lib = folder_load_text(text, why);
		if (lib == NULL)
			fail_msg("%s", why);
		assert_string_equal(found(lib, texts[k]), finds[k]);
		pattern_lib_free(lib);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_of_words_and_numbers_are_apart),
		cmocka_unit_test(words_and_rules_share_the_rest),
		cmocka_unit_test(what_they_cost_is_told),
		cmocka_unit_test(case_may_be_ignored),
		cmocka_unit_test(blocks_are_listed_too),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(names_are_one_over_all_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
