// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Any bytes as a token, as claims, as a key set. No token is accepted: there is no key to sign one.

#include "controlplane/identity/jwt.h"

#include <jansson.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct config_issuer issuers[] = {
	{.name = "generic", .issuer = "https://issuer", .n_audiences = 1, .audiences = {"gw"}},
	{.name = "rfc9068",
	 .issuer = "https://issuer",
	 .n_audiences = 1,
	 .audiences = {"gw"},
	 .profile = CONFIG_PROFILE_RFC9068},
	{.name = "entra",
	 .issuer = "https://sts.windows.net/T/",
	 .n_audiences = 1,
	 .audiences = {"gw"},
	 .profile = CONFIG_PROFILE_ENTRA},
};

static void as_token(struct span text)
{
	struct jwt *jwt = NULL;
	struct subject *subject = NULL;
	char why[JWT_WHY];

	if (jwt_parse(text, &jwt, why) != 0)
		return;
	if (jwt_verify(jwt, NULL, why) == 0 ||
	    jwt_subject(jwt, &issuers[0], text, NULL, 1700000000, &subject, why) == 0)
		abort();
	jwt_free(jwt);
}

// What the planes rely on.
static void check(const struct subject *subject)
{
	if (subject->key[0] == '\0' || subject->n_groups > SUBJECT_GROUPS_MAX ||
	    subject->n_links == 0 || subject->n_links > SUBJECT_LINKS_MAX ||
	    subject->n_links - 1 != subject->depth ||
	    subject->depth + subject->scope.depth_left != SUBJECT_LINKS_MAX - 1)
		abort();
	for (uint16_t i = 0; i < subject->n_links; i++)
		if (node_is_none(&subject->links[i].node) || subject->links[i].key[0] == '\0')
			abort();
}

static void as_claims(struct span text)
{
	char why[JWT_WHY];

	json_t *claims = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	for (size_t i = 0; i < sizeof(issuers) / sizeof(issuers[0]); i++) {
		struct subject *subject = NULL;
		if (!json_is_object(claims) ||
		    claims_subject(
			    claims, &issuers[i], JWT_TYP_AT, text, 1700000000, &subject, why
		    ) != 0)
			continue;
		check(subject);
		subject_free(subject);
	}
	json_decref(claims);
}

static void as_keys(struct span text)
{
	struct keyset *keys = NULL;

	if (keyset_parse(text, &issuers[2], &keys) == 0 && keyset_count(keys) == 0)
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
