// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/sts/sts.h"

#include "controlplane/identity/node.h"
#include "controlplane/sts/children.h"
#include "controlplane/sts/state.h"
#include "dataplane/api/effects.h"
#include "dataplane/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORGET_EVERY_S = 60 };

int sts_new(const struct sts_config *config, struct sts **out)
{
	struct sts *sts = calloc(1, sizeof(*sts));

	if (sts == NULL)
		return -ENOMEM;
	sts->config = *config;
	*out = sts;
	return 0;
}

void sts_free(struct sts *sts)
{
	if (sts == NULL)
		return;
	signing_keys_free(sts->keys);
	free(sts);
}

static const char *issuer_named(void *ctx, const char *name)
{
	const struct config *config = ctx;

	for (uint16_t i = 0; i < config->n_issuers; i++)
		if (strcmp(config->issuers[i].name, name) == 0)
			return config->issuers[i].issuer;
	return NULL;
}

struct chain_service sts_service(const struct sts *sts)
{
	return (struct chain_service
	){&sts->policy->token_service, issuer_named, (void *)(uintptr_t)sts->policy};
}

// ---- keys

static int show_keys(struct sts *sts)
{
	struct keyset *set = signing_keys_public(sts->keys);

	if (set == NULL)
		return -ENOMEM;
	identity_set_service(sts->config.identity, &sts->policy->token_service, set);
	keyset_unref(set);
	return 0;
}

static int open_keys(struct sts *sts, uint64_t now)
{
	int rc = children_count_all(sts->config.store, &sts->stats.children);

	if (rc == 0)
		rc = signing_keys_open(
			sts->config.store, sts->policy->token_service.rotate_s, now, &sts->keys
		);
	return rc;
}

void sts_configure(struct sts *sts, const struct config *config, uint64_t now)
{
	int rc = 0;

	sts->policy = config;
	if (!config->token_service.enabled) {
		identity_set_service(sts->config.identity, NULL, NULL);
		signing_keys_free(sts->keys);
		sts->keys = NULL;
		return;
	}
	if (sts->keys == NULL)
		rc = open_keys(sts, now);
	if (rc == 0)
		rc = show_keys(sts);
	if (rc != 0)
		log_line(LOG_ERROR, "sts", "no signing keys: %s", err_text(rc));
}

bool sts_is_enabled(const struct sts *sts)
{
	return sts->keys != NULL;
}

void sts_tick(struct sts *sts, uint64_t now)
{
	bool changed = false;

	if (sts->keys == NULL) {
		if (sts->policy != NULL && sts->policy->token_service.enabled)
			sts_configure(sts, sts->policy, now);
		return;
	}
	int rc = signing_keys_tick(sts->keys, sts->policy->token_service.rotate_s, now, &changed);
	if (changed && show_keys(sts) == 0)
		log_line(LOG_INFO, "sts", "signing keys changed");
	if (rc != 0)
		log_line(LOG_ERROR, "sts", "signing keys not renewed: %s", err_text(rc));
	if (now < sts->next_forget && sts->next_forget - now <= FORGET_EVERY_S)
		return;
	sts->next_forget = now + FORGET_EVERY_S;
	if (children_forget(sts->config.store, now) != 0 ||
	    children_count_all(sts->config.store, &sts->stats.children) != 0)
		log_line(LOG_WARN, "sts", "expired children stay in the store for now");
}

// ---- answers

static json_t *error_json(const struct exchange_error *error)
{
	return json_pack("{s:s, s:s}", "error", error->code, "error_description", error->text);
}

static json_t *effects_json(uint32_t effects)
{
	json_t *list = json_array();

	for (uint32_t effect = 1; effect < EFFECT_SESSION; effect <<= 1)
		if ((effects & effect) != 0)
			json_array_append_new(list, json_string(effect_name((enum effect)effect)));
	return list;
}

// RFC 6749 3.3.
static json_t *scope_json(uint32_t effects)
{
	char text[64] = "";

	for (uint32_t effect = 1; effect < EFFECT_SESSION; effect <<= 1)
		if ((effects & effect) != 0) {
			strcat(text, text[0] == '\0' ? "" : " ");
			strcat(text, effect_name((enum effect)effect));
		}
	return json_string(text);
}

