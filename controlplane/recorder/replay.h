// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What is on record of one session, message by message.

#pragma once

#include "controlplane/recorder/segment.h"

#include <stdatomic.h>

struct replay_message {
	enum record_type type;
	uint8_t message;
	bool strict;
	uint64_t time_ns;
	struct span text; // all of it, joined
};

// Returns false to stop.
typedef bool (*replay_fn)(void *context, const struct replay_message *message);

struct replay_end {
	uint64_t messages;
	bool closed;           // RECORD_CLOSE was reached
	char damaged[128];     // name of a segment that ended inside a frame or was changed, or ""
	enum segment_step how; // it did
};

// Call `each` for the messages of session `id` in the segments under `state`, in order; segments
// before number `first` are not looked at. `stop`: when it is set the rest is left out; NULL:
// never. Returns 0 or -errno; damage is told in *end.
int replay_session(
	const char *state, const char *id, uint64_t first, const atomic_bool *stop, replay_fn each,
	void *context, struct replay_end *end
) must_check;
