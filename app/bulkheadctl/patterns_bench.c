// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/patterns_measure.h"
#include "app/bulkheadctl/table.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 15 }; // of the costliest

static const char *unit_name(const struct measured *m, const struct measure_unit *unit)
{
	return pattern_lib_info(m->lib, unit->ids[0])->name;
}

static uint64_t unit_found(const struct measure_unit *unit)
{
	uint64_t found = 0;

	for (int kind = 0; kind < SAMPLE_KINDS; kind++)
		found += unit->best[kind].found;
	return found;
}

static json_t *texts_json(const struct measured *m)
{
	json_t *list = json_array();

	for (int kind = 0; kind < SAMPLE_KINDS; kind++) {
		for (size_t i = 0; i < MEASURE_PARTS; i++) {
			const struct measure_speed *speed = &m->speeds[kind][i];
			json_array_append_new(
				list,
				json_pack(
					"{s:s,s:i,s:b,s:I,s:I}", "text", sample_kind_name(kind),
					"span", (int)measure_parts[i].span, "findings",
					measure_parts[i].findings, "bytes_per_second",
					(json_int_t)speed->rate, "found", (json_int_t)speed->found
				)
			);
		}
	}
	return list;
}

static int print_as_json(const struct measured *m)
{
	json_t *alone = json_array();

	for (size_t i = 0; i < m->n_alone; i++) {
		const struct measure_unit *unit = &m->units[i];
		json_array_append_new(
			alone,
			json_pack(
				"{s:s,s:s,s:s,s:f,s:I}", "pattern", unit_name(m, unit), "tiers",
				unit->report.tiers, "cost", pattern_cost_name(unit->report.cost),
				"ns_per_kb", unit->ns_per_kb, "found", (json_int_t)unit_found(unit)
			)
		);
	}
	return print_json(json_pack(
		"{s:s,s:I,s:f,s:I,s:o,s:o,s:I}", "kernel", pattern_kernel_name(), "patterns",
		(json_int_t)m->n, "compile_ms", m->compile_ms, "database_bytes",
		(json_int_t)m->size, "texts", texts_json(m), "alone", alone, "not_measured",
		(json_int_t)(m->n_units - m->n_alone)
	));
}

static void cell_number(struct table *table, const char *format, double number)
{
	char text[32];

	snprintf(text, sizeof(text), format, number);
	table_text(table, text);
}

static void print_together(const struct measured *m)
{
	struct table table;

	table_init(&table);
	table.columns = 1 + MEASURE_PARTS;
	table_text(&table, "TEXT");
	for (size_t i = 0; i < MEASURE_PARTS; i++)
		table_text(&table, measure_parts[i].head);
	for (int kind = 0; kind < SAMPLE_KINDS; kind++) {
		table_text(&table, sample_kind_name(kind));
		for (size_t i = 0; i < MEASURE_PARTS; i++)
			cell_number(&table, "%.2f", m->speeds[kind][i].rate / 1e9);
	}
	printf("%zu patterns, compiled in %.0f ms to %zu KB, kernel %s. GB a second, by one core:\n\n",
	       m->n, m->compile_ms, m->size >> 10, pattern_kernel_name());
	table_print(&table, false);
	table_fini(&table);
}

static void print_alone(const struct measured *m)
{
	static const char *const head[] = {"PATTERN", "FOUND BY", "COST", "NS A KB", "FOUND"};
	struct table table;

	table_init(&table);
	table.columns = sizeof(head) / sizeof(head[0]);
	for (size_t i = 0; i < table.columns; i++)
		table_text(&table, head[i]);
	for (size_t i = 0; i < m->n_alone && i < SHOWN; i++) {
		const struct measure_unit *unit = &m->units[i];
		table_text(&table, unit_name(m, unit));
		table_text(&table, unit->report.tiers);
		table_text(&table, pattern_cost_name(unit->report.cost));
		cell_number(&table, "%.0f", unit->ns_per_kb);
		cell_number(&table, "%.0f", (double)unit_found(unit));
	}
	printf("\nWhat each costs alone, without findings; the cheapest of %zu takes %.0f ns a KB:\n\n",
	       m->n_alone, m->n_alone == 0 ? 0 : m->units[m->n_alone - 1].ns_per_kb);
	table_print(&table, false);
	table_fini(&table);
	if (m->n_alone < m->n_units)
		printf("\nNot measured alone, for want of time: %zu\n", m->n_units - m->n_alone);
}

