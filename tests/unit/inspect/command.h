// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the tests of the dialects we read ourselves share: tables, and what must hold for any text.

#pragma once

#include "dataplane/inspect/inspect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
	R = EFFECT_READ,
	W = EFFECT_WRITE,
	D = EFFECT_DDL,
	A = EFFECT_ADMIN,
	X = EFFECT_EXEC,
	U = EFFECT_UNKNOWN,
	S = EFFECT_SESSION,
};

struct command_case {
	const char *text;
	uint32_t kinds, flags;
};

// The text has exactly these effects and, of the flags that have names, exactly these.
void assert_command(
	struct command_reader *reader, const struct command_context *context,
	const struct command_case *expected
);
void assert_commands(
	struct command_reader *reader, const struct command_context *context,
	const struct command_case *cases, size_t n
);
// Unknown, or with all of these effects: whatever was cut off the text, it is not made milder.
bool is_at_least(const struct effects *effects, uint32_t kinds);
// What `text` is an abbreviation of: "(" 10,000 times and the like.
char *repeated(const char *before, const char *what, unsigned times, const char *after);
// Comments for white space, and the other case for words outside quotes: the effects stay. Not for
// texts with comments of their own. `comment` may be white space, too.
void assert_spelling_is_free(
	struct command_reader *reader, const struct command_context *context,
	const struct command_case *one, const char *comment
);
void assert_spaces_are_free(
	struct command_reader *reader, const struct command_context *context,
	const struct command_case *one, const char *space
);
// Cut within a quote or a comment, it is unknown.
void assert_quotes_must_end(
	struct command_reader *reader, const struct command_context *context, const char *text
);
