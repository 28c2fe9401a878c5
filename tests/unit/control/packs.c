// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a rule gets from the packs that it uses, and what is wrong with how it does.

#include "controlplane/policy/build.h"
#include "patterns/patterns.h"
#include "tests/unit/control/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { FOLDER = 32 };

#define LIST(name, kind)                                       \
	"name: " name "\ntitle: t\nkind: list\nof: " kind "\n" \
	"boundary: word\ngroups: [group-" kind "]\nwords: [" name "-word]\n"
#define PACK(name, groups, does)                                                            \
	"name: " name "\nkind: pack\ntitle: t\ndescription: d\ngroups: [" groups "]\n" does \
	"refuses: {text: [x]}\npasses: {text: [y]}\n"

static const struct {
	const char *name, *text;
} library[] = {
	{"data", LIST("data", "entity") "mask: redact\n"},
	{"more-data", LIST("more-data", "entity") "mask: hash\n"},
	{"statements", LIST("statements", "block")},
	{"denies", PACK("denies", "both", "deny: [ddl, no-where]\n")},
	{"holds", PACK("holds", "both", "hold: [write]\n")},
	{"guards", PACK("guards", "texts", "block: [statements]\nmask: [data]\n")},
	{"masks-all", PACK("masks-all", "texts", "mask: [group-entity]\n")},
	{"bad-word", PACK("bad-word", "bad", "deny: [ddl, wriet]\n")},
	{"bad-hold", PACK("bad-hold", "bad", "hold: [raed]\n")},
	{"bad-block", PACK("bad-block", "bad", "block: [statements, nothing]\n")},
	{"bad-kind", PACK("bad-kind", "bad", "block: [data]\nmask: [statements]\n")},
};

static char folder[FOLDER];

static int set_up(void **)
{
	snprintf(folder, sizeof(folder), "/tmp/bulkhead-packs-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(library) / sizeof(library[0]); i++) {
		char path[128];
		snprintf(path, sizeof(path), "%s/%s.yaml", folder, library[i].name);
		FILE *file = fopen(path, "w");
		if (file == NULL)
			return -1;
		fputs(library[i].text, file);
		fclose(file);
	}
	setenv("BULKHEAD_TEST_SECRET", "hunter2", 1);
	return 0;
}

static int tear_down(void **)
{
	for (size_t i = 0; i < sizeof(library) / sizeof(library[0]); i++) {
		char path[128];
		snprintf(path, sizeof(path), "%s/%s.yaml", folder, library[i].name);
		unlink(path);
	}
	return rmdir(folder);
}

// A policy whose one rule, ends with `rest`, which begins in line 21.
static int build(const char *rest, struct snapshot **out, struct config_errors *errors)
{
	static const uint8_t key[32];
	char text[4096];
	snprintf(
		text, sizeof(text), "%s%s\n%s%s", SAMPLE_GATEWAY "  patterns: ", folder,
		SAMPLE_ISSUERS SAMPLE_RESOURCES SAMPLE_LISTENERS
		"rules:\n  - name: read\n    subjects: {groups: [agents]}\n"
		"    resources: [orders]\n",
		rest
	);
	struct config *config = sample_config(text);
	int rc = snapshot_build(config, 1, 1, key, NULL, out, errors);
	config_free(config);
	return rc;
}

static struct snapshot *built(const char *rest)
{
	struct config_errors errors = {0};
	struct snapshot *s = NULL;
	int rc = build(rest, &s, &errors);
	for (uint32_t i = 0; i < errors.n; i++)
		print_message("%s\n", errors.lines[i]);
	config_errors_fini(&errors);
	assert_int_equal(rc, 0);
	return s;
}

// Without "t.yaml:", or without the folder of the library.
static const char *without_folder(const char *line)
{
	size_t n = strlen(folder);
	return strncmp(line, folder, n) == 0 ? line + n + 1 : line + strlen("t.yaml:");
}

// The errors are these, `n` of them, in this order.
static void refused(const char *rest, size_t n, const char *const *says)
{
	struct config_errors errors = {0};
	struct snapshot *s = NULL;
	assert_int_equal(build(rest, &s, &errors), ERR_CONFIG);
	for (uint32_t i = 0; i < errors.n; i++)
		if (i >= n || strcmp(without_folder(errors.lines[i]), says[i]) != 0)
			fail_msg("%s", errors.lines[i]);
	assert_int_equal(errors.n, n);
	config_errors_fini(&errors);
}

#define REFUSED(rest, ...)                                                               \
	refused(rest, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), \
		(const char *const[]){__VA_ARGS__})

#define READ     "    effects: {allow: [read]}\n"
#define WRITE    "    effects: {allow: [read, write, ddl]}\n"
#define APPROVAL "    approval: {approvers: [dba]}\n"

static uint64_t flag(enum effect_flag flag)
{
	return effects_with_flags(0, flag);
}

