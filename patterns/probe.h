// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A small table that reads the first bytes of what may be a match, and refuses most of what is none
// at a nanosecond a byte, before anything else of the pattern is touched.

#pragma once

#include "dataplane/base/span.h"
#include "patterns/automaton.h"

enum probe_limit {
	PROBE_STATES = 128, // where it would take more, it lets pass
	PROBE_CLASSES = 32, // of bytes that the expression treats alike
};

enum probe_end { PROBE_REFUSES, PROBE_PASSES, PROBE_START };

struct probe {
	uint8_t classes[256];
	uint8_t next[PROBE_STATES][PROBE_CLASSES]; // enum probe_end, or a further state
	bool over[PROBE_STATES];                   // a match may end there with the text
};

// Out: *out, freed by free(3); NULL when the expression has more classes than that. Returns 0 or
// -ENOMEM.
int probe_new(const struct automaton *automaton, struct probe **out) must_check;

// May a match begin at in[at]? Never false for one that does.
static inline bool probe_passes(const struct probe *probe, struct span in, size_t at)
{
	uint8_t state = PROBE_START;
	for (; at < in.n && state >= PROBE_START; at++)
		state = probe->next[state][probe->classes[in.p[at]]];
	return probe->over[state];
}
