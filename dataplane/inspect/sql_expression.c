// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Expressions. Precedence matters only as far as AND, OR and NOT: what calls and subqueries do does
// not depend on it.

#include "dataplane/inspect/sql.h"

// Both decide together, as operands of anything but AND and OR.
static struct sql_value both(struct sql_value a, struct sql_value b)
{
	return (struct sql_value){
		.is_fixed = a.is_fixed && b.is_fixed,
		.first = a.first,
		.last = b.last,
	};
}

static bool is_same(const struct sql *p, struct sql_value a, struct sql_value b)
{
	if (!a.is_column || !b.is_column || a.last - a.first != b.last - b.first)
		return false;
	for (long i = 0; i <= a.last - a.first; i++) {
		struct span x = sql_text(p, a.first + i), y = sql_text(p, b.first + i);
		if (x.n != y.n)
			return false;
		for (size_t k = 0; k < x.n; k++)
			if ((x.p[k] | 0x20) != (y.p[k] | 0x20))
				return false;
	}
	return true;
}

// Two literal numbers that are evidently not as `op` says.
static bool is_false_comparison(
	const struct sql *p, struct sql_value a, const struct token *op, struct sql_value b
)
{
	long n[2] = {0, 0};
	const struct sql_value *side[2] = {&a, &b};
	for (unsigned k = 0; k < 2; k++) {
		if (side[k]->first != side[k]->last || side[k]->first->kind != TOKEN_NUMBER)
			return false;
		struct span s = sql_text(p, side[k]->first);
		if (s.n > 9)
			return false;
		for (size_t i = 0; i < s.n; i++) {
			if (s.p[i] < '0' || s.p[i] > '9')
				return false;
			n[k] = n[k] * 10 + (s.p[i] - '0');
		}
	}
	if (sql_token_is(p, op, "=") || sql_token_is(p, op, "<=>"))
		return n[0] != n[1];
	if (sql_token_is(p, op, "<>") || sql_token_is(p, op, "!="))
		return n[0] == n[1];
	if (sql_token_is(p, op, "<"))
		return n[0] >= n[1];
	return sql_token_is(p, op, ">") && n[0] <= n[1];
}

static bool takes_operator(struct sql *p)
{
	static const char *const operators[] = {
		"+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "->", "->>", NULL,
	};
	bool pipes = sql_is(p, "||") && (p->tsql || p->r->context->pipes_as_concat);
	bool words = !p->tsql && (sql_is(p, "DIV") || sql_is(p, "MOD"));
	if (!pipes && !words && !sql_is_any(p, operators))
		return false;
	sql_next(p);
	return true;
}

struct sql_value sql_operand(struct sql *p)
{
	struct sql_value v = sql_value_of(p);
	while (!p->failed) {
		if (sql_take(p, "COLLATE")) {
			if (p->t->kind != TOKEN_WORD && p->t->kind != TOKEN_STRING)
				sql_fail(p, "its grammar is not understood");
			sql_next(p);
		} else if (sql_is(p, "AT") && sql_is_at(p, 1, "TIME")) {
			sql_next(p);
			sql_next(p);
			sql_expect(p, "ZONE");
			v = both(v, sql_value_of(p));
		} else if (takes_operator(p)) {
			v = both(v, sql_value_of(p));
		} else {
			break;
		}
	}
	return v;
}

static bool is_comparison(const struct sql *p)
{
	static const char *const symbols[] = {
		"=", "<", ">", "<=", ">=", "<>", "!=", "<=>", "!<", "!>", NULL,
	};
	return p->t->kind == TOKEN_SYMBOL && sql_is_any(p, symbols);
}

static struct sql_value compare(struct sql *p, struct sql_value v)
{
	static const char *const reflexive[] = {"=", "<=", ">=", "<=>", "!<", "!>", NULL};
	const struct token *op = p->t;
	bool holds = sql_is_any(p, reflexive);
	sql_next(p);
	bool quantified = sql_take(p, "ANY") || sql_take(p, "ALL") || sql_take(p, "SOME");
	if (quantified && !sql_is(p, "("))
		sql_fail(p, "its grammar is not understood");
	struct sql_value w = sql_operand(p), result = both(v, w);
	if (!p->failed && holds && is_same(p, v, w))
		result.is_fixed = true;
	if (!p->failed && result.is_fixed)
		result.is_false = is_false_comparison(p, v, op, w);
	return result;
}

static struct sql_value read_is(struct sql *p, struct sql_value v)
{
	bool is_not = sql_take(p, "NOT");
	bool fixed = v.is_fixed;
	if (sql_take(p, "DISTINCT")) {
		sql_expect(p, "FROM");
		return both(v, sql_operand(p));
	}
	bool null = sql_is(p, "NULL");
	if (!null && !sql_is(p, "TRUE") && !sql_is(p, "FALSE") && !sql_is(p, "UNKNOWN"))
		sql_fail(p, "its grammar is not understood");
	sql_next(p);
	return (struct sql_value){.is_fixed = fixed, .first = v.first, .last = p->t - !is_not};
}

