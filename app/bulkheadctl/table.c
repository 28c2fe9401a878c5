// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/table.h"

#include "app/bulkheadctl/text.h"

#include <stdlib.h>

enum { CELLS_MAX = 256 << 20, COLUMN_WIDTH_MAX = 1000 };

void table_init(struct table *table)
{
	*table = (struct table){0};
	buf_init(&table->cells, NULL, CELLS_MAX);
}

void table_fini(struct table *table)
{
	buf_fini(&table->cells);
	free(table->ends);
	*table = (struct table){0};
}

void table_cell(struct table *table, struct span text)
{
	if (table->n == table->room) {
		size_t room = table->room == 0 ? 256 : 2 * table->room;
		size_t *ends = reallocarray(table->ends, room, sizeof(*ends));
		if (ends == NULL) {
			table->failed = true;
			return;
		}
		table->ends = ends;
		table->room = room;
	}
	if (buf_append(&table->cells, text) != 0) {
		table->failed = true;
		text.n = 0;
	}
	table->ends[table->n++] = buf_len(&table->cells);
}

void table_text(struct table *table, const char *text)
{
	table_cell(table, span_str(text));
}

static struct span cell(const struct table *table, size_t i)
{
	size_t from = i == 0 ? 0 : table->ends[i - 1];

	return span_of(buf_span(&table->cells).p + from, table->ends[i] - from);
}

size_t table_rows(const struct table *table)
{
	size_t rows = table->columns == 0 ? 0 : table->n / table->columns;

	return rows > 0 && table->has_head ? rows - 1 : rows;
}

static void measure(const struct table *table, size_t *widths)
{
	for (size_t i = 0; i < table->n; i++) {
		size_t width = text_write(NULL, cell(table, i), false);
		if (width > COLUMN_WIDTH_MAX)
			width = COLUMN_WIDTH_MAX;
		if (width > widths[i % table->columns])
			widths[i % table->columns] = width;
	}
}

static void print_row(const struct table *table, size_t row, const size_t *widths, bool lines)
{
	for (size_t c = 0; c < table->columns; c++) {
		bool last = c + 1 == table->columns;
		fputs(c == 0 ? (lines ? " " : "") : (lines ? " | " : "  "), stdout);
		size_t width = text_write(stdout, cell(table, row * table->columns + c), false);
		for (; !last && width < widths[c]; width++)
			putchar(' ');
	}
	putchar('\n');
}

static void print_rule(const struct table *table, const size_t *widths)
{
	for (size_t c = 0; c < table->columns; c++) {
		if (c > 0)
			putchar('+');
		for (size_t i = 0; i < widths[c] + 2; i++)
			putchar('-');
	}
	putchar('\n');
}

static void empty(struct table *table)
{
	size_t keep = table->has_head && table->n >= table->columns ? table->columns : 0;

	table->n = keep;
	buf_truncate(&table->cells, keep == 0 ? 0 : table->ends[keep - 1]);
}

void table_print(struct table *table, bool lines)
{
	size_t *widths = table->columns == 0 ? NULL : calloc(table->columns, sizeof(*widths));

	if (widths == NULL)
		return;
	measure(table, widths);
	for (size_t row = 0; row < table->n / table->columns; row++) {
		print_row(table, row, widths, lines);
		if (row == 0 && table->has_head && lines)
			print_rule(table, widths);
	}
	if (table->failed)
		puts("(out of memory: cells are missing)");
	free(widths);
	empty(table);
}
