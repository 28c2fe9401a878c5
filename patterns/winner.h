// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Whose a stretch is that several patterns match: nine digits are many things.

#pragma once

#include "patterns/scratch.h"

// Of the matches of this text that cover the same bytes, keep the one that scores most, then the
// one with the lowest id. Here and not where overlaps are resolved, because words near a match are
// looked for in the text it stands in, which may have been decoded; and only where there are
// several. Returns 0 or -EIO.
int winner_settle(struct scan_scratch *scratch) must_check;
