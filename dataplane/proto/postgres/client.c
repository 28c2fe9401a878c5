// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/client.h"

#include "dataplane/base/cursor.h"
#include "dataplane/proto/postgres/copy.h"
#include "dataplane/proto/postgres/memory.h"
#include "dataplane/proto/postgres/message.h"
#include "dataplane/proto/postgres/objects.h"
#include "dataplane/proto/postgres/queue.h"
#include "dataplane/proto/postgres/request.h"
#include "dataplane/proto/postgres/text.h"

// A text that we know and that is empty, so that it has an address.
static const uint8_t empty_text[1];

static struct cursor body_of(struct span raw)
{
	return cursor_of(span_from(raw, 5));
}

// The message has to wait. The server may sit on answers until Sync or Flush, and the client may
// wait for us: ask it to send what it has, once.
static struct parse_result wait(struct pg3 *pg, struct proto_msg *out, struct proto_io *io)
{
	if (!pg->flushed && pg3_message_write(io->to_server, 'H', NULL, 0) != 0)
		return pg3_bad(out, PROTO_BAD_LIMIT);
	pg->flushed = true;
	return (struct parse_result){.status = PARSE_WAIT};
}

// No room: some comes with the answers that are still owed, else never.
static struct parse_result full(struct pg3 *pg, struct proto_msg *out, struct proto_io *io)
{
	return pg->queue.count > 0 ? wait(pg, out, io) : pg3_bad(out, PROTO_BAD_LIMIT);
}

static void command(struct proto_msg *out, enum proto_command what)
{
	out->kind = PROTO_COMMAND;
	out->command = what;
}

// A setting that decides how the server reads text may have changed, and the server has not told
// yet: it tells with ReadyForQuery. If that is on its way, wait for it.
enum settled { SETTLED, SETTLED_SOON, SETTLED_UNKNOWN };

static enum settled settled(const struct pg3 *pg)
{
	if (!pg->has_set || pg->set_seq <= pg->settled_seq)
		return SETTLED;
	return pg->set_awaited ? SETTLED_SOON : SETTLED_UNKNOWN;
}

static struct parse_result feed_text(
	struct pg3 *pg, struct span text, enum proto_command what, struct proto_msg *out,
	struct proto_io *io
)
{
	switch (settled(pg)) {
	case SETTLED:
		break;
	case SETTLED_SOON:
		return wait(pg, out, io);
	case SETTLED_UNKNOWN:
		out->unsettled = true;
		break;
	}
	command(out, what);
	out->statement = text;
	return pg3_done(out->raw.n);
}

static struct parse_result feed_query(struct pg3 *pg, struct proto_msg *out, struct proto_io *io)
{
	struct cursor c = body_of(out->raw);
	struct span text = cursor_cstr(&c);

	if (!cursor_done(&c))
		return pg3_bad(out, PROTO_BAD_MALFORMED);
	return feed_text(pg, text, PROTO_STATEMENT, out, io);
}

static struct parse_result feed_parse(struct pg3 *pg, struct proto_msg *out, struct proto_io *io)
{
	struct pg3_parse parse;

	if (!pg3_request_read_parse(out->raw, &parse))
		return pg3_bad(out, PROTO_BAD_MALFORMED);
	if (pg->statements.n >= pg->config->statements_max ||
	    !pg3_memory_fits(pg, sizeof(struct statement) + out->raw.n))
		return full(pg, out, io);
	out->named = parse.name.n > 0;
	return feed_text(pg, parse.text, PROTO_PREPARE, out, io);
}

static uint32_t type_of(const struct statement *s, uint32_t i)
{
	struct cursor c = {0};

	if (s != NULL && i < s->n_described)
		c = cursor_of(span_of(s->described.p + 4 * (size_t)i, 4));
	else if (s != NULL && i < s->types.n / 4)
		c = cursor_of(span_first(span_from(s->types, 4 * (size_t)i), 4));
	else
		return 0;
	return cursor_be32(&c);
}

