// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The operator's command line: one table of commands, one of options.

#include "app/bulkheadctl/ctl.h"

#include <curl/curl.h>

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_code {
	OPTION_HELP = 1,
	OPTION_JSON,
	OPTION_SOCKET,
	OPTION_STATE,
	OPTION_PATTERNS,
	OPTION_SPEED,
	OPTION_NO_DELAY,
	OPTION_LIVE,
	OPTION_SUBJECT,
	OPTION_RESOURCE,
	OPTION_REASON,
	OPTION_BEFORE,
	OPTION_LIMIT,
	OPTION_TTL,
	OPTION_GROUP,
	OPTION_SINCE,
	OPTION_HEAD,
	OPTION_URL,
	OPTION_CA_FILE,
	OPTION_TOKEN_FILE,
	OPTION_COMMENT,
	OPTION_FOR,
	OPTION_DRY_RUN,
	OPTION_ALL,
};
#define BIT(option) (1u << (option))
#define COMMON      (BIT(OPTION_HELP) | BIT(OPTION_JSON))
#define ASKS                                                                   \
	(COMMON | BIT(OPTION_SOCKET) | BIT(OPTION_URL) | BIT(OPTION_CA_FILE) | \
	 BIT(OPTION_TOKEN_FILE))

static const struct option options[] = {
	{"help", no_argument, NULL, OPTION_HELP},
	{"json", no_argument, NULL, OPTION_JSON},
	{"socket", required_argument, NULL, OPTION_SOCKET},
	{"state", required_argument, NULL, OPTION_STATE},
	{"patterns", required_argument, NULL, OPTION_PATTERNS},
	{"speed", required_argument, NULL, OPTION_SPEED},
	{"no-delay", no_argument, NULL, OPTION_NO_DELAY},
	{"live", no_argument, NULL, OPTION_LIVE},
	{"subject", required_argument, NULL, OPTION_SUBJECT},
	{"resource", required_argument, NULL, OPTION_RESOURCE},
	{"reason", required_argument, NULL, OPTION_REASON},
	{"before", required_argument, NULL, OPTION_BEFORE},
	{"limit", required_argument, NULL, OPTION_LIMIT},
	{"ttl", required_argument, NULL, OPTION_TTL},
	{"group", required_argument, NULL, OPTION_GROUP},
	{"head", required_argument, NULL, OPTION_HEAD},
	{"since", required_argument, NULL, OPTION_SINCE},
	{"url", required_argument, NULL, OPTION_URL},
	{"ca-file", required_argument, NULL, OPTION_CA_FILE},
	{"token-file", required_argument, NULL, OPTION_TOKEN_FILE},
	{"comment", required_argument, NULL, OPTION_COMMENT},
	{"for", required_argument, NULL, OPTION_FOR},
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
	{"all", no_argument, NULL, OPTION_ALL},
	{0},
};

