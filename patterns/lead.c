// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/lead.h"

#include "patterns/context.h"

static bool is_alnum(uint8_t c)
{
	return kernel_symbol(c) != 0;
}

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

static bool find_keys(
	const struct automaton *a, const struct alphabet *alphabet,
	const struct automaton_position *at, uint8_t offset, unsigned have, uint32_t key,
	struct lead *out
)
{
	if (have == KERNEL_KEY) {
		if (out->n_keys == LEAD_KEYS)
			return false;
		out->keys[out->n_keys++] = (struct lead_key){key, offset};
		return true;
	}
	struct byte_set possible = automaton_next(a, at);
	for (unsigned i = have == 0 ? 2 : 0; i < SYMBOLS; i++) {
		const struct byte_set *bytes = &alphabet->bytes[i];
		struct automaton_position next;
		if (byte_set_meets(&possible, bytes) && automaton_step(a, at, bytes, &next) &&
		    !find_keys(
			    a, alphabet, &next, offset, have + 1,
			    key | (uint32_t)(uint8_t)symbols[i] << 8 * have, out
		    ))
			return false;
	}
	return true;
}

static const struct byte_set digit_bytes = {{UINT64_C(0x3ff) << '0'}};
static const struct byte_set other_bytes = {
	{~(UINT64_C(0x3ff) << '0'), UINT64_MAX, UINT64_MAX, UINT64_MAX}};

static void find_signatures(
	const struct automaton *a, const struct automaton_position *at, unsigned have,
	uint16_t signature, uint64_t out[KERNEL_SIGNATURE_WORDS]
)
{
	struct automaton_position next;
	if (have == KERNEL_SIGNATURE) {
		out[signature / 64] |= UINT64_C(1) << signature % 64;
		return;
	}
	if (automaton_is_past(a, at)) {
		for (uint32_t s = signature; s < 65536; s += UINT32_C(1) << have)
			out[s / 64] |= UINT64_C(1) << s % 64;
		return;
	}
	if (automaton_step(a, at, &digit_bytes, &next))
		find_signatures(a, &next, have + 1, (uint16_t)(signature | 1u << have), out);
	if (automaton_step(a, at, &other_bytes, &next))
		find_signatures(a, &next, have + 1, signature, out);
}

// Words that begin here, by their digits. Returns false when some have none early enough.
static bool find_mixed(
	const struct automaton *a, const struct automaton_position *at, unsigned offset,
	struct lead *out
)
{
	static const unsigned early = 0xfe; // bytes 1 to 7 of a signature
	struct byte_set letters = {}, all = all_bytes(), none = symbol_bytes(0);
	struct automaton_position next, more;
	for (unsigned i = 2; i < SYMBOLS; i++) {
		struct byte_set one = symbol_bytes((uint8_t)symbols[i]);
		for (size_t k = 0; k < 4; k++)
			letters.bits[k] |= one.bits[k];
	}
	if (!automaton_step(a, at, &letters, &next))
		return true;
	find_signatures(a, &next, 1, 0, out->mixed_signatures);
	for (uint32_t s = 0; s < 65536; s++) {
		bool known = (out->mixed_signatures[s / 64] >> s % 64 & 1) != 0;
		if (known && (s & early) == 0)
			return false;
	}
	unsigned run = 1;
	for (; run < 8 && !automaton_is_over(a, &next); run++, next = more) {
		if (automaton_step(a, &next, &none, &more))
			break;
		(void)automaton_step(a, &next, &all, &more);
	}
	if (!out->mixed || run < out->mixed_run)
		out->mixed_run = run;
	out->mixed = true;
	out->mixed_offsets |= (uint8_t)(1u << offset);
	return true;
}

// The bytes behind a number's start that are certainly the match's.
static void find_run(
	const struct automaton *a, const struct automaton_position *number, struct lead *out
)
{
	struct byte_set all = all_bytes();
	struct automaton_position at = *number, next;
	unsigned run = 1;
	(void)automaton_step(a, &at, &digit_bytes, &next);
	for (at = next; run < 8 && !automaton_is_over(a, &at); at = next, run++) {
		struct byte_set bytes = automaton_next(a, &at);
		for (size_t i = 0; i < 4; i++)
			out->inner[run].bits[i] |= bytes.bits[i];
		(void)automaton_step(a, &at, &all, &next);
	}
	if (run < out->run)
		out->run = run;
}

static const double punctuation_often = 0.001; // so usual a pair may be

// Both are punctuation: `::` is. Numbers behind it may be short, and would weaken the filter of
// all.
static struct lead_pair find_punctuation(const struct automaton *a)
{
	struct byte_set punctuation = symbol_bytes(0);
	struct automaton_position at = automaton_start(a), next = {};
	struct lead_pair pair = {.first = automaton_next(a, &at)};
	if (automaton_step(a, &at, &punctuation, &next))
		pair.second = automaton_next(a, &next);
	for (size_t i = 0; i < 4; i++) {
		pair.first.bits[i] &= punctuation.bits[i];
		pair.second.bits[i] &= punctuation.bits[i];
	}
	pair.often = lead_often(&pair.first) * lead_often(&pair.second);
	return pair;
}

