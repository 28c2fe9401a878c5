// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Reading command lines of POSIX sh and bash (POSIX.1-2017 2, "Shell Command Language"): words with
// their quotes taken off, commands with all that runs within them, programs by a table of what they
// do. What a variable holds is never known: where it would decide, the line is unknown. Private to
// inspect/.

#pragma once

#include "dataplane/inspect/command.h"

enum shell_word_flag {
	WORD_OPEN = 1 << 0,   // how it begins is not known: perhaps as an option
	WORD_SPLITS = 1 << 1, // it may be several words, or none
	WORD_PARTS = 1 << 2,  // something in it is not known; `text` is what stands before
	WORD_QUOTED = 1 << 3,
	WORD_GLOB = 1 << 4, // a pattern of file names
};

enum shell_limit { SHELL_HEREDOCS_MAX = 8 };

struct shell_heredoc {
	struct span delimiter;
	bool is_quoted, strips_tabs;
};

// A text being read: the line, or a text within it (sh -c '...').
struct shell {
	struct command_reader *r;
	const uint8_t *p;
	size_t n, i;
	unsigned depth;
	bool failed;
	unsigned n_heredocs;
	struct shell_heredoc heredocs[SHELL_HEREDOCS_MAX];
};

// A program and its arguments, as far as they are known.
struct shell_call {
	struct shell *s;
	const struct shell_word *word; // of which the first is the program
	unsigned n;
};

// ---- shell_word.c

void shell_fail(struct shell *s, const char *why);
bool shell_enter(struct shell *s) must_check;
void shell_leave(struct shell *s);
// A word at hand, which there must be, pushed on the reader's words.
void shell_word(struct shell *s);
// White space and comments, not newlines.
void shell_skip_blank(struct shell *s);
// From behind `opening` to `)`: what $( and <( run.
void shell_list_in_parens(struct shell *s);
static inline uint8_t shell_peek(const struct shell *s, size_t k)
{
	return k < s->n - s->i ? s->p[s->i + k] : 0;
}

// ---- shell_expand.c

// At $ or a backtick, within double quotes or not. Appends what is known to the word.
void shell_expand(struct shell *s, struct shell_word *word, bool in_quotes);
void shell_append(struct shell *s, struct shell_word *word, uint8_t c);

// ---- shell_parse.c

// A whole text: commands to its end.
void shell_text(struct command_reader *r, struct span text, unsigned depth);
// Commands up to the closing parenthesis, a word that closes a compound command, or the end.
void shell_list(struct shell *s);
void shell_classify(struct command_reader *r);

// ---- shell_redirect.c

bool shell_redirect(struct shell *s);      // false: there is none here
void shell_read_heredocs(struct shell *s); // at the newline behind their beginning
void shell_found_path(struct shell *s, const struct shell_word *word, uint8_t access);

// The file that an option names, if it is there: -o FILE, -oFILE, --output FILE, --output=FILE.
void shell_found_value(const struct shell_call *c, const char *option, uint8_t access);

// A path that is mentioned: does it hold what somebody logs in with?
void shell_found_mention(struct shell *s, struct span text);

// ---- calls

// What the words do as a command.
void shell_run(struct shell *s, const struct shell_word *words, unsigned n);
// The same for what a wrapper such as sudo runs: words from `from` on.
void shell_run_from(const struct shell_call *c, unsigned from);
// And with words behind them that are not known, as xargs adds.
void shell_run_added(const struct shell_call *c, unsigned from);
// The words from `from` on, joined by spaces, as a text of the shell's.
void shell_run_joined(const struct shell_call *c, unsigned from);

void shell_effects(const struct shell_call *c, uint32_t kinds, uint32_t flags);
void shell_unknown(const struct shell_call *c, const char *why);
bool shell_word_is(const struct shell_word *word, const char *text);
bool shell_word_starts(const struct shell_word *word, const char *text);
static inline bool shell_is_literal(const struct shell_word *w)
{
	return (w->flags & (WORD_OPEN | WORD_SPLITS | WORD_PARTS | WORD_GLOB)) == 0;
}
// Might some word be an option that the text does not show? Then the call is unknown.
bool shell_is_open(const struct shell_call *c, unsigned from);
// Is this option there: "-r" also within "-fr", "--recursive" also as "--rec" (getopt_long takes
// what is not ambiguous) and with "=value". Not behind "--".
bool shell_has_option(const struct shell_call *c, const char *option);
// Is the word anywhere behind the program?
bool shell_has_word(const struct shell_call *c, const char *text);
void shell_name(const struct shell_call *c, const char *kind, struct span name, uint8_t access);

// Programs by name: what they do whatever their arguments, or by a function of their own.
struct shell_program {
	const char *name;
	uint32_t kinds, flags;
	void (*read)(const struct shell_call *c); // adds to them; NULL: all arguments are alike
};

const struct shell_program *shell_program(struct span name);

// A tool by its subcommands.
struct shell_rule {
	const char *verb; // positional words, separated by spaces; the longest that matches counts
	const char *also; // and this word or option anywhere; such rules add to the others
	uint32_t kinds, flags;
};

// `values`: options before the subcommand that take the next word. Unknown when no verb matches.
void shell_tool(
	const struct shell_call *c, const char *const *values, const struct shell_rule *rules,
	size_t n
);

void shell_rm(const struct shell_call *c);
void shell_find(const struct shell_call *c);
void shell_git(const struct shell_call *c);
void shell_kubectl(const struct shell_call *c);
void shell_helm(const struct shell_call *c);
void shell_docker(const struct shell_call *c);
void shell_aws(const struct shell_call *c);
void shell_az(const struct shell_call *c);
void shell_gcloud(const struct shell_call *c);
void shell_wrapper(const struct shell_call *c);
void shell_interpreter(const struct shell_call *c);
void shell_ssh(const struct shell_call *c);
void shell_sed(const struct shell_call *c);
void shell_awk(const struct shell_call *c);
void shell_tar(const struct shell_call *c);
void shell_curl(const struct shell_call *c);
void shell_chmod(const struct shell_call *c);
void shell_dd(const struct shell_call *c);
void shell_files(const struct shell_call *c);         // arguments are files that are read
void shell_files_written(const struct shell_call *c); // or written
void shell_pager(const struct shell_call *c);
void shell_sort(const struct shell_call *c);
void shell_systemctl(const struct shell_call *c);
void shell_packages(const struct shell_call *c);
void shell_artisan(const struct shell_call *c);
void shell_rails(const struct shell_call *c);
void shell_framework(const struct shell_call *c);
void shell_assign(const struct shell_call *c);
void shell_gh(const struct shell_call *c);
void shell_terraform(const struct shell_call *c);
void shell_npm(const struct shell_call *c);
void shell_php(const struct shell_call *c);
void shell_export(const struct shell_call *c);
void shell_unset(const struct shell_call *c);
void shell_zip(const struct shell_call *c);
void shell_runs_value(const struct shell_call *c);
void shell_unknown_call(const struct shell_call *c);
void shell_listed(const struct shell_call *c);
void shell_cp(const struct shell_call *c);
void shell_mostly(const struct shell_call *c);
void shell_ip(const struct shell_call *c);
void shell_copy(const struct shell_call *c);
