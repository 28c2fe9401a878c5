// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/example.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// An example's text and what is to be found in it.
struct example_draft {
	const yaml_node_t *text, *finds;
};

static int read_example_text(const struct document *, const yaml_node_t *node, void *out)
{
	((struct example_draft *)out)->text = node;
	return 0;
}

static int read_example_finds(const struct document *, const yaml_node_t *node, void *out)
{
	((struct example_draft *)out)->finds = node;
	return 0;
}

static int example_init(
	const struct document *doc, const struct example_draft *draft, struct pattern_example *out
)
{
	if (draft->text->type != YAML_SCALAR_NODE || draft->finds->type != YAML_SCALAR_NODE ||
	    draft->text->data.scalar.length == 0 || draft->finds->data.scalar.length == 0)
		return document_fault(doc, draft->text, "an example is a text, and what it finds");
	const uint8_t *text = draft->text->data.scalar.value;
	size_t n = draft->text->data.scalar.length;
	size_t finds_n = draft->finds->data.scalar.length;
	const uint8_t *at = memmem(text, n, draft->finds->data.scalar.value, finds_n);
	if (at == NULL)
		return document_fault(doc, draft->finds, "the example's text does not hold this");
	uint8_t *copy = malloc(n);
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, text, n);
	*out = (struct pattern_example
	){{copy, n}, (uint32_t)(at - text), (uint32_t)((size_t)(at - text) + finds_n)};
	return 0;
}

static int read_example(
	const struct document *doc, const yaml_node_t *node, struct pattern_example *out
)
{
	static const struct document_key keys[] = {
		{"text", true, read_example_text},
		{"finds", true, read_example_finds},
	};
	struct example_draft draft = {node, node};
	if (node->type == YAML_MAPPING_NODE) {
		int result =
			document_mapping(doc, node, keys, sizeof(keys) / sizeof(keys[0]), &draft);
		if (result != 0)
			return result;
	}
	return example_init(doc, &draft, out);
}

int example_list_read(
	const struct document *doc, const yaml_node_t *node, const struct pattern_example **out,
	size_t *count
)
{
	size_t n;
	int result = document_list(doc, node, &n);
	if (result != 0)
		return result;
	struct pattern_example *list = calloc(n, sizeof(*list));
	if (list == NULL)
		return -ENOMEM;
	*out = list;
	*count = n;
	for (size_t i = 0; i < n && result == 0; i++)
		result = read_example(doc, document_item(doc, node, i), &list[i]);
	return result;
}

void example_list_free(const struct pattern_example *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)list[i].text.p);
	free((void *)(uintptr_t)list);
}
