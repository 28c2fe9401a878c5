// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/postgres/talk.h"

static struct span ssl_request(void)
{
	return pack("ii", 8, 80877103);
}

static struct span startup(struct span parameters)
{
	return pack("iir", (int)parameters.n + 8, 196608, parameters.n, parameters.p);
}

static struct span agent(void)
{
	return startup(pack("ssb", "user", "agent", 0));
}

// The client in TLS, about to start.
static void secure(struct talk *t)
{
	feed_kind(t, LEG_CLIENT, ssl_request(), PROTO_START_TLS);
	expect_sent(t, LEG_CLIENT, SPAN_LIT("S"));
	t->ops->client_secured(t->state);
}

// The token is taken, the server is about to be asked.
static void enter(struct talk *t, struct span first)
{
	secure(t);
	feed_kind(t, LEG_CLIENT, first, PROTO_SWALLOW);
	expect_sent(t, LEG_CLIENT, say('R', "i", 3));
	feed_kind(t, LEG_CLIENT, say('p', "s", "token"), PROTO_LOGIN);
	t->ops->login_forget(t->state);
}

static void tls_is_asked_for_and_started(void **state)
{
	struct talk *t = *state;

	feed_kind(t, LEG_CLIENT, pack("ii", 8, 80877104), PROTO_SWALLOW);
	expect_sent(t, LEG_CLIENT, SPAN_LIT("N"));
	secure(t);
	feed_bad(t, LEG_CLIENT, ssl_request(), PROTO_BAD_ORDER);
}

static void encryption_is_refused_twice(void **state)
{
	struct talk *t = *state;

	feed_kind(t, LEG_CLIENT, pack("ii", 8, 80877104), PROTO_SWALLOW);
	feed_bad(t, LEG_CLIENT, pack("ii", 8, 80877104), PROTO_BAD_ORDER);
}

static void bytes_between_request_and_handshake_are_refused(void **state)
{
	struct talk *t = *state;

	t->result =
		t->ops->feed(t->state, LEG_CLIENT, join(ssl_request(), agent()), &t->msg, &t->io);
	assert_int_equal(t->result.status, PARSE_BAD);
	assert_int_equal(t->msg.bad, PROTO_BAD_BEFORE_TLS);
	talk_restart(t);
	feed_kind(t, LEG_CLIENT, ssl_request(), PROTO_START_TLS);
	feed_bad(t, LEG_CLIENT, agent(), PROTO_BAD_BEFORE_TLS);
}

static void direct_tls_is_recognised(void **state)
{
	struct talk *t = *state;

	assert_true(t->ops->is_direct_tls(t->state, SPAN_LIT("\x16\x03\x01")));
	assert_false(t->ops->is_direct_tls(t->state, ssl_request()));
	assert_false(t->ops->is_direct_tls(t->state, (struct span){0}));
	secure(t);
	assert_false(t->ops->is_direct_tls(t->state, SPAN_LIT("\x16\x03\x01")));
}

static void plaintext_is_refused_natively(void **state)
{
	struct talk *t = *state;
	const struct denial why = {.fatal = true, .code = "28000", .message = "TLS is required"};
	struct span error =
		say('E', "bsbsbsbsbsb", 'S', "FATAL", 'V', "FATAL", 'C', "28000", 'M',
		    "TLS is required", 'R', "bulkhead", 0);

	feed_bad(t, LEG_CLIENT, agent(), PROTO_BAD_PLAINTEXT);
	expect_silence(t);
	assert_int_equal(t->ops->refuse(t->state, &why, &t->io), 0);
	expect_sent(t, LEG_CLIENT, error);
	assert_int_equal(t->ops->refuse(t->state, &why, &t->io), 0);
	expect_silence(t);
}

