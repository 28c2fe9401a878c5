// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Programs that run other programs, and interpreters that run text.

#include "dataplane/inspect/shell.h"

enum wrapper_flag {
	TAKES_ASSIGNMENTS = 1 << 0, // NAME=value before the program
	TAKES_WORD = 1 << 1,        // one word before the program: a duration, a host
	IS_TEXT = 1 << 2,           // the words are a text of the shell's
	MAY_END = 1 << 3,           // without a program it does something harmless
	ADDS_WORDS = 1 << 4,        // and gives the program arguments from elsewhere
};

struct wrapper {
	const char *name;
	const char *values; // short options that take the next word, then long ones
	const char *longs[6];
	uint32_t kinds, flags; // of its own
	uint8_t how;
};

static const struct wrapper wrappers[] = {
	{"sudo",
	 "ugpCDhrtTU",
	 {"--user", "--group", "--prompt"},
	 EFFECT_ADMIN,
	 EFFECT_IDENTITY,
	 TAKES_ASSIGNMENTS},
	{"doas", "uC", {0}, EFFECT_ADMIN, EFFECT_IDENTITY, 0},
	{"runuser", "ugGc", {"--user"}, EFFECT_ADMIN, EFFECT_IDENTITY, 0},
	{"setpriv", "", {0}, EFFECT_ADMIN, EFFECT_IDENTITY, 0},
	{"chroot", "", {0}, EFFECT_ADMIN, EFFECT_IDENTITY, TAKES_WORD},
	{"env", "uC", {"--unset", "--chdir"}, 0, 0, TAKES_ASSIGNMENTS | MAY_END},
	{"nice", "n", {"--adjustment"}, 0, 0, MAY_END},
	{"ionice", "cnp", {"--class", "--classdata"}, 0, 0, MAY_END},
	{"nohup", "", {0}, 0, 0, 0},
	{"setsid", "", {0}, 0, 0, 0},
	{"stdbuf", "ioe", {"--input", "--output", "--error"}, 0, 0, 0},
	{"timeout", "ks", {"--kill-after", "--signal"}, 0, 0, TAKES_WORD},
	{"time", "fo", {"--format", "--output"}, 0, 0, MAY_END},
	{"command", "", {0}, 0, 0, MAY_END},
	{"builtin", "", {0}, 0, 0, MAY_END},
	{"exec", "a", {0}, 0, 0, MAY_END},
	{"busybox", "", {0}, 0, 0, MAY_END},
	{"watch", "nq", {"--interval"}, 0, 0, IS_TEXT},
	{"xargs",
	 "EIILnPsda",
	 {"--max-args", "--max-procs", "--delimiter", "--replace"},
	 EFFECT_READ,
	 0,
	 MAY_END | ADDS_WORDS},
	{"strace", "eopsu", {0}, EFFECT_ADMIN, 0, 0},
	{"flock", "wE", {"--timeout"}, 0, 0, TAKES_WORD},
};

static const struct wrapper *find(struct span name)
{
	for (size_t i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]); i++)
		if (span_equal(name, span_str(wrappers[i].name)))
			return &wrappers[i];
	return NULL;
}

static struct span base(const struct shell_call *c)
{
	struct span s = c->word[0].text;
	const uint8_t *slash = memrchr(s.p, '/', s.n);
	return slash == NULL ? s : span_from(s, (size_t)(slash - s.p) + 1);
}

// Options in which the wrapper does more than to run what follows.
static bool is_special(const struct wrapper *w, const struct shell_word *word)
{
	static const char *const specials[] = {
		"-i",      "-s",        "--login",
		"--shell", "-e",        "--edit",
		"-l",      "-S",        "--split-string",
		"-c",      "--command", "-D",
		"--chdir", "-C",        "-K",
		"-b",      NULL,
	};
	bool sudo = strcmp(w->name, "sudo") == 0 || strcmp(w->name, "doas") == 0 ||
		    strcmp(w->name, "runuser") == 0;
	bool env = strcmp(w->name, "env") == 0, flock = strcmp(w->name, "flock") == 0;
	if (!sudo && !env && !flock)
		return false;
	if (sudo && (shell_word_is(word, "-l") || shell_word_is(word, "-n") ||
		     shell_word_is(word, "-v") || shell_word_is(word, "-k")))
		return false;
	if (env && (shell_word_is(word, "-i") || shell_word_is(word, "-")))
		return false;
	for (const char *const *s = specials; *s != NULL; s++)
		if (shell_word_is(word, *s) ||
		    (word->text.n > 2 && s[0][1] != '-' && word->text.p[1] == (uint8_t)s[0][1] &&
		     word->text.p[1] != '-'))
			return true;
	return false;
}

