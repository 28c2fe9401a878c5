// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Programs that read, write and remove files.

#include "dataplane/inspect/shell.h"

// Words that are no options, behind the program.
static void name_files(const struct shell_call *c, uint8_t access)
{
	bool options = true;
	for (unsigned i = 1; i < c->n && !c->s->failed; i++) {
		const struct shell_word *w = &c->word[i];
		if (options && shell_word_is(w, "--"))
			options = false;
		else if (!(options && shell_word_starts(w, "-")))
			shell_found_path(c->s, w, access);
	}
}

// Folders below which somebody's credentials lie, read with all that is in them.
static void note_trees(const struct shell_call *c)
{
	static const char *const roots[] = {
		"/",
		"/.",
		"/etc",
		"/etc/",
		"/etc/ssh",
		"/root",
		"/root/",
		"/home",
		"/home/",
		"~",
		"~/",
		"~root",
		"~/.ssh",
		"~/.ssh/",
		"~/.aws",
		"~/.aws/",
		"~/.kube",
		"~/.docker",
		"/proc",
		"/var/run/secrets",
		"/run/secrets",
		NULL,
	};
	for (unsigned i = 1; i < c->n; i++)
		for (const char *const *root = roots; *root != NULL; root++)
			if (span_equal(c->word[i].text, span_str(*root)))
				shell_effects(c, 0, EFFECT_CREDENTIALS);
}

void shell_files(const struct shell_call *c)
{
	if (shell_has_option(c, "-r") || shell_has_option(c, "-R") ||
	    shell_has_option(c, "--recursive") || shell_has_option(c, "--dereference-recursive") ||
	    shell_word_is(&c->word[0], "rg") || shell_word_is(&c->word[0], "ag"))
		note_trees(c);
	name_files(c, EFFECT_READ);
}

// ls and stat show no more than names.
void shell_listed(const struct shell_call *c)
{
	for (unsigned i = 1; i < c->n && !c->s->failed; i++)
		if (shell_is_literal(&c->word[i]) && !shell_word_starts(&c->word[i], "-"))
			shell_found_path(c->s, &c->word[i], EFFECT_READ);
}

void shell_files_written(const struct shell_call *c)
{
	name_files(c, EFFECT_WRITE);
	for (unsigned i = 1; i < c->n; i++)
		if ((c->word[i].flags & (WORD_OPEN | WORD_SPLITS | WORD_PARTS)) != 0)
			shell_unknown(c, "which file it writes to is not known");
}

// A place whose loss is the loss of everything: the root, a home, a folder of the system.
static bool is_root(const struct shell_word *w)
{
	static const char *const folders[] = {
		"/bin", "/boot", "/dev",  "/etc",   "/home", "/lib", "/lib64",
		"/opt", "/proc", "/root", "/run",   "/sbin", "/srv", "/sys",
		"/usr", "/var",  "/mnt",  "/Users", NULL,
	};
	struct span s = w->text;
	while (s.n > 1 && (s.p[s.n - 1] == '*' || s.p[s.n - 1] == '/' || s.p[s.n - 1] == '.'))
		s.n--;
	if (s.n == 0) // a variable: perhaps empty, as in rm -rf "$x"/
		return (w->flags & (WORD_OPEN | WORD_GLOB | WORD_PARTS)) != 0;
	if (span_equal(s, SPAN_LIT("/")) || s.p[0] == '~' || span_equal(s, SPAN_LIT(".")) ||
	    span_equal(s, SPAN_LIT("..")) || span_equal(s, SPAN_LIT("*")))
		return true;
	while (s.n > 1 && s.p[0] == '/' && s.p[1] == '/')
		s = span_from(s, 1);
	for (const char *const *f = folders; *f != NULL; f++)
		if (span_equal(s, span_str(*f)))
			return true;
	// Ways up lead anywhere.
	return memmem(s.p, s.n, "..", 2) != NULL;
}

static bool any_root(const struct shell_call *c)
{
	for (unsigned i = 1; i < c->n; i++)
		if (!shell_word_starts(&c->word[i], "-") && is_root(&c->word[i]))
			return true;
	return false;
}

void shell_rm(const struct shell_call *c)
{
	bool recursive = shell_has_option(c, "-r") || shell_has_option(c, "-R") ||
			 shell_has_option(c, "--recursive");
	shell_files_written(c);
	if (!recursive && !shell_is_open(c, 1))
		return;
	shell_effects(c, 0, EFFECT_DESTROYS);
	if (any_root(c))
		shell_effects(c, 0, EFFECT_NO_WHERE);
}

