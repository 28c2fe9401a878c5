// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/overlap.h"

#include "patterns/sort.h"

static bool sorts_before(const void *x, const void *y)
{
	const struct finding *a = x, *b = y;
	if (a->start != b->start)
		return a->start < b->start;
	if (a->end != b->end)
		return a->end > b->end;
	if (a->pattern != b->pattern)
		return a->pattern < b->pattern;
	return a->form < b->form;
}

void overlap_sort(struct finding *matches, size_t n)
{
	sort_list(matches, n, sizeof(matches[0]), sorts_before);
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
