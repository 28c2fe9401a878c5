// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/postgres/talk.h"

enum { MADE_MAX = 1 << 16, OUT = 1 << 24, BLOCKS = 1 << 25 };

// Every span made, until teardown.
static uint8_t *made[MADE_MAX];
static unsigned n_made;

static struct span keep(const uint8_t *bytes, size_t n)
{
	assert_true(n_made < MADE_MAX);
	uint8_t *copy = malloc(n + 1);
	assert_non_null(copy);
	memcpy(copy, bytes, n);
	made[n_made++] = copy;
	return span_of(copy, n);
}

static size_t put(uint8_t *at, uint32_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		at[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
	return n;
}

static size_t vpack(uint8_t *out, const char *format, va_list args)
{
	size_t n = 0, len;
	const char *s;

	for (; *format != '\0'; format++) {
		switch (*format) {
		case 'b':
			n += put(out + n, (uint32_t)va_arg(args, int), 1);
			break;
		case 'h':
			n += put(out + n, (uint32_t)va_arg(args, int), 2);
			break;
		case 'i':
			n += put(out + n, (uint32_t)va_arg(args, int), 4);
			break;
		case 's':
			s = va_arg(args, const char *);
			len = strlen(s) + 1;
			memcpy(out + n, s, len);
			n += len;
			break;
		case 'r':
			len = va_arg(args, size_t);
			memcpy(out + n, va_arg(args, const void *), len);
			n += len;
			break;
		}
	}
	return n;
}

static uint8_t scratch[1 << 22];

struct span pack(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	size_t n = vpack(scratch, format, args);
	va_end(args);
	return keep(scratch, n);
}

struct span say(char type, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	size_t n = vpack(scratch + 5, format, args);
	va_end(args);
	scratch[0] = (uint8_t)type;
	put(scratch + 1, (uint32_t)n + 4, 4);
	return keep(scratch, n + 5);
}

struct span join(struct span a, struct span b)
{
	return pack("rr", a.n, a.p, b.n, b.p);
}

void talk_restart(struct talk *t)
{
	t->flushed = false;
	if (t->state != NULL)
		t->ops->fini(t->state);
	buf_consume(&t->to_client, buf_len(&t->to_client));
	buf_consume(&t->to_server, buf_len(&t->to_server));
	free(t->state);
	t->state = calloc(1, t->ops->state_size);
	assert_non_null(t->state);
	t->ops->init(t->state, &t->config);
}

int talk_setup(void **state)
{
	struct talk *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->blocks = blocks_new(BLOCKS);
	assert_non_null(t->blocks);
	t->ops = proto_find("postgres");
	assert_non_null(t->ops);
	t->config = (struct proto_config){
		.blocks = t->blocks,
		.message_max = 1 << 20,
		.statements_max = 64,
		.portals_max = 64,
		.pipeline_max = 256,
		.memory_max = 4 << 20,
	};
	t->upstream = (struct proto_upstream){
		.user = SPAN_LIT("app_ro"),
		.password = SPAN_LIT("pencil"),
		.database = SPAN_LIT("orders"),
		.client_secret = 0x05060708,
		.describe = true,
	};
	buf_init(&t->to_client, NULL, OUT);
	buf_init(&t->to_server, NULL, OUT);
	t->io = (struct proto_io){&t->to_client, &t->to_server};
	talk_restart(t);
	*state = t;
	return 0;
}

int talk_teardown(void **state)
{
	struct talk *t = *state;

	t->ops->fini(t->state);
	assert_int_equal(blocks_stats(t->blocks).used, 0);
	free(t->state);
	free(t->input[0]);
	free(t->input[1]);
	buf_fini(&t->to_client);
	buf_fini(&t->to_server);
	blocks_free(t->blocks);
	free(t);
	while (n_made > 0)
		free(made[--n_made]);
	return 0;
}

// A copy in a block of exactly its size, so that a read behind it shows.
static struct span copy_of(struct talk *t, enum leg from, struct span in)
{
	free(t->input[from]);
	t->input[from] = malloc(in.n == 0 ? 1 : in.n);
	assert_non_null(t->input[from]);
	if (in.n > 0)
		memcpy(t->input[from], in.p, in.n);
	return span_of(t->input[from], in.n);
}

static void feed_prefixes(struct talk *t, enum leg from, struct span in)
{
	size_t client = buf_len(&t->to_client), server = buf_len(&t->to_server);

	for (size_t k = 0; k < in.n; k++) {
		struct span prefix = copy_of(t, from, span_first(in, k));
		struct parse_result r = t->ops->feed(t->state, from, prefix, &t->msg, &t->io);
		if (r.status == PARSE_BAD)
			return; // and so must be the whole
		assert_int_equal(r.status, PARSE_MORE);
		assert_true(r.needed > k && r.needed <= in.n);
		assert_int_equal(buf_len(&t->to_client), client);
		assert_int_equal(buf_len(&t->to_server), server);
	}
}

enum parse_status feed(struct talk *t, enum leg from, struct span in)
{
	if (in.n < 2000)
		feed_prefixes(t, from, in);
	t->result = t->ops->feed(t->state, from, copy_of(t, from, in), &t->msg, &t->io);
	return t->result.status;
}

void feed_kind(struct talk *t, enum leg from, struct span in, enum proto_kind kind)
{
	assert_int_equal(feed(t, from, in), PARSE_DONE);
	assert_int_equal(t->msg.kind, kind);
	assert_int_equal(t->result.consumed, in.n);
	assert_int_equal(t->msg.from, from);
}

void feed_bad(struct talk *t, enum leg from, struct span in, enum proto_bad bad)
{
	assert_int_equal(feed(t, from, in), PARSE_BAD);
	assert_string_equal(proto_bad_name(t->msg.bad), proto_bad_name(bad));
}

void expect_sent(struct talk *t, enum leg to, struct span bytes)
{
	struct buf *buf = to == LEG_CLIENT ? &t->to_client : &t->to_server;

	assert_int_equal(buf_len(buf), bytes.n);
	if (bytes.n > 0)
		assert_memory_equal(buf_span(buf).p, bytes.p, bytes.n);
	buf_consume(buf, bytes.n);
}

void expect_silence(struct talk *t)
{
	assert_int_equal(buf_len(&t->to_client), 0);
	assert_int_equal(buf_len(&t->to_server), 0);
}

static void passes(struct talk *t, enum leg from, struct span m)
{
	assert_int_equal(feed(t, from, m), PARSE_DONE);
	assert_int_equal(t->result.consumed, m.n);
	assert_true(
		t->msg.kind == PROTO_COMMAND || t->msg.kind == PROTO_OTHER ||
		t->msg.kind == PROTO_RESULT
	);
	assert_int_equal(t->ops->forward(t->state, &t->msg, &t->io), 0);
	expect_sent(t, from == LEG_CLIENT ? LEG_SERVER : LEG_CLIENT, m);
	if (from == LEG_CLIENT)
		t->flushed = false;
	expect_silence(t);
}

void client_passes(struct talk *t, struct span m)
{
	passes(t, LEG_CLIENT, m);
}

void server_passes(struct talk *t, struct span m)
{
	passes(t, LEG_SERVER, m);
}

void client_swallowed(struct talk *t, struct span m)
{
	feed_kind(t, LEG_CLIENT, m, PROTO_SWALLOW);
	expect_silence(t);
}

void server_swallowed(struct talk *t, struct span m)
{
	feed_kind(t, LEG_SERVER, m, PROTO_SWALLOW);
	expect_silence(t);
}

void client_waits(struct talk *t, struct span m)
{
	assert_int_equal(feed(t, LEG_CLIENT, m), PARSE_WAIT);
	expect_sent(t, LEG_SERVER, t->flushed ? (struct span){0} : FLUSH);
	t->flushed = true;
	assert_int_equal(feed(t, LEG_CLIENT, m), PARSE_WAIT); // and only once
	expect_silence(t);
}

static const struct denial no = {
	.code = "42501",
	.message = "refused by the test",
	.hint = "do not"};

void client_denied(struct talk *t, struct span m)
{
	feed_kind(t, LEG_CLIENT, m, PROTO_COMMAND);
	t->flushed = false;
	bool query = m.p[0] == 'Q' || m.p[0] == 'F';
	assert_int_equal(t->ops->deny(t->state, &t->msg, &no, &t->io), 0);
	expect_sent(
		t, LEG_SERVER,
		query ? QUERY("bulkhead refused a statement")
		      : PARSE("_bulkhead_refused", "bulkhead refused a statement")
	);
	expect_silence(t);
}

void server_denies(struct talk *t)
{
	feed_kind(t, LEG_SERVER, ERROR_OF("42601"), PROTO_RESULT);
	assert_int_equal(t->msg.carrier, PROTO_ERROR);
	assert_int_equal(t->ops->forward(t->state, &t->msg, &t->io), 0);
	expect_sent(
		t, LEG_CLIENT,
		say('E', "bsbsbsbsbsbsb", 'S', "ERROR", 'V', "ERROR", 'C', "42501", 'M',
		    "refused by the test", 'H', "do not", 'R', "bulkhead", 0)
	);
}

void talk_open(struct talk *t)
{
	struct span startup =
		pack("iissssb", 8 + 5 + 6 + 9 + 7 + 1, 196608, "user", "agent", "database",
		     "orders", 0);

	t->ops->client_secured(t->state);
	feed_kind(t, LEG_CLIENT, startup, PROTO_SWALLOW);
	expect_sent(t, LEG_CLIENT, say('R', "i", 3));
	feed_kind(t, LEG_CLIENT, say('p', "s", "token"), PROTO_LOGIN);
	t->ops->login_forget(t->state);
	assert_int_equal(t->ops->upstream_start(t->state, &t->upstream, &t->io), 0);
	buf_consume(&t->to_server, buf_len(&t->to_server));
	feed_kind(t, LEG_SERVER, say('R', "i", 0), PROTO_SWALLOW);
	expect_sent(t, LEG_CLIENT, say('R', "i", 0));
	feed_kind(t, LEG_SERVER, say('K', "ii", 4711, 42), PROTO_SWALLOW);
	expect_sent(t, LEG_CLIENT, say('K', "ii", 4711, 0x05060708));
	feed_kind(t, LEG_SERVER, READY('I'), PROTO_UPSTREAM_READY);
	assert_int_equal(t->ops->forward(t->state, &t->msg, &t->io), 0);
	expect_sent(t, LEG_CLIENT, READY('I'));
	expect_silence(t);
}

void talk_reopen_undescribed(struct talk *t)
{
	t->upstream.describe = false;
	talk_restart(t);
	talk_open(t);
}

int talk_setup_open(void **state)
{
	int r = talk_setup(state);

	talk_open(*state);
	return r;
}
