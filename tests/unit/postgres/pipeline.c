// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Pipelines: errors skip to Sync at the server and in our book, denials among them too.

#include "tests/unit/postgres/talk.h"

#include <stdio.h>

static void extended(struct talk *t, const char *text)
{
	client_passes(t, PARSE("", text));
	client_passes(t, BIND("", ""));
	client_passes(t, EXECUTE(""));
}

static void answered(struct talk *t, const char *tag)
{
	server_passes(t, PARSE_COMPLETE);
	server_passes(t, BIND_COMPLETE);
	server_passes(t, COMPLETE(tag));
}

static void answers_belong_to_their_commands(void **state)
{
	struct talk *t = *state;

	talk_reopen_undescribed(t);
	for (uint64_t i = 1; i <= 20; i++) {
		client_passes(t, PARSE("", "select"));
		client_passes(t, BIND("", ""));
		feed_kind(t, LEG_CLIENT, EXECUTE(""), PROTO_COMMAND);
		t->msg.tag = i;
		assert_int_equal(t->ops->forward(t->state, &t->msg, &t->io), 0);
		expect_sent(t, LEG_SERVER, EXECUTE(""));
	}
	client_passes(t, SYNC);
	for (uint64_t i = 1; i <= 20; i++) {
		server_passes(t, PARSE_COMPLETE);
		server_passes(t, BIND_COMPLETE);
		server_passes(t, ROW1("x"));
		assert_int_equal(t->msg.tag, i);
		server_passes(t, COMPLETE("SELECT 1"));
		assert_int_equal(t->msg.tag, i);
	}
	server_passes(t, READY('I'));
	expect_silence(t);
}

static void error_skips_to_sync(void **state)
{
	struct talk *t = *state;

	talk_reopen_undescribed(t);
	extended(t, "select 1/0");
	extended(t, "select 2");
	client_passes(t, SYNC);
	extended(t, "select 3");
	client_passes(t, SYNC);
	server_passes(t, PARSE_COMPLETE);
	server_passes(t, BIND_COMPLETE);
	server_passes(t, ERROR_OF("22012"));
	feed_bad(t, LEG_SERVER, PARSE_COMPLETE, PROTO_BAD_ORDER);
	server_passes(t, READY('I'));
	answered(t, "SELECT 1");
	server_passes(t, READY('I'));
}

static void what_the_server_skips_is_not_sent(void **state)
{
	struct talk *t = *state;

	client_passes(t, PARSE("", "syntax error"));
	client_passes(t, FLUSH);
	server_passes(t, ERROR_OF("42601"));
	client_swallowed(t, PARSE("s", "select 1"));
	client_swallowed(t, BIND("", "s"));
	client_swallowed(t, EXECUTE(""));
	client_swallowed(t, QUERY("select 1"));
	client_swallowed(t, FLUSH);
	client_passes(t, SYNC);
	server_passes(t, READY('I'));
	feed_kind(t, LEG_CLIENT, BIND("", "s"), PROTO_COMMAND);
	assert_null(t->msg.statement.p);
}

static void denial_in_a_pipeline(void **state)
{
	struct talk *t = *state;

	talk_reopen_undescribed(t);
	extended(t, "insert into a");
	client_denied(t, PARSE("", "drop table a"));
	client_passes(t, BIND("", ""));
	client_passes(t, EXECUTE(""));
	client_passes(t, SYNC);
	extended(t, "select 3");
	client_passes(t, SYNC);
	answered(t, "INSERT 0 1");
	server_denies(t);
	server_passes(t, READY('I'));
	answered(t, "SELECT 1");
	server_passes(t, READY('I'));
}

static void denied_bind_and_execute(void **state)
{
	struct talk *t = *state;

	client_passes(t, PARSE("s", "delete from a"));
	client_denied(t, BIND("", "s"));
	client_denied(t, EXECUTE("")); // it will be skipped
	client_passes(t, SYNC);
	server_passes(t, PARSE_COMPLETE);
	server_denies(t);
	server_passes(t, READY('I'));
	client_passes(t, BIND("", "s"));
	client_denied(t, EXECUTE(""));
	client_passes(t, SYNC);
	server_passes(t, BIND_COMPLETE);
	server_denies(t);
	server_passes(t, READY('I'));
}

static void error_before_a_denial_comes_first(void **state)
{
	struct talk *t = *state;

	talk_reopen_undescribed(t);
	extended(t, "select 1/0");
	client_denied(t, PARSE("", "drop table a"));
	client_passes(t, SYNC);
	server_passes(t, PARSE_COMPLETE);
	server_passes(t, BIND_COMPLETE);
	server_passes(t, ERROR_OF("22012"));
	server_passes(t, READY('I'));
}

