// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/approval/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- to the workers

void approval_answer(struct approvals *a, uint16_t worker, const struct command *command)
{
	if (a->n_answers == 0 && a->config.send(a->config.context, worker, command))
		return;
	if (!grow((void **)&a->answers, &a->cap_answers, a->n_answers, sizeof(*a->answers))) {
		log_limited(
			&a->limit, LOG_ERROR, "approval", "no memory: a session is not answered"
		);
		return;
	}
	a->answers[a->n_answers++] = (struct answer){worker, *command};
}

void approval_decide(
	struct approvals *a, uint16_t worker, session_id session, uint64_t held_id,
	uint64_t reference, enum decision decision, const char *reason
)
{
	struct command command = {
		.type = COMMAND_DECISION,
		.session = session,
		.number = held_id,
		.reference = reference,
		.decision = decision,
	};

	snprintf(command.reason, sizeof(command.reason), "%s", reason);
	approval_answer(a, worker, &command);
}

// In order for each worker: one whose ring is full does not delay another.
void answers_flush(struct approvals *a)
{
	uint64_t full[SNAPSHOT_WORKERS_MAX / 64] = {0};
	size_t kept = 0;

	for (size_t i = 0; i < a->n_answers; i++) {
		const struct answer *answer = &a->answers[i];
		if (!bit_is_set(full, answer->worker) &&
		    a->config.send(a->config.context, answer->worker, &answer->command))
			continue;
		bit_set(full, answer->worker);
		a->answers[kept++] = *answer;
	}
	a->n_answers = kept;
}

// ---- to the audit log

int approval_tell(struct approvals *a, const char *type, json_t *fields)
{
	char *text = fields == NULL ? NULL : json_dumps(fields, JSON_COMPACT);
	int r = text == NULL ? -ENOMEM : 0;

	if (r == 0)
		r = store_run(
			a->config.store, "INSERT INTO told(type, fields) VALUES(?, ?)",
			STORE_VALUES(store_text(type), store_text(text))
		);
	free(text);
	json_decref(fields);
	return r;
}

static bool tell_one(void *context, const struct store_row *row)
{
	struct approvals *a = context;
	int64_t n = store_row_integer(row, 0);
	json_t *fields = json_loads(store_row_text(row, 2), 0, NULL);

	// By this number a line that a crash made twice is known for what it is.
	if (json_object_set_new(fields, "event", json_integer(n)) != 0) {
		json_decref(fields);
		return false;
	}
	if (audit_write(a->config.audit, store_row_text(row, 1), fields) != 0)
		return false; // the next round tries again
	a->told = n;
	return true;
}

void told_flush(struct approvals *a)
{
	int r = store_each(
		a->config.store, "SELECT n, type, fields FROM told WHERE n>? ORDER BY n LIMIT 256",
		STORE_VALUES(store_integer(a->told)), tell_one, a
	);

	if (r != 0)
		log_limited(
			&a->limit, LOG_ERROR, "approval", "what to tell the audit log: %s",
			err_text(r)
		);
}

static bool any(void *context, const struct store_row *)
{
	*(bool *)context = true;
	return false;
}

void told_erase(struct approvals *a)
{
	bool some = false;

	int r = store_each(
		a->config.store, "SELECT 1 FROM told WHERE n<=? LIMIT 1",
		STORE_VALUES(store_integer(a->told)), any, &some
	);
	if (r != 0 || !some || audit_sync(a->config.audit) != 0)
		return;
	r = store_begin(a->config.store);
	if (r == 0)
		r = store_run(
			a->config.store, "DELETE FROM told WHERE n<=?",
			STORE_VALUES(store_integer(a->told))
		);
	r = store_end(a->config.store, r);
	if (r != 0)
		log_limited(
			&a->limit, LOG_WARN, "approval", "what the audit log was told: %s",
			err_text(r)
		);
}

void approval_failed(
	struct approvals *a, const char *what, const struct subject *subject, const char *resource,
	int result
)
{
	a->stats.failed++;
	log_limited(
		&a->limit, LOG_ERROR, "approval",
		"%s is refused, since the store cannot keep it: %s", what, err_text(result)
	);
	int r = audit_write(
		a->config.audit, "approval_failed",
		json_pack(
			"{s:s, s:o, s:o, s:o, s:s}", "what", what, "subject",
			audit_string(span_str(subject->key)), "chain",
			audit_string(span_str(subject->chain)), "resource",
			audit_string(span_str(resource)), "error", err_text(result)
		)
	);
	if (r != 0)
		log_limited(&a->limit, LOG_ERROR, "approval", "and the audit log is full");
}
