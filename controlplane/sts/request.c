// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/sts/request.h"

#include "dataplane/api/effects.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TOKEN_TYPE "urn:ietf:params:oauth:token-type:"

int exchange_refuse(struct exchange_error *error, const char *code, const char *format, ...)
{
	va_list list;

	error->code = code;
	va_start(list, format);
	vsnprintf(error->text, sizeof(error->text), format, list);
	va_end(list);
	return ERR_MALFORMED;
}

// Letters that names of resources and agents have; nothing else gets into a token.
static bool is_name(struct span text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_' || c == '.'))
			return false;
	}
	return text.n > 0;
}

int exchange_add_resource(struct span name, struct exchange_ask *ask, struct exchange_error *error)
{
	static const struct span urn = SPAN_LIT("urn:bulkhead:resource:");

	if (name.n > urn.n && span_equal(span_first(name, urn.n), urn))
		name = span_from(name, urn.n);
	if (name.n >= SNAPSHOT_NAME_MAX || !is_name(name))
		return exchange_refuse(error, "invalid_target", "a resource has no usable name");
	ask->has_resources = true;
	for (uint16_t i = 0; i < ask->n_resources; i++)
		if (span_equal(name, span_str(ask->resources[i])))
			return 0;
	if (ask->n_resources == STS_RESOURCES_MAX)
		return exchange_refuse(error, "invalid_target", "too many resources");
	memcpy(ask->resources[ask->n_resources], name.p, name.n);
	ask->resources[ask->n_resources++][name.n] = '\0';
	return 0;
}

// ---- the parameters

static int on_grant_type(struct span value, struct exchange *, struct exchange_error *error)
{
	if (span_equal(value, SPAN_LIT("urn:ietf:params:oauth:grant-type:token-exchange")))
		return 0;
	return exchange_refuse(
		error, "unsupported_grant_type", "only token exchange (RFC 8693) is offered"
	);
}

// Whatever the type says, the token must be an access token in the form of a JWT.
static int on_token_type(struct span value, struct exchange *, struct exchange_error *error)
{
	if (span_equal(value, SPAN_LIT(TOKEN_TYPE "access_token")) ||
	    span_equal(value, SPAN_LIT(TOKEN_TYPE "jwt")))
		return 0;
	return exchange_refuse(
		error, "invalid_request", "token types other than access_token and jwt are unknown"
	);
}

static int on_subject_token(struct span value, struct exchange *out, struct exchange_error *)
{
	out->subject_token = value;
	return 0;
}

static int on_actor_token(struct span value, struct exchange *out, struct exchange_error *)
{
	out->actor_token = value;
	return 0;
}

static int on_actor(struct span value, struct exchange *out, struct exchange_error *error)
{
	if (value.n > STS_ACTOR_MAX || !is_name(value))
		return exchange_refuse(
			error, "invalid_request",
			"actor must be 1 to %d letters, digits, -, _ and .", STS_ACTOR_MAX
		);
	memcpy(out->actor, value.p, value.n);
	out->actor[value.n] = '\0';
	return 0;
}

static int on_resource(struct span value, struct exchange *out, struct exchange_error *error)
{
	return exchange_add_resource(value, &out->ask, error);
}

// RFC 6749 3.3: words with one space between.
static int on_scope(struct span value, struct exchange *out, struct exchange_error *error)
{
	while (value.n > 0) {
		size_t n = 0;
		while (n < value.n && value.p[n] != ' ')
			n++;
		uint32_t effect = effect_parse(span_first(value, n));
		if (effect == 0)
			return exchange_refuse(
				error, "invalid_scope",
				"scope has a word that is no effect: read, write, ddl, admin, exec"
			);
		out->ask.has_effects = true;
		out->ask.effects |= effect;
		value = span_from(value, n < value.n ? n + 1 : n);
	}
	return 0;
}

static int on_ttl(struct span value, struct exchange *out, struct exchange_error *error)
{
	uint32_t seconds = 0;
	bool ok = value.n > 0 && value.n <= 6;

	for (size_t i = 0; i < value.n && ok; i++) {
		ok = value.p[i] >= '0' && value.p[i] <= '9';
		seconds = seconds * 10 + (uint32_t)(value.p[i] - '0');
	}
	if (!ok || seconds == 0)
		return exchange_refuse(
			error, "invalid_request", "requested_ttl must be in seconds"
		);
	out->ask.ttl_s = seconds;
	return 0;
}

