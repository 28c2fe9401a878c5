// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Tools of every day, by their subcommands.

#include "dataplane/inspect/shell.h"

enum {
	R = EFFECT_READ,
	W = EFFECT_WRITE,
	A = EFFECT_ADMIN,
	X = EFFECT_EXEC,
	U = EFFECT_UNKNOWN,
	S = EFFECT_SESSION,
};

static const char *const systemctl_values[] = {
	"-H",  "--host",    "-M",  "-t",       "--type",  "-p",        "--property",
	"-n",  "--lines",   "-o",  "--output", "!--user", "!--system", "!--no-pager",
	"!-l", "!--failed", "!-q", "!--all",   "!-a",     NULL,
};

static const struct shell_rule systemctl_rules[] = {
	{"status", NULL, R, 0},
	{"show", NULL, R, 0},
	{"cat", NULL, R, 0},
	{"list-units", NULL, R, 0},
	{"list-unit-files", NULL, R, 0},
	{"list-timers", NULL, R, 0},
	{"list-sockets", NULL, R, 0},
	{"list-dependencies", NULL, R, 0},
	{"list-jobs", NULL, R, 0},
	{"is-active", NULL, R, 0},
	{"is-enabled", NULL, R, 0},
	{"is-failed", NULL, R, 0},
	{"is-system-running", NULL, R, 0},
	{"get-default", NULL, R, 0},
	{"show-environment", NULL, R, 0},
	{"start", NULL, A, EFFECT_CONFIG},
	{"stop", NULL, A, EFFECT_CONFIG},
	{"restart", NULL, A, EFFECT_CONFIG},
	{"reload", NULL, A, EFFECT_CONFIG},
	{"try-restart", NULL, A, EFFECT_CONFIG},
	{"reload-or-restart", NULL, A, EFFECT_CONFIG},
	{"enable", NULL, A, EFFECT_CONFIG},
	{"disable", NULL, A, EFFECT_CONFIG},
	{"mask", NULL, A, EFFECT_CONFIG},
	{"unmask", NULL, A, EFFECT_CONFIG},
	{"reenable", NULL, A, EFFECT_CONFIG},
	{"kill", NULL, A, EFFECT_CONFIG},
	{"isolate", NULL, A, EFFECT_CONFIG},
	{"daemon-reload", NULL, A, EFFECT_CONFIG},
	{"daemon-reexec", NULL, A, EFFECT_CONFIG},
	{"set-default", NULL, A, EFFECT_CONFIG},
	{"set-property", NULL, A, EFFECT_CONFIG},
	{"edit", NULL, A, EFFECT_CONFIG},
	{"link", NULL, A, EFFECT_CONFIG},
	{"revert", NULL, A, EFFECT_CONFIG},
	{"preset", NULL, A, EFFECT_CONFIG},
	{"set-environment", NULL, A, EFFECT_CONFIG},
	{"unset-environment", NULL, A, EFFECT_CONFIG},
	{"import-environment", NULL, A, EFFECT_CONFIG},
	{"reset-failed", NULL, A, EFFECT_CONFIG},
	{"clean", NULL, A, EFFECT_CONFIG},
	{"poweroff", NULL, A, EFFECT_CONFIG | EFFECT_DESTROYS},
	{"reboot", NULL, A, EFFECT_CONFIG | EFFECT_DESTROYS},
	{"halt", NULL, A, EFFECT_CONFIG | EFFECT_DESTROYS},
	{"suspend", NULL, A, EFFECT_CONFIG | EFFECT_DESTROYS},
	{"hibernate", NULL, A, EFFECT_CONFIG | EFFECT_DESTROYS},
	{"rescue", NULL, A, EFFECT_CONFIG | EFFECT_DESTROYS},
	{"emergency", NULL, A, EFFECT_CONFIG | EFFECT_DESTROYS},
	{"kexec", NULL, A, EFFECT_CONFIG | EFFECT_DESTROYS},
};

void shell_systemctl(const struct shell_call *c)
{
	shell_tool(
		c, systemctl_values, systemctl_rules,
		sizeof(systemctl_rules) / sizeof(systemctl_rules[0])
	);
}

static const char *const gh_values[] = {
	"-R",
	"--repo",
	"--hostname",
	NULL,
};

