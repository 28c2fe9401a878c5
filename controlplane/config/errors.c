// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char warning[] = "warning: ";

enum error_size { TEXT_MAX = 512, LINE_MAX_BYTES = 2048 };

void config_errors_fini(struct config_errors *errors)
{
	for (uint32_t i = 0; i < errors->n; i++)
		free(errors->lines[i]);
	*errors = (struct config_errors){0};
}

bool config_errors_any(const struct config_errors *errors)
{
	return errors->n + errors->n_left_out > errors->n_warnings;
}

size_t config_warning_at(const struct config_errors *errors, uint32_t i)
{
	const char *at = strstr(errors->lines[i], warning);

	return !errors->is_warning[i] || at == NULL ? 0 : (size_t)(at - errors->lines[i]);
}

// The file's own bytes may be in the message: no control character of it reaches a terminal.
static void escape(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text != '\0' && n + 5 < size; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < ' ' || c == 0x7f)
			n += (size_t)snprintf(out + n, size - n, "\\x%02x", c);
		else
			out[n++] = (char)c;
	}
	out[n] = '\0';
}

// True when it was kept.
static bool add(
	struct config_errors *errors, const char *file, struct config_position at,
	const char *severity, const char *format, va_list args
)
{
	char text[TEXT_MAX], line[LINE_MAX_BYTES];
	char *copy = NULL;

	if (errors->n < CONFIG_ERRORS_MAX) {
		vsnprintf(text, sizeof(text), format, args);
		if (at.line == 0)
			snprintf(line, sizeof(line), "%.512s: %s%s", file, severity, text);
		else
			snprintf(
				line, sizeof(line), "%.512s:%u:%u: %s%s", file, at.line, at.column,
				severity, text
			);
		copy = malloc(2 * LINE_MAX_BYTES);
	}
	if (copy == NULL) {
		errors->n_left_out++;
		return false;
	}
	escape(line, copy, 2 * LINE_MAX_BYTES);
	errors->lines[errors->n++] = copy;
	return true;
}

void config_error_add(
	struct config_errors *errors, const char *file, struct config_position at,
	const char *format, ...
)
{
	va_list args;

	va_start(args, format);
	(void)add(errors, file, at, "", format, args);
	va_end(args);
}

void config_warning_add(
	struct config_errors *errors, const char *file, struct config_position at,
	const char *format, ...
)
{
	va_list args;

	// One that does not fit is not counted: it must not look like an error.
	if (errors->n == CONFIG_ERRORS_MAX)
		return;
	va_start(args, format);
	if (add(errors, file, at, warning, format, args)) {
		errors->is_warning[errors->n - 1] = true;
		errors->n_warnings++;
	} else {
		errors->n_left_out--;
	}
	va_end(args);
}
