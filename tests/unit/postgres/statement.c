// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a name stands for at the server, whatever became of the messages on their way: the text that
// is judged at Bind and Execute must be the text that runs.

#include "tests/unit/postgres/talk.h"

static void expect_text(struct talk *t, struct span m, const char *text)
{
	feed_kind(t, LEG_CLIENT, m, PROTO_COMMAND);
	if (text == NULL)
		assert_null(t->msg.statement.p);
	else
		assert_true(span_equal(t->msg.statement, span_str(text)));
}

static void prepared(struct talk *t, const char *name, const char *text)
{
	client_passes(t, PARSE(name, text));
	client_passes(t, SYNC);
	server_passes(t, PARSE_COMPLETE);
	server_passes(t, READY('T'));
}

// Bind and Execute, and the Describe of the gateway's own in between.
static void bound(struct talk *t, const char *portal, const char *name)
{
	client_passes(t, BIND(portal, name));
	server_passes(t, BIND_COMPLETE);
}

static void execute(struct talk *t, const char *portal)
{
	feed_kind(t, LEG_CLIENT, EXECUTE(portal), PROTO_COMMAND);
	assert_int_equal(t->ops->forward(t->state, &t->msg, &t->io), 0);
	expect_sent(t, LEG_SERVER, join(DESCRIBE('P', portal), EXECUTE(portal)));
}

static void fails(struct talk *t)
{
	server_passes(t, ERROR_OF("42601"));
	server_passes(t, READY('I'));
}

static void bind_and_execute_carry_text_and_note(void **state)
{
	struct talk *t = *state;

	feed_kind(t, LEG_CLIENT, PARSE("s", "select $1"), PROTO_COMMAND);
	assert_int_equal(t->msg.command, PROTO_PREPARE);
	t->msg.tag = 7;
	assert_int_equal(t->ops->forward(t->state, &t->msg, &t->io), 0);
	buf_consume(&t->to_server, buf_len(&t->to_server));
	struct span bind = say('B', "sshhhhirih", "p", "s", 2, 0, 1, 2, 3, (size_t)3, "abc", -1, 0);
	feed_kind(t, LEG_CLIENT, bind, PROTO_COMMAND);
	assert_int_equal(t->msg.command, PROTO_BIND);
	assert_int_equal(t->msg.tag, 7);
	assert_int_equal(t->msg.n_params, 2);
	assert_true(span_equal(t->msg.params[0].value, SPAN_LIT("abc")));
	assert_int_equal(t->msg.params[0].format, 0);
	assert_true(t->msg.params[1].null);
	assert_int_equal(t->msg.params[1].format, 1);
	t->msg.tag = 8;
	assert_int_equal(t->ops->forward(t->state, &t->msg, &t->io), 0);
	expect_sent(t, LEG_SERVER, bind);
	expect_text(t, EXECUTE("p"), "select $1");
	assert_int_equal(t->msg.tag, 8);
	execute(t, "p");
	client_passes(t, SYNC);
	server_passes(t, PARSE_COMPLETE);
	server_passes(t, BIND_COMPLETE);
	server_swallowed(t, COLUMN1("a", 5, 6));
	server_passes(t, ROW1("abc"));
	assert_int_equal(t->msg.fields[0].column->table_oid, 5);
	assert_int_equal(t->msg.tag, 8);
	server_passes(t, COMPLETE("SELECT 1"));
	server_passes(t, READY('I'));
	expect_text(t, EXECUTE("p"), NULL); // it went with its transaction
}

static void parameter_types(void **state)
{
	struct talk *t = *state;
	struct span bind = say('B', "sshhiih", "", "s", 0, 2, -1, -1, 0);

	client_passes(t, say('P', "sshi", "s", "select $1, $2", 1, 23));
	feed_kind(t, LEG_CLIENT, bind, PROTO_COMMAND);
	assert_int_equal(t->msg.params[0].type_oid, 23);
	assert_int_equal(t->msg.params[1].type_oid, 0);
	client_passes(t, DESCRIBE('S', "s"));
	server_passes(t, PARSE_COMPLETE);
	server_passes(t, say('t', "hii", 2, 23, 1184));
	server_passes(t, NO_DATA);
	feed_kind(t, LEG_CLIENT, bind, PROTO_COMMAND);
	assert_int_equal(t->msg.params[1].type_oid, 1184);
}

