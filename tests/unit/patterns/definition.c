// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/definition.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define EXAMPLES "examples: {positive: [abc], negative: [x]}\n"
#define REST     "title: t\ndescription: d\ngroups: [g]\nregions: [us]\nsource: s\n"

// Parse as file t.yaml; the fault, or NULL.
static const char *fault(const char *text)
{
	static char why[PATTERN_WHY];
	struct definition def;
	why[0] = '\0';
	int result = definition_parse("dir/t.yaml", span_str(text), &def, why);
	definition_free(&def);
	if (result == 0)
		return NULL;
	assert_int_equal(result, ERR_CONFIG);
	assert_true(strncmp(why, "dir/t.yaml:", 11) == 0);
	return why;
}

#define ASSERT_FAULT(text, part)                                \
	do {                                                    \
		const char *why = fault(text);                  \
		assert_non_null(why);                           \
		if (strstr(why, part) == NULL)                  \
			fail_msg("'%s' lacks '%s'", why, part); \
	} while (0)

static void everything_is_read(void **)
{
	struct definition def;
	char why[PATTERN_WHY];
	const char *text =
		"name: t\n" REST
		"kind: entity\npattern: 'a[bc]{2,3}'\nbefore: 'k='\nanchor: 'k'\nlead: 1\n"
		"validators: [base64, base64]\nboundary: {left: word, right: none}\nwidth: 6\n"
		"mask: {keep_last: 4}\nscore: 20\nstrong: 'ab+'\ncontext: [tax id, k-v]\n"
		"examples: {positive: [{text: 'k=abcc', finds: abcc}], negative: [x, \"\\0\"]}\n";
	assert_int_equal(definition_parse("t.yaml", span_str(text), &def, why), 0);
	assert_string_equal(def.info.name, "t");
	assert_string_equal(def.info.groups[0], "g");
	assert_null(def.info.groups[1]);
	assert_int_equal(def.info.mask, PATTERN_MASK_KEEP);
	assert_int_equal(def.info.mask_keep_last, 4);
	assert_int_equal(def.info.score, 20);
	assert_string_equal(def.strong, "ab+");
	assert_string_equal(def.info.context[0], "tax id");
	assert_string_equal(def.info.context[1], "k-v");
	assert_null(def.info.context[2]);
	assert_int_equal(def.left, BOUNDARY_WORD);
	assert_int_equal(def.right, BOUNDARY_NONE);
	assert_int_equal(def.validator_count, 2);
	assert_int_equal(def.info.positive[0].start, 2);
	assert_int_equal(def.info.positive[0].end, 6);
	assert_int_equal(def.info.negative[1].text.n, 1);
	definition_free(&def);
	definition_free(&def); // an empty one is fine
}

static void every_mask_is_read(void **)
{
	static const struct {
		const char *text;
		enum pattern_mask mask;
		uint32_t first, last;
	} masks[] = {
		{"redact", PATTERN_MASK_REDACT, 0, 0},
		{"hash", PATTERN_MASK_HASH, 0, 0},
		{"token", PATTERN_MASK_TOKEN, 0, 0},
		{"placeholder", PATTERN_MASK_PLACEHOLDER, 0, 0},
		{"null", PATTERN_MASK_NULL, 0, 0},
		{"{fixed: x}", PATTERN_MASK_FIXED, 0, 0},
		{"{keep_first: 6, keep_last: 4}", PATTERN_MASK_KEEP, 6, 4},
		{"{keep_first: 2}", PATTERN_MASK_KEEP, 2, 0},
	};
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		struct definition def;
		char why[PATTERN_WHY], text[1024];
		snprintf(
			text, sizeof(text),
			"name: t\n" REST "kind: entity\nboundary: word\nwidth: 3\npattern: abc\n"
			"mask: %s\n" EXAMPLES,
			masks[i].text
		);
		if (definition_parse("t.yaml", span_str(text), &def, why) != 0)
			fail_msg("%s: %s", masks[i].text, why);
		assert_int_equal(def.info.mask, masks[i].mask);
		assert_int_equal(def.info.mask_keep_first, masks[i].first);
		assert_int_equal(def.info.mask_keep_last, masks[i].last);
		definition_free(&def);
	}
}

