// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/forward.h"
#include "dataplane/proto/postgres/memory.h"
#include "dataplane/proto/postgres/message.h"
#include "dataplane/proto/postgres/queue.h"
#include "dataplane/proto/postgres/result.h"

// What the server gets in place of a denied message: nothing of it, but a text of ours that is no
// SQL. The server itself then raises the error, with all that an error does: the transaction is
// aborted, a pipeline is skipped up to Sync, ReadyForQuery tells the state; only the error's words
// are replaced on the way back.
static const char poison[] = "bulkhead refused a statement";
static const char poison_name[] = "_bulkhead_refused";

static struct span keep(struct refusal *refusal, size_t *used, const char *text)
{
	size_t n = text == NULL ? 0 : strnlen(text, PG3_DENIAL_MAX / 3);
	struct span kept = span_of(refusal->text + *used, n);

	if (n > 0)
		memcpy(refusal->text + *used, text, n);
	*used += n;
	return kept;
}

static struct refusal *refusal_new(struct pg3 *pg, const struct denial *why)
{
	size_t block, used = 0;
	struct refusal *refusal = pg3_memory_get(pg, sizeof(*refusal) + PG3_DENIAL_MAX, &block);

	if (refusal == NULL)
		return NULL;
	refusal->block = block;
	memcpy(refusal->code, why->code, sizeof(refusal->code) - 1);
	refusal->message = keep(refusal, &used, why->message);
	refusal->detail = keep(refusal, &used, why->detail);
	refusal->hint = keep(refusal, &used, why->hint);
	return refusal;
}

static int send_poison(struct proto_msg *msg, struct proto_io *io)
{
	const struct span text = span_of(poison, sizeof(poison));
	const struct span parse[] = {
		span_of(poison_name, sizeof(poison_name)), text, span_of("\0", 2)};

	if (msg->command == PROTO_STATEMENT || msg->command == PROTO_CALL)
		return pg3_message_write(io->to_server, 'Q', &text, 1);
	return pg3_message_write(io->to_server, 'P', parse, 3);
}

int pg3_deny(struct pg3 *pg, struct proto_msg *msg, const struct denial *why, struct proto_io *io)
{
	if (msg->kind != PROTO_COMMAND)
		return ERR_MALFORMED;
	if (why->fatal)
		return pg3_refuse(pg, why, io);
	bool query = msg->command == PROTO_STATEMENT || msg->command == PROTO_CALL;
	pg->seq++;
	pg->flushed = false;
	struct answer *a = pg3_queue_push(pg, query ? ANSWER_QUERY : ANSWER_PARSE);
	if (a == NULL)
		return ERR_LIMIT;
	a->tag = msg->tag;
	a->refusal = refusal_new(pg, why);
	return a->refusal == NULL ? ERR_LIMIT : send_poison(msg, io);
}

// ErrorResponse ('E') or NoticeResponse ('N').
static int write_words(
	uint8_t type, struct span severity, const struct denial *why, struct buf *to_client
)
{
	struct proto_field fields[8] = {
		{.code = 'S', .value = severity},
		{.code = 'V', .value = severity},
		{.code = 'C', .value = span_of(why->code, strnlen(why->code, 5))},
		{.code = 'M', .value = span_str(why->message)},
		{.code = 'D', .value = span_str(why->detail), .null = why->detail == NULL},
		{.code = 'H', .value = span_str(why->hint), .null = why->hint == NULL},
		{.code = 'R', .value = SPAN_LIT("bulkhead")},
	};
	const struct proto_msg msg =
		{.type = type, .carrier = PROTO_ERROR, .fields = fields, .n_fields = 7};

	return pg3_result_write(&msg, to_client);
}

int pg3_refuse(struct pg3 *pg, const struct denial *why, struct proto_io *io)
{
	int r = 0;

	if (pg->refused)
		return 0;
	pg->refused = true;
	// In the midst of a handshake nobody could read it.
	if (pg->client != CLIENT_ENCRYPTING && pg->client != CLIENT_CLOSED)
		r = write_words('E', SPAN_LIT("FATAL"), why, io->to_client);
	if (r == 0 &&
	    (pg->server == SERVER_LOGIN || pg->server == SERVER_SETUP || pg->server == SERVER_OPEN))
		r = pg3_message_write(io->to_server, 'X', NULL, 0);
	return r;
}

int pg3_notice(const struct pg3 *pg, const struct denial *what, struct proto_io *io)
{
	if (pg->client != CLIENT_OPEN || pg->refused)
		return ERR_MALFORMED;
	return write_words('N', SPAN_LIT("NOTICE"), what, io->to_client);
}
