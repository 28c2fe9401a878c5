// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One simple command: which program, and what its arguments make of it.

#include "dataplane/inspect/shell.h"

void shell_effects(const struct shell_call *c, uint32_t kinds, uint32_t flags)
{
	c->s->r->kinds |= kinds;
	c->s->r->flags |= flags;
}

void shell_unknown(const struct shell_call *c, const char *why)
{
	command_unknown(c->s->r, why);
}

bool shell_word_is(const struct shell_word *w, const char *text)
{
	return shell_is_literal(w) && span_equal(w->text, span_str(text));
}

bool shell_word_starts(const struct shell_word *w, const char *text)
{
	size_t n = strlen(text);
	return w->text.n >= n && memcmp(w->text.p, text, n) == 0;
}

bool shell_is_open(const struct shell_call *c, unsigned from)
{
	for (unsigned i = from; i < c->n && !shell_word_is(&c->word[i], "--"); i++)
		if ((c->word[i].flags & (WORD_OPEN | WORD_SPLITS)) != 0)
			return true;
	return false;
}

static bool is_option(const struct shell_word *w, const char *option)
{
	size_t n = 0;
	if (option[1] != '-') {
		if (w->text.n < 2 || w->text.p[0] != '-' || w->text.p[1] == '-')
			return false;
		return memchr(w->text.p, option[1], w->text.n) != NULL;
	}
	while (n < w->text.n && w->text.p[n] != '=')
		n++;
	return n > 2 && n <= strlen(option) && memcmp(w->text.p, option, n) == 0;
}

bool shell_has_option(const struct shell_call *c, const char *option)
{
	for (unsigned i = 1; i < c->n && !shell_word_is(&c->word[i], "--"); i++)
		if (is_option(&c->word[i], option))
			return true;
	return false;
}

bool shell_has_word(const struct shell_call *c, const char *text)
{
	for (unsigned i = 1; i < c->n; i++)
		if (shell_word_is(&c->word[i], text))
			return true;
	return false;
}

void shell_name(const struct shell_call *c, const char *kind, struct span name, uint8_t access)
{
	struct command_reader *r = c->s->r;
	if (r->n_objects == EFFECT_OBJECTS_MAX) {
		shell_fail(c->s, "it names too many things");
		return;
	}
	r->objects[r->n_objects++] = (struct effect_object){
		.schema = span_str(kind),
		.name = name,
		.access = access,
	};
}

// ---- tools with subcommands

enum { VERBS_MAX = 4 };

// How many words the option at hand takes: 1 or 2; 0: it is not known.
static unsigned option_words(const struct shell_word *w, const char *const *values)
{
	if (memchr(w->text.p, '=', w->text.n) != NULL)
		return 1;
	for (; *values != NULL; values++) {
		bool alone = **values == '!';
		if (shell_word_is(w, *values + alone))
			return alone ? 1 : 2;
	}
	return 0;
}

// Out: the first words that are no options. False: an option that is not known may have taken one
// of them, or a word may be an option that the text does not show.
static bool find_verbs(
	const struct shell_call *c, const char *const *values, unsigned *verbs, unsigned *n
)
{
	bool sure = true;
	*n = 0;
	for (unsigned i = 1; i < c->n;) {
		const struct shell_word *w = &c->word[i];
		if (shell_word_is(w, "--"))
			break;
		if ((w->flags & (WORD_OPEN | WORD_SPLITS)) != 0)
			return false;
		if (!shell_word_starts(w, "-")) {
			if (*n < VERBS_MAX)
				verbs[(*n)++] = i;
			i++;
			continue;
		}
		unsigned words = option_words(w, values);
		if (words == 0 && *n == 0) // behind the subcommand it is the subcommand's
			sure = false;
		i += words == 0 ? 1 : words;
		// What the option takes may be anything, but it must be one word.
		if (words == 2 && i <= c->n && (c->word[i - 1].flags & WORD_SPLITS) != 0)
			sure = false;
	}
	return sure;
}

// How many words of the rule's verb stand at the beginning; 0: it is another.
static unsigned match_verb(
	const struct shell_call *c, const char *verb, const unsigned *verbs, unsigned n
)
{
	unsigned k = 0;
	for (; *verb != '\0'; k++) {
		size_t length = strcspn(verb, " ");
		if (k == n || !shell_is_literal(&c->word[verbs[k]]) ||
		    !span_equal(c->word[verbs[k]].text, span_of(verb, length)))
			return 0;
		verb += length;
		verb += *verb == ' ';
	}
	return k;
}

static void name_verb(const struct shell_call *c, struct span verb)
{
	struct command_reader *r = c->s->r;
	size_t n = strlen(r->verb);
	if (verb.n >= sizeof(r->verb) - n - 1)
		return;
	r->verb[n] = ' ';
	memcpy(r->verb + n + 1, verb.p, verb.n);
	r->verb[n + 1 + verb.n] = '\0';
}

static bool is_there(const struct shell_call *c, const char *also)
{
	return also[0] == '-' ? shell_has_option(c, also) : shell_has_word(c, also);
}

void shell_tool(
	const struct shell_call *c, const char *const *values, const struct shell_rule *rules,
	size_t n_rules
)
{
	unsigned verbs[VERBS_MAX], n = 0, longest = 0;
	const struct shell_rule *best = NULL;
	bool sure = find_verbs(c, values, verbs, &n);
	if (!sure)
		shell_unknown(c, "which subcommand runs, or with what options, is not known");
	for (size_t i = 0; i < n_rules; i++) {
		unsigned k = match_verb(c, rules[i].verb, verbs, n);
		if (k == 0)
			continue;
		if (rules[i].also == NULL && k > longest) {
			best = &rules[i];
			longest = k;
		} else if (rules[i].also != NULL && is_there(c, rules[i].also)) {
			shell_effects(c, rules[i].kinds, rules[i].flags);
		}
	}
	if (best != NULL) {
		shell_effects(c, best->kinds, best->flags);
		name_verb(c, span_str(best->verb));
	} else if (shell_has_word(c, "--help") || shell_has_word(c, "--version") || shell_has_word(c, "help") || shell_has_word(c, "version")) {
		shell_effects(c, EFFECT_READ, 0);
	} else {
		shell_effects(c, EFFECT_EXEC, 0);
		shell_unknown(c, "a subcommand that is not known");
	}
}

