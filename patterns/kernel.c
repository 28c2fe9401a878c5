// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/kernel.h"

#include <stdlib.h>

kernel_fn kernel_generic, kernel_avx2, kernel_avx512;

const char *kernel_level_name(enum kernel_level level)
{
	switch (level) {
	case KERNEL_GENERIC:
		return "generic";
	case KERNEL_AVX2:
		return "avx2";
	case KERNEL_AVX512:
		return "avx512";
	case KERNEL_LEVELS:
		break;
	}
	return "?";
}

bool kernel_level_runs(enum kernel_level level)
{
	switch (level) {
	case KERNEL_GENERIC:
		return true; // whatever runs this program
	case KERNEL_AVX2:
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
	case KERNEL_AVX512:
		return kernel_level_runs(KERNEL_AVX2) && __builtin_cpu_supports("avx512bw") &&
		       __builtin_cpu_supports("avx512vbmi") &&
		       __builtin_cpu_supports("avx512vbmi2");
	case KERNEL_LEVELS:
		break;
	}
	return false;
}

enum kernel_level kernel_level_choose(void)
{
	const char *wish = getenv("BULKHEAD_SIMD");
	enum kernel_level best = KERNEL_GENERIC;
	for (enum kernel_level level = KERNEL_GENERIC; level < KERNEL_LEVELS; level++) {
		if (!kernel_level_runs(level))
			continue;
		best = level;
		if (wish != NULL && strcmp(wish, kernel_level_name(level)) == 0)
			break;
	}
	return best;
}

kernel_fn *kernel_get(enum kernel_level level)
{
	static kernel_fn *const kernels[KERNEL_LEVELS] = {
		[KERNEL_GENERIC] = kernel_generic,
		[KERNEL_AVX2] = kernel_avx2,
		[KERNEL_AVX512] = kernel_avx512,
	};
	return kernels[level];
}
