// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/request.h"

#include "dataplane/base/cursor.h"

static struct cursor body_of(struct span raw)
{
	return cursor_of(span_from(raw, 5));
}

// Names beyond this would not be what they seem: the server cuts long ones, and reads bytes beyond
// ASCII by an encoding that can change while the name stands.
static bool is_name(struct span name)
{
	if (name.n > PG3_OBJECT_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] < 0x20 || name.p[i] > 0x7e)
			return false;
	return true;
}

bool pg3_request_read_parse(struct span raw, struct pg3_parse *parse)
{
	struct cursor c = body_of(raw);

	parse->name = cursor_cstr(&c);
	parse->text = cursor_cstr(&c);
	parse->types = cursor_bytes(&c, 4 * (size_t)cursor_be16(&c));
	return cursor_done(&c) && is_name(parse->name);
}

static bool are_formats(struct span formats)
{
	for (size_t i = 0; i < formats.n; i += 2)
		if (formats.p[i] != 0 || formats.p[i + 1] > 1)
			return false;
	return true;
}

static void skip_value(struct cursor *c)
{
	uint32_t len = cursor_be32(c);

	if (len != UINT32_MAX)
		(void)cursor_bytes(c, len);
}

// Formats and values, as Bind and FunctionCall have them.
static bool read_values(struct cursor *c, struct pg3_bind *bind)
{
	bind->n_formats = cursor_be16(c);
	bind->formats = cursor_bytes(c, 2 * (size_t)bind->n_formats);
	bind->n_params = cursor_be16(c);
	const uint8_t *start = c->p;
	for (uint16_t i = 0; !c->bad && i < bind->n_params; i++)
		skip_value(c);
	bind->params = span_of(start, (size_t)(c->p - start));
	return !c->bad && are_formats(bind->formats) &&
	       (bind->n_formats <= 1 || bind->n_formats == bind->n_params);
}

bool pg3_request_read_bind(struct span raw, struct pg3_bind *bind)
{
	struct cursor c = body_of(raw);

	bind->portal = cursor_cstr(&c);
	bind->statement = cursor_cstr(&c);
	if (!read_values(&c, bind))
		return false;
	bind->result_formats = cursor_bytes(&c, 2 * (size_t)cursor_be16(&c));
	return cursor_done(&c) && are_formats(bind->result_formats) && is_name(bind->portal) &&
	       is_name(bind->statement);
}

bool pg3_request_read_target(struct span raw, struct pg3_target *target)
{
	struct cursor c = body_of(raw);

	target->kind = cursor_u8(&c);
	target->name = cursor_cstr(&c);
	return cursor_done(&c) && (target->kind == 'S' || target->kind == 'P') &&
	       is_name(target->name);
}

bool pg3_request_read_execute(struct span raw, struct pg3_target *target)
{
	struct cursor c = body_of(raw);

	target->kind = 'P';
	target->name = cursor_cstr(&c);
	(void)cursor_be32(&c); // the most rows to return
	return cursor_done(&c) && is_name(target->name);
}

bool pg3_request_read_call(struct span raw, uint32_t *oid, struct pg3_bind *call, uint16_t *format)
{
	struct cursor c = body_of(raw);

	*oid = cursor_be32(&c);
	if (!read_values(&c, call))
		return false;
	*format = cursor_be16(&c);
	return cursor_done(&c) && *format <= 1;
}
