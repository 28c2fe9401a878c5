// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// bench_echo: one case of bench/echo, measured once, told as JSON. bench/echo makes the namespaces,
// repeats and compares.

#include "bench/echo.h"

#include <rte_cycles.h>

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	PATIENCE_S = 120,
	SETTLE_TURNS = 2000,
	SLICES_A_SECOND = 2000,
	SLICES_MAX = 100000,
};

// A piece of this thread's CPU time, which whole turns make up: short, so that most are free of
// others' interrupts, yet long enough for all that is under way to go round a few times.
struct slice {
	double seconds;
	uint64_t done;
};

struct sample {
	double wall, cpu[2]; // seconds; cpu[1]: the server's thread, if it has one
	uint64_t done, bytes, tsc, cycles[2], received[2], sent[2];
};

static struct echo_config config = {
	.conns = 1,
	.in_flight = 1,
	.size = 64,
	.mtu = 1500,
	.seconds = 1,
	.address = "10.78.1.1",
};
static struct echo_end ends[2];
static enum echo_phase phase;
static pthread_t server;
static double began, until;
static uint64_t longest; // turn, in cycles, that counts
static struct slice slices[SLICES_MAX];
static uint32_t n_slices;

static double seconds_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t cycles_a_second(void)
{
	double wall = seconds_of(CLOCK_MONOTONIC);
	uint64_t tsc = rte_rdtsc();
	struct timespec ms = {.tv_nsec = 1000000};

	nanosleep(&ms, NULL);
	return (uint64_t)((double)(rte_rdtsc() - tsc) / (seconds_of(CLOCK_MONOTONIC) - wall));
}

static _Noreturn void usage(int status)
{
	fputs("usage: bench_echo [--linux] [--kind bulk|connect|request|idle] [--conns N]\n"
	      "    [--in-flight N] [--size BYTES] [--mtu BYTES] [--seconds S] [--core N]\n"
	      "    [--two-cores] [--verify] [--software-checksums] [--linear] [--tso]\n"
	      "    [--client-ns NAME] [--server-ns NAME] [--address ADDRESS]\n"
	      "One measurement as JSON; see bench/echo.\n",
	      status == 0 ? stdout : stderr);
	exit(status);
}

static enum echo_kind kind_of(const char *name)
{
	static const char *const names[] = {
		[ECHO_BULK] = "bulk",
		[ECHO_CONNECT] = "connect",
		[ECHO_REQUEST] = "request",
		[ECHO_IDLE] = "idle"};

	for (enum echo_kind kind = ECHO_BULK; kind <= ECHO_IDLE; kind++)
		if (strcmp(name, names[kind]) == 0)
			return kind;
	usage(2);
}

static uint32_t number(const char *text, uint32_t least, uint32_t most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end != 0 || n < least || n > most)
		usage(2);
	return (uint32_t)n;
}

