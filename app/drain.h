// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#pragma once

#include "dataplane/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct control;

enum drain_phase {
	DRAIN_SERVES,  // there is none
	DRAIN_WARNS,   // the probe fails; everything else goes on
	DRAIN_CLOSES,  // no new clients; who is between two transactions goes
	DRAIN_ENDS,    // everybody goes
	DRAIN_IS_DONE, // nobody is left
};

struct drain {
	enum drain_phase phase;
	bool stops;                  // the process ends with it
	uint64_t since_ms, until_ms; // monotonic: of the drain, of the phase
};

struct drain_state {
	enum drain_phase phase;
	bool stops;
	uint64_t sessions;
	uint64_t seconds; // since it began
	uint64_t left;    // seconds, at most, of this phase
};

const char *drain_phase_name(enum drain_phase phase);
// Begin to drain, unless it is under way. `stops`: the process is to end with it, from now on.
void drain_begin(struct control *control, bool stops);
// Serve again. Returns 0, or -EALREADY when the process is to end.
int drain_end(struct control *control) must_check;
// Call often. True when the process may end.
bool drain_tick(struct control *control);
struct drain_state drain_state(const struct control *control);