static void unknown_names_have_no_text(void **state)
{
	struct talk *t = *state;

	expect_text(t, BIND("", "made_by_sql"), NULL);
	expect_text(t, EXECUTE("cursor"), NULL);
	expect_text(t, EXECUTE(""), NULL);
	expect_text(t, BIND("", ""), NULL);
	prepared(t, "", "");
	feed_kind(t, LEG_CLIENT, BIND("", ""), PROTO_COMMAND);
	assert_non_null(t->msg.statement.p); // known, and empty
	assert_int_equal(t->msg.statement.n, 0);
}

// A second Parse of a name fails at the server, and the first text stays.
static void failed_parse_keeps_the_old_text(void **state)
{
	struct talk *t = *state;

	prepared(t, "s", "select secret");
	client_passes(t, PARSE("s", "select 1"));
	expect_text(t, BIND("", "s"), "select 1"); // in this segment it is that or nothing
	client_passes(t, SYNC);
	client_waits(t, BIND("", "s"));
	server_passes(t, ERROR_OF("42P05"));
	expect_text(t, BIND("", "s"), "select secret");
	server_passes(t, READY('I'));
	expect_text(t, BIND("", "s"), "select secret");
}

// The same for the unnamed statement, whose Parse can be skipped.
static void skipped_parse_keeps_the_old_text(void **state)
{
	struct talk *t = *state;

	prepared(t, "", "select secret");
	client_passes(t, PARSE("x", "syntax error"));
	client_passes(t, PARSE("", "select 1"));
	client_passes(t, SYNC);
	client_waits(t, BIND("", ""));
	fails(t);
	expect_text(t, BIND("", ""), "select secret");
}

static void newer_parse_is_the_one_once_confirmed(void **state)
{
	struct talk *t = *state;

	prepared(t, "", "select 1");
	client_passes(t, PARSE("", "select 2"));
	client_passes(t, SYNC);
	server_passes(t, PARSE_COMPLETE);
	expect_text(t, BIND("", ""), "select 2");
	server_passes(t, READY('I'));
	expect_text(t, BIND("", ""), "select 2");
}

static void close_forgets(void **state)
{
	struct talk *t = *state;

	prepared(t, "s", "select 1");
	client_passes(t, CLOSE('S', "s"));
	client_passes(t, PARSE("s", "select 2"));
	expect_text(t, BIND("", "s"), "select 2");
	client_passes(t, CLOSE('S', "other"));
	client_passes(t, SYNC);
	server_passes(t, CLOSE_COMPLETE);
	server_passes(t, PARSE_COMPLETE);
	server_passes(t, CLOSE_COMPLETE);
	expect_text(t, BIND("", "s"), "select 2");
	server_passes(t, READY('I'));
	client_passes(t, CLOSE('S', "s"));
	client_passes(t, SYNC);
	server_passes(t, CLOSE_COMPLETE);
	expect_text(t, BIND("", "s"), NULL);
}

static void skipped_close_forgets_nothing(void **state)
{
	struct talk *t = *state;

	prepared(t, "s", "select 1");
	client_passes(t, PARSE("x", "syntax error"));
	client_passes(t, CLOSE('S', "s"));
	client_passes(t, SYNC);
	fails(t);
	expect_text(t, BIND("", "s"), "select 1");
}

static void query_forgets_the_unnamed(void **state)
{
	struct talk *t = *state;

	prepared(t, "", "select 1");
	prepared(t, "s", "select 2");
	client_passes(t, QUERY("select 3"));
	server_passes(t, ERROR_OF("42P01"));
	expect_text(t, BIND("", ""), NULL);
	expect_text(t, BIND("", "s"), "select 2");
}

static void portal_outlives_its_statement(void **state)
{
	struct talk *t = *state;

	prepared(t, "s", "select 1");
	bound(t, "p", "s");
	client_passes(t, CLOSE('S', "s"));
	server_passes(t, CLOSE_COMPLETE);
	expect_text(t, EXECUTE("p"), "select 1");
	client_passes(t, CLOSE('P', "p"));
	server_passes(t, CLOSE_COMPLETE);
	expect_text(t, EXECUTE("p"), NULL);
}

static void failed_bind_makes_no_portal(void **state)
{
	struct talk *t = *state;

	prepared(t, "s", "select 1");
	prepared(t, "s2", "select 2");
	bound(t, "p", "s");
	client_passes(t, BIND("p", "s2"));
	expect_text(t, EXECUTE("p"), "select 2");
	client_passes(t, SYNC);
	client_waits(t, EXECUTE("p"));
	client_waits(t, DESCRIBE('P', "p"));
	server_passes(t, ERROR_OF("42P03"));
	expect_text(t, EXECUTE("p"), "select 1");
	server_passes(t, READY('I'));
	expect_text(t, EXECUTE("p"), NULL);
}

