// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// PostgreSQL's messages (protocol 55.7), as far as a load needs them.

#pragma once

#include "dataplane/base/buf.h"

enum { MESSAGE_SHOWN = 32 << 10 }; // a message that is looked at is not longer

// Where in a stream of typed messages we are. Zeroed at first.
struct messages {
	uint64_t skip; // of the body of one that nobody looks at
};

// Take the next message whose type is one of `types` out of `plain`; all others are dropped. Out:
// *body, which is valid until the next call on `plain`. Returns its type, 0 when more bytes are
// needed, or -1 when it is no message.
int messages_next(
	struct messages *messages, struct buf *plain, const char *types, struct span *body
) must_check;

// Append a message; all of them abort the process when memory is short.
void message_append(struct buf *to, char type, struct span body);
// The first one of a connection, which has no type.
void message_startup(struct buf *to);
