// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/patterns.h"

#include "app/bulkheadctl/table.h"
#include "app/bulkheadctl/text.h"

#include <errno.h>
#include <stdlib.h>

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

int pattern_scanner_init(
	struct pattern_scanner *s, const struct pattern_lib *lib, const uint16_t *ids, size_t n
)
{
	char why[PATTERN_WHY] = "";

	*s = (struct pattern_scanner){.lib = lib};
	if (pattern_set_compile(lib, ids, n, &s->set, why) != 0)
		return fail(EXIT_FAILED, "cannot compile the patterns: %s", why);
	s->scratch = scan_scratch_new(s->set);
	return s->scratch != NULL ? EXIT_OK : fail(EXIT_FAILED, "%s", err_text(-ENOMEM));
}

void pattern_scanner_fini(struct pattern_scanner *s)
{
	scan_scratch_free(s->scratch);
	pattern_set_free(s->set);
}

static json_t *words_json(const char *const *words)
{
	json_t *list = json_array();

	for (; words != NULL && *words != NULL; words++)
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

static json_t *pack_examples_json(const struct pack_example *examples, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			list, json_pack(
				      "{s:s,s:o}", "dialect", examples[i].dialect, "text",
				      text_json(span_str(examples[i].text))
			      )
		);
	return list;
}

static json_t *pack_json(const struct pattern_pack *pack)
{
	return json_pack(
		"{s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "name", pack->name, "title",
		pack->title, "description", pack->description, "kind", "pack", "groups",
		words_json(pack->groups), "deny", words_json(pack->deny), "hold",
		words_json(pack->hold), "block", words_json(pack->block), "mask",
		words_json(pack->mask), "refuses",
		pack_examples_json(pack->refused, pack->refused_count), "passes",
		pack_examples_json(pack->passed, pack->passed_count)
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
	for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
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

static void list_pattern(
	struct table *table, json_t *list, const struct pattern_info *info,
	const struct pattern_report *report
)
{
	char width[16];

	snprintf(width, sizeof(width), "%u", report->width);
	json_array_append_new(list, info_json(info, report));
	table_text(table, info->name);
	table_text(table, pattern_kind_name(info->kind));
	table_text(table, report->tiers);
	table_text(table, pattern_cost_name(report->cost));
	table_text(table, width);
	cell_words(table, info->groups);
	table_text(table, mask_name(info));
	table_text(table, info->title);
}

static int list_patterns(const struct pattern_lib *lib, struct table *table, json_t *list)
{
	struct pattern_report report;

	for (uint16_t id = 0; id < pattern_lib_count(lib); id++) {
		const struct pattern_info *info = pattern_lib_info(lib, id);
		// The words of a list have its name, and are found alike.
		if (id > 0 && info->name == pattern_lib_info(lib, id - 1)->name)
			continue;
		int ret = patterns_report(lib, id, &report);
		if (ret != EXIT_OK)
			return ret;
		list_pattern(table, list, info, &report);
	}
	return EXIT_OK;
}

static void list_packs(const struct pattern_lib *lib, struct table *table, json_t *list)
{
	for (size_t i = 0; i < pattern_lib_pack_count(lib); i++) {
		const struct pattern_pack *pack = pattern_lib_pack(lib, i);
		json_array_append_new(list, pack_json(pack));
		table_text(table, pack->name);
		table_text(table, "pack");
		for (unsigned none = 0; none < 3; none++)
			table_text(table, "-");
		cell_words(table, pack->groups);
		table_text(table, "-");
		table_text(table, pack->title);
	}
}

int ctl_patterns_list(const struct args *args)
{
	static const char *const head[] = {"NAME",  "KIND",   "TIERS", "COST",
					   "WIDTH", "GROUPS", "MASK",  "TITLE"};
	struct pattern_lib *lib;
	struct table table;

	int ret = patterns_load(args, NULL, 0, &lib);
	if (ret != EXIT_OK)
		return ret;
	json_t *list = json_array(), *packs = json_array();
	table_init(&table);
	table.columns = sizeof(head) / sizeof(head[0]);
	for (size_t i = 0; i < table.columns; i++)
		table_text(&table, head[i]);
	ret = list_patterns(lib, &table, list);
	list_packs(lib, &table, packs);
	if (ret == EXIT_OK && args->json)
		print_json(json_pack("{s:O,s:O}", "patterns", list, "packs", packs));
	else if (ret == EXIT_OK)
		table_print(&table, false);
	json_decref(list);
	json_decref(packs);
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

static void print_words(const char *key, const char *const *words)
{
	if (words == NULL || words[0] == NULL)
		return;
	printf("%s:", key);
	for (size_t i = 0; words[i] != NULL; i++)
		printf("%s %s", i == 0 ? "" : ",", words[i]);
	putchar('\n');
}

static void print_pack_examples(const char *title, const struct pack_example *examples, size_t n)
{
	if (n > 0)
		printf("%s:\n", title);
	for (size_t i = 0; i < n; i++) {
		printf("  %s: ", examples[i].dialect);
		text_write(stdout, span_str(examples[i].text), false);
		putchar('\n');
	}
}

static void print_pack(const struct pattern_pack *pack)
{
	printf("%s: %s\n%s\nkind: pack\n", pack->name, pack->title, pack->description);
	print_words("groups", pack->groups);
	print_words("deny", pack->deny);
	print_words("hold", pack->hold);
	print_words("block", pack->block);
	print_words("mask", pack->mask);
	print_pack_examples("refuses", pack->refused, pack->refused_count);
	print_pack_examples("passes", pack->passed, pack->passed_count);
}

static const struct pattern_pack *find_pack(const struct pattern_lib *lib, const char *name)
{
	for (size_t i = 0; i < pattern_lib_pack_count(lib); i++) {
		if (strcmp(pattern_lib_pack(lib, i)->name, name) == 0)
			return pattern_lib_pack(lib, i);
	}
	return NULL;
}

static int show_pattern(const struct args *args, const struct pattern_lib *lib, uint16_t id)
{
	const struct pattern_info *info = pattern_lib_info(lib, id);
	struct pattern_report report;

	int ret = patterns_report(lib, id, &report);
	if (ret != EXIT_OK)
		return ret;
	if (args->json)
		return print_json(info_json(info, &report));
	print_pattern(info, &report);
	return EXIT_OK;
}

int ctl_patterns_show(const struct args *args)
{
	struct pattern_lib *lib;

	int ret = patterns_load(args, NULL, 0, &lib);
	if (ret != EXIT_OK)
		return ret;
	uint16_t id = find(lib, args->word);
	const struct pattern_pack *pack = id == PATTERN_MAX ? find_pack(lib, args->word) : NULL;
	if (id != PATTERN_MAX)
		ret = show_pattern(args, lib, id);
	else if (pack == NULL)
		ret =
			fail(EXIT_FAILED,
			     "there is no pattern or pack %s: patterns list names them",
			     args->word);
	else if (args->json)
		ret = print_json(pack_json(pack));
	else
		print_pack(pack);
	pattern_lib_free(lib);
	return ret;
}
