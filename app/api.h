// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the admin API asks of the rest, a file a noun. Each function fills in its operations.

#pragma once

#include "app/control.h"

void api_approvals(struct admin_ops *ops); // and accesses, grants, notifications
void api_chains(struct admin_ops *ops);
void api_drain(struct admin_ops *ops);
// As the API shows it. NULL: memory is short.
json_t *api_drain_json(const struct control *control);
void api_dryrun(struct admin_ops *ops);
void api_evidence(struct admin_ops *ops); // recordings and the audit log
void api_metrics(struct admin_ops *ops);
void api_revocations(struct admin_ops *ops);
void api_budgets(struct admin_ops *ops);
void api_sessions(struct admin_ops *ops);
void api_token_service(struct admin_ops *ops);

// Sessions that the policy turned away, or ended when it changed.
uint64_t api_refused_by_policy(const struct control *control);

// Who calls, for lists and logs.
enum { API_BY_MAX = REVOCATION_BY };
void api_name_caller(const struct admin_caller *caller, char by[static API_BY_MAX]);

// Tell those who follow the events that approvals have changed. Call often.
void api_approvals_tick(struct control *control);

// What happens to sessions: for the tree of chains, and for those who follow the events.
void api_session_opened(
	struct control *control, const struct event *event, const char *name, const char *resource
);
void api_session_closed(
	struct control *control, const struct event *event, const char *name, const char *resource
);
