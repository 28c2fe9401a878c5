// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/sections.h"

#include <string.h>

enum mask_limit { KEEP_MAX = 16 };

static const char column_prefix[] = "column:";

// "schema.table.column", or "table.column" in the schema public.
static bool split_column(
	struct reader *r, struct config_position at, const char *text, struct config_mask *out
)
{
	const char *parts[3];
	size_t lengths[3], n = 0;

	for (const char *part = text; n < 3; n++) {
		size_t length = strcspn(part, ".");
		if (length == 0 || length >= SNAPSHOT_NAME_MAX)
			break;
		parts[n] = part;
		lengths[n] = length;
		part += length;
		if (*part == '\0') {
			n++;
			break;
		}
		part++;
	}
	if (n < 2 || parts[n - 1][lengths[n - 1]] != '\0') {
		read_fail(
			r, at, "`%.80s` is no column; write table.column or schema.table.column",
			text
		);
		return false;
	}
	memcpy(out->column, parts[n - 1], lengths[n - 1]);
	memcpy(out->table, parts[n - 2], lengths[n - 2]);
	if (n == 3)
		memcpy(out->schema, parts[0], lengths[0]);
	else
		memcpy(out->schema, "public", sizeof("public"));
	out->is_column = true;
	return true;
}

static bool read_keep(struct reader *r, const struct node *map, const char *key, uint8_t *out)
{
	const struct node *node = tree_get(map, key);
	uint64_t n = 0;

	if (node != NULL && !read_number(r, node, key, 1, KEEP_MAX, &n))
		return false;
	*out = (uint8_t)n;
	return true;
}

static bool read_style_map(struct reader *r, const struct node *node, struct mask_style *out)
{
	static const char *const keys[] = {"fixed", "keep_first", "keep_last", NULL};

	if (!read_map(r, node, "`style`", keys))
		return false;
	const struct node *fixed = tree_get(node, "fixed");
	bool keeps = tree_get(node, "keep_first") != NULL || tree_get(node, "keep_last") != NULL;
	if ((fixed != NULL) == keeps) {
		read_fail(
			r, node->at,
			"`style` must have either `fixed`, or `keep_first` or `keep_last` or both"
		);
		return false;
	}
	out->kind = keeps ? MASK_KEEP : MASK_FIXED;
	if (fixed != NULL)
		return read_text(r, fixed, "fixed", out->fixed, sizeof(out->fixed));
	bool ok = read_keep(r, node, "keep_first", &out->keep_first);
	return read_keep(r, node, "keep_last", &out->keep_last) && ok;
}

static bool read_style(struct reader *r, const struct node *node, struct config_mask *out)
{
	static const struct word kinds[] = {
		{"redact", MASK_REDACT},           {"hash", MASK_HASH}, {"token", MASK_TOKEN},
		{"placeholder", MASK_PLACEHOLDER}, {"null", MASK_NULL}, {NULL, 0}};
	int kind;

	out->has_style = true;
	if (node->kind == NODE_MAP)
		return read_style_map(r, node, &out->style);
	if (!read_word(r, node, "style", kinds, &kind))
		return false;
	out->style.kind = (enum mask_kind)kind;
	return true;
}

static bool read_short(struct reader *r, const struct node *node, struct config_mask *out)
{
	if (strncmp(node->text, column_prefix, strlen(column_prefix)) == 0)
		return split_column(r, node->at, node->text + strlen(column_prefix), out);
	if (node->text[0] == '\0') {
		read_fail(
			r, node->at, "an item of `mask` has no value; name a pattern or a column"
		);
		return false;
	}
	out->pattern = node->text;
	return true;
}

static bool read_target(struct reader *r, const struct node *node, struct config_mask *out)
{
	const struct node *pattern = tree_get(node, "pattern");
	const struct node *column = tree_get(node, "column");
	char name[3 * SNAPSHOT_NAME_MAX];

	if ((pattern == NULL) == (column == NULL)) {
		read_fail(r, node->at, "an item of `mask` must have either `pattern` or `column`");
		return false;
	}
	if (column != NULL)
		return read_text(r, column, "column", name, sizeof(name)) &&
		       split_column(r, column->at, column->text, out);
	if (!read_name(r, pattern, "pattern", name, SNAPSHOT_NAME_MAX))
		return false;
	out->pattern = pattern->text;
	return true;
}

bool section_mask(struct reader *r, const struct node *node, struct config_mask *out)
{
	static const char *const keys[] = {"pattern", "column", "style", "unresolved", NULL};
	static const struct word words[] = {{"refuse", 1}, {"mask", 0}, {NULL, 0}};
	int refuse = 1;

	out->at = node->at;
	out->style.kind = MASK_REDACT;
	out->refuse_unresolved = true;
	if (node->kind == NODE_SCALAR)
		return read_short(r, node, out);
	if (!read_map(r, node, "an item of `mask`", keys))
		return false;
	bool ok = read_target(r, node, out);
	const struct node *value = tree_get(node, "style");
	if (value != NULL)
		ok = read_style(r, value, out) && ok;
	value = tree_get(node, "unresolved");
	if (value == NULL)
		return ok;
	if (tree_get(node, "column") == NULL) {
		read_fail(r, value->key_at, "`unresolved` is for columns; remove it");
		return false;
	}
	ok = read_word(r, value, "unresolved", words, &refuse) && ok;
	out->refuse_unresolved = refuse == 1;
	return ok;
}
