// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One line for a frame, as tcpdump would print it.

#pragma once

#include "dataplane/base/span.h"
#include "tests/sim/wire.h"

void trace_frame(
	uint64_t now_us, const char *from, const char *to, struct span frame,
	const struct wire_fate *fate
);
