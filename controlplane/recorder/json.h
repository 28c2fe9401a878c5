// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The JSON of RECORD_OPEN, RECORD_VERDICT and RECORD_CLOSE.

#pragma once

#include "dataplane/base/span.h"

#include <jansson.h>

// Parse it. Names that a client chose may be no UTF-8: such bytes become '?'. NULL when it is no
// JSON all the same; a new reference else.
json_t *json_of_record(struct span data);

// A string of any bytes: when it is no UTF-8, every byte that is no ASCII becomes \xNN. NULL when
// memory is short.
json_t *json_text(struct span text);
// At most `max` bytes of it, not cut inside a character.
struct span json_cut(struct span text, size_t max);
