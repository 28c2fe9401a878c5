// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Messages that lie about their lengths, have no right to come, or do not fit their format.

#include "tests/unit/postgres/talk.h"

static void lengths(void **state)
{
	struct talk *t = *state;
	const struct span client[] = {
		pack("bi", 'Q', 0),       pack("bi", 'Q', 3),          pack("bi", 'Q', -1),
		pack("bi", 'Q', 1 << 30), pack("bi", 'Q', 1 << 20),    pack("bi", 'S', 10000),
		pack("bi", 'E', 10000),   pack("bi", 'Q', 0x80000000),
	};
	const struct span server[] = {
		pack("bi", 'D', 3),
		pack("bi", 'D', -1),
		pack("bi", 'Z', 1 << 20),
	};

	for (size_t i = 0; i < sizeof(client) / sizeof(client[0]); i++)
		feed_bad(t, LEG_CLIENT, client[i], PROTO_BAD_LENGTH);
	for (size_t i = 0; i < sizeof(server) / sizeof(server[0]); i++)
		feed_bad(t, LEG_SERVER, server[i], PROTO_BAD_LENGTH);
}

static void types(void **state)
{
	struct talk *t = *state;

	for (int c = 0; c < 256; c++) {
		uint8_t byte = (uint8_t)c;
		bool client = c != 0 && strchr("QPBEDCFHSdcfXp", c) != NULL;
		bool server = c != 0 && strchr("123tTnDCsIGHWdcVZENASRKv", c) != NULL;
		if (!client)
			feed_bad(t, LEG_CLIENT, span_of(&byte, 1), PROTO_BAD_TYPE);
		if (!server)
			feed_bad(t, LEG_SERVER, span_of(&byte, 1), PROTO_BAD_TYPE);
		assert_int_equal(
			strcmp(t->ops->type_name(LEG_CLIENT, byte), "unknown") != 0, client
		);
		assert_int_equal(
			strcmp(t->ops->type_name(LEG_SERVER, byte), "unknown") != 0, server
		);
	}
}