static void startup_yields_the_login(void **state)
{
	struct talk *t = *state;
	struct span parameters =
		pack("ssssssssb", "user", "agent", "database", "orders", "application_name", "psql",
		     "client_encoding", "UTF8", 0);

	secure(t);
	feed_kind(t, LEG_CLIENT, startup(parameters), PROTO_SWALLOW);
	expect_sent(t, LEG_CLIENT, say('R', "i", 3));
	feed_kind(t, LEG_CLIENT, say('p', "s", "eyJ.eyJ.sig"), PROTO_LOGIN);
	assert_true(span_equal(t->msg.token, SPAN_LIT("eyJ.eyJ.sig")));
	assert_true(span_equal(t->msg.user, SPAN_LIT("agent")));
	assert_true(span_equal(t->msg.database, SPAN_LIT("orders")));
	assert_true(span_equal(t->msg.application, SPAN_LIT("psql")));
	assert_false(t->msg.replication);
	struct span settings = pack("ssss", "application_name", "psql", "client_encoding", "UTF8");
	assert_true(span_equal(t->msg.settings, settings));
	// The relay may come back with it until it has taken it.
	feed_kind(t, LEG_CLIENT, say('p', "s", "eyJ.eyJ.sig"), PROTO_LOGIN);
	t->ops->login_forget(t->state);
	feed_bad(t, LEG_CLIENT, say('p', "s", "eyJ.eyJ.sig"), PROTO_BAD_ORDER);
}

static void database_is_the_user_by_default(void **state)
{
	struct talk *t = *state;

	secure(t);
	feed_kind(t, LEG_CLIENT, agent(), PROTO_SWALLOW);
	feed_kind(t, LEG_CLIENT, say('p', "s", ""), PROTO_LOGIN);
	assert_true(span_equal(t->msg.database, SPAN_LIT("agent")));
	assert_int_equal(t->msg.token.n, 0);
}

static void only_one_startup(void **state)
{
	struct talk *t = *state;

	secure(t);
	feed_kind(t, LEG_CLIENT, agent(), PROTO_SWALLOW);
	feed_bad(t, LEG_CLIENT, agent(), PROTO_BAD_ORDER);
}

static void newer_protocol_is_negotiated_down(void **state)
{
	struct talk *t = *state;
	struct span parameters = pack("ssssb", "user", "agent", "_pq_.new", "1", 0);
	struct span first = pack("iir", (int)parameters.n + 8, 196610, parameters.n, parameters.p);

	secure(t);
	feed_kind(t, LEG_CLIENT, first, PROTO_SWALLOW);
	expect_sent(t, LEG_CLIENT, join(say('v', "iis", 196608, 1, "_pq_.new"), say('R', "i", 3)));
	feed_kind(t, LEG_CLIENT, say('p', "s", "token"), PROTO_LOGIN);
	t->ops->login_forget(t->state);
	assert_int_equal(t->ops->upstream_start(t->state, &t->upstream, &t->io), 0);
	expect_sent(
		t, LEG_SERVER, startup(pack("ssssb", "user", "app_ro", "database", "orders", 0))
	);
}

