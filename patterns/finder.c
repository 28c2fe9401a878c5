// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/finder.h"

finder_fn finder_generic, finder_avx2, finder_avx512;
finder_skip_fn finder_skip_vbmi;

static bool is_decimal(uint8_t c)
{
	return c >= '0' && c <= '9';
}

// Decimal digits in a row that end before `at`, `max` at most.
static size_t decimals_before(struct span text, size_t at, size_t max)
{
	size_t n = 0;
	while (n < max && n < at && is_decimal(text.p[at - n - 1]))
		n++;
	return n;
}

// Is the '+' at `at` that of a time's offset from UTC, as RFC 3339 and PostgreSQL write it:
// 12:34[:56[.789]]+01[[:]00]? It parts no value.
static bool is_offset(struct span text, size_t at)
{
	size_t n = decimals_before(text, at, 10), start = at - n, end = at + 1;
	if (n < 10 && start > 0 && text.p[start - 1] == '.') {
		start--;
		n = decimals_before(text, start, 3);
		start -= n;
	}
	if (n != 2 || start == 0 || text.p[start - 1] != ':' ||
	    decimals_before(text, start - 1, 3) != 2)
		return false;
	while (end < text.n && end - at <= 5 && (is_decimal(text.p[end]) || text.p[end] == ':'))
		end++;
	n = end - at - 1;
	if (n == 5 ? text.p[at + 3] != ':' : n != 2 && n != 4)
		return false;
	return end == text.n || (kernel_symbol(text.p[end]) == 0 && text.p[end] != '+' &&
				 text.p[end] != '%' && text.p[end] < 0x80);
}

bool finder_is_plus(struct span text, size_t at)
{
	return at > 0 && text.n - at > 1 && is_decimal(text.p[at - 1]) &&
	       is_decimal(text.p[at + 1]) && !is_offset(text, at);
}

void finder_init(
	struct finder *finder, const struct finder_code *code, struct span text, bool utf16
)
{
	// Of UTF-16 every block may hold some.
	*finder = (struct finder){
		.text = text,
		.skip = utf16 ? NULL : code->skip,
		.utf16 = utf16,
		.fine_next = SIZE_MAX,
	};
}

struct finder_code finder_code(enum kernel_level level)
{
	static finder_fn *const finders[KERNEL_LEVELS] = {
		[KERNEL_GENERIC] = finder_generic,
		[KERNEL_AVX2] = finder_avx2,
		[KERNEL_AVX512] = finder_avx512,
	};
	bool vbmi = level == KERNEL_AVX512 && __builtin_cpu_supports("avx512vbmi");
	return (struct finder_code){finders[level], vbmi ? finder_skip_vbmi : NULL};
}
