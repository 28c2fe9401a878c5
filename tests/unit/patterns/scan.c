// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/patterns.h"
#include "tests/unit/dice.h"

#include <hs.h>
#include <openssl/evp.h>

// cmocka.h wants these first.
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

static struct pattern_lib *lib;
static struct pattern_set *set; // of everything
static struct scan_scratch *scratch;
static size_t allocations;

// The linker sends this program's calls here (--wrap); Hyperscan's come by its allocator.
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	allocations++;
	return __real_realloc(old, size);
}

static struct pattern_set *compile(const uint16_t *ids, size_t n)
{
	char why[PATTERN_WHY] = "";
	struct pattern_set *out = NULL;
	if (pattern_set_compile(lib, ids, n, &out, why) != 0)
		fail_msg("%s", why);
	return out;
}

static int setup(void **)
{
	char why[PATTERN_WHY] = "";
	uint16_t ids[PATTERN_MAX];
	hs_set_allocator(__wrap_malloc, free);
	if (pattern_lib_load((const char *const[]){PATTERN_LIBRARY}, 1, &lib, why) != 0)
		fail_msg("%s", why);
	for (uint16_t i = 0; i < pattern_lib_count(lib); i++)
		ids[i] = i;
	set = compile(ids, pattern_lib_count(lib));
	scratch = scan_scratch_new(set);
	assert_non_null(scratch);
	return 0;
}

static int teardown(void **)
{
	scan_scratch_free(scratch);
	pattern_set_free(set);
	pattern_lib_free(lib);
	return 0;
}

static uint16_t id_of(const char *name)
{
	uint16_t ids[PATTERN_MAX];
	assert_int_equal(pattern_lib_select(lib, name, ids), 1);
	return ids[0];
}

static int find(const char *text, struct finding out[static 8])
{
	bool more = true;
	int n = scan(set, scratch, span_str(text), NULL, out, 8, &more);
	assert_false(more);
	return n;
}

static void findings_are_sorted_and_exact(void **)
{
	struct finding out[8];
	const char *text = "192.0.2.1 - jane@example.com paid with 4111 1111 1111 1111\n";
	assert_int_equal(find(text, out), 3);
	assert_int_equal(out[0].pattern, id_of("ipv4"));
	assert_int_equal(out[0].start, 0);
	assert_int_equal(out[0].end, 9);
	assert_int_equal(out[1].pattern, id_of("email"));
	assert_int_equal(out[1].start, 12);
	assert_int_equal(out[1].end, 28);
	assert_int_equal(out[2].pattern, id_of("payment-card"));
	assert_int_equal(out[2].start, 39);
	assert_int_equal(out[2].end, 58);
}

static void overlapping_patterns_have_one_winner(void **)
{
	struct finding out[8];
	const char *text = "Authorization: Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
			   "eyJzdWIiOiJFWEFNUExFIn0.EXAMPLE-not-real-00~1\n";
	// The token's tilde is no part of a JWT: the bearer token is longer.
	assert_int_equal(find(text, out), 1);
	assert_int_equal(out[0].pattern, id_of("bearer-token"));
	assert_int_equal(out[0].start, 22);
	assert_int_equal(out[0].end, strlen(text) - 1);
}

static void expect(const char *text, const char *name)
{
	struct finding out[8];
	int n = find(text, out);
	if (n != (name == NULL ? 0 : 1) || (n == 1 && out[0].pattern != id_of(name)))
		fail_msg("%s: %d findings, not %s", text, n, name == NULL ? "none" : name);
}

static void one_stretch_bears_the_surest_name(void **)
{
	expect("4302155708189", "payment-card");
	expect("identiteitsnommer 4302155708189", "za-id");
	expect("783 711 9398", "phone");
	expect("nhs number 783 711 9398", "uk-nhs");
	// Where the formats say equally much, the longer words do.
	expect("license number KD8938513", "us-driver-license");
	expect("medical license number KD8938513", "us-medical-license");
}

static void the_surest_name_is_looked_for_where_the_value_stands(void **)
{
	// "my nhs number 783 711 9398 ok", in base64: the words are encoded with the value.
	expect("bXkgbmhzIG51bWJlciA3ODMgNzExIDkzOTggb2s=", "uk-nhs");
}

