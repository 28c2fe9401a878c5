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

#define HEAD     "name: t\nkind: pack\ntitle: t\ndescription: d\n"
#define EXAMPLES "refuses: {postgres: [DROP TABLE t]}\npasses: {postgres: [SELECT 1]}\n"

static struct pattern_lib *loaded(const char *text)
{
	char why[PATTERN_WHY] = "";
	struct pattern_lib *lib = folder_load_text(text, why);
	if (lib == NULL)
		fail_msg("%s", why);
	assert_int_equal(pattern_lib_count(lib), 0);
	assert_int_equal(pattern_lib_pack_count(lib), 1);
	return lib;
}

static void everything_is_read(void **)
{
	struct pattern_lib *lib = loaded(
		HEAD "groups: [g, h]\ndeny: [ddl, no-where]\nhold: [write]\nblock: [b]\nmask: [m]\n"
		     "refuses: {text: [one], mysql: [two, three]}\npasses: {shell: [four]}\n"
	);
	const struct pattern_pack *pack = pattern_lib_pack(lib, 0);
	assert_string_equal(pack->name, "t");
	assert_string_equal(pack->deny[0], "ddl");
	assert_string_equal(pack->deny[1], "no-where");
	assert_null(pack->deny[2]);
	assert_string_equal(pack->hold[0], "write");
	assert_string_equal(pack->block[0], "b");
	assert_string_equal(pack->mask[0], "m");
	assert_non_null(strstr(pack->file, "t.yaml"));
	assert_int_equal(pack->deny_at[1].line, pack->deny_at[0].line);
	assert_int_equal(pack->deny_at[0].column, 8);
	assert_int_equal(pack->deny_at[1].column, 13);
	assert_int_equal(pack->mask_at[0].line, pack->deny_at[0].line + 3);
	assert_int_equal(pack->refused_count, 3);
	assert_string_equal(pack->refused[0].dialect, "text");
	assert_string_equal(pack->refused[2].dialect, "mysql");
	assert_string_equal(pack->refused[2].text, "three");
	assert_int_equal(pack->passed_count, 1);
	assert_string_equal(pack->passed[0].text, "four");
	assert_true(pattern_pack_is(pack, "t"));
	assert_true(pattern_pack_is(pack, "h"));
	assert_false(pattern_pack_is(pack, "i"));
	pattern_lib_free(lib);
}

// Data has no dialect: the entities' own examples say what is masked.
static void what_masks_needs_no_examples(void **)
{
	pattern_lib_free(loaded(HEAD "mask: [pii]\n"));
}

static void keys_are_strict(void **)
{
	folder_refused(HEAD "dney: [ddl]\n" EXAMPLES, "t.yaml:5:1: unknown key 'dney'");
	folder_refused(HEAD "deny: [ddl]\ndeny: [ddl]\n" EXAMPLES, "t.yaml:6:1: deny stands twice");
	folder_refused(HEAD "[a]: b\n", "t.yaml:5:1: a key must be a word");
	folder_refused("kind: pack\ntitle: t\ndescription: d\n", "t.yaml:1:1: name is missing");
	folder_refused("name: t\nkind: pack\ndescription: d\n", "t.yaml:1:1: title is missing");
	folder_refused("name: t\nkind: pack\ntitle: t\n", "t.yaml:1:1: description is missing");
	folder_refused(HEAD "width: 3\n", "t.yaml:5:1: unknown key 'width'");
	folder_refused("name: t\nkind: packs\n", "t.yaml:2:7: ");
}

static void a_file_is_called_as_its_pack(void **)
{
	folder_refused(
		"name: other\nkind: pack\ntitle: t\ndescription: d\ndeny: [ddl]\n" EXAMPLES,
		"t.yaml:1:7: the file of 'other' must be called other.yaml"
	);
	folder_refused(
		"kind: pack\ntitle: t\nname: t2\ndescription: d\ndeny: [ddl]\n" EXAMPLES,
		"t.yaml:3:7: the file of 't2' must be called t2.yaml"
	);
	folder_refused("name: T\n" HEAD, "t.yaml:1:7: 'T' is no name: lower-case letters");
}

static void rules_are_lists_of_names(void **)
{
	folder_refused(HEAD "deny: ddl\n" EXAMPLES, "t.yaml:5:7: a list is wanted here");
	folder_refused(HEAD "deny: []\n" EXAMPLES, "t.yaml:5:7: a list of 1 to 64 is wanted here");
	folder_refused(HEAD "deny: [ddl, Write]\n" EXAMPLES, "t.yaml:5:13: 'Write' is no name");
	folder_refused(HEAD "hold: [[write]]\n" EXAMPLES, "t.yaml:5:8: a text is wanted here");
	folder_refused(
		HEAD "block: [sql-sleep, '']\n" EXAMPLES, "t.yaml:5:20: a text is wanted here"
	);
	folder_refused(HEAD "mask: {pii: x}\n" EXAMPLES, "t.yaml:5:7: a list is wanted here");
	folder_refused(HEAD "mask: [a_b]\n" EXAMPLES, "t.yaml:5:8: 'a_b' is no name");
	folder_refused(
		HEAD "groups: [a, -b]\ndeny: [ddl]\n" EXAMPLES, "t.yaml:5:13: '-b' is no name"
	);
	folder_refused(
		HEAD EXAMPLES, "t.yaml:1:1: a pack denies, holds, blocks or masks something"
	);
}

static void examples_are_by_dialect(void **)
{
	static const char some[] = "t.yaml:1:1: a pack has examples of what it refuses and of what "
				   "passes";
	folder_refused(HEAD "deny: [ddl]\n", some);
	folder_refused(HEAD "deny: [ddl]\nrefuses: {shell: [rm]}\n", some);
	folder_refused(HEAD "deny: [ddl]\npasses: {shell: [ls]}\n", some);
	folder_refused(
		HEAD "deny: [ddl]\nrefuses: {cobol: [STOP]}\n", "t.yaml:6:11: unknown key 'cobol'"
	);
	folder_refused(
		HEAD "deny: [ddl]\nrefuses: [DROP TABLE t]\n",
		"t.yaml:6:10: a mapping is wanted here"
	);
	folder_refused(
		HEAD "deny: [ddl]\nrefuses: {shell: rm}\n", "t.yaml:6:18: a list is wanted here"
	);
	folder_refused(
		HEAD "deny: [ddl]\nrefuses: {shell: [rm], tsql: [a, [b]]}\n",
		"t.yaml:6:34: a text is wanted here"
	);
	folder_refused(
		HEAD "deny: [ddl]\nrefuses: {shell: [\"a\\0\"]}\n",
		"t.yaml:6:19: the text holds a NUL"
	);
}

static const char own[] = HEAD "deny: [ddl]\n" EXAMPLES;

static void two_of_one_name_are_refused(void **)
{
	char why[PATTERN_WHY] = "";
	struct folder a, b;
	folder_make(&a);
	folder_make(&b);
	folder_add(&a, "t.yaml", own);
	folder_add(&b, "t.yaml", own);
	assert_null(folder_load(&a, &b, why));
	assert_non_null(strstr(why, "t.yaml:1:7: there is a pack t already"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_read),
		cmocka_unit_test(what_masks_needs_no_examples),
		cmocka_unit_test(keys_are_strict),
		cmocka_unit_test(a_file_is_called_as_its_pack),
		cmocka_unit_test(rules_are_lists_of_names),
		cmocka_unit_test(examples_are_by_dialect),
		cmocka_unit_test(two_of_one_name_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
