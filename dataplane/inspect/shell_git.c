// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// git, by its subcommands.

#include "dataplane/inspect/shell.h"

enum {
	R = EFFECT_READ,
	W = EFFECT_WRITE,
	A = EFFECT_ADMIN,
	X = EFFECT_EXEC,
	U = EFFECT_UNKNOWN,
	S = EFFECT_SESSION,
};

static const char *const git_values[] = {
	"-C",
	"-c",
	"--git-dir",
	"--work-tree",
	"--namespace",
	"--config-env",
	"!--no-pager",
	"!-p",
	"!--paginate",
	"!--bare",
	"!--no-replace-objects",
	"!-P",
	"!--literal-pathspecs",
	NULL,
};

static const struct shell_rule git_rules[] = {
	{"status", NULL, R, 0},
	{"log", NULL, R, 0},
	{"diff", NULL, R, 0},
	{"show", NULL, R, 0},
	{"rev-parse", NULL, R, 0},
	{"rev-list", NULL, R, 0},
	{"describe", NULL, R, 0},
	{"blame", NULL, R, 0},
	{"annotate", NULL, R, 0},
	{"shortlog", NULL, R, 0},
	{"ls-files", NULL, R, 0},
	{"ls-tree", NULL, R, 0},
	{"cat-file", NULL, R, 0},
	{"name-rev", NULL, R, 0},
	{"reflog", NULL, R, 0},
	{"cherry", NULL, R, 0},
	{"whatchanged", NULL, R, 0},
	{"merge-base", NULL, R, 0},
	{"count-objects", NULL, R, 0},
	{"fsck", NULL, R, 0},
	{"var", NULL, R, 0},
	{"check-ignore", NULL, R, 0},
	{"for-each-ref", NULL, R, 0},
	{"show-ref", NULL, R, 0},
	{"diff-tree", NULL, R, 0},
	{"grep", NULL, R, 0},
	{"show-branch", NULL, R, 0},
	{"verify-commit", NULL, R, 0},
	{"verify-tag", NULL, R, 0},
	{"stash list", NULL, R, 0},
	{"stash show", NULL, R, 0},
	{"worktree list", NULL, R, 0},
	{"remote show", NULL, R, 0},
	{"remote get-url", NULL, R, 0},
	{"tag", NULL, R, 0},
	{"branch", NULL, R, 0},
	{"remote", NULL, R, 0},
	{"version", NULL, R, 0},
	{"help", NULL, R, 0},
	{"notes list", NULL, R, 0},
	{"submodule status", NULL, R, 0},
	{"bundle verify", NULL, R, 0},
	{"range-diff", NULL, R, 0},
	{"diff", "--ext-diff", X | U, EFFECT_PROGRAM},
	{"log", "--ext-diff", X | U, EFFECT_PROGRAM},
	{"show", "--textconv", X | U, EFFECT_PROGRAM},
	{"grep", "--open-files-in-pager", X | U, EFFECT_PROGRAM},
	{"grep", "-O", X | U, EFFECT_PROGRAM},
	{"branch", "-d", W, EFFECT_DESTROYS},
	{"branch", "-D", W, EFFECT_DESTROYS},
	{"branch", "--delete", W, EFFECT_DESTROYS},
	{"tag", "-d", W, EFFECT_DESTROYS},
	{"tag", "--delete", W, EFFECT_DESTROYS},
	{"branch", "-m", W, 0},
	{"branch", "-M", W, 0},
	{"branch", "-f", W, 0},
	{"branch", "-c", W, 0},
	{"tag", "-a", W, 0},
	{"tag", "-f", W, 0},
	{"tag", "-m", W, 0},
	{"add", NULL, W, 0},
	{"commit", NULL, W, 0},
	{"merge", NULL, W, 0},
	{"cherry-pick", NULL, W, 0},
	{"revert", NULL, W, 0},
	{"checkout", NULL, W, 0},
	{"switch", NULL, W, 0},
	{"restore", NULL, W, 0},
	{"mv", NULL, W, 0},
	{"apply", NULL, W, 0},
	{"am", NULL, W, 0},
	{"init", NULL, W, 0},
	{"init", "--template", X | U, EFFECT_PROGRAM},
	{"notes", NULL, W, 0},
	{"stash", NULL, W, 0},
	{"stash push", NULL, W, 0},
	{"stash pop", NULL, W, 0},
	{"stash apply", NULL, W, 0},
	{"worktree", NULL, W, 0},
	{"worktree add", NULL, W, 0},
	{"bisect", NULL, W, 0},
	{"format-patch", NULL, W, 0},
	{"archive", NULL, W, 0},
	{"bundle", NULL, W, 0},
	{"gc", NULL, W, 0},
	{"pack-refs", NULL, W, 0},
	{"repack", NULL, W, 0},
	{"read-tree", NULL, W, 0},
	{"write-tree", NULL, W, 0},
	{"update-index", NULL, W, 0},
	{"commit-tree", NULL, W, 0},
	{"hash-object", NULL, W, 0},
	{"mktag", NULL, W, 0},
	{"symbolic-ref", NULL, W, 0},
	{"rebase", NULL, W, 0},
	{"maintenance", NULL, W, 0},
	{"sparse-checkout", NULL, W, 0},
	{"rebase", "--exec", W | X, EFFECT_PROGRAM},
	{"rebase", "-x", W | X, EFFECT_PROGRAM},
	{"archive", "--exec", W | X, EFFECT_PROGRAM},
	{"bisect", "run", W | X, EFFECT_PROGRAM},
	{"bisect", "run", U, 0},
	{"rebase", "--exec", U, 0},
	{"rebase", "-x", U, 0},
	{"rm", NULL, W, EFFECT_DESTROYS},
	{"stash drop", NULL, W, EFFECT_DESTROYS},
	{"stash clear", NULL, W, EFFECT_DESTROYS},
	{"worktree remove", NULL, W, EFFECT_DESTROYS},
	{"prune", NULL, W, EFFECT_DESTROYS},
	{"reflog expire", NULL, W, EFFECT_DESTROYS},
	{"reflog delete", NULL, W, EFFECT_DESTROYS},
	{"clean", NULL, W, EFFECT_DESTROYS},
	{"update-ref", NULL, W, EFFECT_DESTROYS},
	{"replace", NULL, W, EFFECT_DESTROYS},
	{"reset", NULL, W, 0},
	{"reset", "--hard", W, EFFECT_DESTROYS},
	{"checkout", "--force", W, EFFECT_DESTROYS},
	{"checkout", "-f", W, EFFECT_DESTROYS},
	{"switch", "--discard-changes", W, EFFECT_DESTROYS},
	{"gc", "--prune", W, EFFECT_DESTROYS},
	{"filter-branch", NULL, W | X, EFFECT_DESTROYS | EFFECT_PROGRAM},
	{"filter-repo", NULL, W | X, EFFECT_DESTROYS | EFFECT_PROGRAM},
	{"clone", NULL, W, EFFECT_NETWORK},
	{"fetch", NULL, W, EFFECT_NETWORK},
	{"pull", NULL, W, EFFECT_NETWORK},
	{"ls-remote", NULL, R, EFFECT_NETWORK},
	{"clone", "--upload-pack", X | U, EFFECT_PROGRAM | EFFECT_NETWORK},
	{"clone", "-u", X | U, EFFECT_PROGRAM | EFFECT_NETWORK},
	{"clone", "-c", X | U, EFFECT_PROGRAM | EFFECT_NETWORK},
	{"clone", "--config", X | U, EFFECT_PROGRAM | EFFECT_NETWORK},
	{"clone", "--template", X | U, EFFECT_PROGRAM | EFFECT_NETWORK},
	{"fetch", "--upload-pack", X | U, EFFECT_PROGRAM | EFFECT_NETWORK},
	{"ls-remote", "--upload-pack", X | U, EFFECT_PROGRAM | EFFECT_NETWORK},
	{"pull", "--upload-pack", X | U, EFFECT_PROGRAM | EFFECT_NETWORK},
	{"push", "--receive-pack", X | U, EFFECT_PROGRAM | EFFECT_NETWORK},
	{"push", "--exec", X | U, EFFECT_PROGRAM | EFFECT_NETWORK},
	{"push", NULL, W, EFFECT_NETWORK},
	{"push", "--force", W, EFFECT_DESTROYS | EFFECT_NETWORK},
	{"push", "-f", W, EFFECT_DESTROYS | EFFECT_NETWORK},
	{"push", "--force-with-lease", W, EFFECT_DESTROYS | EFFECT_NETWORK},
	{"push", "--mirror", W, EFFECT_DESTROYS | EFFECT_NETWORK},
	{"push", "--delete", W, EFFECT_DESTROYS | EFFECT_NETWORK},
	{"push", "-d", W, EFFECT_DESTROYS | EFFECT_NETWORK},
	{"push", "--prune", W, EFFECT_DESTROYS | EFFECT_NETWORK},
	{"submodule", NULL, W, EFFECT_NETWORK},
	{"submodule add", NULL, W, EFFECT_NETWORK},
	{"submodule update", NULL, W, EFFECT_NETWORK},
	{"submodule init", NULL, W, EFFECT_NETWORK},
	{"submodule sync", NULL, W, EFFECT_NETWORK},
	{"submodule foreach", NULL, X | U, EFFECT_PROGRAM},
	{"difftool", NULL, X | U, EFFECT_PROGRAM},
	{"mergetool", NULL, X | U, EFFECT_PROGRAM},
	{"instaweb", NULL, X | U, EFFECT_PROGRAM},
	{"gui", NULL, X | U, EFFECT_PROGRAM},
	{"gitk", NULL, X | U, EFFECT_PROGRAM},
	{"citool", NULL, X | U, EFFECT_PROGRAM},
	{"remote add", NULL, W, EFFECT_CONFIG},
	{"remote set-url", NULL, W, EFFECT_CONFIG},
	{"remote remove", NULL, W, EFFECT_CONFIG},
	{"remote rename", NULL, W, EFFECT_CONFIG},
	{"remote rm", NULL, W, EFFECT_CONFIG},
	{"config", NULL, W, EFFECT_CONFIG},
	{"credential", NULL, A, EFFECT_CREDENTIALS},
	{"credential-store", NULL, A, EFFECT_CREDENTIALS},
	{"credential-cache", NULL, A, EFFECT_CREDENTIALS},
	{"send-email", NULL, X, EFFECT_NETWORK | EFFECT_PROGRAM},
	{"request-pull", NULL, X, EFFECT_NETWORK | EFFECT_PROGRAM},
	{"svn", NULL, X, EFFECT_NETWORK | EFFECT_PROGRAM},
	{"p4", NULL, X, EFFECT_NETWORK | EFFECT_PROGRAM},
	{"daemon", NULL, X, EFFECT_NETWORK | EFFECT_PROGRAM},
};

