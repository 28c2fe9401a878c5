// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/postgres/talk.h"

static void query_is_a_command_and_rows_are_fields(void **state)
{
	struct talk *t = *state;

	feed_kind(t, LEG_CLIENT, QUERY("select email from customers"), PROTO_COMMAND);
	assert_int_equal(t->msg.command, PROTO_STATEMENT);
	assert_true(span_equal(t->msg.statement, SPAN_LIT("select email from customers")));
	t->msg.tag = 99;
	assert_int_equal(t->ops->forward(t->state, &t->msg, &t->io), 0);
	expect_sent(t, LEG_SERVER, QUERY("select email from customers"));
	server_passes(t, COLUMN1("email", 16384, 3));
	server_passes(t, ROW1("a@example.com"));
	assert_int_equal(t->msg.kind, PROTO_RESULT);
	assert_int_equal(t->msg.carrier, PROTO_ROW);
	assert_int_equal(t->msg.tag, 99);
	assert_int_equal(t->msg.n_fields, 1);
	assert_true(span_equal(t->msg.fields[0].value, SPAN_LIT("a@example.com")));
	assert_int_equal(t->msg.fields[0].type_oid, 25);
	assert_int_equal(t->msg.fields[0].column->table_oid, 16384);
	assert_int_equal(t->msg.fields[0].column->attnum, 3);
	assert_true(span_equal(t->msg.fields[0].column->name, SPAN_LIT("email")));
	assert_false(t->msg.completes);
	server_passes(t, COMPLETE("SELECT 1"));
	assert_true(t->msg.completes);
	assert_int_equal(t->msg.tag, 99);
	server_passes(t, READY('T'));
	assert_int_equal(t->msg.transaction, 'T');
}

static void several_results_in_one_query(void **state)
{
	struct talk *t = *state;

	client_passes(t, QUERY("select 1; ; insert ...; select 2"));
	server_passes(t, COLUMN1("a", 0, 0));
	server_passes(t, ROW1("1"));
	server_passes(t, COMPLETE("SELECT 1"));
	feed_bad(t, LEG_SERVER, ROW1("1"), PROTO_BAD_ORDER);
	server_passes(t, COMPLETE("INSERT 0 1"));
	server_passes(t, COLUMN1("b", 0, 0));
	server_passes(t, COMPLETE("SELECT 0"));
	server_passes(t, ERROR_OF("42601"));
	assert_true(t->msg.completes);
	feed_bad(t, LEG_SERVER, COMPLETE("SELECT 0"), PROTO_BAD_ORDER);
	server_passes(t, READY('I'));
}

static void empty_query(void **state)
{
	struct talk *t = *state;

	client_passes(t, QUERY(""));
	assert_non_null(t->msg.statement.p);
	server_passes(t, say('I', ""));
	assert_true(t->msg.completes);
	server_passes(t, READY('I'));
}

static void queries_may_be_pipelined(void **state)
{
	struct talk *t = *state;

	client_passes(t, QUERY("select 1"));
	client_passes(t, QUERY("select 2"));
	server_passes(t, COLUMN1("a", 0, 0));
	server_passes(t, COMPLETE("SELECT 0"));
	server_passes(t, READY('I'));
	server_passes(t, COLUMN1("a", 0, 0));
	server_passes(t, COMPLETE("SELECT 0"));
	server_passes(t, READY('I'));
	feed_bad(t, LEG_SERVER, READY('I'), PROTO_BAD_ORDER);
}

