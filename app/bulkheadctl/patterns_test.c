// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the library finds in a file; or, when the file is one of a library, whether its examples are
// as it says.

#include "app/bulkheadctl/pack_check.h"
#include "app/bulkheadctl/patterns.h"
#include "app/bulkheadctl/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEST_FILE_MAX = 64 << 20 };

static void print_found(
	const struct args *args, const struct pattern_lib *lib, struct span text,
	const struct finding *finding, uint32_t *line, uint32_t *line_start, uint32_t *at
)
{
	for (; *at < finding->start; (*at)++) {
		if (text.p[*at] == '\n') {
			(*line)++;
			*line_start = *at + 1;
		}
	}
	const char *name = pattern_lib_info(lib, finding->pattern)->name;
	struct span found = span_of(text.p + finding->start, finding->end - finding->start);
	unsigned column = finding->start - *line_start + 1;
	if (args->json) {
		print_json(json_pack(
			"{s:s,s:i,s:i,s:i,s:i,s:o}", "pattern", name, "line", (int)*line, "column",
			(int)column, "start", (int)finding->start, "end", (int)finding->end, "text",
			text_json(found)
		));
		return;
	}
	printf("%u:%u: %s: ", *line, column, name);
	text_write(stdout, found, false);
	putchar('\n');
}

static int test_text(const struct args *args, const struct pattern_lib *lib, struct span text)
{
	static struct finding found[SCAN_FINDINGS_MAX];
	uint16_t ids[PATTERN_MAX];
	uint32_t line = 1, line_start = 0, at = 0;
	struct pattern_scanner s;
	size_t n = 0;
	bool more = false;

	for (uint16_t id = 0; id < pattern_lib_count(lib); id++) {
		if (pattern_lib_info(lib, id)->kind == PATTERN_ENTITY)
			ids[n++] = id;
	}
	int ret = pattern_scanner_init(&s, lib, ids, n);
	if (ret == EXIT_OK) {
		int count = scan(s.set, s.scratch, text, NULL, found, SCAN_FINDINGS_MAX, &more);
		for (int i = 0; i < count; i++)
			print_found(args, lib, text, &found[i], &line, &line_start, &at);
		if (count < 0)
			ret = fail(EXIT_FAILED, "cannot scan: %s", err_text(count));
	}
	pattern_scanner_fini(&s);
	if (more)
		fprintf(stderr, "more than %d findings: the rest is not shown\n",
			SCAN_FINDINGS_MAX);
	return ret;
}

// ---- files of a library

// What was said of the examples of one file.
struct tally {
	const struct args *args;
	size_t examples, wrong;
	json_t *list; // of what is wrong
};

static void tell(
	struct tally *tally, const char *name, const char *dialect, struct span text,
	const char *what
)
{
	tally->wrong++;
	if (tally->args->json) {
		json_array_append_new(
			tally->list, json_pack(
					     "{s:s,s:s?,s:o,s:s}", "name", name, "dialect", dialect,
					     "text", text_json(text), "what", what
				     )
		);
		return;
	}
	printf("%s: %s: ", name, what);
	text_write(stdout, text, false);
	putchar('\n');
}

static int tell_all(struct tally *tally, const char *file)
{
	if (tally->args->json)
		print_json(json_pack(
			"{s:s,s:I,s:O}", "file", file, "examples", (json_int_t)tally->examples,
			"wrong", tally->list
		));
	else
		printf("%zu examples, %zu wrong\n", tally->examples, tally->wrong);
	return tally->wrong == 0 ? EXIT_OK : EXIT_FAILED;
}

static int judge_examples(
	struct tally *tally, struct pack_check *check, const char *name,
	const struct pack_example *examples, size_t n, bool refuses
)
{
	char what[512];

	for (size_t i = 0; i < n; i++) {
		const struct pack_example *example = &examples[i];
		struct pack_said said;
		int ret = pack_check_example(check, example, &said);
		if (ret != 0)
			return fail(EXIT_FAILED, "%s: %s", name, err_text(ret));
		tally->examples++;
		if (said.refused == refuses)
			continue;
		size_t at = (size_t)snprintf(
			what, sizeof(what), "%s (%s", refuses ? "passes" : "is refused",
			example->dialect
		);
		if (said.effects != 0) {
			at += (size_t)snprintf(what + at, sizeof(what) - at, ": ");
			effects_list(said.effects, what + at, sizeof(what) - at - 1);
			at += strlen(what + at);
		}
		snprintf(what + at, sizeof(what) - at, ")");
		tell(tally, name, example->dialect, span_str(example->text), what);
	}
	return EXIT_OK;
}