static void find_number(
	const struct automaton *a, const struct automaton_position *at, unsigned offset,
	struct lead *out
)
{
	struct automaton_position next;
	if (offset >= 2 && out->pair.often <= punctuation_often) {
		out->paired = true;
		return;
	}
	out->number_offsets |= (uint8_t)(1u << offset);
	if (automaton_step(a, at, &digit_bytes, &next))
		find_signatures(a, &next, 1, 1, out->signatures[offset]);
	find_run(a, at, out);
}

bool lead_find(const struct automaton *automaton, enum boundary left, struct lead *out)
{
	struct byte_set punctuation = symbol_bytes(0);
	struct automaton_position at = automaton_start(automaton), next;
	const struct alphabet alphabet = alphabet_new();
	*out = (struct lead){.run = 8, .pair = find_punctuation(automaton)};
	for (unsigned offset = 0;; offset++, at = next) {
		struct byte_set bytes = automaton_next(automaton, &at);
		if (automaton_is_over(automaton, &at))
			return false;
		for (unsigned c = 0; c < 256 && offset == 0 && left == BOUNDARY_NONE; c++) {
			if (is_alnum((uint8_t)c) && byte_set_has(&bytes, (uint8_t)c))
				return false;
		}
		if (byte_set_meets(&bytes, &digit_bytes))
			find_number(automaton, &at, offset, out);
		size_t n_keys = out->n_keys;
		if (!find_keys(automaton, &alphabet, &at, (uint8_t)offset, 0, 0, out)) {
			out->n_keys = n_keys;
			if (!find_mixed(automaton, &at, offset, out))
				return false;
		}
		if (!automaton_step(automaton, &at, &punctuation, &next))
			return true;
		if (offset == LEAD_OFFSET)
			return false;
	}
}

bool lead_is_loose(const struct lead *lead)
{
	unsigned letters = 0;
	for (unsigned c = 0; c < 256; c++) {
		bool inner = false;
		for (unsigned i = 1; i < lead->run; i++)
			inner = inner || byte_set_has(&lead->inner[i], (uint8_t)c);
		letters += inner && kernel_symbol((uint8_t)c) >= 'a';
	}
	return lead->mixed || letters > 8;
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

// How often a byte stands in logs, JSON and CSV, roughly.
static double byte_often(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return 0.02;
	if (c >= 'a' && c <= 'z')
		return 0.03;
	if (c >= 'A' && c <= 'Z')
		return 0.006;
	switch (c) {
	case ' ':
		return 0.12;
	case '"':
	case ',':
	case ':':
	case '-':
	case '.':
	case '\n':
		return 0.02;
	case '=':
	case '/':
	case '_':
	case '{':
	case '}':
	case '[':
	case ']':
	case '(':
	case ')':
		return 0.006;
	}
	return c >= 0x80 ? 0.0005 : 0.001;
}

double lead_often(const struct byte_set *set)
{
	double sum = 0;
	for (unsigned c = 0; c < 256; c++)
		sum += byte_set_has(set, (uint8_t)c) ? byte_often((uint8_t)c) : 0;
	return sum < 1 ? sum : 1;
}

struct lead_pair lead_pair_find(const struct automaton *automaton)
{
	struct byte_set all = all_bytes();
	struct automaton_position at = automaton_start(automaton), next;
	struct lead_pair best = {.often = 2};
	for (unsigned i = 0; i < LEAD_PAIR_MAX && !automaton_is_over(automaton, &at);
	     i++, at = next) {
		struct lead_pair pair = {.at = i};
		(void)automaton_step(automaton, &at, &all, &next);
		pair.first = automaton_next(automaton, &at);
		pair.second = automaton_next(automaton, &next);
		pair.often = lead_often(&pair.first) * lead_often(&pair.second);
		if (pair.often < best.often)
			best = pair;
	}
	return best;
}

size_t lead_word_keys(const char *word, uint32_t keys[static LEAD_KEYS])
{
	size_t length = strlen(word), n = 0;
	uint32_t key = 0;
	if (kernel_symbol((uint8_t)word[0]) < 'a')
		return 0;
	for (size_t i = 0; i < KERNEL_KEY && i < length; i++)
		key |= (uint32_t)kernel_symbol((uint8_t)word[i]) << 8 * i;
	if (length >= KERNEL_KEY) {
		keys[0] = key;
		return 1;
	}
	// Behind a short word comes no letter or digit, or a hump; behind that, anything.
	for (unsigned i = 0; i < SYMBOLS; i++) {
		if (symbols[i] == '0' || (symbols[i] != 0 && length < CONTEXT_HUMP_MIN))
			continue;
		uint32_t next = key | (uint32_t)(uint8_t)symbols[i] << 8 * length;
		for (unsigned j = 0; j < SYMBOLS; j++) {
			if (length + 1 == KERNEL_KEY) {
				keys[n++] = next;
				break;
			}
			keys[n++] = next | (uint32_t)(uint8_t)symbols[j] << 8 * (length + 1);
		}
	}
	return n;
}