enum param {
	PARAM_GRANT_TYPE,
	PARAM_SUBJECT_TOKEN,
	PARAM_SUBJECT_TOKEN_TYPE,
	PARAM_ACTOR_TOKEN,
	PARAM_ACTOR_TOKEN_TYPE,
	PARAM_REQUESTED_TOKEN_TYPE,
	PARAM_ACTOR,
	PARAM_RESOURCE,
	PARAM_AUDIENCE,
	PARAM_SCOPE,
	PARAM_REQUESTED_TTL,
	PARAM_DETAILS,
	PARAM_COUNT,
};

static const struct {
	const char *name;
	int (*read)(struct span value, struct exchange *out, struct exchange_error *error);
	bool repeats;
} table[PARAM_COUNT] = {
	[PARAM_GRANT_TYPE] = {"grant_type", on_grant_type},
	[PARAM_SUBJECT_TOKEN] = {"subject_token", on_subject_token},
	[PARAM_SUBJECT_TOKEN_TYPE] = {"subject_token_type", on_token_type},
	[PARAM_ACTOR_TOKEN] = {"actor_token", on_actor_token},
	[PARAM_ACTOR_TOKEN_TYPE] = {"actor_token_type", on_token_type},
	[PARAM_REQUESTED_TOKEN_TYPE] = {"requested_token_type", on_token_type},
	[PARAM_ACTOR] = {"actor", on_actor},
	[PARAM_RESOURCE] = {"resource", on_resource, .repeats = true},
	[PARAM_AUDIENCE] = {"audience", on_resource, .repeats = true},
	[PARAM_SCOPE] = {"scope", on_scope},
	[PARAM_REQUESTED_TTL] = {"requested_ttl", on_ttl},
	[PARAM_DETAILS] = {"authorization_details", exchange_details},
};

static enum param find(struct span name)
{
	for (int i = 0; i < PARAM_COUNT; i++)
		if (span_equal(name, span_str(table[i].name)))
			return (enum param)i;
	return PARAM_COUNT;
}

// RFC 6749 3.2: an empty value is as good as none, what is not known is ignored, and what must not
// be repeated is refused when it is.
static int read_param(
	const struct sts_param *param, const char *audience, bool seen[static PARAM_COUNT],
	struct exchange *out, struct exchange_error *error
)
{
	enum param i = find(param->name);

	if (i == PARAM_COUNT || param->value.n == 0)
		return 0;
	if (seen[i] && !table[i].repeats)
		return exchange_refuse(
			error, "invalid_request", "%s is given more than once", table[i].name
		);
	seen[i] = true;
	if (i == PARAM_AUDIENCE && span_equal(param->value, span_str(audience)))
		return 0;
	return table[i].read(param->value, out, error);
}

static int check_whole(const bool seen[static PARAM_COUNT], struct exchange_error *error)
{
	if (!seen[PARAM_GRANT_TYPE])
		return exchange_refuse(error, "invalid_request", "grant_type is missing");
	if (!seen[PARAM_SUBJECT_TOKEN] || !seen[PARAM_SUBJECT_TOKEN_TYPE])
		return exchange_refuse(
			error, "invalid_request", "subject_token and subject_token_type are needed"
		);
	if (seen[PARAM_ACTOR_TOKEN] != seen[PARAM_ACTOR_TOKEN_TYPE])
		return exchange_refuse(
			error, "invalid_request", "actor_token and actor_token_type go together"
		);
	if (seen[PARAM_ACTOR_TOKEN] == seen[PARAM_ACTOR])
		return exchange_refuse(
			error, "invalid_request",
			"the child must be named, by actor_token or by actor"
		);
	return 0;
}

int exchange_parse(
	const struct sts_param *params, size_t n_params, const char *audience, struct exchange *out,
	struct exchange_error *error
)
{
	bool seen[PARAM_COUNT] = {false};
	int rc = 0;

	*out = (struct exchange){0};
	if (n_params > STS_PARAMS_MAX)
		return exchange_refuse(error, "invalid_request", "too many parameters");
	// The plain parameters first: what authorization_details repeats is a contradiction,
	// whichever comes first.
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < n_params && rc == 0; i++)
			if ((find(params[i].name) == PARAM_DETAILS) == (pass == 1))
				rc = read_param(&params[i], audience, seen, out, error);
	return rc == 0 ? check_whole(seen, error) : rc;
}