static const struct shell_rule gh_rules[] = {
	{"auth status", NULL, R, 0},
	{"repo view", NULL, R, 0},
	{"repo list", NULL, R, 0},
	{"issue list", NULL, R, 0},
	{"issue view", NULL, R, 0},
	{"issue status", NULL, R, 0},
	{"pr list", NULL, R, 0},
	{"pr view", NULL, R, 0},
	{"pr diff", NULL, R, 0},
	{"pr checks", NULL, R, 0},
	{"pr status", NULL, R, 0},
	{"run list", NULL, R, 0},
	{"run view", NULL, R, 0},
	{"run watch", NULL, R, 0},
	{"workflow list", NULL, R, 0},
	{"workflow view", NULL, R, 0},
	{"release list", NULL, R, 0},
	{"release view", NULL, R, 0},
	{"gist list", NULL, R, 0},
	{"gist view", NULL, R, 0},
	{"label list", NULL, R, 0},
	{"search", NULL, R, 0},
	{"status", NULL, R, 0},
	{"browse", NULL, R, 0},
	{"secret list", NULL, R, 0},
	{"variable list", NULL, R, 0},
	{"ruleset list", NULL, R, 0},
	{"auth token", NULL, R, EFFECT_CREDENTIALS},
	{"auth login", NULL, A, EFFECT_CREDENTIALS | EFFECT_IDENTITY},
	{"auth logout", NULL, A, EFFECT_CREDENTIALS | EFFECT_IDENTITY},
	{"auth refresh", NULL, A, EFFECT_CREDENTIALS | EFFECT_IDENTITY},
	{"auth setup-git", NULL, A, EFFECT_CREDENTIALS | EFFECT_IDENTITY},
	{"auth switch", NULL, A, EFFECT_CREDENTIALS | EFFECT_IDENTITY},
	{"repo delete", NULL, W, EFFECT_DESTROYS},
	{"repo archive", NULL, W, EFFECT_DESTROYS},
	{"release delete", NULL, W, EFFECT_DESTROYS},
	{"issue delete", NULL, W, EFFECT_DESTROYS},
	{"gist delete", NULL, W, EFFECT_DESTROYS},
	{"label delete", NULL, W, EFFECT_DESTROYS},
	{"run delete", NULL, W, EFFECT_DESTROYS},
	{"cache delete", NULL, W, EFFECT_DESTROYS},
	{"repo edit", NULL, A, EFFECT_CONFIG},
	{"repo rename", NULL, A, EFFECT_CONFIG},
	{"ruleset", NULL, A, EFFECT_CONFIG},
	{"repo deploy-key add", NULL, A, EFFECT_CONFIG},
	{"secret set", NULL, A, EFFECT_CREDENTIALS | EFFECT_GRANTS},
	{"secret delete", NULL, A, EFFECT_CREDENTIALS | EFFECT_GRANTS},
	{"variable set", NULL, A, EFFECT_CREDENTIALS | EFFECT_GRANTS},
	{"variable delete", NULL, A, EFFECT_CREDENTIALS | EFFECT_GRANTS},
	{"ssh-key add", NULL, A, EFFECT_CREDENTIALS | EFFECT_GRANTS},
	{"gpg-key add", NULL, A, EFFECT_CREDENTIALS | EFFECT_GRANTS},
	{"repo create", NULL, W, EFFECT_NETWORK},
	{"repo clone", NULL, W, EFFECT_NETWORK},
	{"repo fork", NULL, W, EFFECT_NETWORK},
	{"repo sync", NULL, W, EFFECT_NETWORK},
	{"issue create", NULL, W, EFFECT_NETWORK},
	{"issue close", NULL, W, EFFECT_NETWORK},
	{"issue edit", NULL, W, EFFECT_NETWORK},
	{"issue comment", NULL, W, EFFECT_NETWORK},
	{"pr create", NULL, W, EFFECT_NETWORK},
	{"pr merge", NULL, W, EFFECT_NETWORK},
	{"pr close", NULL, W, EFFECT_NETWORK},
	{"pr edit", NULL, W, EFFECT_NETWORK},
	{"pr comment", NULL, W, EFFECT_NETWORK},
	{"pr review", NULL, W, EFFECT_NETWORK},
	{"pr checkout", NULL, W, EFFECT_NETWORK},
	{"release create", NULL, W, EFFECT_NETWORK},
	{"release edit", NULL, W, EFFECT_NETWORK},
	{"release upload", NULL, W, EFFECT_NETWORK},
	{"release download", NULL, W, EFFECT_NETWORK},
	{"gist create", NULL, W, EFFECT_NETWORK},
	{"gist edit", NULL, W, EFFECT_NETWORK},
	{"label create", NULL, W, EFFECT_NETWORK},
	{"workflow run", NULL, W, EFFECT_NETWORK},
	{"workflow enable", NULL, W, EFFECT_NETWORK},
	{"workflow disable", NULL, W, EFFECT_NETWORK},
	{"run rerun", NULL, W, EFFECT_NETWORK},
	{"run cancel", NULL, W, EFFECT_NETWORK},
	{"run download", NULL, W, EFFECT_NETWORK},
	{"api", NULL, X | U, EFFECT_NETWORK},
	{"extension", NULL, X | U, EFFECT_NETWORK},
	{"alias", NULL, X | U, EFFECT_NETWORK},
	{"codespace", NULL, X | U, EFFECT_NETWORK},
};