// RFC 9396 7: what was granted, of whatever was asked.
static json_t *details_json(const struct token_scope *scope)
{
	json_t *json = json_pack(
		"{s:s, s:o, s:o, s:i}", "type", "bulkhead", "effects", effects_json(scope->effects),
		"hold", effects_json(scope->hold), "max_depth", (int)scope->depth_left
	);

	if (scope->any_resource)
		return json;
	json_t *list = json_array();
	for (uint16_t i = 0; i < scope->n_resources; i++)
		json_array_append_new(list, json_string(scope->resources[i]));
	json_object_set_new(json, "resources", list);
	return json;
}

// RFC 8693 2.2.1. `node` is the child's, by which its parent can have it revoked.
static json_t *token_json(const struct issue *issue, const char *token)
{
	const struct subject_draft *draft = &issue->draft;
	char node[NODE_TEXT_SIZE];

	return json_pack(
		"{s:s, s:s, s:s, s:I, s:o, s:[o], s:s}", "access_token", token, "issued_token_type",
		"urn:ietf:params:oauth:token-type:access_token", "token_type", "Bearer",
		"expires_in", (json_int_t)(draft->expires - issue->now), "scope",
		scope_json(draft->scope.effects), "authorization_details",
		details_json(&draft->scope), "node",
		node_text(&draft->links[draft->n_links - 1].node, node)
	);
}

// A token that the audit log does not know of is not given out.
static int conclude(struct sts *sts, struct issue *issue, const char *token, json_t **answer)
{
	if (tell_issued(sts, issue) != 0) {
		issue->status = 503;
		(void)exchange_refuse(
			&issue->error, "temporarily_unavailable", "the audit log takes nothing now"
		);
		return ERR_MALFORMED;
	}
	*answer = token_json(issue, token);
	issue->status = 200;
	return *answer == NULL ? -ENOMEM : 0;
}

static int exchange(struct sts *sts, struct issue *issue, json_t **answer)
{
	char *token = NULL;

	int rc = issue_child(sts, issue, &token);
	if (rc == 0)
		rc = conclude(sts, issue, token, answer);
	else if (rc == ERR_MALFORMED && tell_refused(sts, issue) != 0)
		log_line(LOG_ERROR, "sts", "a refusal is not in the audit log");
	if (rc == 0)
		sts->stats.issued++;
	if (token != NULL)
		explicit_bzero(token, strlen(token));
	free(token);
	subject_free(issue->parent);
	subject_free(issue->actor);
	return rc;
}

static int not_here(json_t **answer, unsigned *status)
{
	static const struct exchange_error error = {
		"invalid_request", "this gateway has no token service"};

	*status = 404;
	*answer = error_json(&error);
	return *answer == NULL ? -ENOMEM : 0;
}

int sts_exchange(
	struct sts *sts, const struct sts_request *request, uint64_t now, json_t **answer,
	unsigned *status
)
{
	struct exchange asked;
	struct issue issue = {.exchange = &asked, .request = request, .now = now, .status = 400};

	if (!sts_is_enabled(sts))
		return not_here(answer, status);
	int rc = exchange_parse(
		request->params, request->n_params, sts->policy->token_service.audience, &asked,
		&issue.error
	);
	if (rc == 0)
		rc = exchange(sts, &issue, answer);
	*status = issue.status;
	if (rc != ERR_MALFORMED)
		return rc;
	sts->stats.refused++;
	*answer = error_json(&issue.error);
	return *answer == NULL ? -ENOMEM : 0;
}

json_t *sts_jwks(const struct sts *sts)
{
	return sts->keys == NULL ? NULL : signing_keys_jwks(sts->keys);
}

json_t *sts_metadata(const struct sts *sts)
{
	char token[CONFIG_URL_MAX + 16], jwks[CONFIG_URL_MAX + 16];

	if (sts->keys == NULL)
		return NULL;
	const char *issuer = sts->policy->token_service.issuer;
	snprintf(token, sizeof(token), "%s/token", issuer);
	snprintf(jwks, sizeof(jwks), "%s/jwks.json", issuer);
	return json_pack(
		"{s:s, s:s, s:s, s:[s], s:[], s:[s], s:[s,s,s,s,s,s], s:[s], s:b}", "issuer",
		issuer, "token_endpoint", token, "jwks_uri", jwks, "grant_types_supported",
		"urn:ietf:params:oauth:grant-type:token-exchange", "response_types_supported",
		"token_endpoint_auth_methods_supported", "none", "scopes_supported", "read",
		"write", "ddl", "admin", "exec", "unknown", "authorization_details_types_supported",
		"bulkhead", "tls_client_certificate_bound_access_tokens", true
	);
}

struct sts_stats sts_stats(const struct sts *sts)
{
	return sts->stats;
}
