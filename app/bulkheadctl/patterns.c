// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/patterns.h"

#include "app/bulkheadctl/table.h"
#include "app/bulkheadctl/text.h"

#include <errno.h>
#include <stdlib.h>

enum { TEST_FILE_MAX = 64 << 20 };

int patterns_load(
	const struct args *args, const char *const *files, size_t n, struct pattern_lib **lib
)
{
	const char *places[PATTERNS_MAX + PATTERN_FILES_MAX] = {BULKHEAD_PATTERNS};
	size_t folders = args->n_patterns == 0 ? 1 : args->n_patterns;
	char why[PATTERN_WHY] = "";

	for (size_t i = 0; i < args->n_patterns; i++)
		places[i] = args->patterns[i];
	for (size_t i = 0; i < n; i++)
		places[folders + i] = files[i];
	int ret = pattern_lib_load(places, folders + n, lib, why);
	if (ret == 0)
		return EXIT_OK;
	return fail(
		EXIT_FAILED, "cannot load the patterns: %s; --patterns names their folder",
		why[0] == '\0' ? err_text(ret) : why
	);
}

static json_t *words_json(const char *const *words)
{
	json_t *list = json_array();

	for (; *words != NULL; words++)
		json_array_append_new(list, json_string(*words));
	return list;
}

static json_t *examples_json(const struct pattern_example *examples, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, text_json(examples[i].text));
	return list;
}

static json_t *info_json(const struct pattern_info *info, const struct pattern_report *report)
{
	return json_pack(
		"{s:s,s:s,s:s,s:o,s:o,s:s?,s:s,s:i,s:o,s:o,s:s,s:s}", "name", info->name, "title",
		info->title == NULL ? "" : info->title, "kind", pattern_kind_name(info->kind),
		"groups", words_json(info->groups), "regions", words_json(info->regions), "mask",
		info->kind == PATTERN_BLOCK ? NULL : pattern_mask_name(info->mask), "source",
		info->source == NULL ? "" : info->source, "width", (int)info->width, "positive",
		examples_json(info->positive, info->positive_count), "negative",
		examples_json(info->negative, info->negative_count), "tiers", report->tiers, "cost",
		pattern_cost_name(report->cost)
	);
}

// Statements that a pattern blocks are refused: nothing of them is masked.
static const char *mask_name(const struct pattern_info *info)
{
	return info->kind == PATTERN_BLOCK ? "-" : pattern_mask_name(info->mask);
}

static void cell_words(struct table *table, const char *const *words)
{
	struct buf text;

	buf_init(&text, NULL, 4096);
	for (size_t i = 0; words[i] != NULL; i++) {
		if ((i > 0 && buf_append_u8(&text, ',') != 0) ||
		    buf_append(&text, span_str(words[i])) != 0)
			break;
	}
	table_cell(table, buf_span(&text));
	buf_fini(&text);
}

int patterns_report(const struct pattern_lib *lib, uint16_t id, struct pattern_report *report)
{
	int ret = pattern_lib_report(lib, id, report);

	return ret == 0 ? EXIT_OK : fail(EXIT_FAILED, "%s", err_text(ret));
}

int ctl_patterns_list(const struct args *args)
{
	static const char *const head[] = {"NAME",  "KIND",   "TIERS", "COST",
					   "WIDTH", "GROUPS", "MASK",  "TITLE"};
	struct pattern_lib *lib;
	struct pattern_report report;
	struct table table;
	char width[16];

	int ret = patterns_load(args, NULL, 0, &lib);
	if (ret != EXIT_OK)
		return ret;
	json_t *list = json_array();
	table_init(&table);
	table.columns = sizeof(head) / sizeof(head[0]);
	for (size_t i = 0; i < table.columns; i++)
		table_text(&table, head[i]);
	for (uint16_t id = 0; id < pattern_lib_count(lib); id++) {
		const struct pattern_info *info = pattern_lib_info(lib, id);
		// The words of a list have its name, and are found alike.
		if (id > 0 && info->name == pattern_lib_info(lib, id - 1)->name)
			continue;
		ret = patterns_report(lib, id, &report);
		if (ret != EXIT_OK)
			break;
		snprintf(width, sizeof(width), "%u", report.width);
		json_array_append_new(list, info_json(info, &report));
		table_text(&table, info->name);
		table_text(&table, pattern_kind_name(info->kind));
		table_text(&table, report.tiers);
		table_text(&table, pattern_cost_name(report.cost));
		table_text(&table, width);
		cell_words(&table, info->groups);
		table_text(&table, mask_name(info));
		table_text(&table, info->title);
	}
	if (ret == EXIT_OK && args->json)
		print_json(json_pack("{s:O}", "patterns", list));
	else if (ret == EXIT_OK)
		table_print(&table, false);
	json_decref(list);
	table_fini(&table);
	pattern_lib_free(lib);
	return ret;
}