// getopt_long(3) takes any beginning of a long option that is not ambiguous: one that is not known
// may take the next word, which is then not the program.
static bool is_known(const struct wrapper *w, const struct shell_word *word)
{
	static const char *const flags[] = {
		"--append",
		"--background",
		"--beep",
		"--color",
		"--ctty",
		"--differences",
		"--errexit",
		"--exclusive",
		"--exit",
		"--foreground",
		"--fork",
		"--ignore-environment",
		"--interactive",
		"--no-run-if-empty",
		"--no-title",
		"--non-interactive",
		"--nonblock",
		"--null",
		"--portability",
		"--precise",
		"--preserve-env",
		"--preserve-status",
		"--set-home",
		"--shared",
		"--stdin",
		"--unlock",
		"--verbose",
		"--wait",
		"--help",
		"--version",
		NULL,
	};
	const struct span text = word->text;
	const uint8_t *equals = memchr(text.p, '=', text.n);
	const struct span name =
		equals == NULL ? text : span_first(text, (size_t)(equals - text.p));
	if (text.n < 3 || text.p[1] != '-')
		return true;
	for (const char *const *flag = flags; *flag != NULL; flag++)
		if (span_equal(name, span_str(*flag)))
			return true;
	for (unsigned i = 0; i < 6 && w->longs[i] != NULL; i++)
		if (span_equal(name, span_str(w->longs[i])))
			return true;
	return false;
}

// How many words the option takes.
static unsigned option_words(const struct wrapper *w, const struct shell_word *word)
{
	if (memchr(word->text.p, '=', word->text.n) != NULL)
		return 1;
	for (unsigned i = 0; i < 6 && w->longs[i] != NULL; i++)
		if (shell_word_is(word, w->longs[i]))
			return 2;
	if (word->text.n == 2 && strchr(w->values, word->text.p[1]) != NULL)
		return 2;
	return 1;
}

static bool is_assignment(const struct shell_word *word)
{
	return word->text.n > 0 && word->text.p[0] != '=' &&
	       memchr(word->text.p, '=', word->text.n) != NULL;
}

void shell_wrapper(const struct shell_call *c)
{
	const struct wrapper *w = find(base(c));
	unsigned i = 1;
	if (w == NULL)
		return;
	shell_effects(c, w->kinds, w->flags);
	if (strcmp(w->name, "time") == 0) {
		shell_found_value(c, "-o", EFFECT_WRITE);
		shell_found_value(c, "--output", EFFECT_WRITE);
	}
	while (i < c->n && shell_word_starts(&c->word[i], "-")) {
		if (shell_word_is(&c->word[i], "--")) {
			i++;
			break;
		}
		if (is_special(w, &c->word[i]) || !is_known(w, &c->word[i])) {
			shell_effects(c, EFFECT_EXEC, EFFECT_PROGRAM);
			shell_unknown(c, "an option by which another program runs");
		}
		i += option_words(w, &c->word[i]);
	}
	while ((w->how & TAKES_ASSIGNMENTS) != 0 && i < c->n && is_assignment(&c->word[i])) {
		struct shell_call one = {.s = c->s, .word = &c->word[i++], .n = 1};
		shell_assign(&one);
	}
	i += (w->how & TAKES_WORD) != 0;
	if (i >= c->n) {
		if ((w->how & MAY_END) == 0)
			shell_effects(c, EFFECT_EXEC, EFFECT_PROGRAM);
		else // env alone shows the environment, which tokens are kept in
			shell_effects(
				c, EFFECT_READ, strcmp(w->name, "env") == 0 ? EFFECT_CREDENTIALS : 0
			);
		return;
	}
	if ((w->how & IS_TEXT) != 0) {
		shell_run_joined(c, i);
		return;
	}
	if ((w->how & ADDS_WORDS) != 0)
		shell_run_added(c, i);
	else
		shell_run_from(c, i);
}

// ---- interpreters

static bool is_shell(struct span name)
{
	static const char *const shells[] = {"sh",  "bash", "dash",  "ash",
					     "ksh", "zsh",  "rbash", NULL};
	for (const char *const *s = shells; *s != NULL; s++)
		if (span_equal(name, span_str(*s)))
			return true;
	return false;
}

