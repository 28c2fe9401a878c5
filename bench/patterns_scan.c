// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Bytes a second that one core scans: log-like text without findings, the same with one finding a
// KB, and text made to be slow; per group of patterns and span size. Median of five.
// Usage: bench_patterns_scan DIR

#include "patterns/patterns.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TEXT = 4 << 20, RUNS = 5 };

static uint8_t text[TEXT];
static struct finding findings[SCAN_FINDINGS_MAX];

static double now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

static uint32_t dice(uint32_t sides)
{
	static uint32_t seed = 1;
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * sides >> 32);
}

// Lines of a web server's log without addresses; one finding in each `every` bytes, 0: none.
static void write_log(size_t every)
{
	static const char *const finds[] = {
		"jane.doe@example.com",
		"4111 1111 1111 1111",
		"192.0.2.17",
		"123-45-6789",
		"+1 415 555 0123",
		"AKIAIOSFODNN7EXAMPLE",
		"DE89370400440532013000",
	};
	size_t n = 0, due = every;
	while (TEXT - n > 256) {
		n += (size_t)snprintf(
			(char *)text + n, TEXT - n,
			"2026-03-%02u %02u:%02u:%02u INFO worker[%u]: GET /orders/%u/items?page=%u status=200 took %u us, session 7f%06xe\n",
			1 + dice(28), dice(24), dice(60), dice(60), dice(64), dice(1000000),
			dice(40), dice(90000), dice(1 << 24)
		);
		if (every != 0 && n >= due) {
			n += (size_t)snprintf(
				(char *)text + n, TEXT - n, "user %s\n",
				finds[dice(sizeof(finds) / sizeof(finds[0]))]
			);
			due += every;
		}
	}
	memset(text + n, '\n', TEXT - n);
}

// `piece` over and over.
static void write_hostile(const char *piece)
{
	size_t length = strlen(piece);
	for (size_t i = 0; i < TEXT; i++)
		text[i] = (uint8_t)piece[i % length];
}

static double run(const struct pattern_set *set, struct scan_scratch *scratch, size_t span)
{
	double start = now();
	for (size_t at = 0; at < TEXT; at += span) {
		bool more;
		if (scan(set, scratch, span_of(text + at, span), NULL, findings, SCAN_FINDINGS_MAX,
			 &more) < 0)
			abort();
	}
	return TEXT / (now() - start);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void measure(
	const struct pattern_set *set, struct scan_scratch *scratch, const char *group,
	const char *what, size_t span
)
{
	double rates[RUNS];
	for (int i = 0; i < RUNS; i++)
		rates[i] = run(set, scratch, span);
	qsort(rates, RUNS, sizeof(rates[0]), by_value);
	printf("%-10s %-28s %6zu B spans %10.1f MB/s\n", group, what, span, rates[RUNS / 2] / 1e6);
}

static void measure_group(const struct pattern_lib *lib, const char *group)
{
	static const char *const hostile[] = {
		"a.a@", "eyJ.",    "eyJaaaaaaaa.", "4 4-",
		"00 ",  "Bearer ", "a@a.",         "\\n-----BEGIN PRIVATE KEY-----"};
	char why[PATTERN_WHY], what[64];
	uint16_t ids[PATTERN_MAX];
	struct pattern_set *set = NULL;
	size_t n = pattern_lib_select(lib, group, ids);
	double start = now();
	if (pattern_set_compile(lib, ids, n, &set, why) != 0) {
		fprintf(stderr, "%s\n", why);
		exit(1);
	}
	printf("%-10s %zu patterns compiled in %.0f ms, %zu bytes\n", group, n,
	       (now() - start) * 1e3, pattern_set_size(set));
	struct scan_scratch *scratch = scan_scratch_new(set);
	if (scratch == NULL)
		exit(1);
	for (size_t span = 256; span <= 16384; span *= 64) {
		write_log(0);
		measure(set, scratch, group, "clean log", span);
		write_log(1024);
		measure(set, scratch, group, "one finding a KB", span);
	}
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		write_hostile(hostile[i]);
		snprintf(what, sizeof(what), "'%s' repeated", hostile[i]);
		measure(set, scratch, group, what, 16384);
	}
	scan_scratch_free(scratch);
	pattern_set_free(set);
}

int main(int argc, char **argv)
{
	static const char *const groups[] = {"secrets", "pii", "payment", "network"};
	struct pattern_lib *lib = NULL;
	char why[PATTERN_WHY];
	if (argc != 2) {
		fprintf(stderr, "usage: %s DIR\n", argv[0]);
		return 2;
	}
	double start = now();
	if (pattern_lib_load((const char *const[]){argv[1]}, 1, &lib, why) != 0) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	printf("%zu definitions read in %.0f ms\n", pattern_lib_count(lib), (now() - start) * 1e3);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		measure_group(lib, groups[i]);
	pattern_lib_free(lib);
	return 0;
}
