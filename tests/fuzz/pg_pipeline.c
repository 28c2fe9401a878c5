// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The text that is judged must be the text that runs. A model of the server's rules for statements,
// portals, transactions and skipping (PostgreSQL documentation, "Extended Query"; the server's
// postgres.c) runs what the gateway forwards; the input chooses what the client says, which
// commands are denied, and how late the server's answers arrive. Each row that the model sends
// names the text that made it, and must come back with the note that was left on that text.

#include "dataplane/base/cursor.h"
#include "dataplane/proto/proto.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum text {
	TEXT_NONE, // what is behind a name is not there
	TEXT_ONE,
	TEXT_TWO,
	TEXT_SECRET,
	TEXT_FAILS,
	TEXT_SYNTAX,
	TEXT_BEGIN,
	TEXT_COMMIT,
	TEXT_ROLLBACK,
	TEXT_PREPARE,
	TEXT_DEALLOCATE,
	TEXT_DECLARE,
	TEXT_CLOSE,
	TEXT_DISCARD,
	TEXT_EMPTY,
	TEXT_COUNT,
};

static const char *const texts[TEXT_COUNT] = {
	[TEXT_ONE] = "select one",
	[TEXT_TWO] = "select two",
	[TEXT_SECRET] = "select secret",
	[TEXT_FAILS] = "select 1/0",
	[TEXT_SYNTAX] = "selec",
	[TEXT_BEGIN] = "begin",
	[TEXT_COMMIT] = "commit",
	[TEXT_ROLLBACK] = "rollback",
	[TEXT_PREPARE] = "prepare a as select secret",
	[TEXT_DEALLOCATE] = "deallocate a",
	[TEXT_DECLARE] = "declare a cursor with hold for select secret",
	[TEXT_CLOSE] = "close a",
	[TEXT_DISCARD] = "deallocate all",
	[TEXT_EMPTY] = "",
};

static const char *const names[] = {"", "a", "b"};
enum { NAMES = 3, BUF = 1 << 20 };

struct portal {
	enum text text;
	bool hold;
};

