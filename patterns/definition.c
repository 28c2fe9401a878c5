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

static int read_names(const struct document *doc, const yaml_node_t *node, const char *const **out)
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

static int read_groups(const struct document *doc, const yaml_node_t *node, void *out)
{
	return read_names(doc, node, &((struct draft *)out)->def->info.groups);
}

static int read_regions(const struct document *doc, const yaml_node_t *node, void *out)
{
	return read_names(doc, node, &((struct draft *)out)->def->info.regions);
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
		"a boundary is none, word, number, identifier, dotted, base64 or base64url"
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
	struct definition *def = ((struct draft *)out)->def;
	size_t n;
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

static int read_document(const struct document *doc, struct definition *out)
{
	struct draft draft = {.def = out};
	out->info.score = 100;
	const yaml_node_t *root = yaml_document_get_root_node(doc->yaml);
	if (root == NULL)
		return document_fault(doc, NULL, "the file is empty");
	int result = document_mapping(
		doc, root, definition_keys, sizeof(definition_keys) / sizeof(definition_keys[0]),
		&draft
	);
	return result != 0 ? result : draft_check(doc, &draft);
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

static void parser_fault(const char *file, const yaml_parser_t *parser, char *why)
{
	snprintf(
		why, PATTERN_WHY, "%s:%zu:%zu: %s", file, parser->problem_mark.line + 1,
		parser->problem_mark.column + 1,
		parser->problem == NULL ? "not YAML" : parser->problem
	);
}

int definition_parse(
	const char *file, struct span text, struct definition *out, char why[static PATTERN_WHY]
)
{
	yaml_parser_t parser;
	yaml_document_t yaml;
	*out = (struct definition){};
	if (!yaml_parser_initialize(&parser)) {
		snprintf(why, PATTERN_WHY, "%s:1:1: out of memory", file);
		return -ENOMEM;
	}
	yaml_parser_set_input_string(&parser, text.p, text.n);
	int result = ERR_CONFIG;
	if (!yaml_parser_load(&parser, &yaml)) {
		parser_fault(file, &parser, why);
	} else {
		struct document doc = {file, &yaml, why, PATTERN_WHY};
		result = read_document(&doc, out);
		if (result == 0)
			result = read_end(&doc, &parser);
		if (result == -ENOMEM)
			(void)document_fault(&doc, NULL, "out of memory");
		yaml_document_delete(&yaml);
	}
	yaml_parser_delete(&parser);
	if (result != 0)
		definition_free(out);
	return result;
}

static void free_text(const char *text)
{
	free((void *)(uintptr_t)text);
}

static void free_names(const char *const *names)
{
	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		free_text(names[i]);
	free((void *)(uintptr_t)names);
}

void definition_free(struct definition *definition)
{
	const struct pattern_info *info = &definition->info;
	free_text(info->name);
	free_text(info->title);
	free_text(info->description);
	free_text(info->source);
	free_text(info->mask_fixed);
	free_names(info->groups);
	free_names(info->regions);
	free_names(info->context);
	example_list_free(info->positive, info->positive_count);
	example_list_free(info->negative, info->negative_count);
	free(definition->pattern);
	free(definition->before);
	free(definition->anchor);
	free(definition->strong);
	*definition = (struct definition){};
}
