// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/fetch.h"

#include "controlplane/config/read.h"

#include <jansson.h>

#include <errno.h>
#include <stdio.h>

struct job {
	const struct config_issuer *issuer;
	const bool *stop;
	char *why; // FETCH_WHY
};

// One GET. Out: *answer, for http_answer_fini, only on success.
static int get(const struct job *job, const char *url, struct http_answer *answer)
{
	const struct http_request request = {
		.url = url,
		.ca_file = job->issuer->ca_file,
		.answer_max = KEYSET_BYTES_MAX,
		.stop = job->stop,
	};

	int rc = http_perform(&request, answer, job->why);
	if (rc != 0 || answer->status == 200)
		return rc;
	snprintf(job->why, FETCH_WHY, "HTTP status %ld", answer->status);
	http_answer_fini(answer);
	return -EIO;
}

// OpenID Connect Discovery 1.0, 4.3: the document must be the issuer's own. What it leads to must
// be no less safe than what led to it.
static int read_metadata(
	const struct job *job, const json_t *metadata, char keys_url[static CONFIG_URL_MAX]
)
{
	const char *issuer = job->issuer->issuer;
	const char *name = json_string_value(json_object_get(metadata, "issuer"));
	const char *url = json_string_value(json_object_get(metadata, "jwks_uri"));
	bool leads_here = url != NULL && http_is_near(url) && !http_is_near(issuer);
	const char *problem = NULL;

	if (name == NULL || strcmp(name, issuer) != 0)
		problem = "is not the issuer's";
	else if (url == NULL || strlen(url) >= CONFIG_URL_MAX || !read_is_safe_url(url) || leads_here)
		problem = "has no usable jwks_uri";
	if (problem == NULL) {
		memcpy(keys_url, url, strlen(url) + 1);
		return 0;
	}
	snprintf(job->why, FETCH_WHY, "the discovery document %s", problem);
	return -EIO;
}

static int discover(const struct job *job, char keys_url[static CONFIG_URL_MAX])
{
	static const char path[] = "/.well-known/openid-configuration";
	const char *issuer = job->issuer->issuer;
	char url[CONFIG_URL_MAX + sizeof(path)], reason[FETCH_WHY];
	struct http_answer answer = {0};
	size_t n = strlen(issuer);

	if (n > 0 && issuer[n - 1] == '/')
		n--;
	snprintf(url, sizeof(url), "%.*s%s", (int)n, issuer, path);
	int rc = get(job, url, &answer);
	if (rc != 0) {
		memcpy(reason, job->why, sizeof(reason));
		snprintf(job->why, FETCH_WHY, "discovery: %.200s", reason);
		return rc;
	}
	json_t *metadata =
		json_loadb((const char *)answer.bytes, answer.n, JSON_REJECT_DUPLICATES, NULL);
	http_answer_fini(&answer);
	rc = read_metadata(job, metadata, keys_url);
	json_decref(metadata);
	return rc;
}

int fetch_keys(
	const struct config_issuer *issuer, const bool *stop, struct keyset **out,
	char why[static FETCH_WHY]
)
{
	const struct job job = {issuer, stop, why};
	struct http_answer answer = {0};
	char url[CONFIG_URL_MAX];
	int rc = 0;

	if (issuer->keys == CONFIG_KEYS_DISCOVERY)
		rc = discover(&job, url);
	else
		memcpy(url, issuer->keys_url, sizeof(url));
	if (rc == 0)
		rc = get(&job, url, &answer);
	if (rc != 0)
		return rc;
	rc = keyset_parse(span_of(answer.bytes, answer.n), issuer, out);
	http_answer_fini(&answer);
	if (rc != 0)
		snprintf(why, FETCH_WHY, "no JWK Set with a key for us: %s", err_text(rc));
	return rc;
}