static struct sql_value read_in(struct sql *p, struct sql_value v)
{
	if (!sql_is(p, "("))
		sql_fail(p, "its grammar is not understood");
	return both(v, sql_value_of(p));
}

static bool is_everything(const struct sql *p, struct sql_value v)
{
	if (p->failed || v.first != v.last || v.first->kind != TOKEN_STRING)
		return false;
	struct span s = sql_text(p, v.first);
	for (size_t i = 1; i + 1 < s.n; i++)
		if (s.p[i] != '%')
			return false;
	return s.n > 2;
}

static struct sql_value read_like(struct sql *p, struct sql_value v, bool negated)
{
	struct sql_value w = sql_operand(p), result = both(v, w);
	if (!p->failed && !negated && (is_everything(p, w) || is_same(p, v, w)))
		result.is_fixed = true;
	if (sql_take(p, "ESCAPE"))
		(void)sql_operand(p);
	return result;
}

// IS, IN, BETWEEN, LIKE and comparisons, as many as follow each other.
static struct sql_value predicate(struct sql *p)
{
	struct sql_value v = sql_operand(p);
	while (!p->failed) {
		const struct token *at = p->t;
		bool negated = sql_take(p, "NOT");
		if (!negated && is_comparison(p)) {
			v = compare(p, v);
		} else if (!negated && sql_take(p, "IS")) {
			v = read_is(p, v);
		} else if (sql_take(p, "IN")) {
			v = read_in(p, v);
		} else if (sql_take(p, "BETWEEN")) {
			v = both(v, sql_operand(p));
			sql_expect(p, "AND");
			v = both(v, sql_operand(p));
		} else if (sql_take(p, "LIKE")) {
			v = read_like(p, v, negated);
		} else if (!p->tsql && (sql_take(p, "REGEXP") || sql_take(p, "RLIKE"))) {
			v = both(v, sql_operand(p));
		} else if (!p->tsql && !negated && sql_is(p, "SOUNDS") && sql_is_at(p, 1, "LIKE")) {
			sql_next(p);
			sql_next(p);
			v = both(v, sql_operand(p));
		} else if (!p->tsql && sql_is(p, "MEMBER") && (sql_is_at(p, 1, "OF") || sql_is_at(p, 1, "("))) {
			sql_next(p);
			(void)sql_take(p, "OF");
			v = read_in(p, v);
		} else {
			p->t = at;
			break;
		}
	}
	return v;
}

static struct sql_value negation(struct sql *p)
{
	bool negated = false;
	while (sql_take(p, "NOT"))
		negated = !negated;
	struct sql_value v = predicate(p);
	if (negated) {
		v.is_column = v.is_query = v.is_false = false;
	}
	return v;
}

static struct sql_value conjunction(struct sql *p)
{
	struct sql_value v = negation(p);
	while (sql_is(p, "AND") || (!p->tsql && sql_is(p, "&&"))) {
		sql_next(p);
		struct sql_value w = negation(p);
		bool is_false = (v.is_fixed && v.is_false) || (w.is_fixed && w.is_false);
		v = both(v, w);
		v.is_fixed |= is_false;
		v.is_false = is_false;
	}
	return v;
}

static bool is_always(struct sql_value v)
{
	return v.is_fixed && !v.is_false;
}

static struct sql_value disjunction(struct sql *p)
{
	struct sql_value v = conjunction(p);
	while (!p->failed) {
		bool is_or = sql_is(p, "OR") || (!p->tsql && sql_is(p, "||"));
		if (!is_or && (p->tsql || !sql_is(p, "XOR")))
			break;
		sql_next(p);
		struct sql_value a = v, b = conjunction(p);
		v = both(a, b);
		if (!is_or)
			continue;
		v.is_false = v.is_fixed && a.is_false && b.is_false;
		if (is_always(a) || is_always(b)) {
			v.is_fixed = true;
			p->has_tautology = true;
		}
	}
	return v;
}

struct sql_value sql_expression(struct sql *p)
{
	struct sql_value v = {.first = p->t, .last = p->t};
	if (!sql_enter(p))
		return v;
	v = disjunction(p);
	sql_leave(p);
	return v;
}

void sql_expressions(struct sql *p)
{
	do
		(void)sql_expression(p);
	while (sql_take(p, ",") && !p->failed);
}

bool sql_condition(struct sql *p)
{
	bool before = p->has_tautology;
	p->has_tautology = false;
	struct sql_value v = sql_expression(p);
	bool always = is_always(v);
	if (always || p->has_tautology)
		sql_effects(p, 0, EFFECT_TAUTOLOGY);
	p->has_tautology = before;
	return !always;
}
