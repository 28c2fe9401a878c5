// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What one core scans: all entities of the library and groups of them, on several kinds of text,
// with and without findings, encoded forms or not, by each kernel; beside them one Hyperscan
// database of the same expressions, custom rules by their number, and hostile text. All figures of
// a text are taken in turns on the same bytes, so that a busy machine slows all alike.

#include "bench/measure.h"
#include "bench/naive.h"
#include "bench/rules.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

enum {
	TURNS_LEAST = 5,
	FIGURES_MAX = 1024,
	GROUPS = 6,
	LEVELS = 2,
	RULE_STEPS = 4, // 10, 100, 1,000, 10,000
	SPAN_LONG = 16 * 1024,
	SPAN_SHORT = 256,
};

struct options {
	bool quick;
	size_t bytes; // of each kind of text, in all turns
	const char *json, *plot, *dir;
};

static struct options options;

// A turn is one buffer, larger than the last cache unless fewer bytes are asked for.
static size_t buffer_size;
static unsigned turns;
static double turn_seconds;
static uint8_t *buffer;

static struct subject memory = {.name = "memory, read"}, library, union_of_all;
static struct naive naive;
static struct subject groups[GROUPS], levels[LEVELS], custom[RULE_STEPS], added[RULE_STEPS];
static size_t group_count, level_count, rule_steps;
static size_t entity_count;

static struct figure figures[FIGURES_MAX];
static size_t figure_count;
static uint64_t cleared[SAMPLE_ALL_KINDS]; // findings in what should be clean