static void hostile_startups(void **state)
{
	struct talk *t = *state;
	const struct {
		struct span in;
		enum proto_bad bad;
	} cases[] = {
		{pack("ii", 7, 196608), PROTO_BAD_LENGTH},
		{pack("ii", -1, 196608), PROTO_BAD_LENGTH},
		{pack("ii", 10001, 196608), PROTO_BAD_LENGTH},
		{pack("ii", 9, 80877103), PROTO_BAD_LENGTH},
		{pack("ii", 100, 131072), PROTO_BAD_VERSION},
		{SPAN_LIT("GET / HTTP/1.1\r\n"), PROTO_BAD_LENGTH},
		{pack("ii", 8, 196608), PROTO_BAD_MALFORMED},
		{startup(pack("b", 0)), PROTO_BAD_PARAMETER},
		{startup(pack("ss", "user", "x")), PROTO_BAD_MALFORMED},
		{startup(pack("ssbb", "user", "x", 0, 0)), PROTO_BAD_MALFORMED},
		{startup(pack("ssr", "user", "x", (size_t)2, "ab")), PROTO_BAD_MALFORMED},
		{startup(pack("ssssb", "user", "x", "user", "y", 0)), PROTO_BAD_PARAMETER},
		{startup(pack("ssssb", "user", "x", "ROLE", "y", 0)), PROTO_BAD_PARAMETER},
		{startup(pack("ssssb", "user", "x", "session_authorization", "y", 0)),
		 PROTO_BAD_PARAMETER},
		{startup(pack("ssssb", "user", "x", "options", "-c role=y", 0)),
		 PROTO_BAD_PARAMETER},
		{startup(pack("ssssb", "user", "x", "options", "--session-authorization=y", 0)),
		 PROTO_BAD_PARAMETER},
		{startup(pack("ssssb", "user", "x", "options", "-cuser=y", 0)),
		 PROTO_BAD_PARAMETER},
		{startup(pack("ssssb", "user", "x", "options", "-c", 0)), PROTO_BAD_PARAMETER},
		{startup(pack("ssssb", "user", "x", "options", "-c=", 0)), PROTO_BAD_PARAMETER},
		{startup(pack("ssssb", "user", "x", "options", "-c a", 0)), PROTO_BAD_PARAMETER},
		{startup(pack("ssssb", "user", "x", "options", "-d 5", 0)), PROTO_BAD_PARAMETER},
		{startup(pack("ssssb", "user", "x", "options", "x", 0)), PROTO_BAD_PARAMETER},
		{startup(pack("ssssb", "user", "x", "replication", "maybe", 0)),
		 PROTO_BAD_PARAMETER},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		talk_restart(t);
		secure(t);
		feed_bad(t, LEG_CLIENT, cases[i].in, cases[i].bad);
		expect_silence(t);
	}
}

static void hostile_tokens(void **state)
{
	struct talk *t = *state;
	static uint8_t long_token[PROTO_TOKEN_MAX + 2];

	memset(long_token, 'x', sizeof(long_token) - 1);
	const struct {
		struct span in;
		enum proto_bad bad;
	} cases[] = {
		{say('p', "r", (size_t)3, "abc"), PROTO_BAD_MALFORMED},
		{say('p', "sb", "abc", 0), PROTO_BAD_MALFORMED},
		{say('p', ""), PROTO_BAD_MALFORMED},
		{pack("bi", 'p', 3), PROTO_BAD_LENGTH},
		{say('p', "r", sizeof(long_token), long_token), PROTO_BAD_LENGTH},
		{QUERY("select 1"), PROTO_BAD_ORDER},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		talk_restart(t);
		secure(t);
		feed_kind(t, LEG_CLIENT, agent(), PROTO_SWALLOW);
		feed_bad(t, LEG_CLIENT, cases[i].in, cases[i].bad);
	}
	talk_restart(t);
	secure(t);
	feed_kind(t, LEG_CLIENT, agent(), PROTO_SWALLOW);
	feed_kind(
		t, LEG_CLIENT, say('p', "r", sizeof(long_token) - 1, long_token + 1), PROTO_LOGIN
	);
}

static void cancel_request_is_understood(void **state)
{
	struct talk *t = *state;

	feed_kind(t, LEG_CLIENT, pack("iiii", 16, 80877102, 77, 88), PROTO_CANCEL);
	assert_int_equal(t->msg.cancel_pid, 77);
	assert_true(span_equal(t->msg.cancel_secret, pack("i", 88)));
	feed_bad(t, LEG_CLIENT, ssl_request(), PROTO_BAD_ORDER);
	talk_restart(t);
	secure(t);
	feed_kind(t, LEG_CLIENT, pack("iiii", 16, 80877102, 77, 88), PROTO_CANCEL);
	talk_restart(t);
	feed_bad(t, LEG_CLIENT, pack("iii", 12, 80877102, 77), PROTO_BAD_MALFORMED);
}