static void portals_end_with_the_transaction(void **state)
{
	struct talk *t = *state;

	prepared(t, "s", "select 1");
	bound(t, "p", "s");
	client_passes(t, SYNC);
	server_passes(t, READY('T'));
	expect_text(t, EXECUTE("p"), "select 1");
	client_passes(t, SYNC);
	client_passes(t, BIND("q", "s")); // already of the next transaction
	server_passes(t, READY('I'));
	server_passes(t, BIND_COMPLETE);
	expect_text(t, EXECUTE("p"), NULL);
	expect_text(t, EXECUTE("q"), "select 1");
}

// DEALLOCATE and PREPARE can put another text behind a name that we know.
static void sql_prepare_takes_a_forgotten_name(void **state)
{
	struct talk *t = *state;

	prepared(t, "s", "select 1");
	prepared(t, "", "select 0");
	client_passes(t, QUERY("deallocate s"));
	server_passes(t, COMPLETE("DEALLOCATE"));
	server_passes(t, READY('I'));
	expect_text(t, BIND("", "s"), "select 1"); // the server will say that it is gone
	client_passes(t, QUERY("Prepare s as select secret"));
	client_waits(t, BIND("", "s"));
	client_waits(t, DESCRIBE('S', "s"));
	server_passes(t, COMPLETE("PREPARE"));
	client_waits(t, BIND("", "s")); // the Query may hold more
	server_passes(t, READY('I'));
	expect_text(t, BIND("", "s"), NULL);
}

static void sql_prepare_alone_leaves_names_alone(void **state)
{
	struct talk *t = *state;

	prepared(t, "s", "select 1");
	client_passes(t, QUERY("prepare x as select 2"));
	server_passes(t, COMPLETE("PREPARE"));
	server_passes(t, READY('I'));
	expect_text(t, BIND("", "s"), "select 1");
}

static void sql_cursor_takes_a_forgotten_name(void **state)
{
	struct talk *t = *state;

	prepared(t, "s", "select 1");
	bound(t, "p", "s");
	client_passes(t, QUERY("rollback; begin; DECLARE p cursor for select secret"));
	client_waits(t, EXECUTE("p"));
	server_passes(t, COMPLETE("ROLLBACK"));
	server_passes(t, COMPLETE("BEGIN"));
	server_passes(t, COMPLETE("DECLARE CURSOR"));
	server_passes(t, READY('T'));
	expect_text(t, EXECUTE("p"), NULL);
}

// A tag that the text cannot have earned: something was not understood.
static void unannounced_prepare_ends_the_session(void **state)
{
	struct talk *t = *state;

	client_passes(t, QUERY("select 1"));
	feed_bad(t, LEG_SERVER, COMPLETE("PREPARE"), PROTO_BAD_ORDER);
	talk_restart(t);
	talk_open(t);
	client_passes(t, QUERY("select 1"));
	feed_bad(t, LEG_SERVER, COMPLETE("DECLARE CURSOR"), PROTO_BAD_ORDER);
}

static void description_is_asked_for_once_a_portal(void **state)
{
	struct talk *t = *state;

	prepared(t, "s", "select 1");
	bound(t, "", "s");
	execute(t, "");
	client_passes(t, EXECUTE(""));
	server_swallowed(t, COLUMN1("a", 1, 2));
	server_passes(t, ROW1("x"));
	assert_non_null(t->msg.fields[0].column);
	server_passes(t, say('s', ""));
	assert_true(t->msg.completes);
	server_passes(t, ROW1("y"));
	assert_non_null(t->msg.fields[0].column);
	server_passes(t, COMPLETE("SELECT 1"));
	// The client's own will do, and a new portal needs a new one.
	bound(t, "", "s");
	client_passes(t, DESCRIBE('P', ""));
	client_passes(t, EXECUTE(""));
	server_passes(t, COLUMN1("a", 1, 2));
	server_passes(t, ROW1("x"));
	server_passes(t, COMPLETE("SELECT 1"));
	bound(t, "", "s");
	execute(t, "");
	server_swallowed(t, NO_DATA);
	feed_bad(t, LEG_SERVER, ROW1("x"), PROTO_BAD_ORDER);
}

