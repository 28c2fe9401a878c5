// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The client's messages in an open session.

#pragma once

#include "dataplane/proto/postgres/state.h"

// feed for the client, in phase CLIENT_OPEN.
struct parse_result pg3_client_feed(
	struct pg3 *pg, struct span in, struct proto_msg *out, struct proto_io *io
);