static void what_bears_another_name_has_no_context(void **)
{
	expect("cedula 1465704494", "co-cedula");
	expect("cedula in order 1465704494", NULL);
	expect("{\"epoch_ms\": \"1465704494\", \"cedula\": \"x\"}", NULL);
	expect("cedula ORD-1465704494", NULL);
	expect("cedula in border 1465704494", "co-cedula");
	expect("order by cedula 1465704494", "co-cedula");
	expect("cedula 2026/146570449", NULL); // part of another number
}

static void only_what_is_wanted_is_found(void **)
{
	struct finding out[8];
	uint64_t bits[PATTERN_ID_WORDS] = {};
	const struct pattern_choice wanted = {NULL, bits};
	bool more;
	struct span text = SPAN_LIT("192.0.2.1 jane@example.com");
	uint16_t id = id_of("email");
	assert_int_equal(scan(set, scratch, text, &wanted, out, 8, &more), 0);
	bits[id / 64] = UINT64_C(1) << id % 64;
	assert_int_equal(scan(set, scratch, text, &wanted, out, 8, &more), 1);
	assert_int_equal(out[0].pattern, id);
	// By classes: the address alone is in class 1.
	uint16_t class_of[PATTERN_MAX] = {};
	const uint64_t one = UINT64_C(1) << 1;
	const struct pattern_choice by_class = {class_of, &one};
	class_of[id_of("ipv4")] = 1;
	assert_int_equal(scan(set, scratch, text, &by_class, out, 8, &more), 1);
	assert_int_equal(out[0].pattern, id_of("ipv4"));
	assert_int_equal(scan(set, scratch, text, NULL, out, 8, &more), 2);
}

static void more_is_told(void **)
{
	static uint8_t text[SCAN_FINDINGS_MAX * 10 + 10];
	static struct finding out[SCAN_FINDINGS_MAX];
	bool more = false;
	for (size_t i = 0; i < sizeof(text); i += 10)
		memcpy(text + i, "192.0.2.1\n", 10);
	// One more than one scan can hold.
	assert_int_equal(
		scan(set, scratch, span_of(text, sizeof(text)), NULL, out, SCAN_FINDINGS_MAX,
		     &more),
		SCAN_FINDINGS_MAX
	);
	assert_true(more);
	assert_int_equal(scan(set, scratch, span_of(text, 20), NULL, out, 1, &more), 1);
	assert_true(more);
	assert_int_equal(scan(set, scratch, span_of(text, 20), NULL, NULL, 0, &more), 0);
	assert_true(more);
	assert_int_equal(scan(set, scratch, span_of(text, 20), NULL, out, 2, &more), 2);
	assert_false(more);
}

static void match_names_the_lowest(void **)
{
	// One inside the other: scan would name one.
	struct span text = SPAN_LIT("COPY (SELECT passwd FROM pg_shadow) TO PROGRAM 'x'");
	uint16_t a = id_of("sql-file-access"), b = id_of("sql-catalog-secrets");
	uint64_t bits[PATTERN_ID_WORDS] = {};
	const struct pattern_choice wanted = {NULL, bits};
	assert_int_equal(scan_match(set, scratch, text, NULL), a < b ? a : b);
	bits[a / 64] = UINT64_C(1) << a % 64;
	assert_int_equal(scan_match(set, scratch, text, &wanted), a);
	bits[a / 64] = 0;
	bits[b / 64] = UINT64_C(1) << b % 64;
	assert_int_equal(scan_match(set, scratch, text, &wanted), b);
	assert_int_equal(scan_match(set, scratch, SPAN_LIT("SELECT 1"), NULL), -ENOENT);
}

