// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/decode.h"

#include "patterns/decoded.h"
#include "patterns/finder.h"
#include "patterns/scanner.h"

#include <stdlib.h>

enum {
	WINDOW_LEAST = 8 * 1024,
	LEFT = DEFINITION_BEFORE_MAX + PATTERN_CONTEXT_BEFORE + 4, // of a match, and boundaries
	RIGHT = PATTERN_CONTEXT_AFTER + 4,
};

struct decode {
	struct decode_ranges ranges;
	struct finder_code code;
	struct decoded windows[DECODE_DEPTH];
	// This scan.
	struct scan_scratch *scratch;
	struct match_list *matches;
	uint32_t forms;
	size_t budget;
};

// A text in which encoded text is looked for, and what has been done of it.
struct look {
	struct decode *decode;
	unsigned level;    // how often it has been decoded itself
	bool ignores_plus; // a '+' in it has been read both ways
	struct span text;
	size_t from, to;              // where matches may begin
	size_t done[SCAN_FORM_COUNT]; // up to where each form has been followed
};

struct decode_ranges decode_ranges(const struct pattern_set *set)
{
	struct decode_ranges out = {0};
	size_t width = 0;
	for (size_t i = 0; i < set->count; i++) {
		if (set->entries[i].width > width)
			width = set->entries[i].width;
	}
	for (unsigned level = DECODE_DEPTH + 1; level-- > 0;) {
		struct decode_range *range = &out.level[level];
		range->left = LEFT;
		range->reach = width + RIGHT;
		if (level == DECODE_DEPTH)
			continue;
		size_t reach = out.level[level + 1].reach * UNIT_GROWTH;
		range->left = (out.level[level + 1].left + DECODED_LEAP) * UNIT_GROWTH;
		if (reach > DECODE_REACH)
			reach = DECODE_REACH;
		if (reach > range->reach)
			range->reach = reach;
	}
	return out;
}

struct decode *decode_new(const struct pattern_set *set)
{
	struct decode *d = calloc(1, sizeof(*d));
	if (d == NULL)
		return NULL;
	d->ranges = decode_ranges(set);
	d->code = finder_code(kernel_level_choose());
	for (unsigned i = 0; i < DECODE_DEPTH; i++) {
		const struct decode_range *range = &d->ranges.level[i + 1];
		if (decoded_init(&d->windows[i], 4 * (range->left + range->reach) + WINDOW_LEAST) !=
		    0) {
			decode_free(d);
			return NULL;
		}
	}
	return d;
}

void decode_free(struct decode *d)
{
	if (d == NULL)
		return;
	for (unsigned i = 0; i < DECODE_DEPTH; i++)
		decoded_fini(&d->windows[i]);
	free(d);
}

struct decode_range decode_plain_range(const struct decode *d)
{
	return d->ranges.level[DECODE_DEPTH];
}

static int look_for(struct look *look);

static bool is_escaped(enum scan_form form)
{
	return form == SCAN_URL || form == SCAN_URL_PLUS || form == SCAN_JSON;
}

// Does a match of decoded text need the decoding? In URL and JSON text it does when it is encoded
// further, or an escape stands where it decides about the match; otherwise it is found without.
static bool counts(const struct decoded *d, const struct finding *f)
{
	if (!is_escaped(d->form))
		return f->end - f->start >= DECODE_MIN;
	if (f->form != SCAN_PLAIN)
		return true;
	size_t start = f->start > LEFT ? f->start - LEFT : 0;
	size_t end = d->n - f->end > RIGHT ? f->end + RIGHT : d->n;
	if (d->form == SCAN_URL_PLUS && memchr(d->text + start, ' ', end - start) != NULL)
		return true;
	return decoded_map_end(d, end) - decoded_map_start(d, start) != end - start;
}

// A value beside an escape may hold none: it stands as it is.
static enum scan_form form_of(const struct decoded *d, const struct finding *f)
{
	size_t n = f->end - f->start;
	if (is_escaped(d->form) && f->form == SCAN_PLAIN &&
	    decoded_map_end(d, f->end) - decoded_map_start(d, f->start) == n &&
	    (d->form != SCAN_URL_PLUS || memchr(d->text + f->start, ' ', n) == NULL))
		return SCAN_PLAIN;
	return d->form == SCAN_URL_PLUS ? SCAN_URL : d->form;
}