static const struct command {
	const char *name;     // one word or two
	const char *argument; // what follows, or NULL
	uint32_t options;
	int (*run)(const struct args *args);
	const char *what, *usage;
} commands[] = {
	{"status", NULL, ASKS, ctl_status,
	 "version, policy, recorder, audit head and every worker's counters", ""},
	{"sessions list", NULL,
	 ASKS | BIT(OPTION_STATE) | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE) | BIT(OPTION_LIVE) |
		 BIT(OPTION_SUBJECT) | BIT(OPTION_RESOURCE),
	 ctl_sessions_list, "sessions, the newest first",
	 "  --limit N      at most so many, 1 to 1000; 50\n"
	 "  --before N     those before, as the line \"more\" says\n"
	 "  --live         only those that are open\n"
	 "  --subject S    only of this subject\n"
	 "  --resource R   only to this resource\n"
	 "  --state DIR    read the recordings in DIR; no gateway is asked\n"},
	{"sessions show", "ID", ASKS | BIT(OPTION_STATE), ctl_sessions_show,
	 "everything that is known of a session",
	 "  --state DIR    read the recordings in DIR; no gateway is asked\n"},
	{"sessions replay", "ID",
	 ASKS | BIT(OPTION_STATE) | BIT(OPTION_SPEED) | BIT(OPTION_NO_DELAY), ctl_sessions_replay,
	 "commands, verdicts and masked answers of a session, as they came",
	 "  --speed N      N times as fast; 1. Pauses longer than 5 seconds are cut\n"
	 "  --no-delay     all at once\n"
	 "  --state DIR    read the recordings in DIR; no gateway is asked\n"},
	{"sessions kill", "ID", ASKS | BIT(OPTION_REASON), ctl_sessions_kill, "end an open session",
	 "  --reason TEXT  why, for the audit log\n"},
	{"audit verify", NULL, ASKS | BIT(OPTION_STATE) | BIT(OPTION_HEAD), ctl_audit_verify,
	 "check the audit log, every link, and the recordings it names",
	 "  --state DIR    the gateway's state folder\n"
	 "  --head SEQ:HASH  a head that was kept elsewhere and must be in the log\n"},
	{"audit tail", NULL, ASKS | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE), ctl_audit_tail,
	 "the last lines of the audit log, newest first",
	 "  --limit N      at most so many, 1 to 1000\n"
	 "  --before N     those before, as the line \"more\" says\n"},
	{"policy dry-run", "FILE", ASKS | BIT(OPTION_SINCE) | BIT(OPTION_LIMIT), ctl_policy_dry_run,
	 "what another configuration would have done to recorded sessions",
	 "  --since TIME   to those of the last 90s, 30m, 24h...; 24h\n"
	 "  --limit N      show at most so many differences, 1 to 10000; 20\n"},
	{"policy", NULL, ASKS, ctl_policy, "version, file and sizes of the policy in force", ""},
	{"reload", NULL, ASKS, ctl_reload,
	 "read the configuration again and put its policy in force", ""},
	{"token", NULL, ASKS | BIT(OPTION_SUBJECT) | BIT(OPTION_GROUP) | BIT(OPTION_TTL), ctl_token,
	 "mint a token with the local issuer, where the configuration has one",
	 "  --subject S    for whom; required\n"
	 "  --group G      in this group; as often as needed\n"
	 "  --ttl TIME     how long it is valid: 90s, 30m, 1h; at most a day; 1h\n"},
	{"approvals list", NULL, ASKS | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE) | BIT(OPTION_ALL),
	 ctl_approvals_list, "what waits for a human",
	 "  --limit N      at most so many, 1 to 1000\n"
	 "  --before N     those before, as the line \"more\" says\n"
	 "  --all          what is decided, too\n"},
	{"approvals show", "ID", ASKS, ctl_approvals_show,
	 "one of them: the command, its chain, the votes", ""},
	{"approvals approve", "ID", ASKS | BIT(OPTION_COMMENT), ctl_approvals_approve,
	 "say yes; needs a human's token", "  --comment TEXT for those who read it later\n"},
	{"approvals refuse", "ID", ASKS | BIT(OPTION_COMMENT), ctl_approvals_refuse,
	 "say no; needs a human's token", "  --comment TEXT for those who read it later\n"},
	{"access list", NULL, ASKS | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE) | BIT(OPTION_ALL),
	 ctl_access_list, "accesses that were asked for and wait",
	 "  --limit N      at most so many, 1 to 1000\n"
	 "  --before N     those before, as the line \"more\" says\n"
	 "  --all          what is decided, too\n"},
	{"access request", "RESOURCE", ASKS | BIT(OPTION_FOR) | BIT(OPTION_REASON),
	 ctl_access_request, "ask for a grant for oneself; needs a token",
	 "  --for TIME     how long; at most what the rule gives\n"
	 "  --reason TEXT  why\n"},
	{"access grants", NULL, ASKS | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE) | BIT(OPTION_ALL),
	 ctl_access_grants, "grants in force",
	 "  --limit N      at most so many, 1 to 1000\n"
	 "  --before N     those before, as the line \"more\" says\n"
	 "  --all          those that are over, too\n"},
	{"access revoke", "ID", ASKS | BIT(OPTION_REASON), ctl_access_revoke,
	 "end a grant, and the sessions by it", "  --reason TEXT  why\n"},
	{"revoke token", "TOKEN", ASKS | BIT(OPTION_REASON) | BIT(OPTION_FOR) | BIT(OPTION_DRY_RUN),
	 ctl_revoke_token, "the kill switch for one token and all below it",
	 "  --reason TEXT  why, for the list and the audit log\n"
	 "  --for TIME     it ends by itself: 90s, 30m, 1h, 2d\n"
	 "  --dry-run      only tell what it would end\n"},
	{"revoke subject", "ISSUER/KEY",
	 ASKS | BIT(OPTION_REASON) | BIT(OPTION_FOR) | BIT(OPTION_DRY_RUN), ctl_revoke_subject,
	 "for a subject, whatever its token, and all below it",
	 "  --reason TEXT  why, for the list and the audit log\n"
	 "  --for TIME     it ends by itself: 90s, 30m, 1h, 2d\n"
	 "  --dry-run      only tell what it would end\n"},
	{"revoke node", "NODE", ASKS | BIT(OPTION_REASON) | BIT(OPTION_FOR) | BIT(OPTION_DRY_RUN),
	 ctl_revoke_node, "for a node of a chain, as chains shows it, and all below",
	 "  --reason TEXT  why, for the list and the audit log\n"
	 "  --for TIME     it ends by itself: 90s, 30m, 1h, 2d\n"
	 "  --dry-run      only tell what it would end\n"},
	{"revoke resource", "NAME",
	 ASKS | BIT(OPTION_REASON) | BIT(OPTION_FOR) | BIT(OPTION_DRY_RUN), ctl_revoke_resource,
	 "for whoever is connected to a resource",
	 "  --reason TEXT  why, for the list and the audit log\n"
	 "  --for TIME     it ends by itself: 90s, 30m, 1h, 2d\n"
	 "  --dry-run      only tell what it would end\n"},
	{"revocations list", NULL, ASKS | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE) | BIT(OPTION_ALL),
	 ctl_revocations_list, "revocations in force",
	 "  --limit N      at most so many, 1 to 1000\n"
	 "  --before N     those before, as the line \"more\" says\n"
	 "  --all          those that are over, too\n"},
	{"revocations lift", "ID", ASKS | BIT(OPTION_REASON), ctl_revocations_lift,
	 "take a revocation back", "  --reason TEXT  why\n"},
	{"chains", NULL, ASKS | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE) | BIT(OPTION_LIVE),
	 ctl_chains, "the tree of who started whom",
	 "  --limit N      at most so many, 1 to 1000\n"
	 "  --before N     those before, as the line \"more\" says\n"
	 "  --live         only what has open sessions\n"},
	{"budgets", NULL, ASKS | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE), ctl_budgets,
	 "budgets and what is used of them",
	 "  --limit N      at most so many, 1 to 1000\n"
	 "  --before N     those before, as the line \"more\" says\n"},
	{"notifications list", NULL,
	 ASKS | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE) | BIT(OPTION_ALL), ctl_notifications_list,
	 "notifications that were given up",
	 "  --limit N      at most so many, 1 to 1000\n"
	 "  --before N     those before, as the line \"more\" says\n"
	 "  --all          those that are tried still, too\n"},
	{"notifications requeue", "ID", ASKS, ctl_notifications_requeue, "try one again", ""},
	{"whoami", NULL, ASKS, ctl_whoami, "who the gateway takes you for", ""},
	{"completion", "bash|zsh", BIT(OPTION_HELP), ctl_completion,
	 "a script for the shell: source <(bulkheadctl completion bash)", ""},
	{"patterns list", NULL, COMMON | BIT(OPTION_PATTERNS), ctl_patterns_list,
	 "the patterns of the library",
	 "  --patterns DIR a folder of the library, more than once if need be; " BULKHEAD_PATTERNS
	 "\n"},
	{"patterns show", "NAME", COMMON | BIT(OPTION_PATTERNS), ctl_patterns_show,
	 "one pattern with its examples",
	 "  --patterns DIR a folder of the library, more than once if need be; " BULKHEAD_PATTERNS
	 "\n"},
	{"patterns test", "FILE", COMMON | BIT(OPTION_PATTERNS), ctl_patterns_test,
	 "what the library finds in a file, or in standard input (-)",
	 "  --patterns DIR a folder of the library, more than once if need be; " BULKHEAD_PATTERNS
	 "\n"},
	{"check", "FILE", COMMON, ctl_check,
	 "read a configuration and tell every error in it, without a gateway", ""},
	{"version", NULL, COMMON, ctl_version, "the version of this program", ""},
};
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

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

