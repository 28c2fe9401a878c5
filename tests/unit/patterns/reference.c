// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The scanner against the plainest reading of a definition: every start, every end, no candidates.

#include "patterns/library.h"
#include "tests/unit/dice.h"

#include <hs.h>

// cmocka.h wants these first.
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

enum { TEXT_MAX = 700, ROUNDS = 300 };

static struct pattern_lib *lib;
static uint32_t seed = 20260103;

static uint32_t dice(uint32_t sides)
{
	return dice_roll(&seed, sides);
}

// A word of the definition's context, in some spelling, sometimes glued to what is there.
static struct span random_word(const struct pattern_info *info, char out[static 48])
{
	size_t count = 0, n;
	while (info->context != NULL && info->context[count] != NULL)
		count++;
	if (count == 0)
		return (struct span){NULL, 0};
	n = (size_t)snprintf(out, 48, "%s", info->context[dice((uint32_t)count)]);
	for (size_t i = 0; i < n; i++) {
		if (out[i] == ' ')
			out[i] = " _-\t"[dice(4)];
		else if (dice(4) == 0 && (out[i] & 0x80) == 0)
			out[i] = (char)toupper(out[i]);
	}
	if (dice(2) == 0)
		out[n++] = " =:\nxX"[dice(6)];
	return span_of((uint8_t *)out, n);
}

// A name that belongs to nobody, or the beginning of one.
static size_t add_other(uint8_t *out, size_t n)
{
	static const char *const names[] = {
		"order ", "ORDER_NO=", "bytes\": \"", "epoch_ms: ",
		"trace",  "disorder ", "build#",      "sku-",
	};
	const char *name = names[dice(sizeof(names) / sizeof(names[0]))];
	if (strlen(name) > TEXT_MAX - n)
		return n;
	memcpy(out + n, name, strlen(name));
	return n + strlen(name);
}

// A text of pieces of the library's own examples, some of them damaged.
static size_t random_text(uint8_t *out)
{
	char word[48];
	size_t n = 0;
	while (n < TEXT_MAX && dice(12) != 0) {
		const struct pattern_info *info =
			pattern_lib_info(lib, (uint16_t)dice((uint32_t)pattern_lib_count(lib)));
		if (dice(6) == 0)
			n = add_other(out, n);
		bool good = dice(4) != 0;
		size_t count = good ? info->positive_count : info->negative_count;
		const struct pattern_example *list = good ? info->positive : info->negative;
		struct span text = list[dice((uint32_t)count)].text;
		text = span_from(text, dice(3) == 0 ? dice((uint32_t)text.n) : 0);
		text = span_first(text, dice(3) == 0 ? dice(20) : TEXT_MAX - n);
		text = span_first(text, TEXT_MAX - n);
		memcpy(out + n, text.p, text.n);
		n += text.n;
		text = dice(2) == 0 ? random_word(info, word) : span_first(text, 0);
		text = span_first(text, TEXT_MAX - n);
		memcpy(out + n, text.p == NULL ? out : text.p, text.n);
		n += text.n;
		if (n < TEXT_MAX && dice(2) == 0)
			out[n++] = (uint8_t) " ,.'\n-=a1\xc3\xa9"[dice(11)];
	}
	return n;
}

// All ends of one anchored expression.
struct ends {
	bool at[TEXT_MAX + 1];
};

static int on_end(unsigned, unsigned long long, unsigned long long to, unsigned, void *context)
{
	((struct ends *)context)->at[to] = true;
	return 0;
}

static hs_database_t *compile(const char *text)
{
	char anchored[EXPRESSION_MAX + 8];
	hs_database_t *db = NULL;
	hs_compile_error_t *error = NULL;
	snprintf(anchored, sizeof(anchored), "^(?:%s)", text);
	if (hs_compile(anchored, expression_flags(), HS_MODE_BLOCK, NULL, &db, &error) !=
	    HS_SUCCESS)
		fail_msg("%s", error->message);
	return db;
}

