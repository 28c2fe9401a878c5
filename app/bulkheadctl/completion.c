// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Completion for bash and zsh, made of the tables.

#include "app/bulkheadctl/commands.h"

#include <stdio.h>
#include <string.h>

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
		if ((command->options & option_bit(o->val)) != 0)
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
	for (size_t j = i; j < n_commands; j++) {
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
	for (size_t i = 0; i < n_commands; i++) {
		if (is_first(i))
			printf("%.*s ", (int)first_word(commands[i].name), commands[i].name);
	}
	puts("' ;;");
	for (size_t i = 0; i < n_commands; i++) {
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
