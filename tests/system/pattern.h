// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The stream that the programs of the system tests send: every byte tells its place.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint8_t pattern(uint64_t at)
{
	return (uint8_t)(at * 0x9e3779b97f4a7c15 >> 56);
}

// Write the `n` bytes of the stream from place `at` on.
static inline void pattern_write(uint8_t *bytes, size_t n, uint64_t at)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = pattern(at + i);
}

// Are these the `n` bytes of the stream from place `at` on?
static inline bool pattern_is(const uint8_t *bytes, size_t n, uint64_t at)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != pattern(at + i))
			return false;
	}
	return true;
}
