// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Redirections and here-documents (POSIX.1-2017 2.7), and the files that commands name.

#include "dataplane/inspect/shell.h"

static bool contains(struct span text, const char *what)
{
	return memmem(text.p, text.n, what, strlen(what)) != NULL;
}

static bool starts(struct span text, const char *what)
{
	size_t n = strlen(what);
	return text.n >= n && memcmp(text.p, what, n) == 0;
}

enum { PATH_MAX_READ = 1024 };

// The path without `//`, `/./` and `x/../`, as the kernel follows it where no link is in the way.
// What is longer is taken as it stands.
static struct span plain_path(struct span path, uint8_t out[static PATH_MAX_READ])
{
	size_t n = 0;
	if (path.n > PATH_MAX_READ)
		return path;
	for (size_t i = 0; i < path.n;) {
		size_t end = i;
		while (end < path.n && path.p[end] != '/')
			end++;
		const struct span part = span_of(path.p + i, end - i);
		bool up = span_equal(part, SPAN_LIT("..")) && n > 1;
		if (up) {
			for (n--; n > 0 && out[n - 1] != '/';)
				n--;
		} else if ((part.n > 0 && !span_equal(part, SPAN_LIT("."))) || i == 0) {
			memcpy(out + n, part.p, part.n);
			n += part.n;
			if (end < path.n)
				out[n++] = '/';
		}
		i = end + 1;
	}
	return span_of(out, n);
}

// Files that hold what somebody logs in with.
static bool is_credentials(struct span path)
{
	static const char *const parts[] = {
		"/etc/shadow",
		"/etc/gshadow",
		"/etc/sudoers",
		".ssh/id_",
		".aws/credentials",
		".aws/config",
		".pgpass",
		".netrc",
		".my.cnf",
		".git-credentials",
		".kube/config",
		".docker/config.json",
		".npmrc",
		".pypirc",
		".gnupg",
		"authorized_keys",
		"master.key",
		"credentials.yml",
		".azure/",
		".config/gcloud",
		"/environ",
		"serviceaccount/token",
		"id_rsa",
		"id_ed25519",
		"id_ecdsa",
		".vault-token",
		"/.env",
		"wp-config.php",
		".htpasswd",
		"/etc/krb5.keytab",
		NULL,
	};
	static const char *const ends[] = {".pem",    ".key",  ".p12", ".pfx",
					   ".keytab", ".kdbx", NULL};
	for (const char *const *p = parts; *p != NULL; p++)
		if (contains(path, *p))
			return true;
	for (const char *const *e = ends; *e != NULL; e++)
		if (path.n > strlen(*e) &&
		    memcmp(path.p + path.n - strlen(*e), *e, strlen(*e)) == 0)
			return true;
	return starts(path, ".env");
}

// What writing there changes beside the file.
static void note_written(struct shell *s, struct span path)
{
	static const char *const accounts[] = {
		"/etc/passwd",     "/etc/shadow", "/etc/group", "/etc/sudoers",
		"authorized_keys", "/etc/pam.d",  NULL,
	};
	static const char *const starters[] = {
		".bashrc",    ".profile",   ".bash_profile", ".zshrc",    ".bash_login",
		".gitconfig", ".git/hooks", ".git/config",   "cron",      "/etc/",
		"/boot/",     "/usr/",      "/lib",          "/bin/",     "/sbin/",
		"/proc/",     "/sys/",      ".ssh/config",   "/systemd/", NULL,
	};
	for (const char *const *a = accounts; *a != NULL; a++) {
		if (contains(path, *a)) {
			s->r->kinds |= EFFECT_ADMIN;
			s->r->flags |= EFFECT_GRANTS;
		}
	}
	for (const char *const *a = starters; *a != NULL; a++) {
		if (contains(path, *a)) {
			s->r->kinds |= EFFECT_ADMIN;
			s->r->flags |= EFFECT_CONFIG;
		}
	}
	if (starts(path, "/dev/") && !span_equal(path, SPAN_LIT("/dev/null")) &&
	    !starts(path, "/dev/std") && !starts(path, "/dev/fd/") && !starts(path, "/dev/t")) {
		s->r->kinds |= EFFECT_ADMIN;
		s->r->flags |= EFFECT_DESTROYS;
	}
}

void shell_found_mention(struct shell *s, struct span text)
{
	uint8_t plain[PATH_MAX_READ];
	if (is_credentials(text) || is_credentials(plain_path(text, plain)))
		s->r->flags |= EFFECT_CREDENTIALS;
}

void shell_found_value(const struct shell_call *c, const char *option, uint8_t access)
{
	size_t n = strlen(option);
	bool is_long = option[1] == '-';
	for (unsigned i = 1; i < c->n && !shell_word_is(&c->word[i], "--"); i++) {
		struct shell_word value = c->word[i];
		if (!shell_word_starts(&value, option))
			continue;
		if (value.text.n == n && i + 1 < c->n) {
			value = c->word[i + 1];
		} else if (value.text.n > n && (!is_long || value.text.p[n] == '=')) {
			value.text = span_from(value.text, n + is_long);
		} else {
			continue;
		}
		shell_found_path(c->s, &value, access);
	}
}

