// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/patterns_measure.h"

#include "app/bulkheadctl/progress.h"

#include <errno.h>
#include <time.h>

enum measure_limit {
	TEXT_SIZE = 2 << 20,   // bytes of each kind
	TEXT_ALONE = 64 << 10, // of them for one pattern alone
	SPAN = 16 << 10,
	SPAN_SMALL = 256,
	FINDING_EVERY = 1024,
	TURNS_MAX = 64,
	TURNS_ALONE = 3,
	PART_MS = 150,
	REPORTS_MS = 1000,
	ALONE_MS = 3000,
	AGAIN_MS = 2000,
	AGAIN = 40, // patterns
};

const struct measure_part measure_parts[MEASURE_PARTS] = {
	{"SPANS OF 16 KB", SPAN, false},
	{"OF 256 B", SPAN_SMALL, false},
	{"ONE FINDING A KB", SPAN, true},
};

struct texts {
	uint8_t *clean[SAMPLE_KINDS], *mixed[SAMPLE_KINDS];
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t in_ms(uint64_t ms)
{
	return clock_ns(CLOCK_MONOTONIC) + ms * 1000000;
}

static bool is_past(uint64_t deadline)
{
	return clock_ns(CLOCK_MONOTONIC) >= deadline;
}

// Scan `text` once, or as much of it as there is time for, in spans of `span` bytes, which divides
// SPAN. Out: *speed. Returns an exit status.
static int scan_once(
	const struct pattern_scanner *s, struct span text, uint32_t span, uint64_t deadline,
	struct measure_speed *speed
)
{
	static struct finding found[SCAN_FINDINGS_MAX];
	size_t at = 0;
	bool more;

	speed->found = 0;
	uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	while (at < text.n && (at % SPAN != 0 || at == 0 || !is_past(deadline))) {
		int n =
			scan(s->set, s->scratch, span_of(text.p + at, span), NULL, found,
			     SCAN_FINDINGS_MAX, &more);
		if (n < 0)
			return fail(EXIT_FAILED, "cannot scan: %s", err_text(n));
		speed->found += (uint64_t)n;
		at += span;
	}
	uint64_t took = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
	speed->rate = (double)at * 1e9 / (double)(took == 0 ? 1 : took);
	return EXIT_OK;
}

static int by_rate(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

// The median of as many turns as there is time for.
static int measure(
	const struct pattern_scanner *s, struct span text, uint32_t span, struct measure_speed *out
)
{
	double rates[TURNS_MAX];
	size_t turns = 0;

	uint64_t deadline = in_ms(PART_MS);
	int ret = scan_once(s, text, span, deadline, out); // warms the caches
	do {
		struct measure_speed speed;
		if (ret == EXIT_OK)
			ret = scan_once(s, text, span, deadline, &speed);
		if (ret != EXIT_OK)
			return ret;
		rates[turns++] = speed.rate;
	} while (turns < TURNS_MAX && !is_past(deadline));
	qsort(rates, turns, sizeof(rates[0]), by_rate);
	out->rate = rates[turns / 2];
	return EXIT_OK;
}

static int measure_together(struct measured *m, const struct texts *texts)
{
	struct pattern_scanner s;

	progress_show("compiling %zu patterns", m->n);
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	int ret = pattern_scanner_init(&s, m->lib, m->ids, m->n);
	m->compile_ms = (double)(clock_ns(CLOCK_MONOTONIC) - start) / 1e6;
	if (ret == EXIT_OK)
		m->size = pattern_set_size(s.set);
	for (int kind = 0; kind < SAMPLE_KINDS; kind++) {
		for (size_t i = 0; i < MEASURE_PARTS && ret == EXIT_OK; i++) {
			const struct measure_part *part = &measure_parts[i];
			const uint8_t *text =
				part->findings ? texts->mixed[kind] : texts->clean[kind];
			progress_show("all together: %s", sample_kind_name(kind));
			ret =
				measure(&s, span_of(text, TEXT_SIZE), part->span,
					&m->speeds[kind][i]);
		}
	}
	pattern_scanner_fini(&s);
	return ret;
}

// ---- each alone

static int make_units(struct measured *m)
{
	m->units = calloc(m->n, sizeof(m->units[0]));
	if (m->units == NULL)
		return fail(EXIT_FAILED, "%s", err_text(-ENOMEM));
	for (size_t i = 0; i < m->n; i++) {
		const char *name = pattern_lib_info(m->lib, m->ids[i])->name;
		struct measure_unit *last = m->n_units == 0 ? NULL : &m->units[m->n_units - 1];
		if (last != NULL && pattern_lib_info(m->lib, last->ids[0])->name == name)
			last->n++;
		else
			m->units[m->n_units++] = (struct measure_unit
			){.ids = &m->ids[i], .n = 1, .own = m->ids[i] >= m->own};
	}
	return EXIT_OK;
}

static int by_report(const void *left, const void *right)
{
	const struct measure_unit *a = left, *b = right;

	if (a->own != b->own)
		return a->own ? -1 : 1;
	if (a->report.cost != b->report.cost)
		return a->report.cost > b->report.cost ? -1 : 1;
	return a->ids < b->ids ? -1 : a->ids > b->ids;
}

static int by_cost(const void *left, const void *right)
{
	const struct measure_unit *a = left, *b = right;

	if (a->ns_per_kb != b->ns_per_kb)
		return a->ns_per_kb > b->ns_per_kb ? -1 : 1;
	return a->ids < b->ids ? -1 : a->ids > b->ids;
}

static int report_unit(const struct measured *m, struct measure_unit *unit)
{
	int ret = unit->reported ? EXIT_OK : patterns_report(m->lib, unit->ids[0], &unit->report);

	unit->reported = ret == EXIT_OK;
	return ret;
}

// One turn over each kind of text; what was best so far stays.
static int turn_alone(
	const struct pattern_scanner *s, const struct texts *texts, uint64_t deadline,
	struct measure_speed best[static SAMPLE_KINDS]
)
{
	struct measure_speed speed;

	for (int kind = 0; kind < SAMPLE_KINDS; kind++) {
		struct span text = span_of(texts->clean[kind], TEXT_ALONE);
		int ret = scan_once(s, text, SPAN, deadline, &speed);
		if (ret != EXIT_OK)
			return ret;
		if (speed.rate > best[kind].rate)
			best[kind] = speed;
	}
	return EXIT_OK;
}

// The best turn, of those before too: whatever else the machine does only makes it look costlier.
static int measure_alone(
	const struct measured *m, const struct texts *texts, struct measure_unit *unit,
	uint64_t deadline
)
{
	struct pattern_scanner s;
	int ret = report_unit(m, unit);

	if (ret != EXIT_OK)
		return ret;
	ret = pattern_scanner_init(&s, m->lib, unit->ids, unit->n);
	for (unsigned turn = 0; turn < TURNS_ALONE && ret == EXIT_OK; turn++)
		ret = turn_alone(&s, texts, deadline, unit->best);
	unit->ns_per_kb = 0;
	for (int kind = 0; kind < SAMPLE_KINDS && ret == EXIT_OK; kind++)
		unit->ns_per_kb += 1024e9 / unit->best[kind].rate / SAMPLE_KINDS;
	pattern_scanner_fini(&s);
	return ret;
}

// Those that should cost most come first: when there are too many, the rest is left out.
static int measure_each(struct measured *m, const struct texts *texts)
{
	int ret = EXIT_OK;

	uint64_t deadline = in_ms(REPORTS_MS);
	for (size_t i = 0; i < m->n_units && ret == EXIT_OK && !is_past(deadline); i++)
		ret = report_unit(m, &m->units[i]);
	qsort(m->units, m->n_units, sizeof(m->units[0]), by_report);
	deadline = in_ms(ALONE_MS);
	while (m->n_alone < m->n_units && ret == EXIT_OK && !is_past(deadline)) {
		progress_show("each alone: %zu of %zu", m->n_alone, m->n_units);
		ret = measure_alone(m, texts, &m->units[m->n_alone++], deadline);
	}
	qsort(m->units, m->n_alone, sizeof(m->units[0]), by_cost);
	return ret;
}

// Some are among the costliest by chance only: these leave when they are measured again.
static int measure_costliest(struct measured *m, const struct texts *texts)
{
	size_t n = m->n_alone < AGAIN ? m->n_alone : AGAIN;
	int ret = EXIT_OK;

	uint64_t deadline = in_ms(AGAIN_MS);
	while (ret == EXIT_OK && !is_past(deadline)) {
		for (size_t i = 0; i < n && ret == EXIT_OK && !is_past(deadline); i++) {
			progress_show("the costliest again");
			ret = measure_alone(m, texts, &m->units[i], deadline);
		}
		qsort(m->units, m->n_alone, sizeof(m->units[0]), by_cost);
	}
	return ret;
}

static int texts_init(struct texts *texts)
{
	*texts = (struct texts){0};
	for (int kind = 0; kind < SAMPLE_KINDS; kind++) {
		texts->clean[kind] = malloc(TEXT_SIZE);
		texts->mixed[kind] = malloc(TEXT_SIZE);
		if (texts->clean[kind] == NULL || texts->mixed[kind] == NULL)
			return fail(EXIT_FAILED, "%s", err_text(-ENOMEM));
		sample_fill(kind, 1, 0, texts->clean[kind], TEXT_SIZE);
		sample_fill(kind, 1, FINDING_EVERY, texts->mixed[kind], TEXT_SIZE);
	}
	return EXIT_OK;
}

static void texts_fini(struct texts *texts)
{
	for (int kind = 0; kind < SAMPLE_KINDS; kind++) {
		free(texts->clean[kind]);
		free(texts->mixed[kind]);
	}
}

int measure_patterns(struct measured *m)
{
	struct texts texts;
	int ret = texts_init(&texts);

	if (ret == EXIT_OK)
		ret = measure_together(m, &texts);
	if (ret == EXIT_OK)
		ret = make_units(m);
	if (ret == EXIT_OK)
		ret = measure_each(m, &texts);
	if (ret == EXIT_OK)
		ret = measure_costliest(m, &texts);
	texts_fini(&texts);
	progress_end();
	return ret;
}

void measured_fini(struct measured *m)
{
	free(m->units);
	m->units = NULL;
}
