// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Commands in, effects out: each command on the standard input ends in a NUL; of each, a line with
// its effects as a number and why it is unknown. The dialect is the argument.

#include "dataplane/inspect/inspect.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	enum inspect_dialect dialect;
	char *text = NULL;
	size_t size = 0;
	if (argc != 2 || !inspect_dialect_parse(span_str(argv[1]), &dialect))
		return 2;
	struct command_reader *reader = command_reader_new();
	struct command_context context = command_context_usual(dialect);
	if (reader == NULL)
		return 1;
	for (ssize_t n = getdelim(&text, &size, '\0', stdin); n > 0;
	     n = getdelim(&text, &size, '\0', stdin)) {
		struct span span = span_of(text, (size_t)n - 1);
		const struct effects *e = inspect_command(reader, &context, span);
		printf("%u %s\n", e->kinds, e->why_unknown == NULL ? "" : e->why_unknown);
	}
	free(text);
	command_reader_free(reader);
	return 0;
}
