// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Every pack of the library refuses what it says it refuses, and lets pass what it says passes.

#include "dataplane/inspect/inspect.h"
#include "patterns/patterns.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct pattern_lib *lib;
static struct inspect_cache *cache;
static struct command_reader *reader;

static int set_up(void **)
{
	static const char *const folders[] = {PATTERN_LIBRARY};
	char why[PATTERN_WHY] = "";
	if (pattern_lib_load(folders, 1, &lib, why) != 0)
		fail_msg("%s", why);
	cache = inspect_cache_new(16, 1 << 20);
	reader = command_reader_new();
	return cache == NULL || reader == NULL;
}

static int tear_down(void **)
{
	pattern_lib_free(lib);
	inspect_cache_free(cache);
	command_reader_free(reader);
	return 0;
}

static uint64_t words_of(const char *const *words)
{
	uint64_t effects = 0;
	for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
		uint64_t effect = effects_parse(span_str(words[i]));
		if (effect == 0)
			fail_msg("`%s` is no effect and no flag", words[i]);
		effects |= effect;
	}
	return effects;
}

// What the pack looks for in text; NULL for nothing.
static struct pattern_set *blocks_of(const struct pattern_pack *pack)
{
	static uint16_t ids[PATTERN_MAX], some[PATTERN_MAX];
	struct pattern_set *set = NULL;
	char why[PATTERN_WHY] = "";
	size_t n = 0;
	if (pack->block == NULL)
		return NULL;
	for (size_t i = 0; pack->block[i] != NULL; i++) {
		size_t found = pattern_lib_select(lib, pack->block[i], some), kept = 0;
		for (size_t k = 0; k < found; k++)
			if (pattern_lib_info(lib, some[k])->kind == PATTERN_BLOCK)
				ids[n + kept++] = some[k];
		if (kept == 0)
			fail_msg("%s blocks %s, which is nothing", pack->name, pack->block[i]);
		n += kept;
	}
	if (pattern_set_compile(lib, ids, n, &set, why) != 0)
		fail_msg("%s", why);
	return set;
}

static const struct effects *effects_of(const struct pack_example *example)
{
	static const struct inspect_context usual = {.utf8 = true, .standard_strings = true};
	static struct effects plain;
	struct span text = span_str(example->text);
	enum inspect_dialect dialect;
	if (strcmp(example->dialect, "postgres") == 0)
		return inspect_statement(cache, &usual, text);
	plain = (struct effects){.normalised = text};
	if (!inspect_dialect_parse(span_str(example->dialect), &dialect))
		return &plain;
	const struct command_context context = command_context_usual(dialect);
	return inspect_command(reader, &context, text);
}

static bool is_in_text(const struct pattern_set *set, struct span text)
{
	struct scan_scratch *scratch = set == NULL ? NULL : scan_scratch_new(set);
	if (scratch == NULL)
		return false;
	int result = scan_match(set, scratch, text, NULL);
	assert_true(result >= 0 || result == -ENOENT);
	scan_scratch_free(scratch);
	return result >= 0;
}

static size_t judge_all(
	const struct pattern_pack *pack, const struct pattern_set *set,
	const struct pack_example *examples, size_t n, bool refused
)
{
	uint64_t stops = words_of(pack->deny) | words_of(pack->hold);
	size_t wrong = 0;
	for (size_t i = 0; i < n; i++) {
		const struct effects *effects = effects_of(&examples[i]);
		uint64_t does = effects_with_flags(effects->kinds, effects->flags);
		char names[256];
		if (((does & stops) != 0 || is_in_text(set, effects->normalised)) == refused)
			continue;
		effects_list(does, names, sizeof(names));
		print_error(
			"%s %s: %s (%s)\n", pack->name, refused ? "lets pass" : "refuses",
			examples[i].text, names
		);
		wrong++;
	}
	return wrong;
}

static void packs_keep_their_word(void **)
{
	size_t wrong = 0, examples = 0;
	for (size_t i = 0; i < pattern_lib_pack_count(lib); i++) {
		const struct pattern_pack *pack = pattern_lib_pack(lib, i);
		struct pattern_set *set = blocks_of(pack);
		wrong += judge_all(pack, set, pack->refused, pack->refused_count, true);
		wrong += judge_all(pack, set, pack->passed, pack->passed_count, false);
		examples += pack->refused_count + pack->passed_count;
		pattern_set_free(set);
	}
	print_message("%zu packs, %zu examples\n", pattern_lib_pack_count(lib), examples);
	assert_int_equal(wrong, 0);
}

static void what_packs_mask_is_there(void **)
{
	static uint16_t ids[PATTERN_MAX];
	for (size_t i = 0; i < pattern_lib_pack_count(lib); i++) {
		const struct pattern_pack *pack = pattern_lib_pack(lib, i);
		for (size_t k = 0; pack->mask != NULL && pack->mask[k] != NULL; k++)
			if (pattern_lib_select(lib, pack->mask[k], ids) == 0)
				fail_msg(
					"%s masks %s, which is nothing", pack->name, pack->mask[k]
				);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packs_keep_their_word),
		cmocka_unit_test(what_packs_mask_is_there),
	};
	return cmocka_run_group_tests_name("packs", tests, set_up, tear_down);
}
