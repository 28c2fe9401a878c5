// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/routes.h"

#include <stddef.h>
#include <string.h>

enum {
	ADMIN = 1 << CONFIG_ROLE_ADMIN,
	AUDITOR = 1 << CONFIG_ROLE_AUDITOR,
	APPROVER = 1 << CONFIG_ROLE_APPROVER,
	YEAR_S = 366 * 86400,
};

// ---- what may be in a query

#define AT(member) .at = offsetof(struct admin_page, member)
#define TEXT_AT(member, least)                                                       \
	.kind = VALUE_TEXT, .low = least, .at = offsetof(struct admin_page, member), \
	.high = sizeof(((struct admin_page *)0)->member) - 1

static const char *const approval_states[] = {"pending",   "approved", "refused", "expired",
					      "cancelled", "used",     NULL};
static const char *const approval_kinds[] = {"command", "access", NULL};
static const char *const notification_states[] = {"pending", "dead", NULL};

static const struct value limit = {"limit", VALUE_NUMBER, 1, ADMIN_PAGE_MAX, AT(limit)};
static const struct value cursor = {"cursor", VALUE_NUMBER, 0, INT64_MAX, AT(cursor)};
static const struct value before = {"before", VALUE_NUMBER, 0, INT64_MAX, AT(cursor)};
static const struct value live = {"live", VALUE_NUMBER, 0, 1, AT(live)};
static const struct value by_subject = {"subject", TEXT_AT(subject, 1)};
static const struct value by_resource = {"resource", TEXT_AT(resource, 1)};
static const struct value by_type = {"type", TEXT_AT(type, 1)};
static const struct value by_node = {"node", VALUE_NODE, AT(node)};
static const struct value by_approval_state = {
	"state", VALUE_WORD, .words = approval_states, AT(state)};
static const struct value by_approval_kind = {
	"kind", VALUE_WORD, .words = approval_kinds, AT(kind)};
static const struct value by_notification_state = {
	"state", VALUE_WORD, .words = notification_states, AT(state)};

// ---- and in a body

static const char *const target_kinds[] = {"token", "subject", "node", "resource", NULL};

static const struct value comment = {"comment", VALUE_LINES, 0, 1000};
static const struct value reason = {"reason", VALUE_TEXT, 0, 200};
static const struct value resource = {"resource", VALUE_TEXT, 1, SNAPSHOT_NAME_MAX - 1};
static const struct value asked_resource = {
	"resource", VALUE_TEXT, 1, SNAPSHOT_NAME_MAX - 1, .needed = true};
static const struct value duration = {"duration_s", VALUE_NUMBER, 60, YEAR_S};
static const struct value target_kind = {"kind", VALUE_WORD, .words = target_kinds, .needed = true};
static const struct value target_node = {"node", VALUE_NODE};
static const struct value target_token = {"token", VALUE_TEXT, 1, 16 << 10};
static const struct value target_issuer = {"issuer", VALUE_TEXT, 1, SNAPSHOT_NAME_MAX - 1};
static const struct value target_key = {"key", VALUE_TEXT, 1, SUBJECT_KEY_MAX - 1};
static const struct value for_s = {"for_s", VALUE_NUMBER, 1, 10 * (int64_t)YEAR_S};
static const struct value dry_config = {"config", VALUE_LINES, 1, CONFIG_FILE_MAX};
static const struct value from_ns = {"from_ns", VALUE_NUMBER, 0, INT64_MAX};
static const struct value to_ns = {"to_ns", VALUE_NUMBER, 0, INT64_MAX};
static const struct value dry_limit = {"limit", VALUE_NUMBER, 1, 10000};
static const struct value mint_subject = {
	"subject", VALUE_TEXT, 1, SUBJECT_KEY_MAX - 1, .needed = true};
static const struct value mint_groups = {"groups", VALUE_TEXTS, 1, SUBJECT_KEY_MAX - 1};
static const struct value mint_ttl = {"ttl", VALUE_NUMBER, 1, INT32_MAX, .needed = true};

#define PAGE     &limit, &cursor
#define TARGET   &target_kind, &target_node, &target_token, &target_issuer, &target_key, &resource
#define OP(name) .op = offsetof(struct admin_ops, name)

