// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// From a request to a child token. Everything that can be asked of the parent is asked before
// anything is made, and what was made is read once as a login would read it.

#include "controlplane/identity/node.h"
#include "controlplane/identity/sign.h"
#include "controlplane/sts/children.h"
#include "controlplane/sts/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t no_certificate[32];

static int refuse(struct issue *issue, unsigned status, const char *code, const char *text)
{
	issue->status = status;
	return exchange_refuse(&issue->error, code, "%s", text);
}

// Later, or never: not the request's fault.
static int unavailable(struct issue *issue, const char *text)
{
	return refuse(issue, 503, "temporarily_unavailable", text);
}

// ---- the tokens that come in

// RFC 8693 2.2.2 has invalid_request for tokens too. Which check failed is nobody's business but
// the operator's.
static int bad_token(struct issue *issue, const char *reason)
{
	snprintf(issue->reason, sizeof(issue->reason), "%s", reason);
	return refuse(issue, 400, "invalid_request", "the token was not accepted");
}

static int verify(struct sts *sts, struct issue *issue, struct span token, struct subject **out)
{
	char why[JWT_WHY] = "";

	int rc = identity_verify(
		sts->config.identity, token, issue->request->certificate, issue->now, out, why
	);
	if (rc == -EAGAIN)
		return unavailable(issue, "the issuer's keys are being fetched");
	if (rc == ERR_AUTH)
		return bad_token(issue, why);
	if (rc != 0)
		return rc;
	if (sts->config.is_refused(sts->config.ctx, *out, why))
		return bad_token(issue, why);
	return 0;
}

// When a token that was verified ends by its own words, without the skew that its issuer is
// granted.
static void cut_end(const struct jwt *jwt, uint64_t *latest)
{
	double exp = json_number_value(json_object_get(jwt_claims(jwt), "exp"));

	if ((double)*latest > exp)
		*latest = (uint64_t)exp;
}

// RFC 8693 4.4: the parent's token may say who may act for it. All that it says must be true of the
// child's own token; a plain name proves nothing.
static bool may_act(const struct jwt *parent, const struct jwt *actor)
{
	const json_t *may = json_object_get(jwt_claims(parent), "may_act");
	const char *name;
	json_t *value;

	if (may == NULL)
		return true;
	if (actor == NULL || json_object_size(may) == 0)
		return false;
	json_object_foreach((json_t *)(uintptr_t)may, name, value)
	{
		if (json_equal(value, json_object_get(jwt_claims(actor), name)) != 1)
			return false;
	}
	return true;
}

// What a subject does not tell of the tokens that were verified. Out: *latest, when the child ends
// at the latest.
static int look_into(struct issue *issue, uint64_t *latest)
{
	const struct exchange *exchange = issue->exchange;
	struct jwt *parent = NULL, *actor = NULL;
	char why[JWT_WHY] = "token's may_act names somebody else";

	int rc = jwt_parse(exchange->subject_token, &parent, why);
	if (rc == 0 && issue->actor != NULL)
		rc = jwt_parse(exchange->actor_token, &actor, why);
	if (rc == 0 && !may_act(parent, actor))
		rc = ERR_AUTH;
	*latest = issue->parent->expires;
	if (rc == 0)
		cut_end(parent, latest);
	if (rc == 0 && actor != NULL)
		cut_end(actor, latest);
	jwt_free(actor);
	jwt_free(parent);
	return rc == ERR_AUTH ? bad_token(issue, why) : rc;
}

static int take_actor(struct sts *sts, struct issue *issue)
{
	if (issue->exchange->actor_token.n == 0)
		return 0;
	int rc = verify(sts, issue, issue->exchange->actor_token, &issue->actor);
	if (rc == 0 && issue->actor->n_links != 1)
		return refuse(
			issue, 400, "invalid_request",
			"the actor's token must not be a delegated one"
		);
	return rc;
}

static int take_tokens(struct sts *sts, struct issue *issue, uint64_t *latest)
{
	const struct exchange *exchange = issue->exchange;

	int rc = verify(sts, issue, exchange->subject_token, &issue->parent);
	if (rc != 0)
		return rc;
	const struct chain_link *caller = &issue->parent->links[issue->parent->n_links - 1];
	if (!rate_take(&sts->rate, &caller->subject, issue->now, STS_RATE, STS_BURST))
		return refuse(issue, 429, "temporarily_unavailable", "too many requests");
	rc = take_actor(sts, issue);
	return rc == 0 ? look_into(issue, latest) : rc;
}

// ---- the child

static void add_links(struct issue *issue, const struct node_id *token)
{
	struct subject_draft *draft = &issue->draft;
	const struct subject *parent = issue->parent, *actor = issue->actor;

	memcpy(draft->links, parent->links, parent->n_links * sizeof(draft->links[0]));
	draft->n_links = parent->n_links + 1;
	struct chain_link *link = &draft->links[parent->n_links];
	snprintf(issue->key, sizeof(issue->key), CONFIG_AGENT_PREFIX "%s", issue->exchange->actor);
	if (actor != NULL)
		*link = actor->links[0];
	else
		*link = (struct chain_link){
			.subject = node_of_subject(CONFIG_TOKEN_SERVICE_NAME, issue->key),
			.kind = SUBJECT_AGENT,
			.issuer = CONFIG_TOKEN_SERVICE_NAME,
			.key = issue->key,
			.name = issue->exchange->actor,
		};
	link->node = link->token = *token;
}

static bool has_resource(const struct config *config, const char *name)
{
	for (uint16_t i = 0; i < config->n_resources; i++)
		if (strcmp(config->resources[i].name, name) == 0)
			return true;
	return false;
}