static bool decode_params(
	struct pg3 *pg, const struct pg3_bind *bind, const struct statement *s,
	struct proto_msg *out
)
{
	struct cursor values = cursor_of(bind->params);

	out->params = pg3_scratch_fields(pg, &pg->params, bind->n_params);
	if (out->params == NULL)
		return false;
	for (uint16_t i = 0; i < bind->n_params; i++) {
		struct proto_field *field = &out->params[i];
		uint32_t len = cursor_be32(&values);
		field->null = len == UINT32_MAX;
		field->value = cursor_bytes(&values, field->null ? 0 : len);
		if (bind->n_formats > 0)
			field->format = bind->formats.p[bind->n_formats == 1 ? 1 : 2 * i + 1];
		field->type_oid = type_of(s, i);
	}
	out->n_params = bind->n_params;
	return true;
}

// What `name` stands for, for a command: OBJECT_UNCERTAIN too while a text is unanswered that may
// make such an object by SQL.
static enum object_lookup find(
	const struct pg3 *pg, const struct table *table, struct span name, struct object **object
)
{
	enum trait by_sql = table == &pg->statements ? TRAIT_PREPARES : TRAIT_DECLARES;

	if (name.n > 0 && pg3_queue_has_trait(pg, by_sql))
		return OBJECT_UNCERTAIN;
	return pg3_object_find(pg, table, name, object);
}

// The text of the statement, and its note, for a message about it.
static void speak_of(struct proto_msg *out, const struct statement *s, uint64_t tag)
{
	out->tag = tag;
	if (s == NULL)
		return;
	out->statement = s->text.n > 0 ? s->text : span_of(empty_text, 0);
	out->types = s->types;
}

static struct parse_result feed_bind(struct pg3 *pg, struct proto_msg *out, struct proto_io *io)
{
	struct pg3_bind bind;
	struct object *found = NULL;

	if (!pg3_request_read_bind(out->raw, &bind))
		return pg3_bad(out, PROTO_BAD_MALFORMED);
	if (pg->portals.n >= pg->config->portals_max ||
	    !pg3_memory_fits(pg, sizeof(struct portal) + bind.result_formats.n + bind.portal.n))
		return full(pg, out, io);
	if (find(pg, &pg->statements, bind.statement, &found) == OBJECT_UNCERTAIN)
		return wait(pg, out, io);
	struct statement *s = (struct statement *)found;
	if (!decode_params(pg, &bind, s, out))
		return full(pg, out, io);
	command(out, PROTO_BIND);
	out->named = bind.portal.n > 0; // FETCH takes from any portal, DECLAREd or not
	speak_of(out, s, found == NULL ? 0 : found->tag);
	pg->judged = found == NULL ? 0 : found->seq;
	return pg3_done(out->raw.n);
}

static struct parse_result feed_execute(struct pg3 *pg, struct proto_msg *out, struct proto_io *io)
{
	struct pg3_target target;
	struct object *found = NULL;

	if (!pg3_request_read_execute(out->raw, &target))
		return pg3_bad(out, PROTO_BAD_MALFORMED);
	if (!pg3_memory_fits(pg, sizeof(struct portal)))
		return full(pg, out, io);
	if (find(pg, &pg->portals, target.name, &found) == OBJECT_UNCERTAIN)
		return wait(pg, out, io);
	command(out, PROTO_EXECUTE);
	if (found != NULL)
		speak_of(out, ((struct portal *)found)->statement, found->tag);
	pg->judged = found == NULL ? 0 : found->seq;
	return pg3_done(out->raw.n);
}

static struct parse_result feed_call(struct pg3 *pg, struct proto_msg *out, struct proto_io *io)
{
	struct pg3_bind call = {0};
	uint16_t format;

	if (!pg3_request_read_call(out->raw, &out->function_oid, &call, &format))
		return pg3_bad(out, PROTO_BAD_MALFORMED);
	if (!decode_params(pg, &call, NULL, out))
		return full(pg, out, io);
	command(out, PROTO_CALL);
	return pg3_done(out->raw.n);
}

static struct parse_result feed_describe(struct pg3 *pg, struct proto_msg *out, struct proto_io *io)
{
	struct pg3_target target;
	struct object *found = NULL;

