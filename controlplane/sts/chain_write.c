// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/binding.h"
#include "controlplane/identity/node.h"
#include "controlplane/sts/chain.h"
#include "dataplane/api/effects.h"

#include <stdio.h>
#include <string.h>

struct node_id chain_token(const struct config_token_service *service, const char *jti)
{
	return node_of_token(service->issuer, span_str(jti));
}

static json_t *node_json(const struct node_id *node)
{
	char text[NODE_TEXT_SIZE];

	return json_string(node_text(node, text));
}

static const char *iss_of(const struct chain_service *service, const struct chain_link *link)
{
	if (strcmp(link->issuer, CONFIG_TOKEN_SERVICE_NAME) == 0)
		return service->config->issuer;
	return service->issuer(service->ctx, link->issuer);
}

static json_t *list_json(const char *const *list, uint16_t n)
{
	json_t *json = json_array();

	for (uint16_t i = 0; i < n; i++)
		if (json_array_append_new(json, json_string(list[i])) != 0) {
			json_decref(json);
			return NULL;
		}
	return json;
}

static json_t *link_json(const struct chain_service *service, const struct chain_link *link)
{
	const char *iss = iss_of(service, link);

	if (iss == NULL)
		return NULL;
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:o}", "issuer", link->issuer, "iss", iss, "key",
		link->key, "name", link->name, "kind", subject_kind_name(link->kind), "groups",
		list_json(link->groups, link->n_groups)
	);
}

static json_t *links_json(const struct chain_service *service, const struct subject_draft *draft)
{
	json_t *list = json_array();
	bool ok = list != NULL;

	for (uint16_t i = 0; i < draft->n_links && ok; i++) {
		const struct chain_link *link = &draft->links[i];
		json_t *json = link_json(service, link);
		ok = json_array_append_new(list, json) == 0;
		if (!ok || i + 1 == draft->n_links)
			continue;
		ok = json_object_set_new(json, "node", node_json(&link->node)) == 0 &&
		     json_object_set_new(json, "token", node_json(&link->token)) == 0;
	}
	if (ok)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *effects_json(uint32_t effects)
{
	json_t *list = json_array();

	for (uint32_t effect = 1; effect < EFFECT_ALL; effect <<= 1)
		if ((effects & effect) != 0 &&
		    json_array_append_new(list, json_string(effect_name((enum effect)effect))) !=
			    0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *budgets_json(const struct token_scope *scope, const struct node_id *own)
{
	json_t *list = json_array();

	for (uint16_t i = 0; i < scope->n_budgets; i++) {
		const struct budget_limit *b = &scope->budgets[i];
		json_t *json = json_pack(
			"{s:s, s:I, s:I}", "metric", budget_metric_name(b->metric), "limit",
			(json_int_t)b->limit, "window", (json_int_t)b->window_s
		);
		if (json != NULL && !node_equal(&b->node, own) &&
		    json_object_set_new(json, "node", node_json(&b->node)) != 0) {
			json_decref(json);
			json = NULL;
		}
		if (json_array_append_new(list, json) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *scope_json(const struct token_scope *scope, const struct node_id *own)
{
	json_t *json = json_pack(
		"{s:o, s:o, s:i, s:o}", "effects", effects_json(scope->effects), "hold",
		effects_json(scope->hold), "depth", (int)scope->depth_left, "budgets",
		budgets_json(scope, own)
	);

	if (json == NULL || scope->any_resource ||
	    json_object_set_new(
		    json, "resources", list_json(scope->resources, scope->n_resources)
	    ) == 0)
		return json;
	json_decref(json);
	return NULL;
}

static json_t *act_json(const struct chain_service *service, const struct subject_draft *draft)
{
	json_t *act = NULL;

	for (uint16_t i = 1; i < draft->n_links; i++) {
		const struct chain_link *link = &draft->links[i];
		const char *iss = iss_of(service, link);
		if (iss == NULL) {
			json_decref(act);
			return NULL;
		}
		act = json_pack("{s:s, s:s, s:o*}", "sub", link->key, "iss", iss, "act", act);
		if (act == NULL)
			return NULL;
	}
	return act;
}

// The effects that need a right, with a space between.
static void scope_text(uint32_t effects, char out[static 64])
{
	size_t at = 0;

	out[0] = '\0';
	for (uint32_t effect = 1; effect < EFFECT_SESSION; effect <<= 1)
		if ((effects & effect) != 0)
			at += (size_t)snprintf(
				out + at, 64 - at, "%s%s", at == 0 ? "" : " ",
				effect_name((enum effect)effect)
			);
}

json_t *chain_claims(const struct chain_service *service, const struct chain_child *child)
{
	const struct subject_draft *draft = child->draft;
	const struct chain_link *actor = &draft->links[draft->n_links - 1];
	char scope[64], hash[BINDING_TEXT_SIZE];

	scope_text(draft->scope.effects, scope);
	json_t *claims = json_pack(
		"{s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:s, s:o, s:{s:i, s:o, s:o}}", "iss",
		service->config->issuer, "aud", service->config->audience, "iat",
		(json_int_t)child->now, "nbf", (json_int_t)child->now, "exp",
		(json_int_t)draft->expires, "jti", child->jti, "sub", draft->links[0].key,
		"client_id", actor->key, "scope", scope, "act", act_json(service, draft),
		"bulkhead", "v", (int)CHAIN_VERSION, "links", links_json(service, draft), "scope",
		scope_json(&draft->scope, &actor->node)
	);
	if (claims == NULL || child->certificate == NULL)
		return claims;
	json_t *cnf = json_pack("{s:s}", "x5t#S256", binding_text(child->certificate, hash));
	if (json_object_set_new(claims, "cnf", cnf) == 0)
		return claims;
	json_decref(claims);
	return NULL;
}
