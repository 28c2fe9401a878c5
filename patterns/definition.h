// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One pattern as its YAML file states it, checked.

#pragma once

#include "patterns/boundary.h"
#include "patterns/document.h"
#include "patterns/expression.h"
#include "patterns/patterns.h"
#include "patterns/validator.h"

enum definition_limit {
	DEFINITION_FILE_MAX = 128 * 1024,
	DEFINITION_VALIDATORS = 4,
	DEFINITION_BEFORE_MAX = 63,      // bytes
	DEFINITION_CANDIDATE_MAX = 1024, // bytes of what the first scan looks for
	DEFINITION_CONTEXT_MAX = 32,     // words
};

struct definition {
	struct pattern_info info;
	char *pattern; // what a finding is
	char *before;  // what stands directly before it and is not part of it, or NULL
	char *anchor;  // what the first scan looks for; NULL: before and pattern together
	char *strong;  // a match that this matches whole scores 100; NULL: none does
	uint32_t lead; // with an anchor: most bytes from the start of before to the anchor's end
	struct expression_width pattern_width, before_width, candidate_width;
	enum boundary left, right;
	const struct validator *validators[DEFINITION_VALIDATORS];
	size_t validator_count;
	// Where `pattern` stands.
	const char *file;
	uint32_t line, column;
	const struct definition *list; // what it shares with others of its list, or NULL
};

// Read one definition from `text`, the content of the file `file` (a name for messages; its last
// part, without ".yaml", must be the definition's name). Out: *out, freed by definition_free; empty
// on error. Returns 0, -ENOMEM or ERR_CONFIG; `why` is then file:line:column: text.
int definition_parse(
	const char *file, struct span text, struct definition *out, char why[static PATTERN_WHY]
) must_check;
// Read the mapping `root` of a document. Out: *out, which is zeroed, for definition_free also on
// error. Returns as definition_parse.
int definition_read(const struct document *doc, const yaml_node_t *root, struct definition *out)
	must_check;
// How the value of the key `name` is read into a struct draft; NULL: there is no such key.
const struct document_key *definition_key(const char *name);
// Accepts a zeroed or half-read definition.
void definition_free(struct definition *definition);
