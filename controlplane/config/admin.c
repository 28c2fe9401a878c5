// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// `admin:`, who may operate the gateway and where; and `https:`, here and in `token_service:`.

#include "controlplane/config/sections.h"
#include "dataplane/api/subject.h"

#include <stdlib.h>
#include <string.h>

enum admin_default { RATE_DEFAULT = 20, RATE_MAX = 10000, ROLE_NAMES_MAX = 256 };

void section_https(struct reader *r, const struct node *node, struct config_https *out)
{
	static const char *const keys[] = {"address", "port", "certificate", "key", NULL};
	uint64_t port;

	out->at = node->at;
	if (!read_map(r, node, "`https`", keys))
		return;
	out->enabled = true;
	const struct node *value = read_need(r, node, "`https`", "address");
	if (value != NULL)
		(void)read_address(r, value, "address", &out->address.addr);
	value = read_need(r, node, "`https`", "port");
	if (value != NULL && read_number(r, value, "port", 1, UINT16_MAX, &port))
		out->address.port = (uint16_t)port;
	value = read_need(r, node, "`https`", "certificate");
	if (value != NULL && read_path(r, value, "certificate", out->certificate))
		out->certificate_at = value->at;
	value = read_need(r, node, "`https`", "key");
	if (value != NULL && read_path(r, value, "key", out->key))
		out->key_at = value->at;
}

static void read_role(struct reader *r, const struct node *node, struct config_role *out)
{
	static const char *const keys[] = {"issuers", "groups", "subjects", NULL};

	out->at = node->at;
	if (!read_map(r, node, "a role", keys))
		return;
	out->enabled = true;
	// A group's name means nothing without who says it: another issuer may use the same.
	const struct node *value = read_need(r, node, "the role", "issuers");
	if (value != NULL)
		(void)read_names(
			r, value, "issuers", CONFIG_ISSUERS_MAX, SNAPSHOT_NAME_MAX - 1,
			&out->issuers
		);
	const struct node *groups = tree_get(node, "groups");
	if (groups != NULL)
		(void
		)read_names(r, groups, "groups", ROLE_NAMES_MAX, SUBJECT_KEY_MAX - 1, &out->groups);
	const struct node *subjects = tree_get(node, "subjects");
	if (subjects != NULL)
		(void)read_names(
			r, subjects, "subjects", ROLE_NAMES_MAX, SUBJECT_KEY_MAX - 1, &out->subjects
		);
	if (groups == NULL && subjects == NULL)
		read_fail(r, node->at, "the role names nobody; give `groups` or `subjects`");
}

static void read_roles(struct reader *r, const struct node *node, struct config_admin *out)
{
	static const char *const keys[] = {"admin", "auditor", "approver", NULL};

	if (!read_map(r, node, "`roles`", keys))
		return;
	for (int i = 0; i < CONFIG_ROLE_COUNT; i++) {
		const struct node *role = tree_get(node, keys[i]);
		if (role != NULL)
			read_role(r, role, &out->roles[i]);
	}
}

static void read_console(struct reader *r, const struct node *node, struct config_console *out)
{
	static const char *const keys[] = {"issuer", "client_id", "scope", "resource", NULL};
	char name[SNAPSHOT_NAME_MAX];

	if (!read_map(r, node, "`console`", keys))
		return;
	out->enabled = true;
	const struct node *value = read_need(r, node, "`console`", "issuer");
	if (value != NULL && read_name(r, value, "issuer", name, sizeof(name)))
		out->issuer = (struct config_name){value->at, value->text};
	value = read_need(r, node, "`console`", "client_id");
	if (value != NULL)
		(void)read_text(r, value, "client_id", out->client_id, sizeof(out->client_id));
	value = read_need(r, node, "`console`", "scope");
	if (value != NULL)
		(void)read_text(r, value, "scope", out->scope, sizeof(out->scope));
	value = tree_get(node, "resource");
	if (value != NULL)
		(void)read_text(r, value, "resource", out->resource, sizeof(out->resource));
}

// "20/s"
static void read_rate(struct reader *r, const struct node *node, uint32_t *out)
{
	char text[16], *end;

	if (!read_text(r, node, "rate", text, sizeof(text)))
		return;
	unsigned long n = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || strcmp(end, "/s") != 0 || n < 1 || n > RATE_MAX)
		read_fail(r, node->at, "`rate` must be requests per second, 1/s to %d/s", RATE_MAX);
	else
		*out = (uint32_t)n;
}

// What browsers and notifications are sent to: no path, no trailing slash.
static void read_url(struct reader *r, const struct node *node, char out[static CONFIG_URL_MAX])
{
	static const char start[] = "https://";

	if (!read_text(r, node, "url", out, CONFIG_URL_MAX))
		return;
	const char *host = out + strlen(start);
	if (strncmp(out, start, strlen(start)) != 0 || host[0] == '\0' ||
	    strpbrk(host, "/?#@ \\\"';,") != NULL)
		read_fail(r, node->at, "`url` must be https://HOST or https://HOST:PORT");
}

void section_admin_defaults(struct config_admin *out)
{
	out->rate = RATE_DEFAULT;
}

void section_admin(struct reader *r, const struct node *node, struct config_admin *out)
{
	static const char *const keys[] = {"https", "roles", "console", "url", "rate", NULL};

	out->at = node->at;
	if (!read_map(r, node, "`admin`", keys))
		return;
	const struct node *value = tree_get(node, "https");
	if (value != NULL)
		section_https(r, value, &out->https);
	value = tree_get(node, "roles");
	if (value != NULL)
		read_roles(r, value, out);
	value = tree_get(node, "console");
	if (value != NULL)
		read_console(r, value, &out->console);
	value = tree_get(node, "url");
	if (value != NULL)
		read_url(r, value, out->url);
	value = tree_get(node, "rate");
	if (value != NULL)
		read_rate(r, value, &out->rate);
	bool has_role = false;
	for (int i = 0; i < CONFIG_ROLE_COUNT; i++)
		has_role |= out->roles[i].enabled;
	if (out->https.enabled && !has_role)
		read_fail(r, out->https.at, "nobody has a role; say who may come, with `roles`");
	if (out->console.enabled && !out->https.enabled)
		read_fail(r, node->at, "`console` needs `https`");
}
