// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/decode.h"

#include "patterns/finder.h"
#include "patterns/scanner.h"
#include "patterns/windows.h"

#include <stdlib.h>

enum {
	WINDOW_LEAST = 8 * 1024,
	LEFT = DEFINITION_BEFORE_MAX + PATTERN_CONTEXT_BEFORE + 4, // of a match, and boundaries
	RIGHT = PATTERN_CONTEXT_AFTER + 4,
};

struct decode {
	struct decode_ranges ranges;
	struct finder_code code;
	struct windows windows[DECODE_DEPTH];
	// This scan.
	struct scan_scratch *scratch;
	struct match_list *matches;
	uint32_t forms;
	size_t budget;
};

// A text in which encoded text is looked for, and what has been done of it.
struct look {
	struct decode *decode;
	unsigned level; // how often it has been decoded itself
	struct span text;
	const struct windows *windows; // that it lies in; NULL: none
	size_t from, to;               // where matches may begin
	size_t done[SCAN_FORM_COUNT];  // up to where each form has been followed
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
		if (windows_init(&d->windows[i], 4 * (range->left + range->reach) + WINDOW_LEAST) !=
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
		windows_fini(&d->windows[i]);
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

// The window that holds byte `at` of the text they make.
static const struct window *window_at(const struct windows *w, size_t at)
{
	return &w->list[piece_at((struct scan_pieces){w->pieces, w->count}, at)];
}

// Take the match, in the windows' text, to the text they were decoded from. Returns whether it is
// one.
static bool map_back(const struct look *look, struct finding *f)
{
	const struct windows *w = &look->decode->windows[look->level];
	const struct window *window = window_at(w, f->start);
	const struct decoded *d = &window->decoded;
	uint32_t before = (uint32_t)(d->text - w->text);
	f->start -= before;
	f->end -= before;
	if (f->start < window->from || f->start >= window->to || !counts(d, f))
		return false;
	f->form = (uint8_t)form_of(d, f);
	f->start = (uint32_t)decoded_map_start(d, f->start);
	f->end = (uint32_t)decoded_map_end(d, f->end);
	return f->start >= look->from && f->start < look->to &&
	       f->end - f->start <= look->decode->ranges.level[look->level].reach;
}

// Look for more that is encoded in what has been decoded.
static int look_inside(struct look *look, struct span text)
{
	const struct windows *w = &look->decode->windows[look->level];
	struct look inner = {
		.decode = look->decode,
		.level = look->level + 1,
		.text = text,
		.windows = w,
		.to = text.n,
	};
	if (w->count == 1) {
		inner.from = w->list[0].from;
		inner.to = w->list[0].to;
	}
	return look_for(&inner);
}

// Scan the windows that are kept, and clear them.
static int scan_windows(struct look *look)
{
	struct decode *decode = look->decode;
	struct windows *w = &decode->windows[look->level];
	struct match_list *matches = decode->matches;
	size_t first = matches->count, kept = first;
	if (w->count == 0)
		return 0;
	struct span text = span_of(w->text, w->pieces[w->count - 1].end);
	int result = scanner_find(decode->scratch, text, (struct scan_pieces){w->pieces, w->count});
	if (result == 0 && look->level + 1 < DECODE_DEPTH && !matches->overflow)
		result = look_inside(look, text);
	for (size_t i = first; i < matches->count; i++) {
		matches->list[kept] = matches->list[i];
		kept += map_back(look, &matches->list[kept]);
	}
	matches->count = kept;
	windows_clear(w);
	return result;
}

// Where NUL is text, nothing parts one window from another.
static bool is_alone(const struct look *look)
{
	return (look->decode->forms & SCAN_FORMS_UTF16) != 0;
}

// The window is to be scanned.
static int keep(struct look *look, const struct decoded *d, size_t from, size_t to)
{
	struct windows *w = &look->decode->windows[look->level];
	if (look->decode->budget < d->n) {
		look->decode->matches->overflow = true;
		return 0;
	}
	look->decode->budget -= d->n;
	if (d->n > d->skip)
		windows_keep(w, d, from, to);
	return !d->ended || is_alone(look) || windows_are_full(w) ? scan_windows(look) : 0;
}

// Decode from `start` on, as far as a window goes: with what others leave of it if that will do.
static int fill(struct look *look, struct decoded *d, size_t start)
{
	struct windows *w = &look->decode->windows[look->level];
	size_t reach = look->decode->ranges.level[look->level].reach;
	const struct decoded before = *d;
	windows_open(w, d);
	decoded_fill(d, start, reach);
	if (d->ended || w->count == 0)
		return 0;
	int result = scan_windows(look);
	*d = before;
	windows_open(w, d);
	decoded_fill(d, start, reach);
	return result;
}

// Decode and scan from `start` to the text's end, in windows that overlap by what one match may
// depend on. Returns where it ended, or -EIO.
static int64_t follow(struct look *look, struct decoded *d, size_t start)
{
	const struct decode_range *range = &look->decode->ranges.level[look->level + 1];
	size_t from = 0;
	for (;;) {
		int result = fill(look, d, start);
		if (from == 0 && !is_escaped(d->form) && !decoded_is_text(d))
			return result == 0 ? (int64_t)start : result;
		size_t to = d->ended ? d->n : d->n - range->reach;
		// Without an escape it is what was scanned before.
		if (result == 0 && (!is_escaped(d->form) || d->escaped))
			result = keep(look, d, from, to);
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

static struct decoded window_of(const struct look *look, enum scan_form form, size_t sure)
{
	return (struct decoded){
		.form = form,
		.from = look->text,
		.sure = sure,
		.nul = (look->decode->forms & SCAN_FORMS_UTF16) != 0,
	};
}

// The text around an escape. A '+' in URL text is itself or a space: both are read.
static int follow_escape(struct look *look, enum scan_form form, size_t at)
{
	const struct decode_range *range = &look->decode->ranges.level[look->level];
	struct decoded d = window_of(look, form, at);
	size_t start = decoded_escape_start(form, look->text, at, range->left + range->reach);
	int64_t end = follow(look, &d, start);
	if (end >= 0 && d.plus && form == SCAN_URL) {
		d = window_of(look, SCAN_URL_PLUS, at);
		end = follow(look, &d, start);
	}
	if (end < 0)
		return (int)end;
	look->done[form] = (size_t)end > at ? (size_t)end : at + 1;
	return 0;
}

static int follow_run(struct look *look, enum scan_form form, size_t start, size_t end)
{
	struct decoded d = window_of(look, form, end);
	if (!decoded_is_sure(&d, start))
		return 0;
	size_t from = decoded_run_start(&d, start);
	int64_t done = follow(look, &d, from);
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
	if (look->text.p[at] == '+' && look->windows != NULL) {
		const struct decoded *d = &window_at(look->windows, at)->decoded;
		return d->form != SCAN_URL || d->coded_plus; // or it has been read both ways
	}
	if (look->text.p[at] == '+')
		return true;
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
	windows_clear(&look->decode->windows[look->level]);
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
	return result == 0 && !look->decode->matches->overflow ? scan_windows(look) : result;
}

int decode_scan(
	struct decode *d, struct scan_scratch *scratch, uint32_t forms, struct span text,
	size_t from, size_t to, size_t budget
)
{
	struct look look = {.decode = d, .text = text, .from = from, .to = to};
	d->scratch = scratch;
	d->matches = scanner_matches(scratch);
	d->forms = forms;
	d->budget = budget;
	return look_for(&look);
}
