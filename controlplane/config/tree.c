// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/tree.h"

#include <yaml.h>

#include <errno.h>
#include <string.h>

struct builder {
	yaml_parser_t parser;
	struct arena *arena;
	const char *file;
	struct config_errors *errors;
	unsigned depth;
};

static struct config_position position(const yaml_mark_t *mark)
{
	return (struct config_position){(uint32_t)mark->line + 1, (uint32_t)mark->column + 1};
}

static int fail(struct builder *b, const yaml_mark_t *mark, const char *text)
{
	config_error_add(b->errors, b->file, position(mark), "%s", text);
	return ERR_CONFIG;
}

static int next_event(struct builder *b, yaml_event_t *event)
{
	yaml_parser_t *p = &b->parser;

	if (yaml_parser_parse(p, event) == 1)
		return 0;
	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	// The parser stops in front of what it cannot read.
	bool tab = p->buffer.pointer < p->buffer.last && *p->buffer.pointer == '\t';
	config_error_add(
		b->errors, b->file, position(&p->problem_mark), "not valid YAML: %s%s%s%s",
		p->problem == NULL ? "cannot be read" : p->problem, p->context == NULL ? "" : ", ",
		p->context == NULL ? "" : p->context,
		tab ? "; indent with spaces, not with tabs" : ""
	);
	return ERR_CONFIG;
}

static struct node *node_new(struct builder *b, enum node_kind kind, const yaml_event_t *event)
{
	struct node *node = arena_alloc(b->arena, sizeof(*node));

	if (node != NULL) {
		node->kind = kind;
		node->at = position(&event->start_mark);
	}
	return node;
}

static bool is_clean(const yaml_char_t *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] < ' ' || text[i] == 0x7f)
			return false;
	return true;
}

static int read_scalar(struct builder *b, const yaml_event_t *event, struct node **out)
{
	const yaml_char_t *text = event->data.scalar.value;
	size_t n = event->data.scalar.length;

	if (event->data.scalar.anchor != NULL)
		return fail(b, &event->start_mark, "anchors are not allowed; write the value out");
	if (event->data.scalar.tag != NULL)
		return fail(b, &event->start_mark, "tags are not allowed; remove it");
	if (!is_clean(text, n))
		return fail(
			b, &event->start_mark,
			"a value holds a line break or control character; write it on one line"
		);
	struct node *node = node_new(b, NODE_SCALAR, event);
	if (node == NULL)
		return -ENOMEM;
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = arena_text(b->arena, (const char *)text, n);
	if (node->text == NULL)
		return -ENOMEM;
	*out = node;
	return 0;
}

static int read_node(struct builder *b, const yaml_event_t *event, struct node **out);

static int read_items(struct builder *b, struct node *list)
{
	struct node **tail = &list->first;
	yaml_event_t event;

	for (;;) {
		int r = next_event(b, &event);
		if (r != 0)
			return r;
		bool end = event.type == YAML_SEQUENCE_END_EVENT;
		if (!end && list->n == TREE_ITEMS_MAX)
			r = fail(b, &event.start_mark, "the list is too long");
		else if (!end)
			r = read_node(b, &event, tail);
		yaml_event_delete(&event);
		if (r != 0 || end)
			return r;
		tail = &(*tail)->next;
		list->n++;
	}
}

static int check_key(struct builder *b, const struct node *map, const yaml_event_t *event)
{
	if (event->type != YAML_SCALAR_EVENT)
		return fail(b, &event->start_mark, "a key must be a plain word");
	if (map->n == TREE_KEYS_MAX)
		return fail(b, &event->start_mark, "too many keys");
	const char *key = (const char *)event->data.scalar.value;
	const struct node *twin = tree_get(map, key);
	if (twin == NULL)
		return 0;
	config_error_add(
		b->errors, b->file, position(&event->start_mark),
		"`%.64s` is given twice, first in line %u; remove one", key, twin->key_at.line
	);
	return 0; // the first one counts; reading on finds the other mistakes
}

static int read_value(struct builder *b, struct node **out)
{
	yaml_event_t event;

	int r = next_event(b, &event);
	if (r != 0)
		return r;
	r = read_node(b, &event, out);
	yaml_event_delete(&event);
	return r;
}

