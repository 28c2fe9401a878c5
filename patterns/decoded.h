// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A stretch of encoded text, decoded, a window at a time; and the way back from a decoded byte to
// the characters it comes from.

#pragma once

#include "patterns/unit.h"

enum decoded_limit {
	DECODED_MARK = 64, // least bytes between two marks
	DECODED_STEP = 16, // most bytes written at a time
	// Characters that text in base64, hex or UTF-16 goes on for beyond a place that could only
	// be text. What may be text and may be chance is not followed farther.
	DECODED_LEAP = 128,
	DECODED_SHORT = 12, // text of fewer bytes must be all of its run
};

struct decoded {
	uint8_t *text; // of windows.h, as are the marks
	size_t size, n;
	struct decoded_mark {
		uint32_t decoded, encoded;
	} * marks;                    // units, the first and later ones
	size_t mark_count, next_mark; // the next one is due at this byte of the text
	enum scan_form form;
	struct span from; // the text it comes from
	size_t skip;      // bytes of the first unit before the text
	size_t end;       // where the next window goes on
	bool ended;       // there is none
	bool escaped;     // the window holds an escape, or a '+' read as a space
	bool plus;        // a '+' that stands for itself was met
	bool coded_plus;  // an escape that stands for '+' was
	bool resumed;     // the window is not the first
	bool nul;         // NUL is text: it may be UTF-16
	size_t sure;      // where in `from` the last place ends that could only be encoded text
};

// Bytes of the character at the start of `p`, when it is text: printable ASCII, tab, line ends,
// with `nul` NUL, or UTF-8 (RFC 3629 4, without the finer points). 0: it is not, or is cut.
size_t decoded_character(const uint8_t *p, size_t n, bool nul);
// Is it a character that cannot stand in the text, so that no value goes on across it: RFC 3986 2,
// or RFC 8259 7?
static inline bool decoded_delimits(enum scan_form form, uint8_t c)
{
	if (form == SCAN_JSON)
		return c == '"' || c < 0x20;
	return c <= 0x20 || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' ||
	       c == '^' || c == '`' || c == '{' || c == '|' || c == '}';
}

// Where the URL or JSON text around the escape at `at` begins, no more than `left` before.
size_t decoded_escape_start(enum scan_form form, struct span from, size_t at, size_t left);
// Is what the finder points to, at `at`, text? Reads d->form, d->from, d->nul.
bool decoded_is_sure(const struct decoded *d, size_t at);
// Where the base64, hex or UTF-16 text begins that goes on at `at`, the first character of a run of
// interest. Out: d->skip. Reads d->form, d->from, d->nul.
size_t decoded_run_start(struct decoded *d, size_t at);

// Decode from `start` until the window is full or the text ends. URL and JSON text also ends
// `reach` characters behind its last escape.
void decoded_fill(struct decoded *d, size_t start, size_t reach);
// Is the decoded text of a run worth scanning? What is short must be a run's whole.
bool decoded_is_text(const struct decoded *d);

// The first character, and the last (exclusive), of what stands for bytes that begin at `start` or
// end at `end`.
size_t decoded_map_start(const struct decoded *d, size_t start);
size_t decoded_map_end(const struct decoded *d, size_t end);
// As decoded_map_start. Out: *at, the decoded byte that the unit begins with.
size_t decoded_map_unit(const struct decoded *d, size_t start, size_t *at);
