// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The keys of one issuer, and when to ask for them again. A state without threads and clocks: those
// are identity.c's, which holds its lock around every call.

#pragma once

#include "controlplane/identity/fetch.h"

enum source_time {
	SOURCE_UNKNOWN = 300,  // seconds between fetches for unknown key ids, or after a failure
	SOURCE_REFRESH = 3600, // seconds after which keys are fetched anyway
	SOURCE_RETRY = 10,     // seconds between fetches while there are no keys
	SOURCE_LAST_GOOD =
		86400 // seconds that keys may be used after the last fetch that went well
};

// Init to {0}; source_fini.
struct source {
	struct keyset *keys; // NULL: none
	bool remote;         // they are fetched
	bool wanted;         // the thread is to fetch
	bool fetching;
	bool tried;        // last_try means something
	uint64_t last_try; // seconds since 1970; when the fetch was asked for
	uint64_t good_at;  // last_try of the one that brought `keys`
	uint64_t fetches, failed;
	uint64_t unknown;      // tokens with a key id that is not in `keys`
	char error[FETCH_WHY]; // of the last fetch; "": it went well
};

void source_fini(struct source *source);

// Ask for the keys, when it is time; true when it has been asked now.
bool source_tick(struct source *source, uint64_t now);
// A token's key is not there. True when its bearer is to wait: it is being fetched.
bool source_miss(struct source *source, uint64_t now);
// Give up keys that are older than SOURCE_LAST_GOOD; true when it has come to that. An issuer that
// has withdrawn a key may have been kept from telling.
bool source_expire(struct source *source, uint64_t now);
// The end of a fetch. `keys`, of which a reference is taken; NULL: it failed, for `why`.
void source_deliver(struct source *source, struct keyset *keys, const char *why);
// What another one knows of the same keys, and when it last asked: a reload must not be a way to
// ask more often.
void source_carry(struct source *to, const struct source *from);
