// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What sessions use up: charged before a command is forwarded and before a row goes to the client.
// All of a session's budgets are charged or none: what was charged is given back when a later one
// is spent, so that another session may be refused for a moment though in the end there was enough,
// but never is there too much.

#include "dataplane/relay/session.h"

#include <stdio.h>
#include <time.h>

enum charge {
	CHARGE_LIMITED,
	CHARGE_APPROVED, // a human lets it pass what would hold it; what denies it still does
};

// What to charge, by metric; 0: nothing.
struct bill {
	uint64_t amount[BUDGET_METRICS];
};

static uint64_t now_s(const struct relay *relay)
{
	return relay->now.wall_ns / 1000000000;
}

static uint32_t metrics_of(const struct session *s, const struct bill *bill)
{
	uint32_t metrics = 0;

	for (unsigned m = 0; m < BUDGET_METRICS; m++)
		if (bill->amount[m] != 0)
			metrics |= 1U << m;
	return metrics & s->rights->metrics;
}

static bool next(
	const struct relay *relay, const struct session *s, uint32_t metrics,
	struct policy_budget_walk *walk, struct policy_budget *out
)
{
	return metrics != 0 &&
	       policy_budget_next(relay->snapshot, s->rights, s->subject, metrics, walk, out);
}

// "2026-11-22 12:00:00 UTC"
static void name_time(uint64_t at_s, char out[static 32])
{
	time_t at = (time_t)at_s;
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL || strftime(out, 32, "%F %T UTC", &tm) == 0)
		snprintf(out, 32, "its window ends");
}

static void note_spent(
	struct relay *relay, struct session *s, const struct policy_budget *b,
	enum budget_outcome outcome, uint64_t resets
)
{
	const char *rule =
		b->rule == POLICY_NO_RULE ? "its token" : relay->snapshot->rules[b->rule].name;
	char until[32];

	relay->spent.rule = b->rule;
	relay->spent.link = b->link;
	relay->spent.hold = b->hold;
	if (outcome == BUDGET_FULL) {
		snprintf(
			relay->spent.text, sizeof(relay->spent.text),
			"no more budgets can be counted now"
		);
		return;
	}
	name_time(resets, until);
	snprintf(
		relay->spent.text, sizeof(relay->spent.text),
		"\"%.48s\" may use %llu %s in %u s by %s%.63s%s; that is spent until %s",
		s->subject->links[b->link].name, (unsigned long long)b->limit,
		budget_metric_name(b->key.metric), b->key.window_s,
		b->rule == POLICY_NO_RULE ? "" : "rule \"", rule,
		b->rule == POLICY_NO_RULE ? "" : "\"", until
	);
}

// The first `n` budgets of the bill; all of them: SIZE_MAX.
static void give_back(
	struct relay *relay, const struct session *s, const struct bill *bill, size_t n
)
{
	struct policy_budget_walk walk = {0};
	struct policy_budget b;

	for (size_t i = 0; i < n && next(relay, s, metrics_of(s, bill), &walk, &b); i++)
		budget_refund(
			relay->config.budgets, &b.key, bill->amount[b.key.metric], now_s(relay)
		);
}

// False: one is spent (s->spent), and nothing is charged.
static bool charge(struct relay *relay, struct session *s, const struct bill *bill, enum charge how)
{
	struct policy_budget_walk walk = {0};
	struct policy_budget b;
	uint64_t resets = 0;

	for (size_t n = 0; next(relay, s, metrics_of(s, bill), &walk, &b); n++) {
		uint64_t amount = bill->amount[b.key.metric];
		if (how == CHARGE_APPROVED && b.hold) {
			budget_force(relay->config.budgets, &b.key, b.limit, amount, now_s(relay));
			continue;
		}
		enum budget_outcome outcome = budget_charge(
			relay->config.budgets, &b.key, b.limit, amount, now_s(relay), &resets
		);
		if (outcome == BUDGET_GRANTED)
			continue;
		give_back(relay, s, bill, n);
		note_spent(relay, s, &b, outcome, resets);
		return false;
	}
	return true;
}

enum whose { WHOSE_ALL, WHOSE_DENYING };

// Is there something left of each of these budgets that the bill asks for?
static bool is_left(
	struct relay *relay, struct session *s, const struct bill *bill, enum whose whose
)
{
	struct policy_budget_walk walk = {0};
	struct policy_budget b;
	uint64_t resets = 0;

	while (next(relay, s, metrics_of(s, bill), &walk, &b)) {
		if (whose == WHOSE_DENYING && b.hold)
			continue;
		if (!budget_is_spent(relay->config.budgets, &b.key, b.limit, now_s(relay), &resets))
			continue;
		note_spent(relay, s, &b, BUDGET_SPENT, resets);
		return false;
	}
	return true;
}

static enum step end_spent(struct relay *relay, struct session *s)
{
	char message[sizeof(relay->spent.text) + 32];

	relay->stats->budget_spent++;
	snprintf(message, sizeof(message), "bulkhead: %s", relay->spent.text);
	const struct denial why = {.fatal = true, .code = "53400", .message = message};
	return session_end(relay, s, END_BUDGET, &why, "a budget is spent");
}

