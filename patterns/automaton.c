// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Built from the end to the beginning: the states of a part know what comes behind it. A counted
// repeat is the part over and over, so the text of a part may be read several times.

#include "patterns/automaton.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ANYTHING = 1 }; // the state of all bytes, behind a match and the byte behind it

enum state_kind { STATE_BYTE, STATE_FORK };

struct state {
	enum state_kind kind;
	uint16_t next, other; // other: of a fork
	struct byte_set bytes;
};

struct automaton {
	uint16_t count, start;
	uint16_t over;    // the first byte behind a match
	uint32_t repeats; // copies of a repeated part that are made
	struct state states[AUTOMATON_STATES];
};

// A part of the expression.
enum node_kind { NODE_EMPTY, NODE_BYTES, NODE_SEQUENCE, NODE_CHOICE, NODE_REPEAT };

enum { NODES_MAX = 8192, DEPTH_MAX = 64, NONE = UINT16_MAX, UNBOUNDED = UINT32_MAX };

struct node {
	enum node_kind kind;
	uint16_t a, b; // parts of a sequence and choice; b is NONE for a repeat
	uint32_t min, max;
	struct byte_set bytes;
};

struct reader {
	const char *p;
	unsigned depth;
	bool bad;
	uint16_t count;
	struct node nodes[NODES_MAX];
};

static uint16_t add_node(struct reader *r, enum node_kind kind, uint16_t a, uint16_t b)
{
	if (r->count == NODES_MAX) {
		r->bad = true;
		return 0;
	}
	r->nodes[r->count] = (struct node){.kind = kind, .a = a, .b = b};
	return r->count++;
}

static void add_range(struct byte_set *set, unsigned first, unsigned last)
{
	for (unsigned c = first; c <= last; c++)
		byte_set_add(set, (uint8_t)c);
}

static void invert(struct byte_set *set)
{
	for (size_t i = 0; i < 4; i++)
		set->bits[i] = ~set->bits[i];
}

static void fold_case(struct byte_set *set)
{
	for (uint8_t c = 'a'; c <= 'z'; c++) {
		if (byte_set_has(set, c) || byte_set_has(set, c & 0xdf)) {
			byte_set_add(set, c);
			byte_set_add(set, c & 0xdf);
		}
	}
}

// The classes of PCRE's \d \w \s and their opposites. Returns false for another letter.
static bool escape_class(char c, struct byte_set *set)
{
	*set = (struct byte_set){};
	switch (c | 0x20) {
	case 'w':
		add_range(set, 'a', 'z');
		add_range(set, 'A', 'Z');
		byte_set_add(set, '_');
		add_range(set, '0', '9');
		break;
	case 'd':
		add_range(set, '0', '9');
		break;
	case 's':
		add_range(set, '\t', '\r');
		byte_set_add(set, ' ');
		break;
	default:
		return false;
	}
	if (c < 'a')
		invert(set);
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The byte that the escape behind a backslash stands for.
static uint8_t escape_byte(struct reader *r)
{
	char c = *r->p++;
	int high, low;
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'f':
		return '\f';
	case 'x':
		high = hex_digit(r->p[0]);
		low = high < 0 ? -1 : hex_digit(r->p[1]);
		if (low < 0)
			break;
		r->p += 2;
		return (uint8_t)(high * 16 + low);
	default:
		if ((c | 0x20) < 'a' || (c | 0x20) > 'z') {
			if (c >= '0' && c <= '9')
				break; // a back reference, or octal
			if (c != '\0')
				return (uint8_t)c;
			r->p--;
		}
		break;
	}
	r->bad = true;
	return 0;
}

// One byte or class within a class. Returns whether it is a byte, which may begin a range.
static bool read_class_item(struct reader *r, struct byte_set *set, uint8_t *byte)
{
	struct byte_set more;
	if (r->p[0] == '[' && (r->p[1] == ':' || r->p[1] == '.' || r->p[1] == '=')) {
		r->bad = true; // nobody needs [:alpha:]
		return false;
	}
	if (*r->p != '\\') {
		*byte = (uint8_t)*r->p++;
		return true;
	}
	r->p++;
	if (escape_class(*r->p, &more)) {
		r->p++;
		for (size_t i = 0; i < 4; i++)
			set->bits[i] |= more.bits[i];
		return false;
	}
	*byte = escape_byte(r);
	return true;
}

