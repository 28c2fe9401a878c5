// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/message.h"

struct parse_result pg3_done(size_t consumed)
{
	return (struct parse_result){.status = PARSE_DONE, .consumed = consumed};
}

struct parse_result pg3_more(size_t needed)
{
	return (struct parse_result){.status = PARSE_MORE, .needed = needed};
}

struct parse_result pg3_bad(struct proto_msg *out, enum proto_bad bad)
{
	out->bad = bad;
	return (struct parse_result){.status = PARSE_BAD};
}

struct parse_result pg3_message_frame(
	struct span in, size_t max, struct proto_msg *out, struct cursor *body
)
{
	struct cursor c = cursor_of(in);

	if (in.n < 5)
		return pg3_more(5);
	out->type = cursor_u8(&c);
	uint32_t len = cursor_be32(&c);
	if (len < 4 || max < 1 || len > max - 1)
		return pg3_bad(out, PROTO_BAD_LENGTH);
	if (len > in.n - 1)
		return pg3_more((size_t)len + 1);
	out->raw = span_first(in, (size_t)len + 1);
	*body = cursor_child(&c, len - 4);
	return pg3_done(out->raw.n);
}

int pg3_message_write(struct buf *to, uint8_t type, const struct span *parts, size_t n)
{
	size_t len = 4;

	for (size_t i = 0; i < n; i++)
		len += parts[i].n;
	int r = buf_reserve(to, len + 1);
	if (r != 0)
		return r;
	if (type != 0)
		r = buf_append_u8(to, type);
	if (r == 0)
		r = buf_append_be32(to, (uint32_t)len);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = buf_append(to, parts[i]);
	return r;
}

static const char *const client_names[128] = {
	['B'] = "Bind",         ['C'] = "Close",    ['d'] = "CopyData", ['c'] = "CopyDone",
	['f'] = "CopyFail",     ['D'] = "Describe", ['E'] = "Execute",  ['H'] = "Flush",
	['F'] = "FunctionCall", ['P'] = "Parse",    ['p'] = "Password", ['Q'] = "Query",
	['S'] = "Sync",         ['X'] = "Terminate"};

static const char *const server_names[128] = {
	['R'] = "Authentication",
	['K'] = "BackendKeyData",
	['2'] = "BindComplete",
	['3'] = "CloseComplete",
	['C'] = "CommandComplete",
	['d'] = "CopyData",
	['c'] = "CopyDone",
	['G'] = "CopyInResponse",
	['H'] = "CopyOutResponse",
	['W'] = "CopyBothResponse",
	['D'] = "DataRow",
	['I'] = "EmptyQueryResponse",
	['E'] = "ErrorResponse",
	['V'] = "FunctionCallResponse",
	['v'] = "NegotiateProtocolVersion",
	['n'] = "NoData",
	['N'] = "NoticeResponse",
	['A'] = "NotificationResponse",
	['t'] = "ParameterDescription",
	['S'] = "ParameterStatus",
	['1'] = "ParseComplete",
	['s'] = "PortalSuspended",
	['Z'] = "ReadyForQuery",
	['T'] = "RowDescription"};

const char *pg3_message_name(enum leg from, uint8_t type)
{
	const char *const *names = from == LEG_CLIENT ? client_names : server_names;
	const char *name = type < 128 ? names[type] : NULL;

	return name == NULL ? "unknown" : name;
}
