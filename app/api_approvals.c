// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Approvals, accesses, grants, and the notifications about them.

#include "app/api.h"
#include "dataplane/policy/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const uint64_t ns_per_s = 1000000000;

static const char *text_or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

static const char *member(const struct admin_call *call, const char *name)
{
	const char *text = json_string_value(json_object_get(call->body, name));

	return text == NULL ? "" : text;
}

// {"name": [...], "next"}
static int page(const char *name, int r, json_t *list, int64_t next, json_t **out)
{
	if (r != 0)
		return r;
	*out = json_pack(
		"{s:o, s:o}", name, list, "next", next == 0 ? json_null() : json_integer(next)
	);
	return *out == NULL ? -ENOMEM : 0;
}

// What is to be decided is shown exactly to those who may be asked to decide.
static const struct subject *viewer(const struct admin_call *call)
{
	bool may = (call->caller.roles & 1 << CONFIG_ROLE_APPROVER) != 0;

	return may ? call->caller.subject : NULL;
}

static int missing(const struct admin_call *call, const char *what, int r, char *why)
{
	if (r == -ENOENT)
		snprintf(why, ADMIN_WHY, "there is no %s %.32s", what, call->id);
	return r;
}

// ---- approvals

static int on_approvals(void *context, struct admin_call *call, json_t **out, char *)
{
	struct control *control = context;
	const struct approval_query query = {
		.state = text_or_null(call->page.state),
		.kind = text_or_null(call->page.kind),
		.limit = call->page.limit,
		.before = call->page.cursor,
		.viewer = viewer(call),
	};
	json_t *list = NULL;
	int64_t next = 0;

	int r = approvals_list(control->approvals, &query, &list, &next);
	return page("approvals", r, list, next, out);
}

static int on_approval(void *context, struct admin_call *call, json_t **out, char *why)
{
	struct control *control = context;

	int r = approvals_get(control->approvals, call->id, viewer(call), out);
	return missing(call, "approval", r, why);
}

static int result_of(int vote)
{
	if (vote < 0)
		return vote;
	switch ((enum vote_result)vote) {
	case VOTE_COUNTED:
	case VOTE_APPROVED:
	case VOTE_REFUSED:
		return 0;
	case VOTE_TWICE:
	case VOTE_OVER:
		return -EALREADY;
	case VOTE_NOT_HUMAN:
	case VOTE_OWN:
	case VOTE_NOT_APPROVER:
		break;
	}
	return -EPERM;
}

static int vote(struct control *control, struct admin_call *call, bool yes, json_t **out, char *why)
{
	char said[APPROVAL_WHY] = "";

	int r = result_of(approvals_vote(
		control->approvals, call->id, call->caller.subject, yes, member(call, "comment"),
		approval_now(), said
	));
	if (r != 0) {
		snprintf(why, ADMIN_WHY, "%s", said);
		return missing(call, "approval", r, why);
	}
	return approvals_get(control->approvals, call->id, call->caller.subject, out);
}

static int on_approve(void *context, struct admin_call *call, json_t **out, char *why)
{
	return vote(context, call, true, out, why);
}

static int on_refuse(void *context, struct admin_call *call, json_t **out, char *why)
{
	return vote(context, call, false, out, why);
}

// ---- access

static bool find_resource(const struct snapshot *snapshot, const char *name, uint16_t *index)
{
	for (uint16_t i = 0; i < snapshot->n_resources; i++) {
		if (strcmp(snapshot->resources[i].name, name) != 0)
			continue;
		*index = i;
		return true;
	}
	return false;
}

// The rule that asks for a grant, as at the subject's login from where it asks now. Out: *rule, the
// configuration's. Returns 0, -ENOENT, -EPERM or -EEXIST with `why`.
static int find_rule(
	const struct control *control, const struct admin_call *call,
	const struct config_rule **rule, char *why
)
{
	const struct snapshot *snapshot = publisher_current(control->publisher);
	struct policy_request ask = {
		.subject = call->caller.subject,
		.wall_ns = approval_now().wall_ns};
	struct rights rights;

	// Over the socket there is no address; a rule for some network does not fit then.
	if (addr_parse(call->caller.address, &ask.client) != 0)
		ask.client = (struct ip_addr){0};
	if (!find_resource(snapshot, member(call, "resource"), &ask.resource)) {
		snprintf(why, ADMIN_WHY, "there is no such resource");
		return -ENOENT;
	}
	if (!policy_rights(snapshot, &ask, &rights)) {
		snprintf(why, ADMIN_WHY, "no rule lets you to it, with a grant or without");
		return -EPERM;
	}
	if (rights.grant_rule == POLICY_NO_RULE || rights.grant_rule >= control->config->n_rules) {
		snprintf(why, ADMIN_WHY, "it needs no grant");
		return -EEXIST;
	}
	*rule = &control->config->rules[rights.grant_rule];
	return 0;
}

