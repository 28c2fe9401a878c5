// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Heap sort: qsort(3) may allocate, and a worker may not.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { SORT_ITEM_MAX = 64 }; // bytes of an item

typedef bool sorts_before_fn(const void *a, const void *b);

static inline void sort_sift_down(
	char *heap, size_t at, size_t n, size_t size, sorts_before_fn *sorts_before
)
{
	char moved[SORT_ITEM_MAX];
	memcpy(moved, heap + at * size, size);
	for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
		if (child + 1 < n && sorts_before(heap + child * size, heap + (child + 1) * size))
			child++;
		if (!sorts_before(moved, heap + child * size))
			break;
		memcpy(heap + at * size, heap + child * size, size);
		at = child;
	}
	memcpy(heap + at * size, moved, size);
}

// Sort the `n` items of `size` bytes, at most SORT_ITEM_MAX, in place. Those that are in order
// already are only compared.
static inline void sort_list(void *list, size_t n, size_t size, sorts_before_fn *sorts_before)
{
	char *heap = list, last[SORT_ITEM_MAX];
	size_t sorted = 1;
	while (sorted < n && !sorts_before(heap + sorted * size, heap + (sorted - 1) * size))
		sorted++;
	if (sorted >= n)
		return;
	for (size_t i = n / 2; i > 0; i--)
		sort_sift_down(heap, i - 1, n, size, sorts_before);
	for (size_t i = n - 1; i > 0; i--) {
		memcpy(last, heap + i * size, size);
		memcpy(heap + i * size, heap, size);
		memcpy(heap, last, size);
		sort_sift_down(heap, 0, i, size, sorts_before);
	}
}
