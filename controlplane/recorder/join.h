// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A message that a worker wrote as several records, put together again. The pieces of one message
// follow each other in what one worker wrote, so one of these a worker is enough.

#pragma once

#include "controlplane/recorder/segment.h"

struct join {
	struct buf pieces;
	bool inside;  // pieces of a message are there and more will come
	bool dropped; // it has more bytes than the limit
};

// Messages of more than `limit` bytes are left out.
void join_init(struct join *join, size_t limit);
void join_fini(struct join *join);

// Add the next record of the worker. True when it completes a message: *whole is all of it,
// borrowed from the record or from `join` until the next call. False: more is to come, or the
// message was too long.
bool join_add(struct join *join, const struct segment_record *record, struct span *whole);