static struct byte_set read_class(struct reader *r, bool fold)
{
	struct byte_set set = {};
	bool inverted = *r->p == '^';
	r->p += inverted;
	for (bool first = true; !r->bad && *r->p != '\0' && (*r->p != ']' || first);
	     first = false) {
		uint8_t from = 0, to = 0;
		if (!read_class_item(r, &set, &from))
			continue;
		to = from;
		if (r->p[0] == '-' && r->p[1] != ']' && r->p[1] != '\0') {
			r->p++;
			if (!read_class_item(r, &set, &to))
				r->bad = true;
		}
		add_range(&set, from, to);
	}
	if (*r->p == ']')
		r->p++;
	else
		r->bad = true;
	if (fold)
		fold_case(&set); // first: "not a" is not A either
	if (inverted)
		invert(&set);
	return set;
}

static uint16_t read_choice(struct reader *r, bool fold);

// Behind an opening bracket.
static uint16_t read_group(struct reader *r, bool fold)
{
	if (strncmp(r->p, "?:", 2) == 0) {
		r->p += 2;
	} else if (strncmp(r->p, "?i:", 3) == 0) {
		r->p += 3;
		fold = true;
	} else if (*r->p == '?' || *r->p == '*') {
		r->bad = true;
		return 0;
	}
	uint16_t node = ++r->depth > DEPTH_MAX ? 0 : read_choice(r, fold);
	if (r->depth-- > DEPTH_MAX || *r->p != ')')
		r->bad = true;
	else
		r->p++;
	return node;
}

static uint16_t read_atom(struct reader *r, bool fold)
{
	struct byte_set set = {};
	char c = *r->p++;
	if (c == '(')
		return read_group(r, fold);
	if (c == '[') {
		set = read_class(r, fold);
	} else if (c == '.') {
		invert(&set);
	} else if (c == '\\') {
		if (escape_class(*r->p, &set))
			r->p++;
		else
			byte_set_add(&set, escape_byte(r));
	} else {
		byte_set_add(&set, (uint8_t)c);
		r->bad = r->bad || strchr("*+?{^$", c) != NULL;
	}
	if (fold && c != '[')
		fold_case(&set);
	uint16_t node = add_node(r, NODE_BYTES, NONE, NONE);
	r->nodes[node].bytes = set;
	return node;
}

static uint32_t read_number(struct reader *r)
{
	uint32_t n = 0;
	if (*r->p < '0' || *r->p > '9')
		r->bad = true;
	for (; *r->p >= '0' && *r->p <= '9' && n < 1000000; r->p++)
		n = n * 10 + (uint32_t)(*r->p - '0');
	return n;
}

// {n}, {n,} or {n,m}
static void read_bounds(struct reader *r, uint32_t *min, uint32_t *max)
{
	*min = *max = read_number(r);
	if (*r->p == ',') {
		r->p++;
		*max = *r->p == '}' ? UNBOUNDED : read_number(r);
	}
	if (*r->p == '}')
		r->p++;
	else
		r->bad = true;
}

static uint16_t read_repeat(struct reader *r, bool fold)
{
	uint16_t node = read_atom(r, fold);
	while (!r->bad && *r->p != '\0' && strchr("*+?{", *r->p) != NULL) {
		uint32_t min = *r->p == '+', max = *r->p == '?' ? 1 : UNBOUNDED;
		if (*r->p++ == '{')
			read_bounds(r, &min, &max);
		if (*r->p == '?' || *r->p == '+')
			r->p++; // lazy or possessive: the same matches, or fewer
		node = add_node(r, NODE_REPEAT, node, NONE);
		r->nodes[node].min = min;
		r->nodes[node].max = max;
	}
	return node;
}

