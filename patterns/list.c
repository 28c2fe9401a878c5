// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/list.h"

#include "patterns/draft.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	KEYS_MAX = 24,
	ANCHOR_MIN = 3, // bytes: what is shorter is found too often
};

struct list_draft {
	struct draft shared; // first: the readers of a definition's keys get it
	const yaml_node_t *words, *rules;
	bool folds;
};

bool list_is(const struct document *doc, const yaml_node_t *root)
{
	const yaml_node_t *kind = document_value(doc, root, "kind");
	return kind != NULL && document_is(kind, "list");
}

// ---- what the items share

static int read_kind(const struct document *, const yaml_node_t *, void *)
{
	return 0;
}

static int read_of(const struct document *doc, const yaml_node_t *node, void *out)
{
	if (!document_is(node, "entity") && !document_is(node, "block"))
		return document_fault(doc, node, "a list is of entity or block");
	return definition_key("kind")->read(doc, node, out);
}

static int read_case(const struct document *doc, const yaml_node_t *node, void *out)
{
	struct list_draft *draft = out;
	draft->folds = document_is(node, "ignore");
	if (!draft->folds && !document_is(node, "exact"))
		return document_fault(doc, node, "case is exact or ignore");
	return 0;
}

static int read_words(const struct document *, const yaml_node_t *node, void *out)
{
	((struct list_draft *)out)->words = node;
	return 0;
}

static int read_rules(const struct document *, const yaml_node_t *node, void *out)
{
	((struct list_draft *)out)->rules = node;
	return 0;
}

// The table of the keys `names`, of which the first `required` are needed, in a definition's way.
static size_t pick_keys(const char *const *names, size_t required, struct document_key *out)
{
	size_t n = 0;
	for (; names[n] != NULL; n++) {
		out[n] = *definition_key(names[n]);
		out[n].required = n < required;
	}
	return n;
}

// A text that may be missing is empty, not NULL.
static int fill_in(struct pattern_info *info)
{
	if (info->description == NULL)
		info->description = strdup("");
	if (info->source == NULL)
		info->source = strdup("");
	if (info->groups == NULL)
		info->groups = calloc(1, sizeof(info->groups[0]));
	if (info->regions == NULL)
		info->regions = calloc(1, sizeof(info->regions[0]));
	return info->description == NULL || info->source == NULL || info->groups == NULL ||
			       info->regions == NULL
		       ? -ENOMEM
		       : 0;
}

static int read_shared(
	const struct document *doc, const yaml_node_t *root, struct list_draft *draft
)
{
	static const char *const names[] = {
		"name",   "title", "boundary", "description", "groups", "regions",
		"source", "mask",  "score",    "context",     NULL,
	};
	static const struct document_key own[] = {
		{"kind", true, read_kind},    {"of", true, read_of},
		{"case", false, read_case},   {"words", false, read_words},
		{"rules", false, read_rules},
	};
	struct document_key keys[KEYS_MAX];
	size_t n = pick_keys(names, 3, keys);
	memcpy(keys + n, own, sizeof(own));
	n += sizeof(own) / sizeof(own[0]);
	int result = document_mapping(doc, root, keys, n, draft);
	if (result == 0)
		result = draft_check_shared(doc, &draft->shared);
	if (result == 0 && draft->words == NULL && draft->rules == NULL)
		result = document_fault(doc, root, "a list has words or rules");
	return result != 0 ? result : fill_in(&draft->shared.def->info);
}

// ---- words

static int read_word(
	const struct document *doc, const yaml_node_t *node, const struct list_draft *draft,
	struct definition *out
)
{
	const struct draft word = {.def = out};
	struct expression_prefix prefix = {.folds = draft->folds};
	*out = *draft->shared.def;
	out->list = draft->shared.def;
	draft_place(&word, node);
	char *text = NULL;
	int result = document_text(doc, node, &text);
	if (result != 0)
		return result;
	prefix.n = strlen(text);
	if (prefix.n < LIST_WORD_MIN || prefix.n > LIST_WORD_MAX) {
		free(text);
		return document_fault(
			doc, node, "a word is %d to %d bytes", LIST_WORD_MIN, LIST_WORD_MAX
		);
	}
	memcpy(prefix.bytes, text, prefix.n);
	free(text);
	out->pattern = malloc(4 * prefix.n + 5);
	if (out->pattern == NULL)
		return -ENOMEM;
	expression_of_prefix(&prefix, out->pattern);
	uint32_t n = (uint32_t)prefix.n;
	out->pattern_width = out->candidate_width = (struct expression_width){n, n};
	out->info.width = out->lead = n;
	return 0;
}

struct word_order {
	const yaml_node_t *node;
	bool folds;
};

static int by_text(const void *left, const void *right)
{
	const struct word_order *a = left, *b = right;
	const char *x = (const char *)a->node->data.scalar.value;
	const char *y = (const char *)b->node->data.scalar.value;
	int order = a->folds ? strcasecmp(x, y) : strcmp(x, y);
	if (order != 0)
		return order;
	return (a->node->start_mark.index > b->node->start_mark.index) -
	       (a->node->start_mark.index < b->node->start_mark.index);
}

