// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the scenarios of held commands share.

#pragma once

#include "tests/sim/relay_world.h"

#define HELD_TEXT "DELETE FROM notes WHERE n = 41"

// Policies: writes are held; and the same under one digest, whatever its version.
void hold_writes(struct sim *sim);
void hold_fixed_digest(struct sim *sim);

// Has the server seen it?
bool hold_at_server(const struct sim *sim, const char *text);
// Until so many are held.
void hold_expect(struct sim *sim, uint32_t n);
// Told at once, asked for, and not at the server.
void hold_expect_parked(struct agent *a);
// An agent whose HELD_TEXT waits.
struct agent *hold_agent(struct sim *sim);
// Its session goes on.
void hold_still_works(struct agent *a);

// The extended protocol: the value that the held statement is run with; then Execute and Sync.
void hold_bind(struct agent *a, const char *value);
void hold_execute(struct agent *a);
