// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What carries values to the client, as fields; and back to bytes.
//
// The readers take a message's content and fill out->kind, carrier and fields, which borrow from
// it. True, or false with *bad set.

#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/proto/postgres/state.h"

// DataRow. `columns`: its description, or NULL; then `portal` (or NULL) knows the formats.
bool pg3_result_row(
	struct pg3 *pg, struct cursor body, struct columns *columns, const struct portal *portal,
	struct proto_msg *out, enum proto_bad *bad
) must_check;
// As proto_ops.row_ahead.
size_t pg3_result_row_ahead(const struct proto_msg *row, struct span in, struct span *values);
// ErrorResponse and NoticeResponse.
bool pg3_result_error(
	struct pg3 *pg, struct cursor body, struct proto_msg *out, enum proto_bad *bad
) must_check;
// NotificationResponse: channel and payload.
bool pg3_result_notification(
	struct pg3 *pg, struct cursor body, struct proto_msg *out, enum proto_bad *bad
) must_check;
// ParameterStatus: name and value.
bool pg3_result_parameter(
	struct pg3 *pg, struct cursor body, struct proto_msg *out, enum proto_bad *bad
) must_check;
// FunctionCallResponse: one value, in `format`.
bool pg3_result_call(
	struct pg3 *pg, struct cursor body, uint16_t format, struct proto_msg *out,
	enum proto_bad *bad
) must_check;
// One value that is no column: a piece of a copy. `value` as it will be forwarded.
bool pg3_result_piece(
	struct pg3 *pg, struct span value, uint16_t format, struct proto_msg *out,
	enum proto_bad *bad
) must_check;
// The error that stands for a denied command.
bool pg3_result_refusal(
	struct pg3 *pg, const struct refusal *refusal, struct proto_msg *out, enum proto_bad *bad
) must_check;

// Write a PROTO_RESULT (other than PROTO_COPY) from its fields.
// Returns as buf_append, or ERR_LIMIT when it would be longer than a message can be.
int pg3_result_write(const struct proto_msg *msg, struct buf *to_client) must_check;
