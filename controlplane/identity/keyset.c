// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/keyset.h"

#include <cjose/cjose.h>
#include <jansson.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Letters of base64url.
enum member_size {
	RSA_MODULUS_MAX =
		1366, // 8192 bits: verifying with a longer one is work for an attacker's ends
	RSA_EXPONENT_MAX = 8,
	EC_COORDINATE = 43,
};

struct key {
	char kid[KEYSET_KID_MAX];
	bool algs[JWT_ES256 + 1]; // what it may verify
	cjose_jwk_t *jwk;
};

struct keyset {
	uint32_t refs;
	size_t n;
	struct key keys[];
};

static const char *const alg_names[] =
	{[JWT_RS256] = "RS256", [JWT_PS256] = "PS256", [JWT_ES256] = "ES256"};

static bool fits(const cjose_jwk_t *jwk, enum jwt_alg alg)
{
	cjose_err err;

	switch (alg) {
	case JWT_RS256:
	case JWT_PS256:
		return cjose_jwk_get_kty(jwk, &err) == CJOSE_JWK_KTY_RSA &&
		       cjose_jwk_get_keysize(jwk, &err) >= KEYSET_RSA_MIN;
	case JWT_ES256:
		return cjose_jwk_get_kty(jwk, &err) == CJOSE_JWK_KTY_EC &&
		       cjose_jwk_EC_get_curve(jwk, &err) == CJOSE_JWK_EC_P_256;
	}
	return false;
}

// A member that limits the key: absent, or this text.
static bool allows(const json_t *json, const char *member, const char *text)
{
	const json_t *value = json_object_get(json, member);

	return value == NULL ||
	       (json_is_string(value) && strcmp(json_string_value(value), text) == 0);
}

// RFC 7517 4.3: when key_ops is there, verifying must be among them.
static bool may_verify(const json_t *json)
{
	const json_t *ops = json_object_get(json, "key_ops"), *op;
	size_t i;

	if (ops == NULL)
		return true;
	json_array_foreach(ops, i, op)
	{
		if (json_is_string(op) && strcmp(json_string_value(op), "verify") == 0)
			return true;
	}
	return false;
}

// False when the key is not for us.
static bool key_fill(struct key *key, cjose_jwk_t *jwk, const char *kid, const json_t *json)
{
	bool any = false;

	if (kid == NULL || kid[0] == '\0' || strlen(kid) >= sizeof(key->kid))
		return false;
	for (int alg = JWT_RS256; alg <= JWT_ES256; alg++) {
		key->algs[alg] = fits(jwk, (enum jwt_alg)alg) &&
				 (json == NULL || allows(json, "alg", alg_names[alg]));
		any = any || key->algs[alg];
	}
	if (!any)
		return false;
	memcpy(key->kid, kid, strlen(kid) + 1);
	key->jwk = jwk;
	return true;
}

// A member in base64url of min to max letters. libcjose 0.6 ends the process over a '=' in the
// wrong place, so nothing else may reach it.
static bool copy_member(const json_t *from, json_t *to, const char *name, size_t min, size_t max)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *text = json_string_value(json_object_get(from, name));
	size_t n = text == NULL ? 0 : strlen(text);

	if (n < min || n > max || n % 4 == 1 || strspn(text, letters) != n)
		return false;
	return json_object_set_new(to, name, json_string(text)) == 0;
}

// What the library gets to see of a key: the public members and nothing else. A symmetric key in a
// public document is a mistake, or an attack (HMAC with a public key). NULL: not a key for us.
static json_t *public_part(const json_t *json)
{
	const char *kty = json_string_value(json_object_get(json, "kty"));
	const char *crv = json_string_value(json_object_get(json, "crv"));
	bool ok = false;

	if (kty == NULL)
		return NULL;
	json_t *key = json_pack("{s:s}", "kty", kty);
	if (strcmp(kty, "RSA") == 0)
		ok = copy_member(json, key, "n", 1, RSA_MODULUS_MAX) &&
		     copy_member(json, key, "e", 1, RSA_EXPONENT_MAX);
	else if (strcmp(kty, "EC") == 0 && crv != NULL && strcmp(crv, "P-256") == 0)
		ok = json_object_set_new(key, "crv", json_string(crv)) == 0 &&
		     copy_member(json, key, "x", EC_COORDINATE, EC_COORDINATE) &&
		     copy_member(json, key, "y", EC_COORDINATE, EC_COORDINATE);
	if (ok)
		return key;
	json_decref(key);
	return NULL;
}

// Entra ID names the issuer of each key in the documents that its tenants share, with a place for
// the tenant in it.
static bool is_issuers(const json_t *json, const struct config_issuer *issuer)
{
	static const char place[] = "{tenantid}";
	const json_t *value = json_object_get(json, "issuer");
	const char *text = json_string_value(value);
	char named[2 * CONFIG_URL_MAX];

	if (issuer == NULL || issuer->profile != CONFIG_PROFILE_ENTRA || value == NULL)
		return true;
	if (text == NULL || strlen(text) >= CONFIG_URL_MAX)
		return false;
	const char *at = strstr(text, place);
	struct span tenant = config_issuer_tenant(issuer->issuer);
	if (at == NULL)
		return config_issuer_is(issuer, text);
	snprintf(
		named, sizeof(named), "%.*s%.*s%s", (int)(at - text), text, (int)tenant.n,
		(const char *)tenant.p, at + strlen(place)
	);
	return config_issuer_is(issuer, named);
}