// find: tests, and actions that run and remove.
void shell_find(const struct shell_call *c)
{
	static const char *const written[] = {"-fprint", "-fprintf", "-fls", "-fprint0", NULL};
	bool deletes = false;
	if (shell_is_open(c, 1))
		shell_unknown(c, "a word that may be an action is not known");
	for (unsigned i = 1; i < c->n && !c->s->failed; i++) {
		const struct shell_word *w = &c->word[i];
		bool runs = shell_word_is(w, "-exec") || shell_word_is(w, "-execdir") ||
			    shell_word_is(w, "-ok") || shell_word_is(w, "-okdir");
		deletes |= shell_word_is(w, "-delete");
		for (const char *const *o = written; *o != NULL; o++)
			if (shell_word_is(w, *o) && i + 1 < c->n)
				shell_found_path(c->s, &c->word[i + 1], EFFECT_WRITE);
		if (!runs)
			continue;
		unsigned end = i + 1;
		while (end < c->n && !shell_word_is(&c->word[end], ";") &&
		       !(shell_word_is(&c->word[end], "+") && shell_word_is(&c->word[end - 1], "{}")
		       ))
			end++;
		deletes |= end > i + 1 && shell_word_is(&c->word[i + 1], "rm");
		struct shell_call inner = {.s = c->s, .word = c->word, .n = end};
		if (end > i + 1)
			shell_run_from(&inner, i + 1);
		i = end;
	}
	if (!deletes)
		return;
	shell_effects(c, EFFECT_WRITE, EFFECT_DESTROYS);
	// find / -delete; a find of one name in a folder of somebody's is another thing.
	if (any_root(c) && !shell_has_word(c, "-name") && !shell_has_word(c, "-path"))
		shell_effects(c, 0, EFFECT_NO_WHERE);
}

// cp a b: the last is written, the others are read, unless -t names where they go.
void shell_cp(const struct shell_call *c)
{
	if (shell_has_option(c, "-r") || shell_has_option(c, "-R") || shell_has_option(c, "-a") ||
	    shell_has_option(c, "--recursive") || shell_has_option(c, "--archive"))
		note_trees(c);
	bool first = shell_has_option(c, "-t") || shell_has_option(c, "--target-directory");
	unsigned last = c->n - 1;
	if (shell_is_open(c, 1))
		shell_unknown(c, "which file it writes to is not known");
	for (unsigned i = 1; i < c->n && !c->s->failed; i++)
		if (!shell_word_starts(&c->word[i], "-"))
			shell_found_path(
				c->s, &c->word[i], first || i == last ? EFFECT_WRITE : EFFECT_READ
			);
}

// zip -T -TT, --unzip-command: tests the archive by any program.
void shell_zip(const struct shell_call *c)
{
	if (shell_is_open(c, 1) || shell_has_option(c, "--unzip-command") ||
	    shell_has_option(c, "-T")) {
		shell_effects(c, EFFECT_EXEC, EFFECT_PROGRAM);
		shell_unknown(c, "an option by which another program may run");
	}
	note_trees(c);
	name_files(c, EFFECT_READ);
}

// Programs that only read but for an option.
void shell_mostly(const struct shell_call *c)
{
	static const struct {
		const char *program, *option;
	} changes[] = {
		{"date", "-s"},
		{"date", "--set"},
		{"iconv", "-o"},
		{"iconv", "--output"},
		{"tree", "-o"},
		{"file", "-C"},
		{"file", "--compile"},
		{"dmesg", "-C"},
		{"dmesg", "-c"},
		{"dmesg", "-n"},
		{"dmesg", "-D"},
		{"dmesg", "-E"},
		{"dmesg", "--clear"},
		{"dmesg", "--read-clear"},
		{"dmesg", "--console-level"},
		{"journalctl", "--rotate"},
		{"journalctl", "--flush"},
		{"journalctl", "--vacuum-size"},
		{"journalctl", "--vacuum-time"},
		{"journalctl", "--vacuum-files"},
		{"journalctl", "--update-catalog"},
		{"journalctl", "--setup-keys"},
		{"journalctl", "--relinquish-var"},
		{"hostname", "-F"},
		{"hostname", "-b"},
	};
	name_files(c, EFFECT_READ);
	if (shell_is_open(c, 1))
		shell_unknown(c, "a word that may be an option is not known");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (shell_word_starts(&c->word[0], changes[i].program) &&
		    shell_has_option(c, changes[i].option))
			shell_effects(c, EFFECT_WRITE | EFFECT_ADMIN, EFFECT_CONFIG);
	if (shell_word_is(&c->word[0], "hostname") && c->n > 1 &&
	    !shell_word_starts(&c->word[1], "-"))
		shell_effects(c, EFFECT_ADMIN, EFFECT_CONFIG);
}

