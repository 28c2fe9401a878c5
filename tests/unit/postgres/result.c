// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Answers that were changed on their way.

#include "tests/unit/postgres/talk.h"

static void forward(struct talk *t, struct span expected)
{
	assert_int_equal(t->ops->forward(t->state, &t->msg, &t->io), 0);
	expect_sent(t, LEG_CLIENT, expected);
	expect_silence(t);
}

static void row_with_masked_values(void **state)
{
	struct talk *t = *state;
	struct span columns =
		say('T', "hsihihihsihihih", 2, "a", 1, 1, 25, -1, -1, 0, "b", 1, 2, 25, -1, -1, 0);

	client_passes(t, QUERY("select a, b from t"));
	server_passes(t, columns);
	struct span row = say('D', "hirir", 2, 3, (size_t)3, "abc", 2, (size_t)2, "de");
	feed_kind(t, LEG_SERVER, row, PROTO_RESULT);
	t->msg.fields[1].value = SPAN_LIT("*********");
	forward(t, say('D', "hirir", 2, 3, (size_t)3, "abc", 9, (size_t)9, "*********"));
	feed_kind(t, LEG_SERVER, row, PROTO_RESULT);
	t->msg.fields[0].null = true;
	forward(t, say('D', "hiir", 2, -1, 2, (size_t)2, "de"));
	feed_kind(t, LEG_SERVER, row, PROTO_RESULT);
	t->msg.fields[1].value = SPAN_LIT("xy"); // of the same length
	forward(t, say('D', "hirir", 2, 3, (size_t)3, "abc", 2, (size_t)2, "xy"));
	feed_kind(t, LEG_SERVER, row, PROTO_RESULT);
	t->msg.fields[1].value = span_first(t->msg.fields[1].value, 1); // shorter, in place
	forward(t, say('D', "hirir", 2, 3, (size_t)3, "abc", 1, (size_t)1, "d"));
	feed_kind(t, LEG_SERVER, say('D', "hiir", 2, -1, 2, (size_t)2, "de"), PROTO_RESULT);
	t->msg.fields[0] = (struct proto_field){.value = SPAN_LIT("new")};
	forward(t, say('D', "hirir", 2, 3, (size_t)3, "new", 2, (size_t)2, "de"));
}

static void error_with_masked_fields(void **state)
{
	struct talk *t = *state;

	feed_kind(
		t, LEG_SERVER, say('N', "bsbsbsb", 'S', "NOTICE", 'M', "secret", 'D', "more", 0),
		PROTO_RESULT
	);
	assert_int_equal(t->msg.n_fields, 3);
	assert_int_equal(t->msg.fields[1].code, 'M');
	t->msg.fields[1].value = span_of("ma\0sked", 7); // a NUL would end it early
	t->msg.fields[2].null = true;
	forward(t, say('N', "bsbsb", 'S', "NOTICE", 'M', "ma", 0));
}

static void notification_with_masked_payload(void **state)
{
	struct talk *t = *state;

	feed_kind(t, LEG_SERVER, say('A', "iss", 77, "channel", "secret"), PROTO_RESULT);
	t->msg.fields[1].value = SPAN_LIT("***");
	forward(t, say('A', "iss", 77, "channel", "***"));
	feed_kind(t, LEG_SERVER, say('A', "iss", 77, "channel", "secret"), PROTO_RESULT);
	t->msg.fields[1].null = true;
	forward(t, say('A', "iss", 77, "channel", ""));
}

static void call_result_masked(void **state)
{
	struct talk *t = *state;

	client_passes(t, say('F', "ihhh", 1, 0, 0, 0));
	feed_kind(t, LEG_SERVER, say('V', "ir", 6, (size_t)6, "secret"), PROTO_RESULT);
	t->msg.fields[0].null = true;
	forward(t, say('V', "i", -1));
}

static void copied_row_masked(void **state)
{
	struct talk *t = *state;

	client_passes(t, QUERY("copy t to stdout"));
	server_passes(t, say('H', "bhh", 0, 1, 0));
	feed_kind(t, LEG_SERVER, say('d', "r", (size_t)7, "secret\n"), PROTO_RESULT);
	t->msg.fields[0].value = SPAN_LIT("***\n");
	forward(t, say('d', "r", (size_t)4, "***\n"));
	feed_kind(t, LEG_SERVER, say('d', "r", (size_t)7, "secret\n"), PROTO_RESULT);
	t->msg.fields[0].null = true;
	forward(t, (struct span){0}); // the row is gone
}

static void full_queue_is_an_error(void **state)
{
	struct talk *t = *state;
	uint8_t bytes[16];
	struct buf small = {.data = bytes, .cap = sizeof(bytes), .limit = sizeof(bytes)};
	struct proto_io io = {&small, &small};

	client_passes(t, QUERY("select 1"));
	server_passes(t, COLUMN1("a", 0, 0));
	feed_kind(t, LEG_SERVER, ROW1("abcdefgh"), PROTO_RESULT);
	assert_int_equal(t->ops->forward(t->state, &t->msg, &io), ERR_LIMIT);
	t->msg.fields[0].value = SPAN_LIT("********");
	assert_int_equal(t->ops->forward(t->state, &t->msg, &io), ERR_LIMIT);
	assert_int_equal(buf_len(&small), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_setup_open, talk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(row_with_masked_values),
		TEST(error_with_masked_fields),
		TEST(notification_with_masked_payload),
		TEST(call_result_masked),
		TEST(copied_row_masked),
		TEST(full_queue_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
