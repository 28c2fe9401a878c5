// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Bytes a second that one core scans with all entities of the library: kinds of text, sizes of
// spans, with and without findings, and hostile text; against one Hyperscan database of the same
// expressions with start of match, or without where that does not compile; and what custom rules
// add. Medians of several runs, in turns, so that a busy machine slows all alike.
// Usage: bench_patterns_scan [--json] [--megabytes N] [--runs N] [--rules N] DIR

#include "patterns/library.h"
#include "patterns/sample.h"
#include "patterns/set.h"

#include <hs.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { RUNS_MAX = 25, RULES_STEPS = 4 };

struct options {
	bool json;
	size_t size; // bytes of text
	unsigned runs;
	unsigned rules; // most custom rules
	const char *dir;
};

static struct options options = {.size = 64 << 20, .runs = 5, .rules = 10000};
static uint8_t *text;
static bool first_result = true;

static double now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

static void need(bool good, const char *why)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", why);
	exit(1);
}

// Something that scans.
struct subject {
	const struct pattern_set *set; // or
	const hs_database_t *db;
	struct scan_scratch *scratch;
	hs_scratch_t *hs;
	uint64_t found;
};

static int on_match(unsigned, unsigned long long, unsigned long long, unsigned, void *context)
{
	((struct subject *)context)->found++;
	return 0;
}

static void scan_one(struct subject *s, struct span in)
{
	static struct finding findings[SCAN_FINDINGS_MAX];
	bool more;
	if (s->set == NULL) {
		hs_error_t result =
			hs_scan(s->db, (const char *)in.p, (unsigned)in.n, 0, s->hs, on_match, s);
		need(result == HS_SUCCESS, "Hyperscan fails");
		return;
	}
	int n = scan(s->set, s->scratch, in, NULL, findings, SCAN_FINDINGS_MAX, &more);
	need(n >= 0, "the scan fails");
	s->found += (uint64_t)n;
}

// Bytes a second over the first `size` bytes of the text.
static double run(struct subject *s, size_t size, size_t span)
{
	s->found = 0;
	double start = now();
	for (size_t at = 0; at + span <= size; at += span)
		scan_one(s, span_of(text + at, span));
	return (double)size / (now() - start);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, unsigned n)
{
	qsort(values, n, sizeof(values[0]), by_value);
	return values[n / 2];
}

static void report(
	const char *what, const char *data, size_t span, double rate, double least, double most,
	uint64_t found
)
{
	if (options.json)
		printf("%s\n  {\"what\": \"%s\", \"data\": \"%s\", \"span\": %zu, \"bytes_per_second\": %.0f, \"least\": %.0f, \"most\": %.0f, \"found\": %llu}",
		       first_result ? "" : ",", what, data, span, rate, least, most,
		       (unsigned long long)found);
	else
		printf("%-22s %-10s %6zu B %9.3f GB/s (%.3f to %.3f) %9.1f ns, %llu found\n", what,
		       data, span, rate / 1e9, least / 1e9, most / 1e9, (double)span / rate * 1e9,
		       (unsigned long long)found);
	first_result = false;
	fflush(stdout);
}

static double measure(
	struct subject *s, const char *what, const char *data, size_t size, size_t span
)
{
	double rates[RUNS_MAX];
	(void)run(s, size < (1 << 20) ? size : 1 << 20, span);
	for (unsigned i = 0; i < options.runs; i++)
		rates[i] = run(s, size, span);
	double rate = median(rates, options.runs);
	report(what, data, span, rate, rates[0], rates[options.runs - 1], s->found);
	return rate;
}

static struct pattern_lib *load(const char *const *dirs, size_t n)
{
	struct pattern_lib *lib = NULL;
	char why[PATTERN_WHY];
	need(pattern_lib_load(dirs, n, &lib, why) == 0, why);
	return lib;
}

static size_t entities(const struct pattern_lib *lib, uint16_t ids[static PATTERN_MAX])
{
	size_t n = 0;
	for (uint16_t id = 0; id < pattern_lib_count(lib); id++) {
		if (pattern_lib_info(lib, id)->kind == PATTERN_ENTITY)
			ids[n++] = id;
	}
	return n;
}