void shell_found_path(struct shell *s, const struct shell_word *word, uint8_t access)
{
	struct command_reader *r = s->r;
	struct span path = word->text;
	// cat /e*/sh?dow: a pattern from the root, or a variable, may be any file.
	bool open = (word->flags & (WORD_OPEN | WORD_PARTS)) != 0 && !starts(path, "/dev/fd/");
	bool rooted = starts(path, "/") || starts(path, "~") || starts(path, ".");
	if ((word->flags & WORD_GLOB) != 0 ? rooted : open)
		command_unknown(r, "which file it reads or writes is not known");
	if (span_equal(path, SPAN_LIT("/dev/null")) || span_equal(path, SPAN_LIT("-")))
		return;
	r->kinds |= access;
	shell_found_mention(s, path);
	if (contains(path, "/dev/tcp/") || contains(path, "/dev/udp/"))
		r->flags |= EFFECT_NETWORK;
	uint8_t plain[PATH_MAX_READ];
	if ((access & EFFECT_WRITE) != 0) {
		note_written(s, path);
		note_written(s, plain_path(path, plain));
	}
	if (path.n == 0)
		return;
	if (r->n_objects == EFFECT_OBJECTS_MAX)
		shell_fail(s, "it names too many files");
	else
		r->objects[r->n_objects++] = (struct effect_object){.name = path, .access = access};
}

// ---- here-documents

// Does the line from here to `end` hold the delimiter and nothing else?
static bool is_delimiter(const struct shell *s, size_t end, const struct shell_heredoc *h)
{
	size_t from = s->i;
	while (h->strips_tabs && from < end && s->p[from] == '\t')
		from++;
	return span_equal(span_of(s->p + from, end - from), h->delimiter);
}

static void read_heredoc(struct shell *s, const struct shell_heredoc *h)
{
	while (s->i < s->n) {
		size_t end = s->i;
		while (end < s->n && s->p[end] != '\n') {
			bool runs = s->p[end] == '`' ||
				    (s->p[end] == '$' && end + 1 < s->n && s->p[end + 1] != ' ');
			if (!h->is_quoted && (runs || s->p[end] == '\\')) {
				shell_fail(s, "a here-document with expansions");
				return;
			}
			end++;
		}
		bool last = is_delimiter(s, end, h);
		s->i = end < s->n ? end + 1 : end;
		if (last)
			return;
	}
	shell_fail(s, "a here-document does not end");
}

void shell_read_heredocs(struct shell *s)
{
	for (unsigned i = 0; i < s->n_heredocs && !s->failed; i++)
		read_heredoc(s, &s->heredocs[i]);
	s->n_heredocs = 0;
}

static void begin_heredoc(struct shell *s, bool strips_tabs)
{
	shell_skip_blank(s);
	shell_word(s);
	if (s->failed)
		return;
	const struct shell_word *word = &s->r->words[--s->r->n_words];
	if ((word->flags & (WORD_OPEN | WORD_SPLITS | WORD_PARTS)) != 0 ||
	    s->n_heredocs == SHELL_HEREDOCS_MAX) {
		shell_fail(s, "a here-document that is not read");
		return;
	}
	s->heredocs[s->n_heredocs++] = (struct shell_heredoc){
		.delimiter = word->text,
		.is_quoted = (word->flags & WORD_QUOTED) != 0,
		.strips_tabs = strips_tabs,
	};
}

// ---- redirections

static void target(struct shell *s, uint8_t access, bool may_be_number)
{
	shell_skip_blank(s);
	shell_word(s);
	if (s->failed)
		return;
	const struct shell_word *word = &s->r->words[--s->r->n_words];
	bool number = word->text.n > 0;
	for (size_t i = 0; i < word->text.n; i++)
		number &= word->text.p[i] >= '0' && word->text.p[i] <= '9';
	if (may_be_number && shell_is_literal(word) &&
	    (number || span_equal(word->text, SPAN_LIT("-"))))
		return;
	if ((word->flags & WORD_GLOB) != 0)
		command_unknown(s->r, "which file it reads or writes is not known");
	shell_found_path(s, word, access);
}

bool shell_redirect(struct shell *s)
{
	size_t k = 0;
	while (shell_peek(s, k) >= '0' && shell_peek(s, k) <= '9')
		k++;
	bool both = k == 0 && shell_peek(s, 0) == '&' && shell_peek(s, 1) == '>';
	k += both;
	uint8_t c = shell_peek(s, k), next = shell_peek(s, k + 1);
	if ((c != '<' && c != '>') || (next == '(' && k == 0))
		return false;
	s->i += k + 1;
	if (c == '<' && next == '<') {
		bool tabs = shell_peek(s, 1) == '-', string = shell_peek(s, 1) == '<';
		s->i += tabs || string ? 2 : 1;
		if (!string) {
			begin_heredoc(s, tabs);
			return true;
		}
		shell_skip_blank(s);
		shell_word(s);
		if (!s->failed)
			s->r->n_words--;
		return true;
	}
	s->i += next == '&' || next == '|' || next == '>';
	if (c == '<' && next == '>')
		target(s, EFFECT_READ | EFFECT_WRITE, false);
	else
		target(s, c == '<' ? EFFECT_READ : EFFECT_WRITE, next == '&' || both);
	return true;
}
