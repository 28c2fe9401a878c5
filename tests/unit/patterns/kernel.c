// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The kernels of every kind of CPU against a plain reading of kernel.h.

#include "patterns/kernel.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { TEXT_MAX = 3 * KERNEL_CHUNK, SHIFT = 64 - 12 };

static uint64_t keys[1 << 12 >> 6], signatures[KERNEL_SIGNATURE_WORDS];
static uint64_t mixed[KERNEL_SIGNATURE_WORDS];
static struct kernel_tables tables = {
	.keys = keys,
	.key_shift = SHIFT,
	.signatures = signatures,
	.mixed = mixed,
	.has_pivots = true,
};
static uint32_t seed = 20260104;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * sides >> 32);
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

static bool is_word(struct span in, size_t at)
{
	uint32_t key = 0;
	if (!begins_word(in, at))
		return false;
	for (size_t i = 0; i < KERNEL_KEY; i++) {
		uint8_t next = byte_at(in, at + i);
		uint32_t symbol = is_digit(next) ? '0' : is_upper(next) ? next + 32 : next;
		key |= is_alnum(next) ? symbol << 8 * i : 0;
	}
	uint64_t hash = kernel_hash(key, SHIFT);
	return (keys[hash / 64] >> hash % 64 & 1) != 0;
}

static bool begins_number(struct span in, size_t at)
{
	return is_digit(in.p[at]) && (at == 0 || !is_alnum(in.p[at - 1]));
}

static bool in_table(const uint8_t low[16], const uint8_t high[16], uint8_t c)
{
	return (low[c & 15] & high[c >> 4]) != 0;
}

static uint16_t signature_at(struct span in, size_t at)
{
	uint16_t signature = 0;
	for (size_t i = 0; i < KERNEL_SIGNATURE; i++)
		signature |= (uint16_t)(is_digit(byte_at(in, at + i)) << i);
	return signature;
}

static bool is_mixed(struct span in, size_t at)
{
	uint16_t signature = signature_at(in, at);
	if (!begins_word(in, at) || (signature & 0xfe) == 0)
		return false;
	for (size_t i = 0; i < tables.mixed_run; i++) {
		if (!is_alnum(byte_at(in, at + i)))
			return false;
	}
	return (mixed[signature / 64] >> signature % 64 & 1) != 0;
}

static bool is_number(struct span in, size_t at)
{
	uint16_t signature = signature_at(in, at);
	if (!begins_number(in, at))
		return false;
	for (size_t i = 0; i < tables.inner_run; i++) {
		uint8_t c = byte_at(in, at + i);
		if (at + i >= in.n ||
		    (!is_digit(c) && !in_table(tables.inner_low, tables.inner_high, c)))
			return false;
	}
	return (signatures[signature / 64] >> signature % 64 & 1) != 0;
}

static bool is_pivot(struct span in, size_t at)
{
	uint8_t a = in.p[at], b = byte_at(in, at + 1);
	return (tables.first_low[a & 15] & tables.first_high[a >> 4] & tables.second_low[b & 15] &
		tables.second_high[b >> 4]) != 0;
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
			check_list(in, from, hits.numbers, hits.n_numbers, is_number);
			for (size_t i = 0; i < hits.n_numbers; i++)
				assert_int_equal(
					hits.signatures[i], signature_at(in, from + hits.numbers[i])
				);
			check_list(in, from, hits.mixed, hits.n_mixed, is_mixed);
			check_list(in, from, hits.pivots, hits.n_pivots, is_pivot);
			for (size_t i = 0; i < KERNEL_CHUNK && from + i < in.n; i++)
				assert_int_equal(
					hits.starts[i / 64] >> i % 64 & 1,
					begins_number(in, from + i)
				);
		}
	}
}

static void random_tables(void)
{
	static uint8_t *const nibbles[] = {
		tables.first_low,   tables.first_high, tables.second_low,
		tables.second_high, tables.inner_low,  tables.inner_high,
	};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		keys[i] = (uint64_t)dice(1u << 31) << 33 ^ dice(1u << 31);
	for (size_t i = 0; i < KERNEL_SIGNATURE_WORDS; i++)
		signatures[i] = (uint64_t)dice(1u << 31) << 33 ^ dice(1u << 31);
	for (size_t table = 0; table < 6; table++) {
		for (size_t i = 0; i < 16; i++)
			nibbles[table][i] = (uint8_t)(dice(256) & dice(256));
	}
	for (size_t i = 0; i < KERNEL_SIGNATURE_WORDS; i++)
		mixed[i] = (uint64_t)dice(1u << 31) << 33 ^ dice(1u << 31);
	tables.inner_run = 1 + dice(8);
	tables.mixed_run = 1 + dice(8);
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
