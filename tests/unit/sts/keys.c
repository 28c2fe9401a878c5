// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Signing keys: who signs when, what is published, what is left after a restart.

#include "controlplane/sts/keys.h"

#include "controlplane/config/config.h"
#include "controlplane/identity/jwt.h"
#include "tests/unit/control/recorder_scratch.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <errno.h>

enum { ROTATE = 24 * 3600, LEAD = SIGNING_LEAD_MAX };

static const uint64_t start = 1700000000;

static struct store *open_store(const struct scratch *folder)
{
	struct store *store = NULL;
	char why[STORE_WHY];

	assert_int_equal(store_open(folder->path, &store, why), 0);
	return store;
}

static size_t published(const struct signing_keys *keys)
{
	json_t *jwks = signing_keys_jwks(keys);

	assert_non_null(jwks);
	size_t n = json_array_size(json_object_get(jwks, "keys"));
	json_decref(jwks);
	return n;
}

// The kid of whoever signs at `now`; in a buffer of its own.
static const char *signer(const struct signing_keys *keys, uint64_t now)
{
	static char kids[4][64];
	static unsigned next;
	char *token = NULL, *kid = kids[next++ % 4];
	json_t *claims = json_pack("{s:s}", "iss", "x");

	assert_int_equal(signing_keys_sign(keys, claims, now, &token), 0);
	json_decref(claims);
	unsigned char header[256] = {0};
	char text[256] = {0};
	size_t n = strcspn(token, ".");
	memcpy(text, token, n);
	while (n % 4 != 0)
		text[n++] = '=';
	assert_true(EVP_DecodeBlock(header, (unsigned char *)text, (int)n) > 0);
	const char *from = strstr((char *)header, "\"kid\":\"") + 7;
	snprintf(kid, 64, "%.*s", (int)strcspn(from, "\""), from);
	free(token);
	return kid;
}

static bool is_published(const struct signing_keys *keys, const char *kid)
{
	struct keyset *set = signing_keys_public(keys);
	bool there = keyset_find(set, kid, JWT_ES256) != NULL;

	keyset_unref(set);
	return there;
}

static bool tick(struct signing_keys *keys, uint64_t now)
{
	bool changed = false;

	assert_int_equal(signing_keys_tick(keys, ROTATE, now, &changed), 0);
	return changed;
}

static void a_key_is_known_before_it_signs_and_after(void **)
{
	struct scratch folder = scratch_make();
	struct store *store = open_store(&folder);
	struct signing_keys *keys = NULL;
	char first[64], second[64];

	assert_int_equal(signing_keys_open(store, ROTATE, start, &keys), 0);
	assert_int_equal(published(keys), 1);
	strcpy(first, signer(keys, start));
	assert_int_equal(strlen(first), 43);
	// A lead before its end the next one is made, and does not sign yet.
	uint64_t end = start + ROTATE;
	assert_false(tick(keys, end - LEAD - 1));
	assert_true(tick(keys, end - LEAD));
	assert_int_equal(published(keys), 2);
	assert_string_equal(signer(keys, end - 1), first);
	strcpy(second, signer(keys, end));
	assert_string_not_equal(second, first);
	assert_true(is_published(keys, second));
	// Until the last token that it may have signed has expired.
	assert_false(tick(keys, end + 1));
	uint64_t gone = end + CONFIG_TOKEN_TTL_MAX;
	(void)tick(keys, gone - 1);
	assert_true(is_published(keys, first));
	(void)tick(keys, gone);
	assert_false(is_published(keys, first));
	assert_true(is_published(keys, second));
	signing_keys_free(keys);
	store_close(store);
	scratch_remove(&folder);
}

static void keys_outlive_the_process(void **)
{
	struct scratch folder = scratch_make();
	struct store *store = open_store(&folder);
	struct signing_keys *keys = NULL;
	char first[64];

	assert_int_equal(signing_keys_open(store, ROTATE, start, &keys), 0);
	strcpy(first, signer(keys, start));
	signing_keys_free(keys);
	store_close(store);
	store = open_store(&folder);
	assert_int_equal(signing_keys_open(store, ROTATE, start + 1, &keys), 0);
	assert_string_equal(signer(keys, start + 1), first);
	signing_keys_free(keys);
	// Off for long: nobody knows the next key yet, so the old one signs on for a while.
	uint64_t late = start + 5 * ROTATE;
	assert_int_equal(signing_keys_open(store, ROTATE, late, &keys), 0);
	assert_string_equal(signer(keys, late), first);
	assert_int_equal(published(keys), 2);
	assert_string_not_equal(signer(keys, late + LEAD), first);
	signing_keys_free(keys);
	store_close(store);
	scratch_remove(&folder);
}