// ---- completion: made of the tables

static size_t first_word(const char *name)
{
	return strcspn(name, " ");
}

static bool same_first_word(const struct command *a, const struct command *b)
{
	size_t n = first_word(a->name);

	return n == first_word(b->name) && strncmp(a->name, b->name, n) == 0;
}

static bool is_first(size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (same_first_word(&commands[i], &commands[j]))
			return false;
	}
	return true;
}

// Behind these stands a value, which is no word of the command.
static void complete_values(void)
{
	const char *before = "\t\t";

	for (const struct option *o = options; o->name != NULL; o++) {
		if (o->has_arg != required_argument)
			continue;
		printf("%s--%s", before, o->name);
		before = "|";
	}
	puts(") value=1 ;;");
}

// And its argument, when it is one of some words.
static void complete_options(const struct command *command)
{
	const char *argument = command->argument == NULL ? "" : command->argument;

	if (strchr(argument, '|') != NULL) {
		for (const char *c = argument; *c != '\0'; c++)
			putchar(*c == '|' ? ' ' : *c);
		putchar(' ');
	}
	for (const struct option *o = options; o->name != NULL; o++) {
		if ((command->options & BIT(o->val)) != 0)
			printf("--%s ", o->name);
	}
}

// The words so far are the first n bytes of its name; or all of it, and its argument.
static void complete_name(const struct command *command, size_t n)
{
	printf("\t'%.*s'", (int)n, command->name);
	if (command->argument != NULL && command->name[n] == '\0')
		printf("|'%s '*", command->name);
	printf(")\n\t\twords='");
}

