// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A span borrows bytes; whoever hands one out says how long it lives. A buf (buf.h) owns them.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *p;
	size_t n;
};

// The bytes of a string literal, without its NUL.
#define SPAN_LIT(s) ((struct span){(const uint8_t *)("" s), sizeof(s) - 1})

static inline struct span span_of(const void *p, size_t n)
{
	return (struct span){p, n};
}

static inline struct span span_str(const char *s)
{
	return (struct span){(const uint8_t *)s, s == NULL ? 0 : strlen(s)};
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

// The bytes of `s` from `from` on; empty when `from` is at or behind the end.
static inline struct span span_from(struct span s, size_t from)
{
	if (s.n == 0) // perhaps NULL, which is not to be added to
		return s;
	return from >= s.n ? (struct span){s.p + s.n, 0} : (struct span){s.p + from, s.n - from};
}

// The first `n` bytes of `s`, or all of it.
static inline struct span span_first(struct span s, size_t n)
{
	return (struct span){s.p, n < s.n ? n : s.n};
}
