// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/jwt.h"

#include <jansson.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum claims_limit { AUDIENCES_MAX = 64, GROUP_BYTES_MAX = 256 };

static const char role_prefix[] = "role:";

static int refuse(char why[static JWT_WHY], const char *text)
{
	snprintf(why, JWT_WHY, "%s", text);
	return ERR_AUTH;
}

// What ends up in rules, logs and records: one line of text. Anything in it that a terminal would
// obey is a reason to refuse, not to repair: two names must not become one.
static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

// ---- time (RFC 7519 4.1.4 to 4.1.6)

// Seconds since 1970; -1 when the claim is absent, -2 when it is no time.
static int64_t time_claim(const json_t *claims, const char *name)
{
	const json_t *value = json_object_get(claims, name);

	if (value == NULL)
		return -1;
	double seconds = json_is_number(value) ? json_number_value(value) : -1;
	if (!(seconds >= 0 && seconds <= 9e15)) // exact in a double, and no NaN
		return -2;
	return (int64_t)seconds;
}

static int check_times(
	const json_t *claims, const struct config_issuer *issuer, uint64_t now, uint64_t *expires,
	char why[static JWT_WHY]
)
{
	int64_t exp = time_claim(claims, "exp"), nbf = time_claim(claims, "nbf");
	int64_t iat = time_claim(claims, "iat");
	int64_t at = (int64_t)now, skew = issuer->skew_s;

	if (exp == -1)
		return refuse(why, "token has no exp");
	if (exp < 0 || nbf == -2 || iat == -2)
		return refuse(why, "token's exp, nbf or iat is no time");
	if (at >= exp + skew)
		return refuse(why, "token has expired");
	if (nbf >= 0 && nbf > at + skew)
		return refuse(why, "token is not valid yet");
	if (iat >= 0 && iat > at + skew)
		return refuse(why, "token was issued in the future");
	*expires = (uint64_t)(exp + skew);
	return 0;
}

// ---- audience (RFC 7519 4.1.3)

static bool is_our_audience(const json_t *value, const struct config_issuer *issuer)
{
	const char *text = json_string_value(value);

	for (uint16_t i = 0; text != NULL && i < issuer->n_audiences; i++)
		if (strcmp(text, issuer->audiences[i]) == 0)
			return true;
	return false;
}

static int check_audience(
	const json_t *claims, const struct config_issuer *issuer, char why[static JWT_WHY]
)
{
	const json_t *aud = json_object_get(claims, "aud"), *item;
	size_t i;

	if (is_our_audience(aud, issuer))
		return 0;
	if (json_array_size(aud) > AUDIENCES_MAX)
		return refuse(why, "token has too many audiences");
	json_array_foreach(aud, i, item)
	{
		if (is_our_audience(item, issuer))
			return 0;
	}
	return refuse(why, "token is for another audience");
}

// ---- what we cannot honour

static int check_kind(
	const json_t *claims, const struct config_issuer *issuer, char why[static JWT_WHY]
)
{
	// An ID token speaks to the application that signed its user in, not to us.
	if (issuer->profile == CONFIG_PROFILE_ENTRA && json_object_get(claims, "nonce") != NULL)
		return refuse(why, "token is an ID token");
	// More groups than fit into a token: to go on without them could match a wider rule.
	if (json_object_get(json_object_get(claims, "_claim_names"), "groups") != NULL ||
	    json_is_true(json_object_get(claims, "hasgroups")))
		return refuse(
			why, "token has too many groups to list them (overage); use app roles"
		);
	return 0;
}

// ---- who

static int copy_text(
	const json_t *claims, const char *claim, char *out, size_t size, char why[static JWT_WHY]
)
{
	const char *text = json_string_value(json_object_get(claims, claim));

	if (text != NULL && text[0] != '\0' && strlen(text) < size && is_plain(text)) {
		memcpy(out, text, strlen(text) + 1);
		return 0;
	}
	snprintf(why, JWT_WHY, "token has no usable %s", claim);
	return ERR_AUTH;
}

// Entra ID: the tenant must be the issuer's own, or a key of a shared endpoint could speak for all.
static bool is_tenant_of(const char *tid, const char *issuer)
{
	size_t n = strlen(tid);

	for (const char *at = strstr(issuer, tid); at != NULL; at = strstr(at + 1, tid))
		if (at > issuer && at[-1] == '/' && (at[n] == '/' || at[n] == '\0'))
			return true;
	return false;
}

static int fill_key(
	const json_t *claims, const struct config_issuer *issuer, struct subject *subject,
	char why[static JWT_WHY]
)
{
	char tid[128], oid[120];

	if (issuer->profile == CONFIG_PROFILE_OIDC)
		return copy_text(claims, "sub", subject->key, sizeof(subject->key), why);
	int rc = copy_text(claims, "tid", tid, sizeof(tid), why);
	if (rc == 0)
		rc = copy_text(claims, "oid", oid, sizeof(oid), why);
	if (rc != 0)
		return rc;
	if (!is_tenant_of(tid, issuer->issuer))
		return refuse(why, "token's tid is not the issuer's tenant");
	snprintf(subject->key, sizeof(subject->key), "%s/%s", tid, oid);
	return 0;
}

// For display only: no rule looks at it.
static void fill_name(const json_t *claims, struct subject *subject)
{
	static const char *const from[] = {"name", "app_displayname", "azp", "appid", "client_id"};
	const char *text = NULL;

	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]) && text == NULL; i++)
		text = json_string_value(json_object_get(claims, from[i]));
	if (text == NULL || !is_plain(text))
		text = subject->key;
	snprintf(subject->name, sizeof(subject->name), "%.*s", SUBJECT_NAME_MAX - 1, text);
}