// Behind a parent that may reach any, one that does not exist would be a name for what comes later.
static int check_resources(const struct sts *sts, struct issue *issue)
{
	const struct exchange_ask *ask = &issue->exchange->ask;

	for (uint16_t i = 0; i < ask->n_resources; i++) {
		if (has_resource(sts->policy, ask->resources[i]))
			continue;
		issue->status = 400;
		return exchange_refuse(
			&issue->error, "invalid_target", "no resource is called %s",
			ask->resources[i]
		);
	}
	return 0;
}

static int narrow(const struct sts *sts, struct issue *issue, const struct node_id *node)
{
	const struct config_token_service *service = &sts->policy->token_service;
	struct token_scope parent = issue->parent->scope;

	int rc = check_resources(sts, issue);
	if (rc != 0)
		return rc;
	uint16_t left = service->depth_max > issue->parent->depth
				? service->depth_max - issue->parent->depth
				: 0;
	if (parent.depth_left > left)
		parent.depth_left = left;
	issue->status = 400;
	rc = narrow_scope(&parent, &issue->exchange->ask, node, &issue->scope, &issue->error);
	issue->draft.scope = issue->scope.scope;
	return rc;
}

// Never past the parent's, and no longer than allowed: time alone is cut, not refused, for nobody
// asks for the second that is left.
static int set_end(const struct sts *sts, struct issue *issue, uint64_t latest)
{
	const struct config_token_service *service = &sts->policy->token_service;
	uint32_t ttl = issue->exchange->ask.ttl_s;

	if (ttl == 0)
		ttl = service->ttl_s;
	if (ttl > service->ttl_max_s)
		ttl = service->ttl_max_s;
	if (latest <= issue->now)
		return bad_token(issue, "token expires before a child of it could be used");
	issue->draft.expires = latest - issue->now < ttl ? latest : issue->now + ttl;
	return 0;
}

// Children may have children, each as many: one compromised tree must not take the room of all. It
// is counted only when there are enough to matter.
static int check_tree(struct sts *sts, struct issue *issue)
{
	uint32_t n = 0;

	if (sts->stats.children >= STS_CHILDREN_ALL)
		return unavailable(issue, "there are as many live children as there may be");
	if (sts->stats.children < STS_CHILDREN_ROOT)
		return 0;
	int rc = children_count_below(
		sts->config.store, &issue->draft.links[0].node, issue->now, &n
	);
	if (rc != 0)
		return unavailable(issue, "the gateway's store cannot be read");
	if (n >= STS_CHILDREN_ROOT)
		return refuse(
			issue, 429, "temporarily_unavailable",
			"the root has as many live children below it as it may"
		);
	return 0;
}

static int check_children(struct sts *sts, struct issue *issue)
{
	const struct chain_link *parent = &issue->draft.links[issue->draft.n_links - 2];
	uint32_t n = 0;

	int rc = children_count(sts->config.store, &parent->node, issue->now, &n);
	if (rc != 0)
		return unavailable(issue, "the gateway's store cannot be read");
	if (n >= sts->policy->token_service.children_max)
		return refuse(
			issue, 429, "temporarily_unavailable",
			"the parent has as many live children as it may"
		);
	return check_tree(sts, issue);
}

// ---- the token

static const uint8_t *bound_to(const struct issue *issue)
{
	const uint8_t *shown = issue->request->certificate;

	if (issue->exchange->has_certificate)
		return issue->exchange->certificate;
	return shown != NULL && memcmp(shown, no_certificate, 32) != 0 ? shown : NULL;
}

// A chain that a login would refuse is no good to anybody.
static int try_out(const struct sts *sts, struct issue *issue, const json_t *claims)
{
	const struct chain_service service = sts_service(sts);
	struct subject *subject = NULL;
	char why[SUBJECT_WHY];

	int rc = chain_subject(&service, claims, (struct span){NULL, 0}, issue->now, &subject, why);
	subject_free(subject);
	if (rc != ERR_AUTH)
		return rc;
	issue->status = 400;
	return exchange_refuse(&issue->error, "invalid_request", "%s", why);
}

static int make_token(const struct sts *sts, struct issue *issue, char **token)
{
	const struct chain_service service = sts_service(sts);
	const struct chain_child child = {&issue->draft, issue->jti, issue->now, bound_to(issue)};

	json_t *claims = chain_claims(&service, &child);
	if (claims == NULL)
		return -ENOMEM;
	int rc = try_out(sts, issue, claims);
	if (rc == 0)
		rc = signing_keys_sign(sts->keys, claims, issue->now, token);
	json_decref(claims);
	if (rc == 0 && strlen(*token) > JWT_BYTES_MAX)
		rc =
			refuse(issue, 400, "invalid_request",
			       "the chain has too many groups to fit into a token");
	return rc;
}

static int keep(struct sts *sts, struct issue *issue)
{
	const struct subject_draft *draft = &issue->draft;

	if (children_add(
		    sts->config.store, draft->links, draft->n_links, issue->now, draft->expires
	    ) != 0)
		return unavailable(issue, "the gateway's store takes nothing now");
	sts->stats.children++;
	return 0;
}

int issue_child(struct sts *sts, struct issue *issue, char **token)
{
	uint64_t latest = 0;

	int rc = take_tokens(sts, issue, &latest);
	if (rc != 0)
		return rc;
	if (!jwt_id_make(issue->jti))
		return -ENOMEM;
	struct node_id node = chain_token(&sts->policy->token_service, issue->jti);
	rc = narrow(sts, issue, &node);
	if (rc == 0)
		rc = set_end(sts, issue, latest);
	if (rc != 0)
		return rc;
	add_links(issue, &node);
	rc = check_children(sts, issue);
	if (rc == 0)
		rc = make_token(sts, issue, token);
	if (rc == 0)
		rc = keep(sts, issue);
	return rc;
}
