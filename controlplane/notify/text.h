// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What people are shown of text that others wrote: control characters, what is not UTF-8 and what
// would hide or turn round its neighbours come as \xNN or \u{N}.

#pragma once

#include "dataplane/base/err.h"
#include "dataplane/base/span.h"

#include <jansson.h>

// A JSON string of any bytes. NULL: no memory.
json_t *text_show(struct span text) must_check;
// The beginning, at most `max` characters, with "..." when there is more. NULL: no memory.
json_t *text_excerpt(struct span text, size_t max) must_check;
// The same as a string, cut between two characters where it does not fit; "" without memory.
void text_copy(char *out, size_t size, const char *text);
