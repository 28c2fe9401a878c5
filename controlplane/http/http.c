// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/http/http.h"

#include <curl/curl.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct transfer {
	const struct http_request *request;
	struct http_answer *answer;
	size_t room;
	bool too_long;
};

bool http_is_near(const char *url)
{
	static const char *const hosts[] = {
		"http://127.0.0.1", "http://localhost", "http://[::1]", "http://169.254."};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		size_t n = strlen(hosts[i]);
		if (strncmp(url, hosts[i], n) != 0)
			continue;
		if (hosts[i][n - 1] == '.') // an address: nothing but digits and dots up to its end
			n += strspn(url + n, "0123456789.");
		return url[n] == ':' || url[n] == '/' || url[n] == '\0';
	}
	return false;
}

static bool make_room(struct transfer *t, size_t more)
{
	size_t need = t->answer->n + more;

	if (more > t->request->answer_max - t->answer->n) {
		t->too_long = true;
		return false;
	}
	if (need <= t->room)
		return true;
	size_t room = t->room * 2 < need ? need : t->room * 2;
	uint8_t *bytes = malloc(room); // not realloc: what it leaves behind would not be scrubbed
	if (bytes == NULL)
		return false;
	if (t->answer->n > 0)
		memcpy(bytes, t->answer->bytes, t->answer->n);
	const size_t n = t->answer->n;
	const long status = t->answer->status;
	http_answer_fini(t->answer);
	*t->answer = (struct http_answer){.status = status, .bytes = bytes, .n = n};
	t->room = room;
	return true;
}

static size_t on_data(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	size_t bytes = size * n;

	if (!make_room(t, bytes))
		return 0; // ends the transfer
	memcpy(t->answer->bytes + t->answer->n, data, bytes);
	t->answer->n += bytes;
	return bytes;
}

static int on_progress(void *ctx, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
{
	const struct transfer *t = ctx;

	return __atomic_load_n(t->request->stop, __ATOMIC_RELAXED) ? 1 : 0;
}

static CURLcode set_limits(CURL *curl, struct transfer *t)
{
	CURLcode rc = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);

	if (rc == CURLE_OK)
		rc = curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(curl, CURLOPT_NOPROGRESS, t->request->stop == NULL ? 1L : 0L);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)HTTP_CONNECT_SECONDS);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)HTTP_SECONDS);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	return rc;
}

static CURLcode set_target(CURL *curl, const struct http_request *request)
{
	bool near = http_is_near(request->url);
	CURLcode rc = curl_easy_setopt(curl, CURLOPT_URL, request->url);

	if (rc == CURLE_OK)
		rc = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, near ? "http" : "https");
	if (rc == CURLE_OK && near)
		rc = curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	if (rc == CURLE_OK && request->ca_file != NULL && request->ca_file[0] != '\0')
		rc = curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
	if (rc == CURLE_OK && request->post)
		rc = curl_easy_setopt(curl, CURLOPT_POST, 1L);
	if (rc == CURLE_OK && request->post)
		rc = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)request->body.n);
	if (rc == CURLE_OK && request->post)
		rc = curl_easy_setopt(
			curl, CURLOPT_POSTFIELDS,
			request->body.n > 0 ? (const char *)request->body.p : ""
		);
	return rc;
}

// Out: *list, for curl_slist_free_all. False: no memory.
static bool make_headers(const struct http_request *request, struct curl_slist **list)
{
	*list = NULL;
	for (const char *const *h = request->headers; h != NULL && *h != NULL; h++) {
		struct curl_slist *more = curl_slist_append(*list, *h);
		if (more == NULL)
			return false;
		*list = more;
	}
	return true;
}

static int run(CURL *curl, struct transfer *t, char why[static HTTP_WHY])
{
	curl_off_t after = 0;
	CURLcode code = curl_easy_perform(curl);

	if (code == CURLE_OK)
		code = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &t->answer->status);
	if (code == CURLE_OK && curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &after) == CURLE_OK)
		t->answer->retry_after_s = after > 86400 ? 86400 : (uint32_t)after;
	if (code == CURLE_OK)
		return 0;
	snprintf(
		why, HTTP_WHY, "%s",
		t->too_long ? "the answer is too long" : curl_easy_strerror(code)
	);
	return -EIO;
}

int http_perform(
	const struct http_request *request, struct http_answer *out, char why[static HTTP_WHY]
)
{
	struct http_answer answer = {0};
	struct transfer t = {.request = request, .answer = &answer};
	struct curl_slist *headers = NULL;
	int rc = -ENOMEM;

	if (!http_is_near(request->url) && strncmp(request->url, "https://", 8) != 0) {
		snprintf(why, HTTP_WHY, "only https, or http on this machine, is asked");
		return -EINVAL;
	}
	snprintf(why, HTTP_WHY, "%s", err_text(rc));
	CURL *curl = curl_easy_init();
	if (curl != NULL && make_headers(request, &headers) &&
	    set_target(curl, request) == CURLE_OK && set_limits(curl, &t) == CURLE_OK &&
	    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK)
		rc = run(curl, &t, why);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	if (rc == 0)
		*out = answer;
	else
		http_answer_fini(&answer);
	return rc;
}

void http_answer_fini(struct http_answer *answer)
{
	if (answer->bytes != NULL)
		explicit_bzero(answer->bytes, answer->n);
	free(answer->bytes);
	*answer = (struct http_answer){0};
}