// ---- which patterns

static bool is_file(const char *word)
{
	size_t n = strlen(word);

	return strchr(word, '/') != NULL || (n > 5 && strcmp(word + n - 5, ".yaml") == 0);
}

// The patterns that the words name; Out: *named, did any? Returns an exit status.
static int choose_named(
	const struct args *args, const struct measured *m, bool chosen[static PATTERN_MAX],
	bool *named
)
{
	static uint16_t ids[PATTERN_MAX];

	*named = false;
	for (size_t i = 0; i < args->n_words; i++) {
		if (is_file(args->words[i]))
			continue;
		size_t n = pattern_lib_select(m->lib, args->words[i], ids);
		if (n == 0)
			return fail(
				EXIT_FAILED,
				"no pattern or group is called %s: patterns list names them",
				args->words[i]
			);
		for (size_t k = 0; k < n; k++)
			chosen[ids[k]] = true;
		*named = true;
	}
	return EXIT_OK;
}

// Patterns of the `n` files, which are the last ones of the library. Returns an exit status.
static int count_own(const char *const *files, size_t n, size_t *count)
{
	struct pattern_lib *own;
	char why[PATTERN_WHY] = "";

	*count = 0;
	if (n == 0)
		return EXIT_OK;
	if (pattern_lib_load(files, n, &own, why) != 0)
		return fail(EXIT_FAILED, "cannot load the patterns: %s", why);
	*count = pattern_lib_count(own);
	pattern_lib_free(own);
	return EXIT_OK;
}

// Files alone are measured with all entities; with names, with those.
static int choose_patterns(const struct args *args, struct measured *m, size_t own)
{
	static bool chosen[PATTERN_MAX];
	size_t count = pattern_lib_count(m->lib);
	bool named;

	int ret = choose_named(args, m, chosen, &named);
	if (ret != EXIT_OK)
		return ret;
	m->own = count - own;
	for (size_t id = 0; id < count; id++) {
		bool entity = pattern_lib_info(m->lib, (uint16_t)id)->kind == PATTERN_ENTITY;
		if (chosen[id] || id >= m->own || (!named && entity))
			m->ids[m->n++] = (uint16_t)id;
	}
	return m->n > 0 ? EXIT_OK : fail(EXIT_FAILED, "the library has no entities");
}

static int load(const struct args *args, struct measured *m, struct pattern_lib **lib)
{
	const char *files[PATTERN_FILES_MAX];
	size_t n = 0, own;

	for (size_t i = 0; i < args->n_words; i++) {
		if (!is_file(args->words[i]))
			continue;
		if (n == PATTERN_FILES_MAX)
			return fail(EXIT_USAGE, "at most %d files", PATTERN_FILES_MAX);
		files[n++] = args->words[i];
	}
	int ret = count_own(files, n, &own);
	if (ret == EXIT_OK)
		ret = patterns_load(args, files, n, lib);
	if (ret != EXIT_OK)
		return ret;
	m->lib = *lib;
	return choose_patterns(args, m, own);
}

int ctl_patterns_bench(const struct args *args)
{
	static struct measured m;
	struct pattern_lib *lib = NULL;

	int ret = load(args, &m, &lib);
	if (ret == EXIT_OK)
		ret = measure_patterns(&m);
	if (ret == EXIT_OK && args->json) {
		ret = print_as_json(&m);
	} else if (ret == EXIT_OK) {
		print_together(&m);
		print_alone(&m);
	}
	measured_fini(&m);
	pattern_lib_free(lib);
	return ret;
}
