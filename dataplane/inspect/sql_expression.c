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

// Without its quotes, where nothing within is escaped.
static struct span bare(const struct sql *p, const struct token *t)
{
	struct span text = sql_text(p, t);
	if (t->kind != TOKEN_QUOTED || t->is_escaped || text.n < 2)
		return text;
	return span_of(text.p + 1, text.n - 2);
}

static bool is_same_text(struct span x, struct span y)
{
	if (x.n != y.n)
		return false;
	for (size_t k = 0; k < x.n; k++)
		if ((x.p[k] | 0x20) != (y.p[k] | 0x20))
			return false;
	return true;
}

// The same column? Where there is one relation, it may be named before one of them or not.
static bool is_same(const struct sql *p, struct sql_value a, struct sql_value b)
{
	if (!a.is_column || !b.is_column)
		return false;
	long n = a.last - a.first, m = b.last - b.first;
	if (n != m && p->r->n_objects - p->first_object != 1)
		return false;
	for (long i = 0; i <= n && i <= m; i++)
		if (!is_same_text(bare(p, a.last - i), bare(p, b.last - i)))
			return false;
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

static const struct {
	const char *op, *opposite;
} opposites[] = {
	{"=", "<>"}, {"<>", "="}, {"!=", "="}, {"<", ">="},      {">=", "<"},      {">", "<="},
	{"<=", ">"}, {"!<", "<"}, {"!>", ">"}, {"IS", "IS NOT"}, {"IS NOT", "IS"},
};

// The operator as the table writes it; NULL: it has no opposite.
static const char *opposed(const struct sql *p, const struct token *op)
{
	for (size_t i = 0; i < sizeof(opposites) / sizeof(opposites[0]); i++)
		if (sql_token_is(p, op, opposites[i].op))
			return opposites[i].op;
	return NULL;
}

static const char *opposite_of(const char *op)
{
	for (size_t i = 0; i < sizeof(opposites) / sizeof(opposites[0]); i++)
		if (strcmp(op, opposites[i].op) == 0)
			return opposites[i].opposite;
	return "";
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
	if (!p->failed && v.is_column && w.is_fixed && w.first == w.last)
		result.test = (struct sql_test){opposed(p, op), v.first, v.last, w.first};
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
	struct sql_value result = {.is_fixed = fixed, .first = v.first, .last = p->t - 1};
	if (null && v.is_column)
		result.test = (struct sql_test){is_not ? "IS NOT" : "IS", v.first, v.last, NULL};
	return result;
}

// Is the column `v` one of the list [at, last], without its parentheses?
static bool is_in(
	const struct sql *p, struct sql_value v, const struct token *at, const struct token *last
)
{
	for (const struct token *end; at <= last; at = end + 1) {
		unsigned level = 0;
		for (end = at; end <= last && (level > 0 || !sql_token_is(p, end, ",")); end++) {
			level += sql_token_is(p, end, "(");
			level -= sql_token_is(p, end, ")");
		}
		struct sql_value one = {.is_column = true, .first = at, .last = end - 1};
		if (end > at && is_same(p, v, one))
			return true;
	}
	return false;
}

static struct sql_value read_in(struct sql *p, struct sql_value v, bool negated)
{
	if (!sql_is(p, "("))
		sql_fail(p, "its grammar is not understood");
	struct sql_value list = sql_value_of(p), result = both(v, list);
	if (!p->failed && !negated && !list.is_query && v.is_column &&
	    is_in(p, v, list.first + 1, list.last - 1))
		result.is_fixed = true;
	return result;
}

static struct sql_value read_between(struct sql *p, struct sql_value v, bool negated)
{
	struct sql_value low = sql_operand(p);
	sql_expect(p, "AND");
	struct sql_value high = sql_operand(p), result = both(both(v, low), high);
	if (!p->failed && !negated && is_same(p, v, low) && is_same(p, v, high))
		result.is_fixed = true;
	return result;
}

// An expression that finds the empty text everywhere: '', '^', '.*', '^.*$'.
static bool matches_all(const struct sql *p, struct sql_value v)
{
	if (p->failed || v.first != v.last || v.first->kind != TOKEN_STRING)
		return false;
	struct span s = sql_text(p, v.first);
	if (s.n < 2)
		return false;
	s = span_of(s.p + 1, s.n - 2);
	if (s.n > 0 && s.p[0] == '^')
		s = span_from(s, 1);
	if (s.n > 0 && s.p[s.n - 1] == '$')
		s = span_first(s, s.n - 1);
	while (s.n >= 2 && s.p[0] == '.' && s.p[1] == '*')
		s = span_from(s, 2);
	return s.n == 0;
}

static struct sql_value read_regexp(struct sql *p, struct sql_value v, bool negated)
{
	struct sql_value w = sql_operand(p), result = both(v, w);
	if (!p->failed && !negated && matches_all(p, w))
		result.is_fixed = true;
	return result;
}

static bool is_everything(const struct sql *p, struct sql_value v)
{
	if (p->failed || v.first != v.last || v.first->kind != TOKEN_STRING)
		return false;
	struct span s = sql_text(p, v.first);
	while (s.n > 0 && s.p[0] != '\'' && s.p[0] != '"') // N'%', _utf8'%'
		s = span_from(s, 1);
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
			v = read_in(p, v, negated);
		} else if (sql_take(p, "BETWEEN")) {
			v = read_between(p, v, negated);
		} else if (sql_take(p, "LIKE")) {
			v = read_like(p, v, negated);
		} else if (!p->tsql && (sql_take(p, "REGEXP") || sql_take(p, "RLIKE"))) {
			v = read_regexp(p, v, negated);
		} else if (!p->tsql && !negated && sql_is(p, "SOUNDS") && sql_is_at(p, 1, "LIKE")) {
			sql_next(p);
			sql_next(p);
			v = both(v, sql_operand(p));
		} else if (!p->tsql && sql_is(p, "MEMBER") && (sql_is_at(p, 1, "OF") || sql_is_at(p, 1, "("))) {
			sql_next(p);
			(void)sql_take(p, "OF");
			v = read_in(p, v, true);
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
		v.test.op = NULL;
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

// x IS NULL OR x IS NOT NULL; x = 1 OR x <> 1
static bool are_all(const struct sql *p, struct sql_test a, struct sql_test b)
{
	if (a.op == NULL || b.op == NULL || (a.against == NULL) != (b.against == NULL) ||
	    (strcmp(opposite_of(a.op), b.op) != 0 && strcmp(opposite_of(b.op), a.op) != 0))
		return false;
	if (a.against != NULL && !is_same_text(sql_text(p, a.against), sql_text(p, b.against)))
		return false;
	const struct sql_value x = {.is_column = true, .first = a.first, .last = a.last};
	const struct sql_value y = {.is_column = true, .first = b.first, .last = b.last};
	return is_same(p, x, y);
}

static struct sql_value disjunction(struct sql *p)
{
	struct sql_value v = conjunction(p), arm = v;
	while (!p->failed) {
		bool is_or = sql_is(p, "OR") || (!p->tsql && sql_is(p, "||"));
		if (!is_or && (p->tsql || !sql_is(p, "XOR")))
			break;
		sql_next(p);
		struct sql_value a = v, b = conjunction(p);
		v = both(a, b);
		if (!is_or) {
			p->has_tautology |= is_always(a) || is_always(b);
			continue;
		}
		b.is_fixed |= are_all(p, arm.test, b.test);
		arm = b;
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
