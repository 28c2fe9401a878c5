// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The shell's own commands, and programs that are hardly more than their arguments.

#include "dataplane/inspect/shell.h"

void shell_export(const struct shell_call *c)
{
	if (c->n == 1 || shell_has_option(c, "-p")) // shows the environment
		shell_effects(c, EFFECT_READ, EFFECT_CREDENTIALS);
	for (unsigned i = 1; i < c->n; i++) {
		struct shell_call one = {.s = c->s, .word = &c->word[i], .n = 1};
		if (shell_word_starts(&c->word[i], "-"))
			continue;
		if ((c->word[i].flags & (WORD_OPEN | WORD_SPLITS)) != 0)
			shell_unknown(c, "which variable it sets is not known");
		shell_assign(&one);
	}
}

// set -e, set -o pipefail, shopt -s nullglob: only what is known not to change later words.
void shell_unset(const struct shell_call *c)
{
	static const char *const known[] = {
		"-e",    "-u", "-x",       "-eu",     "-ex",     "-eux",   "-euo",
		"-euxo", "-o", "pipefail", "errexit", "nounset", "xtrace", "+e",
		"+x",    "+u", "-s",       "-u",      "--",      NULL,
	};
	if (!shell_word_is(&c->word[0], "set"))
		return;
	if (c->n == 1)
		shell_effects(c, EFFECT_READ, EFFECT_CREDENTIALS);
	for (unsigned i = 1; i < c->n; i++) {
		bool found = false;
		for (const char *const *k = known; *k != NULL; k++)
			found |= shell_word_is(&c->word[i], *k);
		if (!found)
			shell_unknown(c, "an option of the shell's that is not known");
	}
}

// mapfile -C, jobs -x and complete -C run what they are given; hash -p gives a program another
// name.
void shell_runs_value(const struct shell_call *c)
{
	if (!shell_is_open(c, 1) && !shell_has_option(c, "-C") && !shell_has_option(c, "-x") &&
	    !shell_has_option(c, "-p"))
		return;
	shell_effects(c, EFFECT_EXEC, EFFECT_PROGRAM);
	shell_unknown(c, "an option by which another program runs");
}

void shell_unknown_call(const struct shell_call *c)
{
	shell_unknown(c, "what is typed there is not in the line");
}

// ip addr show; ifconfig eth0: what is not known to show something changes it.
void shell_ip(const struct shell_call *c)
{
	static const char *const shows[] = {
		"addr",   "address", "a",      "link", "l",    "route", "r",      "neigh",
		"n",      "rule",    "show",   "list", "ls",   "-4",    "-6",     "-br",
		"-s",     "-j",      "-c",     "-o",   "-d",   "-a",    "-n",     "-e",
		"-tulpn", "-tlnp",   "-tulnp", "-t",   "-u",   "-p",    "-tunap", "-an",
		"-rn",    "-anp",    "-s",     "-i",   "eth0", "lo",    NULL,
	};
	for (unsigned i = 1; i < c->n; i++) {
		bool known = false;
		for (const char *const *w = shows; *w != NULL; w++)
			known |= shell_word_is(&c->word[i], *w);
		if (known)
			continue;
		shell_effects(c, EFFECT_ADMIN | EFFECT_EXEC, EFFECT_CONFIG);
		shell_unknown(c, "what it changes is not known");
	}
}

// scp, sftp, rsync: -e, -o and -S run programs.
void shell_copy(const struct shell_call *c)
{
	if (shell_is_open(c, 1) || shell_has_option(c, "-e") || shell_has_option(c, "--rsh") ||
	    shell_has_option(c, "-o") || shell_has_option(c, "-S") || shell_has_option(c, "-F") ||
	    shell_has_option(c, "--rsync-path"))
		shell_unknown(c, "an option by which another program may run");
	if (shell_has_option(c, "--delete") || shell_has_option(c, "--remove-source-files"))
		shell_effects(c, EFFECT_WRITE, EFFECT_DESTROYS);
	for (unsigned i = 1; i < c->n; i++)
		shell_found_path(c->s, &c->word[i], EFFECT_READ);
}
