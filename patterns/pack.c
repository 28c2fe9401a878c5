// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool pack_is(const struct document *doc, const yaml_node_t *root)
{
	const yaml_node_t *kind = document_value(doc, root, "kind");
	return kind != NULL && document_is(kind, "pack");
}

static int read_kind(const struct document *, const yaml_node_t *, void *)
{
	return 0;
}

static int read_name(const struct document *doc, const yaml_node_t *node, void *out)
{
	return document_name(doc, node, (char **)(uintptr_t) & ((struct pattern_pack *)out)->name);
}

static int read_title(const struct document *doc, const yaml_node_t *node, void *out)
{
	return document_text(doc, node, (char **)(uintptr_t) & ((struct pattern_pack *)out)->title);
}

static int read_description(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct pattern_pack *pack = out;
	return document_text(doc, node, (char **)(uintptr_t)&pack->description);
}

static int read_groups(const struct document *doc, const yaml_node_t *node, void *out)
{
	return document_names(doc, node, &((struct pattern_pack *)out)->groups);
}

// Out: *words and *places, as many.
static int read_words(
	const struct document *doc, const yaml_node_t *node, const char *const **words,
	const struct pattern_place **places
)
{
	int result = document_names(doc, node, words);
	size_t n = 0;
	while (result == 0 && (*words)[n] != NULL)
		n++;
	struct pattern_place *list = result == 0 ? calloc(n, sizeof(*list)) : NULL;
	if (list == NULL)
		return result == 0 ? -ENOMEM : result;
	for (size_t i = 0; i < n; i++) {
		const yaml_node_t *item = document_item(doc, node, i);
		list[i].line = (uint32_t)item->start_mark.line + 1;
		list[i].column = (uint32_t)item->start_mark.column + 1;
	}
	*places = list;
	return 0;
}

static int read_deny(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct pattern_pack *pack = out;
	return read_words(doc, node, &pack->deny, &pack->deny_at);
}

static int read_hold(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct pattern_pack *pack = out;
	return read_words(doc, node, &pack->hold, &pack->hold_at);
}

static int read_block(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct pattern_pack *pack = out;
	return read_words(doc, node, &pack->block, &pack->block_at);
}

static int read_mask(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct pattern_pack *pack = out;
	return read_words(doc, node, &pack->mask, &pack->mask_at);
}

// ---- examples: {dialect: [text, ...], ...}

struct example_list {
	struct pack_example *list;
	size_t count;
};

static int add_texts(
	const struct document *doc, const char *dialect, const yaml_node_t *node,
	struct example_list *out
)
{
	size_t n;
	int result = document_items(doc, node, PACK_EXAMPLES_MAX, &n);
	if (result != 0)
		return result;
	struct pack_example *more = reallocarray(out->list, out->count + n, sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	out->list = more;
	for (size_t i = 0; i < n && result == 0; i++) {
		struct pack_example *example = &more[out->count];
		*example = (struct pack_example){.dialect = dialect};
		result = document_text(
			doc, document_item(doc, node, i), (char **)(uintptr_t)&example->text
		);
		out->count += result == 0;
	}
	return result;
}

static int read_postgres(const struct document *doc, const yaml_node_t *node, void *out)
{
	return add_texts(doc, "postgres", node, out);
}

static int read_mysql(const struct document *doc, const yaml_node_t *node, void *out)
{
	return add_texts(doc, "mysql", node, out);
}

static int read_tsql(const struct document *doc, const yaml_node_t *node, void *out)
{
	return add_texts(doc, "tsql", node, out);
}

static int read_shell(const struct document *doc, const yaml_node_t *node, void *out)
{
	return add_texts(doc, "shell", node, out);
}

static int read_text(const struct document *doc, const yaml_node_t *node, void *out)
{
	return add_texts(doc, "text", node, out);
}

static int read_examples(
	const struct document *doc, const yaml_node_t *node, const struct pack_example **list,
	size_t *count
)
{
	static const struct document_key keys[] = {
		{"postgres", false, read_postgres}, {"mysql", false, read_mysql},
		{"tsql", false, read_tsql},         {"shell", false, read_shell},
		{"text", false, read_text},
	};
	struct example_list examples = {};
	int result = document_mapping(doc, node, keys, sizeof(keys) / sizeof(keys[0]), &examples);
	*list = examples.list;
	*count = examples.count;
	return result;
}

static int read_refuses(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct pattern_pack *pack = out;
	return read_examples(doc, node, &pack->refused, &pack->refused_count);
}

static int read_passes(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct pattern_pack *pack = out;
	return read_examples(doc, node, &pack->passed, &pack->passed_count);
}

int pack_read(const struct document *doc, const yaml_node_t *root, struct pattern_pack *out)
{
	static const struct document_key keys[] = {
		{"name", true, read_name},      {"kind", true, read_kind},
		{"title", true, read_title},    {"description", true, read_description},
		{"groups", false, read_groups}, {"deny", false, read_deny},
		{"hold", false, read_hold},     {"block", false, read_block},
		{"mask", false, read_mask},     {"refuses", false, read_refuses},
		{"passes", false, read_passes},
	};
	out->file = strdup(doc->file);
	int result =
		out->file == NULL
			? -ENOMEM
			: document_mapping(doc, root, keys, sizeof(keys) / sizeof(keys[0]), out);
	if (result == 0)
		result = document_file_name(doc, document_value(doc, root, "name"), out->name);
	if (result != 0)
		return result;
	if (out->deny == NULL && out->hold == NULL && out->block == NULL && out->mask == NULL)
		return document_fault(doc, root, "a pack denies, holds, blocks or masks something");
	if (out->mask == NULL && (out->refused_count == 0 || out->passed_count == 0))
		return document_fault(
			doc, root, "a pack has examples of what it refuses and of what passes"
		);
	return 0;
}

static void free_examples(const struct pack_example *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)list[i].text);
	free((void *)(uintptr_t)list);
}

void pack_fini(struct pattern_pack *pack)
{
	free((void *)(uintptr_t)pack->file);
	free((void *)(uintptr_t)pack->deny_at);
	free((void *)(uintptr_t)pack->hold_at);
	free((void *)(uintptr_t)pack->block_at);
	free((void *)(uintptr_t)pack->mask_at);
	free((void *)(uintptr_t)pack->name);
	free((void *)(uintptr_t)pack->title);
	free((void *)(uintptr_t)pack->description);
	document_names_free(pack->groups);
	document_names_free(pack->deny);
	document_names_free(pack->hold);
	document_names_free(pack->block);
	document_names_free(pack->mask);
	free_examples(pack->refused, pack->refused_count);
	free_examples(pack->passed, pack->passed_count);
	*pack = (struct pattern_pack){};
}
