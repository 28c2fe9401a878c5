// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/server.h"

#include "dataplane/proto/postgres/columns.h"
#include "dataplane/proto/postgres/copy.h"
#include "dataplane/proto/postgres/memory.h"
#include "dataplane/proto/postgres/message.h"
#include "dataplane/proto/postgres/objects.h"
#include "dataplane/proto/postgres/queue.h"
#include "dataplane/proto/postgres/result.h"
#include "dataplane/proto/postgres/tag.h"

// Every handler takes the head of the queue (never NULL unless it says so), sets `out` up, and
// returns PROTO_BAD_NONE or what is wrong.

static bool is_empty(struct cursor body)
{
	return cursor_left(&body) == 0;
}

static enum proto_bad pass(struct proto_msg *out, const struct answer *head)
{
	out->kind = head->internal ? PROTO_SWALLOW : PROTO_OTHER;
	out->tag = head->tag;
	return PROTO_BAD_NONE;
}

// The server has begun with a Query: the unnamed statement and portal are gone (clause "Message
// Flow").
static void begin_query(struct pg3 *pg, struct answer *head)
{
	struct span unnamed = {(const uint8_t *)"", 0};

	if (head->kind != ANSWER_QUERY || head->begun)
		return;
	head->begun = true;
	pg3_objects_drop(pg, &pg->statements, &unnamed, head->seq);
	pg3_objects_drop(pg, &pg->portals, &unnamed, head->seq);
}

static bool runs_text(const struct answer *head)
{
	return (head->kind == ANSWER_QUERY && !head->failed && head->refusal == NULL) ||
	       head->kind == ANSWER_EXECUTE;
}

// ParseComplete, BindComplete, CloseComplete.
static enum proto_bad take_complete(
	struct pg3 *pg, struct answer *head, struct cursor body, struct proto_msg *out
)
{
	enum answer_kind wanted = out->type == '1'   ? ANSWER_PARSE
				  : out->type == '2' ? ANSWER_BIND
						     : ANSWER_CLOSE;

	if (head->kind != wanted || head->refusal != NULL)
		return PROTO_BAD_ORDER;
	if (!is_empty(body))
		return PROTO_BAD_MALFORMED;
	(void)pass(out, head);
	if (wanted == ANSWER_PARSE && head->statement->object.linked) {
		pg3_object_confirm(pg, &pg->statements, &head->statement->object);
	} else if (wanted == ANSWER_BIND && head->portal->object.linked) {
		pg3_object_confirm(pg, &pg->portals, &head->portal->object);
	} else if (wanted == ANSWER_CLOSE) {
		struct table *table = head->close_kind == 'S' ? &pg->statements : &pg->portals;
		struct span name = span_of(head->name, head->name_len);
		pg3_objects_drop(pg, table, &name, head->seq);
	}
	pg3_queue_pop(pg);
	return PROTO_BAD_NONE;
}

static enum proto_bad take_parameters(
	struct pg3 *pg, struct answer *head, struct cursor body, struct proto_msg *out
)
{
	uint16_t n = cursor_be16(&body);
	struct span types = cursor_bytes(&body, 4 * (size_t)n);
	struct statement *s = head->statement;

	if (head->kind != ANSWER_DESCRIBE_STATEMENT || head->parameters)
		return PROTO_BAD_ORDER;
	if (!cursor_done(&body))
		return PROTO_BAD_MALFORMED;
	head->parameters = true;
	if (s != NULL && n > 0) {
		if (pg3_chunk_grow(pg, &s->described, types.n, 0) != 0)
			return PROTO_BAD_LIMIT;
		memcpy(s->described.p, types.p, types.n);
		s->n_described = n;
	}
	return pass(out, head);
}

// RowDescription (`columns` set) or NoData for a portal.
static void describe_portal(struct pg3 *pg, struct portal *portal, struct columns *columns)
{
	if (portal == NULL) {
		pg3_columns_unref(pg, columns);
		return;
	}
	pg3_columns_unref(pg, portal->columns);
	portal->columns = columns;
	portal->described = true;
}