// What may follow the first word of commands[i]: second words, options, or (`policy`) both.
static void complete_group(size_t i)
{
	complete_name(&commands[i], first_word(commands[i].name));
	for (size_t j = i; j < N_COMMANDS; j++) {
		size_t n = first_word(commands[j].name);
		if (!same_first_word(&commands[i], &commands[j]))
			continue;
		if (commands[j].name[n] == '\0')
			complete_options(&commands[j]);
		else
			printf("%s ", commands[j].name + n + 1);
	}
	puts("' ;;");
}

static void complete_commands(void)
{
	printf("\t'')\n\t\twords='--help ");
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (is_first(i))
			printf("%.*s ", (int)first_word(commands[i].name), commands[i].name);
	}
	puts("' ;;");
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (is_first(i))
			complete_group(i);
		if (strchr(commands[i].name, ' ') == NULL)
			continue;
		complete_name(&commands[i], strlen(commands[i].name));
		complete_options(&commands[i]);
		puts("' ;;");
	}
}

int ctl_completion(const struct args *args)
{
	if (strcmp(args->word, "bash") != 0 && strcmp(args->word, "zsh") != 0)
		return fail(EXIT_USAGE, "completion: bash or zsh");
	if (args->word[0] == 'z')
		puts("(( $+functions[compdef] )) || { autoload -U +X compinit && compinit }\n"
		     "autoload -U +X bashcompinit && bashcompinit");
	puts("_bulkheadctl() {\n"
	     "\tlocal word='' name='' words='' value='' i\n"
	     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	     "\t\tword=${COMP_WORDS[i]}\n"
	     "\t\t[[ $word == -* || -n $value ]] || name=${name:+$name }$word\n"
	     "\t\t[[ -z $value ]] || word=''\n"
	     "\t\tvalue=''\n"
	     "\t\tcase $word in");
	complete_values();
	puts("\t\tesac\n"
	     "\tdone\n"
	     "\t[[ -z $value ]] || name=-\n"
	     "\tcase $name in\n"
	     "\t-) ;; # an option's value: perhaps a file");
	complete_commands();
	puts("\t*) words='--help --json' ;;\n"
	     "\tesac\n"
	     "\tCOMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
	     "}\n"
	     "complete -o default -F _bulkheadctl bulkheadctl");
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
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (is_of_group(&commands[i], word))
			return true;
	}
	return false;
}