void shell_gh(const struct shell_call *c)
{
	shell_tool(c, gh_values, gh_rules, sizeof(gh_rules) / sizeof(gh_rules[0]));
}

static const char *const terraform_values[] = {
	NULL,
};

static const struct shell_rule terraform_rules[] = {
	{"show", NULL, R, 0},
	{"validate", NULL, R, 0},
	{"fmt", NULL, R, 0},
	{"output", NULL, R, 0},
	{"graph", NULL, R, 0},
	{"providers", NULL, R, 0},
	{"version", NULL, R, 0},
	{"state list", NULL, R, 0},
	{"state show", NULL, R, 0},
	{"workspace list", NULL, R, 0},
	{"workspace show", NULL, R, 0},
	{"plan", NULL, R | X, EFFECT_NETWORK},
	{"refresh", NULL, R | X, EFFECT_NETWORK},
	{"init", NULL, R | X, EFFECT_NETWORK},
	{"get", NULL, R | X, EFFECT_NETWORK},
	{"test", NULL, R | X, EFFECT_NETWORK},
	{"apply", NULL, W | X, EFFECT_NETWORK},
	{"import", NULL, W | X, EFFECT_NETWORK},
	{"taint", NULL, W | X, EFFECT_NETWORK},
	{"untaint", NULL, W | X, EFFECT_NETWORK},
	{"state mv", NULL, W | X, EFFECT_NETWORK},
	{"state push", NULL, W | X, EFFECT_NETWORK},
	{"workspace new", NULL, W | X, EFFECT_NETWORK},
	{"workspace select", NULL, W | X, EFFECT_NETWORK},
	{"destroy", NULL, W, EFFECT_DESTROYS},
	{"state rm", NULL, W, EFFECT_DESTROYS},
	{"workspace delete", NULL, W, EFFECT_DESTROYS},
	{"force-unlock", NULL, W, EFFECT_DESTROYS},
	{"apply", "-destroy", W, EFFECT_DESTROYS},
	{"plan", "-destroy", W, EFFECT_DESTROYS},
	{"console", NULL, X | U, 0},
};

void shell_terraform(const struct shell_call *c)
{
	shell_tool(
		c, terraform_values, terraform_rules,
		sizeof(terraform_rules) / sizeof(terraform_rules[0])
	);
}

static const char *const npm_values[] = {
	"--prefix", "-C", "--cwd", "--registry", "--workspace", "-w", "--filter", NULL,
};

