// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The operator's command line.

#include "app/bulkheadctl/commands.h"

#include <curl/curl.h>

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fail(int status, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("bulkheadctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

int print_json(json_t *json)
{
	json_dumpf(json, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(json);
	return EXIT_OK;
}

int ctl_version(const struct args *args)
{
	if (args->json)
		return print_json(json_pack("{s:s}", "version", BULKHEAD_VERSION));
	puts("bulkheadctl " BULKHEAD_VERSION);
	return EXIT_OK;
}

// Is `word` the first of the command's two?
static bool is_of_group(const struct command *command, const char *word)
{
	size_t n = strlen(word);

	return strncmp(command->name, word, n) == 0 && command->name[n] == ' ';
}

static bool is_group(const char *word)
{
	for (size_t i = 0; i < n_commands; i++) {
		if (is_of_group(&commands[i], word))
			return true;
	}
	return false;
}

// All commands, or those of `group`, which may be NULL.
static void usage(FILE *out, const char *group)
{
	fprintf(out, "usage: bulkheadctl %s [OPTION]...\n\n", group == NULL ? "COMMAND" : group);
	for (size_t i = 0; i < n_commands; i++) {
		char name[48];
		if (group != NULL && !is_of_group(&commands[i], group))
			continue;
		snprintf(
			name, sizeof(name), "%s%s%s", commands[i].name,
			commands[i].argument == NULL ? "" : " ",
			commands[i].argument == NULL ? "" : commands[i].argument
		);
		fprintf(out, "  %-26s %s\n", name, commands[i].what);
	}
	fputs("\n--help with a command tells its options; all take --json. bulkheadctl(1) has more.\n",
	      out);
}

static void command_usage(const struct command *command)
{
	printf("usage: bulkheadctl %s%s%s [OPTION]...\n%s\n\n%s", command->name,
	       command->argument == NULL ? "" : " ",
	       command->argument == NULL ? "" : command->argument, command->what, command->usage);
	if ((command->options & option_bit(OPTION_SOCKET)) != 0)
		puts("  --socket PATH  the gateway's admin socket; /var/lib/bulkhead/admin.sock");
	if ((command->options & option_bit(OPTION_URL)) != 0)
		puts("  --url URL      https://HOST[:PORT] instead of the socket\n"
		     "  --ca-file FILE whom to trust there; the system's\n"
		     "  --token-file F the token in this file; else that in BULKHEAD_TOKEN");
	if ((command->options & option_bit(OPTION_JSON)) != 0)
		puts("  --json         machine-readable");
}

// Where an option's value goes, or the yes of one without a value; both NULL: read_option knows.
struct option_place {
	const char **text;
	bool *flag;
};

static struct option_place place_of(struct args *args, int option)
{
	const struct option_place places[OPTION_COUNT] = {
		[OPTION_JSON] = {.flag = &args->json},
		[OPTION_SOCKET] = {.text = &args->socket},
		[OPTION_STATE] = {.text = &args->state},
		[OPTION_NO_DELAY] = {.flag = &args->no_delay},
		[OPTION_LIVE] = {.flag = &args->live},
		[OPTION_SUBJECT] = {.text = &args->subject},
		[OPTION_RESOURCE] = {.text = &args->resource},
		[OPTION_REASON] = {.text = &args->reason},
		[OPTION_BEFORE] = {.text = &args->before},
		[OPTION_LIMIT] = {.text = &args->limit},
		[OPTION_TTL] = {.text = &args->ttl},
		[OPTION_HEAD] = {.text = &args->head},
		[OPTION_SINCE] = {.text = &args->since},
		[OPTION_URL] = {.text = &args->url},
		[OPTION_CA_FILE] = {.text = &args->ca_file},
		[OPTION_TOKEN_FILE] = {.text = &args->token_file},
		[OPTION_COMMENT] = {.text = &args->comment},
		[OPTION_FOR] = {.text = &args->lasts},
		[OPTION_DRY_RUN] = {.flag = &args->dry_run},
		[OPTION_ALL] = {.flag = &args->all},
		[OPTION_ISSUER] = {.text = &args->issuer},
		[OPTION_DIALECT] = {.text = &args->dialect},
	};
	return places[option];
}

// An option that may be given more than once.
static bool list_add(const char *name, const char **list, size_t *n, size_t max)
{
	if (*n == max) {
		fail(EXIT_USAGE, "--%s at most %zu times", name, max);
		return false;
	}
	list[(*n)++] = optarg;
	return true;
}

static bool read_option(struct args *args, int option)
{
	struct option_place place = place_of(args, option);

	if (place.text != NULL)
		*place.text = optarg;
	else if (place.flag != NULL)
		*place.flag = true;
	else if (option == OPTION_SPEED)
		args->speed = strtod(optarg, NULL);
	else if (option == OPTION_PATTERNS)
		return list_add("patterns", args->patterns, &args->n_patterns, PATTERNS_MAX);
	else if (option == OPTION_GROUP)
		return list_add("group", args->groups, &args->n_groups, GROUPS_MAX);
	else if (option == OPTION_STATEMENT)
		return list_add("statement", args->statements, &args->n_statements, STATEMENTS_MAX);
	return true;
}

// Out: *args, *given (bits), and in argv[optind..] the words. Returns false when an option is
// wrong, which has been said.
static bool read_options(int argc, char **argv, struct args *args, uint32_t *given)
{
	int option;

	*args = (struct args){.speed = 1};
	*given = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option < OPTION_HELP || option >= OPTION_COUNT || !read_option(args, option))
			return false;
		*given |= option_bit(option);
	}
	return true;
}

// The command that the words begin with. Out: *words, how many its name has.
static const struct command *find(int n, char **argv, int *words)
{
	char two[64];

	for (size_t i = 0; i < n_commands; i++) {
		*words = strchr(commands[i].name, ' ') == NULL ? 1 : 2;
		if (n < *words)
			continue;
		snprintf(
			two, sizeof(two), "%s%s%s", argv[0], *words == 2 ? " " : "",
			*words == 2 ? argv[1] : ""
		);
		if (strcmp(two, commands[i].name) == 0)
			return &commands[i];
	}
	return NULL;
}

// The words name no command: show what there is when that was asked, else say what is wrong.
static int no_command(int n, char **words, bool asked)
{
	const char *group = n > 0 && is_group(words[0]) ? words[0] : NULL;
	int status = EXIT_OK;

	if (n == 0 && !asked)
		status = fail(EXIT_USAGE, "a command is needed");
	else if (n == 1 && group != NULL && !asked)
		status = fail(EXIT_USAGE, "`%s` needs one of its commands", group);
	else if (n > (group != NULL))
		status =
			fail(EXIT_USAGE, "unknown command `%s%s%s`", words[0],
			     group == NULL ? "" : " ", group == NULL ? "" : words[1]);
	usage(status == EXIT_OK ? stdout : stderr, group);
	return status;
}

// One argument, none, or, "[THIS...]", any number.
static bool takes(const struct command *command, int n)
{
	if (command->argument != NULL && command->argument[0] == '[')
		return true;
	return n == (command->argument != NULL);
}

static int run(int argc, char **argv)
{
	struct args args;
	uint32_t given;
	int words;

	if (!read_options(argc, argv, &args, &given))
		return fail(EXIT_USAGE, "try bulkheadctl --help");
	int n = argc - optind;
	const struct command *command = find(n, argv + optind, &words);
	if (command == NULL)
		return no_command(n, argv + optind, (given & option_bit(OPTION_HELP)) != 0);
	if ((given & option_bit(OPTION_HELP)) != 0) {
		command_usage(command);
		return EXIT_OK;
	}
	for (const struct option *o = options; o->name != NULL; o++) {
		if ((given & ~command->options & option_bit(o->val)) != 0)
			return fail(EXIT_USAGE, "%s does not take --%s", command->name, o->name);
	}
	if (!takes(command, n - words))
		return fail(
			EXIT_USAGE, "usage: bulkheadctl %s %s", command->name,
			command->argument == NULL ? "(no argument)" : command->argument
		);
	if (args.url != NULL && strncmp(args.url, "https://", 8) != 0)
		return fail(EXIT_USAGE, "--url begins with https://");
	if (!(args.speed > 0))
		return fail(EXIT_USAGE, "--speed is a number above 0");
	args.words = (const char *const *)argv + optind + words;
	args.n_words = (size_t)(n - words);
	args.word = args.n_words == 0 ? NULL : args.words[0];
	return command->run(&args);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_DFL); // `| head` ends it quietly
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return EXIT_FAILED;
	int status = run(argc, argv);
	curl_global_cleanup();
	if (fflush(stdout) != 0 && status == EXIT_OK)
		status = fail(EXIT_FAILED, "cannot write to standard output");
	return status;
}
