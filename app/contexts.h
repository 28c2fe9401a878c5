// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The TLS contexts of a snapshot: what controlplane/policy may not know. One library per worker for
// the life of the process, on it a server per listener and a client per resource for each snapshot.

#pragma once

#include "controlplane/config/config.h"
#include "controlplane/policy/build.h"
#include "dataplane/tls/tls.h"

struct contexts {
	uint16_t n_workers;
	struct tls_library *libraries[SNAPSHOT_WORKERS_MAX];
	// Of tickets; each listener's is derived from it. Written by the one load that is at work.
	uint8_t secret[TLS_TICKET_SECRET];
	uint8_t own[TLS_TICKET_SECRET]; // where the configuration names none
};

// Returns 0 or -ENOMEM. Free with contexts_fini, after the last snapshot.
int contexts_init(struct contexts *contexts, uint16_t n_workers) must_check;
// Accepts a half-built one.
void contexts_fini(struct contexts *contexts);

// Read the secret of tickets that `config` names, which may have changed since: what is built from
// here on has it. Returns 0, or ERR_CONFIG with an error added, the former kept.
int contexts_configure(
	struct contexts *contexts, const struct config *config, struct config_errors *errors
) must_check;

// For snapshot_build, with `managed` or NULL. `contexts` is borrowed and outlives every snapshot
// built with them.
struct snapshot_hooks contexts_hooks(struct contexts *contexts, struct managed *managed);

// For workers_config.thread_end: drop what OpenSSL keeps for the calling thread.
void contexts_thread_end(void *ctx);
