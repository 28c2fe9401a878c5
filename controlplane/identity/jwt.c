// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/jwt.h"

#include "controlplane/identity/binding.h"
#include "controlplane/identity/node.h"

#include <cjose/base64.h>
#include <cjose/cjose.h>
#include <jansson.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum jwt_size { JWT_ES256_LETTERS = 86 }; // 64 bytes

struct jwt {
	enum jwt_alg alg;
	enum jwt_typ typ;
	char kid[KEYSET_KID_MAX];
	cjose_jws_t *jws;
	json_t *claims;
	bool verified;
};

static int refuse(char why[static JWT_WHY], const char *text)
{
	snprintf(why, JWT_WHY, "%s", text);
	return ERR_AUTH;
}

// What is wrong with a part; nothing of its text, which is the peer's.
static int refuse_json(const char *part, const json_error_t *error, char why[static JWT_WHY])
{
	const char *problem = "is no JSON object";

	switch (json_error_code(error)) {
	case json_error_duplicate_key:
		problem = "says something twice";
		break;
	case json_error_invalid_utf8:
		problem = "is no UTF-8";
		break;
	case json_error_null_character:
	case json_error_null_byte_in_key:
		problem = "has a NUL";
		break;
	default:
		break;
	}
	snprintf(why, JWT_WHY, "token's %s %s", part, problem);
	return ERR_AUTH;
}

// Three parts in base64url without padding (RFC 7515 7.1); nothing else reaches the decoder.
// Out: where the first two end.
static bool is_compact(struct span token, size_t end[static 2])
{
	size_t dots = 0;

	for (size_t i = 0; i < token.n; i++) {
		uint8_t c = token.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			      (c >= '0' && c <= '9') || c == '-' || c == '_';
		if (c != '.' && !letter)
			return false;
		if (c == '.' && dots == 2)
			return false;
		if (c == '.')
			end[dots++] = i;
	}
	return dots == 2;
}

static int decode_header(const char *text, size_t n, json_t **out, char why[static JWT_WHY])
{
	uint8_t *bytes = NULL;
	size_t length = 0;
	cjose_err err;
	json_error_t error = {0};

	if (n == 0 || !cjose_base64url_decode(text, n, &bytes, &length, &err))
		return refuse_json("header", &error, why);
	*out = json_loadb((const char *)bytes, length, JSON_REJECT_DUPLICATES, &error);
	cjose_get_dealloc()(bytes);
	return *out == NULL ? refuse_json("header", &error, why) : 0;
}

static int check_alg(const json_t *header, struct jwt *jwt, char why[static JWT_WHY])
{
	const char *alg = json_string_value(json_object_get(header, "alg"));

	if (alg == NULL)
		return refuse(why, "token has no alg");
	if (strcmp(alg, "RS256") == 0)
		jwt->alg = JWT_RS256;
	else if (strcmp(alg, "PS256") == 0)
		jwt->alg = JWT_PS256;
	else if (strcmp(alg, "ES256") == 0)
		jwt->alg = JWT_ES256;
	else
		return refuse(why, "token's alg is not RS256, PS256 or ES256");
	return 0;
}

// RFC 8725 3.11: a JWT made for another purpose says so in typ.
static bool read_typ(const json_t *value, enum jwt_typ *typ)
{
	const char *text = json_string_value(value);

	if (value != NULL && text == NULL)
		return false;
	if (text == NULL)
		*typ = JWT_TYP_NONE;
	else if (strcasecmp(text, "JWT") == 0)
		*typ = JWT_TYP_JWT;
	else if (strcasecmp(text, "at+jwt") == 0 || strcasecmp(text, "application/at+jwt") == 0)
		*typ = JWT_TYP_AT;
	else
		return false;
	return true;
}

static int check_header(const json_t *header, struct jwt *jwt, char why[static JWT_WHY])
{
	static const char *const refused[] = {"jku",  "x5u", "x5c", "jwk",
					      "crit", "b64", "zip", "enc"};

	if (!json_is_object(header))
		return refuse(why, "token's header is no JSON object");
	int rc = check_alg(header, jwt, why);
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (json_object_get(header, refused[i]) != NULL) {
			snprintf(why, JWT_WHY, "token's header has %s", refused[i]);
			return ERR_AUTH;
		}
	if (!read_typ(json_object_get(header, "typ"), &jwt->typ))
		return refuse(why, "token's typ is not that of an access token");
	const char *kid = json_string_value(json_object_get(header, "kid"));
	if (kid == NULL || kid[0] == '\0' || strlen(kid) >= sizeof(jwt->kid))
		return refuse(why, "token's header has no usable kid");
	memcpy(jwt->kid, kid, strlen(kid) + 1);
	return 0;
}

