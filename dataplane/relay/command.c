// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A command is judged before the first byte of it may leave.

#include "dataplane/base/stage.h"
#include "dataplane/relay/session.h"

#include <stdio.h>

// The note on a statement that comes back with everything about it (proto_msg.tag).
enum tag_bit {
	TAG_EXPOSED = 1 << 0,
	TAG_ALLOWED = 1 << 1,
	TAG_DDL = 1 << 2,
	TAG_APPROVED = 1 << 3,  // by a human: a portal with its parameters
	TAG_WRITE = 1 << 4,     // it writes
	TAG_COUNTS = 1 << 5,    // it needs a right, and so is a command for budgets
	TAG_OTHERWISE = 1 << 6, // prepared while the server read texts otherwise, or perhaps so
};

static uint64_t tag_of(const struct session *s, uint32_t bits)
{
	return (uint64_t)s->rights_version << 32 | bits;
}

bool command_is_exposed(uint64_t tag)
{
	return (tag & TAG_EXPOSED) != 0;
}

bool command_may_change_catalog(uint64_t tag)
{
	return (tag & TAG_DDL) != 0;
}

bool command_is_approved(uint64_t tag)
{
	return (tag & TAG_APPROVED) != 0;
}

static bool is_allowed_now(const struct session *s, uint64_t tag)
{
	return tag >> 32 == s->rights_version && (tag & TAG_ALLOWED) != 0;
}

// The same rules in a later version (a catalog was read again) take no approval back.
static bool is_approved(const struct session *s, const struct proto_msg *msg)
{
	return msg->command == PROTO_EXECUTE && msg->tag >> 32 >= s->rules_since &&
	       (msg->tag & TAG_APPROVED) != 0;
}

// What is bound is what the server read when it was prepared, whatever it would read now.
bool command_is_read_otherwise(const struct session *s, const struct proto_msg *msg)
{
	if (msg->command == PROTO_BIND || msg->command == PROTO_EXECUTE)
		return (msg->tag & TAG_OTHERWISE) != 0;
	return msg->unsettled || !s->reading.utf8 || !s->reading.standard_strings;
}

static const struct effects *effects_of(
	struct relay *relay, struct session *s, const struct proto_msg *msg
)
{
	static const struct effects call = {
		.kinds = EFFECT_EXEC | EFFECT_UNKNOWN,
		.verb = {(const uint8_t *)"FunctionCall", 12},
		.why_unknown = "a function called by its number",
	};
	static const struct effects unseen = {
		.kinds = EFFECT_UNKNOWN,
		.flags = EFFECT_INDIRECT,
		.verb = {(const uint8_t *)"prepared statement", 18},
		.why_unknown = "the text was prepared where the gateway did not see it",
	};
	if (msg->command == PROTO_CALL)
		return &call;
	if (msg->command != PROTO_STATEMENT && msg->command != PROTO_PREPARE &&
	    msg->statement.p == NULL)
		return &unseen;
	static const struct inspect_context otherwise = {0};
	const struct effects *effects = inspect_statement(
		relay->effects, command_is_read_otherwise(s, msg) ? &otherwise : &s->reading,
		msg->statement
	);
	struct inspect_stats stats = inspect_cache_stats(relay->effects);
	relay->stats->effects_hits = stats.hits;
	relay->stats->effects_misses = stats.misses;
	return effects;
}

static struct verdict judge(
	struct relay *relay, struct session *s, const struct effects *effects,
	enum inspect_exposure *exposure
)
{
	const struct snapshot *snapshot = relay->snapshot;
	const struct right *right = &s->rights->right;
	struct policy_input input = {
		.snapshot = snapshot,
		.rights = s->rights,
		.effects = effects,
		.blocked = -1,
	};
	if (snapshot->blocks != NULL && bit_is_any_set(right->blocks, SNAPSHOT_PATTERN_WORDS))
		input.blocked = inspect_blocked(
			snapshot, snapshot->workers[relay->config.worker].block_scratch,
			right->blocks, effects->normalised
		);
	*exposure = EXPOSURE_NONE;
	if (bit_is_any_set(right->columns, COLUMN_WORDS))
		*exposure = inspect_exposure(effects, snapshot, right, session_resource(relay, s));
	if ((effects->flags & EFFECT_INDIRECT) != 0 && s->exposed_names &&
	    *exposure == EXPOSURE_NONE)
		*exposure = EXPOSURE_READS;
	input.carries_masked = *exposure == EXPOSURE_CARRIES;
	input.unresolved = *exposure == EXPOSURE_UNRESOLVED;
	return policy_judge(&input);
}