static uint16_t read_sequence(struct reader *r, bool *fold)
{
	uint16_t node = add_node(r, NODE_EMPTY, NONE, NONE);
	while (!r->bad && *r->p != '\0' && *r->p != '|' && *r->p != ')') {
		if (strncmp(r->p, "(?i)", 4) == 0) {
			r->p += 4;
			*fold = true;
			continue;
		}
		uint16_t part = read_repeat(r, *fold);
		node = add_node(r, NODE_SEQUENCE, node, part);
	}
	return node;
}

static uint16_t read_choice(struct reader *r, bool fold)
{
	uint16_t node = read_sequence(r, &fold);
	while (!r->bad && *r->p == '|') {
		r->p++;
		uint16_t other = read_sequence(r, &fold);
		node = add_node(r, NODE_CHOICE, node, other);
	}
	return node;
}

// Number of the state; 0 when there is no room, which fails the whole.
static uint16_t add_state(struct automaton *a, struct state state)
{
	if (a->count == AUTOMATON_STATES)
		return 0;
	a->states[a->count] = state;
	return a->count++;
}

static uint16_t fork_state(struct automaton *a, uint16_t next, uint16_t other)
{
	return add_state(a, (struct state){.kind = STATE_FORK, .next = next, .other = other});
}

static uint16_t build(struct automaton *a, const struct reader *r, uint16_t node, uint16_t next);

static uint16_t build_repeat(
	struct automaton *a, const struct reader *r, const struct node *node, uint16_t next
)
{
	uint32_t min = node->min > a->repeats ? a->repeats : node->min;
	uint16_t at = next;
	if (node->max == UNBOUNDED || node->max > a->repeats) {
		at = fork_state(a, next, next);
		uint16_t body = build(a, r, node->a, at);
		a->states[at].next = body;
	} else {
		for (uint32_t i = node->min; i < node->max && at != 0; i++)
			at = fork_state(a, build(a, r, node->a, at), next);
	}
	for (uint32_t i = 0; i < min; i++) {
		uint16_t copy = build(a, r, node->a, at);
		if (copy == at)
			break; // of nothing; or there is no room
		at = copy;
	}
	return at;
}

static uint16_t build(struct automaton *a, const struct reader *r, uint16_t index, uint16_t next)
{
	const struct node *node = &r->nodes[index];
	uint16_t other;
	if (a->count == AUTOMATON_STATES)
		return 0; // repeats of repeats grow no further
	switch (node->kind) {
	case NODE_EMPTY:
		return next;
	case NODE_BYTES:
		return add_state(
			a, (struct state){.kind = STATE_BYTE, .next = next, .bytes = node->bytes}
		);
	case NODE_SEQUENCE:
		return build(a, r, node->a, build(a, r, node->b, next));
	case NODE_CHOICE:
		other = build(a, r, node->b, next);
		return fork_state(a, build(a, r, node->a, next), other);
	case NODE_REPEAT:
		return build_repeat(a, r, node, next);
	}
	return 0;
}

// Put the automaton of `text` before the state `next`. Returns its first state, or 0.
static uint16_t add_expression(struct automaton *a, const char *text, uint16_t next)
{
	uint16_t start = 0;
	struct reader *r = malloc(sizeof(*r)); // most of its room is never used
	if (r == NULL)
		return 0;
	r->p = text;
	r->depth = r->count = 0;
	r->bad = false;
	uint16_t root = read_choice(r, false);
	if (!r->bad && *r->p == '\0')
		start = build(a, r, root, next);
	free(r);
	return a->count == AUTOMATON_STATES ? 0 : start;
}

