// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The content of the client's messages.

#pragma once

#include "dataplane/proto/postgres/state.h"

// Each reads a whole message, to its last byte; false when it does not fit its format. What it
// finds borrows from the message.
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
bool pg3_request_read_parse(struct span raw, struct pg3_parse *parse) must_check;
bool pg3_request_read_bind(struct span raw, struct pg3_bind *bind) must_check;
bool pg3_request_read_target(struct span raw, struct pg3_target *target) must_check;
bool pg3_request_read_execute(struct span raw, struct pg3_target *target) must_check;
// The values of `call` as those of a Bind. Out: the function, and the format of its result.
bool pg3_request_read_call(struct span raw, uint32_t *oid, struct pg3_bind *call, uint16_t *format)
	must_check;
