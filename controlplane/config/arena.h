// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Memory that is freed all at once: a configuration, a snapshot. Zeroed when handed out, scrubbed
// when freed, since secrets may lie in it.

#pragma once

#include <stddef.h>

struct arena;

// NULL when memory is short.
struct arena *arena_new(void);
// Accepts NULL.
void arena_free(struct arena *arena);
// Zeroed bytes, aligned to 16; NULL when memory is short. They live as long as the arena. A size of
// 0 gives a valid address.
void *arena_alloc(struct arena *arena, size_t size);
// `count` elements of `size` bytes; NULL also when the product overflows.
void *arena_array(struct arena *arena, size_t count, size_t size);
// A NUL-terminated copy of `n` bytes.
char *arena_text(struct arena *arena, const char *text, size_t n);