static int parse_body(struct span token, struct jwt *jwt, char why[static JWT_WHY])
{
	uint8_t *text = NULL;
	size_t n = 0;
	cjose_err err;
	json_error_t error = {0};

	jwt->jws = cjose_jws_import((const char *)token.p, token.n, &err);
	if (jwt->jws == NULL || !cjose_jws_get_plaintext(jwt->jws, &text, &n, &err))
		return refuse(why, "token is no signed JWT");
	jwt->claims = json_loadb((const char *)text, n, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(jwt->claims))
		return refuse_json("payload", &error, why);
	if (!json_is_string(json_object_get(jwt->claims, "iss")))
		return refuse(why, "token has no iss");
	return 0;
}

// RFC 7518 3.4: both numbers in full. The library's own check comes after it has cut them up.
static bool fits_alg(enum jwt_alg alg, size_t letters)
{
	return alg != JWT_ES256 || letters == JWT_ES256_LETTERS;
}

int jwt_parse(struct span token, struct jwt **out, char why[static JWT_WHY])
{
	size_t end[2];
	json_t *header = NULL;

	if (token.n == 0)
		return refuse(why, "token is empty");
	if (token.n > JWT_BYTES_MAX)
		return refuse(why, "token is too long");
	if (!is_compact(token, end))
		return refuse(why, "token is no JWT in compact form");
	struct jwt *jwt = calloc(1, sizeof(*jwt));
	if (jwt == NULL)
		return -ENOMEM;
	int rc = decode_header((const char *)token.p, end[0], &header, why);
	if (rc == 0)
		rc = check_header(header, jwt, why);
	json_decref(header);
	if (rc == 0 && !fits_alg(jwt->alg, token.n - end[1] - 1))
		rc = refuse(why, "token's signature has the wrong length");
	if (rc == 0)
		rc = parse_body(token, jwt, why);
	if (rc == 0)
		*out = jwt;
	else
		jwt_free(jwt);
	return rc;
}

void jwt_free(struct jwt *jwt)
{
	if (jwt == NULL)
		return;
	json_decref(jwt->claims);
	cjose_jws_release(jwt->jws);
	explicit_bzero(jwt, sizeof(*jwt));
	free(jwt);
}

const char *jwt_issuer(const struct jwt *jwt)
{
	return json_string_value(json_object_get(jwt->claims, "iss"));
}

const struct json_t *jwt_claims(const struct jwt *jwt)
{
	return jwt->claims;
}

int jwt_verify(struct jwt *jwt, const struct keyset *keys, char why[static JWT_WHY])
{
	cjose_err err;

	const cjose_jwk_t *key = keyset_find(keys, jwt->kid, jwt->alg);
	if (key == NULL) {
		(void)refuse(why, "token's key is not one of the issuer's");
		return -ENOKEY;
	}
	if (!cjose_jws_verify(jwt->jws, key, &err))
		return refuse(why, "token's signature is wrong");
	jwt->verified = true;
	return 0;
}

int jwt_subject(
	const struct jwt *jwt, const struct config_issuer *issuer, struct span token,
	const uint8_t *certificate, uint64_t now, struct subject **out, char why[static JWT_WHY]
)
{
	if (!jwt->verified)
		return refuse(why, "token was not verified");
	int rc = binding_check(jwt->claims, certificate, why);
	if (rc != 0)
		return rc;
	return claims_subject(jwt->claims, issuer, jwt->typ, token, now, out, why);
}

int jwt_node(struct span token, struct node_id *out, char why[static JWT_WHY])
{
	struct jwt *jwt = NULL;

	int r = jwt_parse(token, &jwt, why);
	if (r == 0 && jwt_issuer(jwt) == NULL)
		r = refuse(why, "token names no issuer");
	if (r == 0)
		*out = node_of_token(jwt_issuer(jwt), claims_id(jwt_claims(jwt), token));
	jwt_free(jwt);
	return r;
}
