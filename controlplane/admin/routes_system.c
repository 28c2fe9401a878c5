// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the server knows by itself: counters, health, who asks.

#include "controlplane/admin/request.h"
#include "controlplane/identity/node.h"

enum { METRICS_MAX = 4 << 20 };

static json_t *workers_json(const struct admin *admin)
{
	json_t *workers = json_array();

	for (unsigned i = 0; i < admin->config.n_workers; i++)
		json_array_append_new(workers, metrics_worker_json(admin, i));
	return workers;
}

void handle_status(struct request *request, struct answer *answer)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	char why[ADMIN_WHY] = "";
	json_t *out = NULL;

	int r = ops->status(ops->context, &request->call, &out, why);
	if (r == 0)
		json_object_set_new(out, "workers", workers_json(request->admin));
	answer_op(answer, r, out, why, false);
}

void handle_workers(struct request *request, struct answer *answer)
{
	answer_json(answer, json_pack("{s:o}", "workers", workers_json(request->admin)));
}

void handle_history(struct request *request, struct answer *answer)
{
	answer_json(answer, history_json(request->admin->history));
}

void handle_events(struct request *request, struct answer *answer)
{
	if (!feed_has_room(request->admin->feed)) {
		answer_error(
			answer, HTTP_UNAVAILABLE, "%d clients follow already", ADMIN_FOLLOWERS_MAX
		);
		answer->retry_s = 10;
		return;
	}
	answer->status = HTTP_OK;
	answer->follow = true;
}

// ---- who

static json_t *roles_json(uint32_t roles)
{
	static const char *const names[] = {"admin", "auditor", "approver"};
	json_t *list = json_array();

	for (int i = 0; i < CONFIG_ROLE_COUNT; i++) {
		if ((roles & UINT32_C(1) << i) != 0)
			json_array_append_new(list, json_string(names[i]));
	}
	return list;
}

static void add_subject(json_t *who, const struct subject *subject)
{
	json_t *groups = json_array();
	enum subject_kind kind =
		subject->n_links == 0 ? SUBJECT_UNKNOWN : subject->links[subject->n_links - 1].kind;

	for (uint16_t i = 0; i < subject->n_groups; i++)
		json_array_append_new(groups, json_string(subject->groups[i]));
	json_object_set_new(who, "issuer", json_string(subject->issuer));
	json_object_set_new(who, "key", json_string(subject->key));
	json_object_set_new(who, "name", json_string(subject->name));
	json_object_set_new(who, "subject_kind", json_string(subject_kind_name(kind)));
	json_object_set_new(who, "groups", groups);
	json_object_set_new(who, "expires", json_integer((json_int_t)subject->expires));
}

void handle_whoami(struct request *request, struct answer *answer)
{
	const struct admin_caller *caller = &request->call.caller;
	json_t *who = json_pack(
		"{s:s, s:o}", "kind", caller->subject == NULL ? "socket" : "bearer", "roles",
		roles_json(caller->roles)
	);

	if (who != NULL && caller->local)
		json_object_set_new(who, "uid", json_integer(caller->uid));
	if (who != NULL && caller->subject != NULL)
		add_subject(who, caller->subject);
	answer_json(answer, who);
}

// ---- metrics and health

void handle_metrics(struct request *request, struct answer *answer)
{
	buf_init(&answer->text, NULL, METRICS_MAX);
	if (metrics_text(request->admin, &answer->text) != 0) {
		answer_error(answer, HTTP_FAILED, "out of memory");
		return;
	}
	answer->status = HTTP_OK;
	answer->type = "text/plain; version=0.0.4; charset=utf-8";
}

void handle_health(struct request *, struct answer *answer)
{
	answer_json(answer, json_pack("{s:b}", "live", 1));
}

bool admin_is_ready(const struct admin *admin, char *why)
{
	const struct admin_ops *ops = &admin->config.ops;

	return metrics_workers_are_live(admin, why) && ops->ready(ops->context, why);
}

void handle_ready(struct request *request, struct answer *answer)
{
	char why[ADMIN_WHY] = "";

	if (admin_is_ready(request->admin, why))
		answer_json(answer, json_pack("{s:b}", "ready", 1));
	else
		answer_error(answer, HTTP_UNAVAILABLE, "not ready: %s", why);
}
