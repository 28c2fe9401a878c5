// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A YAML document read strictly: every key is known, stands once, and has the type it should.

#pragma once

#include "dataplane/base/err.h"
#include "dataplane/base/span.h"

#include <yaml.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum document_limit { DOCUMENT_LIST_MAX = 64 };

struct document {
	const char *file; // for messages
	yaml_document_t *yaml;
	char *why; // the first fault
	size_t why_size;
};

// What to do with the value of one key of a mapping.
struct document_key {
	const char *name;
	bool required;
	// Returns 0, -ENOMEM or ERR_CONFIG (through document_fault).
	int (*read)(const struct document *doc, const yaml_node_t *node, void *out);
};

// Read `text`, the content of the file `file`, as one YAML document, and hand its root to `read`.
// Returns what that returns; -ENOMEM, ERR_CONFIG. Every error is told in `why`.
int document_parse(
	const char *file, struct span text,
	int (*read)(const struct document *doc, const yaml_node_t *root, void *out), void *out,
	char *why, size_t why_size
) must_check;

// Write "file:line:column: text" to doc->why. Returns ERR_CONFIG. `node` says where; NULL: line 1.
int document_fault(const struct document *doc, const yaml_node_t *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// Read the mapping `node` by the table `keys`, `n` long and at most 32, into `out`.
int document_mapping(
	const struct document *doc, const yaml_node_t *node, const struct document_key *keys,
	size_t n, void *out
) must_check;

// A sequence of 1 to DOCUMENT_LIST_MAX nodes. Out: *n, how many.
int document_list(const struct document *doc, const yaml_node_t *node, size_t *n) must_check;
// A sequence of 1 to `max`.
int document_items(const struct document *doc, const yaml_node_t *node, size_t max, size_t *n)
	must_check;
// The node of a sequence at `i`, or NULL behind its end.
const yaml_node_t *document_item(const struct document *doc, const yaml_node_t *node, size_t i);

// Text of a scalar without NUL, not empty. Out: *out, malloced, replaces nothing.
int document_text(const struct document *doc, const yaml_node_t *node, char **out) must_check;
// A lower-case name: letters, digits and dashes, at most 63 bytes.
int document_name(const struct document *doc, const yaml_node_t *node, char **out) must_check;
// Is the file called `name`, which `node` holds, and .yaml?
int document_file_name(const struct document *doc, const yaml_node_t *node, const char *name)
	must_check;
// A sequence of names. Out: *out, NULL-terminated, for document_names_free also on error.
int document_names(const struct document *doc, const yaml_node_t *node, const char *const **out)
	must_check;
void document_names_free(const char *const *names); // accepts NULL
// A decimal number in [min, max].
int document_number(
	const struct document *doc, const yaml_node_t *node, uint32_t min, uint32_t max,
	uint32_t *out
) must_check;
// The value of `key` in the mapping `node`, or NULL.
const yaml_node_t *document_value(
	const struct document *doc, const yaml_node_t *node, const char *key
);
// Is the scalar this word? False for other nodes.
bool document_is(const yaml_node_t *node, const char *word);
