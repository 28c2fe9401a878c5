// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What waits for a human: from the workers' events to controlplane/approval, and back.

#include "app/control.h"

#include <stdio.h>
#include <string.h>

static const uint64_t ns_per_ms = 1000000;
static const uint64_t ns_per_s = 1000000000;

static bool on_send(void *context, uint16_t worker, const struct command *command)
{
	struct control *control = context;

	return ring_push(workers_commands(control->workers, worker), command);
}

static bool on_is_revoked(void *context, const struct node_id *subject)
{
	const struct control *control = context;

	return revocation_of_subject(
		control->revocations, subject, approval_now().wall_ns / ns_per_s
	);
}

int control_approvals_start(struct control *control, char why[static STORE_WHY])
{
	const struct config *config = control->config;

	int r = notify_new(control->store, config->admin.url, NULL, &control->notify);
	if (r == 0)
		r = notify_configure(
			control->notify, config->notifications, config->n_notifications, why
		);
	if (r != 0)
		return r;
	const struct approvals_config approvals = {
		.store = control->store,
		.audit = control->audit,
		.notify = control->notify,
		.epoch = control->epoch,
		.send = on_send,
		.is_revoked = on_is_revoked,
		.context = control,
	};
	return approvals_new(&approvals, approval_now(), &control->approvals);
}

void control_approvals_stop(struct control *control)
{
	notify_free(control->notify);
	approvals_free(control->approvals);
}

void control_approvals_policy(struct control *control, const struct snapshot *snapshot)
{
	const struct config *config = control->config;
	char why[STORE_WHY] = "no memory";

	control->policy_since = snapshot->version;
	approvals_policy(control->approvals, snapshot->digest, approval_now());
	if (notify_configure(
		    control->notify, config->notifications, config->n_notifications, why
	    ) != 0)
		log_line(LOG_ERROR, "notify", "who was told is told as before: %s", why);
}

void control_approvals_tick(struct control *control)
{
	struct approval_time now = approval_now();

	approvals_tick(control->approvals, now);
	notify_tick(control->notify, now.wall_ns);
}

// ---- events

struct asking {
	struct approval_request request;
	char session[SESSION_NAME_SIZE];
};

// The rule's number and the resource's are the snapshot's. Versions that differ by what catalogs
// said only are of one policy, whose rules stand in the configuration in the same order; for one
// from before it, or a rule that is not there, the request is of no policy, and judged anew.
static const struct config_rule *fill(
	const struct control *control, const struct event *event, uint16_t rule, struct asking *out
)
{
	static const uint8_t none[32];
	const struct config *config = control->config;
	bool known = event->snapshot_version >= control->policy_since && rule < config->n_rules;

	segment_session_name(control->epoch, event->session, out->session);
	out->request = (struct approval_request){
		.worker = event->worker,
		.session = event->session,
		.session_name = out->session,
		.subject = event->subject,
		.resource = names_text(
			&control->names,
			names_number(&control->names, event->snapshot_version, event->resource)
		),
		.database = event->database,
		.policy = known ? config->digest.b : none,
		.rule.name = known ? config->rules[rule].name : "",
	};
	return known ? &config->rules[rule] : NULL;
}

// Group names lie one to a config_name; the request borrows an array of them.
static void set_approvers(
	const struct config_names *names, const char **groups, struct approval_rule *out
)
{
	for (uint16_t i = 0; i < names->n; i++)
		groups[i] = names->list[i].text;
	out->approvers = groups;
	out->n_approvers = names->n;
}

void control_hold(struct control *control, const struct event *event)
{
	const char *groups[CONFIG_APPROVERS_MAX];
	struct asking asking;

	const struct config_rule *rule = fill(control, event, event->held->rule, &asking);
	if (rule != NULL && rule->has_approval) {
		const struct config_approval *approval = &rule->approval;
		struct approval_rule *out = &asking.request.rule;
		set_approvers(&approval->approvers, groups, out);
		out->quorum = (uint16_t)approval->quorum;
		out->timeout_ns = approval->timeout_ms * ns_per_ms;
		out->valid_ns = approval->valid_ms * ns_per_ms;
		out->pending = approval->pending;
		out->mode = approval->mode == CONFIG_MODE_RETRY ? APPROVAL_RETRY : APPROVAL_WAIT;
	}
	approvals_hold(control->approvals, &asking.request, event->held, approval_now());
}

void control_hold_gone(struct control *control, const struct event *event)
{
	approvals_gone(control->approvals, event->number, event->reason, approval_now());
}

static void set_access(
	const struct config_access *access, const char **groups, struct approval_rule *out
)
{
	set_approvers(&access->approvers, groups, out);
	out->quorum = (uint16_t)access->quorum;
	out->timeout_ns = access->timeout_ms * ns_per_ms;
	out->valid_ns = access->duration_s * ns_per_s;
}

void control_access(struct control *control, const struct event *event)
{
	const char *groups[CONFIG_APPROVERS_MAX];
	struct asking asking;

	const struct config_rule *rule = fill(control, event, event->rule, &asking);
	if (rule != NULL && rule->has_access)
		set_access(&rule->access, groups, &asking.request.rule);
	approvals_access(control->approvals, &asking.request, approval_now());
}