// ---- commands

static struct span base_name(struct span path)
{
	static const char *const folders[] = {
		"/bin/",           "/usr/bin/",        "/sbin/", "/usr/sbin/",
		"/usr/local/bin/", "/usr/local/sbin/", NULL,
	};
	for (const char *const *f = folders; *f != NULL; f++) {
		size_t n = strlen(*f);
		if (path.n > n && memcmp(path.p, *f, n) == 0 &&
		    memchr(path.p + n, '/', path.n - n) == NULL)
			return span_from(path, n);
	}
	return path;
}

// Which of several commands a refusal should name: the one that can do most.
static unsigned weight(uint32_t kinds)
{
	static const uint32_t order[] = {
		EFFECT_ADMIN, EFFECT_DDL, EFFECT_WRITE, EFFECT_EXEC, EFFECT_UNKNOWN, EFFECT_READ,
	};
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if ((kinds & order[i]) != 0)
			return 7 - i;
	return 1;
}

static void run_program(const struct shell_call *c)
{
	struct command_reader *r = c->s->r;
	struct span name = base_name(c->word[0].text);
	if (!shell_is_literal(&c->word[0]) || name.n == 0) {
		shell_effects(c, EFFECT_EXEC, EFFECT_DYNAMIC);
		shell_unknown(c, "which program runs is not known");
		return;
	}
	const struct shell_program *program = shell_program(name);
	shell_name(c, "", name, EFFECT_EXEC);
	if (name.n < sizeof(r->verb)) {
		memcpy(r->verb, name.p, name.n);
		r->verb[name.n] = '\0';
	}
	if (program == NULL) {
		shell_effects(c, EFFECT_EXEC, 0);
		shell_unknown(c, "a program that is not known");
		return;
	}
	shell_effects(c, program->kinds, program->flags);
	if (program->read != NULL)
		program->read(c);
}

// a[$(id)]: bash evaluates it where it wants a variable's name, quotes or not.
static bool has_subscript(struct span s)
{
	const uint8_t *open = s.n == 0 ? NULL : memchr(s.p, '[', s.n);
	if (open == NULL)
		return false;
	s = span_from(s, (size_t)(open - s.p));
	return memchr(s.p, '`', s.n) != NULL || memmem(s.p, s.n, "$(", 2) != NULL;
}

void shell_run(struct shell *s, const struct shell_word *words, unsigned n)
{
	struct command_reader *r = s->r;
	struct shell_call c = {.s = s, .word = words, .n = n};
	uint32_t before = r->kinds;
	char outer[COMMAND_VERB_MAX];
	if (n == 0 || !shell_enter(s))
		return;
	memcpy(outer, r->verb, sizeof(outer));
	r->kinds = 0;
	r->verb[0] = '\0';
	r->n_statements++;
	run_program(&c);
	for (unsigned i = 1; i < n && !s->failed; i++) {
		shell_found_mention(s, words[i].text);
		if (has_subscript(words[i].text))
			shell_unknown(&c, "a subscript that may run commands");
	}
	if (weight(r->kinds) > r->weight) {
		r->weight = weight(r->kinds);
		memcpy(r->heaviest, r->verb, sizeof(r->heaviest));
	}
	r->kinds |= before;
	memcpy(r->verb, outer, sizeof(outer));
	shell_leave(s);
}

void shell_run_from(const struct shell_call *c, unsigned from)
{
	if (from < c->n)
		shell_run(c->s, c->word + from, c->n - from);
}

void shell_run_joined(const struct shell_call *c, unsigned from)
{
	struct command_reader *r = c->s->r;
	uint32_t begin = r->n_names;
	for (unsigned i = from; i < c->n; i++) {
		struct span text = c->word[i].text;
		if (!shell_is_literal(&c->word[i])) {
			shell_effects(c, EFFECT_EXEC, EFFECT_DYNAMIC);
			shell_unknown(c, "it runs text that is made while it runs");
			return;
		}
		if (text.n + 1 > sizeof(r->names) - r->n_names) {
			shell_fail(c->s, "its words are too long");
			return;
		}
		if (i > from)
			r->names[r->n_names++] = ' ';
		if (text.n > 0)
			memcpy(r->names + r->n_names, text.p, text.n);
		r->n_names += (uint32_t)text.n;
	}
	if (shell_enter(c->s)) {
		shell_text(r, span_of(r->names + begin, r->n_names - begin), c->s->depth);
		shell_leave(c->s);
	}
}

// The words from `from` on and some that are not known, from the standard input or another program.
void shell_run_added(const struct shell_call *c, unsigned from)
{
	struct command_reader *r = c->s->r;
	uint32_t begin = r->n_words;
	if (c->n - from >= COMMAND_WORDS_MAX - r->n_words) {
		shell_fail(c->s, "it has too many words");
		return;
	}
	for (unsigned i = from; i < c->n; i++)
		r->words[r->n_words++] = c->word[i];
	r->words[r->n_words++] = (struct shell_word){.flags = WORD_OPEN | WORD_SPLITS};
	shell_run(c->s, r->words + begin, r->n_words - begin);
	r->n_words = begin;
}
