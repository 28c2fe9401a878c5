// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/postgres/talk.h"

#define COPY_DATA(text) say('d', "r", strlen(text), text)
#define COPY_DONE       say('c', "")
#define COPY_IN_TEXT    say('G', "bhh", 0, 1, 0)
#define COPY_OUT_TEXT   say('H', "bhh", 0, 1, 0)
#define COPY_OUT_BINARY say('H', "bhh", 1, 1, 1)

static void copy_in(void **state)
{
	struct talk *t = *state;

	client_passes(t, QUERY("copy t from stdin"));
	client_waits(t, COPY_DATA("early")); // is it data, or will it be ignored?
	client_waits(t, QUERY("select 1"));
	server_passes(t, COPY_IN_TEXT);
	client_passes(t, COPY_DATA("1\n"));
	client_swallowed(t, SYNC); // the server ignores these within a copy
	client_swallowed(t, FLUSH);
	client_passes(t, COPY_DONE);
	client_waits(t, COPY_DATA("late")); // the Query may hold another copy
	client_waits(t, QUERY("select 1"));
	server_passes(t, COMPLETE("COPY 1"));
	server_passes(t, READY('I'));
	client_passes(t, QUERY("select 1"));
}

static void copy_in_fails_by_the_client(void **state)
{
	struct talk *t = *state;

	client_passes(t, QUERY("copy t from stdin"));
	server_passes(t, COPY_IN_TEXT);
	client_passes(t, say('f', "s", "changed my mind"));
	server_passes(t, ERROR_OF("57014"));
	server_passes(t, READY('I'));
}

static void copy_in_fails_by_the_server(void **state)
{
	struct talk *t = *state;

	client_passes(t, QUERY("copy t from stdin"));
	server_passes(t, COPY_IN_TEXT);
	client_passes(t, COPY_DATA("bad\n"));
	server_passes(t, ERROR_OF("22P04"));
	client_waits(t, COPY_DATA("more\n"));
	server_passes(t, READY('I'));
	client_swallowed(t, COPY_DATA("more\n"));
	client_swallowed(t, COPY_DONE);
	client_passes(t, QUERY("select 1"));
}

static void two_copies_in_one_query(void **state)
{
	struct talk *t = *state;

	client_passes(t, QUERY("copy a from stdin; copy b from stdin"));
	for (int i = 0; i < 2; i++) {
		server_passes(t, COPY_IN_TEXT);
		client_passes(t, COPY_DATA("1\n"));
		client_passes(t, COPY_DONE);
		server_passes(t, COMPLETE("COPY 1"));
	}
	server_passes(t, READY('I'));
}

static void extended_copy_in(struct talk *t)
{
	talk_reopen_undescribed(t);
	client_passes(t, PARSE("", "copy t from stdin"));
	client_passes(t, BIND("", ""));
	client_passes(t, EXECUTE(""));
	client_waits(t, SYNC); // who reads it, the copy or the server?
	server_passes(t, PARSE_COMPLETE);
	server_passes(t, BIND_COMPLETE);
	server_passes(t, COPY_IN_TEXT);
	client_swallowed(t, SYNC);
}

static void extended_copy(void **state)
{
	struct talk *t = *state;

	extended_copy_in(t);
	client_passes(t, COPY_DATA("1\n"));
	client_passes(t, COPY_DONE);
	client_passes(t, SYNC);
	server_passes(t, COMPLETE("COPY 1"));
	server_passes(t, READY('I'));
}

static void extended_copy_fails(void **state)
{
	struct talk *t = *state;

	extended_copy_in(t);
	client_passes(t, COPY_DATA("bad\n"));
	server_passes(t, ERROR_OF("22P04"));
	client_swallowed(t, COPY_DATA("more\n"));
	client_swallowed(t, COPY_DONE);
	client_passes(t, SYNC);
	server_passes(t, READY('I'));
	client_passes(t, QUERY("select 1"));
}

static void nothing_else_within_copy_in(void **state)
{
	struct talk *t = *state;
	struct span cases[] = {
		QUERY("select 1"),
		PARSE("", "x"),
		BIND("", ""),
		EXECUTE(""),
		CLOSE('S', ""),
		DESCRIBE('S', ""),
		say('F', "ihhh", 1, 0, 0, 0),
	};

	client_passes(t, QUERY("copy t from stdin"));
	server_passes(t, COPY_IN_TEXT);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		feed_bad(t, LEG_CLIENT, cases[i], PROTO_BAD_ORDER);
	feed_bad(t, LEG_SERVER, COMPLETE("COPY 1"), PROTO_BAD_ORDER);
	feed_kind(t, LEG_CLIENT, say('X', ""), PROTO_END);
}

