// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Microseconds of CPU from a token's bytes to its subject, whose keys are there: by
// algorithm, and where the time goes. Median of five runs, and the slowest hundredth of all.

#include "controlplane/identity/jwt.h"

#include <cjose/cjose.h>
#include <jansson.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS = 5, TOKENS = 2000, NOW = 1700000000 };

static const char claims[] =
	"{\"iss\":\"https://idp.example\",\"aud\":\"bulkhead\",\"exp\":1700003600,\"iat\":1700000000,"
	"\"sub\":\"agent-7\",\"client_id\":\"agent-7\",\"jti\":\"2b1f6c0d9a\",\"scope\":\"db\","
	"\"groups\":[\"agents\",\"readers\",\"eu\"],\"roles\":[\"analyst\"]}";

static const struct config_issuer issuer = {
	.name = "idp",
	.issuer = "https://idp.example",
	.n_audiences = 1,
	.audiences = {"bulkhead"},
	.profile = CONFIG_PROFILE_RFC9068,
};

static void die(const char *what)
{
	fprintf(stderr, "bench_token_verify: %s\n", what);
	exit(1);
}

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return 1e6 * (double)ts.tv_sec + 1e-3 * (double)ts.tv_nsec;
}

static char *sign(const cjose_jwk_t *key, const char *alg)
{
	cjose_err err;
	const char *compact = NULL;
	cjose_header_t *header = cjose_header_new(&err);

	if (header == NULL || !cjose_header_set(header, "alg", alg, &err) ||
	    !cjose_header_set(header, "typ", "at+jwt", &err) ||
	    !cjose_header_set(header, "kid", "k", &err))
		die("no header");
	cjose_jws_t *jws =
		cjose_jws_sign(key, header, (const uint8_t *)claims, strlen(claims), &err);
	if (jws == NULL || !cjose_jws_export(jws, &compact, &err))
		die("cannot sign");
	char *token = strdup(compact);
	cjose_jws_release(jws);
	cjose_header_release(header);
	return token;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

struct taken {
	double parse, verify, subject, all;
};

static struct taken verify_one(struct span token, const struct keyset *keys)
{
	struct subject *subject = NULL;
	struct jwt *jwt = NULL;
	char why[JWT_WHY] = "no memory";
	double at[4];

	at[0] = now_us();
	if (jwt_parse(token, &jwt, why) != 0)
		die(why);
	at[1] = now_us();
	if (jwt_verify(jwt, keys, why) != 0)
		die(why);
	at[2] = now_us();
	if (jwt_subject(jwt, &issuer, token, NULL, NOW, &subject, why) != 0)
		die(why);
	at[3] = now_us();
	jwt_free(jwt);
	subject_free(subject);
	return (struct taken){at[1] - at[0], at[2] - at[1], at[3] - at[2], at[3] - at[0]};
}

static void measure(const char *alg, cjose_jwk_t *key)
{
	static double all[RUNS * TOKENS];
	double medians[RUNS], parse = 0, subject = 0;
	struct keyset *keys = NULL;
	cjose_err err;

	if (key == NULL || !cjose_jwk_set_kid(key, "k", 1, &err) || keyset_of_key(key, &keys) != 0)
		die("no key");
	char *token = sign(key, alg);
	for (int run = 0; run < RUNS; run++) {
		double *one = &all[run * TOKENS];
		for (int i = 0; i < TOKENS; i++) {
			struct taken taken = verify_one(span_str(token), keys);
			one[i] = taken.all;
			parse += taken.parse;
			subject += taken.subject;
		}
		qsort(one, TOKENS, sizeof(*one), by_size);
		medians[run] = one[TOKENS / 2];
	}
	qsort(medians, RUNS, sizeof(medians[0]), by_size);
	qsort(all, RUNS * TOKENS, sizeof(all[0]), by_size);
	printf("%-6s %4zu bytes  median %6.1f us (%.1f to %.1f)  p99 %6.1f us  "
	       "of it parsing %.1f us, claims %.1f us\n",
	       alg, strlen(token), medians[RUNS / 2], medians[0], medians[RUNS - 1],
	       all[RUNS * TOKENS * 99 / 100], parse / (RUNS * TOKENS), subject / (RUNS * TOKENS));
	free(token);
	keyset_unref(keys);
	cjose_jwk_release(key);
}

int main(void)
{
	static const uint8_t exponent[] = {1, 0, 1};
	cjose_err err;

	printf("%d runs of %d tokens each\n", RUNS, TOKENS);
	measure("ES256", cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &err));
	measure("RS256", cjose_jwk_create_RSA_random(2048, exponent, sizeof(exponent), &err));
	measure("PS256", cjose_jwk_create_RSA_random(2048, exponent, sizeof(exponent), &err));
	return 0;
}