// Until forward or deny, a command has not happened.
static void held_command_can_be_fed_again(void **state)
{
	struct talk *t = *state;
	struct span all[] = {
		QUERY("drop table x"), PARSE("s", "select 1"),       BIND("", "s"),
		EXECUTE(""),           say('F', "ihhh", 1, 0, 0, 0),
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (int k = 0; k < 3; k++)
			feed_kind(t, LEG_CLIENT, all[i], PROTO_COMMAND);
	expect_silence(t);
	feed_bad(t, LEG_SERVER, READY('I'), PROTO_BAD_ORDER);
	client_denied(t, all[0]);
}

static void denied_query_gets_our_error(void **state)
{
	struct talk *t = *state;

	client_denied(t, QUERY("drop table customers"));
	server_denies(t);
	server_passes(t, READY('E'));
	assert_int_equal(t->msg.transaction, 'E');
	client_passes(t, QUERY("select 1"));
	server_passes(t, ERROR_OF("25P02"));
	server_passes(t, READY('E'));
}

// Whatever the server says to our text, it is an error.
static void denied_query_cannot_succeed(void **state)
{
	struct talk *t = *state;
	struct span cases[] = {
		COLUMN1("a", 0, 0), COMPLETE("SELECT 1"), say('I', ""), READY('I'), ROW1("x"),
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		talk_restart(t);
		talk_open(t);
		client_denied(t, QUERY("drop table customers"));
		feed_bad(t, LEG_SERVER, cases[i], PROTO_BAD_ORDER);
	}
}

static void fatal_error_is_not_replaced(void **state)
{
	struct talk *t = *state;

	client_denied(t, QUERY("drop table customers"));
	server_passes(t, say('E', "bsbsbsb", 'S', "FATAL", 'C', "57P01", 'M', "bye", 0));
}

static void fatal_denial_ends_the_session(void **state)
{
	struct talk *t = *state;
	const struct denial why = {.fatal = true, .code = "57P01", .message = "over"};

	feed_kind(t, LEG_CLIENT, QUERY("drop table x"), PROTO_COMMAND);
	assert_int_equal(t->ops->deny(t->state, &t->msg, &why, &t->io), 0);
	expect_sent(t, LEG_SERVER, say('X', ""));
	expect_sent(
		t, LEG_CLIENT,
		say('E', "bsbsbsbsbsb", 'S', "FATAL", 'V', "FATAL", 'C', "57P01", 'M', "over", 'R',
		    "bulkhead", 0)
	);
}

// Between the feeding of a command and its fate, in a failed transaction, at rest: it changes
// nothing.
static void notice_comes_by_the_way(void **state)
{
	struct talk *t = *state;
	const struct denial what = {
		.code = "00000",
		.message = "waits",
		.detail = "for somebody",
		.hint = "wait too",
	};
	struct span expected =
		say('N', "bsbsbsbsbsbsbsb", 'S', "NOTICE", 'V', "NOTICE", 'C', "00000", 'M',
		    "waits", 'D', "for somebody", 'H', "wait too", 'R', "bulkhead", 0);

	assert_int_equal(t->ops->notice(t->state, &what, &t->io), 0);
	expect_sent(t, LEG_CLIENT, expected);
	feed_kind(t, LEG_CLIENT, QUERY("delete from x"), PROTO_COMMAND);
	assert_int_equal(t->ops->notice(t->state, &what, &t->io), 0);
	expect_sent(t, LEG_CLIENT, expected);
	expect_silence(t);
	client_passes(t, QUERY("select 1"));
	assert_int_equal(t->ops->notice(t->state, &what, &t->io), 0);
	expect_sent(t, LEG_CLIENT, expected);
	server_passes(t, COLUMN1("a", 0, 0));
	server_passes(t, COMPLETE("SELECT 0"));
	server_passes(t, READY('I'));
}

static void no_notice_outside_of_an_open_session(void **state)
{
	struct talk *t = *state;
	const struct denial what = {.code = "00000", .message = "waits"};

	talk_restart(t);
	assert_int_equal(t->ops->notice(t->state, &what, &t->io), ERR_MALFORMED);
	expect_silence(t);
}

static void function_call(void **state)
{
	struct talk *t = *state;
	struct span call = say('F', "ihhhirih", 1598, 1, 1, 2, 3, (size_t)3, "abc", -1, 1);

	feed_kind(t, LEG_CLIENT, call, PROTO_COMMAND);
	assert_int_equal(t->msg.command, PROTO_CALL);
	assert_int_equal(t->msg.function_oid, 1598);
	assert_int_equal(t->msg.n_params, 2);
	assert_int_equal(t->msg.params[0].format, 1);
	assert_true(span_equal(t->msg.params[0].value, SPAN_LIT("abc")));
	assert_true(t->msg.params[1].null);
	client_passes(t, call);
	server_passes(t, say('V', "ir", 2, (size_t)2, "ok"));
	assert_int_equal(t->msg.carrier, PROTO_CALL_RESULT);
	assert_int_equal(t->msg.fields[0].format, 1);
	assert_true(t->msg.completes);
	server_passes(t, READY('I'));
	client_passes(t, call);
	server_passes(t, say('V', "i", -1));
	server_passes(t, READY('I'));
	client_passes(t, call);
	server_passes(t, ERROR_OF("42883"));
	server_passes(t, READY('I'));
	client_denied(t, call);
	server_denies(t);
	server_passes(t, READY('I'));
}

static void messages_at_any_time(void **state)
{
	struct talk *t = *state;

	server_passes(t, say('A', "iss", 7, "channel", "payload"));
	assert_int_equal(t->msg.carrier, PROTO_NOTIFICATION);
	assert_true(span_equal(t->msg.fields[0].value, SPAN_LIT("channel")));
	assert_true(span_equal(t->msg.fields[1].value, SPAN_LIT("payload")));
	client_passes(t, QUERY("select 1"));
	server_passes(t, say('N', "bsb", 'M', "notice", 0));
	assert_int_equal(t->msg.carrier, PROTO_NOTICE);
	server_passes(t, COLUMN1("a", 0, 0));
	server_passes(t, say('S', "ss", "TimeZone", "UTC"));
	assert_int_equal(t->msg.carrier, PROTO_PARAMETER);
	server_passes(t, COMPLETE("SELECT 0"));
	server_passes(t, READY('I'));
	server_passes(t, say('E', "bsbsb", 'S', "FATAL", 'C', "57P05", 0));
}

// A context that is not known is told; where the server will tell it, we wait.
static void settings_settle_before_text_is_read(void **state)
{
	struct talk *t = *state;

	talk_reopen_undescribed(t);
	client_passes(t, QUERY("set standard_conforming_strings = off"));
	client_waits(t, QUERY("select '\\'"));
	client_waits(t, PARSE("", "select '\\'"));
	server_passes(t, COMPLETE("SET"));
	client_waits(t, QUERY("select '\\'"));
	server_passes(t, say('S', "ss", "standard_conforming_strings", "off"));
	server_passes(t, READY('I'));
	client_passes(t, QUERY("select '\\'"));
	assert_false(t->msg.unsettled);
	server_passes(t, COMPLETE("SELECT 0"));
	server_passes(t, READY('I'));
	// The same without a Sync behind it: nobody will tell.
	client_passes(t, PARSE("", "SET client_encoding = 'SJIS'"));
	client_passes(t, BIND("", ""));
	client_passes(t, EXECUTE(""));
	feed_kind(t, LEG_CLIENT, PARSE("", "select 1"), PROTO_COMMAND);
	assert_true(t->msg.unsettled);
	client_passes(t, SYNC);
	client_waits(t, PARSE("", "select 1"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_setup_open, talk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(query_is_a_command_and_rows_are_fields),
		TEST(several_results_in_one_query),
		TEST(empty_query),
		TEST(queries_may_be_pipelined),
		TEST(held_command_can_be_fed_again),
		TEST(denied_query_gets_our_error),
		TEST(denied_query_cannot_succeed),
		TEST(fatal_error_is_not_replaced),
		TEST(fatal_denial_ends_the_session),
		TEST(notice_comes_by_the_way),
		TEST(no_notice_outside_of_an_open_session),
		TEST(function_call),
		TEST(messages_at_any_time),
		TEST(settings_settle_before_text_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
