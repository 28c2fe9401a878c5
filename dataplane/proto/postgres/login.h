// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The client's leg up to the token.

#pragma once

#include "dataplane/proto/postgres/state.h"

// feed for the client, in all phases before CLIENT_OPEN.
struct parse_result pg3_login_feed(
	struct pg3 *pg, struct span in, struct proto_msg *out, struct proto_io *io
);