struct model {
	enum text statement[NAMES];
	struct portal portal[NAMES];
	char status; // 'I', 'T', 'E'
	bool skipping;
	struct buf in;
	struct buf out;   // said
	size_t visible;   // of it, sent
	unsigned refused; // poison that has arrived
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void send(struct model *m, char type, const void *content, size_t n)
{
	check(buf_append_u8(&m->out, (uint8_t)type) == 0);
	check(buf_append_be32(&m->out, (uint32_t)n + 4) == 0);
	check(buf_append(&m->out, span_of(content, n)) == 0);
}

static void flush(struct model *m)
{
	m->visible = buf_len(&m->out);
}

static void drop_portals(struct model *m)
{
	for (int i = 0; i < NAMES; i++)
		if (!m->portal[i].hold)
			m->portal[i].text = TEXT_NONE;
}

static void send_error(struct model *m)
{
	send(m, 'E', "SERROR\0C42601\0", 15);
	flush(m);
	if (m->status == 'I')
		drop_portals(m);
	else
		m->status = 'E';
}

static int name_index(struct span name)
{
	for (int i = 0; i < NAMES; i++)
		if (span_equal(name, span_str(names[i])))
			return i;
	return -1;
}

static enum text text_index(struct span text)
{
	for (int i = 1; i < TEXT_COUNT; i++)
		if (span_equal(text, span_str(texts[i])))
			return (enum text)i;
	return TEXT_SYNTAX; // the poison among others
}

static bool ends_transaction(enum text text)
{
	return text == TEXT_COMMIT || text == TEXT_ROLLBACK;
}

static void send_row(struct model *m, enum text text, bool describe)
{
	static const char column[] = "\0\1x\0\0\0\0\1\0\1\0\0\0\x19\xff\xff\xff\xff\xff\xff\0";
	const uint8_t row[] = {0, 1, 0, 0, 0, 1, (uint8_t)text};

	if (describe)
		send(m, 'T', column, sizeof(column));
	send(m, 'D', row, sizeof(row));
	send(m, 'C', "SELECT 1", 9);
}

static void send_tag(struct model *m, const char *tag)
{
	send(m, 'C', tag, strlen(tag) + 1);
}

// SQL that makes, drops or ends. False: an error.
static bool utility(struct model *m, enum text text)
{
	switch (text) {
	case TEXT_BEGIN:
		m->status = m->status == 'I' ? 'T' : m->status;
		send_tag(m, "BEGIN");
		return true;
	case TEXT_COMMIT:
	case TEXT_ROLLBACK:
		send_tag(m, text == TEXT_COMMIT && m->status != 'E' ? "COMMIT" : "ROLLBACK");
		m->status = 'I';
		drop_portals(m);
		return true;
	case TEXT_PREPARE:
		if (m->statement[1] != TEXT_NONE)
			return false;
		m->statement[1] = TEXT_SECRET;
		send_tag(m, "PREPARE");
		return true;
	case TEXT_DEALLOCATE:
		if (m->statement[1] == TEXT_NONE)
			return false;
		m->statement[1] = TEXT_NONE;
		send_tag(m, "DEALLOCATE");
		return true;
	case TEXT_DISCARD:
		m->statement[1] = m->statement[2] = TEXT_NONE;
		send_tag(m, "DEALLOCATE ALL");
		return true;
	case TEXT_DECLARE:
		if (m->portal[1].text != TEXT_NONE)
			return false;
		m->portal[1] = (struct portal){TEXT_SECRET, true};
		send_tag(m, "DECLARE CURSOR");
		return true;
	case TEXT_CLOSE:
		if (m->portal[1].text == TEXT_NONE)
			return false;
		m->portal[1].text = TEXT_NONE;
		send_tag(m, "CLOSE CURSOR");
		return true;
	default:
		return false;
	}
}

// Run one text. False: an error, not yet sent.
static bool execute(struct model *m, enum text text, bool describe)
{
	if (text == TEXT_EMPTY) {
		send(m, 'I', "", 0);
		return true;
	}
	if (m->status == 'E' && !ends_transaction(text))
		return false;
	if (text == TEXT_ONE || text == TEXT_TWO || text == TEXT_SECRET) {
		send_row(m, text, describe);
		return true;
	}
	return utility(m, text);
}

static void ready(struct model *m)
{
	if (m->status == 'I')
		drop_portals(m);
	send(m, 'Z', &m->status, 1);
	flush(m);
}

// A Query may hold several texts.
static void take_query(struct model *m, struct span text)
{
	bool ok = true;

	m->statement[0] = TEXT_NONE;
	m->portal[0].text = TEXT_NONE;
	while (ok) {
		const uint8_t *end = memchr(text.p, ';', text.n);
		size_t n = end == NULL ? text.n : (size_t)(end - text.p);
		ok = execute(m, text_index(span_first(text, n)), true);
		if (end == NULL)
			break;
		text = span_from(text, n + 1);
	}
	if (!ok)
		send_error(m);
	ready(m);
}

static bool take_parse(struct model *m, struct cursor *c)
{
	int name = name_index(cursor_cstr(c));
	enum text text = text_index(cursor_cstr(c));

	if (name == 0)
		m->statement[0] = TEXT_NONE;
	if (text == TEXT_SYNTAX || name < 0)
		return false;
	if (m->status == 'E' && !ends_transaction(text) && text != TEXT_EMPTY)
		return false;
	if (name > 0 && m->statement[name] != TEXT_NONE)
		return false;
	m->statement[name] = text;
	send(m, '1', "", 0);
	return true;
}

static bool take_bind(struct model *m, struct cursor *c)
{
	int portal = name_index(cursor_cstr(c)), name = name_index(cursor_cstr(c));
	enum text text = name < 0 ? TEXT_NONE : m->statement[name];

	if (text == TEXT_NONE || portal < 0)
		return false;
	if (m->status == 'E' && !ends_transaction(text) && text != TEXT_EMPTY)
		return false;
	if (portal > 0 && m->portal[portal].text != TEXT_NONE)
		return false;
	m->portal[portal] = (struct portal){text, false};
	send(m, '2', "", 0);
	return true;
}

static bool take_describe(struct model *m, struct cursor *c)
{
	static const char column[] = "\0\1x\0\0\0\0\1\0\1\0\0\0\x19\xff\xff\xff\xff\xff\xff\0";
	uint8_t kind = cursor_u8(c);
	int name = name_index(cursor_cstr(c));
	enum text text = name < 0      ? TEXT_NONE
			 : kind == 'S' ? m->statement[name]
				       : m->portal[name].text;
	bool rows = text == TEXT_ONE || text == TEXT_TWO || text == TEXT_SECRET;

	if (text == TEXT_NONE || (m->status == 'E' && rows))
		return false;
	if (kind == 'S')
		send(m, 't', "\0", 2);
	if (rows)
		send(m, 'T', column, sizeof(column));
	else
		send(m, 'n', "", 0);
	return true;
}

static bool take_execute(struct model *m, struct cursor *c)
{
	int name = name_index(cursor_cstr(c));

	if (name < 0 || m->portal[name].text == TEXT_NONE)
		return false;
	return execute(m, m->portal[name].text, false);
}

static bool take_close(struct model *m, struct cursor *c)
{
	uint8_t kind = cursor_u8(c);
	int name = name_index(cursor_cstr(c));

	if (kind == 'S' && name >= 0)
		m->statement[name] = TEXT_NONE;
	else if (name >= 0)
		m->portal[name].text = TEXT_NONE;
	send(m, '3', "", 0);
	return true;
}

static void take(struct model *m, uint8_t type, struct cursor *c)
{
	bool ok = true;

	if (type == 'S') {
		m->skipping = false;
		ready(m);
		return;
	}
	if (m->skipping)
		return;
	switch (type) {
	case 'Q':
		take_query(m, cursor_cstr(c));
		return;
	case 'P':
		ok = take_parse(m, c);
		break;
	case 'B':
		ok = take_bind(m, c);
		break;
	case 'D':
		ok = take_describe(m, c);
		break;
	case 'E':
		ok = take_execute(m, c);
		break;
	case 'C':
		ok = take_close(m, c);
		break;
	case 'H':
		flush(m);
		break;
	default:
		abort();
	}
	if (!ok) {
		send_error(m);
		m->skipping = true;
	}
}

static void model_run(struct model *m)
{
	while (buf_len(&m->in) > 0) {
		struct cursor c = cursor_of(buf_span(&m->in));
		uint8_t type = cursor_u8(&c);
		uint32_t len = cursor_be32(&c);
		struct cursor body = cursor_child(&c, len - 4);
		check(!body.bad);
		take(m, type, &body);
		buf_consume(&m->in, len + 1);
	}
}

struct play {
	const struct proto_ops *ops;
	struct blocks *blocks;
	void *state;
	struct model model;
	struct buf to_client;
	struct proto_io io;
	struct proto_upstream upstream;
	unsigned rows;
};

enum { NOTE_UNKNOWN = 1000, NOTE_MANY = 2000 };

// Feed one message of the server, if one was sent.
static bool server_step(struct play *p)
{
	struct proto_msg msg;
	struct span in = span_first(buf_span(&p->model.out), p->model.visible);

	if (in.n == 0)
		return false;
	struct parse_result r = p->ops->feed(p->state, LEG_SERVER, in, &msg, &p->io);
	check(r.status == PARSE_DONE);
	if (msg.kind == PROTO_RESULT && msg.carrier == PROTO_ROW) {
		p->rows++;
		check(msg.n_fields == 1 && msg.fields[0].value.n == 1);
		check(msg.tag == msg.fields[0].value.p[0] || msg.tag == NOTE_UNKNOWN ||
		      msg.tag == NOTE_MANY);
		check(!p->upstream.describe || msg.fields[0].column != NULL);
	}
	if (msg.kind != PROTO_SWALLOW)
		check(p->ops->forward(p->state, &msg, &p->io) == 0);
	buf_consume(&p->model.out, r.consumed);
	p->model.visible -= r.consumed;
	buf_consume(&p->to_client, buf_len(&p->to_client));
	return true;
}

// What the relay would note about a command.
static uint64_t note(const struct proto_msg *msg)
{
	if (msg->statement.p == NULL)
		return NOTE_UNKNOWN;
	if (memchr(msg->statement.p, ';', msg->statement.n) != NULL)
		return NOTE_MANY;
	return text_index(msg->statement);
}

static void client_says(struct play *p, struct span m, bool deny)
{
	static const struct denial no = {.code = "42501", .message = "no"};
	struct proto_msg msg;
	struct parse_result r = p->ops->feed(p->state, LEG_CLIENT, m, &msg, &p->io);

	// Waiting comes to an end: the server was asked to send what it has.
	for (unsigned i = 0; r.status == PARSE_WAIT; i++) {
		model_run(&p->model);
		check(server_step(p));
		r = p->ops->feed(p->state, LEG_CLIENT, m, &msg, &p->io);
	}
	check(r.status == PARSE_DONE && r.consumed == m.n);
	if (msg.kind == PROTO_COMMAND && deny) {
		check(p->ops->deny(p->state, &msg, &no, &p->io) == 0);
	} else if (msg.kind == PROTO_COMMAND) {
		msg.tag = note(&msg);
		check(p->ops->forward(p->state, &msg, &p->io) == 0);
	} else if (msg.kind == PROTO_OTHER) {
		check(p->ops->forward(p->state, &msg, &p->io) == 0);
	} else {
		check(msg.kind == PROTO_SWALLOW);
	}
	model_run(&p->model);
}

static size_t put_message(uint8_t *out, char type, const char *content, size_t n)
{
	out[0] = (uint8_t)type;
	for (unsigned i = 0; i < 4; i++)
		out[1 + i] = (uint8_t)((n + 4) >> (24 - 8 * i));
	memcpy(out + 5, content, n);
	return n + 5;
}

// One message, chosen by two bytes.
static void speak(struct play *p, uint8_t what, uint8_t how)
{
	char content[256];
	uint8_t message[300];
	const char *name = names[how % NAMES], *other = names[how / NAMES % NAMES];
	const char *text = texts[1 + how / NAMES % (TEXT_COUNT - 1)];
	const char *second = texts[1 + how % (TEXT_COUNT - 1)];
	char type = "QPBESDCHPBEQ"[what % 12];
	int n = 0;

	switch (type) {
	case 'Q':
		n = (what & 64) != 0 ? snprintf(content, 200, "%s;%s", text, second)
				     : snprintf(content, 200, "%s", text);
		n++;
		break;
	case 'P':
		n = snprintf(content, 200, "%s%c%s%c%c%c", name, 0, text, 0, 0, 0);
		break;
	case 'B':
		n = snprintf(
			content, 200, "%s%c%s%c%c%c%c%c%c%c", name, 0, other, 0, 0, 0, 0, 0, 0, 0
		);
		break;
	case 'E':
		n = snprintf(content, 200, "%s%c%c%c%c%c", name, 0, 0, 0, 0, 0);
		break;
	case 'D':
	case 'C':
		n = snprintf(content, 200, "%c%s%c", (how & 64) != 0 ? 'S' : 'P', name, 0);
		break;
	}
	size_t len = put_message(message, type, content, (size_t)n);
	client_says(p, span_of(message, len), (what & 128) != 0 && (how & 3) == 0);
}

static void open_session(struct play *p)
{
	static const uint8_t startup[] = "\0\0\0\x14\0\3\0\0user\0agent\0";
	static const uint8_t token[] = "p\0\0\0\6t";
	static const uint8_t ready_bytes[] = "R\0\0\0\x8\0\0\0\0Z\0\0\0\5I";
	struct proto_msg msg;

	p->ops->client_secured(p->state);
	(void)p->ops->feed(p->state, LEG_CLIENT, span_of(startup, 20), &msg, &p->io);
	(void)p->ops->feed(p->state, LEG_CLIENT, span_of(token, 7), &msg, &p->io);
	check(msg.kind == PROTO_LOGIN);
	p->ops->login_forget(p->state);
	check(p->ops->upstream_start(p->state, &p->upstream, &p->io) == 0);
	(void)p->ops->feed(p->state, LEG_SERVER, span_of(ready_bytes, 9), &msg, &p->io);
	(void)p->ops->feed(p->state, LEG_SERVER, span_of(ready_bytes + 9, 6), &msg, &p->io);
	check(msg.kind == PROTO_UPSTREAM_READY);
	check(p->ops->forward(p->state, &msg, &p->io) == 0);
	buf_consume(&p->model.in, buf_len(&p->model.in));
	buf_consume(&p->to_client, buf_len(&p->to_client));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct blocks *blocks;
	struct cursor c = cursor_of(span_of(data, size));
	uint8_t setup = cursor_u8(&c);
	struct play p = {.ops = proto_find("postgres"), .model = {.status = 'I'}};

	if (blocks == NULL)
		blocks = blocks_new(64 << 20);
	const struct proto_config config = {
		.blocks = blocks,
		.message_max = 1 << 16,
		.statements_max = 256,
		.portals_max = 256,
		.pipeline_max = (setup & 2) != 0 ? 8 : 512,
		.memory_max = 32 << 20,
	};
	p.upstream = (struct proto_upstream){.user = SPAN_LIT("u"), .describe = setup & 1};
	buf_init(&p.to_client, NULL, BUF);
	buf_init(&p.model.in, NULL, BUF);
	buf_init(&p.model.out, NULL, BUF);
	p.io = (struct proto_io){&p.to_client, &p.model.in};
	p.state = calloc(1, p.ops->state_size);
	check(blocks != NULL && p.state != NULL);
	p.ops->init(p.state, &config);
	open_session(&p);
	for (unsigned i = 0; i < 200 && cursor_left(&c) >= 3; i++) {
		uint8_t what = cursor_u8(&c), how = cursor_u8(&c), lag = cursor_u8(&c);
		speak(&p, what, how);
		for (; lag % 8 > 0 && server_step(&p); lag--) {}
	}
	client_says(&p, span_of("S\0\0\0\4", 5), false);
	while (server_step(&p)) {}
	check(buf_len(&p.model.out) == 0);
	p.ops->fini(p.state);
	check(blocks_stats(blocks).used == 0);
	free(p.state);
	buf_fini(&p.to_client);
	buf_fini(&p.model.in);
	buf_fini(&p.model.out);
	return 0;
}
