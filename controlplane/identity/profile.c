// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The profiles of any OpenID Connect or OAuth server: rfc9068, whose tokens say what they are, and
// generic, for those that do not.

#include "controlplane/identity/claims.h"

#include <jansson.h>

#include <strings.h>

// RFC 9068 2.2: a client that acts for itself is its own subject; it is a machine, whatever the
// issuer's other subjects are. Some servers call it otherwise: Okta has cid, Auth0 gty, Keycloak an
// account of its own.
static bool is_client_itself(const struct reading *r, const char *sub)
{
	static const char *const clients[] = {"client_id", "azp", "cid"};
	static const char account[] = "service-account-";
	const char *grant = claims_text(r, "gty"), *user = claims_text(r, "preferred_username");

	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
		const char *client = claims_text(r, clients[i]);
		if (client != NULL && strcmp(client, sub) == 0)
			return true;
	}
	return (grant != NULL && strcmp(grant, "client-credentials") == 0) ||
	       (user != NULL && strncmp(user, account, strlen(account)) == 0);
}

// RFC 8693 4.1: the outermost `act` is the one who acts now, what is nested acted before.
static int fill_actors(struct reading *r)
{
	const json_t *actors[SUBJECT_LINKS_MAX];
	const json_t *act = json_object_get(r->claims, "act");
	size_t n = 0;
	int rc = 0;

	for (; act != NULL; act = json_object_get(act, "act")) {
		if (n == SUBJECT_LINKS_MAX)
			return claims_refuse(r, "token's chain of actors is too long");
		actors[n++] = act;
	}
	while (n > 0 && rc == 0) {
		const json_t *iss = json_object_get(actors[--n], "iss");
		const char *sub = json_string_value(json_object_get(actors[n], "sub"));
		if (sub == NULL || sub[0] == '\0' || !subject_text_is_plain(sub))
			return claims_refuse(
				r, "token's chain of actors has one without a usable sub"
			);
		// Its sub is another issuer's word, which may be somebody else's name here.
		if (iss != NULL &&
		    (!json_is_string(iss) || strcmp(json_string_value(iss), r->iss) != 0))
			return claims_refuse(
				r, "token's chain of actors has one of another issuer"
			);
		rc = claims_add_actor(r, sub, sub, SUBJECT_UNKNOWN);
	}
	return rc;
}

static int fill(struct reading *r)
{
	const char *sub = claims_text(r, "sub"), *name = claims_text(r, "name");

	if (sub == NULL || sub[0] == '\0' || strlen(sub) >= SUBJECT_KEY_MAX ||
	    !subject_text_is_plain(sub))
		return claims_refuse(r, "token has no usable sub");
	int rc =
		claims_add_root(r, sub, name != NULL ? name : claims_text(r, "preferred_username"));
	if (rc == 0 && is_client_itself(r, sub))
		r->draft.links[0].kind = SUBJECT_AGENT;
	return rc == 0 ? fill_actors(r) : rc;
}

// ---- rfc9068

static int check_rfc9068(struct reading *r)
{
	static const char *const needed[] = {"sub", "client_id", "jti"};

	if (r->typ != JWT_TYP_AT)
		return claims_refuse(r, "token's typ is not at+jwt");
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		const char *text = claims_text(r, needed[i]);
		if (text == NULL || text[0] == '\0')
			return claims_refuse(r, "token has no usable %s", needed[i]);
	}
	if (!claims_have(r, "iat"))
		return claims_refuse(r, "token has no iat");
	if (claims_are_id_token(r))
		return claims_refuse(r, "token is an ID token");
	return 0;
}

const struct profile profile_rfc9068 = {check_rfc9068, fill};

// ---- generic

static bool is_audience(const json_t *aud, const char *client)
{
	const json_t *item;
	size_t i;

	if (json_is_string(aud) && strcmp(json_string_value(aud), client) == 0)
		return true;
	json_array_foreach(aud, i, item)
	{
		if (json_is_string(item) && strcmp(json_string_value(item), client) == 0)
			return true;
	}
	return false;
}

// An ID token is for the client that signed its user in (OpenID Connect Core 2), and gives no
// scope.
static bool is_for_its_client(const struct reading *r)
{
	const json_t *aud = json_object_get(r->claims, "aud");
	const char *azp = claims_text(r, "azp"), *client = claims_text(r, "client_id");

	if (r->typ == JWT_TYP_AT || claims_have(r, "scope") || claims_have(r, "scp"))
		return false;
	return (azp != NULL && is_audience(aud, azp)) ||
	       (client != NULL && is_audience(aud, client));
}

static int check_generic(struct reading *r)
{
	const char *typ = claims_text(r, "typ"); // Keycloak

	if (claims_are_id_token(r) || is_for_its_client(r))
		return claims_refuse(r, "token is an ID token");
	if (typ != NULL && strcasecmp(typ, "Bearer") != 0 && strcasecmp(typ, "JWT") != 0 &&
	    strcasecmp(typ, "at+jwt") != 0)
		return claims_refuse(r, "token's claim typ is not that of an access token");
	return 0;
}

const struct profile profile_generic = {check_generic, fill};
