// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Only the gateway signs what is read here, so a token that is not exactly as chain_write.c makes
// it comes from another version, or from a mistake: either way it is refused whole.

#include "controlplane/identity/node.h"
#include "controlplane/sts/chain.h"
#include "controlplane/sts/sts.h"
#include "dataplane/api/effects.h"

#include <stdio.h>
#include <string.h>

// Of the other gateways of a pool, for iat and nbf. What has expired has expired: it is our own
// exp.
enum chain_clock { CHAIN_SKEW_S = 60 };

struct chain_reading {
	const struct chain_service *service;
	struct subject_draft draft;
	struct node_id token; // of this one
	const char *groups[SUBJECT_LINKS_MAX][SUBJECT_GROUPS_MAX];
	const char *resources[STS_RESOURCES_MAX];
	char *why;
};

static int refuse(struct chain_reading *r, const char *text)
{
	snprintf(r->why, SUBJECT_WHY, "%s", text);
	return ERR_AUTH;
}

static int malformed(struct chain_reading *r)
{
	return refuse(r, "token's chain is not as this gateway writes it");
}

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static bool number_of(const json_t *object, const char *name, uint64_t max, uint64_t *out)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    (uint64_t)json_integer_value(value) > max)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return true;
}

static bool node_of(const json_t *object, const char *name, struct node_id *out)
{
	const char *text = text_of(object, name);

	return text != NULL && node_parse(span_str(text), out) && !node_is_none(out);
}

// A list of at most `max` texts.
static bool list_of(
	const json_t *object, const char *name, size_t max, const char **out, uint16_t *n
)
{
	const json_t *list = json_object_get(object, name), *item;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > max)
		return false;
	json_array_foreach(list, i, item)
	{
		out[i] = json_string_value(item);
		if (out[i] == NULL)
			return false;
	}
	*n = (uint16_t)json_array_size(list);
	return true;
}

// ---- links

static bool kind_of(const json_t *object, enum subject_kind *out)
{
	static const enum subject_kind all[] = {SUBJECT_UNKNOWN, SUBJECT_HUMAN, SUBJECT_AGENT};
	const char *text = text_of(object, "kind");

	for (size_t i = 0; text != NULL && i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(text, subject_kind_name(all[i])) != 0)
			continue;
		*out = all[i];
		return true;
	}
	return false;
}

// A provider that was removed no longer speaks for anybody, nor does one whose name now means
// another.
static int check_issuer(struct chain_reading *r, const char *name, const char *iss)
{
	const char *now = strcmp(name, CONFIG_TOKEN_SERVICE_NAME) == 0
				  ? r->service->config->issuer
				  : r->service->issuer(r->service->ctx, name);

	if (now == NULL || strcmp(now, iss) != 0)
		return refuse(r, "token's chain has an issuer that is not configured any more");
	return 0;
}

static int read_link(struct chain_reading *r, const json_t *json, bool last)
{
	struct chain_link *link = &r->draft.links[r->draft.n_links];
	const char **groups = r->groups[r->draft.n_links];
	const char *iss = text_of(json, "iss");

	link->issuer = text_of(json, "issuer");
	link->key = text_of(json, "key");
	link->name = text_of(json, "name");
	link->groups = groups;
	if (json_object_size(json) != (last ? 6 : 8) || iss == NULL || link->issuer == NULL ||
	    link->key == NULL || link->name == NULL || !kind_of(json, &link->kind) ||
	    !list_of(json, "groups", SUBJECT_GROUPS_MAX, groups, &link->n_groups))
		return malformed(r);
	link->subject = node_of_subject(link->issuer, link->key);
	link->node = link->token = r->token;
	if (!last && (!node_of(json, "node", &link->node) || !node_of(json, "token", &link->token)))
		return malformed(r);
	r->draft.n_links++;
	return check_issuer(r, link->issuer, iss);
}

static int read_links(struct chain_reading *r, const json_t *list)
{
	size_t n = json_array_size(list);
	int rc = 0;

	if (n < 2 || n > SUBJECT_LINKS_MAX)
		return malformed(r);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = read_link(r, json_array_get(list, i), i + 1 == n);
	if (rc == 0 && !node_equal(&r->draft.links[0].node, &r->draft.links[0].subject))
		return malformed(r);
	return rc;
}

// The standard claims say the same of the chain as ours do.
static int check_act(struct chain_reading *r, const json_t *claims)
{
	const struct subject_draft *draft = &r->draft;
	const char *sub = text_of(claims, "sub");
	const json_t *act = json_object_get(claims, "act");

	if (sub == NULL || strcmp(sub, draft->links[0].key) != 0)
		return malformed(r);
	for (uint16_t i = draft->n_links - 1; i > 0; i--) {
		const char *actor = text_of(act, "sub");
		if (actor == NULL || strcmp(actor, draft->links[i].key) != 0)
			return malformed(r);
		act = json_object_get(act, "act");
	}
	return act == NULL ? 0 : malformed(r);
}

