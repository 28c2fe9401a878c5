// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One command of a dialect without a parser of its maker's into effects. Private to inspect/.

#pragma once

#include "dataplane/inspect/inspect.h"

enum command_limit {
	COMMAND_TEXT_MAX = 1 << 20, // bytes; longer text is not read, and so unknown
	COMMAND_TOKENS_MAX = 200000,
	COMMAND_DEPTH_MAX = 200, // levels of anything within anything
	COMMAND_NAMES_MAX = 64 << 10,
	COMMAND_VERB_MAX = 48,
	COMMAND_WORDS_MAX = 8192, // of a command line
};

enum token_kind {
	TOKEN_END, // stands behind the last one
	TOKEN_WORD,
	TOKEN_QUOTED, // a name within quotes, which are part of the token
	TOKEN_STRING,
	TOKEN_NUMBER,
	TOKEN_VARIABLE, // MySQL: @name; T-SQL: @name and @@name
	TOKEN_SYSTEM,   // MySQL: the @@ before a system variable's name
	TOKEN_PARAMETER,
	TOKEN_SYMBOL,
};

struct token {
	uint32_t at, n;
	uint8_t kind;    // enum token_kind
	bool is_apart;   // white space or a comment stands before it
	bool is_escaped; // TOKEN_QUOTED: its closing quote stands doubled within
};

// A word of a command line, its quotes taken off.
struct shell_word {
	struct span text;
	uint8_t flags; // enum shell_word_flag
};

// Effects in the making, and all memory that takes. Spans point into the text or into `names`.
struct command_reader {
	const struct command_context *context;
	struct span text;
	struct span database; // of names without one
	uint32_t kinds, flags, n_statements;
	uint16_t n_objects, n_columns;
	unsigned weight; // of the statement that `heaviest` names
	const char *why_unknown;
	char verb[COMMAND_VERB_MAX];     // of the statement at hand
	char heaviest[COMMAND_VERB_MAX]; // of the one with the worst effects
	struct effect_object objects[EFFECT_OBJECTS_MAX];
	struct span columns[EFFECT_COLUMNS_MAX];
	struct effects effects;
	uint32_t n_names, n_tokens, n_words;
	size_t n_normalised;
	uint8_t names[COMMAND_NAMES_MAX];
	uint8_t normalised[COMMAND_TEXT_MAX];
	struct token tokens[COMMAND_TOKENS_MAX + 1];
	struct shell_word words[COMMAND_WORDS_MAX];
};

void command_unknown(struct command_reader *reader, const char *why);