	if (!pg3_request_read_target(out->raw, &target))
		return pg3_bad(out, PROTO_BAD_MALFORMED);
	// The answer will be kept with the object.
	const struct table *table = target.kind == 'S' ? &pg->statements : &pg->portals;
	if (out->type == 'D' && find(pg, table, target.name, &found) == OBJECT_UNCERTAIN)
		return wait(pg, out, io);
	out->kind = PROTO_OTHER;
	return pg3_done(out->raw.n);
}

static struct parse_result feed_empty(struct proto_msg *out, enum proto_kind kind)
{
	if (out->raw.n != 5)
		return pg3_bad(out, PROTO_BAD_MALFORMED);
	out->kind = kind;
	return pg3_done(out->raw.n);
}

// CopyData, CopyDone, CopyFail.
static struct parse_result feed_copy(struct pg3 *pg, struct proto_msg *out, struct proto_io *io)
{
	struct cursor c = body_of(out->raw);

	if (out->type == 'c' && out->raw.n != 5)
		return pg3_bad(out, PROTO_BAD_MALFORMED);
	if (out->type == 'f') {
		(void)cursor_cstr(&c);
		if (!cursor_done(&c))
			return pg3_bad(out, PROTO_BAD_MALFORMED);
	}
	if (pg->copy == COPY_BOTH && pg->copy_client_done)
		return pg3_bad(out, PROTO_BAD_ORDER);
	if (!pg3_copy_is_open(pg) && pg3_queue_has_trait(pg, TRAIT_COPIES))
		return wait(pg, out, io);
	// Outside of a copy the server ignores them: the copy has failed, the client does not know.
	out->kind = pg3_copy_is_open(pg) ? PROTO_OTHER : PROTO_SWALLOW;
	return pg3_done(out->raw.n);
}

// While the server reads a copy it ignores Flush and Sync; all else would be an error.
static struct parse_result feed_within_copy(struct pg3 *pg, struct proto_msg *out)
{
	if (pg->copy == COPY_IN && (out->type == 'S' || out->type == 'H'))
		return feed_empty(out, PROTO_SWALLOW);
	return pg3_bad(out, PROTO_BAD_ORDER);
}

static struct parse_result feed_message(struct pg3 *pg, struct proto_msg *out, struct proto_io *io)
{
	switch (out->type) {
	case 'Q':
		return feed_query(pg, out, io);
	case 'P':
		return feed_parse(pg, out, io);
	case 'B':
		return feed_bind(pg, out, io);
	case 'E':
		return feed_execute(pg, out, io);
	case 'F':
		return feed_call(pg, out, io);
	case 'D':
	case 'C':
		return feed_describe(pg, out, io);
	default: // 'S', 'H'
		return feed_empty(out, PROTO_OTHER);
	}
}

static size_t size_max(const struct pg3 *pg, uint8_t type)
{
	bool small = memchr("CDEHSXc", type, 7) != NULL;

	return small && pg->config->message_max > PG3_SMALL_MAX ? PG3_SMALL_MAX
								: pg->config->message_max;
}

struct parse_result pg3_client_feed(
	struct pg3 *pg, struct span in, struct proto_msg *out, struct proto_io *io
)
{
	struct cursor body;

	if (in.n == 0)
		return pg3_more(1);
	if (in.p[0] == 'p')
		return pg3_bad(out, PROTO_BAD_ORDER);
	if (memchr("QPBEDCFHSdcfX", in.p[0], 13) == NULL)
		return pg3_bad(out, PROTO_BAD_TYPE);
	struct parse_result r = pg3_message_frame(in, size_max(pg, in.p[0]), out, &body);
	if (r.status != PARSE_DONE)
		return r;
	if (out->type == 'X')
		return feed_empty(out, PROTO_END);
	if (memchr("dcf", out->type, 3) != NULL)
		return feed_copy(pg, out, io);
	if (pg->copy == COPY_IN || pg->copy == COPY_BOTH)
		return feed_within_copy(pg, out);
	if (pg->skipping && out->type != 'S') {
		out->kind = PROTO_SWALLOW; // the server would read it and drop it
		return r;
	}
	if (pg3_queue_has_trait(pg, TRAIT_COPIES) || !pg3_queue_has_room(pg))
		return wait(pg, out, io);
	return feed_message(pg, out, io);
}
