// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Reads lines "validator value" and answers each with "yes", "no", or "?" for no such validator, so
// that other implementations can be compared with ours.

#include "patterns/validator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *answer(const char *name, struct span value)
{
	const struct validator *validator = validator_find(name);
	if (validator == NULL)
		return "?";
	return validator->accepts(value) ? "yes" : "no";
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	while ((n = getline(&line, &size, stdin)) > 0) {
		char *space = strchr(line, ' ');
		if (space == NULL || line[n - 1] != '\n')
			break;
		*space = '\0';
		puts(answer(line, span_of(space + 1, (size_t)(line + n - 1 - (space + 1)))));
	}
	free(line);
	return 0;
}
