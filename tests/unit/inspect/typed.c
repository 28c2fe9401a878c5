// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A masked value is still a value of its type, in text and in binary.

#include "dataplane/inspect/types.h"
#include "dataplane/inspect/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct pattern_lib *library;
static struct pattern_set *entities;
static struct scan_scratch *scratch;
static struct mask_style styles[SNAPSHOT_PATTERNS_MAX];
static const char *names[SNAPSHOT_PATTERNS_MAX];
static struct snapshot snapshot;
static struct styler styler;
static struct value_scan value_scan;
static struct buf out;
static uint32_t found;

static int set_up(void **state)
{
	static const char *const wanted[] = {"payment-card", "email", "ipv4", "iban"};
	char why[PATTERN_WHY];
	static uint16_t ids[PATTERN_MAX];
	size_t n = 0;
	(void)state;
	if (pattern_lib_load((const char *const[]){PATTERN_LIBRARY}, 1, &library, why) != 0)
		return -1;
	for (uint16_t i = 0; i < pattern_lib_count(library); i++)
		names[i] = pattern_lib_info(library, i)->name;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		n += pattern_lib_select(library, wanted[i], ids + n);
	buf_init(&out, NULL, 1 << 20);
	if (pattern_set_compile(library, ids, n, &entities, why) != 0)
		return -1;
	scratch = scan_scratch_new(entities);
	return scratch == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	buf_fini(&out);
	scan_scratch_free(scratch);
	pattern_set_free(entities);
	pattern_lib_free(library);
	return 0;
}

static void style_all(struct mask_style style)
{
	for (size_t i = 0; i < pattern_lib_count(library); i++)
		styles[i] = style;
}

static const struct mask_style placeholder = {.kind = MASK_PLACEHOLDER};
static const struct mask_style redact = {.kind = MASK_REDACT};
static const struct mask_style token = {.kind = MASK_TOKEN};
static const struct mask_style null = {.kind = MASK_NULL};

static int each(void **state)
{
	(void)state;
	style_all(redact);
	snapshot = (struct snapshot){
		.version = 1,
		.entities = entities,
		.styles = styles,
		.pattern_names = names,
		.hash_key = "a key",
	};
	styler = (struct styler){.snapshot = &snapshot};
	value_scan =
		(struct value_scan){.snapshot = &snapshot, .scratch = scratch, .styler = &styler};
	buf_consume(&out, buf_len(&out));
	found = 0;
	return 0;
}

// The masked value, where nothing moves it any more; a NULL span for NULL.
static struct span settled(struct span value, bool is_null)
{
	if (is_null)
		return (struct span){0};
	if (value.p == NULL)
		value.p = buf_span(&out).p;
	return value;
}

static struct span masked(uint32_t type, uint16_t format, struct span value)
{
	bool is_null = false;
	buf_consume(&out, buf_len(&out));
	assert_int_equal(value_mask(&value_scan, type, format, &value, &is_null, &out, &found), 0);
	return settled(value, is_null);
}

static struct span masked_whole(
	struct mask_style style, uint32_t type, uint16_t format, struct span value
)
{
	bool is_null = false;
	buf_consume(&out, buf_len(&out));
	assert_int_equal(
		value_mask_whole(&value_scan, &style, type, format, &value, &is_null, &out), 0
	);
	return settled(value, is_null);
}

static void assert_text(struct span value, const char *expected)
{
	if (!span_equal(value, span_str(expected)))
		fail_msg("'%.*s', not '%s'", (int)value.n, (const char *)value.p, expected);
}

#define ASSERT_MASKED(type, value, expected) assert_text(masked(type, 0, span_str(value)), expected)
#define ASSERT_NULL(type, value)             assert_null(masked(type, 0, span_str(value)).p)

static bool is_card(struct span text)
{
	uint16_t id[PATTERN_MAX];
	assert_int_equal(pattern_lib_select(library, "payment-card", id), 1);
	return text.n == 16 && pattern_set_accepts(entities, id[0], text);
}

static void put_be(uint8_t *to, size_t n, uint64_t value)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(value >> (8 * (n - 1 - i)));
}

static uint64_t get_be(struct span from)
{
	uint64_t value = 0;
	for (size_t i = 0; i < from.n; i++)
		value = value << 8 | from.p[i];
	return value;
}

