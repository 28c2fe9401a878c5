// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The client's StartupMessage: what it asks for, and what of it the server may hear.

#pragma once

#include "dataplane/proto/postgres/state.h"

// Take the parameters of a StartupMessage (what is behind the version) into `pg`.
// Returns PROTO_BAD_NONE or what is wrong.
enum proto_bad pg3_startup_read(struct pg3 *pg, struct span parameters) must_check;

// Tell the client that we speak 3.0 without options, if it asked for more (clause
// "NegotiateProtocolVersion"). Returns as buf_append.
int pg3_startup_negotiate(const struct pg3 *pg, uint16_t minor, struct buf *to_client) must_check;

// Write the StartupMessage for the server: the upstream's user and database, and the client's
// other parameters; settings in `options` become parameters of their own. Returns as buf_append.
int pg3_startup_write(const struct pg3 *pg, struct buf *to_server) must_check;
// The login is done, or never will be: give back what only it needed. Harmless without one.
void pg3_startup_forget(struct pg3 *pg);
