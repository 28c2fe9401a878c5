// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Frameworks of applications: artisan, rails, mix.

#include "dataplane/inspect/shell.h"

enum {
	R = EFFECT_READ,
	W = EFFECT_WRITE,
	D = EFFECT_DDL,
	A = EFFECT_ADMIN,
	X = EFFECT_EXEC,
	U = EFFECT_UNKNOWN,
	S = EFFECT_SESSION,
};

static const char *const artisan_values[] = {
	"--env", "!-n", "!--no-interaction", "!-q", "!-v", NULL,
};

static const struct shell_rule artisan_rules[] = {
	{"artisan list", NULL, R, 0},
	{"artisan about", NULL, R, 0},
	{"artisan route:list", NULL, R, 0},
	{"artisan migrate:status", NULL, R, 0},
	{"artisan env", NULL, R, 0},
	{"artisan help", NULL, R, 0},
	{"artisan inspire", NULL, R, 0},
	{"artisan schedule:list", NULL, R, 0},
	{"artisan queue:failed", NULL, R, 0},
	{"artisan config:show", NULL, R, 0},
	{"artisan model:show", NULL, R, 0},
	{"artisan db:show", NULL, R, 0},
	{"artisan db:table", NULL, R, 0},
	{"artisan event:list", NULL, R, 0},
	{"artisan migrate", NULL, W | D, 0},
	{"artisan db:seed", NULL, W | D, 0},
	{"artisan migrate:fresh", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"artisan migrate:reset", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"artisan migrate:refresh", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"artisan db:wipe", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"artisan migrate:rollback", NULL, W | D, EFFECT_DESTROYS},
	{"artisan migrate", "--force", D, EFFECT_DESTROYS},
	{"artisan migrate:rollback", "--force", D, EFFECT_DESTROYS},
	{"artisan key:generate", NULL, A, EFFECT_CREDENTIALS | EFFECT_CONFIG},
	{"artisan env:encrypt", NULL, A, EFFECT_CREDENTIALS | EFFECT_CONFIG},
	{"artisan env:decrypt", NULL, A, EFFECT_CREDENTIALS},
	{"artisan config:cache", NULL, W, EFFECT_CONFIG},
	{"artisan config:clear", NULL, W, EFFECT_CONFIG},
	{"artisan down", NULL, W, EFFECT_CONFIG},
	{"artisan up", NULL, W, EFFECT_CONFIG},
	{"artisan optimize", NULL, W, EFFECT_CONFIG},
	{"artisan cache:clear", NULL, W, EFFECT_CONFIG},
	{"artisan route:cache", NULL, W, EFFECT_CONFIG},
	{"artisan view:clear", NULL, W, EFFECT_CONFIG},
	{"artisan storage:link", NULL, W, EFFECT_CONFIG},
	{"artisan vendor:publish", NULL, W, EFFECT_CONFIG},
	{"artisan tinker", NULL, X | U, EFFECT_PROGRAM},
	{"artisan serve", NULL, X | U, EFFECT_PROGRAM},
	{"artisan queue:work", NULL, X | U, EFFECT_PROGRAM},
	{"artisan schedule:run", NULL, X | U, EFFECT_PROGRAM},
	{"artisan db", NULL, X | U, EFFECT_NETWORK},
};

void shell_artisan(const struct shell_call *c)
{
	shell_tool(
		c, artisan_values, artisan_rules, sizeof(artisan_rules) / sizeof(artisan_rules[0])
	);
}

// php: artisan is one of the programs it runs, and the only one that is known.
void shell_php(const struct shell_call *c)
{
	static const char *const info[] = {"-v", "-m", "-i", "--version", NULL};
	for (const char *const *i = info; *i != NULL; i++) {
		if (c->n == 2 && shell_word_is(&c->word[1], *i)) {
			shell_effects(c, EFFECT_READ, 0);
			return;
		}
	}
	if (c->n > 1 && shell_word_is(&c->word[1], "artisan"))
		shell_artisan(c);
	else
		shell_interpreter(c);
}

static const char *const rails_values[] = {
	"-e",
	"--environment",
	NULL,
};