// Take what was found in the window, from matches[first] on, to the text it was decoded from.
static void map_back(struct look *look, const struct decoded *d, size_t first)
{
	struct match_list *matches = look->decode->matches;
	size_t kept = first;
	for (size_t i = first; i < matches->count; i++) {
		struct finding f = matches->list[i];
		if (!counts(d, &f))
			continue;
		f.form = (uint8_t)form_of(d, &f);
		f.start = (uint32_t)decoded_map_start(d, f.start);
		f.end = (uint32_t)decoded_map_end(d, f.end);
		if (f.start >= look->from && f.start < look->to &&
		    f.end - f.start <= look->decode->ranges.level[look->level].reach)
			matches->list[kept++] = f;
	}
	matches->count = kept;
}

// Scan `text` for matches that begin in [from, to).
static int scan_window(
	struct look *outer, const struct decoded *d, struct span text, size_t from, size_t to
)
{
	struct decode *decode = outer->decode;
	unsigned level = outer->level + 1;
	struct match_list *matches = decode->matches;
	size_t first = matches->count, kept = first;
	int result = scanner_find(decode->scratch, text);
	for (size_t i = first; i < matches->count; i++) {
		if (matches->list[i].start >= from && matches->list[i].start < to)
			matches->list[kept++] = matches->list[i];
	}
	matches->count = kept;
	if (result != 0 || level == DECODE_DEPTH || matches->overflow)
		return result;
	struct look inner = {
		.decode = decode,
		.level = level,
		.ignores_plus = d->form == SCAN_URL && !d->coded_plus,
		.text = text,
		.from = from,
		.to = to,
	};
	return look_for(&inner);
}

static int scan_decoded(struct look *look, struct decoded *d, size_t from, size_t to)
{
	struct match_list *matches = look->decode->matches;
	size_t first = matches->count, skip = d->skip;
	if (look->decode->budget < d->n) {
		matches->overflow = true;
		return 0;
	}
	look->decode->budget -= d->n;
	int result = scan_window(
		look, d, span_of(d->text + skip, d->n - skip), from > skip ? from - skip : 0,
		to > skip ? to - skip : 0
	);
	for (size_t i = first; i < matches->count; i++) {
		matches->list[i].start += (uint32_t)skip;
		matches->list[i].end += (uint32_t)skip;
	}
	map_back(look, d, first);
	return result;
}

// Decode and scan from `start` to the text's end, in windows that overlap by what one match may
// depend on. Returns where it ended, or -EIO.
static int64_t follow(struct look *look, struct decoded *d, size_t start)
{
	const struct decode_range *range = &look->decode->ranges.level[look->level + 1];
	size_t from = 0;
	for (;;) {
		decoded_fill(d, start, look->decode->ranges.level[look->level].reach);
		if (from == 0 && !is_escaped(d->form) && !decoded_is_text(d))
			return (int64_t)start;
		size_t to = d->ended ? d->n : d->n - range->reach;
		// Without an escape it is what was scanned before.
		int result =
			!is_escaped(d->form) || d->escaped ? scan_decoded(look, d, from, to) : 0;
		if (result != 0)
			return result;
		if (d->ended || look->decode->matches->overflow)
			return (int64_t)d->end;
		size_t at;
		start = decoded_map_unit(d, to - range->left, &at);
		from = to - at;
		d->skip = 0;
		d->resumed = true;
	}
}

static struct decoded *window_of(struct look *look, enum scan_form form)
{
	struct decoded *d = &look->decode->windows[look->level];
	d->form = form;
	d->from = look->text;
	d->skip = 0;
	d->plus = d->coded_plus = false;
	d->resumed = false;
	d->nul = (look->decode->forms & (1u << SCAN_UTF16LE | 1u << SCAN_UTF16BE)) != 0;
	return d;
}

// The text around an escape. A '+' in URL text is itself or a space: both are read.
static int follow_escape(struct look *look, enum scan_form form, size_t at)
{
	const struct decode_range *range = &look->decode->ranges.level[look->level];
	struct decoded *d = window_of(look, form);
	size_t start = decoded_escape_start(form, look->text, at, range->left + range->reach);
	d->sure = at;
	int64_t end = follow(look, d, start);
	if (end >= 0 && d->plus && form == SCAN_URL) {
		d = window_of(look, SCAN_URL_PLUS);
		d->sure = at;
		end = follow(look, d, start);
	}
	if (end < 0)
		return (int)end;
	look->done[form] = (size_t)end > at ? (size_t)end : at + 1;
	return 0;
}

