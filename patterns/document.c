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

int document_list(const struct document *doc, const yaml_node_t *node, size_t *n)
{
	if (node->type != YAML_SEQUENCE_NODE)
		return document_fault(doc, node, "a list is wanted here");
	*n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (*n == 0 || *n > DOCUMENT_LIST_MAX)
		return document_fault(
			doc, node, "a list of 1 to %d is wanted here", DOCUMENT_LIST_MAX
		);
	return 0;
}
