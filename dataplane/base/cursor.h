// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The one reader of peer bytes. A read past the end yields zeros and sets `bad`, which stays set:
// parse a whole structure, then look once. It also uses up what was left, so that a loop over
// cursor_left ends. A nested length makes a child that must end exactly.

#pragma once

#include "dataplane/base/span.h"

struct cursor {
	const uint8_t *p;
	const uint8_t *end;
	bool bad;
};

// Nothing is added to the NULL of an empty span, here and below: clang's sanitizer stops at it.
static inline struct cursor cursor_of(struct span s)
{
	return (struct cursor){s.p, s.n == 0 ? s.p : s.p + s.n, false};
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

// True when everything was read and nothing was read beyond the end.
static inline bool cursor_done(const struct cursor *c)
{
	return !c->bad && c->p == c->end;
}

// The next `n` bytes, borrowed from the input; an empty span, and `bad`, when there are fewer.
static inline struct span cursor_bytes(struct cursor *c, size_t n)
{
	if (c->bad || n > cursor_left(c)) {
		c->bad = true;
		c->p = c->end;
		return (struct span){c->end, 0};
	}
	struct span s = {c->p, n};
	if (n != 0)
		c->p += n;
	return s;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	struct span s = cursor_bytes(c, 1);
	return s.n == 0 ? 0 : s.p[0];
}

static inline uint16_t cursor_be16(struct cursor *c)
{
	struct span s = cursor_bytes(c, 2);
	return s.n == 0 ? 0 : (uint16_t)(s.p[0] << 8 | s.p[1]);
}

static inline uint32_t cursor_be32(struct cursor *c)
{
	struct span s = cursor_bytes(c, 4);
	return s.n == 0 ? 0
			: (uint32_t)s.p[0] << 24 | (uint32_t)s.p[1] << 16 | (uint32_t)s.p[2] << 8 |
				  (uint32_t)s.p[3];
}

static inline uint64_t cursor_be64(struct cursor *c)
{
	uint64_t high = cursor_be32(c);
	return high << 32 | cursor_be32(c);
}

// A NUL-terminated string without its NUL, which is consumed too. `bad` when no NUL follows.
static inline struct span cursor_cstr(struct cursor *c)
{
	const uint8_t *nul = c->bad || cursor_left(c) == 0 ? NULL : memchr(c->p, 0, cursor_left(c));
	if (nul == NULL) {
		c->bad = true;
		c->p = c->end;
		return (struct span){c->end, 0};
	}
	struct span s = {c->p, (size_t)(nul - c->p)};
	c->p = nul + 1;
	return s;
}

// A cursor over the next `n` bytes, which this one skips. A child of a bad cursor is bad.
static inline struct cursor cursor_child(struct cursor *c, size_t n)
{
	struct span s = cursor_bytes(c, n);
	return (struct cursor){s.p, s.n == 0 ? s.p : s.p + s.n, c->bad};
}
