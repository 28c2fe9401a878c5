// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/secrets/azure.h"

#include "controlplane/secrets/secret.h"

#include <curl/curl.h>
#include <jansson.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 64 << 10, ASSERTION_MAX = 16 << 10, LIFE_MAX = 48 * 3600 };

static const char imds_host[] = "http://169.254.169.254";

// ---- where

static bool copy(char *out, size_t size, const char *text)
{
	int n = snprintf(out, size, "%s", text);

	return n >= 0 && (size_t)n < size;
}

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value == NULL ? "" : value;
}

static bool find_app_service(struct azure_identity *out)
{
	out->source = AZURE_APP_SERVICE;
	return copy(out->endpoint, sizeof(out->endpoint), env("IDENTITY_ENDPOINT")) &&
	       copy(out->header, sizeof(out->header), env("IDENTITY_HEADER"));
}

static bool find_workload(struct azure_identity *out)
{
	const char *authority = env("AZURE_AUTHORITY_HOST");
	char url[sizeof(out->endpoint)];

	out->source = AZURE_WORKLOAD;
	if (authority[0] == '\0')
		authority = "https://login.microsoftonline.com/";
	int n = snprintf(
		url, sizeof(url), "%s%s%s/oauth2/v2.0/token", authority,
		authority[strlen(authority) - 1] == '/' ? "" : "/", env("AZURE_TENANT_ID")
	);
	return n >= 0 && (size_t)n < sizeof(url) && copy(out->endpoint, sizeof(url), url) &&
	       copy(out->token_file, sizeof(out->token_file), env("AZURE_FEDERATED_TOKEN_FILE"));
}

static bool find_imds(struct azure_identity *out)
{
	const char *host = env("AZURE_POD_IDENTITY_AUTHORITY_HOST");

	out->source = AZURE_IMDS;
	return copy(out->endpoint, sizeof(out->endpoint), host[0] == '\0' ? imds_host : host);
}

int azure_identity_find(
	const char *audience, const char *client_id, struct azure_identity *out,
	char why[static HTTP_WHY]
)
{
	struct azure_identity found = {0};
	bool ok;

	if (env("IDENTITY_ENDPOINT")[0] != '\0' && env("IDENTITY_HEADER")[0] != '\0')
		ok = find_app_service(&found);
	else if (env("AZURE_FEDERATED_TOKEN_FILE")[0] != '\0' && env("AZURE_TENANT_ID")[0] != '\0')
		ok = find_workload(&found);
	else
		ok = find_imds(&found);
	if (client_id[0] == '\0' && found.source == AZURE_WORKLOAD)
		client_id = env("AZURE_CLIENT_ID");
	if (!ok || !copy(found.client_id, sizeof(found.client_id), client_id) ||
	    !copy(found.audience, sizeof(found.audience), audience)) {
		snprintf(why, HTTP_WHY, "a variable of the environment, or a name, is too long");
		return -EINVAL;
	}
	if (found.source == AZURE_WORKLOAD && found.client_id[0] == '\0') {
		snprintf(
			why, HTTP_WHY, "AZURE_CLIENT_ID is not set, and no client_id is configured"
		);
		return -EINVAL;
	}
	*out = found;
	explicit_bzero(found.header, sizeof(found.header));
	return 0;
}

const char *azure_source_name(enum azure_source source)
{
	switch (source) {
	case AZURE_IMDS:
		return "IMDS";
	case AZURE_APP_SERVICE:
		return "App Service";
	case AZURE_WORKLOAD:
		return "workload identity";
	}
	return "?";
}

// ---- the answer

