// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The server's messages in an open session.

#pragma once

#include "dataplane/proto/postgres/state.h"

// feed for the server, in phase SERVER_OPEN.
struct parse_result pg3_server_feed(struct pg3 *pg, struct span in, struct proto_msg *out);
