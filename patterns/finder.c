// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/finder.h"

finder_fn finder_generic, finder_avx2, finder_avx512;

void finder_init(struct finder *finder, struct span text, bool utf16)
{
	*finder = (struct finder){.text = text, .utf16 = utf16, .fine_next = SIZE_MAX};
}

finder_fn *finder_get(enum kernel_level level)
{
	static finder_fn *const finders[KERNEL_LEVELS] = {
		[KERNEL_GENERIC] = finder_generic,
		[KERNEL_AVX2] = finder_avx2,
		[KERNEL_AVX512] = finder_avx512,
	};
	return finders[level];
}