// Seconds since 1970, or 0. IMDS and App Service write numbers as text; App Service has written
// dates too, which we do not read: such a token is not taken.
static uint64_t number_of(const json_t *value)
{
	const char *text = json_string_value(value);
	char *end = NULL;

	if (json_is_integer(value))
		return json_integer_value(value) > 0 ? (uint64_t)json_integer_value(value) : 0;
	if (text == NULL || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	return errno != 0 || *end != '\0' ? 0 : n;
}

static uint64_t expiry_of(const json_t *answer, uint64_t now)
{
	uint64_t at = number_of(json_object_get(answer, "expires_on"));
	uint64_t in = number_of(json_object_get(answer, "expires_in"));

	if (at == 0 && in > 0 && in <= LIFE_MAX)
		at = now + in;
	return at > now && at - now <= LIFE_MAX ? at : 0;
}

static bool is_token(const char *text, size_t n)
{
	if (n == 0 || n > CREDENTIAL_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return true;
}

static int take_token(
	const json_t *answer, uint64_t now, struct credential_text **out, char why[static HTTP_WHY]
)
{
	const char *token = json_string_value(json_object_get(answer, "access_token"));
	size_t n = json_string_length(json_object_get(answer, "access_token"));
	uint64_t expires = expiry_of(answer, now);

	if (token == NULL || !is_token(token, n) || expires == 0) {
		snprintf(why, HTTP_WHY, "the answer holds no token, or not when it expires");
		return -EAGAIN;
	}
	struct credential_text *text = malloc(sizeof(*text) + n);
	if (text == NULL)
		return -ENOMEM;
	text->expires = expires;
	text->n = (uint32_t)n;
	memcpy(text->text, token, n);
	*out = text;
	return 0;
}

void credential_text_free(const struct credential_text *text)
{
	struct credential_text *mine = (struct credential_text *)(uintptr_t)text;

	if (mine == NULL)
		return;
	explicit_bzero(mine->text, mine->n);
	free(mine);
}

// Jansson frees what it parsed without scrubbing; ours is the one long string in it.
static void scrub(json_t *answer)
{
	json_t *token = json_object_get(answer, "access_token");

	if (json_is_string(token))
		explicit_bzero(
			(char *)(uintptr_t)json_string_value(token), json_string_length(token)
		);
	json_decref(answer);
}

// 404 and 410: the service is being updated or not up yet (IMDS); the rest as HTTP means it.
static bool is_passing(long status)
{
	return status == 404 || status == 408 || status == 410 || status == 429 || status >= 500;
}

static int read_answer(
	const struct http_answer *http, uint64_t now, struct credential_text **out,
	char why[static HTTP_WHY]
)
{
	json_t *answer =
		json_loadb((const char *)http->bytes, http->n, JSON_REJECT_DUPLICATES, NULL);
	const char *error = json_string_value(json_object_get(answer, "error"));
	int rc = is_passing(http->status) ? -EAGAIN : -EACCES;

	if (http->status == 200)
		rc = take_token(answer, now, out, why);
	else // its words for it, without what could be a terminal's
		snprintf(
			why, HTTP_WHY, "HTTP status %ld%s%.64s", http->status,
			error == NULL || !is_token(error, strlen(error)) ? "" : ": ",
			error == NULL || !is_token(error, strlen(error)) ? "" : error
		);
	scrub(answer);
	return rc;
}

static int ask(
	const struct http_request *request, uint64_t now, struct credential_text **out,
	uint32_t *retry_s, char why[static HTTP_WHY]
)
{
	struct http_answer http = {0};
	int rc = http_perform(request, &http, why);

	*retry_s = 0;
	if (rc == -EIO)
		rc = -EAGAIN;
	else if (rc == -EINVAL)
		rc = -EACCES;
	else if (rc == 0) {
		*retry_s = http.retry_after_s;
		rc = read_answer(&http, now, out, why);
	}
	http_answer_fini(&http);
	return rc;
}

// ---- the three requests

struct query {
	char text[4096 + ASSERTION_MAX * 3];
	size_t n;
	bool ok;
};

// A name and a value of a query or form, escaped.
static void add(struct query *q, const char *name, const char *value)
{
	char *escaped = curl_easy_escape(NULL, value, 0);
	int n = -1;

	if (escaped != NULL)
		n = snprintf(
			q->text + q->n, sizeof(q->text) - q->n, "%s%s=%s", q->n > 0 ? "&" : "",
			name, escaped
		);
	q->ok = q->ok && n > 0 && (size_t)n < sizeof(q->text) - q->n;
	q->n += q->ok ? (size_t)n : 0;
	if (escaped != NULL)
		explicit_bzero(escaped, strlen(escaped));
	curl_free(escaped);
}

static int ask_by_query(
	const struct azure_identity *id, const char *path, const char *version, const char *header,
	struct http_request *request, uint64_t now, struct credential_text **out, uint32_t *retry_s,
	char why[static HTTP_WHY]
)
{
	const char *const headers[] = {header, NULL};
	struct query q = {.ok = true};
	char url[2048];

	add(&q, "api-version", version);
	add(&q, "resource", id->audience);
	if (id->client_id[0] != '\0')
		add(&q, "client_id", id->client_id);
	int n = snprintf(url, sizeof(url), "%s%s?%s", id->endpoint, path, q.text);
	if (!q.ok || n < 0 || (size_t)n >= sizeof(url))
		return -ENOMEM;
	request->url = url;
	request->headers = headers;
	return ask(request, now, out, retry_s, why);
}

static int ask_app_service(
	const struct azure_identity *id, struct http_request *request, uint64_t now,
	struct credential_text **out, uint32_t *retry_s, char why[static HTTP_WHY]
)
{
	char header[sizeof(id->header) + 32];

	snprintf(header, sizeof(header), "X-IDENTITY-HEADER: %s", id->header);
	int rc = ask_by_query(id, "", "2019-08-01", header, request, now, out, retry_s, why);
	explicit_bzero(header, sizeof(header));
	return rc;
}

// The projected token is a short-lived assertion, renewed in its file: read each time.
static int ask_workload(
	const struct azure_identity *id, struct http_request *request, uint64_t now,
	struct credential_text **out, uint32_t *retry_s, char why[static HTTP_WHY]
)
{
	char assertion[ASSERTION_MAX], scope[sizeof(id->audience) + 16];
	struct query *q = calloc(1, sizeof(*q));
	size_t n = 0;

	if (q == NULL)
		return -ENOMEM;
	int rc = secret_file_read_shared(id->token_file, assertion, sizeof(assertion) - 1, &n);
	if (rc != 0) {
		snprintf(why, HTTP_WHY, "%.100s: %s", id->token_file, err_text(rc));
		free(q);
		return -EAGAIN;
	}
	assertion[n] = '\0';
	assertion[strcspn(assertion, "\r\n")] = '\0';
	snprintf(scope, sizeof(scope), "%s/.default", id->audience);
	q->ok = true;
	add(q, "grant_type", "client_credentials");
	add(q, "client_id", id->client_id);
	add(q, "scope", scope);
	add(q, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
	add(q, "client_assertion", assertion);
	request->url = id->endpoint;
	request->post = true;
	request->body = span_of(q->text, q->n);
	rc = q->ok ? ask(request, now, out, retry_s, why) : -ENOMEM;
	explicit_bzero(assertion, sizeof(assertion));
	explicit_bzero(q, sizeof(*q));
	free(q);
	return rc;
}

int azure_token(
	const struct azure_identity *identity, const bool *stop, uint64_t now,
	struct credential_text **out, uint32_t *retry_s, char why[static HTTP_WHY]
)
{
	struct http_request request = {.answer_max = ANSWER_MAX, .stop = stop};

	*retry_s = 0;
	switch (identity->source) {
	case AZURE_IMDS: // the header keeps requests out that somebody else's client was tricked
			 // into
		return ask_by_query(
			identity, "/metadata/identity/oauth2/token", "2018-02-01", "Metadata: true",
			&request, now, out, retry_s, why
		);
	case AZURE_APP_SERVICE:
		return ask_app_service(identity, &request, now, out, retry_s, why);
	case AZURE_WORKLOAD:
		return ask_workload(identity, &request, now, out, retry_s, why);
	}
	return -EACCES;
}