static const struct shell_rule rails_rules[] = {
	{"routes", NULL, R, 0},
	{"stats", NULL, R, 0},
	{"about", NULL, R, 0},
	{"notes", NULL, R, 0},
	{"version", NULL, R, 0},
	{"db:version", NULL, R, 0},
	{"db:migrate:status", NULL, R, 0},
	{"time:zones", NULL, R, 0},
	{"middleware", NULL, R, 0},
	{"secret", NULL, R, 0},
	{"initializers", NULL, R, 0},
	{"-T", NULL, R, 0},
	{"-P", NULL, R, 0},
	{"db:migrate", NULL, W | X, 0},
	{"db:seed", NULL, W | X, 0},
	{"db:create", NULL, W | X, 0},
	{"db:schema:load", NULL, W | X, 0},
	{"db:setup", NULL, W | X, 0},
	{"db:prepare", NULL, W | X, 0},
	{"generate", NULL, W | X, 0},
	{"g", NULL, W | X, 0},
	{"assets:precompile", NULL, W | X, 0},
	{"new", NULL, W | X, 0},
	{"db:drop", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"db:reset", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"db:rollback", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"db:purge", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"db:drop:all", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"db:migrate:reset", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"db:migrate:redo", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"db:truncate_all", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"db:seed:replant", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"destroy", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"d", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"assets:clobber", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"credentials:show", NULL, A, EFFECT_CREDENTIALS},
	{"credentials:edit", NULL, A, EFFECT_CREDENTIALS},
	{"credentials:diff", NULL, A, EFFECT_CREDENTIALS},
	{"secrets:show", NULL, A, EFFECT_CREDENTIALS},
	{"secrets:edit", NULL, A, EFFECT_CREDENTIALS},
	{"encrypted:show", NULL, A, EFFECT_CREDENTIALS},
	{"encrypted:edit", NULL, A, EFFECT_CREDENTIALS},
	{"console", NULL, X | U, EFFECT_PROGRAM},
	{"c", NULL, X | U, EFFECT_PROGRAM},
	{"runner", NULL, X | U, EFFECT_PROGRAM},
	{"r", NULL, X | U, EFFECT_PROGRAM},
	{"server", NULL, X | U, EFFECT_PROGRAM},
	{"s", NULL, X | U, EFFECT_PROGRAM},
	{"dbconsole", NULL, X | U, EFFECT_PROGRAM},
	{"db", NULL, X | U, EFFECT_PROGRAM},
};

void shell_rails(const struct shell_call *c)
{
	shell_tool(c, rails_values, rails_rules, sizeof(rails_rules) / sizeof(rails_rules[0]));
}

static const char *const mix_values[] = {
	NULL,
};

static const struct shell_rule mix_rules[] = {
	{"help", NULL, R, 0},
	{"deps", NULL, R, 0},
	{"format", NULL, R, 0},
	{"hex.info", NULL, R, 0},
	{"phx.routes", NULL, R, 0},
	{"ecto.migrations", NULL, R, 0},
	{"app.tree", NULL, R, 0},
	{"deps.tree", NULL, R, 0},
	{"xref", NULL, R, 0},
	{"compile", NULL, W | X, EFFECT_NETWORK},
	{"test", NULL, W | X, EFFECT_NETWORK},
	{"ecto.migrate", NULL, W | X, EFFECT_NETWORK},
	{"ecto.create", NULL, W | X, EFFECT_NETWORK},
	{"ecto.load", NULL, W | X, EFFECT_NETWORK},
	{"deps.get", NULL, W | X, EFFECT_NETWORK},
	{"deps.compile", NULL, W | X, EFFECT_NETWORK},
	{"deps.update", NULL, W | X, EFFECT_NETWORK},
	{"phx.gen", NULL, W | X, EFFECT_NETWORK},
	{"phx.new", NULL, W | X, EFFECT_NETWORK},
	{"release", NULL, W | X, EFFECT_NETWORK},
	{"hex.publish", NULL, W | X, EFFECT_NETWORK},
	{"ecto.drop", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"ecto.reset", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"ecto.rollback", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"deps.clean", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"clean", NULL, W | D, EFFECT_DESTROYS | EFFECT_NO_WHERE},
	{"run", NULL, X | U, EFFECT_PROGRAM},
	{"phx.server", NULL, X | U, EFFECT_PROGRAM},
	{"eval", NULL, X | U, EFFECT_PROGRAM},
	{"cmd", NULL, X | U, EFFECT_PROGRAM},
	{"do", NULL, X | U, EFFECT_PROGRAM},
};

void shell_framework(const struct shell_call *c)
{
	shell_tool(c, mix_values, mix_rules, sizeof(mix_rules) / sizeof(mix_rules[0]));
}
