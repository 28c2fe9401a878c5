// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/forward.h"

#include "dataplane/proto/postgres/copy.h"
#include "dataplane/proto/postgres/message.h"
#include "dataplane/proto/postgres/objects.h"
#include "dataplane/proto/postgres/queue.h"
#include "dataplane/proto/postgres/request.h"
#include "dataplane/proto/postgres/result.h"
#include "dataplane/proto/postgres/startup.h"
#include "dataplane/proto/postgres/text.h"

// Client messages are forwarded as they came: feed has read them to the last byte, and a message
// of this protocol has only one encoding.
static int send_raw(struct pg3 *pg, const struct proto_msg *msg, struct proto_io *io)
{
	pg->flushed = false;
	return buf_append(io->to_server, msg->raw);
}

static void note_settings(struct pg3 *pg, uint8_t traits, bool awaited)
{
	// To end a transaction takes settings back, if there are any to take back.
	if ((traits & TRAIT_SETS) == 0 && ((traits & TRAIT_REVERTS) == 0 || !pg->has_set))
		return;
	pg->has_set = true;
	pg->set_seq = pg->seq;
	pg->set_awaited = awaited;
}

static int forward_query(struct pg3 *pg, struct proto_msg *msg, struct proto_io *io)
{
	uint8_t traits = pg3_text_traits(msg->statement);
	struct answer *a = pg3_queue_push(pg, ANSWER_QUERY);

	if (a == NULL)
		return ERR_LIMIT;
	a->tag = msg->tag;
	pg3_queue_note_traits(pg, a, traits);
	note_settings(pg, traits, true);
	return send_raw(pg, msg, io);
}

static int forward_parse(struct pg3 *pg, struct proto_msg *msg, struct proto_io *io)
{
	struct pg3_parse parse;

	if (!pg3_request_read_parse(msg->raw, &parse))
		return ERR_MALFORMED;
	struct answer *a = pg3_queue_push(pg, ANSWER_PARSE);
	if (a == NULL)
		return ERR_LIMIT;
	a->tag = msg->tag;
	a->statement = pg3_statement_new(pg, parse.name, parse.text, parse.types);
	if (a->statement == NULL)
		return ERR_LIMIT;
	a->statement->object.tag = msg->tag;
	a->statement->traits = pg3_text_traits(parse.text);
	return send_raw(pg, msg, io);
}

// The object that the relay has judged; NULL with 0 when there was none.
static int find_judged(
	struct pg3 *pg, const struct table *table, struct span name, struct object **object
)
{
	*object = NULL;
	(void)pg3_object_find(pg, table, name, object);
	return (*object == NULL ? 0 : (*object)->seq) == pg->judged ? 0 : ERR_MALFORMED;
}

static int forward_bind(struct pg3 *pg, struct proto_msg *msg, struct proto_io *io)
{
	struct pg3_bind bind;
	struct object *found;

	if (!pg3_request_read_bind(msg->raw, &bind) ||
	    find_judged(pg, &pg->statements, bind.statement, &found) != 0)
		return ERR_MALFORMED;
	struct answer *a = pg3_queue_push(pg, ANSWER_BIND);
	if (a == NULL)
		return ERR_LIMIT;
	a->tag = msg->tag;
	a->portal = pg3_portal_new(pg, bind.portal, (struct statement *)found, bind.result_formats);
	if (a->portal == NULL)
		return ERR_LIMIT;
	a->portal->object.tag = msg->tag;
	return send_raw(pg, msg, io);
}

// Ask for the description of a portal on our own account.
static int describe(struct pg3 *pg, struct portal *portal, struct span name, struct proto_io *io)
{
	struct answer *a = pg3_queue_push(pg, ANSWER_DESCRIBE_PORTAL);

	if (a == NULL)
		return ERR_LIMIT;
	a->internal = true;
	a->tag = portal->object.tag;
	a->portal = portal;
	portal->object.refs++;
	portal->asked = true;
	const struct span parts[] = {SPAN_LIT("P"), name, {(const uint8_t *)"", 1}};
	return pg3_message_write(io->to_server, 'D', parts, 3);
}

static int forward_execute(struct pg3 *pg, struct proto_msg *msg, struct proto_io *io)
{
	struct pg3_target target;
	struct object *found;
	int r = 0;

	if (!pg3_request_read_execute(msg->raw, &target) ||
	    find_judged(pg, &pg->portals, target.name, &found) != 0)
		return ERR_MALFORMED;
	struct portal *portal = (struct portal *)found;
	if (portal == NULL)
		portal = pg3_portal_unlisted(pg);
	else
		portal->object.refs++;
	if (portal == NULL)
		return ERR_LIMIT;
	portal->object.tag = msg->tag;
	if (pg->describe && !portal->asked)
		r = describe(pg, portal, target.name, io);
	struct answer *a = r == 0 ? pg3_queue_push(pg, ANSWER_EXECUTE) : NULL;
	if (a == NULL) {
		pg3_portal_unref(pg, portal);
		return ERR_LIMIT;
	}
	a->tag = msg->tag;
	a->portal = portal;
	// A text that we have not seen may do anything.
	uint8_t traits = portal->statement == NULL ? TRAIT_ALL : portal->statement->traits;
	pg3_queue_note_traits(pg, a, traits);
	note_settings(pg, traits, false);
	return send_raw(pg, msg, io);
}

