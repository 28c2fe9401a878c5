// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The server's leg up to the first ReadyForQuery.

#pragma once

#include "dataplane/proto/postgres/state.h"

// The vtable's upstream_start and upstream_secured.
int pg3_upstream_start(struct pg3 *pg, const struct proto_upstream *upstream, struct proto_io *io)
	must_check;
int pg3_upstream_secured(struct pg3 *pg, struct span binding, struct proto_io *io) must_check;

// feed for the server, in all phases before SERVER_OPEN.
struct parse_result pg3_upstream_feed(
	struct pg3 *pg, struct span in, struct proto_msg *out, struct proto_io *io
);