static void denied_statement_leaves_no_name(void **state)
{
	struct talk *t = *state;

	client_denied(t, PARSE("s", "drop table a"));
	client_passes(t, SYNC);
	server_denies(t);
	server_passes(t, READY('I'));
	feed_kind(t, LEG_CLIENT, BIND("", "s"), PROTO_COMMAND);
	assert_null(t->msg.statement.p);
}

// The commit of an implicit transaction can fail at Sync.
static void error_at_sync(void **state)
{
	struct talk *t = *state;

	client_passes(t, SYNC);
	server_passes(t, ERROR_OF("23503"));
	server_passes(t, READY('I'));
	client_passes(t, QUERY("select 1"));
}

static void query_within_an_extended_pipeline(void **state)
{
	struct talk *t = *state;

	talk_reopen_undescribed(t);
	extended(t, "select 1");
	client_passes(t, QUERY("select 2"));
	client_passes(t, SYNC);
	answered(t, "SELECT 1");
	server_passes(t, COLUMN1("a", 0, 0));
	server_passes(t, COMPLETE("SELECT 1"));
	server_passes(t, READY('I'));
	server_passes(t, READY('I'));
	// Behind an error it is skipped like all else.
	client_passes(t, PARSE("", "syntax error"));
	client_passes(t, QUERY("select 2"));
	client_passes(t, SYNC);
	server_passes(t, ERROR_OF("42601"));
	server_passes(t, READY('I'));
}

static void error_of_our_own_describe_is_the_executes(void **state)
{
	struct talk *t = *state;

	feed_kind(t, LEG_CLIENT, EXECUTE("nowhere"), PROTO_COMMAND);
	assert_null(t->msg.statement.p);
	assert_int_equal(t->ops->forward(t->state, &t->msg, &t->io), 0);
	expect_sent(t, LEG_SERVER, join(DESCRIBE('P', "nowhere"), EXECUTE("nowhere")));
	client_waits(t, SYNC); // a text that we have not seen could be a copy
	server_passes(t, ERROR_OF("34000"));
	client_passes(t, SYNC);
	server_passes(t, READY('I'));
}

static void deep_pipeline_waits_for_answers(void **state)
{
	struct talk *t = *state;

	t->config.pipeline_max = 4;
	talk_restart(t);
	talk_open(t);
	client_passes(t, PARSE("", "select 1"));
	client_passes(t, PARSE("", "select 2"));
	client_passes(t, PARSE("", "select 3"));
	client_waits(t, PARSE("", "select 4"));
	server_passes(t, PARSE_COMPLETE);
	client_passes(t, PARSE("", "select 4"));
	client_waits(t, SYNC);
}

static void statements_are_limited(void **state)
{
	struct talk *t = *state;
	char name[16];

	t->config.statements_max = 3;
	talk_restart(t);
	talk_open(t);
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		client_passes(t, PARSE(name, "select 1"));
	}
	client_waits(t, PARSE("more", "select 1"));
	for (int i = 0; i < 3; i++)
		server_passes(t, PARSE_COMPLETE);
	feed_bad(t, LEG_CLIENT, PARSE("more", "select 1"), PROTO_BAD_LIMIT);
}

static void portals_are_limited(void **state)
{
	struct talk *t = *state;

	t->config.portals_max = 2;
	talk_restart(t);
	talk_open(t);
	client_passes(t, BIND("a", ""));
	client_passes(t, BIND("b", ""));
	client_waits(t, BIND("c", ""));
	server_passes(t, BIND_COMPLETE);
	server_passes(t, BIND_COMPLETE);
	feed_bad(t, LEG_CLIENT, BIND("c", ""), PROTO_BAD_LIMIT);
}

static void memory_is_limited(void **state)
{
	struct talk *t = *state;
	static char text[100 << 10];

	memset(text, 'x', sizeof(text) - 1);
	t->config.memory_max = 200 << 10;
	talk_restart(t);
	talk_open(t);
	client_passes(t, PARSE("a", text));
	client_waits(t, PARSE("b", text));
	server_passes(t, PARSE_COMPLETE);
	feed_bad(t, LEG_CLIENT, PARSE("b", text), PROTO_BAD_LIMIT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_setup_open, talk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_belong_to_their_commands),
		TEST(error_skips_to_sync),
		TEST(what_the_server_skips_is_not_sent),
		TEST(denial_in_a_pipeline),
		TEST(denied_bind_and_execute),
		TEST(error_before_a_denial_comes_first),
		TEST(denied_statement_leaves_no_name),
		TEST(error_at_sync),
		TEST(query_within_an_extended_pipeline),
		TEST(error_of_our_own_describe_is_the_executes),
		TEST(deep_pipeline_waits_for_answers),
		TEST(statements_are_limited),
		TEST(portals_are_limited),
		TEST(memory_is_limited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