struct reference {
	const struct definition *def;
	hs_database_t *pattern, *before, *strong;
	hs_scratch_t *hs;
};

static bool accepts(const struct definition *def, struct span text)
{
	for (size_t i = 0; i < def->validator_count; i++) {
		if (!def->validators[i]->accepts(text))
			return false;
	}
	return true;
}

static struct ends ends_from(
	const struct reference *ref, const hs_database_t *db, struct span in, size_t at,
	size_t width
)
{
	struct ends ends = {};
	struct span text = span_first(span_from(in, at), width);
	assert_int_equal(
		hs_scan(db, (const char *)text.p, (unsigned)text.n, 0, ref->hs, on_end, &ends),
		HS_SUCCESS
	);
	return ends;
}

// Does the word stand at text[at]? By the words of README.md, and nothing of the scanner's.
static bool word_at(const char *word, const char *text, size_t n, size_t at)
{
	size_t length = strlen(word);
	if (length > n - at)
		return false;
	for (size_t i = 0; i < length; i++) {
		char a = word[i], b = text[at + i];
		bool gap = strchr(" \t-_", a) != NULL && b != '\0' && strchr(" \t-_", b) != NULL;
		if (!gap && a != (b >= 'A' && b <= 'Z' ? b + 32 : b))
			return false;
	}
	return true;
}

static bool edge(char a, char b)
{
	bool alnum_a = (a & 0x80) == 0 && isalnum(a) != 0,
	     alnum_b = (b & 0x80) == 0 && isalnum(b) != 0;
	return !alnum_a || !alnum_b || ((a < 'A' || a > 'Z') && b >= 'A' && b <= 'Z');
}

// Is there a context word in [from, to)?
static bool has_word(const struct definition *def, struct span in, size_t from, size_t to)
{
	const char *text = (const char *)in.p;
	for (const char *const *word = def->info.context; word != NULL && *word != NULL; word++) {
		for (size_t at = from; at < to; at++) {
			size_t end = at + strlen(*word);
			if (word_at(*word, text, to, at) &&
			    (at == 0 || edge(text[at - 1], text[at])) &&
			    (end == in.n || (text[end] & 0x80) != 0 || isalnum(text[end]) == 0 ||
			     (end - at > 2 && edge(text[end - 1], text[end]))))
				return true;
		}
	}
	return false;
}

// Where the name of what begins at `at` begins, if it is nobody's; else `at`. Some of the names.
// underscore?
static size_t other_name(struct span in, size_t from, size_t at)
{
	static const char *const names[] = {"order", "bytes", "epoch", "trace", "build", "sku"};
	const char *text = (const char *)in.p;
	size_t end = at, start;
	while (end > from && at - end < 4 && text[end - 1] != 0 &&
	       strchr(" \t\"':=|#-", text[end - 1]) != NULL)
		end--;
	for (start = end; start > from && (text[start - 1] & 0x80) == 0 &&
			  (isalnum(text[start - 1]) || text[start - 1] == '_');)
		start--;
	for (size_t i = 0; end < at && i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);
		if (end - start >= n && strncasecmp(text + start, names[i], n) == 0 &&
		    (end - start == n || text[start + n] == '_'))
			return start;
	}
	return at;
}

static bool is_sure(const struct reference *ref, struct span in, size_t start, size_t end)
{
	size_t from = start, to = end;
	if (ref->def->info.score >= 50)
		return true;
	if (ref->strong != NULL &&
	    ends_from(ref, ref->strong, span_first(in, end), start, end - start).at[end - start])
		return true;
	while (from > 0 && start - from < 64 && in.p[from - 1] != '\n' && in.p[from - 1] != '\r')
		from--;
	while (to < in.n && to - end < 32 && in.p[to] != '\n' && in.p[to] != '\r')
		to++;
	size_t other = other_name(in, from, start);
	if (other < start)
		return has_word(ref->def, in, other, start);
	return has_word(ref->def, in, from, start) || has_word(ref->def, in, end, to);
}

