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

// What else is known of a command. A policy may deny or hold by the flags that have a name.
enum effect_flag {
	EFFECT_MULTI = 1 << 0, // several statements in one text
	EFFECT_NO_WHERE =
		1 << 1, // writes or deletes every row: no WHERE, or one that cannot exclude
	EFFECT_COPY_OUT = 1 << 2,
	EFFECT_COPY_IN = 1 << 3,
	EFFECT_COPY_BINARY = 1 << 4,
	EFFECT_COPY_QUERY = 1 << 5, // COPY (query) TO
	EFFECT_INDIRECT = 1 << 6,   // runs text prepared earlier: EXECUTE, FETCH
	EFFECT_PREPARES = 1 << 7,   // stores text for later: PREPARE, DECLARE
	EFFECT_LEXING = 1 << 8,  // changes how later text is read (standard_conforming_strings...)
	EFFECT_RENAMES = 1 << 9, // gives a relation, its columns or its schema another name
	EFFECT_SETS = 1 << 10,   // a setting by which later text means something else (search_path)
	EFFECT_TAUTOLOGY = 1 << 11,   // a condition, or an arm of its OR, that is true of every row
	EFFECT_FILE = 1 << 12,        // files of the host that runs the command
	EFFECT_PROGRAM = 1 << 13,     // starts a program there, or a shell
	EFFECT_NETWORK = 1 << 14,     // makes that host connect elsewhere
	EFFECT_DYNAMIC = 1 << 15,     // runs text that is made while it runs
	EFFECT_SLEEP = 1 << 16,       // waits, or burns time, on purpose
	EFFECT_REPLICATION = 1 << 17, // slots, publications, subscriptions, the log of changes
	EFFECT_IDENTITY = 1 << 18,    // goes on as somebody else: SET ROLE, EXECUTE AS, sudo
	EFFECT_GRANTS = 1 << 19,      // changes accounts or what they may do
	EFFECT_DESTROYS = 1 << 20,    // data goes with its container: DROP, TRUNCATE, rm -r
	EFFECT_CONFIG = 1 << 21,      // settings of others than this session
	EFFECT_CREDENTIALS =
		1 << 22,             // reads stored credentials: pg_authid, mysql.user, /etc/shadow
	EFFECT_NO_LIMIT = 1 << 23,   // a result whose number of rows nothing in the text bounds
	EFFECT_STAR = 1 << 24,       // every column of a relation
	EFFECT_MANY_JOINS = 1 << 25, // more than EFFECT_JOINS_MAX relations joined
	EFFECT_CTE_WRITE = 1 << 26,  // a write inside a WITH
	EFFECT_SUBQUERY_WRITE = 1 << 27, // a write whose rows a subquery chooses
};

enum effect_limit { EFFECT_OBJECTS_MAX = 64, EFFECT_COLUMNS_MAX = 128, EFFECT_JOINS_MAX = 8 };

struct effect_object {
	struct span schema; // empty: by the search path
	struct span name;
	struct span alias;
	// EFFECT_READ | EFFECT_WRITE | EFFECT_DDL; EFFECT_EXEC: a function; EFFECT_SESSION: no
	// object of the database, but a statement that the session has prepared by its name.
	uint8_t access;
};

// Do both name one thing? A function or a prepared statement of a relation's name is not that
// relation.
static inline bool effect_object_is(const struct effect_object *a, const struct effect_object *b)
{
	return ((a->access ^ b->access) & (EFFECT_EXEC | EFFECT_SESSION)) == 0 &&
	       span_equal(a->schema, b->schema) && span_equal(a->name, b->name) &&
	       span_equal(a->alias, b->alias);
}

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

// What a rule speaks of and a verdict names: effects in the low half, flags in the high one.
enum { EFFECT_FLAG_SHIFT = 32 };

static inline uint64_t effects_with_flags(uint32_t kinds, uint32_t flags)
{
	return kinds | (uint64_t)flags << EFFECT_FLAG_SHIFT;
}

// The name of a bit of either half, or NULL; the bit of a name, or 0.
const char *effects_name(uint64_t bit);
uint64_t effects_parse(struct span word);
// Write "read, no-where"; cut to `size` bytes, NUL included.
void effects_list(uint64_t effects, char *out, size_t size);

// "read", "write"...; NULL for a value that is not one bit. effect_parse: 0 for an unknown word.
const char *effect_name(enum effect effect);
uint32_t effect_parse(struct span word);
// "no-where", "tautology"...; NULL for a flag without a name and for what is not one bit.
// effect_flag_parse: 0 for an unknown word. No word names both an effect and a flag.
const char *effect_flag_name(enum effect_flag flag);
uint32_t effect_flag_parse(struct span word);
