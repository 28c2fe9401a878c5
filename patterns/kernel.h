// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The first look at every byte: where could a match, or a context word, begin? 64 bytes at a time
// are looked up in small tables, whatever the number of patterns; only what passes is looked at one
// by one.
//
// One source (kernel.inc) is built three times; kernel_get chooses by the CPU.

#pragma once

#include "dataplane/base/span.h"

enum kernel_size {
	KERNEL_CHUNK = 16 * 1024,         // bytes looked at in one call, at most
	KERNEL_WORDS = KERNEL_CHUNK / 64, // words of a mask over them
	KERNEL_KEY = 4,                   // symbols in a key
	KERNEL_LONG_KEY = 8,              // symbols in a long key, at most
	KERNEL_FORM = 16,                 // bytes of a form
	KERNEL_MARK = 4,                  // bytes of a mark
	KERNEL_BUCKETS = 8,               // of a table
	KERNEL_PLANES = 2,                // tables of forms
	KERNEL_FORM_BUCKETS = KERNEL_PLANES * KERNEL_BUCKETS,
	KERNEL_SPARE = 64, // places of a list that a kernel may write to behind its end
};

// What a form tells apart.
enum kernel_class {
	CLASS_OTHER, // and what lies behind the text
	CLASS_DIGIT,
	CLASS_UPPER, // a letter of ASCII
	CLASS_LOWER,
	CLASS_DASH,
	CLASS_DOT,
	CLASS_SPACE,
	CLASS_SLASH, // or a colon
	CLASSES,
};

static inline enum kernel_class kernel_class(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return CLASS_DIGIT;
	if (c >= 'A' && c <= 'Z')
		return CLASS_UPPER;
	if (c >= 'a' && c <= 'z')
		return CLASS_LOWER;
	switch (c) {
	case '-':
		return CLASS_DASH;
	case '.':
		return CLASS_DOT;
	case ' ':
		return CLASS_SPACE;
	case '/':
	case ':':
		return CLASS_SLASH;
	}
	return CLASS_OTHER;
}

// A byte as a symbol of a key: a letter is itself in lower case, a digit is '0', all else is 0.
static inline uint8_t kernel_symbol(uint8_t c)
{
	uint8_t lower = c | 0x20;
	if (lower >= 'a' && lower <= 'z')
		return lower;
	return c >= '0' && c <= '9' ? '0' : 0;
}

// Where the bit of a key is in a bitmap of 2^(64 - shift) bits.
static inline uint64_t kernel_hash(uint64_t key, unsigned shift)
{
	return key * UINT64_C(0x9e3779b97f4a7c15) >> shift;
}

// Four symbols, twice: so a key that shares its bit by chance shares no other.
static inline uint64_t kernel_short_key(uint64_t symbols)
{
	return (symbols & UINT32_MAX) | symbols << 32;
}

// What to look for. Immutable, part of a set.
struct kernel_tables {
	// Words: by the hash of the first four symbols, the first in the lowest byte; and by that
	// of the first eight, or of those of them before the first that is none, or of the first
	// four as kernel_short_key says, in `long_keys`; or there is a hump among these. NULL:
	// none. A word begins with a letter that has no letter or digit before it, or at a hump
	// (fooBar).
	const uint64_t *keys, *long_keys;
	unsigned key_shift, long_shift;
	// Forms: buckets by place and class, and by the first byte's low nibble. A form stands
	// where one bucket has all of them; those of `word_forms` where a word begins, and the
	// others where a number begins, a digit that has no letter or digit before it.
	unsigned form_planes; // in use
	uint16_t word_forms;
	uint8_t form_first[KERNEL_PLANES][16];
	uint8_t forms[KERNEL_PLANES][KERNEL_FORM][16]; // of CLASSES, and zeros
	// The same, of two places at once.
	uint8_t form_pairs[KERNEL_PLANES][KERNEL_FORM / 2][CLASSES * CLASSES];
	// Marks, anywhere: buckets by place and byte. A mark stands where one bucket has all bytes.
	// Kernels do not tell all bytes apart, and may stop elsewhere, too: one looks at a byte's
	// low seven bits and at whether the first byte is ASCII, the others at its nibbles.
	bool has_marks;
	uint8_t wide_marks; // buckets whose first byte is not ASCII; it is in all others
	uint8_t marks[KERNEL_MARK][128];
	uint8_t mark_low[KERNEL_MARK][16], mark_high[KERNEL_MARK][16];
};

// What a chunk holds: offsets within it, in rising order, and where its numbers and words begin.
struct kernel_hits {
	size_t n_words, n_forms, n_marks;
	uint16_t words[KERNEL_CHUNK];
	uint32_t keys[KERNEL_CHUNK]; // of each of `words`: its first four symbols
	uint16_t forms[KERNEL_CHUNK], marks[KERNEL_CHUNK];
	uint16_t buckets[KERNEL_CHUNK]; // of each of `forms`
	uint64_t starts[KERNEL_WORDS];  // of numbers
	uint64_t begins[KERNEL_WORDS];  // of words, at humps, too
};

// Look at in[from, from + KERNEL_CHUNK), or up to the end; `from` is less than in.n. Bytes before
// and behind the chunk are looked at where they matter; behind the text are zeros. Out: *hits.
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
