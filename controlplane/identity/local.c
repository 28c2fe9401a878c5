// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/local.h"

#include "controlplane/identity/sign.h"
#include "controlplane/secrets/secret.h"

#include <cjose/cjose.h>
#include <jansson.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum local_size { KEY_BYTES_MAX = 4096 };

static int make_key(const char *path)
{
	char kid[JWT_ID_SIZE];
	char *text = NULL;
	cjose_err err;
	int rc = -EIO;

	cjose_jwk_t *key = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &err);
	if (key != NULL && jwt_id_make(kid) && cjose_jwk_set_kid(key, kid, strlen(kid), &err))
		text = cjose_jwk_to_json(key, true, &err);
	if (text != NULL) {
		rc = secret_file_create(path, text, strlen(text));
		explicit_bzero(text, strlen(text));
	}
	cjose_get_dealloc()(text);
	cjose_jwk_release(key);
	return rc == -EEXIST ? 0 : rc;
}

static int read_key(const char *path, cjose_jwk_t **out)
{
	char text[KEY_BYTES_MAX];
	cjose_err err;
	size_t n = 0;

	int rc = secret_file_read(path, text, sizeof(text), &n);
	if (rc != 0)
		return rc;
	cjose_jwk_t *key = cjose_jwk_import(text, n, &err);
	explicit_bzero(text, sizeof(text));
	if (key == NULL || cjose_jwk_get_kty(key, &err) != CJOSE_JWK_KTY_EC ||
	    cjose_jwk_EC_get_curve(key, &err) != CJOSE_JWK_EC_P_256 ||
	    cjose_jwk_get_kid(key, &err) == NULL) {
		cjose_jwk_release(key);
		return ERR_MALFORMED;
	}
	*out = key;
	return 0;
}

int local_key_load(
	const char *state, const char *issuer, cjose_jwk_t **out, char why[static LOCAL_WHY]
)
{
	char path[CONFIG_PATH_MAX + SNAPSHOT_NAME_MAX + 16];

	snprintf(path, sizeof(path), "%s/issuer-%s.jwk", state, issuer);
	int rc = read_key(path, out);
	if (rc == -ENOENT) {
		rc = make_key(path);
		if (rc == 0)
			rc = read_key(path, out);
	}
	if (rc == 0)
		return 0;
	snprintf(why, LOCAL_WHY, "the key %.160s cannot be used: %s", path, err_text(rc));
	return ERR_CONFIG;
}

static json_t *make_claims(const struct config_issuer *issuer, const struct local_claims *claims)
{
	char id[JWT_ID_SIZE];
	json_t *groups = json_array();

	for (size_t i = 0; i < claims->n_groups; i++)
		if (json_array_append_new(groups, json_string(claims->groups[i])) != 0) {
			json_decref(groups);
			return NULL;
		}
	if (!jwt_id_make(id)) {
		json_decref(groups);
		return NULL;
	}
	return json_pack(
		"{s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:o}", "iss", issuer->issuer, "sub",
		claims->subject, "aud", issuer->audiences[0], "iat", (json_int_t)claims->now, "nbf",
		(json_int_t)claims->now, "exp", (json_int_t)(claims->now + claims->ttl_s), "jti",
		id, "groups", groups
	);
}

int local_mint(
	const struct config_issuer *issuer, const cjose_jwk_t *key,
	const struct local_claims *claims, char **token, char why[static LOCAL_WHY]
)
{
	struct subject *subject = NULL;
	char reason[JWT_WHY];

	if (claims->ttl_s == 0 || claims->ttl_s > LOCAL_TTL_MAX) {
		snprintf(why, LOCAL_WHY, "the life must be from 1 to %d seconds", LOCAL_TTL_MAX);
		return -EINVAL;
	}
	json_t *json = make_claims(issuer, claims);
	if (json == NULL) {
		snprintf(why, LOCAL_WHY, "the subject or a group is no text in UTF-8");
		return -EINVAL;
	}
	int rc = claims_subject(
		json, issuer, JWT_TYP_AT, (struct span){NULL, 0}, claims->now, &subject, reason
	);
	subject_free(subject);
	if (rc != 0) {
		snprintf(why, LOCAL_WHY, "the token would be refused: %s", reason);
		rc = -EINVAL;
	} else {
		*token = jwt_sign(key, json);
		if (*token == NULL || strlen(*token) > JWT_BYTES_MAX) {
			snprintf(why, LOCAL_WHY, "the token cannot be signed, or is too long");
			free(*token);
			*token = NULL;
			rc = ERR_CONFIG;
		}
	}
	json_decref(json);
	return rc;
}
