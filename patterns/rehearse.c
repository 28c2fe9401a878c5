// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/sample.h"
#include "patterns/set.h"

#include <errno.h>
#include <stdlib.h>

enum {
	REHEARSAL_PIECE = 256, // bytes
	REHEARSAL_EVERY = 512, // a finding
	REHEARSAL_TEXT = SCAN_REHEARSALS * REHEARSAL_PIECE / SAMPLE_KINDS,
	REHEARSAL_FINDINGS = 16,
};

int set_fill_rehearsal(struct pattern_set *set)
{
	set->rehearsal = malloc((size_t)SAMPLE_KINDS * REHEARSAL_TEXT);
	if (set->rehearsal == NULL)
		return -ENOMEM;
	for (unsigned kind = 0; kind < SAMPLE_KINDS; kind++)
		sample_fill(
			(enum sample_kind)kind, kind, REHEARSAL_EVERY,
			set->rehearsal + (size_t)kind * REHEARSAL_TEXT, REHEARSAL_TEXT
		);
	return 0;
}

void scan_rehearse(const struct pattern_set *set, struct scan_scratch *scratch, unsigned step)
{
	struct finding out[REHEARSAL_FINDINGS];
	bool more;
	struct span piece =
		span_of(set->rehearsal + (size_t)(step % SCAN_REHEARSALS) * REHEARSAL_PIECE,
			REHEARSAL_PIECE);

	(void)!scan(set, scratch, piece, NULL, out, REHEARSAL_FINDINGS, &more);
}
