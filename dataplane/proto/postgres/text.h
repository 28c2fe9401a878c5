// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a statement's text may do to the messages behind it.

#pragma once

#include "dataplane/proto/postgres/state.h"

// A set of enum trait. Keywords cannot be written in another way than by their letters, so that a
// search for them misses nothing; that it finds them in literals too costs only a wait.
uint8_t pg3_text_traits(struct span text);
