// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/lead.h"

#include "patterns/context.h"
#include "patterns/lead_form.h"
#include "patterns/often.h"

// All bytes that are this symbol.
static struct byte_set symbol_bytes(uint8_t symbol)
{
	struct byte_set set = {};
	for (unsigned c = 0; c < 256; c++) {
		if (kernel_symbol((uint8_t)c) == symbol)
			byte_set_add(&set, (uint8_t)c);
	}
	return set;
}

static struct byte_set all_bytes(void)
{
	return (struct byte_set){{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
}

struct byte_set lead_after(enum boundary right)
{
	return right == BOUNDARY_NONE ? all_bytes() : symbol_bytes(0);
}

// The symbols a key is made of: none, digit, letters.
static const char symbols[] = "\0"
			      "0abcdefghijklmnopqrstuvwxyz";

enum { SYMBOLS = sizeof(symbols) - 1 };

struct alphabet {
	struct byte_set bytes[SYMBOLS];
};

static struct alphabet alphabet_new(void)
{
	struct alphabet alphabet;
	for (unsigned i = 0; i < SYMBOLS; i++)
		alphabet.bytes[i] = symbol_bytes((uint8_t)symbols[i]);
	return alphabet;
}

// Add the key with each of its long keys; those of runs end with the first symbol that is none.
// Returns false when they are more than fit.
static bool add_long_keys(
	const struct automaton *a, const struct alphabet *alphabet,
	const struct automaton_position *at, unsigned have, bool runs, struct lead_key key,
	size_t most, struct lead *out
)
{
	if (have == KERNEL_LONG_KEY || (runs && key.long_key >> 8 * (have - 1) == 0)) {
		if (out->n_keys >= most)
			return false;
		key.is_run = runs;
		out->keys[out->n_keys++] = key;
		return true;
	}
	struct byte_set possible = automaton_next(a, at);
	for (unsigned i = 0; i < SYMBOLS; i++) {
		const struct byte_set *bytes = &alphabet->bytes[i];
		struct automaton_position next;
		struct lead_key longer = key;
		longer.long_key |= (uint64_t)(uint8_t)symbols[i] << 8 * have;
		if (byte_set_meets(&possible, bytes) && automaton_step(a, at, bytes, &next) &&
		    !add_long_keys(a, alphabet, &next, have + 1, runs, longer, most, out))
			return false;
	}
	return true;
}

// Is one of the symbols of the key none?
static bool has_none(uint32_t key)
{
	for (unsigned i = 0; i < KERNEL_KEY; i++) {
		if ((key >> 8 * i & 0xff) == 0)
			return true;
	}
	return false;
}

// Add the key, as a short one if it would have many long ones.
static bool add_key(
	const struct automaton *a, const struct alphabet *alphabet,
	const struct automaton_position *at, struct lead_key key, struct lead *out
)
{
	size_t first = out->n_keys, most = first + LEAD_LONG;
	key.long_key = key.key;
	if (first == LEAD_KEYS)
		return false;
	if (most <= LEAD_KEYS) {
		if (add_long_keys(a, alphabet, at, KERNEL_KEY, false, key, most, out))
			return true;
		out->n_keys = first;
		if (!has_none(key.key) &&
		    add_long_keys(a, alphabet, at, KERNEL_KEY, true, key, most, out))
			return true;
		out->n_keys = first;
	}
	key.is_short = true;
	out->keys[out->n_keys++] = key;
	return true;
}

static bool find_keys(
	const struct automaton *a, const struct alphabet *alphabet,
	const struct automaton_position *at, unsigned have, struct lead_key key, struct lead *out
)
{
	if (have == KERNEL_KEY)
		return add_key(a, alphabet, at, key, out);
	struct byte_set possible = automaton_next(a, at);
	for (unsigned i = have == 0 ? 2 : 0; i < SYMBOLS; i++) {
		const struct byte_set *bytes = &alphabet->bytes[i];
		struct automaton_position next;
		struct lead_key longer = key;
		longer.key |= (uint32_t)(uint8_t)symbols[i] << 8 * have;
		if (byte_set_meets(&possible, bytes) && automaton_step(a, at, bytes, &next) &&
		    !find_keys(a, alphabet, &next, have + 1, longer, out))
			return false;
	}
	return true;
}

static const struct byte_set digit_bytes = {{UINT64_C(0x3ff) << '0'}};
// Both cases of a to z.
static const struct byte_set letter_bytes = {{0, UINT64_C(0x7fffffe07fffffe)}};

static const double punctuation_often = 0.001; // so usual a mark may be

// One digit is seldom alone.
static double mark_often(const struct lead_mark *mark)
{
	static const double further_digit = 0.5;
	double often = 1;
	bool digits = false;
	for (size_t i = 0; i < KERNEL_MARK; i++) {
		double one = often_bytes(&mark->bytes[i]);
		bool digit = byte_set_meets(&mark->bytes[i], &digit_bytes);
		often *= digit && digits && one < further_digit ? further_digit : one;
		digits = digits || digit;
	}
	return often;
}

// Of the matches that begin with punctuation, as `+1` and `::` do. Numbers behind it may be short,
// and would weaken the filter of all.
static struct lead_mark find_punctuation(const struct automaton *a)
{
	struct byte_set punctuation = symbol_bytes(0);
	struct automaton_position at = automaton_start(a), next = {};
	struct lead_mark mark = {.bytes = {automaton_next(a, &at)}};
	for (size_t i = 0; i < 4; i++)
		mark.bytes[0].bits[i] &= punctuation.bits[i];
	(void)automaton_step(a, &at, &punctuation, &next);
	for (size_t k = 1; k < KERNEL_MARK; k++) {
		struct byte_set all = all_bytes();
		at = next;
		mark.bytes[k] = automaton_next(a, &at);
		(void)automaton_step(a, &at, &all, &next);
	}
	mark.often = mark_often(&mark);
	return mark;
}

// Whatever begins with a letter or digit at `at`, `offset` bytes behind the start of the match.
static bool find_start(
	const struct automaton *a, const struct alphabet *alphabet,
	const struct automaton_position *at, uint8_t offset, struct lead *out
)
{
	struct byte_set bytes = automaton_next(a, at);
	if (byte_set_meets(&bytes, &digit_bytes) &&
	    !lead_forms_find(a, at, &digit_bytes, offset, false, out))
		return false;
	size_t n_keys = out->n_keys;
	if (find_keys(a, alphabet, at, 0, (struct lead_key){.offset = offset}, out))
		return true;
	out->n_keys = n_keys;
	return lead_forms_find(a, at, &letter_bytes, offset, true, out);
}

// May a match begin within a word?
static bool begins_anywhere(const struct automaton *a, enum boundary left)
{
	struct automaton_position at = automaton_start(a);
	struct byte_set bytes = automaton_next(a, &at);
	return left == BOUNDARY_NONE &&
	       (byte_set_meets(&bytes, &digit_bytes) || byte_set_meets(&bytes, &letter_bytes));
}

bool lead_find(const struct automaton *automaton, enum boundary left, struct lead *out)
{
	struct byte_set punctuation = symbol_bytes(0);
	struct automaton_position at = automaton_start(automaton), next;
	const struct alphabet alphabet = alphabet_new();
	*out = (struct lead){.mark = find_punctuation(automaton)};
	if (begins_anywhere(automaton, left))
		return false;
	for (uint8_t offset = 0;; offset++, at = next) {
		if (automaton_is_over(automaton, &at) ||
		    !find_start(automaton, &alphabet, &at, offset, out))
			return false;
		if (!automaton_step(automaton, &at, &punctuation, &next))
			break;
		out->marked = out->mark.often <= punctuation_often;
		if (out->marked)
			break;
		if (offset == LEAD_OFFSET)
			return false;
	}
	for (size_t i = 0; i < out->n_forms; i++) {
		out->often += lead_form_often(&out->forms[i]);
		out->loose = out->loose || lead_form_is_loose(&out->forms[i]);
	}
	return true;
}

void lead_gate_make(const struct automaton *automaton, struct lead_gate *out)
{
	struct byte_set all = all_bytes();
	struct automaton_position at = automaton_start(automaton), next;
	*out = (struct lead_gate){};
	for (unsigned i = 0; i < LEAD_GATE; i++, at = next) {
		struct byte_set bytes = automaton_next(automaton, &at);
		for (unsigned c = 0; c < 256; c++) {
			if (byte_set_has(&bytes, (uint8_t)c))
				out->allows[c] |= (uint16_t)(1u << i);
		}
		(void)automaton_step(automaton, &at, &all, &next);
	}
}

// The bits that are the same in all these bytes.
static void set_place(struct lead_brief *brief, unsigned i, const struct byte_set *bytes)
{
	unsigned any = 0, all = 0xff;
	for (unsigned c = 0; c < 256; c++) {
		if (byte_set_has(bytes, (uint8_t)c)) {
			any |= c;
			all &= c;
		}
	}
	brief->mask[i] = (uint8_t)(any == 0 ? 0 : ~(any ^ all));
	brief->value[i] = (uint8_t)all & brief->mask[i];
}

void lead_brief_make(const struct lead_gate *gate, struct lead_brief *out)
{
	for (unsigned i = 0; i < LEAD_GATE; i++) {
		struct byte_set bytes = {};
		for (unsigned c = 0; c < 256; c++) {
			if ((gate->allows[c] >> i & 1) != 0)
				byte_set_add(&bytes, (uint8_t)c);
		}
		set_place(out, i, &bytes);
	}
}

void lead_brief_of_key(
	const struct automaton *automaton, const struct lead_key *key, struct lead_brief *out
)
{
	struct automaton_position at = automaton_start(automaton), next;
	uint64_t rest = key->is_short ? key->key : key->long_key;
	unsigned known = key->offset + (key->is_short ? KERNEL_KEY : KERNEL_LONG_KEY);
	for (unsigned i = 0; i < LEAD_GATE; i++, at = next) {
		struct byte_set allowed = all_bytes(), bytes = automaton_next(automaton, &at);
		if (i < known)
			allowed = symbol_bytes(i < key->offset ? 0 : rest & 0xff);
		if (i >= key->offset) {
			if (key->is_run && (rest & 0xff) == 0)
				known = i; // nothing is known behind
			rest >>= 8;
		}
		for (size_t k = 0; k < 4; k++)
			bytes.bits[k] &= allowed.bits[k];
		set_place(out, i, &bytes);
		(void)automaton_step(automaton, &at, &allowed, &next);
	}
}

void lead_brief_join(struct lead_brief *brief, const struct lead_brief *more)
{
	for (unsigned i = 0; i < LEAD_GATE; i++) {
		brief->mask[i] &= more->mask[i] & (uint8_t) ~(brief->value[i] ^ more->value[i]);
		brief->value[i] &= brief->mask[i];
	}
}

struct lead_mark lead_mark_find(const struct automaton *automaton)
{
	struct byte_set all = all_bytes();
	struct automaton_position at = automaton_start(automaton), next;
	struct lead_mark best = {.often = 2};
	for (unsigned i = 0; i < LEAD_MARK_MAX && !automaton_is_over(automaton, &at);
	     i++, at = next) {
		struct automaton_position ahead = at;
		struct lead_mark mark = {.at = i};
		(void)automaton_step(automaton, &at, &all, &next);
		for (size_t k = 0; k < KERNEL_MARK; k++) {
			struct automaton_position further;
			mark.bytes[k] = automaton_next(automaton, &ahead);
			(void)automaton_step(automaton, &ahead, &all, &further);
			ahead = further;
		}
		mark.often = mark_often(&mark);
		if (mark.often < best.often)
			best = mark;
	}
	return best;
}

// Is the mark one byte? Then each of these is found, the first one of a match, too.
static bool is_one_byte(const struct lead_mark *mark)
{
	for (size_t i = 1; i < KERNEL_MARK; i++) {
		for (size_t k = 0; k < 4; k++) {
			if (mark->bytes[i].bits[k] != UINT64_MAX)
				return false;
		}
	}
	return true;
}

struct byte_set lead_bytes(
	const struct automaton *automaton, const struct lead_mark *mark, size_t n
)
{
	struct byte_set allowed = all_bytes(), bytes = {};
	struct automaton_position at = automaton_start(automaton), next;
	for (size_t i = 0; i < 4 && is_one_byte(mark); i++)
		allowed.bits[i] = ~mark->bytes[0].bits[i];
	for (; n > 0; n--, at = next) {
		const struct byte_set more = automaton_next(automaton, &at);
		for (size_t i = 0; i < 4; i++)
			bytes.bits[i] |= more.bits[i] & allowed.bits[i];
		if (!automaton_step(automaton, &at, &allowed, &next))
			break;
	}
	return bytes;
}

// One more symbol: where the word ends, none, or a letter at a hump; behind that, anything.
static size_t extend(
	struct lead_key key, unsigned have, unsigned length, struct lead_key *keys, size_t n
)
{
	if (have == KERNEL_KEY) {
		keys[n] = key;
		return n + 1;
	}
	for (unsigned i = 0; i < SYMBOLS; i++) {
		struct lead_key longer = key;
		if (have == length &&
		    (symbols[i] == '0' || (symbols[i] != 0 && length < CONTEXT_HUMP_MIN)))
			continue;
		longer.key |= (uint32_t)(uint8_t)symbols[i] << 8 * have;
		n = extend(longer, have + 1, length, keys, n);
	}
	return n;
}

size_t lead_word_keys(const char *word, struct lead_key keys[static LEAD_KEYS])
{
	unsigned length = (unsigned)strlen(word), have = 0;
	struct lead_key key = {};
	if (kernel_symbol((uint8_t)word[0]) < 'a')
		return 0;
	for (; have < KERNEL_KEY && have < length; have++)
		key.key |= (uint32_t)kernel_symbol((uint8_t)word[have]) << 8 * have;
	for (unsigned i = 0; i < KERNEL_LONG_KEY && i < length; i++) {
		uint8_t symbol = kernel_symbol((uint8_t)word[i]);
		if (symbol == 0 && length < KERNEL_LONG_KEY)
			break; // the kernel cannot tell where the word ends, but where its first
			       // part
		key.long_key |= (uint64_t)symbol << 8 * i;
	}
	return extend(key, have, length, keys, 0);
}
