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
void overlap_sort(struct finding *matches, size_t n)
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

static void take(struct scan_join *join, const struct finding *match)
{
	struct finding *joined = &join->joined;
	uint32_t length = match->end - match->start;
	if (length > join->longest) {
		join->longest = length;
		joined->pattern = match->pattern;
	}
	if (match->end > joined->end)
		joined->end = match->end;
	if (joined->form == SCAN_PLAIN)
		joined->form = match->form;
	joined->joined =
		joined->joined || match->joined || joined->end - joined->start > join->longest;
}

bool overlap_add(
	struct scan_join *join, const struct finding *match, uint32_t limit, struct finding *closed
)
{
	struct scan_join next = {*match, match->end - match->start, true};
	if (join->open && match->start < join->joined.end) {
		if (match->end <= join->joined.end || match->end - join->joined.start <= limit) {
			take(join, match);
			return false;
		}
		join->joined.end = match->start;
		join->joined.joined = true; // and the winner's in part
	}
	bool had = join->open;
	*closed = join->joined;
	*join = next;
	return had;
}

size_t overlap_resolve(struct finding *matches, size_t n, struct finding *out, size_t max)
{
	struct scan_join join = {0};
	struct finding closed;
	size_t count = 0;
	overlap_sort(matches, n);
	for (size_t i = 0; i < n; i++) {
		if (!overlap_add(&join, &matches[i], UINT32_MAX, &closed))
			continue;
		if (count < max)
			out[count] = closed;
		count++;
	}
	if (join.open && count < max)
		out[count] = join.joined;
	return count + join.open;
}
