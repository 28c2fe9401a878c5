// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A policy on its way into force. Reading, checking and compiling it takes up to minutes and
// touches nothing that runs, so a reload does it on a thread of its own, a copy of which is ever at
// work; control puts the outcome in force.

#pragma once

#include "app/contexts.h"
#include "controlplane/config/config.h"
#include "controlplane/identity/identity.h"
#include "controlplane/policy/build.h"

#include <pthread.h>

struct load {
	const char *file;
	struct contexts *contexts; // hooks.ctx
	struct snapshot_hooks hooks;
	uint16_t n_workers;
	char cache[CONFIG_PATH_MAX + 32]; // hooks.cache
	uint8_t hash_key[32];
	pthread_t thread;
	bool done; // thread: w, control: ro
	// What came of it.
	int result;
	struct config *config; // NULL: the file could not be read
	struct config_errors errors;
	struct identity_set *issuers;
	struct snapshot *snapshot; // its version is not settled
};

// Read the file, unless load->config is given, and build all that is needed of it.
// load->result: 0, ERR_CONFIG with load->errors, -ENOMEM, -errno.
void load_run(struct load *load);
// The same on a thread. Returns 0 or -errno.
int load_start(struct load *load) must_check;
// Whether it is done; then it has been joined.
bool load_join(struct load *load, bool wait);
// Frees what is left in it, and it.
void load_free(struct load *load);
