// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// How deep the tree of a text can be, from its tokens alone: never less than it will be.
//
// Depth comes from brackets and from chains: in 1+1+1 each operator is one level, and so is each
// UNION, JOIN, cast, COLLATE or NOT. Within a pair of brackets, a chain ends where a list goes on:
// at a comma, AND, OR, or a branch of CASE. BETWEEN, JOIN and the set operations are the chains
// that go on across those.

#include "dataplane/inspect/statement.h"

#include <pg_query.h>

#define TOKEN(name) PG_QUERY__TOKEN__##name

enum { LEVELS_MAX = STATEMENT_NESTING_MAX };

// What is open between a bracket, or CASE, and its counterpart.
struct level {
	bool is_case;
	uint16_t chain;  // links of the chain under way
	uint16_t inner;  // the deepest of what was in brackets within it
	uint16_t ended;  // the deepest of the chains before it
	uint16_t across; // links of chains that lists do not end
};

struct nesting {
	struct level levels[LEVELS_MAX];
	unsigned top;
	bool too_deep;
};

static unsigned depth_of(const struct level *level)
{
	unsigned chain = (unsigned)level->chain + level->inner;
	return (chain > level->ended ? chain : level->ended) + level->across;
}

static void end_chain(struct level *level)
{
	level->ended = (uint16_t)(depth_of(level) - level->across);
	level->chain = level->inner = 0;
}

static void open_level(struct nesting *n, bool is_case)
{
	if (n->top + 1 == LEVELS_MAX)
		n->too_deep = true;
	else
		n->levels[++n->top] = (struct level){.is_case = is_case};
}

static void close_level(struct nesting *n)
{
	unsigned depth = depth_of(&n->levels[n->top--]) + 1;
	struct level *outer = &n->levels[n->top];
	if (depth > outer->inner)
		outer->inner = (uint16_t)depth;
}

// CASE and END are names too where a label may stand. What is no END leaves its CASE open, and a
// CASE that is none ends with the bracket around it: both count too much, never too little.
static void close_bracket(struct nesting *n)
{
	while (n->top > 0 && n->levels[n->top].is_case)
		close_level(n);
	if (n->top > 0)
		close_level(n);
}

static void close_case(struct nesting *n)
{
	if (n->levels[n->top].is_case)
		close_level(n);
}

static bool ends_chain(int token)
{
	return token == TOKEN(ASCII_44) || token == TOKEN(AND) || token == TOKEN(OR) ||
	       token == TOKEN(WHEN) || token == TOKEN(THEN) || token == TOKEN(ELSE);
}

static bool goes_across(int token)
{
	return token == TOKEN(UNION) || token == TOKEN(INTERSECT) || token == TOKEN(EXCEPT) ||
	       token == TOKEN(JOIN) || token == TOKEN(BETWEEN);
}

// Names, constants, parameters, dots and comments: an operand is no link.
static bool is_operand(int token)
{
	return (token >= TOKEN(IDENT) && token <= TOKEN(XCONST)) || token == TOKEN(ICONST) ||
	       token == TOKEN(PARAM) || token == TOKEN(ASCII_46) || token == TOKEN(SQL_COMMENT) ||
	       token == TOKEN(C_COMMENT);
}

static void link_chain(struct level *level, int token)
{
	if (token == TOKEN(ASCII_59)) { // another statement
		end_chain(level);
		level->ended = (uint16_t)depth_of(level);
		level->across = 0;
	} else if (ends_chain(token)) {
		end_chain(level);
	} else if (goes_across(token)) {
		level->across++;
	} else if (!is_operand(token)) {
		level->chain++;
	}
}

static void take(struct nesting *n, int token, bool is_label)
{
	if (token == TOKEN(ASCII_40) || token == TOKEN(ASCII_91))
		open_level(n, false);
	else if (token == TOKEN(ASCII_41) || token == TOKEN(ASCII_93))
		close_bracket(n);
	else if (token == TOKEN(CASE) && !is_label)
		open_level(n, true);
	else if (token == TOKEN(END_P) && !is_label)
		close_case(n);
	else
		link_chain(&n->levels[n->top], token);
	n->too_deep |= depth_of(&n->levels[n->top]) >= STATEMENT_NESTING_MAX;
}

static bool fits(const PgQuery__ScanResult *scan)
{
	struct nesting n;
	int last = 0;
	n.top = 0;
	n.levels[0] = (struct level){0};
	n.too_deep = false;
	for (size_t i = 0; i < scan->n_tokens && !n.too_deep; i++) {
		int token = scan->tokens[i]->token;
		take(&n, token, last == TOKEN(ASCII_46));
		if (token != TOKEN(SQL_COMMENT) && token != TOKEN(C_COMMENT))
			last = token;
	}
	return !n.too_deep;
}

static bool is_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c >= 0x80;
}

// Never fewer than the scanner finds, whatever is a string or a comment: a run of letters, or a
// byte that is neither a letter nor white space.
static size_t tokens_at_most(struct span text, size_t enough)
{
	size_t n = 0;
	bool inside = false;
	for (size_t i = 0; i < text.n && n < enough; i++) {
		bool word = is_word(text.p[i]);
		n += word ? !inside : text.p[i] > ' ';
		inside = word;
	}
	return n;
}

// A name or a key word makes several nodes of the tree, a constant or a comma one or none.
static size_t work_of(const PgQuery__ScanResult *scan)
{
	size_t work = scan->n_tokens;
	for (size_t i = 0; i < scan->n_tokens; i++) {
		int token = scan->tokens[i]->token;
		if (token == TOKEN(IDENT) || token == TOKEN(UIDENT) || token >= TOKEN(ABORT_P))
			work += 2;
	}
	return work;
}

const char *statement_too_much(const char *text)
{
	const char *why = "it cannot be split into tokens";
	PgQuery__ScanResult *scan = NULL;
	// Each token is one level at most.
	if (tokens_at_most(span_str(text), STATEMENT_NESTING_MAX) < STATEMENT_NESTING_MAX)
		return NULL;
	// The scanner allocates within its own memory context, once per statement text not yet
	// cached.
	PgQueryScanResult result = pg_query_scan(text);
	if (result.error == NULL)
		scan = pg_query__scan_result__unpack(
			NULL, result.pbuf.len, (const uint8_t *)result.pbuf.data
		);
	if (scan != NULL) {
		why = work_of(scan) > STATEMENT_WORK_MAX ? "it is too long"
		      : fits(scan)                       ? NULL
							 : "it is nested too deeply";
		pg_query__scan_result__free_unpacked(scan, NULL);
	}
	pg_query_free_scan_result(result);
	return why;
}