static struct subject compiled(const struct pattern_lib *lib, const uint16_t *ids, size_t n)
{
	struct pattern_set *set = NULL;
	char why[PATTERN_WHY];
	need(pattern_set_compile(lib, ids, n, &set, why) == 0, why);
	struct subject s = {.set = set, .scratch = scan_scratch_new(set)};
	need(s.scratch != NULL, "no memory");
	return s;
}

static void release(struct subject *s)
{
	scan_scratch_free(s->scratch);
	pattern_set_free((struct pattern_set *)(uintptr_t)s->set);
}

// All expressions in one database, as one would at first. Out: *som, with start of match?
static struct subject naive(const struct pattern_lib *lib, const uint16_t *ids, size_t n, bool *som)
{
	static char *texts[PATTERN_MAX];
	static unsigned flags[PATTERN_MAX], numbers[PATTERN_MAX];
	hs_compile_error_t *error = NULL;
	hs_database_t *db = NULL;
	struct subject s = {};
	for (*som = true;; *som = false) {
		for (size_t i = 0; i < n; i++) {
			const struct definition *def = pattern_lib_definition(lib, ids[i]);
			need(asprintf(
				     &texts[i], "%s%s", def->before == NULL ? "" : def->before,
				     def->pattern
			     ) > 0,
			     "no memory");
			flags[i] = HS_FLAG_DOTALL | (*som ? HS_FLAG_SOM_LEFTMOST : 0);
			numbers[i] = (unsigned)i;
		}
		hs_error_t result = hs_compile_multi(
			(const char *const *)texts, flags, numbers, (unsigned)n, HS_MODE_BLOCK,
			NULL, &db, &error
		);
		for (size_t i = 0; i < n; i++)
			free(texts[i]);
		if (result == HS_SUCCESS)
			break;
		fprintf(stderr, "naive union %s: %s\n", *som ? "with start of match" : "",
			error->message);
		hs_free_compile_error(error);
		need(*som, "the naive union does not compile at all");
	}
	s.db = db;
	need(hs_alloc_scratch(db, &s.hs) == HS_SUCCESS, "no memory");
	return s;
}

static void measure_kind(
	enum sample_kind kind, struct subject *ours, struct subject *theirs, bool som
)
{
	const char *name = sample_kind_name(kind);
	for (size_t every = 0; every <= 1024; every += 1024) {
		sample_fill(kind, 1, every, text, options.size);
		for (size_t span = 256; span <= 16384; span *= 64) {
			const char *what = every == 0 ? "clean" : "one finding a KB";
			double rate = measure(ours, what, name, options.size, span);
			// It is so slow that a part must do.
			double other =
				measure(theirs, som ? "naive, with start" : "naive, ends only",
					name, options.size / 16, span);
			if (!options.json)
				printf("%-22s %.1f times\n", "", rate / other);
		}
	}
}

static void measure_hostile(struct subject *ours)
{
	static const char *const pieces[] = {
		"a.a@", "eyJ.", "eyJaaaaaaaa.",   "4 4-", "00 ",  "Bearer ",
		"a@a.", "ssn ", "ssn 123456789 ", "1.1.", "AKIA", "\\n-----BEGIN PRIVATE KEY-----",
	};
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		size_t length = strlen(pieces[i]);
		char what[48];
		for (size_t at = 0; at < options.size; at++)
			text[at] = (uint8_t)pieces[i][at % length];
		snprintf(what, sizeof(what), "hostile %zu", i);
		if (!options.json)
			printf("'%s' over and over:\n", pieces[i]);
		(void)measure(ours, what, "hostile", options.size / 64, 16384);
	}
}

