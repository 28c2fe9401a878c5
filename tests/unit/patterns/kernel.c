// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The kernels of every kind of CPU against a plain reading of kernel.h.

#include "patterns/kernel.h"

#include "tests/unit/dice.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { TEXT_MAX = 3 * KERNEL_CHUNK, SHIFT = 64 - 12 };

static uint64_t keys[1 << 12 >> 6], long_keys[1 << 12 >> 6];
static struct kernel_tables tables = {
	.keys = keys,
	.long_keys = long_keys,
	.key_shift = SHIFT,
	.long_shift = SHIFT,
	.has_marks = true,
	.wide_marks = 0x80,
};
static uint32_t seed = 20260104;

static uint32_t dice(uint32_t sides)
{
	return dice_roll(&seed, sides);
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_alnum(uint8_t c)
{
	return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z');
}

// The byte at `at`, or NUL behind the end.
static uint8_t byte_at(struct span in, size_t at)
{
	return at < in.n ? in.p[at] : 0;
}

static bool begins_word(struct span in, size_t at)
{
	uint8_t c = in.p[at], before = at == 0 ? 0 : in.p[at - 1];
	if (!is_alnum(c) || is_digit(c))
		return false;
	return !is_alnum(before) || (is_upper(c) && !is_upper(before));
}

static bool has_key(const uint64_t *bitmap, uint64_t key)
{
	uint64_t hash = kernel_hash(key, SHIFT);
	return (bitmap[hash / 64] >> hash % 64 & 1) != 0;
}

// The first `n` symbols at `at`.
static uint64_t symbols_at(struct span in, size_t at, size_t n)
{
	uint64_t key = 0;
	for (size_t i = 0; i < n; i++) {
		uint8_t next = byte_at(in, at + i);
		uint64_t symbol = is_digit(next) ? '0' : is_upper(next) ? next + 32 : next;
		key |= is_alnum(next) ? symbol << 8 * i : 0;
	}
	return key;
}

static bool is_word(struct span in, size_t at)
{
	uint64_t four = symbols_at(in, at, KERNEL_KEY);
	if (!begins_word(in, at) || !has_key(keys, four))
		return false;
	if (has_key(long_keys, four | four << 32) ||
	    has_key(long_keys, symbols_at(in, at, KERNEL_LONG_KEY)))
		return true;
	for (size_t n = 1; n < KERNEL_LONG_KEY; n++) {
		uint8_t next = byte_at(in, at + n);
		if (!is_alnum(next))
			return has_key(long_keys, symbols_at(in, at, n));
		if (is_upper(next) && begins_word(in, at + n)) // a hump
			return true;
	}
	return false;
}

static bool begins_number(struct span in, size_t at)
{
	return is_digit(in.p[at]) && (at == 0 || !is_alnum(in.p[at - 1]));
}

static uint16_t buckets_at(struct span in, size_t at)
{
	unsigned buckets = 0;
	if (begins_number(in, at))
		buckets |= (uint16_t)~tables.word_forms;
	if (begins_word(in, at))
		buckets |= tables.word_forms;
	buckets &= (1u << tables.form_planes * KERNEL_BUCKETS) - 1;
	for (size_t plane = 0; plane < tables.form_planes; plane++) {
		unsigned shift = (unsigned)plane * KERNEL_BUCKETS;
		unsigned all = tables.form_first[plane][in.p[at] & 15];
		for (size_t i = 0; i < KERNEL_FORM; i++)
			all &= tables.forms[plane][i][kernel_class(byte_at(in, at + i))];
		buckets &= all << shift | ~(0xffu << shift);
	}
	return (uint16_t)buckets;
}

static bool is_form(struct span in, size_t at)
{
	return buckets_at(in, at) != 0;
}

// By the low seven bits.
static bool is_mark(struct span in, size_t at)
{
	uint8_t buckets = in.p[at] >= 0x80 ? tables.wide_marks : (uint8_t)~tables.wide_marks;
	for (size_t i = 0; i < KERNEL_MARK; i++)
		buckets &= tables.marks[i][byte_at(in, at + i) & 127];
	return buckets != 0;
}

// By the nibbles.
static bool may_be_mark(struct span in, size_t at)
{
	uint8_t buckets = UINT8_MAX;
	for (size_t i = 0; i < KERNEL_MARK; i++) {
		uint8_t c = byte_at(in, at + i);
		buckets &= tables.mark_low[i][c & 15] & tables.mark_high[i][c >> 4];
	}
	return buckets != 0;
}

static void check_list(
	struct span in, size_t from, const uint16_t *list, size_t n,
	bool (*expected)(struct span in, size_t at)
)
{
	size_t next = 0;
	for (size_t i = 0; i < KERNEL_CHUNK && from + i < in.n; i++) {
		bool listed = next < n && list[next] == i;
		if (listed != expected(in, from + i))
			fail_msg("byte %zu of the chunk at %zu of %zu", i, from, in.n);
		next += listed;
	}
	assert_int_equal(next, n);
}

static void check(struct span in)
{
	static struct kernel_hits hits;
	for (enum kernel_level level = KERNEL_GENERIC; level < KERNEL_LEVELS; level++) {
		if (!kernel_level_runs(level))
			continue;
		for (size_t from = 0; from < in.n; from += KERNEL_CHUNK) {
			memset(&hits, 0xaa, sizeof(hits));
			kernel_get(level)(&tables, in, from, &hits);
			check_list(in, from, hits.words, hits.n_words, is_word);
			check_list(in, from, hits.forms, hits.n_forms, is_form);
			for (size_t i = 0; i < hits.n_forms; i++)
				assert_int_equal(
					hits.buckets[i], buckets_at(in, from + hits.forms[i])
				);
			check_list(
				in, from, hits.marks, hits.n_marks,
				level == KERNEL_AVX512 ? is_mark : may_be_mark
			);
			for (size_t i = 0; i < KERNEL_CHUNK && from + i < in.n; i++) {
				assert_int_equal(
					hits.starts[i / 64] >> i % 64 & 1,
					begins_number(in, from + i)
				);
				assert_int_equal(
					hits.begins[i / 64] >> i % 64 & 1, begins_word(in, from + i)
				);
			}
		}
	}
}

static void fill(void *table, size_t n, bool dense)
{
	uint8_t *bytes = table;
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(dense ? dice(256) | dice(256) | dice(256) : dice(256));
}

static void random_tables(void)
{
	fill(keys, sizeof(keys), true);
	fill(long_keys, sizeof(long_keys), false);
	fill(tables.forms, sizeof(tables.forms), true);
	fill(tables.form_first, sizeof(tables.form_first), true);
	fill(tables.marks, sizeof(tables.marks), false);
	fill(tables.mark_low, sizeof(tables.mark_low), true);
	fill(tables.mark_high, sizeof(tables.mark_high), true);
	tables.form_planes = 1 + dice(KERNEL_PLANES);
	tables.word_forms = (uint16_t)(dice(3) == 0 ? 0 : dice(65536));
	for (size_t plane = 0; plane < KERNEL_PLANES; plane++) {
		for (size_t i = 0; i < KERNEL_FORM / 2; i++) {
			for (size_t pair = 0; pair < CLASSES * CLASSES; pair++)
				tables.form_pairs[plane][i][pair] =
					tables.forms[plane][2 * i][pair % CLASSES] &
					tables.forms[plane][2 * i + 1][pair / CLASSES];
		}
	}
}

// Texts that end where a page does, so that a read behind them is a fault.
static void kernels_agree(void **)
{
	static const char alphabet[] = "00112345aabcxyzABZ  --..,:@_/\n\x80\xc3\xff";
	size_t room = TEXT_MAX + 4096;
	uint8_t *pages =
		mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect(pages + TEXT_MAX, 4096, PROT_NONE), 0);
	print_message("seed %u\n", seed);
	for (int round = 0; round < 400; round++) {
		size_t n = round % 8 == 0 ? dice(TEXT_MAX) : dice(2 * 1024 + 200);
		uint8_t *text = pages + TEXT_MAX - n;
		random_tables();
		for (size_t i = 0; i < n; i++)
			text[i] = dice(40) == 0 ? (uint8_t)dice(256)
						: (uint8_t)alphabet[dice(sizeof(alphabet) - 1)];
		check(span_of(text, n));
	}
	// Runs that cross every edge.
	for (size_t n = 1; n < 2 * 1024 + 70; n += 1 + dice(3)) {
		uint8_t *text = pages + TEXT_MAX - n;
		memset(text, dice(2) == 0 ? '7' : 'q', n);
		text[dice((uint32_t)n)] = (uint8_t) " -a1Z"[dice(5)];
		check(span_of(text, n));
	}
	assert_int_equal(munmap(pages, room), 0);
}

static void the_level_can_be_chosen(void **)
{
	for (enum kernel_level level = KERNEL_GENERIC; level < KERNEL_LEVELS; level++) {
		if (!kernel_level_runs(level))
			continue;
		assert_int_equal(setenv("BULKHEAD_SIMD", kernel_level_name(level), 1), 0);
		assert_int_equal(kernel_level_choose(), level);
	}
	assert_int_equal(unsetenv("BULKHEAD_SIMD"), 0);
	assert_true(kernel_level_runs(kernel_level_choose()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernels_agree),
		cmocka_unit_test(the_level_can_be_chosen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