static int follow_run(struct look *look, enum scan_form form, size_t start, size_t end)
{
	struct decoded *d = window_of(look, form);
	if (!decoded_is_sure(d, start))
		return 0;
	d->sure = end;
	int64_t done = follow(look, d, decoded_run_start(d, start));
	if (done < 0)
		return (int)done;
	if ((size_t)done > look->done[form])
		look->done[form] = (size_t)done;
	return 0;
}

static bool wants(const struct look *look, enum scan_form form)
{
	return (look->decode->forms & 1u << form) != 0;
}

static bool is_escape_at(const struct look *look, enum scan_form form, size_t at)
{
	if (look->text.p[at] == '+')
		return !look->ignores_plus;
	return unit_is_escape(form, look->text, at);
}

// The bits of `bits`, of the block at `base`, from `done` on.
static uint64_t rest_of(uint64_t bits, size_t base, size_t done)
{
	if (done <= base)
		return bits;
	return done - base < 64 ? bits >> (done - base) << (done - base) : 0;
}

static int look_at_escapes(struct look *look, enum scan_form form, size_t base, uint64_t bits)
{
	int result = 0;
	if (!wants(look, form))
		return 0;
	for (;; bits &= bits - 1) {
		bits = rest_of(bits, base, look->done[form]);
		if (bits == 0 || result != 0)
			return result;
		size_t at = base + (size_t)__builtin_ctzll(bits);
		if (is_escape_at(look, form, at))
			result = follow_escape(look, form, at);
	}
}

static int look_at_runs(
	struct look *look, enum scan_form form, size_t size, size_t base, uint64_t ends
)
{
	int result = 0;
	if (!wants(look, form))
		return 0;
	for (;;) {
		ends = rest_of(ends, base, look->done[form] + size - 1);
		if (ends == 0 || result != 0)
			return result;
		size_t end = base + (size_t)__builtin_ctzll(ends) + 1;
		result = follow_run(look, form, end - size, end);
		ends &= ends - 1;
	}
}

static int look_at_block(struct look *look, const struct finder_block *block)
{
	int result = look_at_escapes(look, SCAN_URL, block->at, block->url);
	if (result == 0)
		result = look_at_escapes(look, SCAN_JSON, block->at, block->json);
	if (result == 0)
		result = look_at_runs(look, SCAN_BASE64, FINDER_BASE64, block->at, block->base64);
	if (result == 0)
		result = look_at_runs(look, SCAN_HEX, FINDER_HEX, block->at, block->hex);
	if (result == 0)
		result = look_at_runs(look, SCAN_UTF16LE, FINDER_UTF16, block->at, block->utf16[0]);
	if (result == 0)
		result = look_at_runs(look, SCAN_UTF16BE, FINDER_UTF16, block->at, block->utf16[1]);
	return result;
}

static int look_for(struct look *look)
{
	struct finder finder;
	struct finder_block block;
	size_t reach = look->decode->ranges.level[look->level].reach;
	struct span text = look->text;
	int result = 0;
	// An escape or a run that begins farther on changes nothing before `to`.
	if (text.n > look->to && text.n - look->to > reach + DECODED_LEAP)
		text.n = look->to + reach + DECODED_LEAP;
	finder_init(
		&finder, &look->decode->code, text,
		wants(look, SCAN_UTF16LE) || wants(look, SCAN_UTF16BE)
	);
	while (result == 0 && !look->decode->matches->overflow &&
	       look->decode->code.find(&finder, &block)) {
		result = look_at_block(look, &block);
		finder.json_from = look->done[SCAN_JSON];
	}
	return result;
}

int decode_scan(
	struct decode *d, struct scan_scratch *scratch, uint32_t forms, struct span text,
	size_t from, size_t to
)
{
	struct look look = {.decode = d, .text = text, .from = from, .to = to};
	d->scratch = scratch;
	d->matches = scanner_matches(scratch);
	d->forms = forms;
	d->budget = text.n < SIZE_MAX / DECODE_BUDGET - DECODE_BUDGET_LEAST
			    ? text.n * DECODE_BUDGET + DECODE_BUDGET_LEAST
			    : SIZE_MAX;
	return look_for(&look);
}
