// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/fuzz/pg_drive.h"

#include "dataplane/base/cursor.h"

#include <stdlib.h>

enum choice {
	OTHER_LEG = 1 << 0,
	DENY = 1 << 1,
	MASK = 1 << 2,
	FRAME = 1 << 3, // the bytes are a type and a content: put the length in between
	AGAIN = 1 << 4, // feed commands twice
	BIND_TLS = 1 << 5,
	LONG = 1 << 6, // sixteen times as many bytes
};

enum { IN_MAX = 1 << 16, STEPS_MAX = 4096 };

static struct blocks *blocks;
static const struct proto_ops *ops;

struct drive {
	void *state;
	struct proto_upstream upstream;
	struct buf in[2], out[2];
	struct proto_io io;
	uint8_t choices;
	bool ended;
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void append(struct buf *buf, struct span bytes)
{
	if (bytes.n <= IN_MAX - buf_len(buf))
		check(buf_append(buf, bytes) == 0);
}

static void mask(struct drive *d, struct proto_msg *msg)
{
	for (uint32_t i = 0; i < msg->n_fields && (d->choices & MASK) != 0; i++) {
		if (i % 3 == 0)
			msg->fields[i].value = SPAN_LIT("mask\0ed");
		else if (i % 3 == 1)
			msg->fields[i].null = true;
	}
}

static void act(struct drive *d, struct proto_msg *msg)
{
	static const struct denial no = {.code = "42501", .message = "no", .hint = "never"};
	struct span binding =
		(d->choices & BIND_TLS) != 0 ? SPAN_LIT("certificate") : (struct span){0};
	int r = 0;

	switch (msg->kind) {
	case PROTO_START_TLS:
		ops->client_secured(d->state);
		break;
	case PROTO_LOGIN:
		ops->login_forget(d->state);
		r = ops->upstream_start(d->state, &d->upstream, &d->io);
		break;
	case PROTO_UPSTREAM_TLS:
		r = ops->upstream_secured(d->state, binding, &d->io);
		break;
	case PROTO_COMMAND:
		msg->tag++;
		r = (d->choices & DENY) != 0 ? ops->deny(d->state, msg, &no, &d->io)
					     : ops->forward(d->state, msg, &d->io);
		break;
	case PROTO_RESULT:
		mask(d, msg);
		r = ops->forward(d->state, msg, &d->io);
		break;
	case PROTO_OTHER:
	case PROTO_UPSTREAM_READY:
		r = ops->forward(d->state, msg, &d->io);
		break;
	case PROTO_SWALLOW:
		break;
	case PROTO_END:
	case PROTO_CANCEL:
	case PROTO_UPSTREAM_REFUSED:
		(void)ops->forward(d->state, msg, &d->io);
		d->ended = true;
		break;
	}
	check(r == 0 || r == ERR_LIMIT || r == ERR_POOL_EMPTY);
	d->ended |= r != 0;
}

// One message of that leg. False when it needs something first.
static bool step(struct drive *d, enum leg leg)
{
	static const struct denial over = {.fatal = true, .code = "08P01", .message = "over"};
	size_t n = buf_len(&d->in[leg]);
	struct proto_msg msg;
	uint8_t *copy = malloc(n == 0 ? 1 : n); // of its size, so that a read behind it shows

	check(copy != NULL);
	if (n > 0)
		memcpy(copy, buf_span(&d->in[leg]).p, n);
	struct parse_result r = ops->feed(d->state, leg, span_of(copy, n), &msg, &d->io);
	if (r.status == PARSE_DONE && msg.kind == PROTO_COMMAND && (d->choices & AGAIN) != 0)
		r = ops->feed(d->state, leg, span_of(copy, n), &msg, &d->io);
	switch (r.status) {
	case PARSE_DONE:
		check(r.consumed > 0 && r.consumed <= n);
		act(d, &msg);
		buf_consume(&d->in[leg], r.consumed);
		break;
	case PARSE_MORE:
		check(r.needed > n);
		break;
	case PARSE_WAIT:
		check(leg == LEG_CLIENT);
		break;
	case PARSE_BAD:
		check(msg.bad > PROTO_BAD_NONE && msg.bad < PROTO_BAD_COUNT);
		check(ops->refuse(d->state, &over, &d->io) == 0);
		d->ended = true;
		break;
	}
	free(copy);
	return r.status == PARSE_DONE;
}

static void run(struct drive *d)
{
	bool moved = true;

	for (unsigned i = 0; i < STEPS_MAX && moved && !d->ended; i++) {
		moved = step(d, LEG_SERVER);
		if (!d->ended)
			moved |= step(d, LEG_CLIENT);
		buf_consume(&d->out[0], buf_len(&d->out[0]));
		buf_consume(&d->out[1], buf_len(&d->out[1]));
	}
}

static void begin(struct drive *d, enum pg_start start)
{
	static const uint8_t startup[] = "\0\0\0\x14\0\3\0\0user\0agent\0\0p\0\0\0\6t";
	static const uint8_t ready[] = "R\0\0\0\x8\0\0\0\0K\0\0\0\xc\0\0\0\1\0\0\0\2Z\0\0\0\5I";

	if (start == PG_START_PLAIN)
		return;
	ops->client_secured(d->state);
	append(&d->in[LEG_CLIENT], span_of(startup, sizeof(startup)));
	if (start == PG_START_OPEN)
		append(&d->in[LEG_SERVER], span_of(ready, sizeof(ready) - 1));
	for (int i = 0; i < 3; i++) {
		(void)step(d, LEG_CLIENT);
		(void)(start == PG_START_OPEN && i > 0 && step(d, LEG_SERVER));
	}
	if (start == PG_START_OPEN)
		while (step(d, LEG_SERVER)) {}
	check(!d->ended && buf_len(&d->in[0]) == 0 && buf_len(&d->in[1]) == 0);
}

static void take_record(struct drive *d, struct cursor *c, enum leg leg)
{
	d->choices = cursor_u8(c);
	size_t n = cursor_u8(c);
	if ((d->choices & LONG) != 0)
		n *= 16;
	struct span bytes = cursor_bytes(c, n < cursor_left(c) ? n : cursor_left(c));
	if ((d->choices & OTHER_LEG) != 0)
		leg = leg == LEG_CLIENT ? LEG_SERVER : LEG_CLIENT;
	if ((d->choices & FRAME) != 0 && bytes.n > 0) {
		size_t len = bytes.n + 3;
		uint8_t head[5] = {bytes.p[0], 0, 0, (uint8_t)(len >> 8), (uint8_t)len};
		append(&d->in[leg], span_of(head, 5));
		bytes = span_from(bytes, 1);
	}
	append(&d->in[leg], bytes);
	run(d);
}

void pg_drive(const uint8_t *data, size_t size, enum pg_start start)
{
	struct cursor c = cursor_of(span_of(data, size));
	uint8_t setup = cursor_u8(&c);
	struct drive d = {
		.upstream =
			{
				.user = SPAN_LIT("app"),
				.password = SPAN_LIT("pencil"),
				.tls = start != PG_START_OPEN && (setup & 1) != 0,
				.describe = (setup & 2) != 0,
			},
	};

	if (blocks == NULL) {
		blocks = blocks_new(64 << 20);
		ops = proto_find("postgres");
	}
	check(blocks != NULL && ops != NULL);
	const struct proto_config config = {
		.blocks = blocks,
		.message_max = 1 << 16,
		.statements_max = 16,
		.portals_max = 16,
		.pipeline_max = (setup & 4) != 0 ? 4 : 64,
		.memory_max = (setup & 8) != 0 ? 128 << 10 : 4 << 20,
	};
	d.state = calloc(1, ops->state_size);
	check(d.state != NULL);
	ops->init(d.state, &config);
	for (int i = 0; i < 2; i++) {
		buf_init(&d.in[i], NULL, IN_MAX);
		buf_init(&d.out[i], NULL, 1 << 22);
	}
	d.io = (struct proto_io){&d.out[0], &d.out[1]};
	begin(&d, start);
	while (cursor_left(&c) > 0 && !d.ended)
		take_record(&d, &c, start == PG_START_LOGIN ? LEG_SERVER : LEG_CLIENT);
	ops->fini(d.state);
	check(blocks_stats(blocks).used == 0);
	free(d.state);
	for (int i = 0; i < 2; i++) {
		buf_fini(&d.in[i]);
		buf_fini(&d.out[i]);
	}
}
