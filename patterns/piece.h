// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Several texts that are scanned in one, each as if it were alone: what a scan costs besides its
// bytes is paid once. They lie one behind the other with PIECE_GAP bytes between two, NUL and line
// end. As either stands for a text's end at every boundary, is no part of an escape, a digit or a
// word, and nothing that a line end ends goes on, a text that lies so has all the candidates that
// it has alone, and perhaps some that reach into the next one; a candidate is confirmed in its own
// text only (confirm.c).

#pragma once

#include "patterns/patterns.h"

struct name_words;

enum { PIECE_GAP = 2 };

// [start, end) of what is scanned.
struct scan_piece {
	uint32_t start, end;
	const struct name_words *name; // NULL: no context words in its name
};

struct scan_pieces {
	const struct scan_piece *list; // in the order they lie in; borrowed
	size_t count;                  // 0: all that is scanned is one text
};

static inline uint8_t *piece_gap(uint8_t *at)
{
	at[0] = 0;
	at[1] = '\n';
	return at + PIECE_GAP;
}

// The piece that holds byte `at`, or the last one before it. There is one.
static inline size_t piece_at(struct scan_pieces pieces, size_t at)
{
	size_t low = 0, high = pieces.count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (pieces.list[middle].start <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}
