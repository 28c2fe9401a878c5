// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/document.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int document_fault(const struct document *doc, const yaml_node_t *node, const char *format, ...)
{
	size_t line = node == NULL ? 0 : node->start_mark.line;
	size_t column = node == NULL ? 0 : node->start_mark.column;
	va_list args;

	int n = snprintf(doc->why, doc->why_size, "%s:%zu:%zu: ", doc->file, line + 1, column + 1);
	if (n < 0 || (size_t)n >= doc->why_size)
		return ERR_CONFIG;
	va_start(args, format);
	vsnprintf(doc->why + n, doc->why_size - (size_t)n, format, args);
	va_end(args);
	return ERR_CONFIG;
}

bool document_is(const yaml_node_t *node, const char *word)
{
	return node->type == YAML_SCALAR_NODE && node->data.scalar.length == strlen(word) &&
	       memcmp(node->data.scalar.value, word, strlen(word)) == 0;
}

const yaml_node_t *document_item(const struct document *doc, const yaml_node_t *node, size_t i)
{
	const yaml_node_item_t *start = node->data.sequence.items.start;
	if (i >= (size_t)(node->data.sequence.items.top - start))
		return NULL;
	return yaml_document_get_node(doc->yaml, start[i]);
}

static int read_pair(
	const struct document *doc, const yaml_node_pair_t *pair, const struct document_key *keys,
	size_t n, uint32_t *seen, void *out
)
{
	const yaml_node_t *key = yaml_document_get_node(doc->yaml, pair->key);
	const yaml_node_t *value = yaml_document_get_node(doc->yaml, pair->value);
	for (size_t i = 0; i < n; i++) {
		if (!document_is(key, keys[i].name))
			continue;
		if ((*seen & 1u << i) != 0)
			return document_fault(doc, key, "%s stands twice", keys[i].name);
		*seen |= 1u << i;
		return keys[i].read(doc, value, out);
	}
	if (key->type != YAML_SCALAR_NODE)
		return document_fault(doc, key, "a key must be a word");
	return document_fault(
		doc, key, "unknown key '%.40s'", (const char *)key->data.scalar.value
	);
}

int document_mapping(
	const struct document *doc, const yaml_node_t *node, const struct document_key *keys,
	size_t n, void *out
)
{
	uint32_t seen = 0;
	if (node->type != YAML_MAPPING_NODE)
		return document_fault(doc, node, "a mapping is wanted here");
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		int result = read_pair(doc, pair, keys, n, &seen, out);
		if (result != 0)
			return result;
	}
	for (size_t i = 0; i < n; i++) {
		if (keys[i].required && (seen & 1u << i) == 0)
			return document_fault(doc, node, "%s is missing", keys[i].name);
	}
	return 0;
}

int document_text(const struct document *doc, const yaml_node_t *node, char **out)
{
	if (node->type != YAML_SCALAR_NODE || node->data.scalar.length == 0)
		return document_fault(doc, node, "a text is wanted here");
	const char *text = (const char *)node->data.scalar.value;
	if (memchr(text, 0, node->data.scalar.length) != NULL)
		return document_fault(doc, node, "the text holds a NUL");
	*out = strdup(text);
	return *out == NULL ? -ENOMEM : 0;
}

int document_name(const struct document *doc, const yaml_node_t *node, char **out)
{
	char *name = NULL;
	int result = document_text(doc, node, &name);
	if (result != 0)
		return result;
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (name[n] != '\0' || n > 63 || name[0] == '-') {
		result = document_fault(
			doc, node,
			"'%.70s' is no name: lower-case letters, digits and dashes, at most 63",
			name
		);
		free(name);
		return result;
	}
	*out = name;
	return 0;
}

int document_file_name(const struct document *doc, const yaml_node_t *node, const char *name)
{
	const char *slash = strrchr(doc->file, '/');
	const char *stem = slash == NULL ? doc->file : slash + 1;
	size_t n = strlen(name);
	if (strncmp(stem, name, n) == 0 && strcmp(stem + n, ".yaml") == 0)
		return 0;
	return document_fault(doc, node, "the file of '%s' must be called %s.yaml", name, name);
}