// A copy that the text did not announce, with something behind it: who reads that?
static void unannounced_copy_ends_the_session(void **state)
{
	struct talk *t = *state;

	client_passes(t, QUERY("select 1"));
	client_passes(t, QUERY("select 2"));
	feed_bad(t, LEG_SERVER, COPY_IN_TEXT, PROTO_BAD_ORDER);
}

static void copy_data_out_of_place_goes_nowhere(void **state)
{
	struct talk *t = *state;

	client_swallowed(t, COPY_DATA("x"));
	client_swallowed(t, COPY_DONE);
	client_swallowed(t, say('f', "s", "no"));
	feed_bad(t, LEG_SERVER, COPY_DATA("x"), PROTO_BAD_ORDER);
	feed_bad(t, LEG_SERVER, COPY_DONE, PROTO_BAD_ORDER);
}

static void begin_out(struct talk *t, struct span response)
{
	client_passes(t, QUERY("copy t to stdout"));
	server_passes(t, response);
}

static void copy_out_text(void **state)
{
	struct talk *t = *state;

	begin_out(t, COPY_OUT_TEXT);
	server_passes(t, COPY_DATA("1\ta@example.com\n"));
	assert_int_equal(t->msg.carrier, PROTO_COPY);
	assert_int_equal(t->msg.n_fields, 1);
	assert_int_equal(t->msg.fields[0].format, 0);
	server_passes(t, COPY_DATA(""));
	server_passes(t, COPY_DONE);
	feed_bad(t, LEG_SERVER, COPY_DATA("x\n"), PROTO_BAD_ORDER);
	server_passes(t, COMPLETE("COPY 1"));
	server_passes(t, READY('I'));
}

static void parts_of_rows_are_put_together(void **state)
{
	struct talk *t = *state;

	begin_out(t, COPY_OUT_TEXT);
	server_swallowed(t, COPY_DATA("a@exa"));
	server_swallowed(t, COPY_DATA("mple"));
	feed_kind(t, LEG_SERVER, COPY_DATA(".com\n"), PROTO_RESULT);
	assert_true(span_equal(t->msg.fields[0].value, SPAN_LIT("a@example.com\n")));
	assert_int_equal(t->ops->forward(t->state, &t->msg, &t->io), 0);
	expect_sent(t, LEG_CLIENT, COPY_DATA("a@example.com\n"));
	server_swallowed(t, COPY_DATA("no end"));
	feed_kind(t, LEG_SERVER, COPY_DONE, PROTO_RESULT);
	assert_true(span_equal(t->msg.fields[0].value, SPAN_LIT("no end")));
	assert_int_equal(t->ops->forward(t->state, &t->msg, &t->io), 0);
	expect_sent(t, LEG_CLIENT, join(COPY_DATA("no end"), COPY_DONE));
	server_passes(t, COMPLETE("COPY 2"));
}

static void rows_without_end_are_limited(void **state)
{
	struct talk *t = *state;
	static char part[4000];

	memset(part, 'x', sizeof(part) - 1);
	t->config.message_max = 10000;
	talk_restart(t);
	talk_open(t);
	begin_out(t, COPY_OUT_TEXT);
	server_swallowed(t, COPY_DATA(part));
	server_swallowed(t, COPY_DATA(part));
	feed_bad(t, LEG_SERVER, COPY_DATA(part), PROTO_BAD_LENGTH);
}

#define HEADER (size_t)19, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"

static void copy_out_binary(void **state)
{
	struct talk *t = *state;
	struct span first = say('d', "rhiri", HEADER, 2, 3, (size_t)3, "abc", -1);

	begin_out(t, COPY_OUT_BINARY);
	server_passes(t, first);
	assert_int_equal(t->msg.n_fields, 2);
	assert_int_equal(t->msg.fields[0].format, 1);
	assert_true(span_equal(t->msg.fields[0].value, SPAN_LIT("abc")));
	assert_true(t->msg.fields[1].null);
	// Masked: another length, a null, and a value for a null.
	struct span rows = say('d', "hirihi", 2, 3, (size_t)3, "def", -1, 1, -1);
	feed_kind(t, LEG_SERVER, rows, PROTO_RESULT);
	assert_int_equal(t->msg.n_fields, 3);
	t->msg.fields[0].null = true;
	t->msg.fields[1] = (struct proto_field){.value = SPAN_LIT("*****")};
	assert_int_equal(t->ops->forward(t->state, &t->msg, &t->io), 0);
	expect_sent(t, LEG_CLIENT, say('d', "hiirhi", 2, -1, 5, (size_t)5, "*****", 1, -1));
	server_passes(t, say('d', "h", -1));
	server_passes(t, COPY_DONE);
	server_passes(t, COMPLETE("COPY 2"));
}