void shell_chmod(const struct shell_call *c)
{
	static const char *const everybody[] = {
		"777",  "0777", "a+w",  "a+rwx", "o+w", "666", "+w",   "ugo+rwx", "a=rwx", "o+rwx",
		"1777", "2777", "4777", "u+s",   "g+s", "+s",  "4755", "4755",    "6755",  NULL,
	};
	struct shell_call files = *c; // behind the mode
	while (files.n > 1 && shell_word_starts(&files.word[1], "-"))
		files.word++, files.n--;
	if (files.n > 1)
		files.word++, files.n--;
	shell_files_written(&files);
	for (const char *const *e = everybody; *e != NULL; e++)
		if (shell_has_word(c, *e))
			shell_effects(c, EFFECT_ADMIN, EFFECT_GRANTS);
	if (any_root(c))
		shell_effects(c, EFFECT_ADMIN, EFFECT_GRANTS | EFFECT_NO_WHERE);
}

// dd if=... of=...
void shell_dd(const struct shell_call *c)
{
	for (unsigned i = 1; i < c->n && !c->s->failed; i++) {
		struct shell_word w = c->word[i];
		bool in = shell_word_starts(&w, "if="), out = shell_word_starts(&w, "of=");
		if ((w.flags & (WORD_OPEN | WORD_SPLITS)) != 0)
			shell_unknown(c, "which file it writes to is not known");
		if (!in && !out)
			continue;
		w.text = span_from(w.text, 3);
		shell_found_path(c->s, &w, in ? EFFECT_READ : EFFECT_WRITE);
		if (out && (w.flags & WORD_PARTS) != 0)
			shell_unknown(c, "which file it writes to is not known");
	}
}

void shell_sort(const struct shell_call *c)
{
	name_files(c, EFFECT_READ);
	if (shell_is_open(c, 1))
		shell_unknown(c, "a word that may be an option is not known");
	if (shell_has_option(c, "-o") || shell_has_option(c, "--output") ||
	    (shell_word_is(&c->word[0], "uniq") && c->n > 2)) // uniq in out
		shell_effects(c, EFFECT_WRITE, 0);
	shell_found_value(c, "-o", EFFECT_WRITE);
	shell_found_value(c, "--output", EFFECT_WRITE);
	if (shell_word_is(&c->word[0], "uniq") && c->n > 2)
		shell_found_path(c->s, &c->word[c->n - 1], EFFECT_WRITE);
	if (shell_has_option(c, "--compress-program"))
		shell_effects(c, EFFECT_EXEC, EFFECT_PROGRAM);
}

// less, more, man, vi: a key or an option away from a shell.
void shell_pager(const struct shell_call *c)
{
	name_files(c, EFFECT_READ);
	shell_effects(c, EFFECT_EXEC, EFFECT_PROGRAM);
	shell_unknown(c, "it runs what is typed into it");
}

// A script of sed's may write files and run programs: w, W, e, r and the flags of s.
void shell_sed(const struct shell_call *c)
{
	bool in_place = shell_has_option(c, "-i") || shell_has_option(c, "--in-place");
	shell_effects(c, EFFECT_READ | (in_place ? EFFECT_WRITE : 0), 0);
	if (in_place) // the script, perhaps, and files
		name_files(c, EFFECT_WRITE);
	if (shell_is_open(c, 1) || shell_has_option(c, "--file") || shell_has_word(c, "-f"))
		shell_unknown(c, "its script is not in the line");
	for (unsigned i = 1; i < c->n; i++) {
		const struct shell_word *w = &c->word[i];
		struct span s = w->text;
		if (shell_word_starts(w, "-"))
			continue;
		// Only what has neither letter is surely without them: s/a/b/g, 1,5p, /x/d.
		bool plain = s.n > 2 && s.p[0] == 's' && s.n < 4096;
		uint8_t by = plain ? s.p[1] : 0;
		unsigned n = 0;
		size_t last = 0;
		for (size_t k = 1; plain && k < s.n; k++)
			if (s.p[k] == by && s.p[k - 1] != '\\' && ++n)
				last = k;
		if (plain && n == 3 && memchr(s.p + last, 'e', s.n - last) == NULL &&
		    memchr(s.p + last, 'w', s.n - last) == NULL &&
		    memchr(s.p + last, ';', s.n - last) == NULL &&
		    memchr(s.p + last, '\n', s.n - last) == NULL && shell_is_literal(w))
			return;
		for (size_t k = 0; k < s.n; k++)
			if (strchr("0123456789,$pdq!=;{} ", s.p[k]) == NULL)
				plain = true;
		if (!plain && shell_is_literal(w))
			return;
		shell_unknown(c, "a script that may run programs");
		return;
	}
}

