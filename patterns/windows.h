// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Windows of decoded text, one behind the other, so that many short ones are scanned at once.

#pragma once

#include "patterns/decoded.h"
#include "patterns/piece.h"

enum windows_limit {
	WINDOWS_MAX = 64,
	WINDOWS_ENOUGH = 8 * 1024, // bytes worth a scan
};

// Text that was decoded, of which matches that begin in [from, to) count.
struct window {
	struct decoded decoded;
	size_t from, to;
};

// Usage order: windows_open, decoded_fill, windows_keep when it is to be scanned; in turns, until
// they are full; then their text and pieces are read, and windows_clear.
struct windows {
	uint8_t *text; // owned
	size_t size;   // of the largest window
	size_t n;
	struct decoded_mark *marks; // owned
	size_t mark_count;
	size_t count;
	struct window list[WINDOWS_MAX];
	struct scan_piece pieces[WINDOWS_MAX]; // positions in `text`
};

// For windows of `size` bytes. Returns 0 or -ENOMEM; windows_fini either way.
int windows_init(struct windows *windows, size_t size) must_check;
void windows_fini(struct windows *windows);

// Give the next window the memory that is left: all of it when the others have been cleared.
void windows_open(struct windows *windows, struct decoded *d);
void windows_keep(struct windows *windows, const struct decoded *d, size_t from, size_t to);
// Should they be scanned before there are more?
static inline bool windows_are_full(const struct windows *windows)
{
	return windows->count == WINDOWS_MAX || windows->n >= WINDOWS_ENOUGH;
}
static inline void windows_clear(struct windows *windows)
{
	windows->count = windows->n = windows->mark_count = 0;
}
