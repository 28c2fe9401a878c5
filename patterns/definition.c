// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/definition.h"

#include "patterns/context.h"
#include "patterns/draft.h"
#include "patterns/example.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_name(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct draft *draft = out;
	char *name = NULL;
	draft->name = node;
	int result = document_name(doc, node, &name);
	draft->def->info.name = name;
	return result;
}

static int read_title(const struct document *doc, const yaml_node_t *node, void *out)
{
	char *text = NULL;
	int result = document_text(doc, node, &text);
	((struct draft *)out)->def->info.title = text;
	return result;
}

static int read_description(const struct document *doc, const yaml_node_t *node, void *out)
{
	char *text = NULL;
	int result = document_text(doc, node, &text);
	((struct draft *)out)->def->info.description = text;
	return result;
}

static int read_source(const struct document *doc, const yaml_node_t *node, void *out)
{
	char *text = NULL;
	int result = document_text(doc, node, &text);
	((struct draft *)out)->def->info.source = text;
	return result;
}

static int read_groups(const struct document *doc, const yaml_node_t *node, void *out)
{
	return document_names(doc, node, &((struct draft *)out)->def->info.groups);
}

static int read_regions(const struct document *doc, const yaml_node_t *node, void *out)
{
	return document_names(doc, node, &((struct draft *)out)->def->info.regions);
}

static int read_kind(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct pattern_info *info = &((struct draft *)out)->def->info;
	if (document_is(node, "entity"))
		info->kind = PATTERN_ENTITY;
	else if (document_is(node, "block"))
		info->kind = PATTERN_BLOCK;
	else
		return document_fault(doc, node, "kind is entity or block");
	return 0;
}

static int read_pattern(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct draft *draft = out;
	draft->pattern = node;
	return document_text(doc, node, &draft->def->pattern);
}

static int read_before(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct draft *draft = out;
	draft->before = node;
	return document_text(doc, node, &draft->def->before);
}

static int read_anchor(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct draft *draft = out;
	draft->anchor = node;
	return document_text(doc, node, &draft->def->anchor);
}

static int read_lead(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct draft *draft = out;
	draft->lead = node;
	return document_number(doc, node, 1, PATTERN_WIDTH_MAX, &draft->def->lead);
}

static int read_strong(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct draft *draft = out;
	draft->strong = node;
	return document_text(doc, node, &draft->def->strong);
}

static int read_score(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct draft *draft = out;
	draft->score = node;
	return document_number(doc, node, 1, 100, &draft->def->info.score);
}

static int read_context(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct draft *draft = out;
	size_t n;
	draft->context = node;
	int result = document_list(doc, node, &n);
	if (result == 0 && n > DEFINITION_CONTEXT_MAX)
		result = document_fault(doc, node, "at most %d words", DEFINITION_CONTEXT_MAX);
	if (result != 0)
		return result;
	char **words = calloc(n + 1, sizeof(*words));
	if (words == NULL)
		return -ENOMEM;
	draft->def->info.context = (const char *const *)words;
	for (size_t i = 0; i < n && result == 0; i++) {
		const yaml_node_t *item = document_item(doc, node, i);
		result = document_text(doc, item, &words[i]);
		if (result == 0 && !context_is_word(words[i]))
			result = document_fault(
				doc, item,
				"a context word is 2 to %d bytes, lower case, and begins and ends with a letter or digit",
				CONTEXT_WORD_MAX
			);
	}
	return result;
}

static int read_width(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct draft *draft = out;
	draft->width = node;
	return document_number(doc, node, 1, PATTERN_WIDTH_MAX, &draft->def->info.width);
}

static int read_one_boundary(
	const struct document *doc, const yaml_node_t *node, enum boundary *out
)
{
	for (enum boundary b = BOUNDARY_NONE; b < BOUNDARY_COUNT; b++) {
		if (document_is(node, boundary_name(b))) {
			*out = b;
			return 0;
		}
	}
	return document_fault(
		doc, node,
		"a boundary is none, word, number, apart, identifier, dotted, base64, base64url or address"
	);
}

