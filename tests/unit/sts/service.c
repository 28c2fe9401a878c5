// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/sts/service.h"

#include "tests/unit/control/sample.h"

#include <openssl/evp.h>

#define ISSUERS \
	"issuers:\n  - {name: test, issuer: \"https://issuer\", audience: gw, keys: {file: %s}}\n"
#define MORE                                                                      \
	"  - name: ledger\n    protocol: postgres\n    address: 127.0.0.1:5433\n" \
	"    tls: off\n"                                                          \
	"    credential: {user: app, password: {env: BULKHEAD_TEST_SECRET}}\n"

static struct token_key provider = {"p1", "ES256"};

static bool is_refused(void *ctx, const struct subject *subject, char why[JWT_WHY])
{
	const struct service *s = ctx;

	for (uint16_t i = 0; i < subject->n_links; i++)
		if (node_equal(&subject->links[i].subject, &s->revoked)) {
			strcpy(why, "revoked: the test said so");
			return true;
		}
	return false;
}

static struct config *read_config(struct service *s, const char *issuers, const char *keys)
{
	char text[4096], list[1024];

	snprintf(list, sizeof(list), issuers, scratch_file(&s->folder, "jwks.json"));
	snprintf(
		text, sizeof(text),
		SAMPLE_GATEWAY "%s" SAMPLE_RESOURCES MORE SAMPLE_LISTENERS SAMPLE_RULES
			       "token_service: {issuer: \"https://gateway\"%s}\n",
		list, keys
	);
	return sample_config(text);
}

static void put_in_force(struct service *s, struct config *config)
{
	struct config_errors errors = {0};
	struct identity_set *set = NULL;

	assert_int_equal(identity_prepare(config, &set, &errors), 0);
	identity_commit(s->identity, set);
	sts_configure(s->sts, config, service_now);
	assert_true(sts_is_enabled(s->sts));
	config_errors_fini(&errors);
	config_free(s->config);
	s->config = config;
}

void service_make(struct service *s, const char *keys)
{
	char why[STORE_WHY];

	*s = (struct service){.folder = scratch_make()};
	if (provider.key == NULL)
		provider.key = token_key_new(0);
	char *set = token_jwks(&provider, 1, "");
	FILE *f = fopen(scratch_file(&s->folder, "jwks.json"), "w");
	assert_non_null(f);
	fputs(set, f);
	fclose(f);
	free(set);
	assert_int_equal(store_open(s->folder.path, &s->store, why), 0);
	assert_int_equal(audit_open(s->folder.path, &s->audit), 0);
	s->identity = identity_new();
	assert_non_null(s->identity);
	const struct sts_config config = {
		.store = s->store,
		.identity = s->identity,
		.audit = s->audit,
		.is_refused = is_refused,
		.ctx = s,
	};
	assert_int_equal(sts_new(&config, &s->sts), 0);
	put_in_force(s, read_config(s, ISSUERS, keys));
}

void service_reload(struct service *s, const char *issuers, const char *keys)
{
	put_in_force(s, read_config(s, issuers == NULL ? ISSUERS : issuers, keys));
}

void service_fini(struct service *s)
{
	sts_free(s->sts);
	identity_free(s->identity);
	audit_close(s->audit);
	store_close(s->store);
	config_free(s->config);
	scratch_remove(&s->folder);
}

char *service_root(const char *claims)
{
	char text[16384];

	snprintf(
		text, sizeof(text),
		"{\"iss\":\"https://issuer\",\"aud\":\"gw\",\"exp\":%llu,\"jti\":\"root\",%s}",
		(unsigned long long)service_now + 3600, claims
	);
	return token_make(&provider, text);
}

static void add(struct sts_param *params, size_t *n, const char *name, const char *value)
{
	params[(*n)++] = (struct sts_param){span_str(name), span_str(value)};
}

struct answer service_trade(
	struct service *s, uint64_t now, const uint8_t *certificate, const char *token, ...
)
{
	static const char type[] = "urn:ietf:params:oauth:token-type:access_token";
	struct sts_param params[STS_PARAMS_MAX];
	struct answer a = {0};
	size_t n = 0;
	va_list list;

	add(params, &n, "grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
	add(params, &n, "subject_token", token);
	add(params, &n, "subject_token_type", type);
	va_start(list, token);
	for (const char *name = va_arg(list, const char *); name != NULL;
	     name = va_arg(list, const char *)) {
		add(params, &n, name, va_arg(list, const char *));
		if (strcmp(name, "actor_token") == 0)
			add(params, &n, "actor_token_type", type);
	}
	va_end(list);
	const struct sts_request request = {params, n, certificate, "127.0.0.1"};
	assert_int_equal(sts_exchange(s->sts, &request, now, &a.json, &a.status), 0);
	assert_non_null(a.json);
	const char *text = json_string_value(json_object_get(a.json, "access_token"));
	assert_int_equal(text != NULL, a.status == 200);
	a.token = text == NULL ? NULL : strdup(text);
	text = json_string_value(json_object_get(a.json, "error"));
	snprintf(a.error, sizeof(a.error), "%s", text == NULL ? "" : text);
	text = json_string_value(json_object_get(a.json, "error_description"));
	snprintf(a.text, sizeof(a.text), "%s", text == NULL ? "" : text);
	return a;
}

void answer_fini(struct answer *a)
{
	free(a->token);
	json_decref(a->json);
}

struct subject *service_login(
	struct service *s, const char *token, const uint8_t *certificate, uint64_t now,
	char why[static JWT_WHY]
)
{
	struct subject *subject = NULL;

	why[0] = '\0';
	int rc = identity_verify(s->identity, span_str(token), certificate, now, &subject, why);
	assert_int_equal(rc == 0, subject != NULL);
	return subject;
}

json_t *service_claims(const char *token)
{
	const char *from = strchr(token, '.') + 1;
	size_t n = (size_t)(strchr(from, '.') - from), at = 0;
	unsigned char *out = malloc(n + 8);
	char *text = calloc(1, n + 8);

	memcpy(text, from, n);
	for (size_t i = 0; i < n; i++)
		text[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
	for (at = n; at % 4 != 0; at++)
		text[at] = '=';
	int bytes = EVP_DecodeBlock(out, (unsigned char *)text, (int)at);
	assert_true(bytes > 0);
	bytes -= (int)(at - n);
	json_t *json = json_loadb((char *)out, (size_t)bytes, 0, NULL);
	assert_non_null(json);
	free(out);
	free(text);
	return json;
}

json_t *service_audited(struct service *s)
{
	size_t n = 0;

	assert_int_equal(audit_sync(s->audit), 0);
	char *text = (char *)scratch_read(&s->folder, "audit/audit.log", &n);
	assert_true(n > 1);
	size_t at = n - 1;
	while (at > 0 && text[at - 1] != '\n')
		at--;
	json_t *json = json_loadb(text + at, n - at, 0, NULL);
	assert_non_null(json);
	free(text);
	return json;
}