static void a_clock_that_jumps_ends_nothing(void **)
{
	struct scratch folder = scratch_make();
	struct store *store = open_store(&folder);
	struct signing_keys *keys = NULL;

	assert_int_equal(signing_keys_open(store, ROTATE, start, &keys), 0);
	(void)tick(keys, start + 1000 * (uint64_t)ROTATE);
	(void)tick(keys, start + 1);
	// Rotation goes on, and nothing signs for years.
	char now[64];
	strcpy(now, signer(keys, start + 1));
	for (uint64_t t = start; t < start + 4 * (uint64_t)ROTATE; t += 1800)
		(void)tick(keys, t);
	assert_string_not_equal(signer(keys, start + 4 * (uint64_t)ROTATE), now);
	assert_true(published(keys) <= 4);
	signing_keys_free(keys);
	store_close(store);
	scratch_remove(&folder);
}

static void what_the_store_refuses_is_tried_again(void **)
{
	struct scratch folder = scratch_make();
	struct store *store = open_store(&folder);
	struct signing_keys *keys = NULL;
	bool changed;

	assert_int_equal(signing_keys_open(store, ROTATE, start, &keys), 0);
	char kid[64];
	strcpy(kid, signer(keys, start));
	assert_int_equal(store_run(store, "ALTER TABLE signing_keys RENAME TO x", NULL, 0), 0);
	uint64_t end = start + ROTATE;
	assert_int_not_equal(signing_keys_tick(keys, ROTATE, end, &changed), 0);
	assert_false(changed);
	assert_string_equal(signer(keys, end + 1), kid);
	assert_int_equal(store_run(store, "ALTER TABLE x RENAME TO signing_keys", NULL, 0), 0);
	assert_true(tick(keys, end + 2));
	assert_int_equal(published(keys), 2);
	signing_keys_free(keys);
	store_close(store);
	scratch_remove(&folder);
}

// ---- with OpenSSL alone

static size_t decode(const char *text, size_t n, unsigned char out[static 2048])
{
	char padded[2048] = {0};
	size_t at = n;

	for (size_t i = 0; i < n; i++)
		padded[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
	while (at % 4 != 0)
		padded[at++] = '=';
	int bytes = EVP_DecodeBlock(out, (unsigned char *)padded, (int)at);
	assert_true(bytes > 0);
	return (size_t)bytes - (at - n);
}

static EVP_PKEY *key_of(const json_t *jwk)
{
	unsigned char point[65] = {4}, bytes[2048];
	const char *x = json_string_value(json_object_get(jwk, "x"));
	const char *y = json_string_value(json_object_get(jwk, "y"));
	char group[] = "P-256";
	EVP_PKEY *key = NULL;

	assert_int_equal(decode(x, strlen(x), bytes), 32);
	memcpy(point + 1, bytes, 32);
	assert_int_equal(decode(y, strlen(y), bytes), 32);
	memcpy(point + 33, bytes, 32);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static void another_library_verifies(void **)
{
	struct scratch folder = scratch_make();
	struct store *store = open_store(&folder);
	struct signing_keys *keys = NULL;
	json_t *claims = json_pack("{s:s}", "iss", "x");
	unsigned char raw[2048], der[128], *at = der;
	char *token = NULL;

	assert_int_equal(signing_keys_open(store, ROTATE, start, &keys), 0);
	assert_int_equal(signing_keys_sign(keys, claims, start, &token), 0);
	json_t *jwks = signing_keys_jwks(keys);
	const json_t *jwk = json_array_get(json_object_get(jwks, "keys"), 0);
	assert_string_equal(json_string_value(json_object_get(jwk, "alg")), "ES256");
	assert_string_equal(json_string_value(json_object_get(jwk, "use")), "sig");
	assert_null(json_object_get(jwk, "d")); // the private half
	EVP_PKEY *key = key_of(jwk);
	const char *dot = strrchr(token, '.');
	assert_int_equal(decode(dot + 1, strlen(dot + 1), raw), 64);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	ECDSA_SIG_set0(sig, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL));
	int n = i2d_ECDSA_SIG(sig, &at);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(
		EVP_DigestVerify(
			md, der, (size_t)n, (const unsigned char *)token, (size_t)(dot - token)
		),
		1
	);
	EVP_MD_CTX_free(md);
	ECDSA_SIG_free(sig);
	EVP_PKEY_free(key);
	json_decref(jwks);
	json_decref(claims);
	free(token);
	signing_keys_free(keys);
	store_close(store);
	scratch_remove(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_known_before_it_signs_and_after),
		cmocka_unit_test(keys_outlive_the_process),
		cmocka_unit_test(a_clock_that_jumps_ends_nothing),
		cmocka_unit_test(what_the_store_refuses_is_tried_again),
		cmocka_unit_test(another_library_verifies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