static void sets_of_any_size(void **)
{
	struct finding out[8];
	char why[PATTERN_WHY];
	struct pattern_set *other = NULL;
	bool more = true;
	uint16_t bad = (uint16_t)pattern_lib_count(lib), twice[] = {id_of("email"), id_of("email")};

	assert_int_equal(pattern_set_compile(lib, &bad, 1, &other, why), -EINVAL);
	other = compile(NULL, 0);
	struct scan_scratch *own = scan_scratch_new(other);
	assert_int_equal(scan(other, own, SPAN_LIT("a@example.com"), NULL, out, 8, &more), 0);
	assert_false(more);
	scan_scratch_free(own);
	pattern_set_free(other);

	other = compile(twice, 2);
	assert_int_equal(pattern_set_count(other), 1);
	own = scan_scratch_new(other);
	assert_int_equal(scan(other, own, SPAN_LIT("a@example.com"), NULL, out, 8, &more), 1);
	assert_int_equal(out[0].pattern, twice[0]);
	assert_int_equal(scan(other, own, (struct span){NULL, 0}, NULL, out, 8, &more), 0);
	struct span huge = {(const uint8_t *)"", (size_t)UINT32_MAX};
	assert_int_equal(scan(other, own, huge, NULL, out, 8, &more), ERR_LIMIT);
	scan_scratch_free(own);
	pattern_set_free(other);
}

static uint32_t seed = 20260102;

static uint32_t dice(uint32_t sides)
{
	return dice_roll(&seed, sides);
}

// Pieces that make matches overlap, touch, nest and break.
static size_t random_text(uint8_t *out, size_t max)
{
	static const char *const pieces[] = {
		"4111 1111 1111 1111",
		"12",
		" ",
		"-",
		".",
		"@",
		"example.com",
		"jane",
		"\xc3\xa9",
		"DE89370400440532013000",
		"192.0.2.1",
		"+1 415 555 0123",
		"123-45-6789",
		"\n",
		"x",
		"4111111111111111",
		"3782 822463 10005",
		"Bearer ",
		"eyJhbGciOiJub25lIn0.",
		"eyJ",
		"EXAMPLE0123456789",
		"sig=",
		"\\n",
		"\x2d----BEGIN PRIVATE KEY-----",
		"COPY t TO '",
		"OR 1=1",
		"OR ",
		"AKIAIOSFODNN7EXAMPLE",
		"\xff",
		"\xa9",
	};
	size_t n = 0;
	for (uint32_t left = 1 + dice(30); left > 0; left--) {
		const char *piece = pieces[dice(sizeof(pieces) / sizeof(pieces[0]))];
		size_t length = strlen(piece);
		if (length > max - n)
			break;
		memcpy(out + n, piece, length);
		n += length;
	}
	return n;
}

// The same text behind and before any amount of other bytes has the same findings: no window, chunk
// or leftover of an earlier scan shows through.
static void surroundings_change_nothing(void **)
{
	static uint8_t text[1024], long_text[40 * 1024];
	static struct finding alone[256], within[256];
	print_message("seed %u\n", seed);
	for (int round = 0; round < 3000; round++) {
		size_t n = random_text(text, sizeof(text));
		size_t at = 1 + dice(20) * 900 + dice(900);
		bool more_alone, more_within;
		memset(long_text, 1, at + n + 700);
		memcpy(long_text + at, text, n);
		int a = scan(set, scratch, span_of(text, n), NULL, alone, 256, &more_alone);
		int b =
			scan(set, scratch, span_of(long_text, at + n + dice(700)), NULL, within,
			     256, &more_within);
		if (a != b)
			fail_msg("round %d at %zu: %d, %d: '%.*s'", round, at, a, b, (int)n, text);
		for (int i = 0; i < a; i++) {
			assert_int_equal(alone[i].start + at, within[i].start);
			assert_int_equal(alone[i].end + at, within[i].end);
			assert_int_equal(alone[i].pattern, within[i].pattern);
			assert_true(i == 0 || alone[i].start >= alone[i - 1].end);
		}
	}
}

static void a_scan_never_allocates(void **)
{
	static uint8_t text[64 * 1024];
	static struct finding out[SCAN_FINDINGS_MAX];
	bool more;
	size_t n = 0;
	while (n < sizeof(text) - 1024)
		n += random_text(text + n, 1024);
	allocations = 0;
	assert_true(
		scan(set, scratch, span_of(text, n), NULL, out, SCAN_FINDINGS_MAX, &more) > 100
	);
	assert_int_equal(allocations, 0);
	void *volatile block = malloc(1);
	free(block);
	assert_int_equal(allocations, 1); // the count does count
}