static void descriptions_alike_keep_their_notes(void **state)
{
	struct talk *t = *state;
	struct proto_column *first;

	client_passes(t, QUERY("select 1"));
	server_passes(t, COLUMN1("a", 1, 2));
	server_passes(t, ROW1("x"));
	first = t->msg.fields[0].column;
	first->mask_version = 3;
	server_passes(t, COMPLETE("SELECT 1"));
	server_passes(t, READY('I'));
	client_passes(t, QUERY("select 2"));
	server_passes(t, COLUMN1("a", 1, 2));
	server_passes(t, ROW1("x"));
	assert_ptr_equal(t->msg.fields[0].column, first);
	server_passes(t, COLUMN1("a", 1, 3));
	server_passes(t, ROW1("x"));
	assert_int_equal(t->msg.fields[0].column->mask_version, 0);
}

static void undescribed_rows_have_the_formats_of_bind(void **state)
{
	struct talk *t = *state;

	talk_reopen_undescribed(t);
	client_passes(t, PARSE("", "select 1, 2"));
	client_passes(t, say('B', "sshhhhh", "", "", 0, 0, 2, 0, 1));
	client_passes(t, EXECUTE(""));
	server_passes(t, PARSE_COMPLETE);
	server_passes(t, BIND_COMPLETE);
	server_passes(t, say('D', "hirir", 2, 1, (size_t)1, "1", 1, (size_t)1, "2"));
	assert_null(t->msg.fields[0].column);
	assert_int_equal(t->msg.fields[0].format, 0);
	assert_int_equal(t->msg.fields[1].format, 1);
}

// An idle session holds what the client has prepared, and no more; then it goes on as before.
static void idle_session_holds_its_statements_only(void **state)
{
	struct talk *t = *state;

	t->ops->trim(t->state);
	assert_int_equal(blocks_stats(t->blocks).used, 0);
	prepared(t, "s", "select 1");
	client_passes(t, BIND("", "s"));
	t->ops->trim(t->state); // not while an answer is owed
	client_passes(t, SYNC);
	server_passes(t, BIND_COMPLETE);
	server_passes(t, READY('I'));
	client_passes(t, QUERY("select a"));
	server_passes(t, COLUMN1("a", 0, 0));
	server_passes(t, say('D', "hir", 1, 1, (size_t)1, "1"));
	server_passes(t, COMPLETE("SELECT 1"));
	server_passes(t, READY('I'));
	t->ops->trim(t->state);
	assert_true(blocks_stats(t->blocks).used > 0);
	assert_true(blocks_stats(t->blocks).used <= 2 * BLOCKS_SMALLEST);
	client_passes(t, BIND("", "s"));
	client_passes(t, SYNC);
	server_passes(t, BIND_COMPLETE);
	server_passes(t, READY('I'));
	client_passes(t, CLOSE('S', "s"));
	client_passes(t, SYNC);
	server_passes(t, say('3', ""));
	server_passes(t, READY('I'));
	t->ops->trim(t->state);
	assert_int_equal(blocks_stats(t->blocks).used, 0);
}

static void forward_of_another_object_fails(void **state)
{
	struct talk *t = *state;

	prepared(t, "s", "select 1");
	feed_kind(t, LEG_CLIENT, BIND("", "s"), PROTO_COMMAND);
	struct proto_msg stale = t->msg;
	struct span raw = pack("r", stale.raw.n, stale.raw.p);
	stale.raw = raw;
	feed_kind(t, LEG_CLIENT, BIND("", "unknown"), PROTO_COMMAND);
	assert_int_equal(t->ops->forward(t->state, &stale, &t->io), ERR_MALFORMED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_setup_open, talk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bind_and_execute_carry_text_and_note),
		TEST(parameter_types),
		TEST(unknown_names_have_no_text),
		TEST(failed_parse_keeps_the_old_text),
		TEST(skipped_parse_keeps_the_old_text),
		TEST(newer_parse_is_the_one_once_confirmed),
		TEST(close_forgets),
		TEST(skipped_close_forgets_nothing),
		TEST(query_forgets_the_unnamed),
		TEST(portal_outlives_its_statement),
		TEST(failed_bind_makes_no_portal),
		TEST(portals_end_with_the_transaction),
		TEST(sql_prepare_takes_a_forgotten_name),
		TEST(sql_prepare_alone_leaves_names_alone),
		TEST(sql_cursor_takes_a_forgotten_name),
		TEST(unannounced_prepare_ends_the_session),
		TEST(description_is_asked_for_once_a_portal),
		TEST(descriptions_alike_keep_their_notes),
		TEST(undescribed_rows_have_the_formats_of_bind),
		TEST(idle_session_holds_its_statements_only),
		TEST(forward_of_another_object_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
