// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What each style makes of a value.

#include "dataplane/inspect/style.h"

#include "patterns/patterns.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct pattern_lib *library;
static struct pattern_set *entities;
static const char *names[SNAPSHOT_PATTERNS_MAX];
static struct snapshot snapshot;
static struct styler styler;
static struct buf out;

static const struct node_id ann = {{1, 2}}, bob = {{1, 3}};

static int set_up(void **state)
{
	char why[PATTERN_WHY];
	uint16_t ids[PATTERN_MAX];
	size_t n = 0;
	(void)state;
	if (pattern_lib_load((const char *const[]){PATTERN_LIBRARY}, 1, &library, why) != 0)
		return -1;
	for (uint16_t i = 0; i < pattern_lib_count(library); i++) {
		names[i] = pattern_lib_info(library, i)->name;
		if (pattern_lib_info(library, i)->kind == PATTERN_ENTITY)
			ids[n++] = i;
	}
	buf_init(&out, NULL, 1 << 20);
	return pattern_set_compile(library, ids, n, &entities, why);
}

static int tear_down(void **state)
{
	(void)state;
	buf_fini(&out);
	pattern_set_free(entities);
	pattern_lib_free(library);
	return 0;
}

static int each(void **state)
{
	(void)state;
	snapshot = (struct snapshot
	){.version = 1, .entities = entities, .pattern_names = names, .hash_key = "a key"};
	styler = (struct styler){.snapshot = &snapshot, .root = ann};
	return 0;
}

static uint16_t id_of(const char *name)
{
	uint16_t ids[PATTERN_MAX];
	assert_int_equal(pattern_lib_select(library, name, ids), 1);
	return ids[0];
}

// Valid until the next call.
static struct span styled(struct mask_style style, const char *pattern, struct span value)
{
	buf_consume(&out, buf_len(&out));
	uint16_t id = pattern == NULL ? STYLE_NO_PATTERN : id_of(pattern);
	assert_int_equal(style_apply(&styler, &style, id, value, &out), 0);
	return buf_span(&out);
}

static void assert_styled(struct mask_style style, const char *value, const char *expected)
{
	struct span made = styled(style, NULL, span_str(value));
	if (!span_equal(made, span_str(expected)))
		fail_msg("'%.*s', not '%s'", (int)made.n, (const char *)made.p, expected);
}

static struct mask_style keep(uint8_t first, uint8_t last)
{
	return (struct mask_style){.kind = MASK_KEEP, .keep_first = first, .keep_last = last};
}

static void the_ends_are_kept(void **state)
{
	(void)state;
	assert_styled(keep(0, 4), "4111 1111 1111 1111", "**** **** **** 1111");
	assert_styled(keep(6, 4), "4111-1211-1111-1113", "4111-12**-****-1113");
	assert_styled(keep(6, 4), "378282246310005", "378282*****0005");
	assert_styled(keep(2, 0), "johannes", "jo******");
	assert_styled(
		keep(0, 3),
		"gr\xc3\xbc\xc3\x9f"
		"e aus K\xc3\xb6ln",
		"***** *** *\xc3\xb6ln"
	);
}

static void too_little_hidden_is_hidden_whole(void **state)
{
	(void)state;
	assert_styled(keep(0, 4), "1234567", "*******");
	assert_styled(keep(6, 4), "4222222222222", "*************");
	assert_styled(keep(16, 0), "12345678901234567890", "********************");
	assert_styled(keep(0, 4), "", "");
}

static struct span copy_of(struct span s, char *into, size_t size)
{
	assert_true(s.n <= size);
	memcpy(into, s.p, s.n);
	return span_of(into, s.n);
}

static void a_token_is_of_its_root(void **state)
{
	static const struct mask_style token = {.kind = MASK_TOKEN};
	char first[64];
	(void)state;
	struct span a = copy_of(styled(token, NULL, SPAN_LIT("4711")), first, sizeof(first));
	assert_int_equal(a.n, sizeof("[TOKEN:]") - 1 + 32);
	// another session below the same root, and another pattern that finds it
	styler = (struct styler){.snapshot = &snapshot, .root = ann};
	assert_true(span_equal(styled(token, "payment-card", SPAN_LIT("4711")), a));
	assert_false(span_equal(styled(token, NULL, SPAN_LIT("4712")), a));
	styler = (struct styler){.snapshot = &snapshot, .root = bob};
	assert_false(span_equal(styled(token, NULL, SPAN_LIT("4711")), a));
	snapshot.hash_key[0] ^= 1; // another installation
	styler = (struct styler){.snapshot = &snapshot, .root = ann};
	assert_false(span_equal(styled(token, NULL, SPAN_LIT("4711")), a));
}

static void a_hash_is_of_the_installation(void **state)
{
	static const struct mask_style hash = {.kind = MASK_HASH};
	char first[64];
	(void)state;
	struct span a = copy_of(styled(hash, NULL, SPAN_LIT("4711")), first, sizeof(first));
	assert_int_equal(a.n, sizeof("[HASH:]") - 1 + 16);
	styler = (struct styler){.snapshot = &snapshot, .root = bob};
	assert_true(span_equal(styled(hash, NULL, SPAN_LIT("4711")), a));
	snapshot.hash_key[0] ^= 1;
	styler = (struct styler){.snapshot = &snapshot, .root = bob};
	assert_false(span_equal(styled(hash, NULL, SPAN_LIT("4711")), a));
}

