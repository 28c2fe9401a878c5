// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "bench/measure.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <x86intrin.h>

enum { CLEAR_SPAN = 16 * 1024, CLEAR_ROUNDS = 8, TOGETHER = 256, FINDINGS_EACH = 128 };

// Where a turn is in its text.
struct walk {
	struct span text;
	size_t at;
	struct sample_rows rows;
};

static struct finding findings[SCAN_FINDINGS_MAX];

double measure_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

void measure_need(bool good, const char *why)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", why);
	exit(1);
}

void measure_compile(
	struct subject *subject, const char *name, const struct pattern_lib *lib,
	const uint16_t *ids, size_t n
)
{
	char why[PATTERN_WHY];
	*subject = (struct subject){};
	snprintf(subject->name, sizeof(subject->name), "%s", name);
	measure_need(pattern_set_compile(lib, ids, n, &subject->set, why) == 0, why);
	subject->scratch = scan_scratch_new(subject->set);
	measure_need(subject->scratch != NULL, "no memory");
}

static int on_match(unsigned, unsigned long long, unsigned long long, unsigned, void *context)
{
	((struct subject *)context)->found++;
	return 0;
}

// What a core can do at most: read.
static void read_only(struct subject *s, struct span in)
{
	uint64_t sum = 0, word;
	for (size_t i = 0; in.n - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, in.p + i, sizeof(word));
		sum ^= word;
	}
	__asm__ volatile("" : : "r"(sum));
	(void)s;
}

static void scan_one(struct subject *s, struct span name, struct span in)
{
	bool more;
	if (s->set != NULL) {
		int n = scan_named(
			s->set, s->scratch, name, in, NULL, findings, SCAN_FINDINGS_MAX, &more
		);
		measure_need(n >= 0, "the scan fails");
		s->found += (uint64_t)n;
	} else if (s->db != NULL) {
		hs_error_t result =
			hs_scan(s->db, (const char *)in.p, (unsigned)in.n, 0, s->hs, on_match, s);
		measure_need(result == HS_SUCCESS, "Hyperscan fails");
	} else {
		read_only(s, in);
	}
}

static bool next_span(struct walk *w, size_t span, struct span *name, struct span *in)
{
	if (span == MEASURE_VALUES)
		return sample_rows_next(&w->rows, name, in);
	if (w->text.n - w->at < span)
		return false;
	*name = (struct span){NULL, 0};
	*in = span_of(w->text.p + w->at, span);
	w->at += span;
	return true;
}

// Scan the next values together, as the gateway does. Returns their bytes.
static size_t scan_together(struct figure *f, struct walk *w)
{
	static struct scan_value values[TOGETHER];
	size_t count = 0, n = 0, done = 0;
	while (count < TOGETHER &&
	       sample_rows_next(&w->rows, &values[count].name, &values[count].text))
		n += values[count++].text.n;
	while (done < count) {
		size_t got = scan_values(
			f->subject->set, f->subject->scratch, values + done, count - done, NULL,
			findings, SCAN_FINDINGS_MAX, FINDINGS_EACH
		);
		for (size_t i = done; i < done + got; i++)
			f->subject->found += values[i].found > 0 ? (uint64_t)values[i].found : 0;
		done += got;
	}
	f->spans += count;
	return n;
}

// Out: the bytes of a piece; 0 at the end.
static size_t scan_piece(struct figure *f, struct walk *w)
{
	struct span name, in;
	size_t n = 0, more = 1;
	while (f->span == MEASURE_VALUES && f->subject->set != NULL && n < MEASURE_PIECE && more > 0
	) {
		more = scan_together(f, w);
		n += more;
	}
	if (n > 0)
		return n;
	while (n < MEASURE_PIECE && next_span(w, f->span, &name, &in)) {
		scan_one(f->subject, name, in);
		n += in.n;
		f->spans++;
	}
	return n;
}

static long forced_switches(void)
{
	struct rusage usage;
	return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nivcsw : 0;
}

static void choose_forms(const struct figure *f)
{
	if (f->subject->set != NULL)
		scan_scratch_forms(
			f->subject->scratch, f->forms ? SCAN_FORMS_TEXT : SCAN_FORMS_NONE
		);
}

// How much of a text takes `seconds`. It also wakes the caches.
static size_t part_of(struct figure *f, struct span text, double seconds)
{
	size_t bytes = 0, n;
	struct walk w = {.text = text, .rows = {.text = text}};
	double start = measure_now();
	do {
		n = scan_piece(f, &w);
		bytes += n;
	} while (n > 0 && bytes < 1 << 20 && measure_now() - start < seconds / 4);
	double part = (double)bytes * seconds / (measure_now() - start);
	f->spans = 0;
	return part < (double)text.n ? (size_t)part / MEASURE_PIECE * MEASURE_PIECE + MEASURE_PIECE
				     : text.n;
}

