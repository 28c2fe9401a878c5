// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/audit/audit.h"

#include <stdio.h>

static json_t *text(const char *s)
{
	return audit_string(span_str(s));
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

int audit_started(struct audit *audit, const char *version, uint64_t epoch)
{
	return audit_write(
		audit, "started",
		json_pack("{s:o,s:o}", "version", text(version), "epoch", number(epoch))
	);
}

int audit_stopped(struct audit *audit, const char *reason)
{
	return audit_write(audit, "stopped", json_pack("{s:o}", "reason", text(reason)));
}

static json_t *who(const char *session, const struct event *event, const char *resource)
{
	char client[ADDR_TEXT_MAX];

	return json_pack(
		"{s:o,s:o,s:o,s:o,s:o,s:o}", "session", text(session), "client",
		text(endpoint_text(&event->client, client)), "resource", text(resource), "user",
		text(event->user), "database", text(event->database), "application",
		text(event->application)
	);
}

// Who a token has proved the caller to be.
static void add_subject(json_t *fields, const struct subject *subject)
{
	if (subject == NULL)
		return;
	json_object_set_new(fields, "issuer", text(subject->issuer));
	json_object_set_new(fields, "subject", text(subject->key));
	json_object_set_new(fields, "name", text(subject->name));
	json_object_set_new(fields, "chain", text(subject->chain));
}

int audit_session_opened(
	struct audit *audit, const char *session, const struct event *event, const char *resource
)
{
	const struct subject *subject = event->subject;
	json_t *fields = who(session, event, resource);
	struct digest token = {0};
	char hash[DIGEST_TEXT_SIZE];

	add_subject(fields, subject);
	if (subject != NULL) {
		memcpy(token.b, subject->token_hash, sizeof(token.b));
		json_object_set_new(fields, "token_sha256", text(digest_text(&token, hash)));
	}
	json_object_set_new(fields, "policy", number(event->snapshot_version));
	return audit_write(audit, "session_opened", fields);
}

int audit_session_closed(struct audit *audit, const char *session, const struct event *event)
{
	const struct subject *subject = event->subject;
	json_t *fields = json_pack(
		"{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "session", text(session), "reason",
		text(event->reason), "commands", number(event->commands), "denied",
		number(event->denied), "masked", number(event->masked), "rows", number(event->rows),
		"bytes_in", number(event->bytes_in), "bytes_out", number(event->bytes_out)
	);

	if (subject != NULL) {
		json_object_set_new(fields, "subject", text(subject->key));
		json_object_set_new(fields, "name", text(subject->name));
	}
	return audit_write(audit, "session_closed", fields);
}

int audit_login_refused(
	struct audit *audit, const char *session, const struct event *event, const char *resource,
	const char *reason
)
{
	json_t *fields = who(session, event, resource);

	add_subject(fields, event->subject);
	json_object_set_new(fields, "reason", text(reason));
	return audit_write(audit, "login_refused", fields);
}

// Members of the verdict's JSON that are worth a line; the statement itself is in the recording.
int audit_command_refused(struct audit *audit, const char *session, const json_t *verdict)
{
	static const char *const members[] = {"action",  "reason",  "rule",
					      "effects", "pattern", "command"};
	json_t *fields = json_pack("{s:o}", "session", text(session));

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		json_t *member = json_object_get(verdict, members[i]);
		if (json_is_string(member))
			json_object_set_new(
				fields, members[i],
				audit_string(span_of(
					json_string_value(member), json_string_length(member)
				))
			);
		else if (json_is_integer(member))
			json_object_set(fields, members[i], member);
	}
	json_t *effects = json_object_get(verdict, "effects");
	if (json_is_array(effects) && json_array_size(effects) <= 16)
		json_object_set(fields, "effects", effects);
	return audit_write(audit, "command_refused", fields);
}

int audit_policy_published(
	struct audit *audit, uint32_t version, const char *file, const struct digest *digest
)
{
	char hash[DIGEST_TEXT_SIZE];

	return audit_write(
		audit, "policy_published",
		json_pack(
			"{s:o,s:o,s:s}", "version", number(version), "file", text(file), "sha256",
			digest_text(digest, hash)
		)
	);
}

int audit_policy_refused(struct audit *audit, const char *file, const char *error)
{
	return audit_write(
		audit, "policy_refused",
		json_pack("{s:o,s:o}", "file", text(file), "error", text(error))
	);
}

int audit_admin_call(
	struct audit *audit, const struct audit_caller *caller, const char *method,
	const char *path, unsigned status, const char *why
)
{
	json_t *fields = json_pack(
		"{s:o,s:o,s:o}", "method", text(method), "path", text(path), "status",
		number(status)
	);

	if (caller->uid != NULL)
		json_object_set_new(fields, "uid", number(*caller->uid));
	else
		json_object_set_new(fields, "address", text(caller->address));
	if (caller->subject != NULL)
		add_subject(fields, caller->subject);
	if (why[0] != '\0')
		json_object_set_new(fields, "why", text(why));
	return audit_write(audit, "admin_call", fields);
}

int audit_token_minted(
	struct audit *audit, const char *subject, const char *const *groups, size_t n_groups,
	uint32_t ttl_s
)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n_groups; i++)
		json_array_append_new(list, text(groups[i]));
	return audit_write(
		audit, "token_minted",
		json_pack(
			"{s:o,s:o,s:o}", "subject", text(subject), "groups", list, "ttl",
			number(ttl_s)
		)
	);
}

static json_t *revocation_fields(const struct audit_revocation *r)
{
	return json_pack(
		"{s:o,s:o,s:o,s:o,s:o,s:o}", "number", number((uint64_t)r->number), "kind",
		text(r->kind), "what", text(r->what), "label", text(r->label), "reason",
		text(r->reason), "by", text(r->by)
	);
}

int audit_revoked(struct audit *audit, const struct audit_revocation *revocation)
{
	json_t *fields = revocation_fields(revocation);

	if (revocation->until_s != 0)
		json_object_set_new(fields, "until", number(revocation->until_s));
	return audit_write(audit, "revoked", fields);
}

int audit_revocation_done(
	struct audit *audit, const struct audit_revocation *revocation, uint64_t sessions,
	uint64_t cut_us, uint64_t took_us
)
{
	json_t *fields = revocation_fields(revocation);

	json_object_set_new(fields, "sessions", number(sessions));
	json_object_set_new(fields, "cut_ms", json_real((double)cut_us / 1000));
	json_object_set_new(fields, "ms", json_real((double)took_us / 1000));
	return audit_write(audit, "revocation_done", fields);
}

int audit_revocation_lifted(struct audit *audit, const struct audit_revocation *revocation)
{
	return audit_write(audit, "revocation_lifted", revocation_fields(revocation));
}

int audit_segment_sealed(
	struct audit *audit, const char *name, const struct digest *hash, uint64_t frames,
	uint64_t bytes, uint64_t torn_bytes
)
{
	char hex[DIGEST_TEXT_SIZE];
	json_t *fields = json_pack(
		"{s:o,s:s,s:o,s:o}", "file", text(name), "sha256", digest_text(hash, hex), "frames",
		number(frames), "bytes", number(bytes)
	);

	if (torn_bytes > 0)
		json_object_set_new(fields, "torn_bytes", number(torn_bytes));
	return audit_write(audit, "segment_sealed", fields);
}
