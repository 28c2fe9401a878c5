// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/scram.h"

#include "dataplane/proto/postgres/scram_cache.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

// Text under construction; a write beyond its end marks it bad.
struct text {
	char *p;
	size_t cap, n;
	bool bad;
};

static void add(struct text *text, struct span s)
{
	if (text->bad || s.n > text->cap - text->n) {
		text->bad = true;
		return;
	}
	memcpy(text->p + text->n, s.p, s.n);
	text->n += s.n;
}

static void add_base64(struct text *text, struct span s)
{
	if (text->bad || s.n > INT32_MAX / 4 || 4 * ((s.n + 2) / 3) + 1 > text->cap - text->n) {
		text->bad = true;
		return;
	}
	int n = EVP_EncodeBlock((uint8_t *)text->p + text->n, s.p, (int)s.n);
	text->n += (size_t)n;
}

void scram_init(
	struct scram *scram, struct span password, const uint8_t nonce[SCRAM_NONCE],
	enum scram_binding flag, struct span binding, struct scram_cache *cache
)
{
	*scram = (struct scram){.password = password, .cache = cache, .flag = flag};
	EVP_EncodeBlock((uint8_t *)scram->nonce, nonce, SCRAM_NONCE);
	scram->binding_len = binding.n < SCRAM_BINDING_MAX ? binding.n : SCRAM_BINDING_MAX;
	if (scram->binding_len > 0)
		memcpy(scram->binding, binding.p, scram->binding_len);
}

void scram_fini(struct scram *scram)
{
	OPENSSL_cleanse(scram, sizeof(*scram));
}

static struct span gs2_header(const struct scram *scram)
{
	switch (scram->flag) {
	case SCRAM_BINDING_USED:
		return SPAN_LIT("p=tls-server-end-point,,");
	case SCRAM_BINDING_UNUSED:
		return SPAN_LIT("y,,");
	case SCRAM_BINDING_NONE:
		break;
	}
	return SPAN_LIT("n,,");
}

static void add_first_bare(const struct scram *scram, struct text *text)
{
	add(text, SPAN_LIT("n=,r="));
	add(text, span_str(scram->nonce));
}

int scram_first(const struct scram *scram, struct buf *out)
{
	char bytes[128];
	struct text text = {bytes, sizeof(bytes), 0, false};

	add(&text, gs2_header(scram));
	add_first_bare(scram, &text);
	return text.bad ? ERR_LIMIT : buf_append(out, span_of(text.p, text.n));
}

struct server_first {
	struct span nonce;
	uint8_t salt[SCRAM_SALT_MAX];
	size_t salt_len;
	uint32_t iterations;
};

// The attribute `name`= at the start of *rest, up to the next comma; *rest moves behind it.
static bool take_attribute(struct span *rest, char name, struct span *value)
{
	if (rest->n < 2 || rest->p[0] != (uint8_t)name || rest->p[1] != '=')
		return false;
	*rest = span_from(*rest, 2);
	const uint8_t *comma = memchr(rest->p, ',', rest->n);
	size_t n = comma == NULL ? rest->n : (size_t)(comma - rest->p);
	*value = span_first(*rest, n);
	*rest = span_from(*rest, comma == NULL ? n : n + 1);
	return true;
}

// Exact base64: no blanks, padding only at the end. EVP_DecodeBlock is laxer, so look first.
static bool decode_base64(struct span text, uint8_t *out, size_t max, size_t *len)
{
	size_t pad = 0;
	uint8_t bytes[3 * ((SCRAM_SALT_MAX + 2) / 3) + 3];

	if (text.n == 0 || text.n % 4 != 0 || text.n / 4 * 3 > sizeof(bytes))
		return false;
	while (pad < 2 && text.p[text.n - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < text.n - pad; i++) {
		uint8_t c = text.p[i];
		bool ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			  (c >= '0' && c <= '9') || c == '+' || c == '/';
		if (!ok)
			return false;
	}
	int n = EVP_DecodeBlock(bytes, text.p, (int)text.n);
	if (n < (int)pad || (size_t)n - pad > max)
		return false;
	*len = (size_t)n - pad;
	memcpy(out, bytes, *len);
	return true;
}

static bool decode_number(struct span text, uint32_t *value)
{
	uint32_t v = 0;

	if (text.n == 0 || text.n > 6 || text.p[0] == '0')
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		v = v * 10 + (uint32_t)(text.p[i] - '0');
	}
	*value = v;
	return v <= SCRAM_ITERATIONS_MAX;
}

