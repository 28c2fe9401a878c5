// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Effects and findings: what a command would do, and what data holds.

#pragma once

#include "dataplane/api/effects.h"
#include "dataplane/api/snapshot.h"
#include "dataplane/base/buf.h"
#include "dataplane/proto/proto.h"

// Effects of statements, by exact text. One per worker; bounded; the least recently used go.
struct inspect_cache;

struct inspect_stats {
	uint64_t hits, misses, unknown;
};

// At most `entries` statements and `bytes` of text and effects. NULL when memory is short.
struct inspect_cache *inspect_cache_new(uint32_t entries, size_t bytes) must_check;
void inspect_cache_free(struct inspect_cache *cache);
struct inspect_stats inspect_cache_stats(const struct inspect_cache *cache);

// What the server would take for granted when it reads the text.
struct inspect_context {
	bool utf8;             // client_encoding is UTF8
	bool standard_strings; // standard_conforming_strings is on
};

// What `statement` would do, by PostgreSQL's own grammar; EFFECT_UNKNOWN when it does not parse, is
// not valid UTF-8, has a NUL, or either field of the context is false. Never NULL. Valid until the
// next call with this cache.
const struct effects *inspect_statement(
	struct inspect_cache *cache, const struct inspect_context *context, struct span statement
);

// The languages of commands that we read by lexers and grammars of our own.
enum inspect_dialect { DIALECT_MYSQL, DIALECT_TSQL, DIALECT_SHELL, DIALECTS };

// "mysql", "tsql", "shell". inspect_dialect_parse: false for any other word.
const char *inspect_dialect_name(enum inspect_dialect dialect);
bool inspect_dialect_parse(struct span word, enum inspect_dialect *dialect);

// What the server takes for granted when it reads a command. Zero is never milder than what is so:
// what a zeroed field leaves open is read both ways, or unknown.
struct command_context {
	enum inspect_dialect dialect;
	bool utf8; // what the server takes the text for; unknown without
	// MySQL, MariaDB: the session's sql_mode; and whether it asked for several statements in
	// one text (CLIENT_MULTI_STATEMENTS). Without it a second statement makes the text unknown.
	bool ansi_quotes, no_backslash_escapes, ignore_space, pipes_as_concat, multi_statements;
	bool mariadb; // not MySQL, with `version` only
	// As in executable comments: 80036, 101106. 0: not known; they are then read as if they ran
	// and as if they did not.
	uint32_t version;
	// T-SQL: SET QUOTED_IDENTIFIER, which drivers turn on.
	bool quoted_identifier;
	// The database or schema that names without one belong to; empty: not known.
	struct span database;
};

// What a client of this dialect sets when it says nothing: explain uses it.
struct command_context command_context_usual(enum inspect_dialect dialect);

// Memory to read commands with: one per worker, of a fixed size, reused by every call. NULL when
// memory is short.
struct command_reader;

struct command_reader *command_reader_new(void) must_check;
void command_reader_free(struct command_reader *reader);

// What the command would do: the worst of everything in it. EFFECT_UNKNOWN, with why_unknown,
// unless the whole text was read by the grammar of its dialect. Names are in lower case and without
// their quotes. An object of the shell is a file (EFFECT_READ, EFFECT_WRITE) or a program
// (EFFECT_EXEC; the schema is empty), or a resource of what the program speaks to, with its kind as
// schema
// ("namespace", "bucket"). Never NULL; valid until the next call with this reader, and while `text`
// is.
const struct effects *inspect_command(
	struct command_reader *reader, const struct command_context *context, struct span text
);

// What giving `name` any value at the start of a session does: EFFECT_SESSION, or EFFECT_ADMIN as
// when SET does it. How the text is encoded and strings are written may be chosen freely there: the
// context of each statement tells.
uint32_t inspect_setting(struct span name);
// Does a statement mean something else by it? Not said of client_encoding: the context tells.
bool inspect_setting_has_meaning(struct span name);

// The first of the snapshot's blocklist patterns, of the classes `wanted` (right.blocks), that
// matches the normalised text, or -1.
int inspect_blocked(
	const struct snapshot *snapshot, struct scan_scratch *scratch, const uint64_t *wanted,
	struct span normalised
);

// What the statement touches of columns that `right` masks at `resource`.
enum inspect_exposure {
	EXPOSURE_NONE,
	EXPOSURE_READS,      // may read a masked column: output without origin is masked
	EXPOSURE_CARRIES,    // would carry masked columns past the masker: COPY of the relation,
			     // SELECT INTO, CREATE TABLE AS, INSERT ... SELECT, a view or function
			     // over it
	EXPOSURE_UNRESOLVED, // the rule masks a column that the catalog does not know, and refuses
};

enum inspect_exposure inspect_exposure(
	const struct effects *effects, const struct snapshot *snapshot, const struct right *right,
	const struct resource *resource
);

// How a result is to be masked.
struct mask_context {
	const struct snapshot *snapshot;
	const struct right *right;
	const struct resource *resource;
	struct scan_scratch *scratch; // of snapshot->entities
	bool exposed; // the statement reads a masked relation: columns without origin are masked
	struct node_id root;         // of the chain that asks, for tokens and placeholders
	struct inspect_ahead *ahead; // what is known of rows to come; may be NULL
};

struct mask_outcome {
	uint32_t values;       // rewritten by a pattern
	uint32_t columns;      // rewritten by a column rule
	bool unknown_relation; // a column of a relation the catalog does not know (masked)
};

// Mask msg->fields of a PROTO_RESULT in place: by column origin first, then by pattern; text and
// binary. What cannot be rewritten within its type becomes null. New bytes go to `scratch`, which
// must outlive the message and is the caller's to empty. Adds to *outcome. Returns 0, ERR_LIMIT or
// ERR_POOL_EMPTY, upon which the message must not be forwarded.
int inspect_mask(
	const struct mask_context *context, struct proto_msg *msg, struct buf *scratch,
	struct mask_outcome *outcome
) must_check;

// Rows that came together are scanned together, before each of them is masked: to scan a value
// alone costs several times as much. Of memory for one thread's rows at a time, which is empty at
// first. What it knows lasts as long as the bytes of the rows stay where they are and the context,
// but for `exposed`, is the same; then inspect_ahead_clear. It changes no result.
//
// Usage order: inspect_ahead_clear, inspect_ahead_add row by row, in the order in which they will
// be masked, inspect_ahead_scan; inspect_mask of the rows, as far as they come to that.
//
// NULL when memory is short. inspect_ahead_free accepts NULL.
struct inspect_ahead *inspect_ahead_new(void) must_check;
void inspect_ahead_free(struct inspect_ahead *ahead);
void inspect_ahead_clear(struct inspect_ahead *ahead);
// Add a row with the columns of `row` and these values, of which those that are null are empty.
// False: no room for more.
bool inspect_ahead_add(
	const struct mask_context *context, const struct proto_msg *row, const struct span *values
) must_check;
void inspect_ahead_scan(const struct mask_context *context);

// Append `text` to `out` with every entity of the snapshot (not only the session's) masked: for the
// record and for messages. Whatever their styles, nothing of a value is shown and nothing that
// could be taken for one: fixed texts and hashes stay, all else is redacted. Returns as
// inspect_mask.
int inspect_redact(
	const struct snapshot *snapshot, struct scan_scratch *scratch, struct span text,
	struct buf *out
) must_check;
