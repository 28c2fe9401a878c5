// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/sign.h"

#include <cjose/cjose.h>
#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

bool jwt_id_make(char out[static JWT_ID_SIZE])
{
	uint8_t bytes[(JWT_ID_SIZE - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

char *jwt_sign(const cjose_jwk_t *key, const json_t *claims)
{
	const char *compact = NULL;
	char *token = NULL;
	cjose_err err;
	cjose_jws_t *jws = NULL;
	char *text = json_dumps(claims, JSON_COMPACT);
	cjose_header_t *header = cjose_header_new(&err);

	if (text != NULL && header != NULL && cjose_header_set(header, "alg", "ES256", &err) &&
	    cjose_header_set(header, "typ", "at+jwt", &err) &&
	    cjose_header_set(header, "kid", cjose_jwk_get_kid(key, &err), &err))
		jws = cjose_jws_sign(key, header, (const uint8_t *)text, strlen(text), &err);
	if (jws != NULL && cjose_jws_export(jws, &compact, &err))
		token = strdup(compact);
	cjose_jws_release(jws);
	cjose_header_release(header);
	free(text);
	return token;
}