int document_names(const struct document *doc, const yaml_node_t *node, const char *const **out)
{
	size_t n;
	int result = document_list(doc, node, &n);
	if (result != 0)
		return result;
	char **names = calloc(n + 1, sizeof(*names));
	if (names == NULL)
		return -ENOMEM;
	*out = (const char *const *)names;
	for (size_t i = 0; i < n && result == 0; i++)
		result = document_name(doc, document_item(doc, node, i), &names[i]);
	return result;
}

void document_names_free(const char *const *names)
{
	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		free((void *)(uintptr_t)names[i]);
	free((void *)(uintptr_t)names);
}

int document_number(
	const struct document *doc, const yaml_node_t *node, uint32_t min, uint32_t max,
	uint32_t *out
)
{
	uint64_t number = 0;
	bool good = node->type == YAML_SCALAR_NODE && node->data.scalar.length > 0 &&
		    node->data.scalar.length <= 10;
	for (size_t i = 0; good && i < node->data.scalar.length; i++) {
		uint8_t c = node->data.scalar.value[i];
		good = c >= '0' && c <= '9';
		number = number * 10 + (c - '0');
	}
	if (!good || number < min || number > max)
		return document_fault(doc, node, "a number from %u to %u is wanted here", min, max);
	*out = (uint32_t)number;
	return 0;
}

const yaml_node_t *document_value(
	const struct document *doc, const yaml_node_t *node, const char *key
)
{
	if (node->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++)
		if (document_is(yaml_document_get_node(doc->yaml, pair->key), key))
			return yaml_document_get_node(doc->yaml, pair->value);
	return NULL;
}

int document_list(const struct document *doc, const yaml_node_t *node, size_t *n)
{
	return document_items(doc, node, DOCUMENT_LIST_MAX, n);
}

int document_items(const struct document *doc, const yaml_node_t *node, size_t max, size_t *n)
{
	if (node->type != YAML_SEQUENCE_NODE)
		return document_fault(doc, node, "a list is wanted here");
	*n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (*n == 0 || *n > max)
		return document_fault(doc, node, "a list of 1 to %zu is wanted here", max);
	return 0;
}

// Nothing may follow the document.
static int read_end(const struct document *doc, yaml_parser_t *parser)
{
	yaml_document_t more;
	if (!yaml_parser_load(parser, &more))
		return document_fault(doc, NULL, "more follows the document, and it is not YAML");
	bool empty = yaml_document_get_root_node(&more) == NULL;
	yaml_document_delete(&more);
	return empty ? 0 : document_fault(doc, NULL, "one document a file");
}

static void parser_fault(const char *file, const yaml_parser_t *parser, char *why, size_t size)
{
	snprintf(
		why, size, "%s:%zu:%zu: %s", file, parser->problem_mark.line + 1,
		parser->problem_mark.column + 1,
		parser->problem == NULL ? "not YAML" : parser->problem
	);
}

static int read_root(
	const struct document *doc, yaml_parser_t *parser,
	int (*read)(const struct document *doc, const yaml_node_t *root, void *out), void *out
)
{
	const yaml_node_t *root = yaml_document_get_root_node(doc->yaml);
	int result = root == NULL ? document_fault(doc, NULL, "the file is empty")
				  : read(doc, root, out);
	if (result == 0)
		result = read_end(doc, parser);
	if (result == -ENOMEM)
		(void)document_fault(doc, NULL, "out of memory");
	return result;
}

int document_parse(
	const char *file, struct span text,
	int (*read)(const struct document *doc, const yaml_node_t *root, void *out), void *out,
	char *why, size_t why_size
)
{
	yaml_parser_t parser;
	yaml_document_t yaml;
	int result = ERR_CONFIG;
	if (!yaml_parser_initialize(&parser)) {
		snprintf(why, why_size, "%s:1:1: out of memory", file);
		return -ENOMEM;
	}
	yaml_parser_set_input_string(&parser, text.p, text.n);
	if (!yaml_parser_load(&parser, &yaml)) {
		parser_fault(file, &parser, why, why_size);
	} else {
		const struct document doc = {file, &yaml, why, why_size};
		result = read_root(&doc, &parser, read, out);
		yaml_document_delete(&yaml);
	}
	yaml_parser_delete(&parser);
	return result;
}