static int read_left(const struct document *doc, const yaml_node_t *node, void *out)
{
	return read_one_boundary(doc, node, &((struct draft *)out)->def->left);
}

static int read_right(const struct document *doc, const yaml_node_t *node, void *out)
{
	return read_one_boundary(doc, node, &((struct draft *)out)->def->right);
}

static int read_boundary(const struct document *doc, const yaml_node_t *node, void *out)
{
	static const struct document_key keys[] = {
		{"left", true, read_left},
		{"right", true, read_right},
	};
	struct definition *def = ((struct draft *)out)->def;
	if (node->type == YAML_MAPPING_NODE)
		return document_mapping(doc, node, keys, sizeof(keys) / sizeof(keys[0]), out);
	int result = read_one_boundary(doc, node, &def->left);
	def->right = def->left;
	return result;
}

static int read_validators(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct draft *draft = out;
	struct definition *def = draft->def;
	size_t n;
	draft->validators = node;
	int result = document_list(doc, node, &n);
	if (result != 0)
		return result;
	if (n > DEFINITION_VALIDATORS)
		return document_fault(doc, node, "at most %d validators", DEFINITION_VALIDATORS);
	for (size_t i = 0; i < n; i++) {
		const yaml_node_t *item = document_item(doc, node, i);
		char *name = NULL;
		result = document_name(doc, item, &name);
		if (result != 0)
			return result;
		const struct validator *found = validator_find(name);
		if (found == NULL)
			result = document_fault(doc, item, "no validator is called '%s'", name);
		free(name);
		if (result != 0)
			return result;
		def->validators[def->validator_count++] = found;
	}
	return 0;
}

static int read_keep_first(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct pattern_info *info = &((struct draft *)out)->def->info;
	info->mask = PATTERN_MASK_KEEP;
	return document_number(doc, node, 1, 16, &info->mask_keep_first);
}

static int read_keep_last(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct pattern_info *info = &((struct draft *)out)->def->info;
	info->mask = PATTERN_MASK_KEEP;
	return document_number(doc, node, 1, 16, &info->mask_keep_last);
}

static int read_fixed(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct pattern_info *info = &((struct draft *)out)->def->info;
	char *text = NULL;
	info->mask = PATTERN_MASK_FIXED;
	int result = document_text(doc, node, &text);
	info->mask_fixed = text;
	return result;
}

static int read_mask_map(const struct document *doc, const yaml_node_t *node, void *out)
{
	static const struct document_key keys[] = {
		{"keep_first", false, read_keep_first},
		{"keep_last", false, read_keep_last},
		{"fixed", false, read_fixed},
	};
	const struct pattern_info *info = &((struct draft *)out)->def->info;
	int result = document_mapping(doc, node, keys, sizeof(keys) / sizeof(keys[0]), out);
	if (result == 0 && info->mask_fixed != NULL &&
	    (info->mask_keep_first != 0 || info->mask_keep_last != 0))
		result = document_fault(doc, node, "one mask style only");
	return result;
}

static int read_mask(const struct document *doc, const yaml_node_t *node, void *out)
{
	static const enum pattern_mask words[] = {
		PATTERN_MASK_REDACT, PATTERN_MASK_HASH, PATTERN_MASK_PLACEHOLDER,
		PATTERN_MASK_TOKEN,  PATTERN_MASK_NULL,
	};
	struct draft *draft = out;
	draft->mask = node;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (document_is(node, pattern_mask_name(words[i]))) {
			draft->def->info.mask = words[i];
			return 0;
		}
	}
	if (node->type == YAML_MAPPING_NODE &&
	    node->data.mapping.pairs.top > node->data.mapping.pairs.start)
		return read_mask_map(doc, node, out);
	return document_fault(
		doc, node,
		"mask is redact, hash, token, placeholder, null, {keep_first: n, keep_last: n} or {fixed: text}"
	);
}