static const struct shell_rule npm_rules[] = {
	{"ls", NULL, R, 0},
	{"list", NULL, R, 0},
	{"view", NULL, R, 0},
	{"info", NULL, R, 0},
	{"show", NULL, R, 0},
	{"outdated", NULL, R, 0},
	{"audit", NULL, R, 0},
	{"root", NULL, R, 0},
	{"bin", NULL, R, 0},
	{"prefix", NULL, R, 0},
	{"why", NULL, R, 0},
	{"explain", NULL, R, 0},
	{"ping", NULL, R, 0},
	{"search", NULL, R, 0},
	{"help", NULL, R, 0},
	{"version", NULL, R, 0},
	{"doctor", NULL, R, 0},
	{"fund", NULL, R, 0},
	{"whoami", NULL, R, 0},
	{"licenses", NULL, R, 0},
	{"install", NULL, W | X, EFFECT_NETWORK},
	{"i", NULL, W | X, EFFECT_NETWORK},
	{"ci", NULL, W | X, EFFECT_NETWORK},
	{"add", NULL, W | X, EFFECT_NETWORK},
	{"update", NULL, W | X, EFFECT_NETWORK},
	{"upgrade", NULL, W | X, EFFECT_NETWORK},
	{"up", NULL, W | X, EFFECT_NETWORK},
	{"rebuild", NULL, W | X, EFFECT_NETWORK},
	{"link", NULL, W | X, EFFECT_NETWORK},
	{"dedupe", NULL, W | X, EFFECT_NETWORK},
	{"prune", NULL, W | X, EFFECT_NETWORK},
	{"init", NULL, W | X, EFFECT_NETWORK},
	{"create", NULL, W | X, EFFECT_NETWORK},
	{"uninstall", NULL, W | X, EFFECT_NETWORK},
	{"remove", NULL, W | X, EFFECT_NETWORK},
	{"rm", NULL, W | X, EFFECT_NETWORK},
	{"un", NULL, W | X, EFFECT_NETWORK},
	{"run", NULL, X | U, EFFECT_PROGRAM},
	{"run-script", NULL, X | U, EFFECT_PROGRAM},
	{"start", NULL, X | U, EFFECT_PROGRAM},
	{"test", NULL, X | U, EFFECT_PROGRAM},
	{"t", NULL, X | U, EFFECT_PROGRAM},
	{"exec", NULL, X | U, EFFECT_PROGRAM},
	{"x", NULL, X | U, EFFECT_PROGRAM},
	{"dlx", NULL, X | U, EFFECT_PROGRAM},
	{"stop", NULL, X | U, EFFECT_PROGRAM},
	{"restart", NULL, X | U, EFFECT_PROGRAM},
	{"build", NULL, X | U, EFFECT_PROGRAM},
	{"publish", NULL, A, EFFECT_NETWORK},
	{"unpublish", NULL, A, EFFECT_NETWORK},
	{"deprecate", NULL, A, EFFECT_NETWORK},
	{"dist-tag", NULL, A, EFFECT_NETWORK},
	{"unpublish", NULL, A, EFFECT_DESTROYS | EFFECT_NETWORK},
	{"config", NULL, A, EFFECT_CONFIG},
	{"set", NULL, A, EFFECT_CONFIG},
	{"get", NULL, A, EFFECT_CONFIG},
	{"login", NULL, A, EFFECT_CREDENTIALS | EFFECT_GRANTS},
	{"adduser", NULL, A, EFFECT_CREDENTIALS | EFFECT_GRANTS},
	{"logout", NULL, A, EFFECT_CREDENTIALS | EFFECT_GRANTS},
	{"token", NULL, A, EFFECT_CREDENTIALS | EFFECT_GRANTS},
	{"owner", NULL, A, EFFECT_CREDENTIALS | EFFECT_GRANTS},
	{"access", NULL, A, EFFECT_CREDENTIALS | EFFECT_GRANTS},
};

void shell_npm(const struct shell_call *c)
{
	shell_tool(c, npm_values, npm_rules, sizeof(npm_rules) / sizeof(npm_rules[0]));
}

// apt, yum, pip: what they install runs code of its own, as root where it is the system's.
void shell_packages(const struct shell_call *c)
{
	static const char *const reads[] = {
		"list",    "show",  "search",    "info",     "policy", "freeze", "check",
		"depends", "files", "--version", "-l",       "-L",     "-s",     "-S",
		"-qa",     "-qi",   "repolist",  "outdated", "help",   NULL,
	};
	static const char *const removes[] = {
		"remove",  "purge", "erase", "autoremove", "uninstall", "-P", "-r",
		"--purge", "clean", "del",   "-R",         "-Rs",       NULL,
	};
	bool only_reads = c->n > 1 && !shell_is_open(c, 1);
	bool found = false;
	for (const char *const *w = reads; *w != NULL && c->n > 1; w++)
		found |= shell_word_is(&c->word[1], *w);
	if (only_reads && found) {
		shell_effects(c, EFFECT_READ, 0);
		return;
	}
	shell_effects(c, EFFECT_ADMIN | EFFECT_EXEC, EFFECT_NETWORK | EFFECT_CONFIG);
	for (const char *const *w = removes; *w != NULL; w++)
		if (shell_has_word(c, *w))
			shell_effects(c, 0, EFFECT_DESTROYS);
}
