// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The kill switch, what it would do, and the tree that it cuts.

#include "app/bulkheadctl/client.h"
#include "app/bulkheadctl/lists.h"
#include "app/bulkheadctl/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_node(const char *word)
{
	return strlen(word) == 32 && strspn(word, "0123456789abcdef") == 32;
}

static int print_radius(const struct args *args, json_t *radius)
{
	const json_t *session;
	size_t i;

	if (args->json)
		return print_json(radius);
	printf("would end %lld sessions\n",
	       (long long)json_integer_value(json_object_get(radius, "total")));
	json_array_foreach(json_object_get(radius, "sessions"), i, session)
	{
		fputs("  ", stdout);
		text_write_json(stdout, json_object_get(session, "id"));
		fputs("  ", stdout);
		text_write_json(stdout, json_object_get(session, "resource"));
		fputs("  ", stdout);
		text_write_json(stdout, json_object_get(session, "chain"));
		putchar('\n');
	}
	json_decref(radius);
	return EXIT_OK;
}

static int print_revocation(const struct args *args, json_t *revocation)
{
	if (args->json)
		return print_json(revocation);
	printf("revocation %lld: ",
	       (long long)json_integer_value(json_object_get(revocation, "id")));
	text_write_json(stdout, json_object_get(revocation, "label"));
	if (json_is_true(json_object_get(revocation, "done")))
		printf(": %lld sessions cut off in %.1f ms, closed in %.1f ms\n",
		       (long long)json_integer_value(json_object_get(revocation, "closed")),
		       json_number_value(json_object_get(revocation, "cut_ms")),
		       json_number_value(json_object_get(revocation, "ms")));
	else
		puts(": in force; not every worker has answered yet");
	if (json_is_false(json_object_get(revocation, "stored")))
		fprintf(stderr,
			"bulkheadctl: warning: it holds, but is not on disk yet: the store takes "
			"nothing. It is tried again every second; a restart before that forgets "
			"it.\n");
	json_decref(revocation);
	return EXIT_OK;
}

// Takes `body`.
static int revoke(const struct args *args, const char *kind, json_t *body)
{
	long long lasts = args->lasts == NULL ? 0 : ctl_seconds(args->lasts);
	struct args asking = *args;
	json_t *reply = NULL;

	asking.doing = args->dry_run ? NULL : "closing sessions";
	if (args->lasts != NULL && lasts == 0) {
		json_decref(body);
		return fail(EXIT_USAGE, "revoke: --for is a time such as 90s, 30m or 1h");
	}
	json_object_set_new(body, "kind", json_string(kind));
	if (!args->dry_run && args->reason != NULL)
		json_object_set_new(body, "reason", text_json(span_str(args->reason)));
	if (!args->dry_run && lasts > 0)
		json_object_set_new(body, "for_s", json_integer(lasts));
	int ret = client_ask(
		&asking, args->dry_run ? "/v1/revocations/preview" : "/v1/revocations", body, false,
		&reply
	);
	if (ret != EXIT_OK)
		return ret;
	return args->dry_run ? print_radius(args, reply) : print_revocation(args, reply);
}

static json_t *body_of(const char *key, const char *value)
{
	json_t *body = json_object();

	json_object_set_new(body, key, text_json(span_str(value)));
	return body;
}

// A token on the command line would be there for everybody to see: "-" reads it.
int ctl_revoke_token(const struct args *args)
{
	char token[20 << 10] = "";

	if (is_node(args->word))
		return revoke(args, "token", body_of("node", args->word));
	if (strcmp(args->word, "-") != 0)
		return fail(
			EXIT_USAGE, "revoke token: its 32 hexadecimal digits, or - for a token at "
				    "standard input"
		);
	if (fgets(token, sizeof(token), stdin) == NULL)
		return fail(EXIT_USAGE, "revoke token: standard input is empty");
	token[strcspn(token, "\r\n")] = '\0';
	json_t *body = body_of("token", token);
	explicit_bzero(token, sizeof(token));
	return revoke(args, "token", body);
}

int ctl_revoke_subject(const struct args *args)
{
	const char *slash = strchr(args->word, '/');

	if (is_node(args->word))
		return revoke(args, "subject", body_of("node", args->word));
	if (slash == NULL || slash == args->word || slash[1] == '\0')
		return fail(EXIT_USAGE, "revoke subject: ISSUER/KEY, or 32 hexadecimal digits");
	json_t *body = body_of("key", slash + 1);
	json_object_set_new(
		body, "issuer", text_json(span_of(args->word, (size_t)(slash - args->word)))
	);
	return revoke(args, "subject", body);
}

int ctl_revoke_node(const struct args *args)
{
	return revoke(args, "node", body_of("node", args->word));
}

int ctl_revoke_resource(const struct args *args)
{
	return revoke(args, "resource", body_of("resource", args->word));
}

int ctl_revocations_list(const struct args *args)
{
	static const struct column columns[] = {
		{"ID", "id"},
		{"KIND", "kind"},
		{"WHAT", "label"},
		{"SINCE (UTC)", "created_ns"},
		{"UNTIL", "expires_ns"},
		{"LIFTED", "lifted_ns"},
		{"CLOSED", "closed"},
		{"BY", "by"},
		{"REASON", "reason"},
		{NULL, NULL},
	};

	return list_print(
		args, args->all ? "/v1/revocations" : "/v1/revocations?live=1", "revocations",
		columns
	);
}

int ctl_revocations_lift(const struct args *args)
{
	json_t *body = json_object();
	char path[256];

	if (args->reason != NULL)
		json_object_set_new(body, "reason", text_json(span_str(args->reason)));
	int ret = list_path(path, sizeof(path), "/v1/revocations/", args->word, "/lift");
	if (ret == EXIT_OK)
		return list_post(args, path, body);
	json_decref(body);
	return ret;
}

// ---- chains

static void print_node(const json_t *node, unsigned depth)
{
	const json_t *children = json_object_get(node, "children"), *child;
	size_t i;

	printf("%*s", (int)(2 * depth), "");
	text_write_json(stdout, json_object_get(node, "name"));
	printf(" (");
	text_write_json(stdout, json_object_get(node, "issuer"));
	printf(", ");
	text_write_json(stdout, json_object_get(node, "kind"));
	printf(")  %s", json_string_value(json_object_get(node, "node")));
	static const char *const counters[] = {"live", "sessions", "commands",
					       "rows", "masked",   "denied"};
	for (size_t k = 0; k < sizeof(counters) / sizeof(*counters); k++)
		printf("  %s=%lld", counters[k],
		       (long long)json_integer_value(json_object_get(node, counters[k])));
	puts(json_is_true(json_object_get(node, "revoked")) ? "  revoked" : "");
	json_array_foreach(children, i, child) print_node(child, depth + 1);
}

int ctl_chains(const struct args *args)
{
	json_t *reply = NULL;
	const json_t *root;
	size_t i;

	int ret = list_ask(args, args->live ? "/v1/chains?live=1" : "/v1/chains", &reply);
	if (ret != EXIT_OK)
		return ret;
	if (args->json)
		return print_json(reply);
	json_array_foreach(json_object_get(reply, "chains"), i, root) print_node(root, 0);
	list_more(reply);
	json_decref(reply);
	return EXIT_OK;
}
