// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Many short texts, copied one behind the other and scanned as the pieces of one (piece.h).

#include "patterns/decode.h"
#include "patterns/overlap.h"
#include "patterns/scratch.h"

#include <errno.h>

// Where the findings of values go.
struct sink {
	const struct pattern_set *set;
	struct scan_scratch *scratch;
	const struct pattern_choice *wanted;
	struct finding *out;
	size_t max, each, used;
};

static bool has_room(const struct sink *sink)
{
	return sink->max - sink->used >= sink->each;
}

static bool scan_alone(struct sink *sink, struct scan_value *value)
{
	bool more;
	if (!has_room(sink))
		return false;
	int n = scan_named(
		sink->set, sink->scratch, value->name, value->text, sink->wanted,
		sink->out + sink->used, sink->each, &more
	);
	value->first = (uint32_t)sink->used;
	value->found = n >= 0 && more ? ERR_LIMIT : n;
	if (value->found > 0)
		sink->used += (size_t)n;
	return true;
}

// Is it short enough, and do the forms that are looked for let it be parted from others?
static bool goes_together(const struct sink *sink, const struct scan_value *value)
{
	return value->text.n <= SCRATCH_VALUE && (sink->scratch->forms & SCAN_FORMS_UTF16) == 0 &&
	       sink->set->count > 0;
}

// Add the value to the batch. Returns false when that must be scanned first.
static bool add(struct scan_scratch *scratch, const struct scan_value *value)
{
	struct scan_batch *batch = &scratch->batch;
	const struct name_words *name;
	if (batch->count == SCRATCH_VALUES ||
	    sizeof(batch->text) - batch->n < value->text.n + PIECE_GAP ||
	    !scratch_hold_name(scratch, value->name, &name))
		return false;
	uint8_t *at = batch->text + batch->n;
	batch->pieces[batch->count++] =
		(struct scan_piece){(uint32_t)batch->n, (uint32_t)(batch->n + value->text.n), name};
	if (value->text.n > 0)
		memcpy(at, value->text.p, value->text.n);
	batch->n = (size_t)(piece_gap(at + value->text.n) - batch->text);
	return true;
}

// Returns the number of findings, which are left in the scratch, or less than 0 when nobody can
// say.
static int scan_batch(struct sink *sink)
{
	struct scan_scratch *scratch = sink->scratch;
	struct scan_batch *batch = &scratch->batch;
	struct match_list *matches = &scratch->matches;
	struct span text = span_of(batch->text, batch->pieces[batch->count - 1].end);
	int result = scratch_scan_pieces(
		scratch, text, (struct scan_pieces){batch->pieces, batch->count}, sink->wanted
	);
	if (result != 0 || matches->overflow)
		return -EIO;
	return (int
	)overlap_resolve(matches->list, matches->count, matches->list, SCAN_FINDINGS_MAX);
}

// Tell each value of its findings. Returns how many values there was room for.
static size_t hand_out(struct sink *sink, struct scan_value *values, size_t found)
{
	const struct scan_batch *batch = &sink->scratch->batch;
	const struct finding *next = sink->scratch->matches.list, *end = next + found;
	size_t i = 0;
	for (; i < batch->count && has_room(sink); i++) {
		const struct scan_piece *piece = &batch->pieces[i];
		uint32_t n = 0;
		values[i].first = (uint32_t)sink->used;
		for (; next < end && next->start < piece->end; next++, n++) {
			if (n >= sink->each)
				continue;
			struct finding *f = &sink->out[sink->used + n];
			*f = *next;
			f->start -= piece->start;
			f->end -= piece->start;
		}
		values[i].found = n > sink->each ? ERR_LIMIT : (int)n;
		sink->used += n > sink->each ? 0 : n;
	}
	return i;
}

// Scan the batch, which is that of these values. Returns how many there was room for.
static size_t flush(struct sink *sink, struct scan_value *values)
{
	struct scan_batch *batch = &sink->scratch->batch;
	size_t n = batch->count, done = 0;
	if (n == 0)
		return 0;
	int found = scan_batch(sink);
	if (found >= 0)
		done = hand_out(sink, values, (size_t)found);
	else // one of them costs too much or has too many: each answers for itself
		while (done < n && scan_alone(sink, &values[done]))
			done++;
	scratch_clear_batch(sink->scratch);
	return done;
}

size_t scan_values(
	const struct pattern_set *set, struct scan_scratch *scratch, struct scan_value *values,
	size_t n, const struct pattern_choice *wanted, struct finding *out, size_t max, size_t each
)
{
	struct sink sink = {set, scratch, wanted, out, max, each, 0};
	size_t i = 0, done = 0; // those in between are in the batch
	scratch_clear_batch(scratch);
	while (done < n) {
		bool together = i < n && goes_together(&sink, &values[i]);
		if (together && add(scratch, &values[i])) {
			i++;
			continue;
		}
		done += flush(&sink, values + done);
		if (done < i)
			return done; // no room for all
		if (i == n || together)
			continue;
		if (!scan_alone(&sink, &values[i]))
			return done;
		done = ++i;
	}
	return done;
}