void measure_turn(struct figure *f, struct span text, double seconds)
{
	static double pieces[1 << 17];
	unsigned count = 0;
	size_t bytes = 0, n;
	choose_forms(f);
	if (f->part == 0)
		f->part = part_of(f, text, seconds);
	struct span part = span_first(text, f->part < text.n ? f->part : text.n);
	struct walk w = {.text = part, .rows = {.text = part}};
	long switches = forced_switches();
	f->subject->found = 0;
	double start = measure_now();
	for (uint64_t tick = __rdtsc(); (n = scan_piece(f, &w)) > 0;) {
		uint64_t now = __rdtsc();
		if (count < sizeof(pieces) / sizeof(pieces[0]))
			pieces[count++] = (double)(now - tick) / (double)n;
		tick = now;
		bytes += n;
	}
	measure_need(bytes > 0 && f->turns < MEASURE_TURNS, "no text to measure with");
	f->rates[f->turns] = (double)bytes / (measure_now() - start);
	f->cycles[f->turns++] = measure_median(pieces, count);
	f->switches += forced_switches() - switches;
	f->bytes += bytes;
	f->found += f->subject->found;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double measure_median(double *values, unsigned n)
{
	qsort(values, n, sizeof(values[0]), by_value);
	return values[n / 2];
}

void measure_end(struct figure *f)
{
	f->rate = measure_median(f->rates, f->turns);
	f->least = f->rates[0];
	f->most = f->rates[f->turns - 1];
	f->cycle = measure_median(f->cycles, f->turns);
}

static bool is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

// Letters and digits become points, again until nothing is found: what is left may be something,
// too. Returns how many findings there were.
static uint64_t clear_one(struct subject *s, struct span name, uint8_t *p, size_t n)
{
	uint64_t found = 0;
	bool more;
	for (int round = 0, count = 1; round < CLEAR_ROUNDS && count > 0; round++) {
		count = scan_named(
			s->set, s->scratch, name, span_of(p, n), NULL, findings, SCAN_FINDINGS_MAX,
			&more
		);
		measure_need(count >= 0, "the scan fails");
		found += (uint64_t)count;
		for (int i = 0; i < count; i++)
			for (uint32_t at = findings[i].start; at < findings[i].end; at++)
				if (is_alnum(p[at]))
					p[at] = '.';
	}
	return found;
}

uint64_t measure_clear(struct subject *s, enum sample_kind kind, uint8_t *text, size_t n)
{
	struct sample_rows rows = {.text = span_of(text, n)};
	struct span name = {NULL, 0}, value;
	uint64_t found = 0;
	scan_scratch_forms(s->scratch, SCAN_FORMS_TEXT);
	if (kind == SAMPLE_ROWS) {
		while (sample_rows_next(&rows, &name, &value))
			found += clear_one(s, name, text + (value.p - text), value.n);
		return found;
	}
	for (size_t at = 0; at < n; at += CLEAR_SPAN)
		found += clear_one(s, name, text + at, n - at < CLEAR_SPAN ? n - at : CLEAR_SPAN);
	return found;
}

static double found_per_kb(const struct figure *f)
{
	return (double)f->found * 1024 / (double)f->bytes;
}

void measure_head(FILE *out)
{
	fprintf(out, "%-8s %-16s %-8s %6s %4s %7s %8s %17s %7s %9s %9s %6s\n", "section", "subject",
		"data", "span", "/KB", "encoded", "GB/s", "(least to most)", "cyc/B", "ns/span",
		"found/KB", "forced");
}

void measure_row(FILE *out, const struct figure *f)
{
	char span[16], spread[32];
	snprintf(span, sizeof(span), f->span == MEASURE_VALUES ? "value" : "%zu", f->span);
	snprintf(spread, sizeof(spread), "(%.3f to %.3f)", f->least / 1e9, f->most / 1e9);
	fprintf(out, "%-8s %-16s %-8s %6s %4u %7s %8.3f %17s %7.2f %9.0f %9.4f %6ld\n", f->section,
		f->subject->name, f->data, span, f->per_kb, f->forms ? "yes" : "no", f->rate / 1e9,
		spread, f->cycle, (double)f->bytes / (double)f->spans / f->rate * 1e9,
		found_per_kb(f), f->switches);
	fflush(out);
}

void measure_json(FILE *out, const struct figure *f)
{
	fprintf(out,
		"{\"section\": \"%s\", \"subject\": \"%s\", \"data\": \"%s\", \"span\": %zu, "
		"\"per_kb\": %u, \"encoded\": %s, \"rules\": %u, \"bytes_per_second\": %.0f, "
		"\"least\": %.0f, \"most\": %.0f, \"cycles_per_byte\": %.3f, \"turns\": %u, "
		"\"bytes\": %llu, \"spans\": %llu, \"found\": %llu, \"forced_switches\": %ld}",
		f->section, f->subject->name, f->data, f->span, f->per_kb,
		f->forms ? "true" : "false", f->rules, f->rate, f->least, f->most, f->cycle,
		f->turns, (unsigned long long)f->bytes, (unsigned long long)f->spans,
		(unsigned long long)f->found, f->switches);
}
