// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a new set of patterns adds to the first scan of who takes it over: one thread compiles the
// library and 10,000 custom rules again and again, on a core of its own; another scans all the
// time. Of each set the first scan of a text, and a later one of the same text: what the first
// takes longer is the set's memory on its way to the core. Scans during which the kernel gave the
// core to somebody else do not count.
//
// As the workers do, it rehearses with the set before (relay_rehearse), which is timed as well; or
// it does not.
//
//   bench_swap [SWAPS] [RULES] [plain]

#include "bench/measure.h"
#include "bench/rules.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <x86intrin.h>

enum {
	SPANS = 4,
	TEXTS = 64, // of each span: the scans between a first one and the one it is compared with
	SWAPS_MAX = 10000,
	TEXT_MAX = 16 * 1024,
	PER_KB = 1, // findings
};

static const size_t spans[SPANS] = {256, 1024, 4096, TEXT_MAX};

static struct {
	struct subject *next; // loader: rw, worker: ro. The set in force
	bool taken;           // worker: w, loader: rw. It is measured
	bool stop;
	bool rehearses;
	uint64_t longest; // rehearsal, ticks
	uint8_t text[TEXTS][TEXT_MAX];
	double first[SPANS][SWAPS_MAX], later[SPANS][SWAPS_MAX];
	unsigned n[SPANS];
	unsigned disturbed; // swaps that do not count
	long faults;        // page faults of first scans
} shared;

static void pin(unsigned core)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	measure_need(sched_setaffinity(0, sizeof(set), &set) == 0, "two cores are needed");
}

static uint64_t scan_ticks(struct subject *s, unsigned text, size_t n)
{
	static struct finding out[SCAN_FINDINGS_MAX];
	bool more;
	unsigned aux;
	uint64_t begin = __rdtscp(&aux);
	int found =
		scan(s->set, s->scratch, span_of(shared.text[text], n), NULL, out,
		     SCAN_FINDINGS_MAX, &more);
	uint64_t took = __rdtscp(&aux) - begin;
	measure_need(found >= 0, "the scan fails");
	return took;
}

static struct rusage usage(void)
{
	struct rusage out;
	(void)getrusage(RUSAGE_THREAD, &out);
	return out;
}

static void rehearse(struct subject *s, unsigned step)
{
	unsigned aux;
	struct rusage before = usage();
	uint64_t begin = __rdtscp(&aux);
	scan_rehearse(s->set, s->scratch, step);
	uint64_t took = __rdtscp(&aux) - begin;
	if (took > shared.longest && usage().ru_nivcsw == before.ru_nivcsw)
		shared.longest = took;
}

// The set is new: one text of one span, which all later scans of it are compared with.
static void take(struct subject *s, unsigned swap)
{
	unsigned i = swap % SPANS;
	for (unsigned step = 0; step < SCAN_REHEARSALS && shared.rehearses; step++)
		rehearse(s, step);
	struct rusage before = usage();
	uint64_t first = scan_ticks(s, 0, spans[i]);
	struct rusage behind = usage();
	for (unsigned text = 1; text < TEXTS; text++)
		(void)scan_ticks(s, text, spans[i]);
	struct rusage calm = usage();
	uint64_t later = scan_ticks(s, 0, spans[i]);
	if (behind.ru_nivcsw != before.ru_nivcsw || usage().ru_nivcsw != calm.ru_nivcsw) {
		shared.disturbed++;
		return;
	}
	shared.faults += behind.ru_minflt - before.ru_minflt;
	shared.first[i][shared.n[i]] = (double)first;
	shared.later[i][shared.n[i]++] = (double)later;
}

static void *work(void *)
{
	struct subject *current = NULL;
	unsigned swap = 0;

	pin(1);
	while (!__atomic_load_n(&shared.stop, __ATOMIC_ACQUIRE)) {
		struct subject *next = __atomic_load_n(&shared.next, __ATOMIC_ACQUIRE);
		if (next != current) {
			current = next;
			take(current, swap++);
			__atomic_store_n(&shared.taken, true, __ATOMIC_RELEASE);
		} else if (current != NULL) {
			(void)scan_ticks(current, swap % TEXTS, spans[swap % SPANS]);
		}
	}
	return NULL;
}

