// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// From a checked configuration to the snapshot that workers read. Everything that takes time or can
// fail happens here, off to the side: names are resolved, secrets read, patterns compiled, TLS
// contexts made. A snapshot is immutable once built; only its catalogs are replaced, by deriving a
// new snapshot that shares the rest.
//
// Usage order: snapshot_build, publish (publish/publish.h), any number of snapshot_derive and
// publish, snapshot_free for each when nobody reads it. Building on any one thread at a time for
// each snapshot, the rest on the control thread.

#pragma once

#include "controlplane/config/config.h"
#include "controlplane/secrets/managed.h"
#include "dataplane/api/snapshot.h"

enum snapshot_why { SNAPSHOT_WHY = 512 };

// What is wrong, and with which: both -1 when it is neither a listener nor a resource.
struct snapshot_fault {
	int listener, resource; // indices
	char why[SNAPSHOT_WHY];
};

// Makes what this layer may not know: the TLS contexts of one worker. build_worker fills
// snapshot->workers[worker].servers and .clients, arrays of n_listeners and n_resources NULLs;
// resources and listeners are set. It returns 0 or a negative result with `fault`. free_worker
// accepts half-filled arrays, and is called once for each worker that build_worker was called for.
struct snapshot_hooks {
	int (*build_worker
	)(void *ctx, struct snapshot *snapshot, uint16_t worker, struct snapshot_fault *fault);
	void (*free_worker)(void *ctx, struct snapshot *snapshot, uint16_t worker);
	void *ctx;
	struct managed
		*managed; // for resources with a managed identity; NULL: the policy is only checked
	const char *cache; // folder for compiled patterns (pattern_lib_use_cache); NULL: none
};

// Build a snapshot. `hash_key` is for MASK_HASH. `n_workers`: how many run, which a reload does not
// change. `hooks` may be NULL. Out: *out, freed by snapshot_free. Returns 0; ERR_CONFIG, *errors
// says where and what; -ENOMEM.
int snapshot_build(
	const struct config *config, uint32_t version, uint16_t n_workers,
	const uint8_t hash_key[static 32], const struct snapshot_hooks *hooks,
	struct snapshot **out, struct config_errors *errors
) must_check;

// A snapshot of rules that are only tried, never published: no secret is read, no host is looked up
// and no TLS context made, so that whoever may try one learns of nothing beyond the text. Addresses
// and the hash key are those of `like`; it has one worker. On any thread; a reload that needs the
// same patterns meanwhile waits for those. Out and results as of snapshot_build.
int snapshot_build_trial(
	const struct config *config, const struct snapshot *like, struct snapshot **out,
	struct config_errors *errors
) must_check;

// A snapshot as `from`, with other catalogs: catalogs[resource], NULL where it stays as it is.
// References are taken. NULL when memory is short.
struct snapshot *snapshot_derive(
	const struct snapshot *from, uint32_t version, const struct catalog *const *catalogs
) must_check;

// Of one that nobody reads yet.
void snapshot_set_version(struct snapshot *snapshot, uint32_t version);

// A worker may hold no pointer into it. Accepts NULL.
void snapshot_free(struct snapshot *snapshot);