#define ENTITY "kind: entity\nmask: redact\nboundary: word\n"

// Nobody else can tell that a validator accepts nothing of the pattern's.
static void validators_want_an_example(void **)
{
	struct definition def;
	char reason[PATTERN_WHY];
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "pattern: '[0-9]{9}'\nwidth: 9\nvalidators: [card]\n"
		"examples: {positive: ['411111111'], negative: [x]}\n",
		"validators want a positive example"
	);
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "pattern: '[0-9]{9}'\nwidth: 9\nvalidators: [card]\n"
		"examples: {positive: ['4111111111111111'], negative: [x]}\n",
		"no wider than the pattern"
	);
	assert_int_equal(
		definition_parse(
			"t.yaml",
			SPAN_LIT("name: t\n" REST ENTITY
				 "pattern: '[0-9]{16}'\nwidth: 16\nvalidators: [card]\n"
				 "examples: {positive: [x, '4111111111111111'], negative: [x]}\n"),
			&def, reason
		),
		0
	);
	definition_free(&def);
}

static void faults_say_where(void **)
{
	ASSERT_FAULT("", ":1:1: the file is empty");
	ASSERT_FAULT("a: [", ":1:");
	ASSERT_FAULT("- a", ":1:1: a mapping");
	ASSERT_FAULT("name: t\nname: t\n", ":2:1: name stands twice");
	ASSERT_FAULT("name: T\n", ":1:7: 'T' is no name");
	ASSERT_FAULT("name: t\n" REST, ":1:1: kind is missing");
	ASSERT_FAULT("name: t\nkind: thing\n", ":2:7: kind is");
	ASSERT_FAULT("? [a]\n: b\n", ":1:3: a key must be");
	ASSERT_FAULT("width: 20481", ":1:8: a number from 1 to 20480");
	ASSERT_FAULT("width: 4294967297", ":1:8: a number");
	ASSERT_FAULT("width: -1", ":1:8: a number");
	ASSERT_FAULT("boundary: soft", ":1:11: a boundary is");
	ASSERT_FAULT("boundary: {left: word}", ":1:11: right is missing");
	ASSERT_FAULT("validators: [luck]", ":1:14: no validator");
	ASSERT_FAULT("validators: [ssn, ssn, ssn, ssn, ssn]", "at most 4");
	ASSERT_FAULT("groups: []", ":1:9: a list of 1");
	ASSERT_FAULT("groups: {a: b}", ":1:9: a list");
	ASSERT_FAULT("title: [a]", ":1:8: a text");
	ASSERT_FAULT("title: \"a\\0b\"", "NUL");
	ASSERT_FAULT("mask: {}", ":1:7: mask is");
	ASSERT_FAULT("mask: blur", ":1:7: mask is");
	ASSERT_FAULT("mask: {keep_first: 17}", ":1:20: a number from 1 to 16");
	ASSERT_FAULT("mask: {keep_last: 4, fixed: x}", "one mask style");
	ASSERT_FAULT("mask: {fixed: x, fixed: y}", "stands twice");
	ASSERT_FAULT("examples: {positive: [{text: a, finds: b}]}", ":1:40: the example's");
	ASSERT_FAULT("title: *nobody", ":1:");
	ASSERT_FAULT("score: 0", ":1:8: a number from 1 to 100");
	ASSERT_FAULT("score: 101", ":1:8: a number from 1 to 100");
	ASSERT_FAULT("strong: [a]", ":1:9: a text");
	ASSERT_FAULT("context: ssn", ":1:10: a list");
	ASSERT_FAULT("context: [ok, x]", ":1:15: a context word is 2 to 40");
	ASSERT_FAULT("context: [SSN]", ":1:11: a context word");
	ASSERT_FAULT("context: [ssn-]", ":1:11: a context word");
	ASSERT_FAULT("context: [\"a\\nb\"]", ":1:11: a context word");
	ASSERT_FAULT("context: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab]", "a context word");
	ASSERT_FAULT(
		"context: [aa, aa, aa, aa, aa, aa, aa, aa, aa, aa, aa, aa, aa, aa, aa, aa, aa,"
		" aa, aa, aa, aa, aa, aa, aa, aa, aa, aa, aa, aa, aa, aa, aa, aa]",
		":1:10: at most 32"
	);
}