static void a_number_becomes_another_of_as_many_digits(void **state)
{
	uint8_t wire[8];
	char text[32];
	(void)state;
	style_all(placeholder);
	struct span made = masked(PG_INT8, 0, SPAN_LIT("4111111111111111"));
	assert_true(is_card(made));
	assert_false(span_equal(made, SPAN_LIT("4111111111111111")));
	char in_text[32];
	snprintf(in_text, sizeof(in_text), "%.*s", (int)made.n, (const char *)made.p);
	put_be(wire, 8, UINT64_C(4111111111111111));
	made = masked(PG_INT8, 1, span_of(wire, 8));
	assert_int_equal(made.n, 8);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)get_be(made));
	assert_string_equal(text, in_text); // the same in both formats
	style_all(token);
	assert_null(masked(PG_INT8, 1, span_of(wire, 8)).p);
	assert_null(masked(PG_INT8, 0, SPAN_LIT("4111111111111111")).p);
	assert_int_equal(found, 4);
}

static void a_number_stays_in_its_range(void **state)
{
	uint8_t wire[4];
	(void)state;
	for (uint32_t i = 1; i < 2000; i++) {
		int32_t value = INT32_MAX - (int32_t)(i * 7919);
		put_be(wire, 4, (uint32_t)value);
		struct span made = masked_whole(placeholder, PG_INT4, 1, span_of(wire, 4));
		assert_int_equal(made.n, 4);
		uint64_t other = get_be(made);
		assert_true(other >= 1000000000 && other <= INT32_MAX);
		assert_int_not_equal(other, value);
	}
	put_be(wire, 2, (uint16_t)INT16_MIN);
	struct span made = masked_whole(placeholder, PG_INT2, 1, span_of(wire, 2));
	assert_true((int16_t)get_be(made) <= -10000);
	assert_null(masked_whole(placeholder, PG_INT4, 0, SPAN_LIT("")).p);
}

static void assert_other_card(struct span text)
{
	assert_true(is_card(text));
	assert_false(span_equal(text, SPAN_LIT("4111111111111111")));
}

// What four groups say.
static struct span groups_text(struct span wire, char text[static 32])
{
	for (size_t i = 0; i < 4; i++)
		sprintf(text + 4 * i, "%04u", (unsigned)get_be(span_of(wire.p + 8 + 2 * i, 2)));
	return span_of(text, 16);
}

static void a_numeric_keeps_its_scale(void **state)
{
	static const uint8_t card[] = "\0\4\0\3\0\0\0\0\x10\x0f\x04\x57\x04\x57\x04\x57";
	// -1000.50: groups 1000 5000
	static const uint8_t money[] = "\0\2\0\0\x40\0\0\2\x03\xe8\x13\x88";
	// 0.0012; 10000, whose zeros are not sent; NaN
	static const uint8_t small[] = "\0\1\xff\xff\0\0\0\4\0\x0c";
	static const uint8_t round[] = "\0\1\0\1\0\0\0\0\0\1";
	static const uint8_t nan[] = "\0\0\0\0\xc0\0\0\0";
	char text[32], expected[32];
	(void)state;
	style_all(placeholder);
	struct span made = masked(PG_NUMERIC, 1, span_of(card, sizeof(card) - 1));
	assert_int_equal(made.n, sizeof(card) - 1);
	assert_memory_equal(made.p, card, 8);
	assert_other_card(groups_text(made, text));
	assert_other_card(masked(PG_NUMERIC, 0, SPAN_LIT("4111111111111111")));
	// the same in both formats
	made = masked_whole(placeholder, PG_NUMERIC, 0, SPAN_LIT("-1000.50"));
	snprintf(expected, sizeof(expected), "%.*s", (int)made.n, (const char *)made.p);
	assert_int_equal(strlen(expected), 8);
	made = masked_whole(placeholder, PG_NUMERIC, 1, span_of(money, sizeof(money) - 1));
	assert_memory_equal(made.p, money, 8);
	snprintf(
		text, sizeof(text), "-%u.%02u", (unsigned)get_be(span_of(made.p + 8, 2)),
		(unsigned)get_be(span_of(made.p + 10, 2)) / 100
	);
	assert_string_equal(text, expected);
	assert_int_equal(get_be(span_of(made.p + 10, 2)) % 100, 0); // nothing beyond the scale
	made = masked_whole(placeholder, PG_NUMERIC, 1, span_of(small, sizeof(small) - 1));
	assert_int_equal(made.n, 12); // 0 is a digit, too
	made = masked_whole(placeholder, PG_NUMERIC, 1, span_of(round, sizeof(round) - 1));
	assert_memory_equal(made.p, "\0\2\0\1\0\0\0\0", 8);
	assert_int_not_equal(get_be(span_of(made.p + 8, 2)), 0);
	struct span not_a_number = span_of(nan, sizeof(nan) - 1);
	assert_true(span_equal(masked(PG_NUMERIC, 1, not_a_number), not_a_number));
	assert_null(masked_whole(placeholder, PG_NUMERIC, 1, not_a_number).p);
	for (size_t n = 1; n < sizeof(card) - 1; n++) // cut anywhere
		assert_null(masked(PG_NUMERIC, 1, span_of(card, n)).p);
}

