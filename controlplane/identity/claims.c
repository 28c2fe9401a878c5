// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/claims.h"

#include "controlplane/config/arena.h"
#include "controlplane/identity/node.h"

#include <jansson.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum claims_limit { AUDIENCES_MAX = 64 };

static const char role_prefix[] = "role:";

int claims_refuse(struct reading *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->why, SUBJECT_WHY, format, args);
	va_end(args);
	return ERR_AUTH;
}

const char *claims_text(const struct reading *r, const char *name)
{
	return json_string_value(json_object_get(r->claims, name));
}

bool claims_have(const struct reading *r, const char *name)
{
	return json_object_get(r->claims, name) != NULL;
}

bool claims_are_id_token(const struct reading *r)
{
	return claims_have(r, "nonce") || claims_have(r, "at_hash") || claims_have(r, "c_hash") ||
	       claims_have(r, "s_hash");
}

// ---- issuer

static int check_issuer(struct reading *r)
{
	r->iss = claims_text(r, "iss");
	if (r->iss != NULL && config_issuer_is(r->issuer, r->iss))
		return 0;
	return claims_refuse(r, "token is from another issuer");
}

// ---- time (RFC 7519 4.1.4 to 4.1.6)

// Seconds since 1970; -1 when the claim is absent, -2 when it is no time.
static int64_t time_claim(const struct reading *r, const char *name)
{
	const json_t *value = json_object_get(r->claims, name);

	if (value == NULL)
		return -1;
	double seconds = json_is_number(value) ? json_number_value(value) : -1;
	if (!(seconds >= 0 && seconds <= 9e15)) // exact in a double, and no NaN
		return -2;
	return (int64_t)seconds;
}

static int check_times(struct reading *r, uint64_t now)
{
	int64_t exp = time_claim(r, "exp"), nbf = time_claim(r, "nbf"), iat = time_claim(r, "iat");
	int64_t at = (int64_t)now, skew = r->issuer->skew_s;

	if (exp == -1)
		return claims_refuse(r, "token has no exp");
	if (exp < 0 || nbf == -2 || iat == -2)
		return claims_refuse(r, "token's exp, nbf or iat is no time");
	if (at >= exp + skew)
		return claims_refuse(r, "token has expired");
	if (nbf >= 0 && nbf > at + skew)
		return claims_refuse(r, "token is not valid yet");
	if (iat >= 0 && iat > at + skew)
		return claims_refuse(r, "token was issued in the future");
	r->draft.expires = (uint64_t)(exp + skew);
	return 0;
}

// ---- audience (RFC 7519 4.1.3)

static bool is_our_audience(const json_t *value, const struct config_issuer *issuer)
{
	const char *text = json_string_value(value);

	for (uint16_t i = 0; text != NULL && i < issuer->n_audiences; i++)
		if (strcmp(text, issuer->audiences[i]) == 0)
			return true;
	return false;
}

static int check_audience(struct reading *r)
{
	const json_t *aud = json_object_get(r->claims, "aud"), *item;
	size_t i;

	if (is_our_audience(aud, r->issuer))
		return 0;
	if (json_array_size(aud) > AUDIENCES_MAX)
		return claims_refuse(r, "token has too many audiences");
	json_array_foreach(aud, i, item)
	{
		if (is_our_audience(item, r->issuer))
			return 0;
	}
	return claims_refuse(r, "token is for another audience");
}

// ---- what we cannot honour

static int check_kind(struct reading *r)
{
	const json_t *elsewhere = json_object_get(r->claims, "_claim_names");

	// More groups than fit into a token: to go on without them could match a wider rule. The
	// claim says true, or "true" in the implicit flow.
	const json_t *hasgroups = json_object_get(r->claims, "hasgroups");
	if (json_object_get(elsewhere, "groups") != NULL ||
	    json_object_get(elsewhere, "roles") != NULL ||
	    (hasgroups != NULL && !json_is_false(hasgroups)))
		return claims_refuse(
			r, "token has too many groups to list them (overage); use app roles"
		);
	return 0;
}

// ---- the token's id

struct span claims_id(const struct json_t *claims, struct span token)
{
	const char *id = json_string_value(json_object_get(claims, "jti"));

	if (id == NULL || id[0] == '\0')
		id = json_string_value(json_object_get(claims, "uti")); // Entra ID
	if (id != NULL && id[0] != '\0')
		return span_str(id);
	// Without the signature: of one signed text there can be many, and a token that is revoked
	// must not come back with another.
	while (token.n > 0 && token.p[token.n - 1] != '.')
		token.n--;
	return token;
}

// ---- links

int claims_add_root(struct reading *r, const char *key, const char *name)
{
	struct node_id subject = node_of_subject(r->issuer->name, key);

	r->draft.links[0] = (struct chain_link){
		.node = subject,
		.subject = subject,
		.token = node_of_token(r->iss, r->id),
		.kind = r->issuer->subjects,
		.issuer = r->issuer->name,
		.key = key,
		.name = name,
	};
	r->draft.n_links = 1;
	return 0;
}

