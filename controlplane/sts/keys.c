// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/sts/keys.h"

#include "controlplane/config/config.h"
#include "controlplane/identity/sign.h"

#include <cjose/base64.h>
#include <cjose/cjose.h>
#include <openssl/sha.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct signing_key {
	char kid[KEYSET_KID_MAX];
	cjose_jwk_t *jwk;
	uint64_t signs_until, published_until; // seconds since 1970
};

// Oldest first: by signs_until.
struct signing_keys {
	struct store *store;
	unsigned n;
	struct signing_key keys[SIGNING_KEYS_MAX];
};

// ---- one key

// RFC 7638 3.1: the members that make the key, in the order of their names, without spaces.
static bool thumbprint(const cjose_jwk_t *jwk, char out[static KEYSET_KID_MAX])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	char *id = NULL;
	size_t n = 0;
	cjose_err err;
	char *text = cjose_jwk_to_json(jwk, false, &err);
	json_t *json = text == NULL ? NULL : json_loads(text, 0, NULL);

	cjose_get_dealloc()(text);
	if (json != NULL)
		json_object_del(json, "kid");
	text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(json);
	if (text == NULL)
		return false;
	SHA256((const unsigned char *)text, strlen(text), hash);
	free(text);
	if (!cjose_base64url_encode(hash, sizeof(hash), &id, &n, &err))
		return false;
	memcpy(out, id, n);
	out[n] = '\0';
	cjose_get_dealloc()(id);
	return true;
}

static bool is_usable(const cjose_jwk_t *jwk, const char *kid)
{
	cjose_err err;
	const char *own = jwk == NULL ? NULL : cjose_jwk_get_kid(jwk, &err);

	return own != NULL && strlen(kid) < KEYSET_KID_MAX && strcmp(own, kid) == 0 &&
	       cjose_jwk_get_kty(jwk, &err) == CJOSE_JWK_KTY_EC &&
	       cjose_jwk_EC_get_curve(jwk, &err) == CJOSE_JWK_EC_P_256;
}

static bool key_make(struct signing_key *key)
{
	cjose_err err;

	key->jwk = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &err);
	if (key->jwk != NULL && thumbprint(key->jwk, key->kid) &&
	    cjose_jwk_set_kid(key->jwk, key->kid, strlen(key->kid), &err))
		return true;
	cjose_jwk_release(key->jwk);
	key->jwk = NULL;
	return false;
}

// ---- the store

static uint64_t published_until(uint64_t signs_until)
{
	return signs_until + CONFIG_TOKEN_TTL_MAX;
}

struct loading {
	struct signing_keys *keys;
	int result;
};

static bool on_row(void *ctx, const struct store_row *row)
{
	struct loading *loading = ctx;
	struct signing_keys *keys = loading->keys;
	struct signing_key *key = &keys->keys[keys->n];
	const char *kid = store_row_text(row, 0);
	struct span private = store_row_blob(row, 1);
	cjose_err err;

	loading->result = ERR_LIMIT;
	if (keys->n == SIGNING_KEYS_MAX)
		return false;
	key->jwk = cjose_jwk_import((const char *)private.p, private.n, &err);
	loading->result = ERR_MALFORMED;
	if (!is_usable(key->jwk, kid)) {
		cjose_jwk_release(key->jwk);
		return false;
	}
	memcpy(key->kid, kid, strlen(kid) + 1);
	key->signs_until = (uint64_t)store_row_integer(row, 2);
	key->published_until = (uint64_t)store_row_integer(row, 3);
	keys->n++;
	loading->result = 0;
	return true;
}

static int load(struct signing_keys *keys)
{
	struct loading loading = {keys, 0};

	int rc = store_each(
		keys->store,
		"SELECT kid, private, signs_until_s, published_until_s FROM signing_keys"
		" ORDER BY signs_until_s",
		STORE_NO_VALUES, on_row, &loading
	);
	return rc == 0 ? loading.result : rc;
}

static int insert(struct signing_keys *keys, const struct signing_key *key, uint64_t now)
{
	cjose_err err;
	char *text = cjose_jwk_to_json(key->jwk, true, &err);

	if (text == NULL)
		return -ENOMEM;
	int rc = store_run(
		keys->store,
		"INSERT INTO signing_keys(kid, private, created_s, signs_until_s,"
		" published_until_s) VALUES(?, ?, ?, ?, ?)",
		STORE_VALUES(
			store_text(key->kid), store_blob(text, strlen(text)),
			store_integer((int64_t)now), store_integer((int64_t)key->signs_until),
			store_integer((int64_t)key->published_until)
		)
	);
	explicit_bzero(text, strlen(text));
	cjose_get_dealloc()(text);
	return rc;
}

// ---- what is due

static int add(struct signing_keys *keys, uint64_t signs_until, uint64_t now)
{
	struct signing_key key = {
		.signs_until = signs_until,
		.published_until = published_until(signs_until)};

	if (keys->n == SIGNING_KEYS_MAX)
		return ERR_LIMIT;
	if (!key_make(&key))
		return -ENOMEM;
	int rc = insert(keys, &key, now);
	if (rc == 0)
		keys->keys[keys->n++] = key;
	else
		cjose_jwk_release(key.jwk);
	return rc;
}