// A directory of `n` custom rules, each with a literal of its own.
static void write_rules(const char *dir, unsigned n)
{
	uint32_t seed = 1;
	for (unsigned i = 0; i < n; i++) {
		char path[256], word[9] = "";
		snprintf(path, sizeof(path), "%s/custom-%u.yaml", dir, i);
		for (unsigned k = 0; k < 4 + i % 5; k++) {
			seed = seed * 1664525 + 1013904223;
			word[k] = (char)('a' + (seed >> 16) % 26);
		}
		FILE *file = fopen(path, "w");
		need(file != NULL, "cannot write");
		fprintf(file,
			"name: custom-%u\ntitle: t\ndescription: d\ngroups: [custom]\nkind: entity\n"
			"regions: [global]\npattern: \"%s%u_[A-Za-z0-9]{20}\"\nboundary: word\n"
			"width: 64\nmask: redact\nsource: s\nexamples: {positive: [%s%u_EXAMPLE0123456789abc], negative: [x]}\n",
			i, word, i % 10, word, i % 10);
		need(fclose(file) == 0, "cannot write");
	}
}

static void remove_rules(const char *dir, unsigned n)
{
	char path[256];
	for (unsigned i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/custom-%u.yaml", dir, i);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

// The library's entities and 10, 100... custom rules.
static void measure_rules(void)
{
	static uint16_t ids[PATTERN_MAX];
	for (unsigned n = 10; n <= options.rules; n *= 10) {
		char dir[] = "/tmp/bench-rules-XXXXXX", what[48];
		need(mkdtemp(dir) != NULL, "cannot make a directory");
		write_rules(dir, n);
		double start = now();
		struct pattern_lib *lib = load((const char *const[]){options.dir, dir}, 2);
		struct subject s = compiled(lib, ids, entities(lib, ids));
		if (!options.json)
			printf("%u custom rules load and compile in %.0f ms, %zu bytes\n", n,
			       (now() - start) * 1e3, pattern_set_size(s.set));
		snprintf(what, sizeof(what), "%u custom rules", n);
		for (enum sample_kind kind = SAMPLE_LOG; kind < SAMPLE_KINDS; kind++) {
			sample_fill(kind, 1, 0, text, options.size);
			(void)measure(&s, what, sample_kind_name(kind), options.size, 16384);
		}
		release(&s);
		pattern_lib_free(lib);
		remove_rules(dir, n);
	}
}

static bool read_options(int argc, char **argv)
{
	static const struct option table[] = {
		{"json", no_argument, NULL, 'j'},
		{"megabytes", required_argument, NULL, 'm'},
		{"runs", required_argument, NULL, 'r'},
		{"rules", required_argument, NULL, 'c'},
		{},
	};
	for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
		unsigned long number = optarg == NULL ? 0 : strtoul(optarg, NULL, 10);
		if (c == 'j')
			options.json = true;
		else if (c == 'm' && number >= 1 && number <= 4096)
			options.size = (size_t)number << 20;
		else if (c == 'r' && number >= 1 && number <= RUNS_MAX)
			options.runs = (unsigned)number;
		else if (c == 'c' && number <= 10000)
			options.rules = (unsigned)number;
		else
			return false;
	}
	options.dir = argv[optind];
	return optind + 1 == argc;
}

int main(int argc, char **argv)
{
	static uint16_t ids[PATTERN_MAX];
	bool som;
	if (!read_options(argc, argv)) {
		fprintf(stderr, "usage: %s [--json] [--megabytes N] [--runs N] [--rules N] DIR\n",
			argv[0]);
		return 2;
	}
	text = malloc(options.size);
	need(text != NULL, "no memory");
	struct pattern_lib *lib = load((const char *const[]){options.dir}, 1);
	size_t n = entities(lib, ids);
	struct subject ours = compiled(lib, ids, n), theirs = naive(lib, ids, n, &som);
	printf(options.json ? "[" : "%zu entities, kernel %s\n", n,
	       kernel_level_name(kernel_level_choose()));
	for (enum sample_kind kind = SAMPLE_LOG; kind < SAMPLE_KINDS; kind++)
		measure_kind(kind, &ours, &theirs, som);
	measure_hostile(&ours);
	measure_rules();
	if (options.json)
		printf("\n]\n");
	release(&ours);
	pattern_lib_free(lib);
	free(text);
	return 0;
}