// All commands, or those of `group`, which may be NULL.
static void usage(FILE *out, const char *group)
{
	fprintf(out, "usage: bulkheadctl %s [OPTION]...\n\n", group == NULL ? "COMMAND" : group);
	for (size_t i = 0; i < N_COMMANDS; i++) {
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
	if ((command->options & BIT(OPTION_SOCKET)) != 0)
		puts("  --socket PATH  the gateway's admin socket; /var/lib/bulkhead/admin.sock");
	if ((command->options & BIT(OPTION_URL)) != 0)
		puts("  --url URL      https://HOST[:PORT] instead of the socket\n"
		     "  --ca-file FILE whom to trust there; the system's\n"
		     "  --token-file F the token in this file; else that in BULKHEAD_TOKEN");
	if ((command->options & BIT(OPTION_JSON)) != 0)
		puts("  --json         machine-readable");
}

// Out: *args, *given (bits), and in argv[optind..] the words. Returns false when an option is
// wrong, which getopt has said.
static bool read_options(int argc, char **argv, struct args *args, uint32_t *given)
{
	int option;

	*args = (struct args){.speed = 1};
	*given = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option < OPTION_HELP || option > OPTION_ALL)
			return false;
		*given |= BIT(option);
		switch ((enum option_code)option) {
		case OPTION_HELP:
			break;
		case OPTION_JSON:
			args->json = true;
			break;
		case OPTION_SOCKET:
			args->socket = optarg;
			break;
		case OPTION_STATE:
			args->state = optarg;
			break;
		case OPTION_PATTERNS:
			if (args->n_patterns == PATTERNS_MAX)
				return false;
			args->patterns[args->n_patterns++] = optarg;
			break;
		case OPTION_SPEED:
			args->speed = strtod(optarg, NULL);
			break;
		case OPTION_NO_DELAY:
			args->no_delay = true;
			break;
		case OPTION_LIVE:
			args->live = true;
			break;
		case OPTION_SUBJECT:
			args->subject = optarg;
			break;
		case OPTION_RESOURCE:
			args->resource = optarg;
			break;
		case OPTION_REASON:
			args->reason = optarg;
			break;
		case OPTION_BEFORE:
			args->before = optarg;
			break;
		case OPTION_LIMIT:
			args->limit = optarg;
			break;
		case OPTION_TTL:
			args->ttl = optarg;
			break;
		case OPTION_GROUP:
			if (args->n_groups == GROUPS_MAX)
				return false;
			args->groups[args->n_groups++] = optarg;
			break;
		case OPTION_HEAD:
			args->head = optarg;
			break;
		case OPTION_SINCE:
			args->since = optarg;
			break;
		case OPTION_URL:
			args->url = optarg;
			break;
		case OPTION_CA_FILE:
			args->ca_file = optarg;
			break;
		case OPTION_TOKEN_FILE:
			args->token_file = optarg;
			break;
		case OPTION_COMMENT:
			args->comment = optarg;
			break;
		case OPTION_FOR:
			args->lasts = optarg;
			break;
		case OPTION_DRY_RUN:
			args->dry_run = true;
			break;
		case OPTION_ALL:
			args->all = true;
			break;
		}
	}
	return true;
}

// The command that the words begin with. Out: *words, how many its name has.
static const struct command *find(int n, char **argv, int *words)
{
	char two[64];

	for (size_t i = 0; i < N_COMMANDS; i++) {
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
		return no_command(n, argv + optind, (given & BIT(OPTION_HELP)) != 0);
	if ((given & BIT(OPTION_HELP)) != 0) {
		command_usage(command);
		return EXIT_OK;
	}
	for (const struct option *o = options; o->name != NULL; o++) {
		if ((given & ~command->options & BIT(o->val)) != 0)
			return fail(EXIT_USAGE, "%s does not take --%s", command->name, o->name);
	}
	if (n - words != (command->argument != NULL))
		return fail(
			EXIT_USAGE, "usage: bulkheadctl %s %s", command->name,
			command->argument == NULL ? "(no argument)" : command->argument
		);
	if (args.url != NULL && strncmp(args.url, "https://", 8) != 0)
		return fail(EXIT_USAGE, "--url begins with https://");
	if (!(args.speed > 0))
		return fail(EXIT_USAGE, "--speed is a number above 0");
	args.word = command->argument == NULL ? NULL : argv[optind + words];
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
