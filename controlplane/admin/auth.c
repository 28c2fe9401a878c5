// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/https.h"
#include "controlplane/admin/routes.h"

#include <microhttpd.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static const char scheme[] = "Bearer ";

// ---- where it comes from

static uint32_t peer_uid(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred peer;
	socklen_t n = sizeof(peer);

	if (info == NULL || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
		return UINT32_MAX; // nobody
	return peer.uid;
}

static struct ip_addr peer_address(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct ip_addr address = {0};

	if (info == NULL || info->client_addr == NULL)
		return address;
	if (info->client_addr->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, info->client_addr, sizeof(v4));
		address = addr_from_v4(v4.sin_addr.s_addr);
	} else if (info->client_addr->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy(&v6, info->client_addr, sizeof(v6));
		memcpy(address.b, &v6.sin6_addr, sizeof(address.b));
	}
	return address;
}

// ---- how often

static bool too_many(struct request *request)
{
	answer_error(&request->answer, HTTP_TOO_MANY, "too many requests; wait a second");
	request->answer.retry_s = 1;
	return false;
}

static uint32_t rate_of(const struct request *request)
{
	const struct admin_ops *ops = &request->admin->config.ops;

	return ops->rate(ops->context);
}

// Before any token is looked at: verifying is work. A host has a /64 of IPv6 addresses for itself.
static bool address_may(struct request *request, const struct ip_addr *address)
{
	uint32_t rate = rate_of(request);
	size_t n = addr_is_v4(address) ? sizeof(address->b) : 8;

	return limiter_take(
		       &request->admin->limiter, span_of(address->b, n), 2 * rate, 4 * rate,
		       admin_now_ms()
	       ) ||
	       too_many(request);
}

static bool subject_may(struct request *request)
{
	const struct subject *subject = request->call.caller.subject;
	char name[sizeof(subject->issuer) + sizeof(subject->key) + 1];
	uint32_t rate = rate_of(request);

	int n = snprintf(name, sizeof(name), "%s\n%s", subject->issuer, subject->key);
	return limiter_take(
		       &request->admin->limiter, span_of(name, (size_t)n), rate, 2 * rate,
		       admin_now_ms()
	       ) ||
	       too_many(request);
}

// ---- who

struct header {
	const char *value;
	size_t n;
	unsigned times;
};

static enum MHD_Result find_authorization(
	void *context, enum MHD_ValueKind, const char *name, size_t, const char *value, size_t n
)
{
	struct header *header = context;

	if (strcasecmp(name, MHD_HTTP_HEADER_AUTHORIZATION) == 0) {
		header->times++;
		header->value = value;
		header->n = n;
	}
	return MHD_YES;
}

// The one token of the request; empty when it has none. False: it has something else.
static bool token_of(struct MHD_Connection *connection, struct span *token)
{
	struct header header = {0};
	size_t skip = strlen(scheme);

	*token = (struct span){0};
	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, find_authorization, &header);
	if (header.times == 0)
		return true;
	if (header.times > 1 || header.n <= skip || strncasecmp(header.value, scheme, skip) != 0)
		return false;
	*token = span_of(header.value + skip, header.n - skip);
	return true;
}

// Every refusal reads the same to whoever asks; the audit learns why.
static bool refuse(struct request *request, const char *why)
{
	answer_error(&request->answer, HTTP_UNAUTHORIZED, "the token is not accepted");
	snprintf(request->answer.why, sizeof(request->answer.why), "%s", why);
	return false;
}

static bool read_token(struct request *request)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	struct admin_caller *caller = &request->call.caller;
	uint8_t certificate[32];
	char why[ADMIN_WHY] = "";
	struct span token;

	if (!token_of(request->connection, &token))
		return refuse(request, "no bearer token");
	if (token.n == 0)
		return true;
	bool shown = https_client_certificate(request->connection, certificate);
	int r = ops->authenticate(
		ops->context, token, shown ? certificate : NULL, &caller->subject, why
	);
	if (r == -EAGAIN) {
		answer_error(
			&request->answer, HTTP_UNAVAILABLE, "the issuer's keys are being fetched"
		);
		request->answer.retry_s = 1;
		return false;
	}
	if (r != 0)
		return refuse(request, why);
	caller->roles |= ops->roles(ops->context, caller->subject);
	return subject_may(request);
}

static bool check_local(struct request *request)
{
	struct admin_caller *caller = &request->call.caller;

	caller->local = true;
	caller->uid = peer_uid(request->connection);
	if (caller->uid == 0 || caller->uid == geteuid()) {
		caller->roles = 1 << CONFIG_ROLE_ADMIN | 1 << CONFIG_ROLE_AUDITOR;
		return true;
	}
	answer_error(&request->answer, HTTP_FORBIDDEN, "only root and the gateway's own user");
	return false;
}

// ---- may they?

static bool forbid(struct request *request, enum config_role_name role)
{
	static const char *const names[] = {"admin", "auditor", "approver"};

	answer_error(&request->answer, HTTP_FORBIDDEN, "this needs the role %s", names[role]);
	json_object_set_new(request->answer.json, "missing_role", json_string(names[role]));
	return false;
}

static bool is_human(const struct subject *subject)
{
	return subject->n_links == 1 && subject->links[0].kind == SUBJECT_HUMAN;
}

static bool check_roles(struct request *request)
{
	const struct route *route = request->route;
	const struct admin_caller *caller = &request->call.caller;

	if (!caller->local && caller->subject == NULL) {
		answer_error(&request->answer, HTTP_UNAUTHORIZED, "this needs a bearer token");
		return false;
	}
	if (route->needs != NEEDS_NOTHING && caller->subject == NULL) {
		answer_error(
			&request->answer, HTTP_UNAUTHORIZED,
			"this needs a bearer token, over the socket too: it says who you are"
		);
		return false;
	}
	if ((route->roles & (ROLE_ANY | caller->roles)) == 0)
		return forbid(request, (enum config_role_name)__builtin_ctz(route->roles));
	if (route->needs == NEEDS_HUMAN && !is_human(caller->subject)) {
		answer_error(
			&request->answer, HTTP_FORBIDDEN,
			"only a human may: this token is an agent's, or does not prove a human"
		);
		return false;
	}
	return true;
}

bool auth_check(struct request *request)
{
	enum entrance_kind kind = request->peer->entrance->kind;
	const struct route *route = request->route;

	if (kind == ENTRANCE_METRICS)
		return true;
	if (kind == ENTRANCE_LOCAL) {
		if (!check_local(request))
			return false;
	} else {
		struct ip_addr address = peer_address(request->connection);
		addr_text(&address, request->call.caller.address);
		if (!address_may(request, &address))
			return false;
	}
	// Even where no token is needed a wrong one is told: never taken for none.
	if (route == NULL || route->roles == 0)
		return true;
	return read_token(request) && check_roles(request);
}