// Settings that decide what git runs: pagers, editors, hooks, helpers, aliases. Only these are
// none.
static bool is_plain_setting(const struct shell_word *w)
{
	static const char *const plain[] = {
		"user.name=",          "user.email=",          "color.",
		"core.quotepath=",     "core.autocrlf=",       "advice.",
		"init.defaultBranch=", "commit.gpgsign=false", "pull.rebase=",
		"http.lowSpeed",       "push.default=",        "log.",
		"diff.renames=",       "core.pager=cat",       NULL,
	};
	for (const char *const *p = plain; *p != NULL; p++)
		if (shell_word_starts(w, *p))
			return true;
	return false;
}

static bool reads_settings(const struct shell_call *c)
{
	static const char *const reads[] = {
		"--get", "--get-all", "--list", "-l", "--get-regexp", "get", "list", NULL,
	};
	for (const char *const *r = reads; *r != NULL; r++)
		if (shell_has_word(c, *r))
			return true;
	return false;
}

static void read_settings(const struct shell_call *c)
{
	static const char *const secret[] = {
		"credential", "extraheader", "extraHeader", "sshCommand", "sshcommand", NULL,
	};
	static const char *const runs[] = {
		"alias.",     "core.pager", "core.editor", "hooksPath", "hookspath",
		"sshCommand", "sshcommand", "fsmonitor",   ".cmd",      ".driver",
		"textconv",   ".helper",    ".process",    ".clean",    ".smudge",
		"pager.",     "external",   "askPass",     "gpg",       "insteadOf",
		"proxy",      "uploadpack", "receivepack", "include",   NULL,
	};
	if (reads_settings(c))
		shell_effects(c, EFFECT_READ, 0);
	for (unsigned i = 2; i < c->n; i++) {
		struct span s = c->word[i].text;
		for (const char *const *w = secret; *w != NULL; w++)
			if (memmem(s.p, s.n, *w, strlen(*w)) != NULL)
				shell_effects(c, EFFECT_ADMIN, EFFECT_CREDENTIALS);
		for (const char *const *w = runs; *w != NULL && !reads_settings(c); w++)
			if (memmem(s.p, s.n, *w, strlen(*w)) != NULL)
				shell_effects(c, EFFECT_EXEC, EFFECT_PROGRAM);
	}
}