static void expressions_are_checked(void **)
{
	ASSERT_FAULT(
		"name: u\n" REST ENTITY "width: 3\npattern: abc\n" EXAMPLES, "must be called u"
	);
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "width: 2\npattern: abc\n" EXAMPLES,
		":10:8: nothing is so narrow"
	);
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "width: 3\npattern: ab+\n" EXAMPLES,
		":11:10: has no greatest"
	);
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "width: 9\npattern: abc\nbefore: a+\n" EXAMPLES,
		":12:9: has no greatest"
	);
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "width: 9\npattern: abc\nanchor: a+\nlead: 3\n" EXAMPLES,
		":12:9: has no greatest"
	);
	ASSERT_FAULT(
		"name: t\n" REST
		"kind: entity\nmask: redact\nboundary: none\nwidth: 2000\npattern: ab+\n" EXAMPLES,
		":11:10: can be 2000 bytes wide: above"
	);
	assert_null(fault("name: t\n" REST
			  "kind: entity\nmask: redact\nboundary: none\nwidth: 2000\n"
			  "pattern: ab+\nanchor: a\nlead: 1\n" EXAMPLES));
	ASSERT_FAULT("name: t\n" REST ENTITY "width: 3\npattern: ab(\n" EXAMPLES, ":11:10: ");
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "width: 3\npattern: 'a?'\n" EXAMPLES,
		":11:10: the expression matches nothing at all"
	);
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "width: 3\npattern: '[^\\x00-\\xff]a'\n" EXAMPLES,
		":11:10: Pattern can never match"
	);
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "width: 3\npattern: abc\nlead: 1\n" EXAMPLES, "go together"
	);
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "width: 3\npattern: abc\nanchor: b\nlead: 4\n" EXAMPLES,
		":13:7: lead is"
	);
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "width: 1100\npattern: 'ab{1099}'\n" EXAMPLES,
		"anchor is needed"
	);
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "width: 67\npattern: abc\nbefore: 'a{64}'\n" EXAMPLES,
		"at most 63"
	);
	ASSERT_FAULT(
		"name: t\n" REST
		"kind: block\nboundary: none\nmask: hash\nwidth: 3\npattern: abc\n" EXAMPLES,
		":9:7: an entity has a mask"
	);
	ASSERT_FAULT(
		"name: t\n" REST "kind: entity\nboundary: none\nwidth: 3\npattern: abc\n" EXAMPLES,
		"an entity has a mask"
	);
	assert_null(fault("name: t\n" REST ENTITY "width: 3\npattern: abc\n" EXAMPLES));
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "width: 3\npattern: abc\nscore: 49\n" EXAMPLES,
		":12:8: a score below 50 needs context"
	);
	assert_null(fault("name: t\n" REST ENTITY "width: 3\npattern: abc\nscore: 49\n"
			  "context: [abc]\n" EXAMPLES));
	assert_null(fault("name: t\n" REST ENTITY "width: 3\npattern: abc\nscore: 50\n" EXAMPLES));
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "width: 3\npattern: abc\nstrong: 'a('\n" EXAMPLES, ":12:9: "
	);
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "width: 3\npattern: abc\nstrong: abcd\n" EXAMPLES,
		":12:9: nothing the pattern matches"
	);
	ASSERT_FAULT(
		"name: t\n" REST
		"kind: block\nboundary: none\nwidth: 3\npattern: abc\nscore: 90\n" EXAMPLES,
		"are for entities"
	);
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "width: 3\npattern: abc\n" EXAMPLES "---\na: b\n",
		"one document"
	);
	ASSERT_FAULT(
		"name: t\n" REST ENTITY "width: 3\npattern: abc\n" EXAMPLES "---\na: [\n",
		"not YAML"
	);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_read),         cmocka_unit_test(every_mask_is_read),
		cmocka_unit_test(validators_want_an_example), cmocka_unit_test(faults_say_where),
		cmocka_unit_test(expressions_are_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
