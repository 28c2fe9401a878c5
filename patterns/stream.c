// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A stream is scanned in steps that begin at multiples of SCAN_STREAM_STEP, and a step when all
// bytes are there that the matches which begin in it may depend on. So nothing depends on how the
// bytes came. The buffer holds, in this order: what has been released and is still context, what is
// scanned but belongs to a finding that may grow, and what waits for its step.

#include "patterns/decode.h"
#include "patterns/overlap.h"
#include "patterns/scanner.h"

// The findings of one step, in the buffer.
struct step {
	struct finding *out;
	size_t count;
};

static struct decode_range range_of(const struct pattern_set *set)
{
	return decode_ranges(set).level[0];
}

// What waits for its step, and before it a finding that may grow: no longer than any one match, or
// a whole step that holds too many.
size_t pattern_set_tail(const struct pattern_set *set)
{
	size_t reach = range_of(set).reach;
	return SCAN_STREAM_STEP + reach + (reach > SCAN_STREAM_STEP ? reach : SCAN_STREAM_STEP);
}

size_t scan_stream_size(const struct pattern_set *set)
{
	// Two steps more, so that what stays need not be moved for each.
	return range_of(set).left + pattern_set_tail(set) + 2 * (size_t)SCAN_STREAM_STEP;
}

void scan_stream_init(
	struct scan_stream *s, const struct pattern_set *set, struct span name,
	const struct pattern_choice *wanted, uint8_t *buffer
)
{
	*s = (struct scan_stream){
		.set = set,
		.wanted = wanted,
		.name = name,
		.buffer = buffer,
		.size = scan_stream_size(set),
		.left = range_of(set).left,
		.reach = range_of(set).reach,
	};
}

// Give up the bytes that nothing depends on any more.
static void compact(struct scan_stream *s)
{
	size_t from = s->scanned > s->left ? s->scanned - s->left : 0;
	if (from > s->released)
		from = s->released;
	if (from == 0)
		return;
	memmove(s->buffer, s->buffer + from, s->n - from);
	s->n -= from;
	s->released -= from;
	s->scanned -= from;
	s->last.joined.start -= (uint32_t)from;
	s->last.joined.end -= (uint32_t)from;
}

size_t scan_stream_push(struct scan_stream *s, struct span in)
{
	if (s->size - s->n < in.n)
		compact(s);
	size_t n = s->size - s->n < in.n ? s->size - s->n : in.n;
	if (n > 0)
		memcpy(s->buffer + s->n, in.p, n);
	s->n += n;
	return n;
}

// Join the matches with what is open. Their positions are counted from `skip`.
static void join(struct scan_stream *s, struct match_list *matches, size_t skip, struct step *step)
{
	overlap_sort(matches->list, matches->count);
	for (size_t i = 0; i < matches->count; i++) {
		matches->list[i].start += (uint32_t)skip;
		matches->list[i].end += (uint32_t)skip;
		if (overlap_add(
			    &s->last, &matches->list[i], (uint32_t)s->reach, &step->out[step->count]
		    ))
			step->count++;
	}
}

// Close the finding that no match to come can join.
static void settle(struct scan_stream *s, struct step *step)
{
	if (s->last.open && s->last.joined.end <= s->scanned) {
		step->out[step->count++] = s->last.joined;
		s->last.open = false;
	}
}

// Scan the next step when its bytes are there. Returns 1, 0 when they are not, or -EIO.
static int scan_step(
	struct scan_stream *s, struct scan_scratch *scratch, bool end, struct step *step
)
{
	struct match_list *matches = scanner_matches(scratch);
	size_t to = s->scanned + SCAN_STREAM_STEP, from = s->scanned;
	if ((s->n < to || s->n - to < s->reach) && !(end && from < s->n))
		return 0;
	if (to > s->n)
		to = s->n;
	size_t seen = s->n - to < s->reach ? s->n : to + s->reach;
	size_t skip = from > s->left ? from - s->left : 0;
	int result = scanner_scan_range(
		s->set, scratch, s->name, span_of(s->buffer + skip, seen - skip), from - skip,
		to - skip, s->wanted
	);
	if (result != 0)
		return result;
	if (matches->overflow) { // all that any of them may cover
		uint16_t pattern =
			matches->count > 0 ? matches->list[0].pattern : s->set->entries[0].id;
		matches->list[0] = (struct finding){
			.start = (uint32_t)(from - skip),
			.end = (uint32_t)(seen - skip),
			.pattern = pattern,
		};
		matches->count = 1;
	}
	join(s, matches, skip, step);
	s->scanned = to;
	settle(s, step);
	return 1;
}

int scan_stream_read(
	struct scan_stream *s, struct scan_scratch *scratch, bool end,
	struct finding out[static SCAN_STREAM_FINDINGS], struct span *ready
)
{
	struct step step = {.out = out};
	size_t start = s->released, until = start;
	*ready = span_of(s->buffer + start, 0);
	while (until == start) {
		int result = scan_step(s, scratch, end, &step);
		if (result < 0)
			return result;
		until = s->last.open ? s->last.joined.start : s->scanned;
		if (result == 0)
			break;
	}
	for (size_t i = 0; i < step.count; i++) {
		step.out[i].start -= (uint32_t)start;
		step.out[i].end -= (uint32_t)start;
	}
	s->released = until;
	*ready = span_of(s->buffer + start, until - start);
	return (int)step.count;
}