// sh -c 'text': the text is read, too. Options in one word with it are common: -lc, -ec.
static bool read_shell_text(const struct shell_call *c)
{
	for (unsigned i = 1; i + 1 < c->n; i++) {
		const struct shell_word *w = &c->word[i];
		if (!shell_is_literal(w) || w->text.n < 2 || w->text.p[0] != '-')
			return false;
		if (w->text.p[1] == '-' || memchr(w->text.p, 'c', w->text.n) == NULL)
			continue;
		const struct shell_word *text = &c->word[i + 1];
		// xargs and find put names in the place of {}.
		bool open =
			!shell_is_literal(text) ||
			(text->text.n > 0 && memmem(text->text.p, text->text.n, "{}", 2) != NULL);
		if (open || !shell_enter(c->s))
			return false;
		shell_text(c->s->r, text->text, c->s->depth);
		shell_leave(c->s);
		return true;
	}
	return false;
}

void shell_interpreter(const struct shell_call *c)
{
	struct span name = base(c);
	bool help = c->n == 2 &&
		    (shell_word_is(&c->word[1], "--version") || shell_word_is(&c->word[1], "-V") ||
		     shell_word_is(&c->word[1], "--help"));
	if (help) {
		shell_effects(c, EFFECT_READ, 0);
		return;
	}
	shell_effects(c, EFFECT_EXEC, EFFECT_PROGRAM);
	if (is_shell(name) && read_shell_text(c))
		return;
	shell_effects(c, 0, EFFECT_DYNAMIC);
	shell_unknown(c, "it runs text that is not read");
}

// ssh host command: the words are joined and given to a shell there.
void shell_ssh(const struct shell_call *c)
{
	static const char *const values = "BbcDEeFIiJLlmOopQRSWw";
	unsigned i = 1;
	for (; i < c->n && shell_word_starts(&c->word[i], "-"); i++) {
		const struct shell_word *w = &c->word[i];
		bool takes = w->text.n == 2 && strchr(values, w->text.p[1]) != NULL;
		uint8_t o = w->text.n > 1 ? w->text.p[1] : 0;
		if (o == 'o' || o == 'F' || o == 'S' || o == 'I') {
			shell_effects(c, EFFECT_EXEC, EFFECT_PROGRAM);
			shell_unknown(c, "an option by which another program may run");
		}
		i += takes;
	}
	shell_found_value(c, "-E", EFFECT_WRITE);
	if (i < c->n && (c->word[i].flags & (WORD_OPEN | WORD_SPLITS)) != 0)
		shell_unknown(c, "which host it speaks to is not known");
	if (i < c->n && shell_is_literal(&c->word[i]))
		shell_name(c, "host", c->word[i].text, EFFECT_READ);
	if (i + 1 < c->n) {
		shell_run_joined(c, i + 1);
	} else {
		shell_effects(c, EFFECT_EXEC, EFFECT_PROGRAM);
		shell_unknown(c, "what is typed there is not in the line");
	}
}

// Variables that decide what later commands are or run.
void shell_assign(const struct shell_call *c)
{
	static const char *const names[] = {
		"PATH",       "IFS",       "ENV",         "SHELL",     "PAGER",
		"EDITOR",     "VISUAL",    "BROWSER",     "HOME",      "PROMPT_COMMAND",
		"CDPATH",     "SHELLOPTS", "BASHOPTS",    "FPATH",     "PS",
		"TERMINFO",   "HISTFILE",  "TAR_OPTIONS", "RSYNC_RSH", "CVS_RSH",
		"KUBECONFIG", "PS0",       "PS1",         "PS2",       "PS4",
		NULL,
	};
	static const char *const parts[] = {
		"LD_",        "GIT_",       "BASH_",        "PERL",       "PYTHON",     "RUBY",
		"NODE_",      "PATH",       "LESS",         "PAGER",      "EDITOR",     "ASKPASS",
		"_OPTS",      "_OPTIONS",   "_RSH",         "_SSH",       "DYLD_",      "GCONV",
		"NPM_CONFIG", "npm_config", "JAVA_",        "PHP",        "_COMMAND",   "MANPAGER",
		"_ENV",       "DOCKER_",    "AWS_ENDPOINT", "AWS_CONFIG", "AWS_SHARED", NULL,
	};
	struct span text = c->word[0].text;
	const uint8_t *end = text.n == 0 ? NULL : memchr(text.p, '=', text.n);
	struct span name = end == NULL ? text : span_first(text, (size_t)(end - text.p));
	bool bad = false;
	if (name.n > 0 && name.p[name.n - 1] == '+')
		name.n--;
	for (const char *const *n = names; *n != NULL; n++)
		bad |= span_equal(name, span_str(*n));
	for (const char *const *p = parts; *p != NULL; p++)
		bad |= memmem(name.p, name.n, *p, strlen(*p)) != NULL;
	shell_effects(c, EFFECT_SESSION, 0);
	if (!bad && name.n > 0)
		return;
	shell_effects(c, EFFECT_EXEC, EFFECT_SETS);
	shell_unknown(c, "a variable that decides what later commands run");
}
