// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What may not stand next to a match. The only bytes outside a match that its result depends on.

#pragma once

#include "dataplane/base/span.h"

enum boundary {
	BOUNDARY_NONE,
	BOUNDARY_WORD,       // no ASCII letter or digit
	BOUNDARY_NUMBER,     // as word, and no decimal point with a digit behind or before it
	BOUNDARY_APART,      // as number, and no dash or slash with a digit behind or before it
	BOUNDARY_IDENTIFIER, // no byte of an SQL identifier
	BOUNDARY_DOTTED,     // as identifier, and no dot
	BOUNDARY_BASE64,     // no byte of base64 (RFC 4648 4); on the right no padding either
	BOUNDARY_BASE64URL,  // no byte of base64url (RFC 4648 5)
	BOUNDARY_ADDRESS,    // as word, and no further group of an IPv6 or MAC address
	BOUNDARY_COUNT,
};

const char *boundary_name(enum boundary boundary);

// May a match begin at `at`, at most in.n: does the byte before allow it?
bool boundary_begins(enum boundary boundary, struct span in, size_t at);
// May a match end at `at` (exclusive)?
bool boundary_ends(enum boundary boundary, struct span in, size_t at);
// Is `at` between two bytes of one UTF-8 sequence?
bool boundary_splits_utf8(struct span in, size_t at);