static void read_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{"linux", no_argument, NULL, 'l'},
		{"kind", required_argument, NULL, 'k'},
		{"conns", required_argument, NULL, 'n'},
		{"in-flight", required_argument, NULL, 'f'},
		{"size", required_argument, NULL, 's'},
		{"mtu", required_argument, NULL, 'm'},
		{"seconds", required_argument, NULL, 't'},
		{"core", required_argument, NULL, 'c'},
		{"two-cores", no_argument, NULL, '2'},
		{"verify", no_argument, NULL, 'v'},
		{"software-checksums", no_argument, NULL, 'x'},
		{"linear", no_argument, NULL, 'r'},
		{"tso", no_argument, NULL, 'T'},
		{"client-ns", required_argument, NULL, 'C'},
		{"server-ns", required_argument, NULL, 'S'},
		{"address", required_argument, NULL, 'a'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int o;

	while ((o = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (o) {
		case 'l':
			config.linux_stack = true;
			break;
		case 'k':
			config.kind = kind_of(optarg);
			break;
		case 'n':
			config.conns = number(optarg, 1, 1200000);
			break;
		case 'f':
			config.in_flight = number(optarg, 1, 100000);
			break;
		case 's':
			config.size = number(optarg, 1, 1 << 20);
			break;
		case 'm':
			config.mtu = (uint16_t)number(optarg, 576, 9000);
			break;
		case 't':
			config.seconds = atof(optarg);
			break;
		case 'c':
			config.core = (int)number(optarg, 0, CPU_SETSIZE - 2);
			break;
		case '2':
			config.two_cores = true;
			break;
		case 'v':
			config.verify = true;
			break;
		case 'x':
			config.software = true;
			break;
		case 'r':
			config.linear = true;
			break;
		case 'T':
			config.tso = true;
			break;
		case 'C':
			config.ns[0] = optarg;
			break;
		case 'S':
			config.ns[1] = optarg;
			break;
		case 'a':
			config.address = optarg;
			break;
		case 'h':
			usage(0);
		default: // getopt's own answer
			usage(2);
		}
	}
	if (optind != argc || config.seconds <= 0 ||
	    (config.tso && (config.software || config.linear || config.linux_stack)))
		usage(2);
	if (config.in_flight > config.conns)
		config.in_flight = config.conns;
}

static void pin(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	echo_need(sched_setaffinity(0, sizeof(set), &set) == 0, "no such core");
}

// ---- turns

static void take_turn(struct echo_end *end)
{
	uint64_t before = rte_rdtsc();

	bool busy = end->io->turn(end) > 0;
	uint64_t cycles = rte_rdtsc() - before;
	if (busy && cycles < longest)
		end->cycles += cycles;
}

static enum echo_phase phase_now(void)
{
	return __atomic_load_n(&phase, __ATOMIC_RELAXED);
}

static void phase_set(enum echo_phase next)
{
	__atomic_store_n(&phase, next, __ATOMIC_RELAXED);
}

static void *serve(void *)
{
	pin(config.core + 1);
	ends[1].io->enter(&ends[1]);
	while (phase_now() != ECHO_OVER)
		take_turn(&ends[1]);
	return NULL;
}

static void turn(void)
{
	take_turn(&ends[0]);
	if (!config.two_cores)
		take_turn(&ends[1]);
}

// Of the time that this thread had, so that what others take from it does not count.
static bool time_is_up(void)
{
	static uint32_t calls;

	return ++calls % 64 == 0 && seconds_of(CLOCK_THREAD_CPUTIME_ID) >= until;
}

static uint64_t done_now(void)
{
	return config.kind == ECHO_BULK ? ends[0].bytes : ends[0].done;
}

static uint64_t slice_least(void)
{
	enum { ROUNDS = 4 };

	if (config.kind == ECHO_BULK)
		return (uint64_t)ROUNDS * config.conns * config.size;
	return (uint64_t)ROUNDS * (config.kind == ECHO_CONNECT ? config.conns : config.in_flight);
}

static void slice_turn(void)
{
	static uint64_t looked, done;
	static double before;
	uint64_t now = rte_rdtsc();

	if (now - looked < longest * ECHO_TAKEN_PARTS / SLICES_A_SECOND ||
	    (before > 0 && done_now() - done < slice_least()) || n_slices == SLICES_MAX)
		return;
	looked = now;
	double cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
	if (before > 0)
		slices[n_slices++] = (struct slice){cpu - before, done_now() - done};
	before = cpu;
	done = done_now();
}

static double slice_cost(const struct slice *s)
{
	return s->seconds / (double)s->done;
}

static int slice_order(const void *a, const void *b)
{
	double x = slice_cost(a), y = slice_cost(b);

	return (x > y) - (x < y);
}

// Seconds of an answer, or of a byte of bulk, in the median slice; 0: there was none.
static double slices_median(void)
{
	qsort(slices, n_slices, sizeof(slices[0]), slice_order);
	return n_slices == 0 ? 0 : slice_cost(&slices[n_slices / 2]);
}

static bool slices_taken(void)
{
	slice_turn();
	return time_is_up();
}

// Both ends' turns until `done`. Looking at the clock is not part of a turn.
static void turns_until(bool (*done)(void), const char *what)
{
	double end = seconds_of(CLOCK_MONOTONIC) + PATIENCE_S + config.seconds;

	for (uint32_t i = 1; !done(); i++) {
		turn();
		if (i % 1024 == 0 && seconds_of(CLOCK_MONOTONIC) > end) {
			errno = 0;
			echo_need(false, what);
		}
	}
}

static bool all_open(void)
{
	return config.kind == ECHO_CONNECT ||
	       (ends[0].open == config.conns &&
		__atomic_load_n(&ends[1].open, __ATOMIC_RELAXED) == config.conns);
}

static bool all_closed(void)
{
	for (int i = 0; i < 2; i++)
		if (__atomic_load_n(&ends[i].open, __ATOMIC_RELAXED) > 0 || ends[i].opening > 0 ||
		    ends[i].io->live(&ends[i]) > 0)
			return false;
	return true;
}

static bool settled(void)
{
	static uint32_t calls;

	return ++calls > SETTLE_TURNS;
}

// ---- figures

static void take_sample(struct sample *s)
{
	clockid_t clock;

	s->wall = seconds_of(CLOCK_MONOTONIC);
	s->tsc = rte_rdtsc();
	s->cpu[0] = seconds_of(CLOCK_THREAD_CPUTIME_ID);
	if (config.two_cores && pthread_getcpuclockid(server, &clock) == 0)
		s->cpu[1] = seconds_of(clock);
	s->done = ends[0].done;
	s->bytes = ends[0].bytes;
	for (int i = 0; i < 2; i++) {
		s->cycles[i] = ends[i].cycles;
		ends[i].io->packets(&ends[i], &s->received[i], &s->sent[i]);
	}
}

static uint64_t resident(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	uint64_t size = 0, pages = 0;

	echo_need(
		file != NULL && fscanf(file, "%" SCNu64 " %" SCNu64, &size, &pages) == 2,
		"/proc/self/statm"
	);
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void print_side(const char *name, int i, const struct sample *a, const struct sample *b)
{
	printf("\"%s\": {\"cpu_seconds\": %.6f, \"cycles\": %" PRIu64 ", \"packets_in\": %" PRIu64
	       ", \"packets_out\": %" PRIu64 ", \"failed\": %" PRIu64 "}, ",
	       name, b->cpu[i] - a->cpu[i], b->cycles[i] - a->cycles[i],
	       b->received[i] - a->received[i], b->sent[i] - a->sent[i], ends[i].failed);
}

static void print(
	const struct sample *a, const struct sample *b, uint64_t memory_before,
	uint64_t memory_open, uint64_t memory_after
)
{
	printf("{\"hz\": %.0f, \"slices\": %u, \"slice_seconds\": %.6g, \"wall_seconds\": %.6f, \"done\": %" PRIu64
	       ", \"bytes\": %" PRIu64 ", ",
	       (double)(b->tsc - a->tsc) / (b->wall - a->wall), n_slices, slices_median(),
	       b->wall - a->wall, b->done - a->done, b->bytes - a->bytes);
	print_side("client", 0, a, b);
	print_side("server", 1, a, b);
	printf("\"conns\": %u, \"opening_seconds\": %.3f, \"resident\": [%" PRIu64 ", %" PRIu64
	       ", %" PRIu64 "]}\n",
	       config.conns, a->wall - began, memory_before, memory_open, memory_after);
}

static void measure(void)
{
	struct sample from, to;
	uint64_t memory[3] = {resident()};

	began = seconds_of(CLOCK_MONOTONIC);
	turns_until(all_open, "not all connections were opened");
	memory[1] = resident();
	phase_set(ECHO_RUNNING);
	until = seconds_of(CLOCK_THREAD_CPUTIME_ID) + config.seconds / 4; // warm up
	turns_until(time_is_up, "no time passes");
	take_sample(&from);
	until = from.cpu[0] + config.seconds;
	turns_until(slices_taken, "no time passes");
	take_sample(&to);
	phase_set(ECHO_CLOSING);
	turns_until(all_closed, "not all connections were closed");
	turns_until(settled, "no time passes");
	phase_set(ECHO_OVER);
	if (config.two_cores)
		pthread_join(server, NULL);
	memory[2] = resident();
	for (int i = 0; i < 2; i++) {
		errno = 0;
		const char *left = ends[i].io->leftover(&ends[i]);
		if (left != NULL)
			fprintf(stderr, "bench_echo: left behind: ");
		echo_need(left == NULL, left);
	}
	print(&from, &to, memory[0], memory[1], memory[2]);
}

int main(int argc, char **argv)
{
	read_options(argc, argv);
	for (int i = 0; i < 2; i++) {
		ends[i] = (struct echo_end){.config = &config, .phase = &phase, .server = i == 1};
		app_start(&ends[i]);
	}
	if (config.linux_stack)
		linux_start(&config, ends);
	else
		own_start(&config, ends);
	longest = cycles_a_second() / ECHO_TAKEN_PARTS;
	pin(config.core);
	ends[0].io->enter(&ends[0]);
	if (config.two_cores)
		echo_need(pthread_create(&server, NULL, serve, NULL) == 0, "no thread");
	measure();
	for (int i = 0; i < 2; i++) {
		ends[i].io->stop(&ends[i]);
		app_stop(&ends[i]);
	}
	return 0;
}
