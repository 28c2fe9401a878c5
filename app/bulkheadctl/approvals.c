// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Approvals, accesses and grants, notifications, budgets: lists, and what can be done about them.

#include "app/bulkheadctl/client.h"
#include "app/bulkheadctl/lists.h"
#include "app/bulkheadctl/text.h"

#include <stdio.h>
#include <string.h>

static json_t *body_with(const char *key, const char *text)
{
	json_t *body = json_object();

	if (text != NULL)
		json_object_set_new(body, key, text_json(span_str(text)));
	return body;
}

static int act(
	const struct args *args, const char *before, const char *after, const char *key,
	const char *text
)
{
	char path[256];

	int ret = list_path(path, sizeof(path), before, args->word, after);
	return ret == EXIT_OK ? list_post(args, path, body_with(key, text)) : ret;
}

static int list_of(const struct args *args, const char *kind)
{
	static const struct column columns[] = {
		{"ID", "id"},     {"STATE", "state"},       {"ASKED (UTC)", "requested_ns"},
		{"RULE", "rule"}, {"RESOURCE", "resource"}, {"VOTES", "votes"},
		{"OF", "quorum"}, {"COMMAND", "masked"},    {"REASON", "reason"},
		{NULL, NULL},
	};
	char path[128];

	snprintf(
		path, sizeof(path), "/v1/approvals%s%s%s%s", kind == NULL && args->all ? "" : "?",
		kind == NULL ? "" : kind, kind == NULL || args->all ? "" : "&",
		args->all ? "" : "state=pending"
	);
	return list_print(args, path, "approvals", columns);
}

int ctl_approvals_list(const struct args *args)
{
	return list_of(args, NULL);
}

int ctl_approvals_show(const struct args *args)
{
	json_t *thing = NULL;
	char path[256];

	int ret = list_path(path, sizeof(path), "/v1/approvals/", args->word, "");
	if (ret == EXIT_OK)
		ret = client_ask(args, path, NULL, false, &thing);
	return ret == EXIT_OK ? list_show(args, thing) : ret;
}

int ctl_approvals_approve(const struct args *args)
{
	return act(args, "/v1/approvals/", "/approve", "comment", args->comment);
}

int ctl_approvals_refuse(const struct args *args)
{
	return act(args, "/v1/approvals/", "/refuse", "comment", args->comment);
}

int ctl_access_list(const struct args *args)
{
	return list_of(args, "kind=access");
}

int ctl_access_request(const struct args *args)
{
	json_t *body = body_with("reason", args->reason);
	long long lasts = args->lasts == NULL ? 0 : ctl_seconds(args->lasts);

	if (args->lasts != NULL && lasts < 60) {
		json_decref(body);
		return fail(EXIT_USAGE, "access request: --for is a time from 1m on");
	}
	json_object_set_new(body, "resource", text_json(span_str(args->word)));
	if (lasts > 0)
		json_object_set_new(body, "duration_s", json_integer(lasts));
	json_t *reply = NULL;
	int ret = client_ask(args, "/v1/access", body, false, &reply);
	if (ret != EXIT_OK)
		return ret;
	long long gives = json_integer_value(json_object_get(reply, "duration_s"));
	if (gives < lasts)
		fprintf(stderr,
			"bulkheadctl: access request: asked for %lld s, the rule gives %lld s at "
			"most\n",
			lasts, gives);
	return list_show(args, reply);
}

int ctl_access_grants(const struct args *args)
{
	static const struct column columns[] = {
		{"ID", "id"},
		{"NAME", "name"},
		{"RESOURCE", "resource"},
		{"SINCE (UTC)", "granted_ns"},
		{"UNTIL (UTC)", "expires_ns"},
		{"REVOKED", "revoked_ns"},
		{NULL, NULL},
	};

	return list_print(args, args->all ? "/v1/grants" : "/v1/grants?live=1", "grants", columns);
}

int ctl_access_revoke(const struct args *args)
{
	return act(args, "/v1/grants/", "/revoke", "reason", args->reason);
}

int ctl_budgets(const struct args *args)
{
	static const struct column columns[] = {
		{"NODE", "node"}, {"LABEL", "label"},      {"METRIC", "metric"}, {"USED", "used"},
		{"OF", "limit"},  {"SECONDS", "window_s"}, {NULL, NULL},
	};

	return list_print(args, "/v1/budgets", "budgets", columns);
}

int ctl_notifications_list(const struct args *args)
{
	static const struct column columns[] = {
		{"ID", "id"},       {"CHANNEL", "channel"},   {"EVENT", "event"},
		{"STATE", "state"}, {"ATTEMPTS", "attempts"}, {"ERROR", "error"},
		{NULL, NULL},
	};

	return list_print(
		args, args->all ? "/v1/notifications" : "/v1/notifications?state=dead",
		"notifications", columns
	);
}

int ctl_notifications_requeue(const struct args *args)
{
	return act(args, "/v1/notifications/", "/requeue", "", NULL);
}

int ctl_audit_tail(const struct args *args)
{
	json_t *reply = NULL, *line;
	size_t i;

	int ret = list_ask(args, "/v1/audit", &reply);
	if (ret != EXIT_OK)
		return ret;
	if (args->json)
		return print_json(reply);
	json_array_foreach(json_object_get(reply, "lines"), i, line)
	{
		json_dumpf(line, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
	}
	list_more(reply);
	json_decref(reply);
	return EXIT_OK;
}

int ctl_whoami(const struct args *args)
{
	json_t *who = NULL;

	int ret = client_ask(args, "/v1/whoami", NULL, false, &who);
	return ret == EXIT_OK ? list_show(args, who) : ret;
}