static bool is_same_word(const struct word_order *a, const struct word_order *b)
{
	const char *x = (const char *)a->node->data.scalar.value;
	const char *y = (const char *)b->node->data.scalar.value;
	return (a->folds ? strcasecmp(x, y) : strcmp(x, y)) == 0;
}

// All are scalars.
static int check_words(const struct document *doc, const struct list_draft *draft, size_t n)
{
	struct word_order *order = calloc(n, sizeof(*order));
	int result = 0;
	if (order == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		order[i] = (struct word_order){document_item(doc, draft->words, i), draft->folds};
	qsort(order, n, sizeof(*order), by_text);
	for (size_t i = 1; i < n && result == 0; i++)
		if (is_same_word(&order[i - 1], &order[i]))
			result = document_fault(
				doc, order[i].node, "'%.40s' stands in line %zu already",
				(const char *)order[i].node->data.scalar.value,
				order[i - 1].node->start_mark.line + 1
			);
	free(order);
	return result;
}

static int read_all_words(
	const struct document *doc, const struct list_draft *draft, size_t n, struct list *out
)
{
	for (size_t i = 0; i < n; i++) {
		int result = read_word(
			doc, document_item(doc, draft->words, i), draft, &out->items[out->count++]
		);
		if (result != 0)
			return result;
	}
	return n == 0 ? 0 : check_words(doc, draft, n);
}

// ---- rules

// The first scan looks for the literal a rule begins with: ten thousand of them compile in a
// second, ten thousand bounded repeats in minutes.
static int add_anchor(struct definition *def)
{
	struct expression_prefix prefix;
	if (def->anchor != NULL)
		return 0;
	expression_prefix(def->before != NULL ? def->before : def->pattern, &prefix);
	if (prefix.n < ANCHOR_MIN)
		return 0;
	def->anchor = malloc(4 * prefix.n + 5);
	if (def->anchor == NULL)
		return -ENOMEM;
	expression_of_prefix(&prefix, def->anchor);
	def->lead = (uint32_t)prefix.n;
	def->candidate_width = (struct expression_width){def->lead, def->lead};
	return 0;
}

static int read_rule(
	const struct document *doc, const yaml_node_t *node, const struct list_draft *list,
	struct definition *out
)
{
	static const char *const names[] = {
		"name",   "pattern",    "title",    "description", "before", "anchor",
		"lead",   "validators", "boundary", "width",       "mask",   "score",
		"strong", "context",    "examples", "source",      NULL,
	};
	struct document_key keys[KEYS_MAX];
	struct draft draft = list->shared;
	*out = *list->shared.def;
	out->list = list->shared.def;
	draft.def = out;
	if (document_value(doc, node, "mask") != NULL) {
		out->info.mask_fixed = NULL;
		out->info.mask_keep_first = out->info.mask_keep_last = 0;
	}
	int result = document_mapping(doc, node, keys, pick_keys(names, 2, keys), &draft);
	if (result == 0)
		result = draft_check(doc, &draft);
	return result != 0 ? result : add_anchor(out);
}

static int read_all_rules(
	const struct document *doc, const struct list_draft *draft, size_t n, struct list *out
)
{
	for (size_t i = 0; i < n; i++) {
		int result = read_rule(
			doc, document_item(doc, draft->rules, i), draft, &out->items[out->count++]
		);
		if (result != 0)
			return result;
	}
	return 0;
}

// ---- the list

int list_read(const struct document *doc, const yaml_node_t *root, struct list *out)
{
	struct list_draft draft = {};
	size_t n_words = 0, n_rules = 0;
	*out = (struct list){.shared = calloc(1, sizeof(*out->shared))};
	if (out->shared == NULL)
		return -ENOMEM;
	draft.shared.def = out->shared;
	out->shared->info.score = 100;
	out->shared->file = strdup(doc->file);
	if (out->shared->file == NULL)
		return -ENOMEM;
	int result = read_shared(doc, root, &draft);
	if (result == 0 && draft.words != NULL)
		result = document_items(doc, draft.words, PATTERN_MAX, &n_words);
	if (result == 0 && draft.rules != NULL)
		result = document_items(doc, draft.rules, PATTERN_MAX, &n_rules);
	if (result != 0)
		return result;
	out->items = calloc(n_words + n_rules, sizeof(out->items[0]));
	if (out->items == NULL)
		return -ENOMEM;
	result = read_all_words(doc, &draft, n_words, out);
	return result != 0 ? result : read_all_rules(doc, &draft, n_rules, out);
}

void list_fini(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		definition_free(&list->items[i]);
	free(list->items);
	if (list->shared != NULL)
		definition_free(list->shared);
	free(list->shared);
	*list = (struct list){};
}