static void parts_of_tuples_are_put_together(void **state)
{
	struct talk *t = *state;
	struct span whole = say('d', "rhir", HEADER, 1, 3, (size_t)3, "abc");

	for (size_t cut = 1; cut < whole.n - 5; cut++) {
		talk_restart(t);
		talk_open(t);
		begin_out(t, COPY_OUT_BINARY);
		// At a tuple's edge there is nothing to wait for.
		struct span head = say('d', "r", cut, whole.p + 5);
		struct span tail = say('d', "r", whole.n - 5 - cut, whole.p + 5 + cut);
		if (cut == 19) {
			server_passes(t, head);
			server_passes(t, tail);
			continue;
		}
		server_swallowed(t, head);
		feed_kind(t, LEG_SERVER, tail, PROTO_RESULT);
		assert_int_equal(t->ops->forward(t->state, &t->msg, &t->io), 0);
		expect_sent(t, LEG_CLIENT, whole);
	}
	server_swallowed(t, say('d', "hi", 1, 3));
	feed_bad(t, LEG_SERVER, COPY_DONE, PROTO_BAD_MALFORMED);
}

static void hostile_binary(void **state)
{
	struct talk *t = *state;
	struct span cases[] = {
		say('d', "hir", 1, 3, (size_t)3, "abc"), // no header
		say('d', "rh", HEADER, 1665),
		say('d', "rhh", HEADER, -1, 0),
		say('d', "rr", HEADER, HEADER),
		say('d', "r", (size_t)11, "PGCOPX\n\377\r\n\0"),
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		talk_restart(t);
		talk_open(t);
		begin_out(t, COPY_OUT_BINARY);
		feed_bad(t, LEG_SERVER, cases[i], PROTO_BAD_MALFORMED);
	}
}

static void copy_out_fails(void **state)
{
	struct talk *t = *state;

	begin_out(t, COPY_OUT_TEXT);
	server_swallowed(t, COPY_DATA("part"));
	server_passes(t, ERROR_OF("57014"));
	feed_bad(t, LEG_SERVER, COPY_DATA("x\n"), PROTO_BAD_ORDER);
	server_passes(t, READY('I'));
	begin_out(t, COPY_OUT_TEXT);
	server_passes(t, COPY_DATA("whole\n"));
}

static void copy_both(void **state)
{
	struct talk *t = *state;

	client_passes(t, QUERY("START_REPLICATION SLOT s LOGICAL 0/0"));
	server_passes(t, say('W', "bh", 0, 0));
	server_passes(t, COPY_DATA("w..."));
	assert_int_equal(t->msg.fields[0].format, 1);
	client_passes(t, COPY_DATA("r..."));
	feed_bad(t, LEG_CLIENT, SYNC, PROTO_BAD_ORDER);
	feed_bad(t, LEG_CLIENT, QUERY("select 1"), PROTO_BAD_ORDER);
	client_passes(t, COPY_DONE);
	feed_bad(t, LEG_CLIENT, COPY_DATA("more"), PROTO_BAD_ORDER);
	server_passes(t, COPY_DATA("k..."));
	feed_bad(t, LEG_SERVER, COMPLETE("COPY 0"), PROTO_BAD_ORDER);
}

static void copy_both_ends_on_both_sides(void **state)
{
	struct talk *t = *state;

	for (int i = 0; i < 2; i++) {
		client_passes(t, QUERY("START_REPLICATION SLOT s LOGICAL 0/0"));
		server_passes(t, say('W', "bh", 0, 0));
		if (i == 0)
			server_passes(t, COPY_DONE);
		client_passes(t, COPY_DONE);
		if (i == 1)
			server_passes(t, COPY_DONE);
		feed_bad(t, LEG_SERVER, COPY_DATA("x"), PROTO_BAD_ORDER);
		server_passes(t, COMPLETE("COPY 0"));
		server_passes(t, READY('I'));
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_setup_open, talk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(copy_in),
		TEST(copy_in_fails_by_the_client),
		TEST(copy_in_fails_by_the_server),
		TEST(two_copies_in_one_query),
		TEST(extended_copy),
		TEST(extended_copy_fails),
		TEST(nothing_else_within_copy_in),
		TEST(unannounced_copy_ends_the_session),
		TEST(copy_data_out_of_place_goes_nowhere),
		TEST(copy_out_text),
		TEST(parts_of_rows_are_put_together),
		TEST(rows_without_end_are_limited),
		TEST(copy_out_binary),
		TEST(parts_of_tuples_are_put_together),
		TEST(hostile_binary),
		TEST(copy_out_fails),
		TEST(copy_both),
		TEST(copy_both_ends_on_both_sides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