// Mark the bytes of the longest match at `at`.
static void cover_from(const struct reference *ref, struct span in, size_t at, uint8_t *covered)
{
	const struct definition *def = ref->def;
	struct ends ends = ends_from(ref, ref->pattern, in, at, def->pattern_width.max);
	for (size_t n = in.n - at; n > 0; n--) {
		if (!ends.at[n] || !boundary_ends(def->right, in, at + n) ||
		    boundary_splits_utf8(in, at + n))
			continue;
		if (accepts(def, span_of(in.p + at, n)) && is_sure(ref, in, at, at + n)) {
			memset(covered + at, 1, n);
			return;
		}
		if (def->right == BOUNDARY_NONE)
			return;
	}
}

static void cover(const struct reference *ref, struct span in, uint8_t *covered)
{
	for (size_t start = 0; start < in.n; start++) {
		if (!boundary_begins(ref->def->left, in, start) || boundary_splits_utf8(in, start))
			continue;
		if (ref->before == NULL) {
			cover_from(ref, in, start, covered);
			continue;
		}
		struct ends ends = ends_from(ref, ref->before, in, start, DEFINITION_BEFORE_MAX);
		for (size_t n = 1; n <= DEFINITION_BEFORE_MAX && n < in.n - start; n++) {
			if (ends.at[n] && !boundary_splits_utf8(in, start + n))
				cover_from(ref, in, start + n, covered);
		}
	}
}

static void compare(const struct reference *ref, const struct pattern_set *set)
{
	static uint8_t text[TEXT_MAX], covered[TEXT_MAX], found[TEXT_MAX];
	struct finding out[256];
	struct scan_scratch *scratch = scan_scratch_new(set);
	assert_non_null(scratch);
	scan_scratch_forms(scratch, SCAN_FORMS_NONE);
	for (int round = 0; round < ROUNDS; round++) {
		bool more = true;
		size_t n = random_text(text);
		memset(covered, 0, sizeof(covered));
		memset(found, 0, sizeof(found));
		cover(ref, span_of(text, n), covered);
		int count = scan(set, scratch, span_of(text, n), NULL, out, 256, &more);
		assert_true(count >= 0 && !more);
		for (int i = 0; i < count; i++)
			memset(found + out[i].start, 1, out[i].end - out[i].start);
		if (memcmp(found, covered, n) != 0)
			fail_msg("%s: round %d: '%.*s'", ref->def->info.name, round, (int)n, text);
	}
	scan_scratch_free(scratch);
}

static void the_scanner_agrees(void **)
{
	print_message("seed %u\n", seed);
	for (uint16_t id = 0; id < pattern_lib_count(lib); id++) {
		struct reference ref = {.def = pattern_lib_definition(lib, id)};
		struct pattern_set *set = NULL;
		char why[PATTERN_WHY] = "";
		ref.pattern = compile(ref.def->pattern);
		assert_int_equal(hs_alloc_scratch(ref.pattern, &ref.hs), HS_SUCCESS);
		if (ref.def->before != NULL) {
			ref.before = compile(ref.def->before);
			assert_int_equal(hs_alloc_scratch(ref.before, &ref.hs), HS_SUCCESS);
		}
		if (ref.def->strong != NULL) {
			ref.strong = compile(ref.def->strong);
			assert_int_equal(hs_alloc_scratch(ref.strong, &ref.hs), HS_SUCCESS);
		}
		if (pattern_set_compile(lib, &id, 1, &set, why) != 0)
			fail_msg("%s", why);
		compare(&ref, set);
		pattern_set_free(set);
		hs_free_scratch(ref.hs);
		hs_free_database(ref.pattern);
		hs_free_database(ref.before);
		hs_free_database(ref.strong);
	}
}

static int setup(void **)
{
	char why[PATTERN_WHY] = "";
	if (pattern_lib_load((const char *const[]){PATTERN_LIBRARY}, 1, &lib, why) != 0)
		fail_msg("%s", why);
	return 0;
}

static int teardown(void **)
{
	pattern_lib_free(lib);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_scanner_agrees)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