static bool same_kind(uint8_t a, uint8_t b)
{
	if (a >= '0' && a <= '9')
		return b >= '0' && b <= '9';
	if (a >= 'a' && a <= 'z')
		return b >= 'a' && b <= 'z';
	if (a >= 'A' && a <= 'Z')
		return b >= 'A' && b <= 'Z';
	return a == b;
}

static void assert_same_form(struct span a, struct span b)
{
	bool same = a.n == b.n;
	for (size_t i = 0; i < a.n && same; i++)
		same = same_kind(a.p[i], b.p[i]);
	if (!same)
		fail_msg(
			"'%.*s' is not of the form of '%.*s'", (int)b.n, (const char *)b.p,
			(int)a.n, (const char *)a.p
		);
}

static bool is_address(struct span value)
{
	return memchr(value.p, '@', value.n) != NULL || memchr(value.p, '.', value.n) != NULL;
}

static bool is_ascii(struct span value)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] >= 0x80)
			return false;
	return true;
}

// Some texts end with bytes of a digest, are encoded text or of many parts: trying finds none, and
// they are redacted.
static bool has_placeholder(const char *name)
{
	static const char *const none[] = {
		"age-secret-key",      "altcoin-address",        "basic-credentials",
		"bitcoin-address",     "payment-card-track",     "bitcoin-private-key-compressed",
		"bitcoin-private-key", "bitcoin-segwit-address", "discord-bot-token",
		"ethereum-address",
	};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		if (strcmp(none[i], name) == 0)
			return false;
	}
	return true;
}

static void check_placeholder(uint16_t id, struct span value)
{
	static const struct mask_style placeholder = {.kind = MASK_PLACEHOLDER};
	const char *name = names[id];
	char first[4096];
	struct span made = copy_of(styled(placeholder, name, value), first, sizeof(first));
	if (memmem(made.p, made.n, "[REDACTED", 9) != NULL && !has_placeholder(name))
		return;
	if (memmem(made.p, made.n, "[REDACTED", 9) != NULL)
		fail_msg(
			"%s: no placeholder for '%.*s'", name, (int)value.n, (const char *)value.p
		);
	if (span_equal(made, value))
		fail_msg("%s: '%.*s' is itself", name, (int)value.n, (const char *)value.p);
	if (!pattern_set_accepts(entities, id, made))
		fail_msg("%s: '%.*s' is not valid", name, (int)made.n, (const char *)made.p);
	if (!is_address(value) && strcmp(name, "ipv6") != 0 && is_ascii(value))
		assert_same_form(value, made);
	assert_true(span_equal(styled(placeholder, name, value), made)); // always the same
}

// For every entity there is, by what its file says it finds.
static void a_placeholder_is_valid_and_of_the_same_form(void **state)
{
	(void)state;
	for (uint16_t id = 0; id < pattern_lib_count(library); id++) {
		const struct pattern_info *info = pattern_lib_info(library, id);
		if (info->kind != PATTERN_ENTITY)
			continue;
		for (size_t i = 0; i < info->positive_count; i++) {
			const struct pattern_example *e = &info->positive[i];
			struct span value = span_of(e->text.p + e->start, e->end - e->start);
			check_placeholder(id, value);
		}
	}
}

static void a_placeholder_is_of_its_root(void **state)
{
	static const struct mask_style placeholder = {.kind = MASK_PLACEHOLDER};
	struct span card = SPAN_LIT("4111 1111 1111 1111");
	char first[64], second[64];
	(void)state;
	struct span a = copy_of(styled(placeholder, "payment-card", card), first, sizeof(first));
	styler = (struct styler){.snapshot = &snapshot, .root = bob};
	struct span b = copy_of(styled(placeholder, "payment-card", card), second, sizeof(second));
	assert_false(span_equal(a, b));
}

// Among ten, chance would give it back to some.
static void a_placeholder_is_never_the_value(void **state)
{
	static const struct mask_style placeholder = {.kind = MASK_PLACEHOLDER};
	(void)state;
	for (uint64_t i = 0; i < 500; i++) {
		styler.root.w[0] = i;
		struct span made = styled(placeholder, NULL, SPAN_LIT("7"));
		assert_int_equal(made.n, 1);
		assert_true(made.p[0] >= '1' && made.p[0] <= '9' && made.p[0] != '7');
	}
}

