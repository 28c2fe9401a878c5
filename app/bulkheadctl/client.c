// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/client.h"

#include "app/bulkheadctl/progress.h"

#include <curl/curl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HTTP_UNAUTHORIZED = 401, HTTP_FORBIDDEN = 403, HTTP_UNAVAILABLE = 503 };
enum { REPLY_MAX = 64 << 20, TIMEOUT_S = 120, HEADER_MAX = 20 << 10 };

static const char default_state[] = "/var/lib/bulkhead";
static const char default_socket[] = "/var/lib/bulkhead/admin.sock";

struct reply {
	char *text;
	size_t n;
};

struct wait {
	const char *doing;
	time_t since;
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

static const char *socket_of(const struct args *args)
{
	return args->socket == NULL ? default_socket : args->socket;
}

// The header with the token of --token-file or BULKHEAD_TOKEN; empty when there is none. A command
// line would show it to everybody on the machine.
static int read_token(const struct args *args, char out[static HEADER_MAX])
{
	const char *given = getenv("BULKHEAD_TOKEN");
	char token[HEADER_MAX - 32] = "";

	if (args->token_file != NULL) {
		FILE *file = fopen(args->token_file, "re");
		if (file == NULL)
			return fail(EXIT_USAGE, "cannot read %s", args->token_file);
		if (fgets(token, sizeof(token), file) == NULL)
			token[0] = '\0';
		fclose(file);
	} else if (given != NULL) {
		snprintf(token, sizeof(token), "%s", given);
	}
	token[strcspn(token, "\r\n")] = '\0';
	if (token[0] != '\0')
		snprintf(out, HEADER_MAX, "Authorization: Bearer %s", token);
	explicit_bzero(token, sizeof(token));
	return EXIT_OK;
}

// curl calls it at least once a second.
static int show_wait(void *context, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
{
	const struct wait *wait = context;
	long long seconds = time(NULL) - wait->since;

	if (seconds > 0)
		progress_show("%s: %lld s", wait->doing, seconds);
	return 0;
}

static void set_where(CURL *curl, const struct args *args, const char *path)
{
	char url[1024];

	snprintf(
		url, sizeof(url), "%s%s", args->url == NULL ? "http://localhost" : args->url, path
	);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	if (args->url == NULL) {
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_of(args));
		return;
	}
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (args->ca_file != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, args->ca_file);
}

// What is shown when the answer takes long.
static void set_progress(CURL *curl, struct wait *wait)
{
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, show_wait);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, wait);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

static CURLcode perform(
	const struct args *args, const char *path, const char *body, const char *token,
	struct reply *reply, long *status
)
{
	CURL *curl = curl_easy_init();
	if (curl == NULL)
		return CURLE_OUT_OF_MEMORY;

	struct wait wait = {
		.doing = args->doing == NULL ? "waiting for the gateway" : args->doing,
		.since = time(NULL),
	};
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (token[0] != '\0')
		headers = curl_slist_append(headers, token);
	set_where(curl, args, path);
	set_progress(curl, &wait);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (body != NULL)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	CURLcode code = curl_easy_perform(curl);
	progress_end();
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	return code;
}

// What whoever was refused can do about it.
static const char *hint(long status, bool has_token)
{
	switch (status) {
	case HTTP_UNAUTHORIZED:
		return has_token ? "; is it still valid, and of an issuer in the gateway's "
				   "configuration? The audit log says why"
				 : "; give it with --token-file, or in BULKHEAD_TOKEN";
	case HTTP_FORBIDDEN:
		return "; `bulkheadctl whoami` tells your roles";
	case HTTP_UNAVAILABLE:
		return "; try again";
	}
	return "";
}

static int unreachable(const struct args *args, CURLcode code)
{
	if (args->url != NULL)
		return fail(
			EXIT_UNREACHABLE, "no gateway answers at %s: %s%s", args->url,
			curl_easy_strerror(code),
			code == CURLE_PEER_FAILED_VERIFICATION ? "; --ca-file names whom to trust"
							       : ""
		);
	return fail(
		EXIT_UNREACHABLE,
		"no gateway answers at %s: %s; is it running (systemctl status bulkhead), are you root "
		"or its user, does --socket name its admin socket?",
		socket_of(args), curl_easy_strerror(code)
	);
}

static int read_reply(
	const struct reply *reply, long status, bool has_token, bool quiet, json_t **out
)
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
		fail(EXIT_FAILED, "%s%s", error == NULL ? "refused" : error,
		     hint(status, has_token));
	json_decref(json);
	return EXIT_FAILED;
}

int client_ask(const struct args *args, const char *path, json_t *body, bool quiet, json_t **out)
{
	char token[HEADER_MAX] = "";
	char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
	struct reply reply = {0};
	long status = 0;

	json_decref(body);
	int ret = read_token(args, token);
	if (ret != EXIT_OK) {
		free(text);
		return ret;
	}
	CURLcode code = perform(args, path, text, token, &reply, &status);
	if (code == CURLE_OK)
		ret = read_reply(&reply, status, token[0] != '\0', quiet, out);
	else
		ret = quiet ? EXIT_UNREACHABLE : unreachable(args, code);
	explicit_bzero(token, sizeof(token));
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
