// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The daemon: arguments, signals, start, loop, stop.

#include "app/control.h"

#include <curl/curl.h>

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

enum { READY_MS = 5000 }; // the longest wait for the first look-up of masked columns

enum exit_status { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

struct options {
	const char *file;
	bool check;
};

static const char usage[] =
	"usage: bulkhead --config FILE [--check]\n"
	"       bulkhead --version | --help\n"
	"\n"
	"  --config FILE  the configuration: ports, issuers, resources, listeners, rules\n"
	"  --check        read it, tell every error, and exit without touching a port\n"
	"\n"
	"SIGHUP reads the configuration again; SIGTERM drains and stops, a second one stops now.\n";

// Returns false, with the exit status, when there is nothing more to do.
static bool read_options(int argc, char **argv, struct options *options, int *status)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, 'k'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int o;

	*options = (struct options){0};
	*status = EXIT_OK;
	while ((o = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (o) {
		case 'c':
			options->file = optarg;
			break;
		case 'k':
			options->check = true;
			break;
		case 'v':
			puts("bulkhead " BULKHEAD_VERSION);
			return false;
		case 'h':
			fputs(usage, stdout);
			return false;
		default:
			*status = EXIT_USAGE;
		}
	}
	if (*status == EXIT_OK && optind < argc) {
		fprintf(stderr, "bulkhead: unknown argument `%s`\n", argv[optind]);
		*status = EXIT_USAGE;
	} else if (*status == EXIT_OK && options->file == NULL) {
		fputs("bulkhead: --config FILE is needed\n", stderr);
		*status = EXIT_USAGE;
	}
	if (*status != EXIT_OK)
		fputs(usage, stderr);
	return *status == EXIT_OK;
}

static void print_errors(const struct config_errors *errors)
{
	for (uint32_t i = 0; i < errors->n; i++)
		fprintf(stderr, "%s\n", errors->lines[i]);
	if (errors->n_left_out > 0)
		fprintf(stderr, "and %u more\n", errors->n_left_out);
}

// What only building it finds: names of patterns, keys that do not fit their certificates.
static int check_build(const struct config *config, struct config_errors *errors)
{
	const uint8_t hash_key[32] = {0};
	struct contexts contexts;
	struct snapshot *snapshot = NULL;

	int r = contexts_init(&contexts, 1);
	if (r != 0)
		return r;
	const struct snapshot_hooks hooks = contexts_hooks(&contexts, NULL);
	r = contexts_configure(&contexts, config, errors);
	if (r == 0)
		r = snapshot_build(config, 1, 1, hash_key, &hooks, &snapshot, errors);
	snapshot_free(snapshot);
	contexts_fini(&contexts);
	return r;
}

static int check(const struct config *config)
{
	struct config_errors errors = {0};
	int r = check_build(config, &errors);

	print_errors(&errors);
	if (r != 0 && errors.n == 0)
		fprintf(stderr, "%s: %s\n", config->file, err_text(r));
	config_errors_fini(&errors);
	if (r == 0)
		printf("%s: ok\n", config->file);
	return r == 0 ? EXIT_OK : EXIT_FAILED;
}

// Wait for one of `signals`, at most `ms`. Returns 0 when none came.
static int wait_signal(const sigset_t *signals, unsigned ms)
{
	const struct timespec timeout = {.tv_nsec = (long)ms * 1000000};
	int number = sigtimedwait(signals, NULL, &timeout);

	return number < 0 ? 0 : number;
}

static void loop(struct control *control, const sigset_t *signals)
{
	while (!drain_tick(control)) {
		unsigned n = control_events(control);
		control_tick(control);
		admin_poll(control->admin);
		switch (wait_signal(signals, n > 0 ? 0 : 1)) {
		case SIGHUP:
			(void)control_reload(control);
			break;
		case SIGTERM:
		case SIGINT:
			if (control->drain.stops)
				return; // the second one means now
			drain_begin(control, true);
			break;
		}
	}
}

// Statements on resources with masked columns are refused until the columns are known: give the
// first look-up a moment before saying ready. A server that is down does not keep the gateway from
// starting.
static void settle(struct control *control)
{
	for (unsigned ms = 0; ms < READY_MS && catalogs_missing(control); ms++) {
		(void)control_events(control);
		control_tick(control);
		admin_poll(control->admin);
		const struct timespec pause = {.tv_nsec = 1000000};
		nanosleep(&pause, NULL);
	}
	log_line(
		LOG_INFO, "start", "ready version=%s%s", BULKHEAD_VERSION,
		catalogs_missing(control) ? " (masked columns are not known yet)" : ""
	);
}

// What is in memory includes every credential and whatever crosses: it goes into no core file, and
// into no pipe of a crash handler (which RLIMIT_CORE alone does not stop). After the start, since
// EAL reads of /proc what a process that is not dumpable may not.
static void forbid_dumps(void)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		log_line(LOG_WARN, "start", "core dumps stay possible: %s", strerror(errno));
}

static int run(const char *file, struct config *config)
{
	struct control *control = aligned_alloc(64, sizeof(*control));
	sigset_t signals;

	if (control == NULL)
		return EXIT_FAILED;
	memset(control, 0, sizeof(*control));
	control->file = file;
	control->config = config;
	log_setup(config->gateway.log_level, config->gateway.log_json);
	// Blocked before there are threads: all inherit that, and only the loop takes them.
	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);

	int r = control_start(control);
	if (r == 0) {
		forbid_dumps();
		settle(control);
		loop(control, &signals);
	}
	control_stop(control);
	if (r == 0)
		log_line(LOG_INFO, "stop", "done");
	free(control);
	return r == 0 ? EXIT_OK : EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct options options;
	struct config_errors errors = {0};
	struct config *config = NULL;
	int status;

	if (!read_options(argc, argv, &options, &status))
		return status;
	umask(0077); // what libraries create in the state folder is nobody else's either
	int r = config_load(options.file, &config, &errors);
	print_errors(&errors);
	if (r != 0 && errors.n == 0)
		fprintf(stderr, "%s: %s\n", options.file, err_text(r));
	config_errors_fini(&errors);
	if (r != 0)
		return EXIT_FAILED;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return EXIT_FAILED;
	if (options.check) {
		status = check(config);
		config_free(config);
	} else {
		status = run(options.file, config);
	}
	curl_global_cleanup();
	return status;
}