// awk's programs may run others and write files.
void shell_awk(const struct shell_call *c)
{
	static const char *const reaches[] = {
		"system", "getline", "|", ">", "@", "close", "printf >", "/inet", NULL,
	};
	shell_effects(c, EFFECT_READ, 0);
	if (shell_is_open(c, 1))
		shell_unknown(c, "its program is not in the line");
	for (unsigned i = 1; i < c->n; i++) {
		const struct shell_word *w = &c->word[i];
		bool file = shell_word_starts(w, "-f") || shell_word_starts(w, "--f") ||
			    shell_word_starts(w, "-i") || shell_word_starts(w, "-l") ||
			    shell_word_starts(w, "-E") || shell_word_starts(w, "--");
		bool bad = file || !shell_is_literal(w);
		for (const char *const *r = reaches; *r != NULL; r++)
			bad |= memmem(w->text.p, w->text.n, *r, strlen(*r)) != NULL;
		if (!bad)
			continue;
		shell_effects(c, EFFECT_EXEC, EFFECT_PROGRAM);
		shell_unknown(c, "a program that may run others");
		return;
	}
}

void shell_tar(const struct shell_call *c)
{
	note_trees(c);
	static const char *const runs[] = {
		"--checkpoint-action",
		"--to-command",
		"--use-compress-program",
		"--rsh-command",
		"--info-script",
		"--new-volume-script",
		"-I",
		"-F",
		NULL,
	};
	bool old = c->n > 1 && !shell_word_starts(&c->word[1], "-") &&
		   memchr(c->word[1].text.p, 'I', c->word[1].text.n) != NULL;
	bool writes = shell_has_option(c, "-x") || shell_has_option(c, "-c") || c->n < 2 ||
		      !shell_word_starts(&c->word[1], "t");
	shell_effects(c, EFFECT_READ | (writes ? EFFECT_WRITE : 0), 0);
	if (shell_is_open(c, 1))
		shell_unknown(c, "a word that may be an option is not known");
	for (const char *const *r = runs; *r != NULL; r++) {
		if (!old && !shell_has_option(c, *r))
			continue;
		shell_effects(c, EFFECT_EXEC, EFFECT_PROGRAM);
		shell_unknown(c, "an option by which another program runs");
	}
}

// curl and wget: the network, and files where the answer goes.
void shell_curl(const struct shell_call *c)
{
	bool wget = shell_word_starts(&c->word[0], "wget");
	static const char *const writes[] = {
		"-o",          "-O",
		"--output",    "--remote-name",
		"-T",          "--upload-file",
		"-c",          "--cookie-jar",
		"-d",          "--data",
		"-F",          "--form",
		"-X",          "--request",
		"--json",      "--post-data",
		"--post-file", "--method",
		"--body-data", "-J",
		"-D",          "--dump-header",
		NULL,
	};
	shell_effects(c, EFFECT_READ | (wget ? EFFECT_WRITE : 0), EFFECT_NETWORK);
	if (shell_is_open(c, 1))
		shell_unknown(c, "a word that may be an option is not known");
	for (const char *const *w = writes; *w != NULL; w++)
		if (shell_has_option(c, *w))
			shell_effects(c, EFFECT_WRITE, 0);
	shell_found_value(c, wget ? "-O" : "-o", EFFECT_WRITE);
	shell_found_value(c, wget ? "--output-document" : "--output", EFFECT_WRITE);
	if (shell_has_option(c, "--unix-socket") || shell_has_option(c, "--abstract-unix-socket"))
		shell_unknown(c, "which program of this host it speaks to is not known");
	if (wget && shell_has_option(c, "-e"))
		shell_unknown(c, "an option by which another program may run");
	if (shell_has_option(c, "-K") || shell_has_option(c, "--config") ||
	    shell_has_option(c, "--use-askpass") || shell_has_option(c, "--execute"))
		shell_unknown(c, "its options are in a file");
	for (unsigned i = 1; i < c->n; i++)
		if (memmem(c->word[i].text.p, c->word[i].text.n, "://", 3) != NULL)
			shell_name(c, "url", c->word[i].text, EFFECT_READ);
}
