// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tls/aead.h"

#include <openssl/crypto.h>

#include <intel-ipsec-mb.h>
#include <stdlib.h>

enum aead_limit {
	AEAD_KEPT = 256, // keys in their long form: 256 KB, which a core's L2 holds
};

// A key in its long form, where the library's aligned loads may reach it.
struct kept_key {
	_Alignas(64) struct gcm_key_data gcm;
	uint64_t number; // 0: none
};

struct aead {
	IMB_MGR *mgr;
	uint64_t next_number;
	struct kept_key kept[AEAD_KEPT]; // by number
};

struct aead *aead_new(void)
{
	struct aead *aead = aligned_alloc(_Alignof(struct aead), sizeof(*aead));
	if (aead == NULL)
		return NULL;
	memset(aead, 0, sizeof(*aead));
	aead->mgr = alloc_mb_mgr(0);
	if (aead->mgr == NULL) {
		free(aead);
		return NULL;
	}
	init_mb_mgr_auto(aead->mgr, NULL);
	return aead;
}

void aead_free(struct aead *aead)
{
	if (aead == NULL)
		return;
	free_mb_mgr(aead->mgr);
	OPENSSL_cleanse(aead->kept, sizeof(aead->kept));
	free(aead);
}

size_t aead_key_size(enum aead_suite suite)
{
	return suite == AEAD_AES_128_GCM ? 16 : 32;
}

void aead_key_begin(struct aead *aead, struct aead_key *key)
{
	key->number = ++aead->next_number;
}

static struct kept_key *place_of(struct aead *aead, const struct aead_key *key)
{
	return &aead->kept[key->number % AEAD_KEPT];
}

void aead_key_end(struct aead *aead, struct aead_key *key)
{
	struct kept_key *kept = place_of(aead, key);
	if (kept->number == key->number)
		OPENSSL_cleanse(kept, sizeof(*kept));
	OPENSSL_cleanse(key, sizeof(*key));
}

static const struct gcm_key_data *gcm_key(struct aead *aead, const struct aead_key *key)
{
	struct kept_key *kept = place_of(aead, key);
	if (kept->number != key->number) {
		if (key->suite == AEAD_AES_128_GCM)
			IMB_AES128_GCM_PRE(aead->mgr, key->key, &kept->gcm);
		else
			IMB_AES256_GCM_PRE(aead->mgr, key->key, &kept->gcm);
		kept->number = key->number;
	}
	return &kept->gcm;
}

// RFC 8446 5.3: the sequence number, in network order and at the right end, over the IV.
static void nonce_make(const struct aead_key *key, uint64_t sequence, uint8_t out[AEAD_NONCE])
{
	memcpy(out, key->iv, AEAD_NONCE);
	for (int i = AEAD_NONCE - 1; i >= AEAD_NONCE - 8; i--, sequence >>= 8)
		out[i] ^= (uint8_t)sequence;
}

void aead_seal(
	struct aead *aead, const struct aead_key *key, uint64_t sequence, struct span header,
	struct span plain, uint8_t type, uint8_t *out
)
{
	uint8_t nonce[AEAD_NONCE], *last = out + plain.n, *tag = last + 1;
	const struct gcm_key_data *gcm;
	struct gcm_context_data gcm_state;
	struct chacha20_poly1305_context_data chacha;
	IMB_MGR *mgr = aead->mgr;

	nonce_make(key, sequence, nonce);
	switch (key->suite) {
	case AEAD_AES_128_GCM:
		gcm = gcm_key(aead, key);
		IMB_AES128_GCM_INIT(mgr, gcm, &gcm_state, nonce, header.p, header.n);
		IMB_AES128_GCM_ENC_UPDATE(mgr, gcm, &gcm_state, out, plain.p, plain.n);
		IMB_AES128_GCM_ENC_UPDATE(mgr, gcm, &gcm_state, last, &type, 1);
		IMB_AES128_GCM_ENC_FINALIZE(mgr, gcm, &gcm_state, tag, AEAD_TAG);
		break;
	case AEAD_AES_256_GCM:
		gcm = gcm_key(aead, key);
		IMB_AES256_GCM_INIT(mgr, gcm, &gcm_state, nonce, header.p, header.n);
		IMB_AES256_GCM_ENC_UPDATE(mgr, gcm, &gcm_state, out, plain.p, plain.n);
		IMB_AES256_GCM_ENC_UPDATE(mgr, gcm, &gcm_state, last, &type, 1);
		IMB_AES256_GCM_ENC_FINALIZE(mgr, gcm, &gcm_state, tag, AEAD_TAG);
		break;
	case AEAD_CHACHA20_POLY1305:
		IMB_CHACHA20_POLY1305_INIT(mgr, key->key, &chacha, nonce, header.p, header.n);
		IMB_CHACHA20_POLY1305_ENC_UPDATE(mgr, key->key, &chacha, out, plain.p, plain.n);
		IMB_CHACHA20_POLY1305_ENC_UPDATE(mgr, key->key, &chacha, last, &type, 1);
		IMB_CHACHA20_POLY1305_ENC_FINALIZE(mgr, &chacha, tag, AEAD_TAG);
		break;
	}
}