// Where it is, on a terminal only.
__attribute__((format(printf, 1, 2))) static void progress(const char *format, ...)
{
	va_list args;
	if (!isatty(STDERR_FILENO))
		return;
	va_start(args, format);
	fputs("\r\033[K", stderr);
	vfprintf(stderr, format, args);
	va_end(args);
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

static struct pattern_lib *load(void)
{
	struct pattern_lib *lib = NULL;
	char why[PATTERN_WHY];
	int r = pattern_lib_load((const char *const[]){options.dir}, 1, &lib, why);
	measure_need(r == 0, why);
	return lib;
}

static void compile_groups(const struct pattern_lib *lib)
{
	static const char *const names[GROUPS] = {
		"secrets", "payment", "pii", "phi", "network", "crypto",
	};
	static uint16_t ids[PATTERN_MAX], kept[PATTERN_MAX];
	for (unsigned i = 0; i < GROUPS; i++) {
		size_t n = 0, all = pattern_lib_select(lib, names[i], ids);
		for (size_t k = 0; k < all; k++)
			if (pattern_lib_info(lib, ids[k])->kind == PATTERN_ENTITY)
				kept[n++] = ids[k];
		measure_compile(&groups[group_count++], names[i], lib, kept, n);
	}
}

// The lower kernels; the library itself has the best one, or the one the environment chooses.
static void compile_levels(const struct pattern_lib *lib, const uint16_t *ids, size_t n)
{
	const char *best = pattern_kernel_name();
	if (getenv("BULKHEAD_SIMD") != NULL || strcmp(best, "generic") == 0)
		return;
	setenv("BULKHEAD_SIMD", "generic", 1);
	measure_compile(&levels[level_count++], "library, generic", lib, ids, n);
	setenv("BULKHEAD_SIMD", "avx2", 1);
	if (strcmp(best, "avx2") != 0)
		measure_compile(&levels[level_count++], "library, avx2", lib, ids, n);
	unsetenv("BULKHEAD_SIMD");
}

static void compile_rules(void)
{
	static uint16_t ids[PATTERN_MAX];
	for (unsigned n = 10; n <= (options.quick ? 1000 : 10000); n *= 10) {
		char name[32];
		progress("compiling %u custom rules", n);
		struct pattern_lib *alone = rules_library(n, NULL);
		snprintf(name, sizeof(name), "%u rules", n);
		measure_compile(&custom[rule_steps], name, alone, ids, entities(alone, ids));
		pattern_lib_free(alone);
		struct pattern_lib *both = rules_library(n, options.dir);
		snprintf(name, sizeof(name), "library+%u", n);
		measure_compile(&added[rule_steps++], name, both, ids, entities(both, ids));
		pattern_lib_free(both);
	}
}

static void compile_all(void)
{
	static uint16_t ids[PATTERN_MAX];
	static struct pattern_lib *lib; // stays: `naive` keeps names of it
	lib = load();
	entity_count = entities(lib, ids);
	progress("compiling the library");
	measure_compile(&library, "library", lib, ids, entity_count);
	compile_groups(lib);
	compile_levels(lib, ids, entity_count);
	compile_rules();
	progress("compiling the naive union");
	naive_compile(&union_of_all, &naive, lib, ids, entity_count);
}

static struct figure *add(const char *section, struct subject *subject, size_t span, bool forms)
{
	measure_need(figure_count < FIGURES_MAX, "too many figures");
	struct figure *f = &figures[figure_count++];
	*f = (struct figure){.section = section, .subject = subject, .span = span, .forms = forms};
	return f;
}

// The library by spans, with encoded forms and without.
static void add_library(const char *section, enum sample_kind kind)
{
	for (int forms = 1; forms >= 0; forms--) {
		(void)add(section, &library, SPAN_LONG, forms);
		(void)add(section, &library, SPAN_SHORT, forms);
		if (kind == SAMPLE_ROWS)
			(void)add(section, &library, MEASURE_VALUES, forms);
	}
}

static void add_clean(enum sample_kind kind)
{
	(void)add("memory", &memory, SPAN_LONG, false);
	add_library("clean", kind);
	for (size_t i = 0; i < group_count; i++)
		(void)add("groups", &groups[i], SPAN_LONG, true);
	for (size_t i = 0; i < level_count; i++)
		(void)add("levels", &levels[i], SPAN_LONG, true);
	(void)add("naive", &union_of_all, SPAN_LONG, false);
	(void)add("naive", &union_of_all, SPAN_SHORT, false);
	if (kind == SAMPLE_ROWS)
		(void)add("naive", &union_of_all, MEASURE_VALUES, false);
	for (unsigned i = 0, n = 10; i < rule_steps; i++, n *= 10) {
		add("rules", &custom[i], SPAN_LONG, true)->rules = n;
		add("rules", &added[i], SPAN_LONG, true)->rules = n;
	}
}

static void finish(size_t first, const char *data, enum sample_kind kind, unsigned per_kb)
{
	progress("%s", "");
	for (size_t i = first; i < figure_count; i++) {
		struct figure *f = &figures[i];
		f->data = data;
		f->kind = kind;
		f->per_kb = per_kb;
		measure_end(f);
		measure_row(stdout, f);
	}
}

static void take_turn(size_t first)
{
	for (size_t i = first; i < figure_count; i++)
		measure_turn(&figures[i], span_of(buffer, buffer_size), turn_seconds);
}

// All turns of the figures that have been added since `first`.
static void run(size_t first, enum sample_kind kind, unsigned per_kb)
{
	for (unsigned turn = 0; turn < turns; turn++) {
		progress(
			"%s, %u findings a KB: turn %u of %u", sample_kind_name(kind), per_kb,
			turn + 1, turns
		);
		sample_fill(kind, turn + 1, per_kb == 0 ? 0 : 1024 / per_kb, buffer, buffer_size);
		if (per_kb == 0)
			cleared[kind] += measure_clear(&library, kind, buffer, buffer_size);
		take_turn(first);
	}
	finish(first, sample_kind_name(kind), kind, per_kb);
}

static void measure_kind(enum sample_kind kind)
{
	size_t first = figure_count;
	if (kind >= SAMPLE_BASE64) {
		add_library("encoded", kind);
		run(first, kind, 0);
		return;
	}
	add_clean(kind);
	run(first, kind, 0);
	for (unsigned per_kb = 1; per_kb <= 10; per_kb += 9) {
		first = figure_count;
		add_library("findings", kind);
		run(first, kind, per_kb);
	}
}

// Texts made to cost: pieces that begin like something, over and over.
static void measure_hostile(void)
{
	static const char *const pieces[] = {
		"a.a@", "eyJ.", "eyJaaaaaaaa.",   "4 4-", "00 ",  "Bearer ",
		"a@a.", "ssn ", "ssn 123456789 ", "1.1.", "AKIA", "-----BEGIN PRIVATE KEY-----",
	};
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		size_t length = strlen(pieces[i]), first = figure_count;
		for (size_t at = 0; at < buffer_size; at++)
			buffer[at] = (uint8_t)pieces[i][at % length];
		(void)add("hostile", &library, SPAN_LONG, true);
		for (unsigned turn = 0; turn < TURNS_LEAST; turn++)
			take_turn(first);
		finish(first, pieces[i], SAMPLE_ALL_KINDS, 0);
	}
}

static const struct figure *find(
	const char *section, const char *subject, size_t kind, size_t span, bool forms
)
{
	for (size_t i = 0; i < figure_count; i++) {
		const struct figure *f = &figures[i];
		if (strcmp(f->section, section) == 0 && strcmp(f->subject->name, subject) == 0 &&
		    f->kind == (enum sample_kind)kind && f->span == span && f->forms == forms)
			return f;
	}
	return NULL;
}

static double rate(const char *section, const char *subject, size_t kind, size_t span, bool forms)
{
	const struct figure *f = find(section, subject, kind, span, forms);
	return f == NULL ? 0 : f->rate;
}