static enum proto_bad take_description(
	struct pg3 *pg, struct answer *head, struct cursor body, struct proto_msg *out
)
{
	bool statement = head->kind == ANSWER_DESCRIBE_STATEMENT && head->parameters;
	bool portal = head->kind == ANSWER_DESCRIBE_PORTAL;
	bool query = head->kind == ANSWER_QUERY && runs_text(head) && out->type == 'T';
	struct columns *columns = NULL;
	enum proto_bad bad;

	if (!statement && !portal && !query)
		return PROTO_BAD_ORDER;
	if (out->type == 'n' && !is_empty(body))
		return PROTO_BAD_MALFORMED;
	if (out->type == 'T' &&
	    !pg3_columns_read(pg, cursor_bytes(&body, cursor_left(&body)), &columns, &bad))
		return bad;
	(void)pass(out, head);
	if (query) {
		pg3_columns_unref(pg, head->columns);
		head->columns = columns;
		return PROTO_BAD_NONE;
	}
	if (portal)
		describe_portal(pg, head->portal, columns);
	else
		pg3_columns_unref(pg, columns);
	pg3_queue_pop(pg);
	return PROTO_BAD_NONE;
}

static enum proto_bad take_row(
	struct pg3 *pg, struct answer *head, struct cursor body, struct proto_msg *out
)
{
	const struct portal *portal = head->portal;
	struct columns *columns = head->kind == ANSWER_QUERY ? head->columns : NULL;
	bool described = head->kind == ANSWER_QUERY;
	enum proto_bad bad;

	if (!runs_text(head) || pg->copy != COPY_NONE)
		return PROTO_BAD_ORDER;
	if (head->kind == ANSWER_EXECUTE) {
		described = portal->described;
		columns = portal->columns;
	}
	if (described && columns == NULL)
		return PROTO_BAD_ORDER;
	out->tag = head->tag;
	return pg3_result_row(pg, body, columns, portal, out, &bad) ? PROTO_BAD_NONE : bad;
}

// CommandComplete, EmptyQueryResponse, PortalSuspended: the end of one statement's answer.
static enum proto_bad take_end(
	struct pg3 *pg, struct answer *head, struct cursor body, struct proto_msg *out
)
{
	struct span tag = out->type == 'C' ? cursor_cstr(&body) : (struct span){0};

	if (!runs_text(head) || (out->type == 's' && head->kind != ANSWER_EXECUTE))
		return PROTO_BAD_ORDER;
	if (!cursor_done(&body))
		return PROTO_BAD_MALFORMED;
	if (!pg3_copy_end(pg, false))
		return PROTO_BAD_ORDER;
	if (!pg3_tag_follow(pg, head, tag))
		return PROTO_BAD_ORDER;
	(void)pass(out, head);
	out->completes = true;
	out->completion = tag;
	if (head->kind == ANSWER_EXECUTE) {
		pg3_queue_pop(pg);
	} else {
		pg3_columns_unref(pg, head->columns);
		head->columns = NULL;
	}
	return PROTO_BAD_NONE;
}

static enum proto_bad take_copy(
	struct pg3 *pg, struct answer *head, struct cursor body, struct proto_msg *out
)
{
	enum proto_bad bad;
	bool ok;

	if (!runs_text(head))
		return PROTO_BAD_ORDER;
	if (out->type == 'd')
		ok = pg3_copy_data(pg, body, out, &bad);
	else if (out->type == 'c')
		ok = pg3_copy_done(pg, body, out, &bad);
	else
		ok = pg3_copy_begin(pg, body, out, &bad);
	out->tag = head->tag;
	return ok ? PROTO_BAD_NONE : bad;
}

static enum proto_bad take_call_result(
	struct pg3 *pg, struct answer *head, struct cursor body, struct proto_msg *out
)
{
	enum proto_bad bad;

	if (head->kind != ANSWER_CALL || head->failed || head->returned)
		return PROTO_BAD_ORDER;
	head->returned = true;
	out->tag = head->tag;
	return pg3_result_call(pg, body, head->format, out, &bad) ? PROTO_BAD_NONE : bad;
}

static enum proto_bad take_ready(
	struct pg3 *pg, struct answer *head, struct cursor body, struct proto_msg *out
)
{
	bool call_done = head->kind == ANSWER_CALL && (head->returned || head->failed);
	bool query_done = head->kind == ANSWER_QUERY && (head->refusal == NULL || head->failed);

	if (head->kind != ANSWER_SYNC && !call_done && !query_done)
		return PROTO_BAD_ORDER;
	if (!pg3_copy_end(pg, false))
		return PROTO_BAD_ORDER;
	uint8_t status = cursor_u8(&body);
	if (!cursor_done(&body) || (status != 'I' && status != 'T' && status != 'E'))
		return PROTO_BAD_MALFORMED;
	(void)pass(out, head);
	out->transaction = pg->transaction = (char)status;
	// Portals end with their transaction.
	if (status == 'I')
		pg3_objects_drop(pg, &pg->portals, NULL, head->seq);
	pg->settled_seq = head->seq;
	pg3_queue_pop(pg);
	return PROTO_BAD_NONE;
}