static void an_address_becomes_one_that_nobody_has(void **state)
{
	static const struct mask_style placeholder = {.kind = MASK_PLACEHOLDER};
	static const char tail[] = "@example.invalid";
	(void)state;
	struct span made = styled(placeholder, "email", SPAN_LIT("ann@company.com"));
	assert_true(made.n > sizeof(tail) - 1);
	assert_memory_equal(made.p + made.n - (sizeof(tail) - 1), tail, sizeof(tail) - 1);
	made = styled(placeholder, "ipv4", SPAN_LIT("10.11.12.13"));
	assert_true(
		memcmp(made.p, "192.0.2.", 8) == 0 || memcmp(made.p, "198.51.100.", 11) == 0 ||
		memcmp(made.p, "203.0.113.", 10) == 0
	);
	made = styled(placeholder, NULL, SPAN_LIT("fe80::1"));
	assert_memory_equal(made.p, "2001:db8:", 9);
}

static void nothing_of_other_alphabets_shows(void **state)
{
	static const struct mask_style placeholder = {.kind = MASK_PLACEHOLDER};
	(void)state;
	// nine characters, a blank, six characters
	struct span made =
		styled(placeholder, NULL,
		       SPAN_LIT("\xd0\x90\xd0\xbd\xd0\xbd\xd0\xb0 \xd0\x91\xd0\xbe\xd0\xb1"));
	assert_int_equal(made.n, 8);
	for (size_t i = 0; i < made.n; i++)
		assert_true(i == 4 ? made.p[i] == ' ' : made.p[i] >= 'A' && made.p[i] <= 'Z');
}

static void what_cannot_change_is_redacted(void **state)
{
	static const struct mask_style placeholder = {.kind = MASK_PLACEHOLDER};
	(void)state;
	assert_styled(placeholder, "-- !", "[REDACTED]");
	assert_styled(placeholder, "", "[REDACTED]");
	assert_true(pattern_set_has_digest(entities, id_of("bitcoin-address")));
	assert_false(pattern_set_has_digest(entities, id_of("payment-card")));
	struct span made = styled(placeholder, "bitcoin-address", SPAN_LIT("1anything"));
	assert_true(span_equal(made, SPAN_LIT("[REDACTED:bitcoin-address]")));
}

static bool nothing(const void *ctx, struct span text)
{
	(void)text;
	++*(unsigned *)(uintptr_t)ctx;
	return false;
}

static void the_search_ends(void **state)
{
	static const uint8_t seed[PLACEHOLDER_SEED] = {1};
	static char text[100000];
	unsigned calls = 0;
	const struct placeholder_wish wish = {nothing, &calls};
	(void)state;
	memset(text, '7', sizeof(text));
	buf_consume(&out, buf_len(&out));
	assert_int_equal(placeholder_append(seed, span_of(text, 60), &wish, &out), -ENOENT);
	assert_true(calls > 100 && calls <= 10000);
	assert_int_equal(placeholder_append(seed, span_of(text, 1), &wish, &out), -ENOENT);
	calls = 0;
	for (size_t i = 9; i < sizeof(text); i += 10)
		text[i] = '.';
	assert_int_equal(
		placeholder_append(seed, span_of(text, sizeof(text)), &wish, &out), -ENOENT
	);
	assert_true(calls < 5);
	assert_int_equal(buf_len(&out), 0);
}

// A number with one valid ending, and a fixed first half.
static bool half_fixed(const void *ctx, struct span text)
{
	(void)ctx;
	return text.n == 12 && memcmp(text.p, "198707", 6) == 0;
}

static void only_what_may_change_changes(void **state)
{
	static const uint8_t seed[PLACEHOLDER_SEED] = {1};
	const struct placeholder_wish wish = {half_fixed, NULL};
	(void)state;
	buf_consume(&out, buf_len(&out));
	assert_int_equal(placeholder_append(seed, SPAN_LIT("198707123456"), &wish, &out), 0);
	assert_memory_equal(buf_span(&out).p, "198707", 6);
	assert_memory_not_equal(buf_span(&out).p + 6, "123456", 6);
}

static void the_record_shows_nothing(void **state)
{
	static const enum mask_kind shown[] = {
		MASK_KEEP, MASK_PLACEHOLDER, MASK_TOKEN, MASK_NULL, MASK_REDACT};
	struct mask_style hash = {.kind = MASK_HASH}, fixed = {.kind = MASK_FIXED};
	(void)state;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		struct mask_style style = {.kind = shown[i], .keep_last = 4};
		assert_int_equal(style_for_record(&style)->kind, MASK_REDACT);
	}
	assert_ptr_equal(style_for_record(&hash), &hash);
	assert_ptr_equal(style_for_record(&fixed), &fixed);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, each)
	const struct CMUnitTest tests[] = {
		CASE(the_ends_are_kept),
		CASE(too_little_hidden_is_hidden_whole),
		CASE(a_token_is_of_its_root),
		CASE(a_hash_is_of_the_installation),
		CASE(a_placeholder_is_valid_and_of_the_same_form),
		CASE(a_placeholder_is_of_its_root),
		CASE(a_placeholder_is_never_the_value),
		CASE(an_address_becomes_one_that_nobody_has),
		CASE(nothing_of_other_alphabets_shows),
		CASE(what_cannot_change_is_redacted),
		CASE(the_search_ends),
		CASE(only_what_may_change_changes),
		CASE(the_record_shows_nothing),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