// ---- scope

static bool effects_of(const json_t *object, const char *name, uint32_t *out)
{
	const char *words[8];
	uint16_t n = 0;

	if (!list_of(object, name, sizeof(words) / sizeof(words[0]), words, &n))
		return false;
	*out = 0;
	for (uint16_t i = 0; i < n; i++) {
		uint32_t effect = effect_parse(span_str(words[i]));
		if (effect == 0)
			return false;
		*out |= effect;
	}
	return true;
}

static bool read_budget(struct chain_reading *r, const json_t *json)
{
	struct budget_limit *b = &r->draft.scope.budgets[r->draft.scope.n_budgets++];
	const char *metric = text_of(json, "metric");
	bool own = json_object_get(json, "node") == NULL;
	uint64_t limit, window;

	if (json_object_size(json) != (own ? 3 : 4) || metric == NULL ||
	    !budget_metric_parse(metric, &b->metric) ||
	    !number_of(json, "limit", BUDGET_AMOUNT_MAX, &limit) ||
	    !number_of(json, "window", UINT32_MAX, &window) || limit == 0 || window == 0)
		return false;
	b->limit = limit;
	b->window_s = (uint32_t)window;
	b->node = r->token;
	return own || node_of(json, "node", &b->node);
}

static int read_scope(struct chain_reading *r, const json_t *json)
{
	struct token_scope *scope = &r->draft.scope;
	const json_t *budgets = json_object_get(json, "budgets"), *item;
	uint64_t depth;
	size_t i;

	scope->any_resource = json_object_get(json, "resources") == NULL;
	scope->resources = r->resources;
	if (json_object_size(json) != (scope->any_resource ? 4 : 5) ||
	    !effects_of(json, "effects", &scope->effects) ||
	    !effects_of(json, "hold", &scope->hold) ||
	    !number_of(json, "depth", SUBJECT_LINKS_MAX - 1, &depth) || !json_is_array(budgets) ||
	    json_array_size(budgets) > SUBJECT_BUDGETS_MAX)
		return malformed(r);
	if (!scope->any_resource &&
	    !list_of(json, "resources", STS_RESOURCES_MAX, r->resources, &scope->n_resources))
		return malformed(r);
	scope->depth_left = (uint16_t)depth;
	json_array_foreach(budgets, i, item)
	{
		if (!read_budget(r, item))
			return malformed(r);
	}
	return 0;
}

// ---- the whole

static int check_service(struct chain_reading *r, const json_t *claims, uint64_t now)
{
	const char *iss = text_of(claims, "iss"), *aud = text_of(claims, "aud");
	uint64_t exp, iat, nbf;

	if (iss == NULL || strcmp(iss, r->service->config->issuer) != 0)
		return refuse(r, "token is from another issuer");
	if (aud == NULL || strcmp(aud, r->service->config->audience) != 0)
		return refuse(r, "token is for another audience");
	if (!number_of(claims, "exp", INT64_MAX, &exp) ||
	    !number_of(claims, "iat", INT64_MAX, &iat) ||
	    !number_of(claims, "nbf", INT64_MAX, &nbf))
		return refuse(r, "token's exp, nbf or iat is no time");
	if (now >= exp)
		return refuse(r, "token has expired");
	if (nbf > now + CHAIN_SKEW_S || iat > now + CHAIN_SKEW_S)
		return refuse(r, "token is not valid yet");
	// No token of ours ever lived longer: one that says so would outlive its key too.
	if (exp > iat && exp - iat > CONFIG_TOKEN_TTL_MAX)
		return refuse(r, "token lives longer than any that this gateway makes");
	r->draft.expires = exp;
	return 0;
}

static int read_claims(struct chain_reading *r, const json_t *claims, uint64_t now)
{
	const json_t *own = json_object_get(claims, "bulkhead");
	const char *jti = text_of(claims, "jti");
	uint64_t version;

	int rc = check_service(r, claims, now);
	if (rc != 0)
		return rc;
	if (jti == NULL || jti[0] == '\0' || !number_of(own, "v", INT32_MAX, &version))
		return malformed(r);
	if (version != CHAIN_VERSION)
		return refuse(r, "token's chain is of another version of the gateway");
	if (json_object_size(own) != 3)
		return malformed(r);
	r->token = chain_token(r->service->config, jti);
	rc = read_links(r, json_object_get(own, "links"));
	if (rc == 0)
		rc = check_act(r, claims);
	if (rc == 0)
		rc = read_scope(r, json_object_get(own, "scope"));
	return rc;
}

int chain_subject(
	const struct chain_service *service, const json_t *claims, struct span token, uint64_t now,
	struct subject **out, char why[static SUBJECT_WHY]
)
{
	struct chain_reading r = {.service = service, .why = why};

	int rc = read_claims(&r, claims, now);
	return rc == 0 ? subject_make(&r.draft, token, out, why) : rc;
}