static uint64_t duration_of(const struct admin_call *call, const struct config_access *access)
{
	json_int_t asked = json_integer_value(json_object_get(call->body, "duration_s"));

	if (asked <= 0 || (uint64_t)asked > access->duration_s)
		return access->duration_s * ns_per_s;
	return (uint64_t)asked * ns_per_s;
}

static int ask(
	struct control *control, const struct admin_call *call, const struct config_rule *rule,
	char id[static APPROVAL_ID_SIZE]
)
{
	const struct config_access *access = &rule->access;
	const char *groups[CONFIG_APPROVERS_MAX];
	const struct approval_request request = {
		.session_name = "",
		.subject = call->caller.subject,
		.resource = member(call, "resource"),
		.database = "",
		.policy = control->config->digest.b,
		.rule =
			{
				.name = rule->name,
				.n_approvers = access->approvers.n,
				.approvers = groups,
				.quorum = (uint16_t)access->quorum,
				.timeout_ns = access->timeout_ms * UINT64_C(1000000),
				.valid_ns = access->duration_s * ns_per_s,
			},
	};

	for (uint16_t i = 0; i < access->approvers.n; i++)
		groups[i] = access->approvers.list[i].text;
	return approvals_ask(
		control->approvals, &request, duration_of(call, access), member(call, "reason"),
		approval_now(), id
	);
}

static int on_access(void *context, struct admin_call *call, json_t **out, char *why)
{
	struct control *control = context;
	char id[APPROVAL_ID_SIZE] = "";
	const struct config_rule *rule;

	int r = find_rule(control, call, &rule, why);
	if (r == 0)
		r = ask(control, call, rule, id);
	if (r == -EALREADY)
		snprintf(why, ADMIN_WHY, "there is a grant already: %s", id);
	if (r == -EACCES) {
		snprintf(why, ADMIN_WHY, "it was refused a short while ago");
		r = -EEXIST;
	}
	return r == 0 ? approvals_get(control->approvals, id, NULL, out) : r;
}

// ---- grants

static int on_grants(void *context, struct admin_call *call, json_t **out, char *)
{
	struct control *control = context;
	json_t *list = NULL;
	int64_t next = 0;

	int r = grants_list(
		control->approvals, call->page.live, call->page.cursor, call->page.limit,
		approval_now(), &list, &next
	);
	return page("grants", r, list, next, out);
}

static int on_revoke_grant(void *context, struct admin_call *call, json_t **out, char *why)
{
	struct control *control = context;
	char by[API_BY_MAX] = "";

	api_name_caller(&call->caller, by);
	int r = grants_revoke(
		control->approvals, call->id, by, member(call, "reason"), approval_now()
	);
	if (r == -EALREADY)
		snprintf(why, ADMIN_WHY, "it is over already");
	if (r != 0)
		return missing(call, "grant", r, why);
	return grants_get(control->approvals, call->id, out);
}

// ---- notifications

static int on_notifications(void *context, struct admin_call *call, json_t **out, char *)
{
	struct control *control = context;
	json_t *list = NULL;
	int64_t next = 0;

	int r = notify_list(
		control->notify, text_or_null(call->page.state), call->page.cursor,
		call->page.limit, &list, &next
	);
	return page("notifications", r, list, next, out);
}

static int on_requeue(void *context, struct admin_call *call, json_t **out, char *why)
{
	struct control *control = context;
	char *end;

	errno = 0;
	long long id = strtoll(call->id, &end, 10);
	if (errno != 0 || call->id[0] < '0' || call->id[0] > '9' || *end != '\0')
		return missing(call, "notification", -ENOENT, why);
	int r = notify_requeue(control->notify, id, approval_now().wall_ns);
	if (r == -EALREADY)
		snprintf(why, ADMIN_WHY, "it is being delivered already");
	if (r == 0)
		r = notify_get(control->notify, id, out);
	return missing(call, "notification", r, why);
}

void api_approvals(struct admin_ops *ops)
{
	ops->approvals = on_approvals;
	ops->approval = on_approval;
	ops->approve = on_approve;
	ops->refuse = on_refuse;
	ops->access = on_access;
	ops->grants = on_grants;
	ops->revoke_grant = on_revoke_grant;
	ops->notifications = on_notifications;
	ops->requeue = on_requeue;
}

// ---- as it happens

void api_approvals_tick(struct control *control)
{
	const struct approvals_stats s = approvals_stats(control->approvals);
	uint64_t now =
		s.pending + s.requested + s.approved + s.refused + s.expired + s.cancelled + s.used;

	if (now == control->approvals_seen)
		return;
	control->approvals_seen = now;
	if (admin_is_followed(control->admin))
		admin_tell(
			control->admin, "approval",
			json_pack("{s:I}", "pending", (json_int_t)s.pending)
		);
}
