// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The client's messages in an open session.

#pragma once

#include "dataplane/proto/postgres/state.h"

// feed for the client, in phase CLIENT_OPEN.
struct parse_result pg3_client_feed(
	struct pg3 *pg, struct span in, struct proto_msg *out, struct proto_io *io
);

// What a message speaks of. Each reads the content of a message that feed has found in order.
struct pg3_parse {
	struct span name, text, types;
};
struct pg3_bind {
	struct span portal, statement;
	struct span formats, params, result_formats; // 2 bytes each; values with their lengths
	uint16_t n_formats, n_params;
};
struct pg3_target {   // Describe, Close, Execute
	uint8_t kind; // 'S' or 'P'
	struct span name;
};
bool pg3_client_read_parse(struct span raw, struct pg3_parse *parse) must_check;
bool pg3_client_read_bind(struct span raw, struct pg3_bind *bind) must_check;
bool pg3_client_read_target(struct span raw, struct pg3_target *target) must_check;
bool pg3_client_read_execute(struct span raw, struct pg3_target *target) must_check;
// The format in which a FunctionCall wants its result.
uint16_t pg3_client_call_format(struct span raw);
