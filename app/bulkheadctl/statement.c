// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/statement.h"

enum { CACHE_BYTES = 32 << 20 };

static bool is_postgres(const char *dialect)
{
	return strcmp(dialect, "postgres") == 0;
}

bool statement_is_dialect(const char *dialect)
{
	enum inspect_dialect own;

	return is_postgres(dialect) || inspect_dialect_parse(span_str(dialect), &own);
}

static const struct effects *read_postgres(struct statement_reader *reader, struct span text)
{
	static const struct inspect_context usual = {.utf8 = true, .standard_strings = true};

	if (reader->cache == NULL)
		reader->cache = inspect_cache_new(1, CACHE_BYTES);
	return reader->cache == NULL ? NULL : inspect_statement(reader->cache, &usual, text);
}

const struct effects *statement_effects(
	struct statement_reader *reader, const char *dialect, struct span text
)
{
	enum inspect_dialect own;

	if (is_postgres(dialect) || !inspect_dialect_parse(span_str(dialect), &own))
		return read_postgres(reader, text);
	const struct command_context usual = command_context_usual(own);
	if (reader->reader == NULL)
		reader->reader = command_reader_new();
	return reader->reader == NULL ? NULL : inspect_command(reader->reader, &usual, text);
}

void statement_reader_fini(struct statement_reader *reader)
{
	command_reader_free(reader->reader);
	inspect_cache_free(reader->cache);
	*reader = (struct statement_reader){0};
}
