// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/scram_cache.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <stdlib.h>

enum { ENTRIES = 16 };

struct entry {
	uint8_t id[SCRAM_KEY]; // over password, salt and iterations
	struct scram_keys keys;
	bool used;
};

struct scram_cache {
	struct entry entry[ENTRIES];
	unsigned next;
};

struct scram_cache *scram_cache_new(void)
{
	return calloc(1, sizeof(struct scram_cache));
}

void scram_cache_free(struct scram_cache *cache)
{
	if (cache == NULL)
		return;
	OPENSSL_cleanse(cache, sizeof(*cache));
	free(cache);
}

int scram_hmac(const uint8_t key[SCRAM_KEY], struct span text, uint8_t out[SCRAM_KEY])
{
	unsigned int len = 0;

	// OpenSSL allocates a context here and frees it again.
	if (HMAC(EVP_sha256(), key, SCRAM_KEY, text.p, text.n, out, &len) == NULL ||
	    len != SCRAM_KEY)
		return ERR_AUTH;
	return 0;
}

static int identify(
	struct span password, struct span salt, uint32_t iterations, uint8_t id[SCRAM_KEY]
)
{
	uint8_t head[SCRAM_KEY], all[SCRAM_KEY + 4 + SCRAM_SALT_MAX];

	if (salt.n > SCRAM_SALT_MAX || SHA256(password.p, password.n, head) == NULL)
		return ERR_AUTH;
	memcpy(all, head, SCRAM_KEY);
	memcpy(all + SCRAM_KEY, &iterations, 4);
	memcpy(all + SCRAM_KEY + 4, salt.p, salt.n);
	bool ok = SHA256(all, SCRAM_KEY + 4 + salt.n, id) != NULL;
	OPENSSL_cleanse(head, sizeof(head));
	OPENSSL_cleanse(all, sizeof(all));
	return ok ? 0 : ERR_AUTH;
}

static int derive(
	struct span password, struct span salt, uint32_t iterations, struct scram_keys *keys
)
{
	uint8_t salted[SCRAM_KEY];
	int r = ERR_AUTH;

	if (password.n <= INT32_MAX &&
	    PKCS5_PBKDF2_HMAC(
		    (const char *)password.p, (int)password.n, salt.p, (int)salt.n, (int)iterations,
		    EVP_sha256(), SCRAM_KEY, salted
	    ) == 1)
		r = scram_hmac(salted, SPAN_LIT("Client Key"), keys->client);
	if (r == 0)
		r = scram_hmac(salted, SPAN_LIT("Server Key"), keys->server);
	OPENSSL_cleanse(salted, sizeof(salted));
	return r;
}

int scram_keys_derive(
	struct scram_cache *cache, struct span password, struct span salt, uint32_t iterations,
	struct scram_keys *keys
)
{
	uint8_t id[SCRAM_KEY];

	if (cache == NULL)
		return derive(password, salt, iterations, keys);
	int r = identify(password, salt, iterations, id);
	if (r != 0)
		return r;
	for (unsigned i = 0; i < ENTRIES; i++) {
		const struct entry *e = &cache->entry[i];
		if (e->used && CRYPTO_memcmp(e->id, id, sizeof(id)) == 0) {
			*keys = e->keys;
			return 0;
		}
	}
	r = derive(password, salt, iterations, keys);
	if (r != 0)
		return r;
	struct entry *e = &cache->entry[cache->next++ % ENTRIES];
	memcpy(e->id, id, sizeof(id));
	e->keys = *keys;
	e->used = true;
	return 0;
}