static double findings_rate(size_t kind)
{
	for (size_t i = 0; i < figure_count; i++) {
		const struct figure *f = &figures[i];
		if (f->per_kb == 1 && f->kind == (enum sample_kind)kind && f->span == SPAN_LONG &&
		    f->forms)
			return f->rate;
	}
	return 0;
}

// What the greatest number of custom rules costs, in times of what the least does.
static double growth(const struct subject *steps, size_t kind)
{
	double few = rate("rules", steps[0].name, kind, SPAN_LONG, true);
	return few / rate("rules", steps[rule_steps - 1].name, kind, SPAN_LONG, true);
}

// The figures that are wished for, beside the wishes.
static void write_summary(FILE *out)
{
	fprintf(out, "\n%-38s %10s %8s %8s %8s %8s\n", "", "wanted", "log", "json", "csv", "rows");
	struct {
		const char *what, *wanted;
		double values[SAMPLE_ROWS + 1];
	} lines[] = {
		{"clean, 16 KB, GB/s", ">= 5", {}},
		{"clean, 256 B, GB/s", ">= 1.5", {}},
		{"1 finding a KB, 16 KB, GB/s", ">= 1", {}},
		{"of reading memory, 16 KB", "", {}},
		{"times the naive union, 16 KB", ">= 10", {}},
		{"the same, without encoded forms", "", {}},
		{"times the naive union, 256 B", ">= 10", {}},
		{"cost of most rules by 10 rules", "<= 2", {}},
		{"the same, beside the library", "<= 2", {}},
	};
	for (size_t k = 0; k <= SAMPLE_ROWS; k++) {
		double clean = rate("clean", "library", k, SPAN_LONG, true);
		double other = rate("naive", union_of_all.name, k, SPAN_LONG, false);
		double small = rate("clean", "library", k, SPAN_SHORT, true);
		lines[0].values[k] = clean / 1e9;
		lines[1].values[k] = small / 1e9;
		lines[2].values[k] = findings_rate(k) / 1e9;
		lines[3].values[k] = clean / rate("memory", memory.name, k, SPAN_LONG, false);
		lines[4].values[k] = clean / other;
		lines[5].values[k] = rate("clean", "library", k, SPAN_LONG, false) / other;
		lines[6].values[k] = small / rate("naive", union_of_all.name, k, SPAN_SHORT, false);
		lines[7].values[k] = growth(custom, k);
		lines[8].values[k] = growth(added, k);
	}
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		fprintf(out, "%-38s %10s", lines[i].what, lines[i].wanted);
		for (size_t k = 0; k <= SAMPLE_ROWS; k++)
			fprintf(out, " %8.3f", lines[i].values[k]);
		fputc('\n', out);
	}
}

// Ticks of all CPUs that the hypervisor gave to others (proc(5), stat), a hundredth of a second
// each.
static unsigned long long stolen(void)
{
	unsigned long long steal = 0;
	FILE *file = fopen("/proc/stat", "r");
	if (file == NULL)
		return 0;
	if (fscanf(file, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &steal) != 1)
		steal = 0;
	(void)fclose(file);
	return steal;
}

static void write_texts(FILE *out)
{
	fprintf(out, "found and taken out of clean text, per MB:");
	for (size_t k = 0; k < SAMPLE_ALL_KINDS; k++)
		fprintf(out, " %s %.2f", sample_kind_name((enum sample_kind)k),
			(double)cleared[k] * 1048576 / ((double)buffer_size * turns));
	fprintf(out, "\n");
}

static void write_json(FILE *out, double hertz, unsigned long long steal, double seconds)
{
	fprintf(out,
		"{\"entities\": %zu, \"kernel\": \"%s\", "
		"\"naive\": {\"expressions\": %zu, \"left_out\": [",
		entity_count, pattern_kernel_name(), naive.count);
	for (size_t i = 0; i < naive.left_out; i++)
		fprintf(out, "%s\"%s\"", i == 0 ? "" : ", ", naive.names[i]);
	fprintf(out,
		"]}, \"bytes\": %zu, \"buffer\": %zu, \"tsc_hertz\": %.0f, "
		"\"steal_ticks\": %llu, \"seconds\": %.1f, \"cleared\": {",
		buffer_size * turns, buffer_size, hertz, steal, seconds);
	for (size_t k = 0; k < SAMPLE_ALL_KINDS; k++)
		fprintf(out, "%s\"%s\": %llu", k == 0 ? "" : ", ",
			sample_kind_name((enum sample_kind)k), (unsigned long long)cleared[k]);
	fprintf(out, "}, \"figures\": [");
	for (size_t i = 0; i < figure_count; i++) {
		fputs(i == 0 ? "\n" : ",\n", out);
		measure_json(out, &figures[i]);
	}
	fputs("\n]}\n", out);
}

