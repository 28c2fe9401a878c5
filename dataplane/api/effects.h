// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a command would do: the vocabulary that inspect/ speaks and policy/ decides on.

#pragma once

#include "dataplane/base/span.h"

enum effect {
	EFFECT_READ = 1 << 0,
	EFFECT_WRITE = 1 << 1,
	EFFECT_DDL = 1 << 2,
	EFFECT_ADMIN = 1 << 3, // roles, settings of others, replication, server files
	EFFECT_EXEC =
		1 << 4, // code that the statement does not show: functions not known, CALL, DO
	EFFECT_UNKNOWN = 1 << 5, // not understood
	EFFECT_SESSION =
		1 << 6, // transaction control and the session's own settings; needs no right
	EFFECT_ALL = (1 << 7) - 1,
};

enum effect_flag {
	EFFECT_MULTI = 1 << 0,    // several statements in one text
	EFFECT_NO_WHERE = 1 << 1, // UPDATE or DELETE of every row
	EFFECT_COPY_OUT = 1 << 2,
	EFFECT_COPY_IN = 1 << 3,
	EFFECT_COPY_BINARY = 1 << 4,
	EFFECT_COPY_QUERY = 1 << 5, // COPY (query) TO
	EFFECT_INDIRECT = 1 << 6,   // runs text prepared earlier: EXECUTE, FETCH
	EFFECT_PREPARES = 1 << 7,   // stores text for later: PREPARE, DECLARE
	EFFECT_LEXING = 1 << 8,  // changes how later text is read (standard_conforming_strings...)
	EFFECT_RENAMES = 1 << 9, // gives a relation, its columns or its schema another name
	EFFECT_SETS = 1 << 10,   // a setting by which later text means something else (search_path)
};

enum effect_limit { EFFECT_OBJECTS_MAX = 64, EFFECT_COLUMNS_MAX = 128 };

struct effect_object {
	struct span schema; // empty: by the search path
	struct span name;
	struct span alias;
	uint8_t access; // EFFECT_READ | EFFECT_WRITE | EFFECT_DDL; EFFECT_EXEC: a function
};

// Immutable; lives in the cache it came from. More objects than fit make the statement
// EFFECT_UNKNOWN.
struct effects {
	uint32_t kinds;
	uint32_t flags;
	uint32_t n_statements; // of the text, those of EFFECT_SESSION alone left out; 0: not known
	uint16_t n_objects;
	const struct effect_object *objects;
	uint16_t n_columns;
	const struct span *columns; // last name of every column reference; "*" for all of a row's
	struct span verb;           // "DROP TABLE", "SELECT"; for messages
	struct span normalised;     // text for blocklist patterns
	const char *why_unknown;    // static text or NULL
};

// "read", "write"...; NULL for a value that is not one bit. effect_parse: 0 for an unknown word.
const char *effect_name(enum effect effect);
uint32_t effect_parse(struct span word);