static void load(const struct pattern_lib *lib, unsigned swaps)
{
	struct subject subjects[2] = {};
	size_t n = pattern_lib_count(lib), wanted = 0;
	uint16_t *ids = malloc(n * sizeof(ids[0]));
	measure_need(ids != NULL, "no memory");
	for (size_t i = 0; i < n; i++)
		if (pattern_lib_info(lib, (uint16_t)i)->kind == PATTERN_ENTITY)
			ids[wanted++] = (uint16_t)i;
	for (unsigned i = 0; i < swaps; i++) {
		struct subject *s = &subjects[i % 2];
		scan_scratch_free(s->scratch);
		pattern_set_free(s->set);
		measure_compile(s, "set", lib, ids, wanted);
		__atomic_store_n(&shared.taken, false, __ATOMIC_RELAXED);
		__atomic_store_n(&shared.next, s, __ATOMIC_RELEASE);
		while (!__atomic_load_n(&shared.taken, __ATOMIC_ACQUIRE))
			sched_yield();
	}
	free(ids);
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static double us_per_tick(void)
{
	struct timespec from, to;
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	uint64_t begin = __rdtsc();
	do
		(void)clock_gettime(CLOCK_MONOTONIC, &to);
	while (to.tv_sec == from.tv_sec);
	uint64_t ticks = __rdtsc() - begin;
	double us = 1e6 * (double)(to.tv_sec - from.tv_sec) +
		    1e-3 * (double)(to.tv_nsec - from.tv_nsec);
	return us / (double)ticks;
}

static void print(unsigned i, double tick)
{
	static double adds[SWAPS_MAX];
	unsigned n = shared.n[i];
	if (n == 0)
		return;
	for (unsigned k = 0; k < n; k++)
		adds[k] = shared.first[i][k] - shared.later[i][k];
	qsort(adds, n, sizeof(adds[0]), by_size);
	qsort(shared.first[i], n, sizeof(adds[0]), by_size);
	qsort(shared.later[i], n, sizeof(adds[0]), by_size);
	printf("%6zu %6u %10.1f %10.1f %10.1f %10.1f %10.1f\n", spans[i], n,
	       tick * shared.later[i][n / 2], tick * shared.first[i][n / 2], tick * adds[n / 2],
	       tick * adds[n * 99 / 100], tick * adds[n - 1]);
}

int main(int argc, char **argv)
{
	unsigned swaps = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 200;
	unsigned rules = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 10000;
	pthread_t worker;

	shared.rehearses = argc < 4;
	measure_need(swaps > 0 && swaps <= SWAPS_MAX, "usage: bench_swap [SWAPS] [RULES] [plain]");
	for (unsigned i = 0; i < TEXTS; i++)
		sample_fill(SAMPLE_ROWS, i, 1024 / PER_KB, shared.text[i], TEXT_MAX);
	struct pattern_lib *lib = rules_library(rules, LIBRARY);
	pin(0);
	measure_need(pthread_create(&worker, NULL, work, NULL) == 0, "no thread");
	load(lib, swaps);
	__atomic_store_n(&shared.stop, true, __ATOMIC_RELEASE);
	(void)pthread_join(worker, NULL);
	double tick = us_per_tick();
	printf("microseconds of a scan; %u rules and the library, %u swaps, %u disturbed, "
	       "%ld page faults\n",
	       rules, swaps, shared.disturbed, shared.faults);
	printf("%6s %6s %10s %10s %10s %10s %10s\n", "bytes", "swaps", "usual", "first", "adds",
	       "99%", "most");
	for (unsigned i = 0; i < SPANS; i++)
		print(i, tick);
	if (shared.rehearses)
		printf("a rehearsal took at most %.1f\n", tick * (double)shared.longest);
	return 0;
}
