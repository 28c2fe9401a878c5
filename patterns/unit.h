// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The units of each encoding: the few characters that stand for a few bytes.

#pragma once

#include "patterns/patterns.h"

enum unit_limit {
	UNIT_BYTES = 4,   // most bytes a unit stands for
	UNIT_LINE = 16,   // digits in a row before a line break that base64 or hex goes on behind
	UNIT_INDENT = 16, // most blanks at the start of such a line
	// Most characters for one byte: \u0041 in JSON. Line breaks in base64 and hex stay below.
	UNIT_GROWTH = 6,
};

// Value of a base64 digit of either alphabet (RFC 4648 4 and 5), or 64 and more for another byte.
extern const uint8_t unit_base64[256];
// Value of a hexadecimal digit, or 16 and more.
extern const uint8_t unit_hex[256];

// Is text[at] a digit of `form`, SCAN_BASE64 or SCAN_HEX?
static inline bool unit_is_digit(enum scan_form form, uint8_t c)
{
	return form == SCAN_BASE64 ? unit_base64[c] < 64 : unit_hex[c] < 16;
}

// A line break, with the blanks behind it, in the middle of base64 or hex that fills its lines.
// Returns its length, 0: there is none at `at`.
size_t unit_break(enum scan_form form, struct span text, size_t at);

// Does an escape of URL or JSON text begin at `at`?
bool unit_is_escape(enum scan_form form, struct span text, size_t at);

// The unit that begins at `at`, below text.n. A line break is a unit of no bytes; in URL and JSON
// text a character that is no escape is one by itself. Out: bytes[0..*n). Returns its length in
// characters; 0 when base64 or hex ends here.
size_t unit_read(
	enum scan_form form, struct span text, size_t at, uint8_t bytes[static UNIT_BYTES],
	size_t *n
);