static void what_they_deny_and_hold_is_taken(void **)
{
	struct snapshot *s = built(WRITE APPROVAL "    use: [denies, holds]\n");
	const struct right *right = &s->rules[0].right;
	assert_int_equal(right->deny & EFFECT_DDL, EFFECT_DDL);
	assert_true((right->deny & flag(EFFECT_NO_WHERE)) != 0);
	assert_int_equal(right->hold, EFFECT_WRITE);
	assert_int_equal(right->allow, EFFECT_READ);
	snapshot_free(s);
}

static void a_group_means_all_of_its_packs(void **)
{
	struct snapshot *s = built(WRITE APPROVAL "    use: [both]\n");
	assert_int_equal(s->rules[0].right.allow, EFFECT_READ);
	assert_int_equal(s->rules[0].right.hold, EFFECT_WRITE);
	snapshot_free(s);
}

static void what_the_rule_refuses_is_not_held_instead(void **)
{
	struct snapshot *s = built(READ APPROVAL "    use: [holds]\n");
	assert_int_equal(s->rules[0].right.hold, 0);
	assert_int_equal(s->rules[0].right.allow, EFFECT_READ);
	snapshot_free(s);
}

static void what_they_block_and_mask_is_wanted(void **)
{
	struct snapshot *s = built(READ "    use: [guards]\n");
	assert_non_null(s->blocks);
	assert_non_null(s->entities);
	assert_int_equal(pattern_set_count(s->entities), 1);
	snapshot_free(s);
	s = built(READ "    use: [texts]\n");
	assert_int_equal(pattern_set_count(s->entities), 2);
	snapshot_free(s);
	s = built(READ);
	assert_null(s->blocks);
	assert_null(s->entities);
	snapshot_free(s);
}

static void unknown_packs_are_told(void **)
{
	REFUSED(READ "    use: [nothing-like-it]\n", "22:11: no pack is called `nothing-like-it`");
	REFUSED(READ "    use: [guards, deneis]\n",
		"22:19: no pack is called `deneis`; did you mean `denies`?");
	REFUSED(READ "    use: [one-thing, guards, other-thing]\n",
		"22:11: no pack is called `one-thing`", "22:30: no pack is called `other-thing`");
}

static void what_is_no_pack_belongs_elsewhere(void **)
{
	REFUSED(READ "    use: [data]\n",
		"22:11: `data` is a pattern for data, not a pack; move it to `mask`");
	REFUSED(READ "    use: [group-entity]\n",
		"22:11: `group-entity` is a pattern for data, not a pack; move it to `mask`");
	REFUSED(READ "    use: [statements]\n",
		"22:11: `statements` is a pattern for statements, not a pack; move it to `block`");
	REFUSED(READ "    block: [guards]\n", "22:13: `guards` is a pack; move it to `use`");
	REFUSED(READ "    mask: [texts]\n", "22:12: `texts` is a pack; move it to `use`");
	REFUSED(READ "    mask: [{pattern: guards, style: hash}]\n",
		"22:12: `guards` is a pack; move it to `use`");
}

static void what_holds_needs_an_approval(void **)
{
	REFUSED(WRITE "    use: [denies, holds]\n",
		"22:19: pack `holds` holds, and needs to know who approves; give the rule an "
		"`approval`");
	// By its group's name, where that stands.
	REFUSED(WRITE "    use: [both]\n",
		"22:11: pack `holds` holds, and needs to know who approves; give the rule an "
		"`approval`");
}

static void what_a_pack_says_wrongly_is_told_where_it_stands(void **)
{
	REFUSED(READ "    use: [guards, bad-word]\n",
		"bad-word.yaml:6:13: `wriet` is no effect and no flag; line 22 of the policy uses "
		"this pack");
	REFUSED(READ APPROVAL "    use: [bad-hold]\n",
		"bad-hold.yaml:6:8: `raed` is no effect and no flag; line 23 of the policy uses "
		"this pack");
	REFUSED(READ "    use: [bad-block]\n",
		"bad-block.yaml:6:21: no pattern or group is called `nothing`");
	REFUSED(READ "    use: [bad-kind]\n",
		"bad-kind.yaml:7:8: `statements` is a pattern for statements; move it to `block`",
		"bad-kind.yaml:6:9: `data` is a pattern for data; move it to `mask`");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_they_deny_and_hold_is_taken),
		cmocka_unit_test(a_group_means_all_of_its_packs),
		cmocka_unit_test(what_the_rule_refuses_is_not_held_instead),
		cmocka_unit_test(what_they_block_and_mask_is_wanted),
		cmocka_unit_test(unknown_packs_are_told),
		cmocka_unit_test(what_is_no_pack_belongs_elsewhere),
		cmocka_unit_test(what_holds_needs_an_approval),
		cmocka_unit_test(what_a_pack_says_wrongly_is_told_where_it_stands),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
