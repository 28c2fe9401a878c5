// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/overlap.h"

static bool sorts_before(const struct finding *a, const struct finding *b)
{
	if (a->start != b->start)
		return a->start < b->start;
	if (a->end != b->end)
		return a->end > b->end;
	return a->pattern < b->pattern;
}

static void sift_down(struct finding *heap, size_t at, size_t n)
{
	struct finding moved = heap[at];
	for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
		if (child + 1 < n && sorts_before(&heap[child], &heap[child + 1]))
			child++;
		if (!sorts_before(&moved, &heap[child]))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moved;
}

// Heap sort: qsort(3) may allocate, and a worker may not.
static void sort(struct finding *matches, size_t n)
{
	size_t sorted = 1;
	while (sorted < n && !sorts_before(&matches[sorted], &matches[sorted - 1]))
		sorted++;
	if (sorted >= n)
		return;
	for (size_t i = n / 2; i > 0; i--)
		sift_down(matches, i - 1, n);
	for (size_t i = n - 1; i > 0; i--) {
		struct finding last = matches[i];
		matches[i] = matches[0];
		matches[0] = last;
		sift_down(matches, 0, i);
	}
}

size_t overlap_resolve(struct finding *matches, size_t n, struct finding *out, size_t max)
{
	size_t count = 0, i = 0;
	sort(matches, n);
	while (i < n) {
		struct finding joined = matches[i];
		uint32_t longest = joined.end - joined.start;
		for (i++; i < n && matches[i].start < joined.end; i++) {
			uint32_t length = matches[i].end - matches[i].start;
			if (length > longest) {
				longest = length;
				joined.pattern = matches[i].pattern;
			}
			if (matches[i].end > joined.end)
				joined.end = matches[i].end;
			if (joined.form == SCAN_PLAIN)
				joined.form = matches[i].form;
		}
		if (count < max)
			out[count] = joined;
		count++;
	}
	return count;
}
