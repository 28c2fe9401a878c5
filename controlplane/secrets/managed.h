// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Credentials that Azure gives this machine (managed identities), kept fresh by a thread of its
// own: renewed after four fifths of their life, asked for again after a failure with growing
// pauses. A credential stays in force until it expires, whatever fails meanwhile.
//
// managed_find and managed_stats_get from any thread; credentials live as long as the struct
// managed.

#pragma once

#include "controlplane/secrets/azure.h"

enum managed_limit {
	MANAGED_MAX = 256,      // different identities, for the life of the process
	MANAGED_RETRY = 1,      // seconds after a failure, doubled with each...
	MANAGED_RETRY_MAX = 60, // ...up to this
	MANAGED_LIFE_MIN = 5,   // seconds: no credential is renewed more often
};

struct managed;

// Starts the thread. Workers that read credentials are registered with urcu_qsbr. NULL when there
// is no memory or no thread.
struct managed *managed_new(void) must_check;
// The workers have ended. Scrubs everything. Accepts NULL.
void managed_free(struct managed *managed);

// The credential for `audience` of the identity `client_id` ("": the machine's own); the first call
// starts asking for it. Out: *out. Returns 0, -EINVAL with `why`, ERR_LIMIT, -ENOMEM.
int managed_find(
	struct managed *managed, const char *audience, const char *client_id,
	const struct credential **out, char why[static HTTP_WHY]
) must_check;

// Copy what is in force, for threads that are no registered readers. Out: *out, NUL-terminated,
// malloc'ed, for managed_text_free. Returns 0; -ENOENT, there is none or it has expired; -ENOMEM.
int managed_read(const struct credential *credential, char **out) must_check;
void managed_text_free(char *text);

struct managed_stats {
	uint32_t n, missing; // identities; those without a credential in force
	uint64_t fetched, failed;
};
void managed_stats_get(struct managed *managed, struct managed_stats *out);
