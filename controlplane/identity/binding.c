// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/binding.h"

#include <jansson.h>
#include <openssl/crypto.h>

#include <stdio.h>
#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const uint8_t none[BINDING_HASH];

static int refuse(char why[static JWT_WHY], const char *text)
{
	snprintf(why, JWT_WHY, "%s", text);
	return ERR_AUTH;
}

const char *binding_text(
	const uint8_t hash[static BINDING_HASH], char out[static BINDING_TEXT_SIZE]
)
{
	uint32_t bits = 0;
	unsigned n_bits = 0;
	size_t at = 0;

	for (size_t i = 0; i < BINDING_HASH; i++) {
		bits = bits << 8 | hash[i];
		for (n_bits += 8; n_bits >= 6; n_bits -= 6)
			out[at++] = letters[bits >> (n_bits - 6) & 0x3f];
	}
	out[at++] = letters[bits << (6 - n_bits) & 0x3f];
	out[at] = '\0';
	return out;
}

// What is written back the same is the only spelling: the last letter has two bits to spare.
bool binding_parse(const char *text, uint8_t out[static BINDING_HASH])
{
	uint8_t hash[BINDING_HASH];
	char again[BINDING_TEXT_SIZE];
	uint32_t bits = 0;
	unsigned n_bits = 0;
	size_t at = 0;

	if (strlen(text) != BINDING_TEXT_SIZE - 1 || strspn(text, letters) != strlen(text))
		return false;
	for (; *text != '\0'; text++) {
		bits = bits << 6 | (uint32_t)(strchr(letters, *text) - letters);
		n_bits += 6;
		if (n_bits < 8)
			continue;
		n_bits -= 8;
		hash[at++] = (uint8_t)(bits >> n_bits);
	}
	if (strcmp(binding_text(hash, again), text - (BINDING_TEXT_SIZE - 1)) != 0 ||
	    memcmp(hash, none, sizeof(hash)) == 0)
		return false;
	memcpy(out, hash, sizeof(hash));
	return true;
}

int binding_check(const json_t *claims, const uint8_t *certificate, char why[static JWT_WHY])
{
	const json_t *cnf = json_object_get(claims, "cnf");
	const char *text = json_string_value(json_object_get(cnf, "x5t#S256"));
	uint8_t bound[BINDING_HASH];

	if (cnf == NULL)
		return 0;
	// A second member would be a second condition, which nobody checks.
	if (text == NULL || json_object_size(cnf) != 1)
		return refuse(why, "token is bound to a key in a way that cannot be checked here");
	if (!binding_parse(text, bound))
		return refuse(why, "token's cnf has no usable x5t#S256");
	if (certificate == NULL || memcmp(certificate, none, sizeof(none)) == 0)
		return refuse(why, "token is bound to a certificate, and none was shown");
	if (CRYPTO_memcmp(bound, certificate, sizeof(bound)) != 0)
		return refuse(why, "token is bound to another certificate");
	return 0;
}
