// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Events up (worker to control) and commands down (control to worker): fixed-size messages in
// rings.

#pragma once

#include "dataplane/api/hold.h"
#include "dataplane/api/subject.h"
#include "dataplane/base/addr.h"
#include "dataplane/base/span.h"

// Names one session for as long as the process lives: worker, slot, generation.
typedef uint64_t session_id;

enum event_type {
	EVENT_LOGIN,    // verify this token; COMMAND_IDENTITY answers. The bytes stay the session's
	EVENT_ACCESS,   // the rule asks for a grant of `resource`; COMMAND_ACCESS answers
	EVENT_OPENED,   // login done: `subject` and `resource` are set
	EVENT_PROGRESS, // what an open session has done so far; at most once a second
	EVENT_CLOSED,   // the session is gone; `subject` (may be NULL) is borrowed
	EVENT_SUBJECT,  // `subject` goes back to its maker: nobody on that worker uses it any more
	EVENT_CATALOG,  // the catalog of `resource` has changed or shows an unknown relation
	EVENT_HOLD,     // `held` is control's from now on; COMMAND_DECISION answers
	EVENT_HOLD_GONE, // nobody waits for the decision on `number` any more; `reason` says why
	EVENT_REVOKED,   // COMMAND_REVOKE `number` is done: `commands` sessions were closed
};

struct event {
	enum event_type type;
	uint16_t worker;
	uint16_t resource;
	uint16_t rule; // EVENT_ACCESS: that asks for the grant, in `snapshot_version`
	session_id session;
	uint32_t snapshot_version; // what `resource` is an index into
	const uint8_t *token;      // EVENT_LOGIN
	uint32_t token_len;
	uint8_t certificate[32]; // EVENT_LOGIN: SHA-256 of the client's, or zeros (RFC 8705 3.1)
	const struct subject *subject; // EVENT_SUBJECT: given back; else borrowed
	struct held *held;             // EVENT_HOLD: given
	uint64_t number;               // EVENT_HOLD_GONE: held.id; EVENT_REVOKED: the command's
	struct endpoint client;
	uint64_t time_ns; // since 1970; EVENT_REVOKED: the last connection was closed
	uint64_t cut_ns;  // EVENT_REVOKED: none of its sessions passed another byte
	uint64_t commands, denied, masked, rows, bytes_in,
		bytes_out;                            // EVENT_PROGRESS, EVENT_CLOSED
	char reason[64];                              // EVENT_CLOSED: why it ended
	char database[64], user[64], application[64]; // as the client says
};

enum command_type {
	COMMAND_IDENTITY, // answer to EVENT_LOGIN
	COMMAND_ACCESS,   // answer to EVENT_ACCESS
	COMMAND_DECISION, // answer to EVENT_HOLD
	COMMAND_REVOKE,   // end every session at or below `revoked`, forget its tokens; then
			  // EVENT_REVOKED
	COMMAND_KILL,     // end one session, or all (session 0)
};

// COMMAND_REVOKEs that a worker works on at once; control keeps the rest back.
enum revoke_limit { REVOKES_AT_ONCE = 16 };

enum revoke_kind {
	REVOKE_TOKEN,    // a link's token
	REVOKE_SUBJECT,  // a link's subject, with any token
	REVOKE_NODE,     // a link's node
	REVOKE_RESOURCE, // whoever is connected to it
};

const char *revoke_kind_name(enum revoke_kind kind);
// The id by which a link is revoked; NULL for REVOKE_RESOURCE.
const struct node_id *chain_link_id(const struct chain_link *link, enum revoke_kind kind);
// Is `subject`, at `resource`, what is revoked, or below it?
bool revoke_covers(
	enum revoke_kind kind, const struct node_id *what, const struct subject *subject,
	const struct node_id *resource
);

enum decision {
	DECISION_APPROVED, // once, for this digest
	DECISION_REFUSED,
	DECISION_TIMEOUT,
	DECISION_LATER, // the rule's mode is retry: refuse now, ask again with the same command
	DECISION_LIMIT, // too many wait already
	DECISION_AGAIN, // the policy has changed meanwhile: judge anew
};

struct command {
	enum command_type type;
	session_id session;
	const struct subject *subject; // COMMAND_IDENTITY: the session's from now on; NULL: refused
	uint64_t expires; // COMMAND_ACCESS: of the grant, seconds since 1970; 0: there is none
	uint64_t number;  // COMMAND_DECISION: held.id; COMMAND_REVOKE: for EVENT_REVOKED
	enum decision decision; // COMMAND_DECISION
	uint64_t reference;     // COMMAND_DECISION: by which people know the request; 0: by held.id
	enum revoke_kind kind;  // COMMAND_REVOKE
	struct node_id revoked; // COMMAND_REVOKE
	// Refused or killed: why, for the log and the audit. Only that of COMMAND_ACCESS and
	// COMMAND_DECISION is for the peer too.
	char reason[96];
};