int claims_add_actor(struct reading *r, const char *key, const char *name, enum subject_kind kind)
{
	uint16_t n = r->draft.n_links;

	if (n == SUBJECT_LINKS_MAX)
		return claims_refuse(r, "token's chain of actors is too long");
	// One token names them all. No id holds a NUL, so that no other token can be called so.
	uint8_t *place = arena_alloc(r->arena, r->id.n + 2);
	if (place == NULL)
		return -ENOMEM;
	memcpy(place, r->id.p, r->id.n);
	place[r->id.n] = '\0';
	place[r->id.n + 1] = (uint8_t)n;
	r->draft.links[n] = (struct chain_link){
		.node = node_of_token(r->iss, span_of(place, r->id.n + 2)),
		.subject = node_of_subject(r->issuer->name, key),
		.token = r->draft.links[0].token,
		.kind = kind,
		.issuer = r->issuer->name,
		.key = key,
		.name = name,
	};
	r->draft.n_links++;
	return 0;
}

// ---- groups

// The texts of a claim: a list of strings, or one. -1 when it is something else.
static long count_texts(const json_t *value)
{
	const json_t *item;
	size_t i;

	if (value == NULL)
		return 0;
	if (json_is_string(value))
		return 1;
	if (!json_is_array(value))
		return -1;
	json_array_foreach(value, i, item)
	{
		if (!json_is_string(item))
			return -1;
	}
	return (long)json_array_size(value);
}

static const char *text_at(const json_t *value, size_t i)
{
	return json_string_value(json_is_string(value) ? value : json_array_get(value, i));
}

static int add_group(struct reading *r, const char *text)
{
	// Whoever may name a group must not thereby get a role.
	if (strncmp(text, role_prefix, strlen(role_prefix)) == 0)
		return claims_refuse(r, "token has a group whose name starts with role:");
	r->groups[r->draft.links[0].n_groups++] = text;
	return 0;
}

static int add_role(struct reading *r, const char *text)
{
	size_t size = strlen(role_prefix) + strlen(text) + 1;
	char *role = arena_alloc(r->arena, size);

	if (role == NULL)
		return -ENOMEM;
	if (text[0] == '\0')
		return claims_refuse(r, "token has a group or role without a usable name");
	snprintf(role, size, "%s%s", role_prefix, text);
	r->groups[r->draft.links[0].n_groups++] = role;
	return 0;
}

// The root's: it is who the token is about.
static int fill_groups(struct reading *r)
{
	const json_t *groups = json_object_get(r->claims, "groups");
	const json_t *roles = json_object_get(r->claims, "roles");
	long n_groups = count_texts(groups), n_roles = count_texts(roles);
	int rc = 0;

	if (n_groups < 0 || n_roles < 0)
		return claims_refuse(r, "token's groups or roles are no list of names");
	if (n_groups + n_roles > SUBJECT_GROUPS_MAX)
		return claims_refuse(r, "token has too many groups");
	for (size_t i = 0; i < (size_t)n_groups && rc == 0; i++)
		rc = add_group(r, text_at(groups, i));
	for (size_t i = 0; i < (size_t)n_roles && rc == 0; i++)
		rc = add_role(r, text_at(roles, i));
	r->draft.links[0].groups = r->groups;
	return rc;
}

// ---- all of it

static const struct profile *profile_of(enum config_profile profile)
{
	switch (profile) {
	case CONFIG_PROFILE_GENERIC:
		return &profile_generic;
	case CONFIG_PROFILE_RFC9068:
		return &profile_rfc9068;
	case CONFIG_PROFILE_ENTRA:
		return &profile_entra;
	}
	return NULL;
}

static int read_claims(struct reading *r, struct span token, uint64_t now)
{
	const struct profile *profile = profile_of(r->issuer->profile);

	int rc = check_issuer(r);
	if (rc == 0)
		rc = check_times(r, now);
	if (rc == 0)
		rc = check_audience(r);
	if (rc == 0)
		rc = check_kind(r);
	if (rc == 0)
		rc = profile->check(r);
	if (rc != 0)
		return rc;
	r->id = claims_id(r->claims, token);
	rc = profile->fill(r);
	return rc == 0 ? fill_groups(r) : rc;
}

int claims_subject(
	const struct json_t *claims, const struct config_issuer *issuer, enum jwt_typ typ,
	struct span token, uint64_t now, struct subject **out, char why[static SUBJECT_WHY]
)
{
	struct reading r =
		{.claims = claims, .issuer = issuer, .typ = typ, .arena = arena_new(), .why = why};

	if (r.arena == NULL)
		return -ENOMEM;
	r.draft.scope = subject_scope_all();
	int rc = read_claims(&r, token, now);
	if (rc == 0)
		rc = subject_make(&r.draft, token, out, why);
	arena_free(r.arena);
	return rc;
}