static int set_end(struct signing_keys *keys, struct signing_key *key, uint64_t signs_until)
{
	int rc = store_run(
		keys->store,
		"UPDATE signing_keys SET signs_until_s=?, published_until_s=? WHERE kid=?",
		STORE_VALUES(
			store_integer((int64_t)signs_until),
			store_integer((int64_t)published_until(signs_until)), store_text(key->kid)
		)
	);
	if (rc != 0)
		return rc;
	key->signs_until = signs_until;
	key->published_until = published_until(signs_until);
	return 0;
}

static uint64_t lead(uint32_t rotate_s)
{
	return rotate_s / 8 < SIGNING_LEAD_MAX ? rotate_s / 8 : SIGNING_LEAD_MAX;
}

// Nothing was published when there was no process to do it: the last key signs on until the next
// one is known.
static int extend(struct signing_keys *keys, struct signing_key *newest, uint64_t until)
{
	return newest->signs_until < until ? set_end(keys, newest, until) : 0;
}

// The clock was ahead, or `rotate` longer: a key must not sign for ever.
static int shorten(struct signing_keys *keys, uint32_t rotate_s, uint64_t now, bool *changed)
{
	for (unsigned i = 0; i < keys->n; i++) {
		struct signing_key *key = &keys->keys[i];
		// A next key's end lies a lead behind that of one which is made now.
		uint64_t latest = now + rotate_s + lead(rotate_s);
		if (key->signs_until <= latest)
			continue;
		int rc = set_end(keys, key, latest);
		if (rc != 0)
			return rc;
		*changed = true;
	}
	return 0;
}

static int renew(struct signing_keys *keys, uint32_t rotate_s, uint64_t now, bool *changed)
{
	uint64_t begins = now + lead(rotate_s);
	int rc = 0;

	if (keys->n == 0) {
		rc = add(keys, now + rotate_s, now);
	} else {
		struct signing_key *newest = &keys->keys[keys->n - 1];
		if (newest->signs_until > begins)
			return 0;
		rc = extend(keys, newest, begins);
		if (rc == 0)
			rc = add(keys, newest->signs_until + rotate_s, now);
	}
	*changed = *changed || rc == 0;
	return rc;
}

static int forget(struct signing_keys *keys, uint64_t now, bool *changed)
{
	while (keys->n > 1 && keys->keys[0].published_until <= now) {
		int rc = store_run(
			keys->store, "DELETE FROM signing_keys WHERE kid=?",
			STORE_VALUES(store_text(keys->keys[0].kid))
		);
		if (rc != 0)
			return rc;
		cjose_jwk_release(keys->keys[0].jwk);
		memmove(&keys->keys[0], &keys->keys[1], --keys->n * sizeof(keys->keys[0]));
		*changed = true;
	}
	return 0;
}

int signing_keys_tick(struct signing_keys *keys, uint32_t rotate_s, uint64_t now, bool *changed)
{
	*changed = false;
	int rc = shorten(keys, rotate_s, now, changed);
	if (rc == 0)
		rc = forget(keys, now, changed);
	if (rc == 0)
		rc = renew(keys, rotate_s, now, changed);
	return rc;
}

int signing_keys_open(
	struct store *store, uint32_t rotate_s, uint64_t now, struct signing_keys **out
)
{
	struct signing_keys *keys = calloc(1, sizeof(*keys));
	bool changed;

	if (keys == NULL)
		return -ENOMEM;
	keys->store = store;
	int rc = load(keys);
	if (rc == 0)
		rc = signing_keys_tick(keys, rotate_s, now, &changed);
	if (rc == 0)
		*out = keys;
	else
		signing_keys_free(keys);
	return rc;
}

void signing_keys_free(struct signing_keys *keys)
{
	if (keys == NULL)
		return;
	for (unsigned i = 0; i < keys->n; i++)
		cjose_jwk_release(keys->keys[i].jwk);
	free(keys);
}

// ---- use

static json_t *public_json(const struct signing_key *key)
{
	cjose_err err;
	char *text = cjose_jwk_to_json(key->jwk, false, &err);
	json_t *json = text == NULL ? NULL : json_loads(text, 0, NULL);

	cjose_get_dealloc()(text);
	if (json != NULL && json_object_set_new(json, "use", json_string("sig")) == 0 &&
	    json_object_set_new(json, "alg", json_string("ES256")) == 0)
		return json;
	json_decref(json);
	return NULL;
}

json_t *signing_keys_jwks(const struct signing_keys *keys)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < keys->n; i++)
		if (json_array_append_new(list, public_json(&keys->keys[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	return json_pack("{s:o}", "keys", list);
}

struct keyset *signing_keys_public(const struct signing_keys *keys)
{
	struct keyset *set = NULL;
	json_t *json = signing_keys_jwks(keys);
	char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);

	if (text != NULL && keyset_parse(span_str(text), NULL, &set) != 0)
		set = NULL;
	free(text);
	json_decref(json);
	return set;
}

// The oldest that still signs; behind the last one's end, which is a store that took no new key,
// the last.
static const struct signing_key *signer(const struct signing_keys *keys, uint64_t now)
{
	for (unsigned i = 0; i < keys->n; i++)
		if (now < keys->keys[i].signs_until)
			return &keys->keys[i];
	return &keys->keys[keys->n - 1];
}

int signing_keys_sign(
	const struct signing_keys *keys, const json_t *claims, uint64_t now, char **token
)
{
	*token = jwt_sign(signer(keys, now)->jwk, claims);
	return *token == NULL ? -ENOMEM : 0;
}
