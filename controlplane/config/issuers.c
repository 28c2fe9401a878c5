// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/sections.h"

#include <stdio.h>
#include <string.h>

static const uint64_t ns_per_s = 1000000000;

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static void read_audiences(struct reader *r, const struct node *node, struct config_issuer *out)
{
	const struct node *item = read_one_or_more(r, node, "audience", CONFIG_AUDIENCES_MAX);

	for (; item != NULL; item = item->next)
		if (read_text(
			    r, item, "audience", out->audiences[out->n_audiences],
			    sizeof(out->audiences[0])
		    ))
			out->n_audiences++;
}

static void read_keys(struct reader *r, const struct node *node, struct config_issuer *out)
{
	static const char *const keys[] = {"file", "url", "ca", NULL};

	out->keys_at = node->at;
	if (!read_map(r, node, "`keys`", keys))
		return;
	const struct node *file = tree_get(node, "file");
	const struct node *url = tree_get(node, "url");
	const struct node *ca = tree_get(node, "ca");
	if (file != NULL && (url != NULL || ca != NULL))
		read_fail(r, file->at, "`file` goes with neither `url` nor `ca`");
	if (file == NULL && url == NULL && ca == NULL)
		read_fail(r, node->at, "`keys` must have `file`, `url` or `ca`");
	if (file != NULL) {
		out->keys = CONFIG_KEYS_FILE;
		(void)read_path(r, file, "file", out->keys_file);
	}
	if (url != NULL && read_text(r, url, "url", out->keys_url, sizeof(out->keys_url))) {
		out->keys = CONFIG_KEYS_URL;
		if (!read_is_safe_url(out->keys_url))
			read_fail(r, url->at, "`url` must start with https://");
	}
	if (ca != NULL)
		(void)read_path(r, ca, "ca", out->ca_file);
}

static void read_where_keys(
	struct reader *r, const struct node *node, bool local, struct config_issuer *out
)
{
	const struct node *keys = tree_get(node, "keys");

	out->keys_at = node->at;
	if (local) {
		out->keys = CONFIG_KEYS_LOCAL;
		if (keys != NULL)
			read_fail(
				r, keys->key_at, "a local issuer makes its own keys; remove `keys`"
			);
		return;
	}
	if (keys != NULL)
		read_keys(r, keys, out);
	if (out->keys == CONFIG_KEYS_DISCOVERY && out->issuer[0] != '\0' &&
	    !read_is_safe_url(out->issuer))
		read_fail(
			r, node->at,
			"`issuer` is no URL that starts with https://, so that its keys cannot be "
			"found; add `keys`"
		);
}

bool config_issuer_is(const struct config_issuer *issuer, const char *iss)
{
	return iss[0] != '\0' &&
	       (strcmp(iss, issuer->issuer) == 0 || strcmp(iss, issuer->other) == 0);
}

struct span config_issuer_tenant(const char *iss)
{
	const char *host = strstr(iss, "://");
	const char *path = host == NULL ? NULL : strchr(host + 3, '/');

	return path == NULL ? span_of(NULL, 0) : span_of(path + 1, strcspn(path + 1, "/"));
}

// A tenant of Entra ID signs with two names, by the version of token that an application asked for.
// Those of the public cloud are known; of another one the file has both.
static void derive_other(struct config_issuer *out)
{
	static const char v2[] = "https://login.microsoftonline.com/";
	static const char v1[] = "https://sts.windows.net/";
	bool is_v2 = starts_with(out->issuer, v2);

	if (!is_v2 && !starts_with(out->issuer, v1))
		return;
	const char *tenant = out->issuer + (is_v2 ? strlen(v2) : strlen(v1));
	int n = (int)strcspn(tenant, "/");
	if (strcmp(tenant + n, is_v2 ? "/v2.0" : "/") == 0)
		snprintf(
			out->other, sizeof(out->other), "%s%.*s%s", is_v2 ? v1 : v2, n, tenant,
			is_v2 ? "/" : "/v2.0"
		);
}