static bool ends_session(const struct proto_msg *out)
{
	for (uint32_t i = 0; i < out->n_fields; i++) {
		struct span v = out->fields[i].value;
		if ((out->fields[i].code == 'S' || out->fields[i].code == 'V') &&
		    (span_equal(v, SPAN_LIT("FATAL")) || span_equal(v, SPAN_LIT("PANIC"))))
			return true;
	}
	return false;
}

// `head` may be NULL: the server ends the session on its own account.
static enum proto_bad take_error(
	struct pg3 *pg, struct answer *head, struct cursor body, struct proto_msg *out
)
{
	enum proto_bad bad = PROTO_BAD_NONE;

	if (!pg3_result_error(pg, body, out, &bad))
		return bad;
	if (head == NULL)
		return PROTO_BAD_NONE;
	out->tag = head->tag;
	(void)pg3_copy_end(pg, true);
	switch (head->kind) {
	case ANSWER_QUERY:
	case ANSWER_CALL:
		head->failed = true;
		break;
	case ANSWER_SYNC:
		break; // the transaction could not be committed
	case ANSWER_PARSE:
	case ANSWER_BIND:
	case ANSWER_DESCRIBE_STATEMENT:
	case ANSWER_DESCRIBE_PORTAL:
	case ANSWER_EXECUTE:
	case ANSWER_CLOSE:
		// The refusal's text has to outlive the entry until forward.
		pg3_memory_put(pg, pg->told, pg->told == NULL ? 0 : pg->told->block);
		pg->told = head->refusal;
		head->refusal = NULL;
		if (pg->told != NULL && !ends_session(out) &&
		    !pg3_result_refusal(pg, pg->told, out, &bad))
			return bad;
		pg3_queue_fail(pg);
		return PROTO_BAD_NONE;
	}
	if (head->refusal != NULL && !ends_session(out) &&
	    !pg3_result_refusal(pg, head->refusal, out, &bad))
		return bad;
	return PROTO_BAD_NONE;
}

// What may come at any time (clause "Asynchronous Operations"). `head` may be NULL.
static enum proto_bad take_async(
	struct pg3 *pg, struct answer *head, struct cursor body, struct proto_msg *out
)
{
	enum proto_bad bad;
	bool ok;

	if (out->type == 'N')
		ok = pg3_result_error(pg, body, out, &bad);
	else if (out->type == 'A')
		ok = pg3_result_notification(pg, body, out, &bad);
	else
		ok = pg3_result_parameter(pg, body, out, &bad);
	out->tag = head == NULL ? 0 : head->tag;
	return ok ? PROTO_BAD_NONE : bad;
}

static enum proto_bad take(
	struct pg3 *pg, struct answer *head, struct cursor body, struct proto_msg *out
)
{
	switch (out->type) {
	case '1':
	case '2':
	case '3':
		return take_complete(pg, head, body, out);
	case 't':
		return take_parameters(pg, head, body, out);
	case 'T':
	case 'n':
		return take_description(pg, head, body, out);
	case 'D':
		return take_row(pg, head, body, out);
	case 'C':
	case 's':
	case 'I':
		return take_end(pg, head, body, out);
	case 'G':
	case 'H':
	case 'W':
	case 'd':
	case 'c':
		return take_copy(pg, head, body, out);
	case 'V':
		return take_call_result(pg, head, body, out);
	case 'Z':
		return take_ready(pg, head, body, out);
	default: // 'R', 'K', 'v': the login is over
		return PROTO_BAD_ORDER;
	}
}

struct parse_result pg3_server_feed(struct pg3 *pg, struct span in, struct proto_msg *out)
{
	static const char types[] = "123tTnDCsIGHWdcVZENASRKv";
	struct cursor body;
	enum proto_bad bad;

	if (in.n == 0)
		return pg3_more(1);
	if (memchr(types, in.p[0], sizeof(types) - 1) == NULL)
		return pg3_bad(out, PROTO_BAD_TYPE);
	struct parse_result r = pg3_message_frame(in, pg->config->message_max, out, &body);
	if (r.status != PARSE_DONE)
		return r;
	struct answer *head = pg3_queue_head(pg);
	bool async = out->type == 'N' || out->type == 'A' || out->type == 'S';
	if (head != NULL && !async)
		begin_query(pg, head);
	if (async)
		bad = take_async(pg, head, body, out);
	else if (out->type == 'E')
		bad = take_error(pg, head, body, out);
	else
		bad = head == NULL ? PROTO_BAD_ORDER : take(pg, head, body, out);
	return bad == PROTO_BAD_NONE ? r : pg3_bad(out, bad);
}
