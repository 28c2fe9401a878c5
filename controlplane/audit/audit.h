// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The audit log: <state>/audit/audit.log, one line (line.h) an event, each pinning the one before.
// Nobody drops an event: what the disk does not take waits in memory, and when that is full the
// caller waits and tries again.
//
// Thread-safe. Usage: audit_open, then audit_write and the events below from any thread, audit_sync
// at least every second (the recorder does so), audit_close.

#pragma once

#include "controlplane/audit/line.h"
#include "dataplane/api/event.h"

struct audit;

struct audit_stats {
	uint64_t lines;         // written by this process
	uint64_t bytes;         // the file's length
	uint64_t waiting;       // bytes not on disk yet
	uint64_t failures;      // of write, fdatasync or the head file
	struct audit_head head; // of the last line that is on disk
};

// Open the log under `state`, which exists; create it if there is none. One process at a time. A
// torn last line, left by a crash, moves to a file of its own and the line "recovered" says so; a
// log that does not reach its head file any more gets the line "broken". Out: *out, owned by the
// caller. Returns 0, -EBUSY when another process has it open, -errno.
int audit_open(const char *state, struct audit **out) must_check;
// Syncs what it can, then frees. Accepts NULL.
void audit_close(struct audit *audit);

// Append one event. `fields` is taken, whatever the result: an object, or NULL when there are none.
// Returns 0; ERR_LIMIT: too much waits for the disk, try again; -ENOMEM.
int audit_write(struct audit *audit, const char *type, json_t *fields) must_check;

// All that was written before is on disk when this returns 0. Else -errno: try again.
int audit_sync(struct audit *audit) must_check;

// True while nothing has failed since the last success: for readiness.
bool audit_is_healthy(struct audit *audit);
void audit_stats_get(struct audit *audit, struct audit_stats *out);

// ---- the events; all return as audit_write. `session` is its printable name.

// The gateway starts: its version and epoch. The gateway stops.
int audit_started(struct audit *audit, const char *version, uint64_t epoch) must_check;
int audit_stopped(struct audit *audit, const char *reason) must_check;
// From EVENT_OPENED and EVENT_CLOSED; `resource` is the resource's name.
int audit_session_opened(
	struct audit *audit, const char *session, const struct event *event, const char *resource
) must_check;
int audit_session_closed(struct audit *audit, const char *session, const struct event *event)
	must_check;
// From EVENT_LOGIN, when the token was refused, or from the EVENT_CLOSED of a session that never
// opened, which names the subject too: why, without the token.
int audit_login_refused(
	struct audit *audit, const char *session, const struct event *event, const char *resource,
	const char *reason
) must_check;
// From a RECORD_VERDICT whose action is not to forward.
int audit_command_refused(struct audit *audit, const char *session, const json_t *verdict)
	must_check;
// `digest`: of the policy file's bytes.
int audit_policy_published(
	struct audit *audit, uint32_t version, const char *file, const struct digest *digest
) must_check;
int audit_policy_refused(struct audit *audit, const char *file, const char *error) must_check;
// A call of the admin API. `why` says more about a refusal, or is "".
struct audit_caller {
	const uint32_t *uid;           // over the Unix socket: its user; NULL: over the network
	const struct subject *subject; // by token; NULL: without
	const char *address;           // over the network: where from
};
int audit_admin_call(
	struct audit *audit, const struct audit_caller *caller, const char *method,
	const char *path, unsigned status, const char *why
) must_check;
// What the local issuer was asked for: the token itself is in no log.
int audit_token_minted(
	struct audit *audit, const char *subject, const char *const *groups, size_t n_groups,
	uint32_t ttl_s
) must_check;
// What is revoked from now on: `kind` is a word, `what` a node's text. `until_s` 0: for ever.
struct audit_revocation {
	int64_t number;
	const char *kind, *what, *label, *reason;
	const char *by; // whose decision
	uint64_t until_s;
};
int audit_revoked(struct audit *audit, const struct audit_revocation *revocation) must_check;
// What came of it: sessions ended, and how long it took from the call until none of them passed
// another byte, and until the last one was closed.
int audit_revocation_done(
	struct audit *audit, const struct audit_revocation *revocation, uint64_t sessions,
	uint64_t cut_us, uint64_t took_us
) must_check;
// `by` is who lifted it.
int audit_revocation_lifted(struct audit *audit, const struct audit_revocation *revocation)
	must_check;
// `hash` is that of the last data frame of the segment `name`.
int audit_segment_sealed(
	struct audit *audit, const char *name, const struct digest *hash, uint64_t frames,
	uint64_t bytes, uint64_t torn_bytes
) must_check;