static void malformed_commands(void **state)
{
	struct talk *t = *state;
	static const char long_name[] =
		"a23456789b23456789c23456789d23456789e23456789f23456789g234567891234";
	const struct span cases[] = {
		say('Q', ""),
		say('Q', "r", (size_t)3, "abc"),
		say('Q', "sb", "select 1", 0),
		say('P', "ss", "", "x"),
		say('P', "ssh", "", "x", 1),
		say('P', "sshi", "", "x", -1, 0),
		say('P', "sshb", "", "x", 0, 0),
		say('P', "ssh", long_name, "x", 0),
		say('P', "ssh", "na\xc3\xafve", "x", 0),
		say('B', "ssh", "", "", 0),
		say('B', "sshhh", "", "", 1, 0, 0),
		say('B', "sshhhh", "", "", 1, 2, 0, 0),
		say('B', "sshhhhihh", "", "", 2, 0, 0, 1, -1, 0, 0),
		say('B', "sshhih", "", "", 0, 1, 5, 0),
		say('B', "sshhih", "", "", 0, 1, -2, 0),
		say('B', "sshhh", "", "", 0, 0, 1),
		say('B', "sshhhh", "", "", 0, 0, 1, 7),
		say('B', "sshhhb", "", "", 0, 0, 0, 0),
		say('B', "sshhh", long_name, "", 0, 0, 0),
		say('B', "sshhh", "", long_name, 0, 0, 0),
		say('E', "s", ""),
		say('E', "sib", "", 0, 0),
		say('E', "si", long_name, 0),
		say('D', "b", 'S'),
		say('D', "bs", 'X', ""),
		say('D', "bs", 'S', long_name),
		say('C', "bsb", 'S', "", 0),
		say('F', "ihh", 1, 0, 0),
		say('F', "ihhh", 1, 0, 0, 2),
		say('F', "ihhhb", 1, 0, 0, 0, 0),
		say('S', "b", 0),
		say('H', "b", 0),
		say('X', "b", 0),
		say('c', "b", 0),
		say('f', ""),
		say('f', "sb", "", 0),
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		feed_bad(t, LEG_CLIENT, cases[i], PROTO_BAD_MALFORMED);
	feed_bad(t, LEG_CLIENT, say('p', "s", "again"), PROTO_BAD_ORDER);
	expect_silence(t);
}

static void malformed_answers(void **state)
{
	struct talk *t = *state;
	const struct span cases[] = {
		say('T', ""),
		say('T', "h", 1),
		say('T', "h", 1665),
		say('T', "hb", 0, 0),
		say('T', "hsihihih", 1, "a", 0, 0, 0, 0, 0, 2),
		say('D', ""),
		say('D', "h", 2),
		say('D', "hi", 1, 5),
		say('D', "hi", 1, -2),
		say('D', "hib", 1, -1, 0),
		say('C', ""),
		say('C', "sb", "x", 0),
		say('I', "b", 0),
		say('E', ""),
		say('E', "b", 'M'),
		say('E', "bs", 'M', "x"),
		say('E', "bsbb", 'M', "x", 0, 0),
		say('N', "br", 'M', (size_t)1, "x"),
		say('A', "is", 1, "x"),
		say('A', "issb", 1, "x", "y", 0),
		say('S', "s", "x"),
		say('Z', ""),
		say('Z', "b", 'X'),
		say('Z', "bb", 'I', 0),
		say('H', "bh", 0, 1),
		say('H', "bh", 2, 0),
		say('G', ""),
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		talk_restart(t);
		talk_open(t);
		client_passes(t, QUERY("select 1"));
		server_passes(t, COLUMN1("a", 0, 0));
		feed_bad(t, LEG_SERVER, cases[i], PROTO_BAD_MALFORMED);
		expect_silence(t);
	}
}

static void too_many_error_fields(void **state)
{
	struct talk *t = *state;
	static char fields[3 * 65 + 1];

	for (int i = 0; i < 65; i++)
		memcpy(fields + 3 * i, "Mx", 3);
	feed_bad(t, LEG_SERVER, say('N', "r", sizeof(fields), fields), PROTO_BAD_MALFORMED);
}

// Nothing is owed, or something else is.
static void answers_out_of_order(void **state)
{
	struct talk *t = *state;
	const struct span answers[] = {
		PARSE_COMPLETE,
		BIND_COMPLETE,
		CLOSE_COMPLETE,
		say('t', "h", 0),
		COLUMN1("a", 0, 0),
		NO_DATA,
		ROW1("x"),
		COMPLETE("SELECT 1"),
		say('s', ""),
		say('I', ""),
		say('G', "bh", 0, 0),
		say('H', "bh", 0, 0),
		say('W', "bh", 0, 0),
		say('d', "r", (size_t)2, "x\n"),
		say('c', ""),
		say('V', "i", -1),
		READY('I'),
		say('R', "i", 0),
		say('K', "ii", 1, 2),
		say('v', "ii", 196608, 0),
	};
	// For each message of the client, the answers that may follow.
	const struct {
		struct span message;
		const char *may;
	} cases[] = {
		{{0}, ""},
		{PARSE("", "x"), "1"},
		{BIND("", ""), "2"},
		{DESCRIBE('S', ""), "t"},
		{DESCRIBE('P', ""), "Tn"},
		{EXECUTE(""), "CsIGHW"},
		{CLOSE('S', ""), "3"},
		{SYNC, "Z"},
		{QUERY("x"), "TCIGHWZ"},
		{say('F', "ihhh", 1, 0, 0, 0), "V"},
	};

	t->upstream.describe = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t k = 0; k < sizeof(answers) / sizeof(answers[0]); k++) {
			talk_restart(t);
			t->upstream.describe = false;
			talk_open(t);
			if (cases[i].message.n > 0)
				client_passes(t, cases[i].message);
			bool may = strchr(cases[i].may, answers[k].p[0]) != NULL;
			// An Execute that nobody has described may bring rows.
			may |= i == 5 && answers[k].p[0] == 'D';
			if (may)
				server_passes(t, answers[k]);
			else
				feed_bad(t, LEG_SERVER, answers[k], PROTO_BAD_ORDER);
		}
	}
}

static void rows_must_fit_their_description(void **state)
{
	struct talk *t = *state;

	client_passes(t, QUERY("select 1"));
	server_passes(t, COLUMN1("a", 0, 0));
	feed_bad(t, LEG_SERVER, say('D', "hii", 2, -1, -1), PROTO_BAD_MALFORMED);
	feed_bad(t, LEG_SERVER, say('D', "h", 0), PROTO_BAD_MALFORMED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_setup_open, talk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lengths),
		TEST(types),
		TEST(malformed_commands),
		TEST(malformed_answers),
		TEST(too_many_error_fields),
		TEST(answers_out_of_order),
		TEST(rows_must_fit_their_description),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
