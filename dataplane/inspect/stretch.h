// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What goes with a finding so that the text around it stays what it is: half an escape, the rest of
// a number. And where no part can go, because the finding reaches across the text's own marks.

#pragma once

#include "dataplane/inspect/value.h"

struct stretch {
	size_t start, end; // what is replaced: the finding or more
	bool bare;         // JSON: no string; what comes in its place needs quotes
	bool broken;       // nothing of it can be replaced
};

// How far a JSON text was read. Begin with zero.
struct json_reader {
	size_t at;   // the beginning of a character or an escape
	bool inside; // a string
};

// The stretch of `f` in `text`. Findings of one text come in rising order with the same reader.
struct stretch stretch_of(
	enum value_class class, struct span text, const struct finding *f,
	struct json_reader *reader
);