static void an_address_stays_one(void **state)
{
	static const uint8_t v4[] = {2, 32, 0, 4, 10, 1, 2, 3};
	static const uint8_t v6[20] = {3, 128, 0, 16, 0xfd, 1, 2, 3};
	(void)state;
	style_all(placeholder);
	struct span made = masked(PG_INET, 1, span_of(v4, sizeof(v4)));
	assert_int_equal(made.n, sizeof(v4));
	assert_memory_equal(made.p, v4, 4);
	assert_memory_not_equal(made.p + 4, v4 + 4, 3);
	made = masked_whole(placeholder, PG_INET, 1, span_of(v6, sizeof(v6)));
	assert_int_equal(made.n, sizeof(v6));
	assert_memory_equal(made.p + 4, "\x20\x01\x0d\xb8", 4); // RFC 3849
	made = masked(PG_INET, 0, SPAN_LIT("10.1.2.3/8"));
	assert_true(span_equal(span_from(made, made.n - 2), SPAN_LIT("/8")));
	style_all(redact);
	ASSERT_NULL(PG_INET, "10.1.2.3/8");
}

static void a_uuid_becomes_a_uuid(void **state)
{
	static const char text[] = "123e4567-e89b-12d3-a456-426614174000";
	static const uint8_t wire[16] =
		"\x12\x3e\x45\x67\xe8\x9b\x12\xd3\xa4\x56\x42\x66\x14\x17\x40";
	char spelled[40], *to = spelled;
	(void)state;
	struct span made = masked_whole(token, PG_UUID, 1, span_of(wire, 16));
	assert_int_equal(made.n, 16);
	for (size_t i = 0; i < 16; i++)
		to +=
			sprintf(to, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
				made.p[i]);
	assert_text(masked_whole(token, PG_UUID, 0, span_str(text)), spelled);
	assert_int_equal(spelled[14], '8'); // RFC 9562 5.8
	made = masked_whole(placeholder, PG_UUID, 0, span_str(text));
	assert_int_equal(made.n, 36);
	assert_false(span_equal(made, span_str(spelled)));
	assert_null(masked_whole(redact, PG_UUID, 0, span_str(text)).p);
}

static void json_keeps_its_quotes_and_escapes(void **state)
{
	(void)state;
	ASSERT_MASKED(PG_JSON, "[\"a\\nann@example.org\"]", "[\"a[REDACTED:email]\"]");
	ASSERT_MASKED(
		PG_JSON, "[\"\\\\\\\"\",\"ann@example.org\"]", "[\"\\\\\\\"\",\"[REDACTED:email]\"]"
	);
	ASSERT_MASKED(
		PG_JSON, "{\"a\":-4111111111111111,\"b\":1}",
		"{\"a\":\"[REDACTED:payment-card]\",\"b\":1}"
	);
	style_all(placeholder);
	struct span made = masked(PG_JSON, 0, SPAN_LIT("[-4111111111111111]"));
	assert_int_equal(made.n, 19); // still a number
	assert_true(is_card(span_of(made.p + 2, 16)));
	style_all((struct mask_style){.kind = MASK_FIXED, .fixed = "\"}"});
	ASSERT_MASKED(PG_JSON, "[\"ann@example.org\"]", "[\"[REDACTED:email]\"]");
	ASSERT_MASKED(PG_TEXT, "ann@example.org", "\"}");
}

static void xml_and_array_literals_stay_whole(void **state)
{
	(void)state;
	ASSERT_MASKED(PG_XML, "<a>ann@example.org</a>", "<a>[REDACTED:email]</a>");
	style_all((struct mask_style){.kind = MASK_FIXED, .fixed = "<"});
	ASSERT_MASKED(PG_XML, "<a>ann@example.org</a>", "<a>[REDACTED:email]</a>");
	style_all((struct mask_style){.kind = MASK_FIXED, .fixed = "NULL"});
	ASSERT_MASKED(PG_TEXT_ARRAY, "{ann@example.org,b}", "{[REDACTED:email],b}");
	style_all((struct mask_style){.kind = MASK_KEEP, .keep_last = 4});
	ASSERT_MASKED(PG_TEXT_ARRAY, "{\"4111 1111 1111 1111\",b}", "{\"**** **** **** 1111\",b}");
}

