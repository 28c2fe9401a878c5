// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/recorder/digest.h"

#include <openssl/evp.h>

#include <errno.h>

int digest_of(const struct span *pieces, size_t n, struct digest *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct digest digest;
	bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

	for (size_t i = 0; ok && i < n; i++)
		ok = EVP_DigestUpdate(ctx, pieces[i].p, pieces[i].n) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, digest.b, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return -ENOMEM;
	*out = digest;
	return 0;
}

const char *digest_text(const struct digest *digest, char out[static DIGEST_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		out[2 * i] = digits[digest->b[i] >> 4];
		out[2 * i + 1] = digits[digest->b[i] & 15];
	}
	out[2 * DIGEST_SIZE] = '\0';
	return out;
}

static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool digest_parse(struct span text, struct digest *out)
{
	struct digest digest;

	if (text.n != 2 * DIGEST_SIZE)
		return false;
	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		int high = digit(text.p[2 * i]), low = digit(text.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		digest.b[i] = (uint8_t)(high << 4 | low);
	}
	*out = digest;
	return true;
}
