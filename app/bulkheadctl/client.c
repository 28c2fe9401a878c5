// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/client.h"

#include <curl/curl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPLY_MAX = 64 << 20, TIMEOUT_S = 120 };

static const char default_state[] = "/var/lib/bulkhead";
static const char default_socket[] = "/var/lib/bulkhead/admin.sock";

struct reply {
	char *text;
	size_t n;
};

static size_t take(char *data, size_t one, size_t n, void *context)
{
	struct reply *reply = context;
	size_t more = one * n;

	if (more > REPLY_MAX - reply->n)
		return 0;
	char *text = realloc(reply->text, reply->n + more + 1);
	if (text == NULL)
		return 0;
	memcpy(text + reply->n, data, more);
	reply->text = text;
	reply->n += more;
	return more;
}

static CURLcode perform(
	const char *socket, const char *path, const char *body, struct reply *reply, long *status
)
{
	char url[1024];
	CURL *curl = curl_easy_init();
	if (curl == NULL)
		return CURLE_OUT_OF_MEMORY;

	snprintf(url, sizeof(url), "http://localhost%s", path);
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	if (body != NULL) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	}
	CURLcode code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	return code;
}

static int unreachable(const char *socket, CURLcode code)
{
	return fail(
		EXIT_UNREACHABLE,
		"no gateway answers at %s: %s; is it running (systemctl status bulkhead), are you root "
		"or its user, does --socket name its admin socket?",
		socket, curl_easy_strerror(code)
	);
}

static int read_reply(const struct reply *reply, long status, bool quiet, json_t **out)
{
	json_t *json = json_loadb(reply->text == NULL ? "" : reply->text, reply->n, 0, NULL);
	const char *error = json_string_value(json_object_get(json, "error"));

	if (json != NULL && status / 100 == 2) {
		*out = json;
		return EXIT_OK;
	}
	if (!quiet && json == NULL)
		fail(EXIT_FAILED, "the gateway's answer is no JSON (HTTP %ld)", status);
	else if (!quiet)
		fail(EXIT_FAILED, "%s", error == NULL ? "refused" : error);
	json_decref(json);
	return EXIT_FAILED;
}

int client_ask(const struct args *args, const char *path, json_t *body, bool quiet, json_t **out)
{
	const char *socket = args->socket == NULL ? default_socket : args->socket;
	char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
	struct reply reply = {0};
	long status = 0;

	json_decref(body);
	CURLcode code = perform(socket, path, text, &reply, &status);
	int ret;
	if (code == CURLE_OK)
		ret = read_reply(&reply, status, quiet, out);
	else
		ret = quiet ? EXIT_UNREACHABLE : unreachable(socket, code);
	if (reply.text != NULL)
		explicit_bzero(reply.text, reply.n);
	free(reply.text);
	free(text);
	return ret;
}

const char *client_state(const struct args *args, char out[static STATE_MAX])
{
	json_t *status = NULL;

	if (args->state != NULL)
		return args->state;
	snprintf(out, STATE_MAX, "%s", default_state);
	if (client_ask(args, "/v1/status", NULL, true, &status) == EXIT_OK) {
		const char *state = json_string_value(json_object_get(status, "state"));
		if (state != NULL)
			snprintf(out, STATE_MAX, "%s", state);
		json_decref(status);
	}
	return out;
}
