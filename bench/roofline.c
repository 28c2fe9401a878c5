// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The roofline of bench/run: what one core does when it only opens TLS records, scans what is in
// them and seals it again, by the gateway's own libraries, with no packet, no TCP, no protocol and
// no session. More than that no gateway can do with them.

#include "bench/measure.h"
#include "dataplane/tls/aead.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

enum {
	RECORD = 16384, // bytes of plaintext
	RECORDS = 64,   // different ones, used again and again: a megabyte, as the load's rows
	HEADER = 5,
	SEALED = RECORD + 1 + AEAD_TAG,
	SEED = 7, // the load's
	APPLICATION_DATA = 23,
};

enum part { OPEN = 1 << 0, SCAN = 1 << 1, SEAL = 1 << 2 };

static struct options {
	const char *library, *groups;
	double seconds;
	unsigned runs, found;
} options = {.library = LIBRARY, .groups = "", .seconds = 0.5, .runs = 5};

static struct pipeline {
	struct aead *aead;
	struct aead_key in, out;
	struct subject scanner; // without a set: nothing is scanned
	uint8_t text[RECORDS][RECORD];
	uint8_t sealed[RECORDS][SEALED];
	uint8_t plain[RECORD + 1], sent[SEALED];
	uint64_t found;
} p;

static const uint8_t header[HEADER] = {APPLICATION_DATA, 3, 3, SEALED >> 8, SEALED & 0xff};

static void __attribute__((noreturn)) usage(int status)
{
	fputs("Usage: bench_roofline [option]...\n"
	      "\n"
	      "Opens TLS 1.3 records of 16 KB (AES-128-GCM), scans them, seals them again: each\n"
	      "alone, and one after the other. GB a second of CPU time, as JSON.\n"
	      "\n"
	      "  --mask GROUPS    what is scanned for, by commas; default: nothing\n"
	      "  --found N        secrets in a KB, default 0\n"
	      "  --seconds N      of each figure, default 0.5\n"
	      "  --runs N         default 5\n"
	      "  --library DIR    of patterns\n",
	      status == 0 ? stdout : stderr);
	exit(status);
}

// The load's text: what a clean one has by chance is taken out.
static void make_text(void)
{
	size_t every = options.found > 0 ? 1024 / options.found : 0;

	sample_fill(SAMPLE_LOG, SEED, every, p.text[0], sizeof(p.text));
	if (every == 0 && p.scanner.set != NULL)
		(void)measure_clear(&p.scanner, SAMPLE_LOG, p.text[0], sizeof(p.text));
}

static void compile(void)
{
	static uint16_t ids[PATTERN_MAX];
	char why[PATTERN_WHY], groups[256];
	struct pattern_lib *lib = NULL;
	size_t n = 0;

	if (options.groups[0] == '\0')
		return;
	measure_need(
		pattern_lib_load((const char *const[]){options.library}, 1, &lib, why) == 0, why
	);
	snprintf(groups, sizeof(groups), "%s", options.groups);
	for (char *word = strtok(groups, ","); word != NULL; word = strtok(NULL, ",")) {
		size_t some = pattern_lib_select(lib, word, ids + n);
		measure_need(some > 0, "no such group of patterns");
		n += some;
		measure_need(n <= PATTERN_MAX / 2, "too many groups");
	}
	measure_compile(&p.scanner, "masked", lib, ids, n);
	pattern_lib_free(lib);
}

static void seal_all(void)
{
	for (unsigned i = 0; i < RECORDS; i++)
		aead_seal(
			p.aead, &p.in, i, span_of(header, HEADER), span_of(p.text[i], RECORD),
			APPLICATION_DATA, p.sealed[i]
		);
}

static void begin(void)
{
	p.aead = aead_new();
	measure_need(p.aead != NULL, "no memory");
	for (unsigned i = 0; i < AEAD_KEY_MAX; i++) {
		p.in.key[i] = (uint8_t)i;
		p.out.key[i] = (uint8_t)~i;
	}
	aead_key_begin(p.aead, &p.in);
	aead_key_begin(p.aead, &p.out);
	compile();
	make_text();
	seal_all();
}

static void scan_record(struct span text)
{
	static struct finding findings[SCAN_FINDINGS_MAX];
	bool more;

	if (p.scanner.set == NULL)
		return;
	int n =
		scan(p.scanner.set, p.scanner.scratch, text, NULL, findings, SCAN_FINDINGS_MAX,
		     &more);
	measure_need(n >= 0, "the scan fails");
	p.found += (uint64_t)n;
}

static void do_record(unsigned i, uint64_t sequence, unsigned parts)
{
	struct span text = span_of(p.text[i], RECORD);

	if ((parts & OPEN) != 0) {
		bool good = aead_open(
			p.aead, &p.in, i, span_of(header, HEADER), span_of(p.sealed[i], SEALED),
			p.plain
		);
		measure_need(good, "a record does not open");
		text = span_of(p.plain, RECORD);
	}
	if ((parts & SCAN) != 0)
		scan_record(text);
	if ((parts & SEAL) != 0)
		aead_seal(
			p.aead, &p.out, sequence, span_of(header, HEADER), text, APPLICATION_DATA,
			p.sent
		);
}

// GB a second.
static double rate_of(unsigned parts)
{
	double begun = measure_now(), took = 0;
	uint64_t n = 0;

	while (took < options.seconds) {
		for (unsigned i = 0; i < RECORDS; i++)
			do_record(i, n + i, parts);
		n += RECORDS;
		took = measure_now() - begun;
	}
	return (double)n * RECORD / took / 1e9;
}

static void read_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{"mask", required_argument, NULL, 'm'},
		{"found", required_argument, NULL, 'f'},
		{"seconds", required_argument, NULL, 's'},
		{"runs", required_argument, NULL, 'r'},
		{"library", required_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (option) {
		case 'm':
			options.groups = optarg;
			break;
		case 'f':
			options.found = (unsigned)atoi(optarg);
			break;
		case 's':
			options.seconds = atof(optarg);
			break;
		case 'r':
			options.runs = (unsigned)atoi(optarg);
			break;
		case 'l':
			options.library = optarg;
			break;
		default:
			usage(option == 'h' ? 0 : 2);
		}
	}
	if (optind < argc || options.runs == 0 || options.seconds <= 0 || options.found > 64)
		usage(2);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		unsigned parts;
	} figures[] = {
		{"open", OPEN},
		{"scan", SCAN},
		{"seal", SEAL},
		{"all", OPEN | SCAN | SEAL},
	};
	enum { FIGURES = sizeof(figures) / sizeof(figures[0]) };

	read_options(argc, argv);
	begin();
	for (unsigned run = 0; run < options.runs; run++) {
		printf("{\"run\": %u", run);
		for (unsigned f = 0; f < FIGURES; f++) {
			if (figures[f].parts == SCAN && p.scanner.set == NULL)
				continue;
			printf(", \"%s\": %.4f", figures[f].name, rate_of(figures[f].parts));
		}
		printf(", \"found\": %" PRIu64 "}\n", p.found);
		fflush(stdout);
	}
	return 0;
}
