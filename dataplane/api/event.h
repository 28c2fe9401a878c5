// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Events up (worker to control) and commands down (control to worker): fixed-size messages in
// rings.

#pragma once

#include "dataplane/api/subject.h"
#include "dataplane/base/addr.h"
#include "dataplane/base/span.h"

// Names one session for as long as the process lives: worker, slot, generation.
typedef uint64_t session_id;

enum event_type {
	EVENT_LOGIN,   // verify this token; COMMAND_IDENTITY answers. The bytes stay the session's
	EVENT_OPENED,  // login done: `subject` and `resource` are set
	EVENT_CLOSED,  // the session is gone; `subject` (may be NULL) goes back to its maker
	EVENT_CATALOG, // the catalog of `resource` has changed or shows an unknown relation
};

struct event {
	enum event_type type;
	uint16_t worker;
	uint16_t resource;
	session_id session;
	uint32_t snapshot_version; // what `resource` is an index into
	const uint8_t *token;      // EVENT_LOGIN
	uint32_t token_len;
	const struct subject *subject; // EVENT_OPENED (borrowed), EVENT_CLOSED (given back)
	struct endpoint client;
	uint64_t time_ns;                                             // since 1970
	uint64_t commands, denied, masked, rows, bytes_in, bytes_out; // EVENT_CLOSED
	char reason[64];                                              // EVENT_CLOSED: why it ended
	char database[64], user[64], application[64];                 // as the client says
};

enum command_type {
	COMMAND_IDENTITY, // answer to EVENT_LOGIN
	COMMAND_KILL,     // end one session, or all (session 0)
	COMMAND_DRAIN,    // accept no more sessions
};

struct command {
	enum command_type type;
	session_id session;
	const struct subject *subject; // COMMAND_IDENTITY: the session's from now on; NULL: refused
	char reason[96]; // refused or killed: why, for the log and the audit, not for the peer
};
