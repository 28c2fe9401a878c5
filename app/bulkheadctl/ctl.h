// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// bulkheadctl: what its commands share.

#pragma once

#include "dataplane/base/span.h"

#include <jansson.h>

enum exit_status {
	EXIT_OK,
	EXIT_FAILED,      // refused, not found, wrong
	EXIT_USAGE,       // the command line is wrong
	EXIT_UNREACHABLE, // no gateway answers
	EXIT_EVIDENCE,    // recordings or audit log are not whole
};

enum { GROUPS_MAX = 64, PATTERNS_MAX = 8, STATEMENTS_MAX = 64 };

struct args {
	bool json;
	const char *socket, *state;
	const char *patterns[PATTERNS_MAX];     // folders of the library
	size_t n_patterns;                      // 0: the one that is installed
	const char *url, *ca_file, *token_file; // instead of the socket
	// by command
	bool no_delay, live;
	double speed;
	const char *subject, *resource, *reason, *before, *limit, *ttl, *head, *since;
	const char *groups[GROUPS_MAX];
	size_t n_groups;
	bool all, dry_run;
	const char *comment, *lasts; // --for
	const char *issuer, *dialect;
	const char *statements[STATEMENTS_MAX];
	size_t n_statements;
	const char *doing;        // what may take long there, for a terminal; NULL: waiting
	const char *word;         // the argument behind the command's name, or NULL
	const char *const *words; // it and those behind it
	size_t n_words;
};

// Each returns an exit status and has said what went wrong.
int ctl_status(const struct args *args);
int ctl_sessions_list(const struct args *args);
int ctl_sessions_show(const struct args *args);
int ctl_sessions_replay(const struct args *args);
int ctl_sessions_kill(const struct args *args);
int ctl_audit_verify(const struct args *args);
int ctl_policy(const struct args *args);
int ctl_policy_check(const struct args *args);
int ctl_policy_explain(const struct args *args);
int ctl_policy_simulate(const struct args *args);
int ctl_reload(const struct args *args);
int ctl_drain(const struct args *args);
int ctl_drain_status(const struct args *args);
int ctl_undrain(const struct args *args);
int ctl_token(const struct args *args);
int ctl_patterns_list(const struct args *args);
int ctl_patterns_show(const struct args *args);
int ctl_patterns_test(const struct args *args);
int ctl_patterns_bench(const struct args *args);
int ctl_approvals_list(const struct args *args);
int ctl_approvals_show(const struct args *args);
int ctl_approvals_approve(const struct args *args);
int ctl_approvals_refuse(const struct args *args);
int ctl_access_list(const struct args *args);
int ctl_access_request(const struct args *args);
int ctl_access_grants(const struct args *args);
int ctl_access_revoke(const struct args *args);
int ctl_revoke_token(const struct args *args);
int ctl_revoke_subject(const struct args *args);
int ctl_revoke_node(const struct args *args);
int ctl_revoke_resource(const struct args *args);
int ctl_revocations_list(const struct args *args);
int ctl_revocations_lift(const struct args *args);
int ctl_chains(const struct args *args);
int ctl_budgets(const struct args *args);
int ctl_notifications_list(const struct args *args);
int ctl_notifications_requeue(const struct args *args);
int ctl_audit_tail(const struct args *args);
int ctl_whoami(const struct args *args);
int ctl_completion(const struct args *args);
int ctl_version(const struct args *args);

// Is it written as a session's name is: 16 lower-case hexadecimal digits?
bool ctl_is_session(const char *id);

// "90", "90s", "30m", "1h", "2d" in seconds; 0 when it is none of them.
long long ctl_seconds(const char *text);

// Say "bulkheadctl: ..." on standard error; returns `status`.
int fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Print a JSON value and a newline to standard output, and free it. Returns EXIT_OK.
int print_json(json_t *json);