// `lib` holds what the pack names.
static int judge_pack(
	struct tally *tally, const struct pattern_lib *lib, const struct pattern_pack *pack
)
{
	struct pack_check check;
	char why[PATTERN_WHY] = "";

	int ret = pack_check_init(&check, lib, pack, why);
	if (ret != 0)
		ret = why[0] == '\0' ? fail(EXIT_FAILED, "%s: %s", tally->args->word, err_text(ret))
				     : fail(EXIT_FAILED, "%s", why);
	if (ret == EXIT_OK)
		ret = judge_examples(
			tally, &check, pack->name, pack->refused, pack->refused_count, true
		);
	if (ret == EXIT_OK)
		ret = judge_examples(
			tally, &check, pack->name, pack->passed, pack->passed_count, false
		);
	pack_check_fini(&check);
	return ret;
}

// What pattern `id` alone finds.
static int find_alone(
	const struct pattern_scanner *s, uint16_t id, struct span text, struct finding out[2]
)
{
	static uint64_t bits[PATTERN_ID_WORDS];
	const struct pattern_choice wanted = {NULL, bits};
	bool more;

	bits[id / 64] = UINT64_C(1) << id % 64;
	int n = scan(s->set, s->scratch, text, &wanted, out, 2, &more);
	bits[id / 64] = 0;
	return n;
}

static void judge_pattern(struct tally *tally, const struct pattern_scanner *s, uint16_t id)
{
	const struct pattern_info *info = pattern_lib_info(s->lib, id);
	struct finding found[2];
	char what[64];

	for (size_t i = 0; i < info->positive_count; i++) {
		const struct pattern_example *example = &info->positive[i];
		int n = find_alone(s, id, example->text, found);
		if (n == 1 && found[0].start == example->start && found[0].end == example->end)
			continue;
		snprintf(what, sizeof(what), "not found at %u to %u", example->start, example->end);
		tell(tally, info->name, NULL, example->text, what);
	}
	for (size_t i = 0; i < info->negative_count; i++) {
		if (find_alone(s, id, info->negative[i].text, found) != 0)
			tell(tally, info->name, NULL, info->negative[i].text, "found");
	}
	tally->examples += info->positive_count + info->negative_count;
}

static int judge_patterns(struct tally *tally, const struct pattern_lib *own)
{
	uint16_t ids[PATTERN_MAX];
	struct pattern_scanner s;

	for (size_t id = 0; id < pattern_lib_count(own); id++)
		ids[id] = (uint16_t)id;
	int ret = pattern_scanner_init(&s, own, ids, pattern_lib_count(own));
	for (size_t id = 0; id < pattern_lib_count(own) && ret == EXIT_OK; id++)
		judge_pattern(tally, &s, (uint16_t)id);
	pattern_scanner_fini(&s);
	return ret;
}

// A pack is of the library's patterns; a pattern or a list stands alone.
static int test_definition(const struct args *args)
{
	struct tally tally = {.args = args, .list = json_array()};
	const char *const files[] = {args->word};
	struct pattern_lib *own, *lib = NULL;
	char why[PATTERN_WHY] = "";

	int ret = pattern_lib_load(files, 1, &own, why);
	if (ret != 0) {
		json_decref(tally.list);
		return fail(EXIT_FAILED, "%s", why[0] == '\0' ? err_text(ret) : why);
	}
	if (pattern_lib_pack_count(own) > 0) {
		ret = patterns_load(args, NULL, 0, &lib);
		if (ret == EXIT_OK)
			ret = judge_pack(&tally, lib, pattern_lib_pack(own, 0));
	} else {
		ret = judge_patterns(&tally, own);
	}
	if (ret == EXIT_OK)
		ret = tell_all(&tally, args->word);
	json_decref(tally.list);
	pattern_lib_free(own);
	pattern_lib_free(lib);
	return ret;
}

// Is it meant as a file of a library? Told by its lines, so that one with a fault is, too.
static bool is_definition(const char *path, struct span text)
{
	static const char *const kinds[] = {"entity", "block", "list", "pack"};
	size_t n = strlen(path);

	if (n < 5 || strcmp(path + n - 5, ".yaml") != 0)
		return false;
	while (text.n > 0) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		size_t length = end == NULL ? text.n : (size_t)(end - text.p);
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			char line[16];
			size_t wanted = (size_t)snprintf(line, sizeof(line), "kind: %s", kinds[i]);
			if (length >= wanted && memcmp(text.p, line, wanted) == 0)
				return true;
		}
		text = span_from(text, end == NULL ? text.n : length + 1);
	}
	return false;
}

static int test_library(const struct args *args, struct span text)
{
	struct pattern_lib *lib;

	int ret = patterns_load(args, NULL, 0, &lib);
	if (ret != EXIT_OK)
		return ret;
	ret = test_text(args, lib, text);
	pattern_lib_free(lib);
	return ret;
}

int ctl_patterns_test(const struct args *args)
{
	struct buf text;

	buf_init(&text, NULL, TEST_FILE_MAX);
	int ret = text_read_file(args->word, &text);
	if (ret != 0)
		ret = fail(EXIT_FAILED, "cannot read %s: %s", args->word, err_text(ret));
	else if (is_definition(args->word, buf_span(&text)))
		ret = test_definition(args);
	else
		ret = test_library(args, buf_span(&text));
	buf_fini(&text);
	return ret;
}