static void read_spellings(struct reader *r, const struct node *node, struct config_issuer *out)
{
	const struct node *item = read_one_or_more(r, node, "issuer", 2);

	if (item == NULL || !read_text(r, item, "issuer", out->issuer, sizeof(out->issuer)))
		return;
	if (item->next == NULL) {
		if (out->profile == CONFIG_PROFILE_ENTRA)
			derive_other(out);
		return;
	}
	if (out->profile != CONFIG_PROFILE_ENTRA)
		read_fail(r, item->next->at, "only profile entra has two spellings of `issuer`");
	(void)read_text(r, item->next, "issuer", out->other, sizeof(out->other));
}

static void read_profile(struct reader *r, const struct node *node, struct config_issuer *out)
{
	static const struct word profiles[] = {
		{"generic", CONFIG_PROFILE_GENERIC},
		{"rfc9068", CONFIG_PROFILE_RFC9068},
		{"entra", CONFIG_PROFILE_ENTRA},
		{NULL, 0}};
	static const struct word kinds[] = {
		{"unknown", SUBJECT_UNKNOWN},
		{"human", SUBJECT_HUMAN},
		{"agent", SUBJECT_AGENT},
		{NULL, 0}};
	int word;

	const struct node *value = tree_get(node, "profile");
	if (value != NULL && read_word(r, value, "profile", profiles, &word))
		out->profile = (enum config_profile)word;
	value = tree_get(node, "subjects");
	if (value != NULL && read_word(r, value, "subjects", kinds, &word))
		out->subjects = (enum subject_kind)word;
}

static void read_claims(
	struct reader *r, const struct node *node, bool local, struct config_issuer *out
)
{
	read_profile(r, node, out);
	const struct node *value = tree_get(node, "issuer");
	if (value != NULL)
		read_spellings(r, value, out);
	else if (local)
		snprintf(out->issuer, sizeof(out->issuer), "bulkhead:%s", out->name);
	else
		(void)read_need(r, node, "the issuer", "issuer");
	value = tree_get(node, "audience");
	if (value != NULL)
		read_audiences(r, value, out);
	else if (local)
		snprintf(out->audiences[out->n_audiences++], sizeof(out->audiences[0]), "bulkhead");
	else
		(void)read_need(r, node, "the issuer", "audience");
}

static void read_issuer(struct reader *r, const struct node *node, struct config_issuer *out)
{
	static const char *const keys[] = {"name", "issuer", "audience", "profile", "subjects",
					   "keys", "local",  "skew",     NULL};
	bool local = false;
	uint64_t skew;

	out->at = node->at;
	out->skew_s = 60;
	if (!read_map(r, node, "an issuer", keys))
		return;
	const struct node *value = read_need(r, node, "the issuer", "name");
	if (value != NULL)
		(void)read_name(r, value, "name", out->name, sizeof(out->name));
	value = tree_get(node, "local");
	if (value != NULL)
		(void)read_bool(r, value, "local", &local);
	read_claims(r, node, local, out);
	read_where_keys(r, node, local, out);
	if (local)
		out->skew_s = 0; // one clock
	value = tree_get(node, "skew");
	if (value != NULL && read_duration(r, value, "skew", 0, 300 * ns_per_s, &skew))
		out->skew_s = (uint32_t)(skew / ns_per_s);
	if (local)
		config_warning_add(
			r->errors, r->file, node->at,
			"issuer `%s` is local: whoever reaches the admin socket can mint tokens; "
			"use it for demonstrations only",
			out->name
		);
}

void section_issuers(struct reader *r, const struct node *node, struct config *config)
{
	if (!read_list(r, node, "`issuers`", CONFIG_ISSUERS_MAX))
		return;
	struct config_issuer *list = arena_array(r->arena, node->n, sizeof(*list));
	if (list == NULL) {
		r->no_memory = true;
		return;
	}
	for (const struct node *item = node->first; item != NULL; item = item->next)
		read_issuer(r, item, &list[config->n_issuers++]);
	config->issuers = list;
}