// RFC 5802 section 5.1: r, s, i in this order; an extension (m=) makes the exchange fail.
static bool parse_first(const struct scram *scram, struct span text, struct server_first *first)
{
	struct span salt, iterations;

	if (text.n > SCRAM_SERVER_FIRST_MAX || !take_attribute(&text, 'r', &first->nonce) ||
	    !take_attribute(&text, 's', &salt) || !take_attribute(&text, 'i', &iterations) ||
	    text.n > 0)
		return false;
	if (first->nonce.n <= SCRAM_NONCE_TEXT ||
	    memcmp(first->nonce.p, scram->nonce, SCRAM_NONCE_TEXT) != 0)
		return false;
	for (size_t i = 0; i < first->nonce.n; i++)
		if (first->nonce.p[i] < 0x21 || first->nonce.p[i] > 0x7e)
			return false;
	return decode_base64(salt, first->salt, sizeof(first->salt), &first->salt_len) &&
	       decode_number(iterations, &first->iterations);
}

static void add_final_without_proof(
	const struct scram *scram, const struct server_first *first, struct text *text
)
{
	char bytes[32 + SCRAM_BINDING_MAX];
	struct text header = {bytes, sizeof(bytes), 0, false};

	add(&header, gs2_header(scram));
	if (scram->flag == SCRAM_BINDING_USED)
		add(&header, span_of(scram->binding, scram->binding_len));
	text->bad |= header.bad;
	add(text, SPAN_LIT("c="));
	add_base64(text, span_of(header.p, header.n));
	add(text, SPAN_LIT(",r="));
	add(text, first->nonce);
}

// ClientProof and ServerSignature (RFC 5802 section 3).
static int sign(
	struct scram *scram, const struct server_first *first, struct span auth_message,
	uint8_t proof[SCRAM_KEY]
)
{
	struct scram_keys keys;
	uint8_t stored[SCRAM_KEY], signature[SCRAM_KEY];
	int r = scram_keys_derive(
		scram->cache, scram->password, span_of(first->salt, first->salt_len),
		first->iterations, &keys
	);

	if (r == 0 && SHA256(keys.client, SCRAM_KEY, stored) == NULL)
		r = ERR_AUTH;
	if (r == 0)
		r = scram_hmac(stored, auth_message, signature);
	if (r == 0)
		r = scram_hmac(keys.server, auth_message, scram->server_signature);
	for (unsigned i = 0; r == 0 && i < SCRAM_KEY; i++)
		proof[i] = keys.client[i] ^ signature[i];
	OPENSSL_cleanse(&keys, sizeof(keys));
	OPENSSL_cleanse(stored, sizeof(stored));
	return r;
}

int scram_final(struct scram *scram, struct span server_first, struct buf *out)
{
	char auth_bytes[2 * SCRAM_SERVER_FIRST_MAX + 512],
		final_bytes[SCRAM_SERVER_FIRST_MAX + 512];
	struct text auth = {auth_bytes, sizeof(auth_bytes), 0, false};
	struct text final = {final_bytes, sizeof(final_bytes), 0, false};
	struct server_first first;
	uint8_t proof[SCRAM_KEY];

	if (!parse_first(scram, server_first, &first))
		return ERR_AUTH;
	add_final_without_proof(scram, &first, &final);
	add_first_bare(scram, &auth);
	add(&auth, SPAN_LIT(","));
	add(&auth, server_first);
	add(&auth, SPAN_LIT(","));
	add(&auth, span_of(final.p, final.n));
	if (auth.bad || final.bad)
		return ERR_AUTH;
	int r = sign(scram, &first, span_of(auth.p, auth.n), proof);
	if (r != 0)
		return r;
	add(&final, SPAN_LIT(",p="));
	add_base64(&final, span_of(proof, sizeof(proof)));
	return final.bad ? ERR_AUTH : buf_append(out, span_of(final.p, final.n));
}

int scram_verify(const struct scram *scram, struct span server_final)
{
	struct span value;
	uint8_t signature[SCRAM_KEY];
	size_t len;

	// An error (e=) is no verifier; PostgreSQL sends an ErrorResponse instead.
	if (!take_attribute(&server_final, 'v', &value) || server_final.n > 0 ||
	    !decode_base64(value, signature, sizeof(signature), &len) || len != SCRAM_KEY ||
	    CRYPTO_memcmp(signature, scram->server_signature, SCRAM_KEY) != 0)
		return ERR_AUTH;
	return 0;
}
