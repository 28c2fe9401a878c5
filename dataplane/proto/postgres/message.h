// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Framing, and the few messages that the gateway writes by itself.

#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/proto/postgres/state.h"

// Results of feeding one leg, for brevity.
struct parse_result pg3_done(size_t consumed);
struct parse_result pg3_more(size_t needed);
struct parse_result pg3_bad(struct proto_msg *out, enum proto_bad bad);

// A message with a type byte at the start of `in`, of at most `max` bytes: its type goes to
// out->type, all of it to out->raw, its content to *body. MORE and BAD as feed.
struct parse_result pg3_message_frame(
	struct span in, size_t max, struct proto_msg *out, struct cursor *body
);
// The name of a message type; never NULL.
const char *pg3_message_name(enum leg from, uint8_t type);

// Write a message of `n` spans behind type byte `type` (0: without one), with its length.
// Returns as buf_append: all or nothing.
int pg3_message_write(struct buf *to, uint8_t type, const struct span *parts, size_t n) must_check;