void shell_git(const struct shell_call *c)
{
	bool pushes = shell_has_word(c, "push");
	for (unsigned i = 1; i < c->n; i++) {
		const struct shell_word *w = &c->word[i];
		bool setting = shell_word_is(w, "-c") && i + 1 < c->n;
		if ((setting && !is_plain_setting(&c->word[i + 1])) ||
		    shell_word_starts(w, "--config-env") || shell_word_starts(w, "--exec-path=") ||
		    shell_word_starts(w, "ext::")) {
			shell_effects(c, EFFECT_EXEC, EFFECT_PROGRAM);
			shell_unknown(c, "a setting by which another program runs");
		}
		// git push origin +main, and :main, which deletes
		if (pushes && (shell_word_starts(w, "+") || shell_word_starts(w, ":")))
			shell_effects(c, EFFECT_WRITE, EFFECT_DESTROYS);
		if (setting)
			i++;
	}
	if (shell_has_option(c, "--output"))
		shell_effects(c, EFFECT_WRITE, EFFECT_FILE);
	shell_found_value(c, "--output", EFFECT_WRITE);
	if (shell_has_word(c, "config"))
		read_settings(c);
	if (shell_has_word(c, "config") && reads_settings(c) && !shell_is_open(c, 1))
		return;
	shell_tool(c, git_values, git_rules, sizeof(git_rules) / sizeof(git_rules[0]));
}