static int new (
	const char *before, const char *pattern, const struct byte_set *after, uint32_t repeats,
	struct automaton **out
)
{
	struct automaton *a = malloc(sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	a->repeats = repeats;
	a->count = 1;
	a->states[0] = (struct state){}; // is none
	uint16_t anything = add_state(a, (struct state){.kind = STATE_BYTE, .next = ANYTHING});
	invert(&a->states[anything].bytes);
	a->over =
		add_state(a, (struct state){.kind = STATE_BYTE, .next = anything, .bytes = *after});
	a->start = add_expression(a, pattern, a->over);
	if (a->start != 0 && before != NULL)
		a->start = add_expression(a, before, a->start);
	if (a->start == 0) {
		automaton_free(a);
		return ERR_UNSUPPORTED;
	}
	*out = a;
	return 0;
}

int automaton_new(
	const char *before, const char *pattern, const struct byte_set *after,
	struct automaton **out
)
{
	return new (before, pattern, after, AUTOMATON_REPEATS, out);
}

int automaton_exact(const char *pattern, struct automaton **out)
{
	const struct byte_set none = {};
	return new (NULL, pattern, &none, UNBOUNDED - 1, out);
}

void automaton_free(struct automaton *automaton)
{
	free(automaton);
}

static bool has(const struct automaton_position *at, uint16_t state)
{
	return (at->states[state / 64] >> state % 64 & 1) != 0;
}

// Add the state and what is reached from it without a byte.
static void enter(const struct automaton *a, struct automaton_position *at, uint16_t state)
{
	uint16_t stack[2 * AUTOMATON_STATES + 1]; // each state is entered once and pushes two
	size_t n = 0;
	stack[n++] = state;
	while (n > 0) {
		state = stack[--n];
		if (has(at, state))
			continue;
		at->states[state / 64] |= UINT64_C(1) << state % 64;
		if (a->states[state].kind != STATE_FORK)
			continue;
		stack[n++] = a->states[state].other;
		stack[n++] = a->states[state].next;
	}
}

struct automaton_position automaton_start(const struct automaton *automaton)
{
	struct automaton_position at = {};
	enter(automaton, &at, automaton->start);
	return at;
}

bool automaton_step(
	const struct automaton *automaton, const struct automaton_position *from,
	const struct byte_set *bytes, struct automaton_position *to
)
{
	bool any = false;
	*to = (struct automaton_position){};
	for (size_t word = 0; word * 64 < automaton->count; word++) {
		for (uint64_t bits = from->states[word]; bits != 0; bits &= bits - 1) {
			const struct state *state =
				&automaton->states[word * 64 + (size_t)__builtin_ctzll(bits)];
			if (state->kind != STATE_BYTE || !byte_set_meets(&state->bytes, bytes))
				continue;
			enter(automaton, to, state->next);
			any = true;
		}
	}
	return any;
}

bool automaton_is_over(const struct automaton *automaton, const struct automaton_position *at)
{
	return has(at, automaton->over) || has(at, ANYTHING);
}

bool automaton_is_past(const struct automaton *, const struct automaton_position *at)
{
	return has(at, ANYTHING);
}

struct byte_set automaton_next(
	const struct automaton *automaton, const struct automaton_position *at
)
{
	struct byte_set set = {};
	for (size_t word = 0; word * 64 < automaton->count; word++) {
		for (uint64_t bits = at->states[word]; bits != 0; bits &= bits - 1) {
			const struct state *state =
				&automaton->states[word * 64 + (size_t)__builtin_ctzll(bits)];
			for (size_t i = 0; i < 4 && state->kind == STATE_BYTE; i++)
				set.bits[i] |= state->bytes.bits[i];
		}
	}
	return set;
}

// Split each class into the bytes of `set` and the others. Returns how many there are then.
static size_t split_classes(const struct byte_set *set, uint8_t classes[static 256], size_t count)
{
	uint8_t first[256], twin[256]; // of a class: where its first byte went; the others' class
	bool seen[256] = {}, split[256] = {};
	for (unsigned c = 0; c < 256; c++) {
		uint8_t class = classes[c], in = byte_set_has(set, (uint8_t)c);
		if (!seen[class]) {
			seen[class] = true;
			first[class] = in;
		} else if (in != first[class]) {
			if (!split[class])
				twin[class] = (uint8_t)count++;
			split[class] = true;
			classes[c] = twin[class];
		}
	}
	return count;
}

size_t automaton_classes(const struct automaton *automaton, uint8_t classes[static 256])
{
	size_t count = 1;
	memset(classes, 0, 256);
	for (size_t i = 0; i < automaton->count; i++) {
		if (automaton->states[i].kind == STATE_BYTE)
			count = split_classes(&automaton->states[i].bytes, classes, count);
	}
	return count;
}