static void parameters_are_written_anew(void **state)
{
	struct talk *t = *state;
	struct span first = startup(pack(
		"ssssssssssb", "user", "agent", "options",
		"-c intervalstyle=postgres_verbose --date-style=a\\ b\\\\c  -cx.y=", "DateStyle",
		"ISO", "replication", "off", "database", "elsewhere", 0
	));

	enter(t, first);
	assert_int_equal(t->ops->upstream_start(t->state, &t->upstream, &t->io), 0);
	struct span parameters =
		pack("ssssssssssssb", "user", "app_ro", "database", "orders", "intervalstyle",
		     "postgres_verbose", "date_style", "a b\\c", "x.y", "", "DateStyle", "ISO", 0);
	expect_sent(t, LEG_SERVER, startup(parameters));
}

static void replication_is_told_and_kept(void **state)
{
	struct talk *t = *state;
	struct span first = startup(pack("ssssb", "user", "agent", "replication", "database", 0));

	secure(t);
	feed_kind(t, LEG_CLIENT, first, PROTO_SWALLOW);
	feed_kind(t, LEG_CLIENT, say('p', "s", "token"), PROTO_LOGIN);
	assert_true(t->msg.replication);
	t->ops->login_forget(t->state);
	t->upstream.database = (struct span){0};
	assert_int_equal(t->ops->upstream_start(t->state, &t->upstream, &t->io), 0);
	expect_sent(
		t, LEG_SERVER,
		startup(
			pack("ssssssb", "user", "app_ro", "database", "agent", "replication",
			     "database", 0)
		)
	);
}

static void server_without_tls_is_refused(void **state)
{
	struct talk *t = *state;

	t->upstream.tls = true;
	for (int i = 0; i < 2; i++) {
		talk_restart(t);
		enter(t, agent());
		buf_consume(&t->to_client, buf_len(&t->to_client));
		assert_int_equal(t->ops->upstream_start(t->state, &t->upstream, &t->io), 0);
		expect_sent(t, LEG_SERVER, ssl_request());
		if (i == 0)
			feed_bad(t, LEG_SERVER, SPAN_LIT("N"), PROTO_BAD_TLS_REFUSED);
		t->result = t->ops->feed(t->state, LEG_SERVER, SPAN_LIT("SE"), &t->msg, &t->io);
		assert_int_equal(t->result.status, PARSE_BAD);
		assert_int_equal(t->msg.bad, PROTO_BAD_BEFORE_TLS);
	}
}

static void cancel_goes_to_the_server(void **state)
{
	struct talk *t = *state;

	t->upstream.tls = true;
	t->upstream.cancel = true;
	t->upstream.cancel_pid = 4711;
	t->upstream.cancel_secret = pack("i", 42);
	assert_int_equal(t->ops->upstream_start(t->state, &t->upstream, &t->io), 0);
	expect_sent(t, LEG_SERVER, ssl_request());
	feed_kind(t, LEG_SERVER, SPAN_LIT("S"), PROTO_UPSTREAM_TLS);
	assert_int_equal(t->ops->upstream_secured(t->state, (struct span){0}, &t->io), 0);
	expect_sent(t, LEG_SERVER, pack("iiii", 16, 80877102, 4711, 42));
	feed_kind(t, LEG_SERVER, SPAN_LIT("?"), PROTO_SWALLOW);
}

static void session_opens(void **state)
{
	struct talk *t = *state;
	uint32_t pid;
	struct span secret;

	assert_false(t->ops->cancel_key(t->state, &pid, &secret));
	talk_open(t);
	assert_true(t->ops->cancel_key(t->state, &pid, &secret));
	assert_int_equal(pid, 4711);
	assert_true(span_equal(secret, pack("i", 42)));
	feed_kind(t, LEG_CLIENT, say('X', ""), PROTO_END);
	assert_int_equal(t->ops->forward(t->state, &t->msg, &t->io), 0);
	expect_sent(t, LEG_SERVER, say('X', ""));
}