static void add_json(struct keyset *keys, const struct config_issuer *issuer, const json_t *json)
{
	cjose_err err;

	if (!json_is_object(json) || !allows(json, "use", "sig") || !may_verify(json) ||
	    !is_issuers(json, issuer))
		return;
	json_t *key = public_part(json);
	char *text = key == NULL ? NULL : json_dumps(key, JSON_COMPACT);
	json_decref(key);
	if (text == NULL)
		return;
	cjose_jwk_t *jwk = cjose_jwk_import(text, strlen(text), &err);
	free(text);
	if (jwk == NULL)
		return;
	const char *kid = json_string_value(json_object_get(json, "kid"));
	if (key_fill(&keys->keys[keys->n], jwk, kid, json))
		keys->n++;
	else
		cjose_jwk_release(jwk);
}

static struct keyset *keyset_alloc(size_t n)
{
	struct keyset *keys = calloc(1, sizeof(*keys) + n * sizeof(keys->keys[0]));

	if (keys != NULL)
		keys->refs = 1;
	return keys;
}

static int from_list(const json_t *list, const struct config_issuer *issuer, struct keyset **out)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(list))
		return ERR_MALFORMED;
	if (json_array_size(list) > KEYSET_KEYS_MAX)
		return ERR_LIMIT;
	struct keyset *keys = keyset_alloc(json_array_size(list));
	if (keys == NULL)
		return -ENOMEM;
	json_array_foreach(list, i, item) add_json(keys, issuer, item);
	if (keys->n == 0) {
		keyset_unref(keys);
		return ERR_MALFORMED;
	}
	*out = keys;
	return 0;
}

int keyset_parse(struct span json, const struct config_issuer *issuer, struct keyset **out)
{
	if (json.n > KEYSET_BYTES_MAX)
		return ERR_LIMIT;
	json_t *root = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
	int rc = root == NULL ? ERR_MALFORMED
			      : from_list(json_object_get(root, "keys"), issuer, out);
	json_decref(root);
	return rc;
}

int keyset_read(const char *path, const struct config_issuer *issuer, struct keyset **out)
{
	struct stat info;
	size_t n = 0;
	int rc = 0;

	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	uint8_t *text = malloc(KEYSET_BYTES_MAX + 1);
	if (text == NULL)
		rc = -ENOMEM;
	else if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
		rc = -EINVAL;
	while (rc == 0 && n <= KEYSET_BYTES_MAX) {
		ssize_t got = read(fd, text + n, KEYSET_BYTES_MAX + 1 - n);
		if (got == 0)
			break;
		if (got > 0)
			n += (size_t)got;
		else if (errno != EINTR)
			rc = -errno;
	}
	close(fd);
	if (rc == 0)
		rc = keyset_parse(span_of(text, n), issuer, out);
	free(text);
	return rc;
}

int keyset_of_key(const cjose_jwk_t *key, struct keyset **out)
{
	cjose_err err;
	struct keyset *keys = keyset_alloc(1);
	char *public = cjose_jwk_to_json(key, false, &err);
	cjose_jwk_t *jwk = public == NULL ? NULL : cjose_jwk_import(public, strlen(public), &err);

	cjose_get_dealloc()(public);
	if (keys == NULL || jwk == NULL) {
		cjose_jwk_release(jwk);
		free(keys);
		return -ENOMEM;
	}
	if (!key_fill(&keys->keys[0], jwk, cjose_jwk_get_kid(key, &err), NULL)) {
		cjose_jwk_release(jwk);
		free(keys);
		return ERR_MALFORMED;
	}
	keys->n = 1;
	*out = keys;
	return 0;
}

const cjose_jwk_t *keyset_find(const struct keyset *keys, const char *kid, enum jwt_alg alg)
{
	for (size_t i = 0; keys != NULL && i < keys->n; i++)
		if (keys->keys[i].algs[alg] && strcmp(keys->keys[i].kid, kid) == 0)
			return keys->keys[i].jwk;
	return NULL;
}

size_t keyset_count(const struct keyset *keys)
{
	return keys == NULL ? 0 : keys->n;
}

struct keyset *keyset_ref(struct keyset *keys)
{
	if (keys != NULL)
		__atomic_fetch_add(&keys->refs, 1, __ATOMIC_RELAXED);
	return keys;
}

void keyset_unref(struct keyset *keys)
{
	if (keys == NULL || __atomic_sub_fetch(&keys->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	for (size_t i = 0; i < keys->n; i++)
		cjose_jwk_release(keys->keys[i].jwk);
	free(keys);
}
