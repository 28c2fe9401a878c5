// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the audit log is told of the token service: never a token.

#include "controlplane/identity/node.h"
#include "controlplane/sts/state.h"
#include "dataplane/api/effects.h"

static json_t *text(const char *s)
{
	return audit_string(span_str(s));
}

static json_t *node(const struct node_id *id)
{
	char hex[NODE_TEXT_SIZE];

	return json_string(node_text(id, hex));
}

static json_t *effects(uint32_t bits)
{
	json_t *list = json_array();

	for (uint32_t effect = 1; effect < EFFECT_SESSION; effect <<= 1)
		if ((bits & effect) != 0)
			json_array_append_new(list, json_string(effect_name((enum effect)effect)));
	return list;
}

static json_t *resources(const struct token_scope *scope)
{
	json_t *list = json_array();

	for (uint16_t i = 0; i < scope->n_resources; i++)
		json_array_append_new(list, text(scope->resources[i]));
	return list;
}

static json_t *budgets(const struct token_scope *scope)
{
	json_t *list = json_array();

	for (uint16_t i = 0; i < scope->n_budgets; i++)
		json_array_append_new(
			list, json_pack(
				      "{s:o, s:s, s:I, s:I}", "node", node(&scope->budgets[i].node),
				      "metric", budget_metric_name(scope->budgets[i].metric),
				      "limit", (json_int_t)scope->budgets[i].limit, "window",
				      (json_int_t)scope->budgets[i].window_s
			      )
		);
	return list;
}

int tell_issued(struct sts *sts, const struct issue *issue)
{
	const struct subject_draft *draft = &issue->draft;
	const struct chain_link *child = &draft->links[draft->n_links - 1], *parent = child - 1;
	const struct token_scope *scope = &draft->scope;
	json_t *fields = json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:i, s:o, s:I, s:o}", "parent",
		node(&parent->node), "node", node(&child->node), "chain",
		text(issue->parent->chain), "issuer", text(child->issuer), "actor",
		text(child->key), "name", text(child->name), "kind", subject_kind_name(child->kind),
		"jti", issue->jti, "effects", effects(scope->effects), "hold", effects(scope->hold),
		"depth_left", (int)scope->depth_left, "budgets", budgets(scope), "expires",
		(json_int_t)draft->expires, "client", text(issue->request->client)
	);

	if (!scope->any_resource)
		json_object_set_new(fields, "resources", resources(scope));
	return audit_write(sts->config.audit, "token_exchanged", fields);
}

int tell_refused(struct sts *sts, const struct issue *issue)
{
	json_t *fields = json_pack(
		"{s:s, s:o, s:o}", "error", issue->error.code, "reason",
		text(issue->reason[0] != '\0' ? issue->reason : issue->error.text), "client",
		text(issue->request->client)
	);

	if (issue->parent != NULL)
		json_object_set_new(fields, "chain", text(issue->parent->chain));
	return audit_write(sts->config.audit, "exchange_refused", fields);
}
