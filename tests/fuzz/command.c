// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Any bytes as a command of the dialect that the first two of them choose: understood or unknown,
// never a crash, the same twice, and what is found lies within what it was found in.

#include "dataplane/inspect/inspect.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Every byte of a span is read, so that the sanitizers see whose it is.
static unsigned read_all(struct span s)
{
	unsigned sum = 0;
	for (size_t i = 0; i < s.n; i++)
		sum += s.p[i];
	return sum;
}

static unsigned read_effects(const struct effects *e)
{
	unsigned sum = read_all(e->verb) + read_all(e->normalised);
	for (unsigned i = 0; i < e->n_objects; i++)
		sum += read_all(e->objects[i].schema) + read_all(e->objects[i].name) +
		       read_all(e->objects[i].alias);
	for (unsigned i = 0; i < e->n_columns; i++)
		sum += read_all(e->columns[i]);
	if ((e->kinds & EFFECT_UNKNOWN) != 0 && e->why_unknown == NULL)
		abort();
	return sum + e->kinds + e->flags;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct command_reader *reader;
	if (size < 2)
		return 0;
	if (reader == NULL)
		reader = command_reader_new();
	if (reader == NULL)
		return 0;
	struct command_context context =
		command_context_usual((enum inspect_dialect)(data[0] % DIALECTS));
	context.ansi_quotes = (data[1] & 1) != 0;
	context.no_backslash_escapes = (data[1] & 2) != 0;
	context.quoted_identifier = (data[1] & 4) == 0;
	context.multi_statements = (data[1] & 8) == 0;
	context.version = (data[1] & 16) != 0 ? 80036 : 0;
	context.mariadb = (data[1] & 32) != 0;
	struct span text = span_of(data + 2, size - 2);
	unsigned first = read_effects(inspect_command(reader, &context, text));
	if (read_effects(inspect_command(reader, &context, text)) != first)
		abort();
	return 0;
}