// The rule that decided need not be the actor's own. NULL when it is.
static const char *name_link(
	const struct session *s, const struct verdict *v, char *out, size_t size
)
{
	if (v->link + 1 >= s->rights->n_links)
		return NULL;
	snprintf(
		out, size, "That binds whoever acts for \"%s\", as this session does.",
		s->subject->links[v->link].name
	);
	return out;
}

static enum step refuse(
	struct relay *relay, struct session *s, struct proto_msg *msg,
	const struct effects *effects, const struct verdict *verdict
)
{
	char message[512];
	const char *hint = NULL;
	struct proto_io io = session_io(s);
	bool cancelled = verdict->reason == REASON_CANCELLED;
	explain(relay, s, verdict, effects, message, sizeof(message), &hint);
	char whose[SUBJECT_NAME_MAX + 64];
	struct denial why = {
		.code = "42501",
		.message = message,
		.detail = (verdict->effects & EFFECT_UNKNOWN) != 0 ? effects->why_unknown : NULL,
		.hint = hint,
	};
	if (why.detail == NULL)
		why.detail = name_link(s, verdict, whose, sizeof(whose));
	if (cancelled)
		memcpy(why.code, "57014", sizeof(why.code));
	if (verdict->reason == REASON_BUDGET) {
		memcpy(why.code, "53400", sizeof(why.code));
		relay->stats->budget_spent++;
	}
	budget_return_command(relay, s, msg, effects);
	s->denied++;
	relay->stats->denied++;
	if (verdict->reason == REASON_BLOCKED)
		relay->stats->blocked++;
	if (s->proto->deny(s->proto_state, msg, &why, &io) != 0)
		return session_end(relay, s, END_LIMIT, NULL, "no room to refuse");
	hold_forget(relay, s);
	return STEP_MOVED;
}

static uint32_t note(
	const struct effects *effects, enum inspect_exposure exposure, const struct verdict *verdict
)
{
	uint32_t bits = TAG_ALLOWED;
	if (verdict->reason == REASON_APPROVED)
		bits |= TAG_APPROVED;
	if (exposure != EXPOSURE_NONE)
		bits |= TAG_EXPOSED;
	if ((effects->kinds & EFFECT_WRITE) != 0)
		bits |= TAG_WRITE;
	if ((effects->kinds & ~(uint32_t)EFFECT_SESSION) != 0)
		bits |= TAG_COUNTS;
	if ((effects->kinds & (EFFECT_DDL | EFFECT_EXEC | EFFECT_UNKNOWN)) != 0)
		bits |= TAG_DDL;
	return bits;
}

// Only what is new is recorded and waited for: an Execute repeats a Bind that is on record.
static bool must_wait(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct verdict *verdict
)
{
	if (s->rights->right.record != RECORD_STRICT || msg->command == PROTO_EXECUTE)
		return false;
	s->strict_waiting = true;
	s->strict_sequence = relay->records->sequence;
	s->strict_version = s->rights_version;
	s->strict_reason = verdict->reason;
	return true;
}

static enum step forward(struct relay *relay, struct session *s, struct proto_msg *msg)
{
	struct proto_io io = session_io(s);
	s->commands++;
	s->command_charged = false;
	relay->stats->commands++;
	enum stage before = stage_enter(STAGE_FRAME);
	int r = s->proto->forward(s->proto_state, msg, &io);
	stage_leave(before);
	if (r != 0)
		return session_end(relay, s, END_LIMIT, NULL, "no room to forward");
	if (msg->command == PROTO_STATEMENT || msg->command == PROTO_CALL)
		s->text_runs = true;
	else if (msg->command == PROTO_EXECUTE)
		s->portals_run++;
	return STEP_MOVED;
}

