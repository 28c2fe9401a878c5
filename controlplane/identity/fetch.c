// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/fetch.h"

#include <curl/curl.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct body {
	uint8_t *bytes;
	size_t n;
	const bool *stop;
};

static size_t on_data(char *data, size_t size, size_t n, void *ctx)
{
	struct body *body = ctx;
	size_t bytes = size * n;

	if (bytes > KEYSET_BYTES_MAX - body->n)
		return 0; // ends the transfer
	memcpy(body->bytes + body->n, data, bytes);
	body->n += bytes;
	return bytes;
}

static int on_progress(void *ctx, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
{
	const struct body *body = ctx;

	return __atomic_load_n(body->stop, __ATOMIC_RELAXED) ? 1 : 0;
}

static bool is_loopback_http(const char *url)
{
	return strncmp(url, "http://", 7) == 0;
}

static CURLcode set_up(CURL *curl, const char *url, const char *ca_file, struct body *body)
{
	CURLcode rc = curl_easy_setopt(curl, CURLOPT_URL, url);

	if (rc == CURLE_OK)
		rc = curl_easy_setopt(
			curl, CURLOPT_PROTOCOLS_STR, is_loopback_http(url) ? "http" : "https"
		);
	if (rc == CURLE_OK && is_loopback_http(url))
		rc = curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	if (rc == CURLE_OK && ca_file[0] != '\0')
		rc = curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(curl, CURLOPT_XFERINFODATA, body);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)FETCH_CONNECT_SECONDS);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)FETCH_SECONDS);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	return rc;
}

static int transfer(CURL *curl, struct body *body, struct keyset **out, char why[static FETCH_WHY])
{
	long status = 0;

	CURLcode code = curl_easy_perform(curl);
	if (code == CURLE_OK)
		code = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK) {
		snprintf(why, FETCH_WHY, "%s", curl_easy_strerror(code));
		return -EIO;
	}
	if (status != 200) {
		snprintf(why, FETCH_WHY, "HTTP status %ld", status);
		return -EIO;
	}
	int rc = keyset_parse(span_of(body->bytes, body->n), out);
	if (rc != 0)
		snprintf(why, FETCH_WHY, "no JWK Set with a key for us: %s", err_text(rc));
	return rc;
}

int fetch_keys(
	const char *url, const char *ca_file, const bool *stop, struct keyset **out,
	char why[static FETCH_WHY]
)
{
	struct body body = {.bytes = malloc(KEYSET_BYTES_MAX), .stop = stop};
	CURL *curl = curl_easy_init();
	int rc = -ENOMEM;

	snprintf(why, FETCH_WHY, "%s", err_text(rc));
	if (body.bytes != NULL && curl != NULL && set_up(curl, url, ca_file, &body) == CURLE_OK)
		rc = transfer(curl, &body, out, why);
	curl_easy_cleanup(curl);
	free(body.bytes);
	return rc;
}