static void draw(const char *json)
{
	pid_t child = fork();
	measure_need(child >= 0, "cannot start the plotter");
	if (child == 0) {
		execl(PLOTTER, PLOTTER, json, options.plot, (char *)NULL);
		_exit(127);
	}
	int status = 0;
	measure_need(
		waitpid(child, &status, 0) == child && WIFEXITED(status) &&
			WEXITSTATUS(status) == 0,
		"the plot cannot be drawn"
	);
}

static void save(double hertz, unsigned long long steal, double seconds)
{
	char temporary[] = "/tmp/bench-scan-XXXXXX";
	const char *path = options.json;
	if (path == NULL && options.plot == NULL)
		return;
	if (path == NULL) {
		int fd = mkstemp(temporary);
		measure_need(fd >= 0, "cannot write");
		(void)close(fd);
		path = temporary;
	}
	FILE *file = fopen(path, "w");
	measure_need(file != NULL, "cannot write");
	write_json(file, hertz, steal, seconds);
	measure_need(fclose(file) == 0, "cannot write");
	if (options.plot != NULL)
		draw(path);
	if (path == temporary)
		(void)unlink(temporary);
}

static void usage(FILE *out, const char *name, int status)
{
	fprintf(out,
		"usage: %s [options] [DIR]\n"
		"  --bytes N      of each kind of text: bytes, or with K, M, G; 1G\n"
		"  --quick        5 MB of each, parts of them, 1,000 rules at most: half a minute\n"
		"  --json FILE    all figures\n"
		"  --plot FILE    PNG or SVG, drawn by python3-matplotlib\n"
		"  DIR            of the pattern library\n",
		name);
	exit(status);
}

static bool read_bytes(const char *text)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);
	unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
	options.bytes = (size_t)n << shift;
	return n > 0 && n <= (size_t)4 << 30 && (shift == 0 ? *end == '\0' : end[1] == '\0') &&
	       options.bytes >= TURNS_LEAST * MEASURE_PIECE && options.bytes <= (size_t)4 << 30;
}

static bool read_options(int argc, char **argv)
{
	static const struct option table[] = {
		{"quick", no_argument, NULL, 'q'},      {"bytes", required_argument, NULL, 'b'},
		{"json", required_argument, NULL, 'j'}, {"plot", required_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'h'},       {},
	};
	for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
		if (c == 'j')
			options.json = optarg;
		else if (c == 'p')
			options.plot = optarg;
		else if (c == 'q')
			options.quick = true;
		else if (c == 'h')
			usage(stdout, argv[0], 0);
		else if (c != 'b' || !read_bytes(optarg))
			return false;
	}
	if (options.bytes == 0)
		options.bytes = options.quick ? 5 << 20 : 1 << 30;
	options.dir = optind < argc ? argv[optind] : LIBRARY;
	return argc - optind <= 1;
}

static void choose_sizes(void)
{
	long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
	buffer_size = 64 << 20;
	while (cache > 0 && buffer_size < 2 * (size_t)cache)
		buffer_size *= 2;
	if (buffer_size > options.bytes / TURNS_LEAST)
		buffer_size = options.bytes / TURNS_LEAST / MEASURE_PIECE * MEASURE_PIECE;
	turns = (unsigned)(options.bytes / buffer_size);
	turn_seconds = options.quick ? 0.02 : 0.5;
	buffer = malloc(buffer_size);
	measure_need(buffer != NULL, "no memory");
}

static double wall(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

int main(int argc, char **argv)
{
	if (!read_options(argc, argv))
		usage(stderr, argv[0], 2);
	choose_sizes();
	double start = wall();
	uint64_t tick = __rdtsc();
	unsigned long long steal = stolen();
	compile_all();
	printf("%zu entities, kernel %s, %zu MB a kind in %u turns\n", entity_count,
	       pattern_kernel_name(), buffer_size * turns >> 20, turns);
	printf("naive union: %zu expressions with start of match; %zu do not compile:", naive.count,
	       naive.left_out);
	for (size_t i = 0; i < naive.left_out; i++)
		printf(" %s", naive.names[i]);
	printf("\n");
	measure_head(stdout);
	for (enum sample_kind kind = SAMPLE_LOG; kind < SAMPLE_ALL_KINDS; kind++)
		measure_kind(kind);
	measure_hostile();
	double seconds = wall() - start;
	steal = stolen() - steal;
	write_summary(stdout);
	write_texts(stdout);
	printf("%.0f s, %.1f s of CPU time stolen\n", seconds, (double)steal / 100);
	save((double)(__rdtsc() - tick) / seconds, steal, seconds);
	return 0;
}