// Page faults of this thread while it scans `in`, which holds something.
static long faults(const struct pattern_set *of, struct scan_scratch *with, struct span in)
{
	static struct finding out[SCAN_FINDINGS_MAX];
	struct rusage before, after;
	bool more;
	assert_int_equal(getrusage(RUSAGE_THREAD, &before), 0);
	int n = scan(of, with, in, NULL, out, SCAN_FINDINGS_MAX, &more);
	assert_int_equal(getrusage(RUSAGE_THREAD, &after), 0);
	assert_true(n > 0);
	return after.ru_minflt - before.ru_minflt;
}

// Who takes a new policy over must not wait for its memory.
static void a_first_scan_touches_no_new_page(void **)
{
	static uint8_t plain[18 * 1024], text[80 * 1024];
	memset(plain, ' ', sizeof(plain));
	memcpy(plain + sizeof(plain) - 64, "jane@example.com", 16);
	// A large encoded value, and some of everything.
	size_t n = (size_t)EVP_EncodeBlock(text, plain, sizeof(plain));
	text[n++] = '\n';
	while (n < sizeof(text) - 1024)
		n += random_text(text + n, 1024);
	uint16_t ids[PATTERN_MAX];
	for (uint16_t i = 0; i < pattern_lib_count(lib); i++)
		ids[i] = i;
	(void)faults(set, scratch, span_of(text, n)); // the code's pages, the stack's and these
	assert_int_equal(faults(set, scratch, span_of(text, n)), 0);
	struct pattern_set *fresh = compile(ids, pattern_lib_count(lib));
	(void)malloc_trim(0); // nothing comes from memory that is there
	struct scan_scratch *first = scan_scratch_new(fresh);
	assert_non_null(first);
	assert_int_equal(faults(fresh, first, span_of(text, n)), 0);
	scan_scratch_free(first);
	pattern_set_free(fresh);
}

// Nor is a scan another one for what was rehearsed before it.
static void a_rehearsal_leaves_nothing_behind(void **)
{
	static struct finding before[SCAN_FINDINGS_MAX], behind[SCAN_FINDINGS_MAX];
	static uint8_t text[16 * 1024];
	bool more;
	size_t n = 0;
	while (n < sizeof(text) - 1024)
		n += random_text(text + n, 1024);
	int found = scan(set, scratch, span_of(text, n), NULL, before, SCAN_FINDINGS_MAX, &more);
	assert_true(found > 0);
	allocations = 0;
	for (unsigned step = 0; step < SCAN_REHEARSALS; step++)
		scan_rehearse(set, scratch, step);
	assert_int_equal(allocations, 0);
	assert_int_equal(
		scan(set, scratch, span_of(text, n), NULL, behind, SCAN_FINDINGS_MAX, &more), found
	);
	assert_memory_equal(before, behind, (size_t)found * sizeof(before[0]));
}

// Of several @ only one has a host behind it.
static void an_address_begins_behind_another_at(void **)
{
	struct span text = SPAN_LIT("x@y@jane@example.com, @bob@example.org");
	struct finding out[8];
	bool more;
	assert_int_equal(scan(set, scratch, text, NULL, out, 8, &more), 2);
	assert_int_equal(out[0].start, 4);
	assert_int_equal(out[0].end, 20);
	assert_int_equal(out[1].start, 23);
	assert_int_equal(out[1].end, 38);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings_are_sorted_and_exact),
		cmocka_unit_test(overlapping_patterns_have_one_winner),
		cmocka_unit_test(one_stretch_bears_the_surest_name),
		cmocka_unit_test(the_surest_name_is_looked_for_where_the_value_stands),
		cmocka_unit_test(what_bears_another_name_has_no_context),
		cmocka_unit_test(only_what_is_wanted_is_found),
		cmocka_unit_test(more_is_told),
		cmocka_unit_test(an_address_begins_behind_another_at),
		cmocka_unit_test(match_names_the_lowest),
		cmocka_unit_test(sets_of_any_size),
		cmocka_unit_test(surroundings_change_nothing),
		cmocka_unit_test(a_scan_never_allocates),
		cmocka_unit_test(a_first_scan_touches_no_new_page),
		cmocka_unit_test(a_rehearsal_leaves_nothing_behind),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
