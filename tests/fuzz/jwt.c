// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Any bytes as a token, as claims, as a key set. No token is accepted: there is no key to sign one.

#include "controlplane/identity/jwt.h"

#include <jansson.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct config_issuer issuer = {
	.name = "test",
	.issuer = "https://issuer",
	.n_audiences = 1,
	.audiences = {"gw"},
	.skew_s = 60,
};

static void as_token(struct span text)
{
	struct jwt *jwt = NULL;
	struct subject *subject = NULL;
	char why[JWT_WHY];

	if (jwt_parse(text, &jwt, why) != 0)
		return;
	if (jwt_verify(jwt, NULL, why) == 0 ||
	    jwt_subject(jwt, &issuer, text, NULL, 1700000000, &subject, why) == 0)
		abort();
	jwt_free(jwt);
}

static void as_claims(struct span text)
{
	struct subject *subject = NULL;
	char why[JWT_WHY];

	json_t *claims = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(claims) &&
	    claims_subject(claims, &issuer, 1700000000, &subject, why) == 0) {
		if (subject->key[0] == '\0' || subject->n_groups > SUBJECT_GROUPS_MAX)
			abort();
		subject_free(subject);
	}
	json_decref(claims);
}

static void as_keys(struct span text)
{
	struct keyset *keys = NULL;

	if (keyset_parse(text, &keys) == 0 && keyset_count(keys) == 0)
		abort();
	keyset_unref(keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);

	as_token(text);
	as_claims(text);
	as_keys(text);
	return 0;
}
