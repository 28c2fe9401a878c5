// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The relay from end to end: scripted clients, the gateway, a scripted server; over clean wires and
// bad ones, with the streams whole, in random pieces and, where it is short, cut at every byte.
//
//   relay [--first SEED] [--count N] [--only SCENARIO] [--trace] PATTERNS
//
// The cuts are made with the first seed only.

#include "dataplane/base/log.h"
#include "tests/sim/relay_world.h"

#include <stdio.h>
#include <stdlib.h>

enum { LOSS_PPM = 10000 };

static struct sim sim;
static unsigned runs, failures;
static const char *only;

static bool run(const struct scenario *scenario, const struct sim_options *options)
{
	const char *fault = sim_run(&sim, scenario, options);
	runs++;
	if (fault == NULL)
		return true;
	failures++;
	printf("%s: seed %ju loss %u client cut %d at %zu server cut %d at %zu: %s\n",
	       scenario->name, (uintmax_t)options->seed, options->loss_ppm, options->client.cut,
	       options->client.at, options->server.cut, options->server.at, fault);
	return false;
}

// A cut at each byte that client and server say.
static void run_cuts(const struct scenario *scenario, struct sim_options options)
{
	uint64_t client = sim.client_sent, server = sim.database.sent;
	options.loss_ppm = 0;
	for (uint64_t at = 1; at < client || at < server; at++) {
		options.client = (struct cutting){at < client ? CUT_AT : CUT_NONE, at};
		options.server = (struct cutting){at < server ? CUT_AT : CUT_NONE, at};
		if (!run(scenario, &options))
			return; // the next ones fail alike
	}
}

static void run_scenario(const struct scenario *scenario, struct sim_options options, bool cuts)
{
	const struct cutting random = {CUT_RANDOM, scenario->bulk ? 20000 : 40};
	if (only != NULL && strcmp(only, scenario->name) != 0)
		return;
	if (!run(scenario, &options))
		return;
	if (scenario->every_cut && cuts)
		run_cuts(scenario, options);
	options.loss_ppm = LOSS_PPM;
	(void)run(scenario, &options);
	options.client = options.server = random;
	(void)run(scenario, &options);
	options.loss_ppm = 0;
	(void)run(scenario, &options);
}

static void run_seed(struct sim_options options, bool cuts)
{
	static const struct scenario *const lists[] = {
		relay_login_scenarios,    relay_command_scenarios, relay_end_scenarios,
		relay_limit_scenarios,    relay_revoke_scenarios,  relay_hold_scenarios,
		relay_hold_end_scenarios, relay_grant_scenarios,   relay_budget_scenarios,
		relay_drain_scenarios,
	};
	for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++)
		for (const struct scenario *s = lists[l]; s->name != NULL; s++)
			run_scenario(s, options, cuts);
}

int main(int argc, char **argv)
{
	struct sim_options options = {0};
	uint64_t first = 1, count = 1;
	const char *patterns = NULL;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--trace") == 0)
			options.trace = true;
		else if (strcmp(argv[i], "--first") == 0 && i + 1 < argc)
			first = strtoull(argv[++i], NULL, 0);
		else if (strcmp(argv[i], "--count") == 0 && i + 1 < argc)
			count = strtoull(argv[++i], NULL, 0);
		else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
			only = argv[++i];
		else
			patterns = argv[i];
	}
	if (patterns == NULL || patterns[0] == '-') {
		fputs("usage: sim_relay [--first SEED] [--count N] [--only NAME] [--trace] "
		      "patterns/library\n",
		      stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	log_setup(LOG_ERROR, false); // sessions end badly by the hundred here
	policies_init(patterns);
	for (uint64_t seed = first; seed < first + count; seed++) {
		options.seed = seed;
		run_seed(options, seed == first);
	}
	policies_fini();
	printf("relay: seeds %ju to %ju, %u runs, %u failed\n", (uintmax_t)first,
	       (uintmax_t)(first + count - 1), runs, failures);
	return failures == 0 && runs > 0 ? 0 : 1;
}
