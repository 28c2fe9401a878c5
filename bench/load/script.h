// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What one end says in answer to a word: made once, said again and again by many.

#pragma once

#include "bench/load/link.h"

// `head`, `block` as often as `repeats` says, `tail`.
struct script {
	struct buf head, block, tail;
	uint64_t repeats;
};

// Rows that an answer holds: text as logs have it.
struct rows {
	uint32_t rows, bytes; // of each
	uint32_t found;       // secrets in a KB; 0: none
};

enum { ROWS_NAME = 64 };

// The table that has such rows, in `out`; and the rows of a statement that names one. False when it
// names none.
void rows_name(const struct rows *rows, char out[static ROWS_NAME]);
bool rows_parse(struct span statement, struct rows *rows);

// A server's answers: to a simple query, or to Bind, Describe, Execute and Sync. The end of the
// process frees them.
const struct script *script_answer(const struct rows *rows, bool prepared);
// A client's COPY data and CopyDone.
const struct script *script_copy(const struct rows *rows);

struct player {
	const struct script *script; // NULL: nothing to say
	uint64_t left;               // blocks
	uint8_t part;
};

void player_start(struct player *player, const struct script *script);
// Say as much as the link takes. False when the link has failed.
bool player_go(struct player *player, struct link *link) must_check;