static void ready_can_be_fed_again(void **state)
{
	struct talk *t = *state;

	enter(t, agent());
	assert_int_equal(t->ops->upstream_start(t->state, &t->upstream, &t->io), 0);
	feed_kind(t, LEG_SERVER, say('R', "i", 0), PROTO_SWALLOW);
	feed_kind(t, LEG_SERVER, say('S', "ss", "client_encoding", "UTF8"), PROTO_RESULT);
	assert_int_equal(t->msg.carrier, PROTO_PARAMETER);
	assert_true(span_equal(t->msg.fields[1].value, SPAN_LIT("UTF8")));
	feed_kind(t, LEG_SERVER, READY('I'), PROTO_UPSTREAM_READY);
	feed_kind(t, LEG_SERVER, READY('I'), PROTO_UPSTREAM_READY);
	assert_int_equal(t->ops->forward(t->state, &t->msg, &t->io), 0);
	feed_bad(t, LEG_SERVER, READY('I'), PROTO_BAD_ORDER);
}

static void refusal_by_the_server_is_told(void **state)
{
	struct talk *t = *state;

	for (int i = 0; i < 2; i++) {
		talk_restart(t);
		enter(t, agent());
		assert_int_equal(t->ops->upstream_start(t->state, &t->upstream, &t->io), 0);
		if (i == 1)
			feed_kind(t, LEG_SERVER, say('R', "i", 0), PROTO_SWALLOW);
		// Without SQLSTATE too (CVE-2026-6666).
		feed_kind(
			t, LEG_SERVER, say('E', "bsb", 'M', "go away", 0), PROTO_UPSTREAM_REFUSED
		);
		assert_int_equal(t->msg.n_fields, 1);
		assert_int_equal(t->msg.fields[0].code, 'M');
		assert_true(span_equal(t->msg.fields[0].value, SPAN_LIT("go away")));
	}
}

static void server_out_of_order_at_login(void **state)
{
	struct talk *t = *state;
	const struct span cases[] = {
		READY('I'), say('K', "ii", 1, 2), say('S', "ss", "a", "b"), PARSE_COMPLETE,
		ROW1("x"),
	};

	feed_bad(t, LEG_SERVER, READY('I'), PROTO_BAD_ORDER);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		talk_restart(t);
		enter(t, agent());
		assert_int_equal(t->ops->upstream_start(t->state, &t->upstream, &t->io), 0);
		assert_int_equal(feed(t, LEG_SERVER, cases[i]), PARSE_BAD);
	}
}

static void calls_out_of_order_fail(void **state)
{
	struct talk *t = *state;

	assert_int_equal(t->ops->upstream_start(t->state, &t->upstream, &t->io), ERR_MALFORMED);
	assert_int_equal(
		t->ops->upstream_secured(t->state, (struct span){0}, &t->io), ERR_MALFORMED
	);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_setup, talk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tls_is_asked_for_and_started),
		TEST(encryption_is_refused_twice),
		TEST(bytes_between_request_and_handshake_are_refused),
		TEST(direct_tls_is_recognised),
		TEST(plaintext_is_refused_natively),
		TEST(startup_yields_the_login),
		TEST(database_is_the_user_by_default),
		TEST(only_one_startup),
		TEST(newer_protocol_is_negotiated_down),
		TEST(hostile_startups),
		TEST(hostile_tokens),
		TEST(cancel_request_is_understood),
		TEST(parameters_are_written_anew),
		TEST(replication_is_told_and_kept),
		TEST(server_without_tls_is_refused),
		TEST(cancel_goes_to_the_server),
		TEST(session_opens),
		TEST(ready_can_be_fed_again),
		TEST(refusal_by_the_server_is_told),
		TEST(server_out_of_order_at_login),
		TEST(calls_out_of_order_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