// RFC 8693 4.1: the outermost `act` is the one who acts now, what is nested acted before. The chain
// reads from the root to the one who acts now.
static int fill_chain(const json_t *claims, struct subject *subject, char why[static JWT_WHY])
{
	const char *actors[JWT_DEPTH_MAX];
	const json_t *act = json_object_get(claims, "act");
	size_t n = 0, at;

	for (; act != NULL; act = json_object_get(act, "act"), n++) {
		if (n == JWT_DEPTH_MAX)
			return refuse(why, "token's chain of actors is too long");
		actors[n] = json_string_value(json_object_get(act, "sub"));
		if (actors[n] == NULL || actors[n][0] == '\0' || !is_plain(actors[n]))
			return refuse(why, "token's chain of actors has one without a usable sub");
	}
	subject->depth = (uint16_t)n;
	at = (size_t)snprintf(subject->chain, sizeof(subject->chain), "%s", subject->key);
	while (n > 0) {
		size_t left = sizeof(subject->chain) - at;
		int added = snprintf(subject->chain + at, left, " > %s", actors[--n]);
		if (added < 0 || (size_t)added >= left)
			return refuse(why, "token's chain of actors is too long");
		at += (size_t)added;
	}
	return 0;
}

// ---- groups

// The texts of a claim: a list of strings, or one. -1 when it is something else.
static long count_texts(const json_t *value)
{
	const json_t *item;
	size_t i;

	if (value == NULL)
		return 0;
	if (json_is_string(value))
		return 1;
	if (!json_is_array(value))
		return -1;
	json_array_foreach(value, i, item)
	{
		if (!json_is_string(item))
			return -1;
	}
	return (long)json_array_size(value);
}

static const char *text_at(const json_t *value, size_t i)
{
	return json_string_value(json_is_string(value) ? value : json_array_get(value, i));
}

static int add_group(
	struct subject *subject, const char *prefix, const char *text, char **store,
	char why[static JWT_WHY]
)
{
	if (text[0] == '\0' || strlen(text) >= GROUP_BYTES_MAX || !is_plain(text))
		return refuse(why, "token has a group or role without a usable name");
	// Whoever may name a group must not thereby get a role.
	if (prefix[0] == '\0' && strncmp(text, role_prefix, strlen(role_prefix)) == 0)
		return refuse(why, "token has a group whose name starts with role:");
	subject->groups[subject->n_groups++] = *store;
	*store += sprintf(*store, "%s%s", prefix, text) + 1;
	return 0;
}

static int fill_groups(
	const json_t *groups, const json_t *roles, struct subject *subject, char *store,
	char why[static JWT_WHY]
)
{
	int rc = 0;

	for (size_t i = 0; i < (size_t)count_texts(groups) && rc == 0; i++)
		rc = add_group(subject, "", text_at(groups, i), &store, why);
	for (size_t i = 0; i < (size_t)count_texts(roles) && rc == 0; i++)
		rc = add_group(subject, role_prefix, text_at(roles, i), &store, why);
	return rc;
}

// Bytes that the texts of a claim take, with a prefix and NUL each.
static size_t bytes_of(const json_t *value)
{
	size_t bytes = 0;

	for (size_t i = 0; i < (size_t)count_texts(value); i++)
		bytes += strlen(text_at(value, i)) + sizeof(role_prefix);
	return bytes;
}

static int fill_subject(
	const json_t *claims, const struct config_issuer *issuer, struct subject *subject,
	char why[static JWT_WHY]
)
{
	memcpy(subject->issuer, issuer->name, sizeof(subject->issuer));
	int rc = fill_key(claims, issuer, subject, why);
	if (rc != 0)
		return rc;
	fill_name(claims, subject);
	rc = fill_chain(claims, subject, why);
	if (rc != 0)
		return rc;
	return fill_groups(
		json_object_get(claims, "groups"), json_object_get(claims, "roles"), subject,
		(char *)(subject + 1), why
	);
}

int claims_subject(
	const json_t *claims, const struct config_issuer *issuer, uint64_t now,
	struct subject **out, char why[static JWT_WHY]
)
{
	const json_t *groups = json_object_get(claims, "groups");
	const json_t *roles = json_object_get(claims, "roles");
	const char *iss = json_string_value(json_object_get(claims, "iss"));
	uint64_t expires = 0;

	if (iss == NULL || strcmp(iss, issuer->issuer) != 0)
		return refuse(why, "token is from another issuer");
	int rc = check_times(claims, issuer, now, &expires, why);
	if (rc == 0)
		rc = check_audience(claims, issuer, why);
	if (rc == 0)
		rc = check_kind(claims, issuer, why);
	if (rc != 0)
		return rc;
	if (count_texts(groups) < 0 || count_texts(roles) < 0)
		return refuse(why, "token's groups or roles are no list of names");
	if (count_texts(groups) + count_texts(roles) > SUBJECT_GROUPS_MAX)
		return refuse(why, "token has too many groups");
	struct subject *subject =
		calloc(1, sizeof(*subject) + bytes_of(groups) + bytes_of(roles) + 1);
	if (subject == NULL)
		return -ENOMEM;
	subject->expires = expires;
	rc = fill_subject(claims, issuer, subject, why);
	if (rc == 0)
		*out = subject;
	else
		subject_free(subject);
	return rc;
}

void subject_free(const struct subject *subject)
{
	free((void *)(uintptr_t)subject);
}