static void bytes_stay_bytes(void **state)
{
	(void)state;
	style_all((struct mask_style){.kind = MASK_KEEP, .keep_last = 4});
	ASSERT_MASKED(
		PG_BYTEA, "\\x004111111111111111", "\\x004111111111111111" // digits of hex
	);
	ASSERT_MASKED(
		PG_BYTEA, "\\x0034313131313131313131313131313131ff",
		"\\x002a2a2a2a2a2a2a2a2a2a2a2a31313131ff"
	);
	assert_text(
		masked(PG_BYTEA, 1, SPAN_LIT("\1\2 4111111111111111")), "\1\2 ************1111"
	);
	ASSERT_NULL(PG_BYTEA, "ann@example.org\\000"); // bytea_output = escape
}

// Two dimensions of text: {{ann@example.org, NULL}}
static void an_array_is_masked_by_element(void **state)
{
	static const uint8_t wire[] = "\0\0\0\2\0\0\0\1\0\0\0\x19"
				      "\0\0\0\1\0\0\0\1\0\0\0\2\0\0\0\1"
				      "\0\0\0\x0f"
				      "ann@example.org"
				      "\xff\xff\xff\xff";
	static const uint8_t expected[] = "\0\0\0\2\0\0\0\1\0\0\0\x19"
					  "\0\0\0\1\0\0\0\1\0\0\0\2\0\0\0\1"
					  "\0\0\0\1"
					  "x"
					  "\xff\xff\xff\xff";
	(void)state;
	style_all((struct mask_style){.kind = MASK_FIXED, .fixed = "x"});
	struct span in = span_of(wire, sizeof(wire) - 1);
	assert_true(
		span_equal(masked(PG_TEXT_ARRAY, 1, in), span_of(expected, sizeof(expected) - 1))
	);
	assert_int_equal(found, 1);
	for (size_t n = 1; n < in.n; n++) { // cut anywhere
		struct span made = masked(PG_TEXT_ARRAY, 1, span_first(in, n));
		assert_true(made.p == NULL || memmem(made.p, made.n, "ann@", 4) == NULL);
	}
}

// The winner's style would show the end of what another pattern found.
static void what_is_joined_is_shown_in_no_part(void **state)
{
	(void)state;
	style_all((struct mask_style){.kind = MASK_KEEP, .keep_last = 4});
	ASSERT_MASKED(PG_TEXT, "4111 1111 1111 1111", "**** **** **** 1111");
	ASSERT_MASKED(PG_TEXT, "4111 1111 1111 1111@example.org", "[REDACTED:payment-card]");
	style_all(placeholder);
	ASSERT_MASKED(PG_TEXT, "4111 1111 1111 1111@example.org", "[REDACTED:payment-card]");
}

static void null_takes_the_whole_value(void **state)
{
	(void)state;
	style_all(null);
	ASSERT_NULL(PG_TEXT, "write to ann@example.org");
	ASSERT_NULL(PG_JSON, "{\"m\": \"ann@example.org\"}");
	ASSERT_NULL(PG_BYTEA, "\\x616e6e406578616d706c652e6f7267");
	ASSERT_MASKED(PG_TEXT, "nothing here", "nothing here");
	assert_null(masked_whole(null, PG_TEXT, 0, SPAN_LIT("anything")).p);
	value_scan.no_null = true;
	ASSERT_MASKED(PG_TEXT, "write to ann@example.org", "write to [REDACTED:email]");
}

static void a_columns_placeholder_is_valid_too(void **state)
{
	(void)state;
	struct span made = masked_whole(placeholder, PG_TEXT, 0, SPAN_LIT("4111111111111111"));
	assert_true(is_card(made));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, each)
	const struct CMUnitTest tests[] = {
		CASE(a_number_becomes_another_of_as_many_digits),
		CASE(a_number_stays_in_its_range),
		CASE(a_numeric_keeps_its_scale),
		CASE(an_address_stays_one),
		CASE(a_uuid_becomes_a_uuid),
		CASE(json_keeps_its_quotes_and_escapes),
		CASE(xml_and_array_literals_stay_whole),
		CASE(bytes_stay_bytes),
		CASE(an_array_is_masked_by_element),
		CASE(what_is_joined_is_shown_in_no_part),
		CASE(null_takes_the_whole_value),
		CASE(a_columns_placeholder_is_valid_too),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
