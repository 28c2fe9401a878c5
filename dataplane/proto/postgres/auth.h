// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the server asks of us before it lets us in.

#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/proto/postgres/state.h"

// Take the content of an Authentication message and answer it. True when it was in order, else
// *bad. After AuthenticationOk pg->server is SERVER_SETUP.
bool pg3_auth_take(struct pg3 *pg, struct cursor body, struct proto_io *io, enum proto_bad *bad)
	must_check;
// Scrub the exchange.
void pg3_auth_forget(struct pg3 *pg);
