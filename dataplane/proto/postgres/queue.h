// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The answers that the server owes, in the order in which it will give them: one entry for each
// message forwarded that has an answer.
//
// After an error in the extended query protocol the server reads and discards messages until Sync
// (clause "Extended Query"); pg3_queue_fail does the same to the entries.

#pragma once

#include "dataplane/proto/postgres/state.h"

// Is there room for one client message more (with a Describe of ours in front of it)?
bool pg3_queue_has_room(const struct pg3 *pg);
// Append an entry for the message under way, zeroed but for kind and seq. NULL when full or short
// of memory.
struct answer *pg3_queue_push(struct pg3 *pg, enum answer_kind kind) must_check;
// Note what an entry's text may do; once, after pg3_queue_push.
void pg3_queue_note_traits(struct pg3 *pg, struct answer *answer, uint8_t traits);
void pg3_queue_forget_trait(struct pg3 *pg, struct answer *answer, enum trait trait);
// Are there unanswered texts with this trait?
bool pg3_queue_has_trait(const struct pg3 *pg, enum trait trait);

// The entry that the server answers next; NULL when it owes nothing.
struct answer *pg3_queue_head(struct pg3 *pg);
// The head is answered in full; what it refers to is let go.
void pg3_queue_pop(struct pg3 *pg);
// The head, an extended query message, has failed: it and all up to the next Sync come to nothing.
void pg3_queue_fail(struct pg3 *pg);
void pg3_queue_fini(struct pg3 *pg);
