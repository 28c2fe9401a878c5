// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Who is asking: made by controlplane/identity from a verified token, owned by the session, given
// back with EVENT_CLOSED. Immutable.

#pragma once

#include "dataplane/base/span.h"

enum subject_limit { SUBJECT_GROUPS_MAX = 256, SUBJECT_KEY_MAX = 256, SUBJECT_NAME_MAX = 128 };

struct subject {
	char issuer[64];             // the policy's name for it
	char key[SUBJECT_KEY_MAX];   // tid/oid, or sub: what identifies; never an e-mail address
	char name[SUBJECT_NAME_MAX]; // for display
	uint16_t depth;              // of delegation; 0 for the root
	char chain[512];             // "root > agent > child", for the record
	uint64_t expires;            // seconds since 1970
	uint8_t token_hash[32];      // SHA-256
	uint16_t n_groups;
	const char *groups[SUBJECT_GROUPS_MAX];
};