static int read_positive(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct pattern_info *info = &((struct draft *)out)->def->info;
	return example_list_read(doc, node, &info->positive, &info->positive_count);
}

static int read_negative(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct pattern_info *info = &((struct draft *)out)->def->info;
	return example_list_read(doc, node, &info->negative, &info->negative_count);
}

static int read_examples(const struct document *doc, const yaml_node_t *node, void *out)
{
	static const struct document_key keys[] = {
		{"positive", true, read_positive},
		{"negative", true, read_negative},
	};
	return document_mapping(doc, node, keys, sizeof(keys) / sizeof(keys[0]), out);
}

static const struct document_key definition_keys[] = {
	{"name", true, read_name},
	{"title", true, read_title},
	{"description", true, read_description},
	{"groups", true, read_groups},
	{"kind", true, read_kind},
	{"regions", true, read_regions},
	{"pattern", true, read_pattern},
	{"before", false, read_before},
	{"anchor", false, read_anchor},
	{"lead", false, read_lead},
	{"validators", false, read_validators},
	{"boundary", true, read_boundary},
	{"width", true, read_width},
	{"score", false, read_score},
	{"strong", false, read_strong},
	{"context", false, read_context},
	{"mask", false, read_mask},
	{"examples", true, read_examples},
	{"source", true, read_source},
};

const struct document_key *definition_key(const char *name)
{
	for (size_t i = 0; i < sizeof(definition_keys) / sizeof(definition_keys[0]); i++)
		if (strcmp(definition_keys[i].name, name) == 0)
			return &definition_keys[i];
	return NULL;
}

int definition_read(const struct document *doc, const yaml_node_t *root, struct definition *out)
{
	struct draft draft = {.def = out};
	out->info.score = 100;
	out->file = strdup(doc->file);
	if (out->file == NULL)
		return -ENOMEM;
	int result = document_mapping(
		doc, root, definition_keys, sizeof(definition_keys) / sizeof(definition_keys[0]),
		&draft
	);
	if (result == 0)
		result = document_file_name(doc, draft.name, out->info.name);
	return result != 0 ? result : draft_check(doc, &draft);
}

static int read_root(const struct document *doc, const yaml_node_t *root, void *out)
{
	return definition_read(doc, root, out);
}

int definition_parse(
	const char *file, struct span text, struct definition *out, char why[static PATTERN_WHY]
)
{
	*out = (struct definition){};
	int result = document_parse(file, text, read_root, out, why, PATTERN_WHY);
	if (result != 0)
		definition_free(out);
	return result;
}

static void free_text(const char *text)
{
	free((void *)(uintptr_t)text);
}

// What a list's item has from its list is the list's to free.
static bool is_own(const void *own, const void *shared)
{
	return own != shared;
}

void definition_free(struct definition *definition)
{
	static const struct definition none = {};
	const struct definition *list = definition->list == NULL ? &none : definition->list;
	const struct pattern_info *info = &definition->info, *shared = &list->info;
	const char *const texts[][2] = {
		{info->name, shared->name},
		{info->title, shared->title},
		{info->description, shared->description},
		{info->source, shared->source},
		{info->mask_fixed, shared->mask_fixed},
		{definition->pattern, list->pattern},
		{definition->before, list->before},
		{definition->anchor, list->anchor},
		{definition->strong, list->strong},
		{definition->file, list->file},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (is_own(texts[i][0], texts[i][1]))
			free_text(texts[i][0]);
	if (is_own(info->groups, shared->groups))
		document_names_free(info->groups);
	if (is_own(info->regions, shared->regions))
		document_names_free(info->regions);
	if (is_own(info->context, shared->context))
		document_names_free(info->context);
	example_list_free(info->positive, info->positive_count);
	example_list_free(info->negative, info->negative_count);
	*definition = (struct definition){};
}
