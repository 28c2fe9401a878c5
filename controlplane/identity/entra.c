// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Microsoft Entra ID: access tokens of version 1 and 2 for users, applications, managed identities
// and agent identities. "Access token claims reference" and "Token claims reference for agents" in
// its documentation.

#include "controlplane/config/arena.h"
#include "controlplane/identity/claims.h"

#include <errno.h>
#include <stdio.h>

// What the subject's and the actor's facets say (xms_sub_fct, xms_act_fct).
static const char agent_identity[] = "11", agent_user[] = "13";

static bool is_text_or_absent(const struct reading *r, const char *name)
{
	return !claims_have(r, name) || claims_text(r, name) != NULL;
}

// A number in a list that spaces divide.
static bool has_facet(const char *facets, const char *number)
{
	size_t n = strlen(number);

	while (facets != NULL && *facets != '\0') {
		size_t length = strcspn(facets, " ");
		if (length == n && memcmp(facets, number, n) == 0)
			return true;
		facets += length + strspn(facets + length, " ");
	}
	return false;
}

static bool is_agent(const char *facets)
{
	return has_facet(facets, agent_identity) || has_facet(facets, agent_user);
}

// The application that asked: azp, in version 1 appid. An ID token has neither.
static const char *application(const struct reading *r)
{
	const char *azp = claims_text(r, "azp");

	return azp != NULL ? azp : claims_text(r, "appid");
}

static int check(struct reading *r)
{
	static const char *const texts[] = {"idtyp", "scp", "xms_act_fct", "xms_sub_fct"};

	if (claims_are_id_token(r) || application(r) == NULL)
		return claims_refuse(r, "token is an ID token");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!is_text_or_absent(r, texts[i]))
			return claims_refuse(r, "token has no usable %s", texts[i]);
	// It names its actor otherwise; one whose rank we do not know is not passed over.
	if (claims_have(r, "act"))
		return claims_refuse(r, "token has an act, which Entra ID does not issue");
	return 0;
}

// The tenant must be the issuer's own, or a key of a shared endpoint could speak for all.
static bool is_tenant_of(const char *tid, const char *issuer)
{
	struct span tenant = config_issuer_tenant(issuer);

	return tenant.n == strlen(tid) && memcmp(tenant.p, tid, tenant.n) == 0;
}

// tenant/id in *out. `id` is a claim's text.
static int make_key(struct reading *r, const char *claim, const char *id, const char **out)
{
	const char *tid = claims_text(r, "tid");

	if (tid == NULL || tid[0] == '\0' || !subject_text_is_plain(tid))
		return claims_refuse(r, "token has no usable tid");
	if (!is_tenant_of(tid, r->iss))
		return claims_refuse(r, "token's tid is not the issuer's tenant");
	if (id == NULL || id[0] == '\0' || !subject_text_is_plain(id) ||
	    strlen(tid) + strlen(id) + 1 >= SUBJECT_KEY_MAX)
		return claims_refuse(r, "token has no usable %s", claim);
	char *key = arena_alloc(r->arena, SUBJECT_KEY_MAX);
	if (key == NULL)
		return -ENOMEM;
	snprintf(key, SUBJECT_KEY_MAX, "%s/%s", tid, id);
	*out = key;
	return 0;
}

// An application by itself. Without idtyp, which is optional: it has no scope, and is its own
// subject where a user's sub differs from application to application.
static bool is_app_only(const struct reading *r, const char *oid)
{
	const char *idtyp = claims_text(r, "idtyp"), *sub = claims_text(r, "sub");

	if (idtyp != NULL)
		return strcmp(idtyp, "app") == 0;
	return !claims_have(r, "scp") && sub != NULL && strcmp(sub, oid) == 0;
}

static bool is_user(const struct reading *r)
{
	const char *idtyp = claims_text(r, "idtyp");

	return idtyp != NULL ? strcmp(idtyp, "user") == 0 : claims_have(r, "scp");
}

// An agent has a user's account, too, and only the facets tell. Where they are left out the
// issuer's `subjects` decides, and no idtyp at all is never proof of a human.
static enum subject_kind kind_of(const struct reading *r, const char *oid)
{
	const char *sub = claims_text(r, "xms_sub_fct"), *act = claims_text(r, "xms_act_fct");

	if (is_app_only(r, oid) || is_agent(sub))
		return SUBJECT_AGENT;
	if (!is_user(r))
		return SUBJECT_UNKNOWN;
	if (sub != NULL && act != NULL && claims_have(r, "idtyp"))
		return SUBJECT_HUMAN;
	return r->issuer->subjects;
}

// With the blueprint, of which there may be many agents: shown, and never decided by.
static int name_of_agent(struct reading *r, const char **out)
{
	const char *name = claims_text(r, "app_displayname");
	const char *blueprint = claims_text(r, "xms_par_app_azp");

	*out = name != NULL ? name : application(r);
	if (blueprint == NULL)
		return 0;
	size_t size = strlen(*out) + strlen(blueprint) + sizeof(" (blueprint )");
	char *text = arena_alloc(r->arena, size);
	if (text == NULL)
		return -ENOMEM;
	snprintf(text, size, "%s (blueprint %s)", *out, blueprint);
	*out = text;
	return 0;
}

// An agent that acts with a user's account, a human's or its own.
static int fill_agent(struct reading *r)
{
	const char *key = NULL, *name = NULL;

	int rc = make_key(r, "azp", application(r), &key);
	if (rc == 0)
		rc = name_of_agent(r, &name);
	return rc == 0 ? claims_add_actor(r, key, name, SUBJECT_AGENT) : rc;
}

static int fill(struct reading *r)
{
	const char *oid = claims_text(r, "oid"), *key = NULL, *name = claims_text(r, "name");
	bool delegated = false;

	int rc = make_key(r, "oid", oid, &key);
	if (rc != 0)
		return rc;
	delegated = !is_app_only(r, oid) && is_agent(claims_text(r, "xms_act_fct"));
	if (!is_user(r))
		rc = name_of_agent(r, &name);
	if (rc == 0)
		rc = claims_add_root(r, key, name);
	if (rc != 0)
		return rc;
	r->draft.links[0].kind = kind_of(r, oid);
	return delegated ? fill_agent(r) : 0;
}

const struct profile profile_entra = {check, fill};
