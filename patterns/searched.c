// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Candidates of Hyperscan, for the few entries the kernel cannot find. They are confirmed when it
// has returned: it cannot be called from its own callback.

#include "patterns/scratch.h"
#include "patterns/sort.h"

#include <errno.h>

enum { SEARCH_MIN = 64 }; // bytes: least stretch that is searched anew when candidates overrun

static bool sorts_before(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;
	return a->entry != b->entry ? a->entry < b->entry : a->from < b->from;
}

// Confirm the candidates there are.
static int flush(struct scan_scratch *scratch)
{
	int result = 0;
	sort_list(
		scratch->candidates, scratch->candidate_count, sizeof(scratch->candidates[0]),
		sorts_before
	);
	for (size_t i = 0;
	     i < scratch->candidate_count && result == 0 && !scratch->matches.overflow; i++)
		result = confirm(scratch, &scratch->candidates[i]);
	scratch->candidate_count = 0;
	return result;
}

// Hyperscan's callback for candidates, in any order. Ends before the stretch were found before.
static int on_candidate(
	unsigned index, unsigned long long, unsigned long long to, unsigned, void *context
)
{
	struct scan_scratch *scratch = context;
	const struct set_entry *entry = &scratch->set->entries[index];
	size_t end = scratch->base + (size_t)to;
	if (end <= scratch->end || !candidates_want(scratch, index))
		return 0;
	size_t from = end > entry->lead ? end - entry->lead : 0;
	if (scratch->candidate_count == SCRATCH_CANDIDATES) {
		scratch->candidates_overran = true;
		return 1;
	}
	scratch->candidates[scratch->candidate_count++] =
		(struct candidate){index, (uint32_t)from, (uint32_t)(end - entry->candidate_min)};
	return 0;
}

// Search [from, to) for ends of candidates.
static int search(struct scan_scratch *scratch, size_t from, size_t to)
{
	const struct pattern_set *set = scratch->set;
	scratch->base = from > set->overlap ? from - set->overlap : 0;
	scratch->end = from;
	scratch->candidates_overran = false;
	hs_error_t result =
		hs_scan(set->candidates, (const char *)scratch->in.p + scratch->base,
			(unsigned)(to - scratch->base), 0, scratch->hs, on_candidate, scratch);
	return result == HS_SUCCESS || result == HS_SCAN_TERMINATED ? 0 : -EIO;
}

// The same in stretches that are halved as long as their candidates do not fit.
int searched_try(struct scan_scratch *scratch, size_t from, size_t to)
{
	size_t step = to - from;
	int result = 0;
	while (from < to && result == 0 && !scratch->matches.overflow) {
		size_t end = to - from < step ? to : from + step;
		result = search(scratch, from, end);
		if (result == 0 && scratch->candidates_overran && step > SEARCH_MIN) {
			scratch->candidate_count = 0;
			step /= 2;
			continue;
		}
		if (scratch->candidates_overran)
			scratch->matches.overflow = true;
		if (result == 0)
			result = flush(scratch);
		from = end;
	}
	return result;
}