// PATTERN_MAX: there is none of this name.
static uint16_t find(const struct pattern_lib *lib, const char *name)
{
	for (uint16_t id = 0; id < pattern_lib_count(lib); id++) {
		if (strcmp(pattern_lib_info(lib, id)->name, name) == 0)
			return id;
	}
	return PATTERN_MAX;
}

static void print_examples(const char *title, const struct pattern_example *examples, size_t n)
{
	printf("%s:\n", title);
	for (size_t i = 0; i < n; i++) {
		fputs("  ", stdout);
		text_write(stdout, examples[i].text, false);
		putchar('\n');
	}
}

static void print_pattern(const struct pattern_info *info, const struct pattern_report *report)
{
	printf("%s: %s\n%s\n", info->name, info->title == NULL ? "" : info->title,
	       info->description == NULL ? "" : info->description);
	printf("kind: %s\nmask: %s\nwidth: %u bytes\nfound by: %s\ncost: %s\nsource: %s\n",
	       pattern_kind_name(info->kind), mask_name(info), info->width, report->tiers,
	       pattern_cost_name(report->cost), info->source == NULL ? "-" : info->source);
	print_examples("finds", info->positive, info->positive_count);
	print_examples("does not find", info->negative, info->negative_count);
}

int ctl_patterns_show(const struct args *args)
{
	struct pattern_lib *lib;
	struct pattern_report report;

	int ret = patterns_load(args, NULL, 0, &lib);
	if (ret != EXIT_OK)
		return ret;
	uint16_t id = find(lib, args->word);
	if (id == PATTERN_MAX)
		ret =
			fail(EXIT_FAILED, "there is no pattern %s: patterns list names them",
			     args->word);
	else
		ret = patterns_report(lib, id, &report);
	if (ret == EXIT_OK && args->json)
		print_json(info_json(pattern_lib_info(lib, id), &report));
	else if (ret == EXIT_OK)
		print_pattern(pattern_lib_info(lib, id), &report);
	pattern_lib_free(lib);
	return ret;
}

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
	char why[PATTERN_WHY] = "";
	struct pattern_set *set = NULL;
	uint32_t line = 1, line_start = 0, at = 0;
	size_t n = 0;
	bool more = false;

	for (uint16_t id = 0; id < pattern_lib_count(lib); id++) {
		if (pattern_lib_info(lib, id)->kind != PATTERN_ENTITY)
			continue;
		ids[n++] = id;
	}
	int ret = pattern_set_compile(lib, ids, n, &set, why);
	if (ret != 0)
		return fail(EXIT_FAILED, "cannot compile the patterns: %s", why);
	struct scan_scratch *scratch = scan_scratch_new(set);
	ret = scratch == NULL ? -ENOMEM
			      : scan(set, scratch, text, NULL, found, SCAN_FINDINGS_MAX, &more);
	for (int i = 0; i < ret; i++)
		print_found(args, lib, text, &found[i], &line, &line_start, &at);
	scan_scratch_free(scratch);
	pattern_set_free(set);
	if (ret < 0)
		return fail(EXIT_FAILED, "cannot scan: %s", err_text(ret));
	if (more)
		fprintf(stderr, "more than %d findings: the rest is not shown\n",
			SCAN_FINDINGS_MAX);
	return EXIT_OK;
}

int ctl_patterns_test(const struct args *args)
{
	struct pattern_lib *lib;
	struct buf text;

	int ret = patterns_load(args, NULL, 0, &lib);
	if (ret != EXIT_OK)
		return ret;
	buf_init(&text, NULL, TEST_FILE_MAX);
	int read = text_read_file(args->word, &text);
	ret = read == 0 ? EXIT_OK
			: fail(EXIT_FAILED, "cannot read %s: %s", args->word, err_text(read));
	if (ret == EXIT_OK)
		ret = test_text(args, lib, buf_span(&text));
	buf_fini(&text);
	pattern_lib_free(lib);
	return ret;
}