const struct route routes[] = {
	{"GET", "/v1/whoami", ROLE_ANY, .handle = handle_whoami},
	{"GET", "/v1/status", AUDITOR, .handle = handle_status},
	{"GET", "/v1/workers", AUDITOR, .handle = handle_workers},
	{"GET", "/v1/stats/history", AUDITOR, .handle = handle_history},
	{"GET", "/v1/events", AUDITOR, .handle = handle_events},
	{"GET", "/v1/sessions", AUDITOR, OP(sessions),
	 .query = {PAGE, &before, &live, &by_subject, &by_resource}},
	{"GET", "/v1/sessions/*", AUDITOR, OP(session)},
	{"GET", "/v1/sessions/*/recording", AUDITOR, OP(recording), .query = {PAGE}, .slow = true},
	{"POST", "/v1/sessions/*/kill", ADMIN, OP(kill), .body = {&reason}},
	{"GET", "/v1/chains", AUDITOR, OP(chains), .query = {PAGE, &live}},
	{"GET", "/v1/approvals", AUDITOR | APPROVER, OP(approvals),
	 .query = {PAGE, &by_approval_state, &by_approval_kind}},
	{"GET", "/v1/approvals/*", AUDITOR | APPROVER, OP(approval)},
	{"POST", "/v1/approvals/*/approve", APPROVER, OP(approve), .body = {&comment},
	 .needs = NEEDS_HUMAN},
	{"POST", "/v1/approvals/*/refuse", APPROVER, OP(refuse), .body = {&comment},
	 .needs = NEEDS_HUMAN},
	{"POST", "/v1/access", ROLE_ANY, OP(access), .body = {&asked_resource, &duration, &reason},
	 .needs = NEEDS_TOKEN, .created = true},
	{"GET", "/v1/grants", AUDITOR | APPROVER, OP(grants), .query = {PAGE, &live}},
	{"POST", "/v1/grants/*/revoke", ADMIN | APPROVER, OP(revoke_grant), .body = {&reason}},
	{"POST", "/v1/revocations/preview", AUDITOR, OP(preview), .body = {TARGET}},
	{"GET", "/v1/revocations", AUDITOR, OP(revocations), .query = {PAGE, &live}},
	{"POST", "/v1/revocations", ADMIN, OP(revoke), .body = {TARGET, &reason, &for_s},
	 .created = true},
	{"GET", "/v1/revocations/*", AUDITOR, OP(revocation)},
	{"POST", "/v1/revocations/*/lift", ADMIN, OP(lift), .body = {&reason}},
	{"GET", "/v1/budgets", AUDITOR, OP(budgets), .query = {PAGE, &by_node}},
	{"GET", "/v1/notifications", AUDITOR, OP(notifications),
	 .query = {PAGE, &by_notification_state}},
	{"POST", "/v1/notifications/*/requeue", ADMIN, OP(requeue)},
	{"GET", "/v1/policy", AUDITOR, OP(policy)},
	{"GET", "/v1/policy/text", AUDITOR, OP(policy_text)},
	{"POST", "/v1/policy/dry-run", ADMIN | AUDITOR, OP(dry_run),
	 .body = {&dry_config, &from_ns, &to_ns, &dry_limit}, .body_max = ADMIN_POLICY_MAX,
	 .created = true},
	{"GET", "/v1/policy/dry-run/*", ADMIN | AUDITOR, OP(dry_run_state)},
	{"POST", "/v1/policy/dry-run/*/cancel", ADMIN | AUDITOR, OP(dry_run_cancel)},
	{"POST", "/v1/reload", ADMIN, OP(reload)},
	{"GET", "/v1/drain", AUDITOR, OP(drained)},
	{"POST", "/v1/drain", ADMIN, OP(drain)},
	{"POST", "/v1/undrain", ADMIN, OP(undrain)},
	{"POST", "/v1/token", ADMIN, OP(token), .body = {&mint_subject, &mint_groups, &mint_ttl}},
	{"GET", "/v1/audit", AUDITOR, OP(audit), .query = {PAGE, &by_type}, .slow = true},
	{"POST", "/v1/audit/verify", AUDITOR, OP(verify), .slow = true},
	{"GET", "/v1/openapi.json", 0, .handle = handle_asset, .quiet = true},
	{"POST", "/token", 0, .handle = handle_exchange, .form = true, .tokens = true,
	 .quiet = true}, // it has lines of its own in the audit
	{"GET", "/jwks.json", 0, .handle = handle_jwks, .tokens = true, .quiet = true},
	{"GET", "/.well-known/oauth-authorization-server", 0, .handle = handle_metadata,
	 .tokens = true, .quiet = true},
	{"GET", "/metrics", AUDITOR, .handle = handle_metrics, .metrics = true},
	{"GET", "/healthz", 0, .handle = handle_health, .metrics = true, .quiet = true},
	{"GET", "/readyz", 0, .handle = handle_ready, .metrics = true, .quiet = true},
	{"GET", "/", 0, .handle = handle_asset, .quiet = true, .any_query = true},
	{"GET", "/console", 0, .handle = handle_root, .quiet = true},
	{"GET", "/console/", 0, .handle = handle_root, .quiet = true},
	{"GET", "/console/config.json", 0, .handle = handle_console_config, .quiet = true},
	{"GET", "/console/*", 0, .handle = handle_asset, .quiet = true},
};
const size_t n_routes = sizeof(routes) / sizeof(routes[0]);

// Does `path` fit `pattern`? Out: id, the element that stands for *.
static bool path_fits(const char *pattern, const char *path, char id[static ADMIN_ID_MAX])
{
	const char *star = strchr(pattern, '*');

	if (star == NULL)
		return strcmp(pattern, path) == 0;
	size_t before_star = (size_t)(star - pattern);
	if (strncmp(pattern, path, before_star) != 0)
		return false;
	size_t n = strcspn(path + before_star, "/");
	if (n == 0 || n >= ADMIN_ID_MAX || strcmp(star + 1, path + before_star + n) != 0)
		return false;
	memcpy(id, path + before_star, n);
	id[n] = '\0';
	return true;
}

static bool is_in(const struct route *route, enum route_set set)
{
	switch (set) {
	case ROUTES_ALL:
		break;
	case ROUTES_METRICS:
		return route->metrics;
	case ROUTES_TOKENS:
		return route->tokens;
	case ROUTES_BUT_TOKENS:
		return !route->tokens;
	}
	return true;
}

const struct route *call_route(
	const char *method, const char *path, enum route_set set, char id[static ADMIN_ID_MAX],
	bool *found
)
{
	const char *as = strcmp(method, "HEAD") == 0 ? "GET" : method;

	*found = false;
	id[0] = '\0';
	for (size_t i = 0; i < n_routes; i++) {
		const struct route *route = &routes[i];
		if (!is_in(route, set) || !path_fits(route->path, path, id))
			continue;
		*found = true;
		if (strcmp(route->method, as) == 0)
			return route;
	}
	return NULL;
}

admin_op *call_op(const struct route *route, const struct admin_ops *ops)
{
	admin_op *op;

	memcpy(&op, (const char *)ops + route->op, sizeof(op));
	return op;
}