static int forward_call(struct pg3 *pg, struct proto_msg *msg, struct proto_io *io)
{
	struct pg3_bind call = {0};
	uint32_t oid;
	uint16_t format;

	if (!pg3_request_read_call(msg->raw, &oid, &call, &format))
		return ERR_MALFORMED;
	struct answer *a = pg3_queue_push(pg, ANSWER_CALL);
	if (a == NULL)
		return ERR_LIMIT;
	a->tag = msg->tag;
	a->format = format;
	note_settings(pg, TRAIT_SETS, true);
	return send_raw(pg, msg, io);
}

static int forward_command(struct pg3 *pg, struct proto_msg *msg, struct proto_io *io)
{
	switch (msg->command) {
	case PROTO_STATEMENT:
		return forward_query(pg, msg, io);
	case PROTO_PREPARE:
		return forward_parse(pg, msg, io);
	case PROTO_BIND:
		return forward_bind(pg, msg, io);
	case PROTO_EXECUTE:
		return forward_execute(pg, msg, io);
	case PROTO_CALL:
		return forward_call(pg, msg, io);
	}
	return ERR_MALFORMED;
}

static int forward_describe(struct pg3 *pg, struct proto_msg *msg, struct proto_io *io)
{
	struct pg3_target target;
	struct object *found = NULL;

	if (!pg3_request_read_target(msg->raw, &target))
		return ERR_MALFORMED;
	bool statement = target.kind == 'S';
	(void)pg3_object_find(pg, statement ? &pg->statements : &pg->portals, target.name, &found);
	struct answer *a =
		pg3_queue_push(pg, statement ? ANSWER_DESCRIBE_STATEMENT : ANSWER_DESCRIBE_PORTAL);
	if (a == NULL)
		return ERR_LIMIT;
	if (found != NULL) {
		found->refs++;
		a->tag = found->tag;
		a->statement = statement ? (struct statement *)found : NULL;
		a->portal = statement ? NULL : (struct portal *)found;
	}
	if (a->portal != NULL)
		a->portal->asked = true;
	return send_raw(pg, msg, io);
}

static int forward_close(struct pg3 *pg, struct proto_msg *msg, struct proto_io *io)
{
	struct pg3_target target;

	if (!pg3_request_read_target(msg->raw, &target))
		return ERR_MALFORMED;
	struct answer *a = pg3_queue_push(pg, ANSWER_CLOSE);
	if (a == NULL)
		return ERR_LIMIT;
	a->close_kind = target.kind;
	a->name_len = (uint8_t)target.name.n;
	memcpy(a->name, target.name.p, target.name.n);
	return send_raw(pg, msg, io);
}

static int forward_sync(struct pg3 *pg, struct proto_msg *msg, struct proto_io *io)
{
	if (pg3_queue_push(pg, ANSWER_SYNC) == NULL)
		return ERR_LIMIT;
	pg->segment++;
	pg->skipping = false;
	pg->set_awaited = true;
	return send_raw(pg, msg, io);
}

static int forward_copy(struct pg3 *pg, struct proto_msg *msg, struct proto_io *io)
{
	struct answer *head = pg3_queue_head(pg);

	if (!pg3_copy_is_open(pg) || head == NULL)
		return ERR_MALFORMED;
	pg3_copy_client(pg, msg->type);
	// An Execute runs one statement: the server reads on as usual. A Query may hold another
	// copy.
	if (pg->copy == COPY_IN_DONE && head->kind == ANSWER_EXECUTE)
		pg3_queue_forget_trait(pg, head, TRAIT_COPIES);
	return send_raw(pg, msg, io);
}

static int forward_client(struct pg3 *pg, struct proto_msg *msg, struct proto_io *io)
{
	switch (msg->type) {
	case 'D':
		return forward_describe(pg, msg, io);
	case 'C':
		return forward_close(pg, msg, io);
	case 'S':
		return forward_sync(pg, msg, io);
	case 'H':
		return send_raw(pg, msg, io);
	case 'd':
	case 'c':
	case 'f':
		return forward_copy(pg, msg, io);
	default:
		return ERR_MALFORMED;
	}
}

static int forward_ready(struct pg3 *pg, struct proto_msg *msg, struct proto_io *io)
{
	if (pg->server != SERVER_SETUP)
		return ERR_MALFORMED;
	pg->server = SERVER_OPEN;
	pg->client = CLIENT_OPEN;
	pg->transaction = 'I'; // pg3_upstream_feed has seen to it
	pg->upstream = NULL;
	pg3_startup_forget(pg);
	return buf_append(io->to_client, msg->raw);
}

int pg3_forward(struct pg3 *pg, struct proto_msg *msg, struct proto_io *io)
{
	switch (msg->kind) {
	case PROTO_COMMAND:
		pg->seq++;
		return forward_command(pg, msg, io);
	case PROTO_OTHER:
		if (msg->from == LEG_SERVER)
			return buf_append(io->to_client, msg->raw);
		pg->seq++;
		return forward_client(pg, msg, io);
	case PROTO_RESULT:
		return msg->carrier == PROTO_COPY ? pg3_copy_write(pg, msg, io->to_client)
						  : pg3_result_write(msg, io->to_client);
	case PROTO_UPSTREAM_READY:
		return forward_ready(pg, msg, io);
	case PROTO_END:
		return pg->server == SERVER_OPEN ? send_raw(pg, msg, io) : 0;
	case PROTO_SWALLOW:
		return 0;
	case PROTO_START_TLS:
	case PROTO_LOGIN:
	case PROTO_CANCEL:
	case PROTO_UPSTREAM_TLS:
	case PROTO_UPSTREAM_REFUSED:
		break; // nothing that the other side could read
	}
	return ERR_MALFORMED;
}
