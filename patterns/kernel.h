// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The first look at every byte: where could a match, or a context word, begin? The bytes become bit
// masks, one bit a byte; only the starts of words and of numbers are looked at one by one, each by
// one lookup in a bitmap, so that the cost does not grow with the number of patterns.
//
// One source (kernel.inc) is built three times; kernel_get chooses by the CPU.

#pragma once

#include "dataplane/base/span.h"

enum kernel_size {
	KERNEL_CHUNK = 16 * 1024,            // bytes looked at in one call, at most
	KERNEL_WORDS = KERNEL_CHUNK / 64,    // words of a mask over them
	KERNEL_SIGNATURE = 16,               // bytes in a number's signature
	KERNEL_SIGNATURE_WORDS = 65536 / 64, // words of a bitmap over signatures
	KERNEL_KEY = 4,                      // symbols in a key
	KERNEL_PIVOT_BUCKETS = 8,
};

// A byte as a symbol of a key: a letter is itself in lower case, a digit is '0', all else is 0.
static inline uint8_t kernel_symbol(uint8_t c)
{
	uint8_t lower = c | 0x20;
	if (lower >= 'a' && lower <= 'z')
		return lower;
	return c >= '0' && c <= '9' ? '0' : 0;
}

// Where the bit of a key is in a bitmap of 2^(64 - shift) bits.
static inline uint64_t kernel_hash(uint32_t key, unsigned shift)
{
	return key * UINT64_C(0x9e3779b97f4a7c15) >> shift;
}

// What to look for. Immutable, part of a set.
struct kernel_tables {
	// Words: the hashes of the first four symbols, the first in the lowest byte. NULL: none.
	// A word begins with a letter that has no letter or digit before it, or at a hump (fooBar).
	const uint64_t *keys;
	unsigned key_shift;
	// Numbers: bit i of a signature says whether byte i is a digit; bytes behind the text are
	// not. NULL: none. A number begins with a digit that has no letter or digit before it.
	const uint64_t *signatures;
	// The first `inner_run` bytes of a number, 1 to 8, are each a digit, or have a bit in
	// common in the entries of their two nibbles.
	unsigned inner_run;
	uint8_t inner_low[16], inner_high[16];
	// Words with digits among their first eight bytes: the same signature, from the word's
	// start, after `mixed_run` letters and digits at least, 1 to 8. NULL: none.
	const uint64_t *mixed;
	unsigned mixed_run;
	// Pairs of bytes, anywhere: in some bucket the first one's both nibbles have the bucket's
	// bit, and the second one's have.
	bool has_pivots;
	uint8_t first_low[16], first_high[16], second_low[16], second_high[16];
};

// What a chunk holds: offsets within it, in rising order, and where its numbers begin.
struct kernel_hits {
	size_t n_words, n_numbers, n_mixed, n_pivots;
	uint16_t words[KERNEL_CHUNK + 1], numbers[KERNEL_CHUNK + 1];
	uint16_t mixed[KERNEL_CHUNK + 1], pivots[KERNEL_CHUNK + 1];
	uint16_t signatures[KERNEL_CHUNK + 1]; // of each of `numbers`
	uint64_t starts[KERNEL_WORDS];         // of numbers
};

// Look at in[from, from + KERNEL_CHUNK), or up to the end; `from` is less than in.n. Bytes before
// and behind the chunk are looked at where they matter. Out: *hits.
typedef void kernel_fn(
	const struct kernel_tables *tables, struct span in, size_t from, struct kernel_hits *hits
);

enum kernel_level { KERNEL_GENERIC, KERNEL_AVX2, KERNEL_AVX512, KERNEL_LEVELS };

const char *kernel_level_name(enum kernel_level level);
// Can this CPU run it?
bool kernel_level_runs(enum kernel_level level);
// The level named by the environment variable BULKHEAD_SIMD, for tests, where the CPU can run it;
// otherwise the best one. Reads the environment: for the compiler of sets, not for a scan.
enum kernel_level kernel_level_choose(void);
kernel_fn *kernel_get(enum kernel_level level);
