// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Any bytes as the body of a token request, and as the claims of a child token.

#include "controlplane/identity/node.h"
#include "controlplane/sts/chain.h"
#include "controlplane/sts/form.h"
#include "controlplane/sts/narrow.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *issuer_named(void *, const char *name)
{
	return strcmp(name, "test") == 0 ? "https://issuer" : NULL;
}

static const struct config_token_service config = {
	.enabled = true,
	.issuer = "https://gateway",
	.audience = "https://gateway",
};
static const struct chain_service service = {&config, issuer_named, NULL};

static void is_no_wider(const struct token_scope *child, const struct token_scope *parent)
{
	if ((child->effects & ~parent->effects) != 0 || (parent->hold & ~child->hold) != 0 ||
	    child->depth_left >= parent->depth_left || child->n_budgets < parent->n_budgets ||
	    child->n_budgets > SUBJECT_BUDGETS_MAX || child->n_resources > STS_RESOURCES_MAX ||
	    (child->any_resource && !parent->any_resource))
		abort();
}

static void as_form(struct span text)
{
	static const struct node_id node = {{1, 2}};
	struct token_scope parent = subject_scope_all();
	struct sts_param params[STS_PARAMS_MAX];
	struct exchange exchange;
	struct exchange_error error;
	struct narrowed narrowed;
	size_t n = 0;
	char *copy = malloc(text.n + 1);

	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	parent.effects &= ~1u << (text.n % 8);
	if (form_decode(copy, text.n, params, STS_PARAMS_MAX, &n) == 0 &&
	    exchange_parse(params, n, config.audience, &exchange, &error) == 0) {
		if ((exchange.actor[0] != '\0') == (exchange.actor_token.n > 0))
			abort();
		if (narrow_scope(&parent, &exchange.ask, &node, &narrowed, &error) == 0)
			is_no_wider(&narrowed.scope, &parent);
	}
	free(copy);
}

static void as_claims(struct span text)
{
	struct subject *subject = NULL;
	char why[SUBJECT_WHY];

	json_t *claims = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(claims) &&
	    chain_subject(&service, claims, text, 1700000000, &subject, why) == 0) {
		if (subject->n_links < 2 || subject->n_links > SUBJECT_LINKS_MAX ||
		    subject->scope.n_budgets > SUBJECT_BUDGETS_MAX ||
		    subject->scope.depth_left >= SUBJECT_LINKS_MAX)
			abort();
		subject_free(subject);
	}
	json_decref(claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_form(span_of(data, size));
	as_claims(span_of(data, size));
	return 0;
}
