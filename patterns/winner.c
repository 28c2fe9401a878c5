// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/winner.h"

#include "patterns/overlap.h"

static bool is_same_stretch(const struct finding *a, const struct finding *b)
{
	return a->start == b->start && a->end == b->end;
}

static int score_of(struct scan_scratch *scratch, const struct finding *match)
{
	const struct set_entry *entry = set_entry_of(scratch->set, match->pattern);
	struct span in = scratch->in;
	(void)piece_enter(scratch, match->start);
	int score = confirm_score(scratch, entry, match->start, match->end - match->start);
	piece_leave(scratch, in);
	return score;
}

// The best of `n` matches of one stretch, in the order of their ids. Out: *best.
static int choose(
	struct scan_scratch *scratch, const struct finding *matches, size_t n, struct finding *best
)
{
	int most = 0;
	*best = matches[0];
	for (size_t i = 0; i < n && n > 1; i++) {
		int score = score_of(scratch, &matches[i]);
		if (score < 0)
			return score;
		if (score > most) {
			most = score;
			*best = matches[i];
		}
	}
	return 0;
}

int winner_settle(struct scan_scratch *scratch)
{
	struct match_list *list = &scratch->matches;
	struct finding *matches = list->list;
	size_t kept = scratch->first, n;
	overlap_sort(matches + kept, list->count - kept);
	for (size_t i = kept; i < list->count; i += n) {
		for (n = 1; i + n < list->count && is_same_stretch(&matches[i], &matches[i + n]);)
			n++;
		int result = choose(scratch, &matches[i], n, &matches[kept++]);
		if (result != 0)
			return result;
	}
	list->count = kept;
	return 0;
}