static int read_pairs(struct builder *b, struct node *map)
{
	struct node **tail = &map->first;
	struct node *key, *value;
	yaml_event_t event;

	for (;;) {
		int r = next_event(b, &event);
		if (r != 0)
			return r;
		bool end = event.type == YAML_MAPPING_END_EVENT;
		if (!end)
			r = check_key(b, map, &event);
		if (!end && r == 0)
			r = read_scalar(b, &event, &key);
		yaml_event_delete(&event);
		if (r != 0 || end)
			return r;
		r = read_value(b, &value);
		if (r != 0)
			return r;
		value->key = key->text;
		value->key_at = key->at;
		*tail = value;
		tail = &value->next;
		map->n++;
	}
}

static int read_collection(struct builder *b, const yaml_event_t *event, struct node **out)
{
	bool is_map = event->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *anchor =
		is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	const yaml_char_t *tag =
		is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag;

	if (anchor != NULL)
		return fail(b, &event->start_mark, "anchors are not allowed; write the value out");
	if (tag != NULL)
		return fail(b, &event->start_mark, "tags are not allowed; remove it");
	if (b->depth == TREE_DEPTH_MAX)
		return fail(b, &event->start_mark, "nested too deeply");
	struct node *node = node_new(b, is_map ? NODE_MAP : NODE_LIST, event);
	if (node == NULL)
		return -ENOMEM;
	b->depth++;
	int r = is_map ? read_pairs(b, node) : read_items(b, node);
	b->depth--;
	if (r == 0)
		*out = node;
	return r;
}

static int read_node(struct builder *b, const yaml_event_t *event, struct node **out)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(b, event, out);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return read_collection(b, event, out);
	case YAML_ALIAS_EVENT:
		return fail(b, &event->start_mark, "aliases are not allowed; write the value out");
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		break;
	}
	return fail(b, &event->start_mark, "a value is missing here");
}

// Steps over what frames the document. Out: true in *is_start when a document starts.
static int skip_event(struct builder *b, yaml_event_type_t wanted, bool *is_it)
{
	yaml_event_t event;

	int r = next_event(b, &event);
	if (r != 0)
		return r;
	*is_it = event.type == wanted;
	if (!*is_it && event.type == YAML_DOCUMENT_START_EVENT)
		r = fail(b, &event.start_mark, "a second document starts here; keep one");
	yaml_event_delete(&event);
	return r;
}

static int read_stream(struct builder *b, struct node **root)
{
	bool is_it;

	int r = skip_event(b, YAML_STREAM_START_EVENT, &is_it);
	if (r == 0)
		r = skip_event(b, YAML_DOCUMENT_START_EVENT, &is_it);
	if (r != 0)
		return r;
	if (!is_it) {
		config_error_add(
			b->errors, b->file, (struct config_position){0},
			"the file is empty; write gateway, issuers, resources, listeners and rules, see bulkhead.yaml(5)"
		);
		return ERR_CONFIG;
	}
	r = read_value(b, root);
	if (r == 0)
		r = skip_event(b, YAML_DOCUMENT_END_EVENT, &is_it);
	if (r == 0)
		r = skip_event(b, YAML_STREAM_END_EVENT, &is_it);
	return r;
}

int tree_read(
	struct arena *arena, const char *file, struct span text, struct node **root,
	struct config_errors *errors
)
{
	struct builder b = {.arena = arena, .file = file, .errors = errors};

	if (text.n > CONFIG_FILE_MAX) {
		config_error_add(
			errors, file, (struct config_position){0}, "larger than %d bytes",
			CONFIG_FILE_MAX
		);
		return ERR_CONFIG;
	}
	if (yaml_parser_initialize(&b.parser) != 1)
		return -ENOMEM;
	yaml_parser_set_input_string(
		&b.parser, text.p == NULL ? (const uint8_t *)"" : text.p, text.n
	);
	int r = read_stream(&b, root);
	yaml_parser_delete(&b.parser);
	return r;
}

const struct node *tree_get(const struct node *map, const char *key)
{
	if (map->kind != NODE_MAP)
		return NULL;
	for (const struct node *node = map->first; node != NULL; node = node->next)
		if (strcmp(node->key, key) == 0)
			return node;
	return NULL;
}
