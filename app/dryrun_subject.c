// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Who a recorded session was.

#include "app/dryrun_run.h"
#include "controlplane/identity/node.h"
#include "controlplane/identity/subject.h"

#include <stdlib.h>
#include <string.h>

static struct node_id node_of(const json_t *json, const char *key)
{
	struct node_id node = {0};
	const char *text = json_string_value(json_object_get(json, key));

	if (text != NULL)
		(void)node_parse(span_str(text), &node);
	return node;
}

static enum subject_kind kind_of(const char *text)
{
	if (strcmp(text, "human") == 0)
		return SUBJECT_HUMAN;
	return strcmp(text, "agent") == 0 ? SUBJECT_AGENT : SUBJECT_UNKNOWN;
}

// The texts of an array, borrowed from it. NULL: one is no text, or memory is short.
static const char **texts_of(const json_t *array, size_t most)
{
	size_t n = json_array_size(array);
	const char **list = n > most ? NULL : calloc(n + 1, sizeof(*list));

	for (size_t i = 0; list != NULL && i < n; i++) {
		list[i] = json_string_value(json_array_get(array, i));
		if (list[i] != NULL)
			continue;
		free(list);
		return NULL;
	}
	return list;
}

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text == NULL ? "" : text;
}

static bool take_link(const json_t *json, struct chain_link *link)
{
	const json_t *groups = json_object_get(json, "groups");

	if (!json_is_array(groups) || json_is_true(json_object_get(json, "groups_cut")))
		return false;
	link->groups = texts_of(groups, SUBJECT_GROUPS_MAX);
	*link = (struct chain_link){
		.node = node_of(json, "node"),
		.subject = node_of(json, "subject"),
		.token = node_of(json, "token"),
		.kind = kind_of(text_of(json, "kind")),
		.issuer = text_of(json, "issuer"),
		.key = text_of(json, "key"),
		.name = text_of(json, "name"),
		.n_groups = (uint16_t)json_array_size(groups),
		.groups = link->groups,
	};
	return link->groups != NULL;
}

static uint32_t effects_of(const json_t *array)
{
	uint32_t effects = 0;

	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *word = json_string_value(json_array_get(array, i));
		if (word != NULL)
			effects |= effect_parse(span_str(word));
	}
	return effects;
}

static bool take_scope(const json_t *json, struct token_scope *scope)
{
	const json_t *resources = json_object_get(json, "resources");

	*scope = subject_scope_all();
	if (!json_is_object(json))
		return true;
	// What needs no right is no word of a scope.
	scope->effects = effects_of(json_object_get(json, "effects")) | EFFECT_SESSION;
	scope->hold = effects_of(json_object_get(json, "hold"));
	if (resources == NULL)
		return true;
	scope->any_resource = false;
	scope->n_resources = (uint16_t)json_array_size(resources);
	scope->resources = texts_of(resources, SNAPSHOT_RESOURCES_MAX);
	return scope->resources != NULL;
}

struct subject *dryrun_subject(const json_t *json)
{
	const json_t *links = json_object_get(json, "links");
	struct subject_draft draft = {.n_links = (uint16_t)json_array_size(links)};
	struct subject *subject = NULL;
	char why[SUBJECT_WHY];
	size_t n = json_array_size(links);
	bool ok = n > 0 && n <= SUBJECT_LINKS_MAX;

	for (size_t i = 0; ok && i < n; i++)
		ok = take_link(json_array_get(links, i), &draft.links[i]);
	if (ok)
		ok = take_scope(json_object_get(json, "scope"), &draft.scope);
	if (ok && subject_make(&draft, span_of(NULL, 0), &subject, why) != 0)
		subject = NULL;
	for (size_t i = 0; i < SUBJECT_LINKS_MAX; i++)
		free((void *)(uintptr_t)draft.links[i].groups);
	free((void *)(uintptr_t)draft.scope.resources);
	return subject;
}

struct ip_addr dryrun_client(const char *text)
{
	struct ip_addr address = {0};
	char host[64];
	const char *colon = strrchr(text, ':');
	size_t n = colon == NULL ? 0 : (size_t)(colon - text);

	if (n > 2 && text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	if (n == 0 || n >= sizeof(host))
		return address;
	memcpy(host, text, n);
	host[n] = '\0';
	if (addr_parse(host, &address) != 0)
		address = (struct ip_addr){0};
	return address;
}