static enum step record(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects, const struct verdict *verdict
)
{
	// A command that was held is on record: what became of it follows.
	bool known = hold_state(s->hold) == HOLD_DECIDED;
	static const struct denial too_large = {
		.fatal = true,
		.code = "54000",
		.message = "bulkhead: the statement is too large to be recorded",
	};
	enum stage before = stage_enter(STAGE_RECORD);
	enum recorded recorded = known ? recording_verdict(relay, s, msg, effects, verdict)
				       : recording_command(relay, s, msg, effects, verdict);
	stage_leave(before);
	switch (recorded) {
	case RECORDED:
		return STEP_MOVED;
	case RECORD_LATER:
		relay->stats->record_waits++;
		return STEP_RETRY;
	case RECORD_NEVER:
		break;
	}
	return session_end(relay, s, END_LIMIT, &too_large, "statement too large to be recorded");
}

// It is on record as this already.
static bool is_recorded(const struct session *s, const struct verdict *verdict)
{
	return s->strict_waiting && s->strict_version == s->rights_version &&
	       s->strict_reason == verdict->reason;
}

// An Execute of what was judged under the same rights is charged only. False: a budget is spent.
static bool is_charged(struct relay *relay, struct session *s, const struct proto_msg *msg)
{
	const struct effects effects = {
		.kinds = ((msg->tag & TAG_WRITE) != 0 ? EFFECT_WRITE : 0) |
			 ((msg->tag & TAG_COUNTS) != 0 ? EFFECT_READ : 0),
	};
	struct verdict verdict = {.action = VERDICT_FORWARD};
	if (is_approved(s, msg))
		budget_take_approved(relay, s, msg, &effects, &verdict);
	else
		budget_judge(relay, s, msg, &effects, &verdict);
	return verdict.action == VERDICT_FORWARD;
}

enum step command_judge(struct relay *relay, struct session *s, struct proto_msg *msg)
{
	const struct effects *effects;
	enum inspect_exposure exposure = EXPOSURE_NONE;
	struct verdict verdict;
	if (msg->command == PROTO_EXECUTE && is_allowed_now(s, msg->tag) &&
	    is_charged(relay, s, msg))
		return forward(relay, s, msg); // the same text under the same policy
	effects = effects_of(relay, s, msg);
	verdict = judge(relay, s, effects, &exposure);
	budget_judge(relay, s, msg, effects, &verdict);
	hold_settle(relay, s, msg, effects, is_approved(s, msg), &verdict);
	if (verdict.reason == REASON_APPROVED && verdict.action == VERDICT_FORWARD)
		budget_take_approved(relay, s, msg, effects, &verdict);
	if (hold_is_parked(s->hold))
		return STEP_IDLE; // still the same
	// A command that was recorded and has become durable is only judged again; by another
	// policy, or as something else, it is recorded again too.
	bool recorded = is_recorded(s, &verdict);
	enum step step = recorded ? STEP_MOVED : record(relay, s, msg, effects, &verdict);
	if (step != STEP_MOVED)
		return step;
	s->strict_waiting = false;
	if (verdict.action != VERDICT_FORWARD && verdict.action != VERDICT_HOLD)
		return refuse(relay, s, msg, effects, &verdict);
	if (!recorded && must_wait(relay, s, msg, &verdict))
		return STEP_RETRY;
	if (verdict.action == VERDICT_HOLD)
		return hold_park(relay, s, msg, effects, &verdict);
	bool names = (effects->flags & EFFECT_PREPARES) != 0 ||
		     (msg->command == PROTO_BIND && msg->named);
	if (names && exposure == EXPOSURE_READS)
		s->exposed_names = true;
	uint32_t otherwise = command_is_read_otherwise(s, msg) ? TAG_OTHERWISE : 0;
	msg->tag = tag_of(s, note(effects, exposure, &verdict) | otherwise);
	if ((effects->flags & EFFECT_SETS) != 0)
		settings_note(relay, s, msg);
	hold_forget(relay, s);
	return forward(relay, s, msg);
}

// What it was charged stays so. But the next command has neither paid nor is it on record because
// this one had and was.
void command_skip(struct relay *relay, struct session *s)
{
	hold_leave(relay, s, "the server would skip it");
	s->strict_waiting = false;
	s->command_charged = false;
}