bool aead_open(
	struct aead *aead, const struct aead_key *key, uint64_t sequence, struct span header,
	struct span sealed, uint8_t *out
)
{
	uint8_t nonce[AEAD_NONCE], theirs[AEAD_TAG], ours[AEAD_TAG] = {};
	size_t n = sealed.n - AEAD_TAG;
	struct gcm_context_data gcm_state;
	struct chacha20_poly1305_context_data chacha;
	IMB_MGR *mgr = aead->mgr;

	// In place, the output may come to lie over it.
	memcpy(theirs, sealed.p + n, AEAD_TAG);
	nonce_make(key, sequence, nonce);
	switch (key->suite) {
	case AEAD_AES_128_GCM:
		IMB_AES128_GCM_DEC(
			mgr, gcm_key(aead, key), &gcm_state, out, sealed.p, n, nonce, header.p,
			header.n, ours, AEAD_TAG
		);
		break;
	case AEAD_AES_256_GCM:
		IMB_AES256_GCM_DEC(
			mgr, gcm_key(aead, key), &gcm_state, out, sealed.p, n, nonce, header.p,
			header.n, ours, AEAD_TAG
		);
		break;
	case AEAD_CHACHA20_POLY1305:
		IMB_CHACHA20_POLY1305_INIT(mgr, key->key, &chacha, nonce, header.p, header.n);
		IMB_CHACHA20_POLY1305_DEC_UPDATE(mgr, key->key, &chacha, out, sealed.p, n);
		IMB_CHACHA20_POLY1305_DEC_FINALIZE(mgr, &chacha, ours, AEAD_TAG);
		break;
	}
	return CRYPTO_memcmp(ours, theirs, AEAD_TAG) == 0;
}

// A record that is being opened part by part.
struct opening {
	struct aead *aead;
	const struct aead_key *key;
	const struct gcm_key_data *gcm;
	struct gcm_context_data gcm_state;
	struct chacha20_poly1305_context_data chacha;
};

static void opening_begin(struct opening *o, const uint8_t *nonce, struct span header)
{
	IMB_MGR *mgr = o->aead->mgr;

	switch (o->key->suite) {
	case AEAD_AES_128_GCM:
		o->gcm = gcm_key(o->aead, o->key);
		IMB_AES128_GCM_INIT(mgr, o->gcm, &o->gcm_state, nonce, header.p, header.n);
		break;
	case AEAD_AES_256_GCM:
		o->gcm = gcm_key(o->aead, o->key);
		IMB_AES256_GCM_INIT(mgr, o->gcm, &o->gcm_state, nonce, header.p, header.n);
		break;
	case AEAD_CHACHA20_POLY1305:
		IMB_CHACHA20_POLY1305_INIT(mgr, o->key->key, &o->chacha, nonce, header.p, header.n);
		break;
	}
}

static void opening_add(struct opening *o, struct span part, uint8_t *out)
{
	IMB_MGR *mgr = o->aead->mgr;

	switch (o->key->suite) {
	case AEAD_AES_128_GCM:
		IMB_AES128_GCM_DEC_UPDATE(mgr, o->gcm, &o->gcm_state, out, part.p, part.n);
		break;
	case AEAD_AES_256_GCM:
		IMB_AES256_GCM_DEC_UPDATE(mgr, o->gcm, &o->gcm_state, out, part.p, part.n);
		break;
	case AEAD_CHACHA20_POLY1305:
		IMB_CHACHA20_POLY1305_DEC_UPDATE(mgr, o->key->key, &o->chacha, out, part.p, part.n);
		break;
	}
}

static void opening_end(struct opening *o, uint8_t tag[static AEAD_TAG])
{
	IMB_MGR *mgr = o->aead->mgr;

	switch (o->key->suite) {
	case AEAD_AES_128_GCM:
		IMB_AES128_GCM_DEC_FINALIZE(mgr, o->gcm, &o->gcm_state, tag, AEAD_TAG);
		break;
	case AEAD_AES_256_GCM:
		IMB_AES256_GCM_DEC_FINALIZE(mgr, o->gcm, &o->gcm_state, tag, AEAD_TAG);
		break;
	case AEAD_CHACHA20_POLY1305:
		IMB_CHACHA20_POLY1305_DEC_FINALIZE(mgr, &o->chacha, tag, AEAD_TAG);
		break;
	}
}

bool aead_open_parts(
	struct aead *aead, const struct aead_key *key, uint64_t sequence, struct span header,
	const struct span *parts, size_t n_parts, uint8_t *out
)
{
	uint8_t nonce[AEAD_NONCE], theirs[AEAD_TAG], ours[AEAD_TAG] = {};
	struct opening o = {.aead = aead, .key = key};
	size_t left = 0, n_tag = 0;

	if (n_parts == 1)
		return aead_open(aead, key, sequence, header, parts[0], out);
	for (size_t i = 0; i < n_parts; i++)
		left += parts[i].n;
	left -= AEAD_TAG;
	nonce_make(key, sequence, nonce);
	opening_begin(&o, nonce, header);
	for (size_t i = 0; i < n_parts; i++) {
		struct span sealed = span_first(parts[i], left);
		struct span tag = span_from(parts[i], sealed.n);
		if (sealed.n > 0)
			opening_add(&o, sealed, out);
		out += sealed.n;
		left -= sealed.n;
		if (tag.n > 0)
			memcpy(theirs + n_tag, tag.p, tag.n);
		n_tag += tag.n;
	}
	opening_end(&o, ours);
	return CRYPTO_memcmp(ours, theirs, AEAD_TAG) == 0;
}