// ---- sessions

static const struct bill one_session = {.amount = {[BUDGET_SESSIONS] = 1}};

enum step budget_ask_session(struct relay *relay, struct session *s)
{
	return is_left(relay, s, &one_session, WHOSE_ALL) ? STEP_MOVED : end_spent(relay, s);
}

enum step budget_take_session(struct relay *relay, struct session *s)
{
	if (s->session_charged || charge(relay, s, &one_session, CHARGE_LIMITED)) {
		s->session_charged = true;
		return STEP_MOVED;
	}
	return end_spent(relay, s);
}

// ---- commands

static struct bill bill_of(const struct proto_msg *msg, const struct effects *effects)
{
	uint64_t n = 0;

	if ((effects->kinds & ~(uint32_t)EFFECT_SESSION) != 0)
		n = effects->n_statements > 1 ? effects->n_statements : 1;
	if (msg->command != PROTO_STATEMENT && n > 1)
		n = 1;
	return (struct bill
	){.amount = {
		  [BUDGET_COMMANDS] = n,
		  [BUDGET_WRITES] = (effects->kinds & EFFECT_WRITE) != 0 ? n : 0,
	  }};
}

// What its answer will use of: nothing is known yet but that it must not be spent.
static const struct bill any_answer = {
	.amount = {[BUDGET_ROWS] = 1, [BUDGET_BYTES] = 1, [BUDGET_MASKED] = 1}};

static bool runs(const struct proto_msg *msg)
{
	return msg->command == PROTO_STATEMENT || msg->command == PROTO_CALL ||
	       msg->command == PROTO_EXECUTE;
}

static bool take_command(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects
)
{
	const struct bill bill = bill_of(msg, effects);

	if (bill.amount[BUDGET_COMMANDS] == 0 || msg->command == PROTO_PREPARE)
		return true;
	if (!is_left(relay, s, &any_answer, WHOSE_ALL))
		return false;
	if (!runs(msg))
		return is_left(relay, s, &bill, WHOSE_ALL);
	s->command_charged = charge(relay, s, &bill, CHARGE_LIMITED);
	s->charged_version = s->rights_version;
	return s->command_charged;
}

// Nobody is asked about what would be refused all the same.
static bool is_denied(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects
)
{
	const struct bill bill = bill_of(msg, effects);

	if (bill.amount[BUDGET_COMMANDS] == 0 || msg->command == PROTO_PREPARE)
		return false;
	return !is_left(relay, s, &any_answer, WHOSE_DENYING) ||
	       !is_left(relay, s, &bill, WHOSE_DENYING);
}

static void refuse_by_spent(const struct relay *relay, struct verdict *v)
{
	v->action = VERDICT_DENY;
	v->reason = REASON_BUDGET;
	v->rule = relay->spent.rule;
	v->link = relay->spent.link;
}

void budget_judge(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects, struct verdict *v
)
{
	if (s->rights->metrics == 0 || s->command_charged)
		return;
	if (v->action == VERDICT_FORWARD && !take_command(relay, s, msg, effects)) {
		refuse_by_spent(relay, v);
		if (relay->spent.hold)
			v->action = VERDICT_HOLD;
	}
	if (v->action == VERDICT_HOLD && is_denied(relay, s, msg, effects))
		refuse_by_spent(relay, v);
}

void budget_take_approved(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects, struct verdict *v
)
{
	const struct bill bill = bill_of(msg, effects);

	if (!s->command_charged && runs(msg) && !charge(relay, s, &bill, CHARGE_APPROVED)) {
		refuse_by_spent(relay, v);
		return;
	}
	s->command_charged = true;
	s->charged_version = s->rights_version;
}

void budget_return_command(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects
)
{
	const struct bill bill = bill_of(msg, effects);

	// By other rights it would be given back to others.
	if (s->command_charged && s->charged_version == s->rights_version)
		give_back(relay, s, &bill, SIZE_MAX);
	s->command_charged = false;
}

// ---- answers

enum step budget_answer(
	struct relay *relay, struct session *s, const struct proto_msg *msg, uint64_t masked
)
{
	const uint32_t metrics = 1U << BUDGET_ROWS | 1U << BUDGET_BYTES | 1U << BUDGET_MASKED;
	struct bill bill = {.amount = {[BUDGET_MASKED] = masked}};

	if ((s->rights->metrics & metrics) == 0 || s->state != SESSION_OPEN ||
	    msg->carrier == PROTO_PARAMETER)
		return STEP_MOVED;
	bill.amount[BUDGET_ROWS] = msg->carrier == PROTO_ROW || msg->carrier == PROTO_COPY ||
				   msg->carrier == PROTO_CALL_RESULT;
	for (uint32_t i = 0; i < msg->n_fields; i++)
		if (!msg->fields[i].null)
			bill.amount[BUDGET_BYTES] += msg->fields[i].value.n;
	bool approved = command_is_approved(msg->tag);
	if (charge(relay, s, &bill, approved ? CHARGE_APPROVED : CHARGE_LIMITED))
		return STEP_MOVED;
	return end_spent(relay, s);
}
