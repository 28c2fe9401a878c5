// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// COPY: data that flows outside of rows (clause "COPY Operations").

#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/proto/postgres/state.h"

// CopyInResponse, CopyOutResponse or CopyBothResponse from the server, for the head of the queue.
bool pg3_copy_begin(struct pg3 *pg, struct cursor body, struct proto_msg *out, enum proto_bad *bad)
	must_check;
// CopyData and CopyDone from the server. Text comes out in whole rows, binary in whole tuples; what
// is not whole is kept and swallowed.
bool pg3_copy_data(struct pg3 *pg, struct cursor body, struct proto_msg *out, enum proto_bad *bad)
	must_check;
bool pg3_copy_done(struct pg3 *pg, struct cursor body, struct proto_msg *out, enum proto_bad *bad)
	must_check;
// The statement has ended, whichever way. False when it may not end yet.
bool pg3_copy_end(struct pg3 *pg, bool failed);

// Write a PROTO_COPY from its fields. Returns as buf_append.
int pg3_copy_write(struct pg3 *pg, const struct proto_msg *msg, struct buf *to_client) must_check;

// Does the server take CopyData from the client now?
bool pg3_copy_is_open(const struct pg3 *pg);
// CopyData, CopyDone or CopyFail goes to the server.
void pg3_copy_client(struct pg3 *pg, uint8_t type);
