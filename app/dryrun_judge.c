// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Judging again what a recording holds.

#include "app/dryrun_judged.h"
#include "app/dryrun_run.h"
#include "controlplane/audit/line.h"
#include "controlplane/identity/subject.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CACHE_ENTRIES = 4096,
	CACHE_BYTES = 16 << 20,
	SCRATCH_MAX = 64 << 20,
	TEXT_MAX = 1 << 20, // of a command that is judged
};

int judge_init(struct judge *judge, const struct snapshot *snapshot, const struct dryrun_ask *ask)
{
	*judge = (struct judge){
		.snapshot = snapshot,
		.from_ns = ask->from_ns,
		.to_ns = ask->to_ns,
		.limit = ask->limit,
	};
	judge->cache = inspect_cache_new(CACHE_ENTRIES, CACHE_BYTES);
	judge->examples = json_array();
	buf_init(&judge->scratch, NULL, SCRATCH_MAX);
	buf_init(&judge->text, NULL, SCRATCH_MAX);
	return judge->cache == NULL || judge->examples == NULL ? -ENOMEM : 0;
}

void judge_fini(struct judge *judge)
{
	if (judge->cache != NULL)
		inspect_cache_free(judge->cache);
	json_decref(judge->examples);
	buf_fini(&judge->scratch);
	buf_fini(&judge->text);
	*judge = (struct judge){0};
}

// ---- sessions

static int find_resource(const struct snapshot *snapshot, const char *name)
{
	for (uint16_t i = 0; i < snapshot->n_resources; i++)
		if (strcmp(snapshot->resources[i].name, name) == 0)
			return i;
	return -1;
}

static void take_text(const json_t *json, const char *key, char *to, size_t size)
{
	const char *text = json_string_value(json_object_get(json, key));

	snprintf(to, size, "%s", text == NULL ? "" : text);
}

struct judged *judged_new(struct judge *judge, const char *name, const json_t *json)
{
	struct judged *session = calloc(1, sizeof(*session));
	char client[64];

	if (session == NULL)
		return NULL;
	snprintf(session->name, sizeof(session->name), "%s", name);
	buf_init(&session->text, NULL, TEXT_MAX);
	take_text(json, "resource", session->resource_name, sizeof(session->resource_name));
	take_text(json, "client", client, sizeof(client));
	session->resource = find_resource(judge->snapshot, session->resource_name);
	session->client = dryrun_client(client);
	session->subject = dryrun_subject(json);
	return session;
}

// What the session may do at that time; counted once when it begins to matter.
static bool find_rights(struct judge *judge, struct judged *session, uint64_t time_ns)
{
	const struct policy_request request = {
		.subject = session->subject,
		.resource = (uint16_t)session->resource,
		.client = session->client,
		.wall_ns = time_ns,
	};

	if (!session->counted)
		judge->sessions++;
	if (session->subject == NULL) {
		judge->gaps[GAP_GROUPS] += !session->counted;
	} else if (session->resource < 0) {
		session->has_rights = false;
	} else if (!session->counted || time_ns < session->rights.since ||
		   time_ns >= session->rights.until) {
		session->has_rights = policy_rights(judge->snapshot, &request, &session->rights);
		judge->gaps[GAP_GRANT] += !session->counted && session->has_rights &&
					  session->rights.grant_rule != POLICY_NO_RULE;
	}
	session->counted = true;
	return session->subject != NULL;
}

// ---- differences

static const char *const change_words[CHANGE_COUNT] = {
	[CHANGE_DENIED] = "denied", [CHANGE_HELD] = "held",         [CHANGE_ALLOWED] = "allowed",
	[CHANGE_MASKED] = "masked", [CHANGE_UNMASKED] = "unmasked", [CHANGE_OTHER] = "other",
};

static const char *rule_name(const struct judge *judge, uint16_t rule)
{
	return rule < judge->snapshot->n_rules ? judge->snapshot->rules[rule].name : "";
}

static void explain(
	const struct judge *judge, const struct judged *session, enum dryrun_change change,
	char *out, size_t size
)
{
	const struct verdict *v = &session->verdict;

	if (change == CHANGE_MASKED || change == CHANGE_UNMASKED)
		snprintf(
			out, size, "%llu values",
			(unsigned long long
			)(change == CHANGE_MASKED ? session->masked : session->unmasked)
		);
	else if (v->reason == REASON_BLOCKED)
		snprintf(out, size, "blocked %s", judge->snapshot->pattern_names[v->pattern]);
	else if (session->resource < 0)
		snprintf(out, size, "no resource %s", session->resource_name);
	else
		snprintf(out, size, "%s", verdict_reason_name(v->reason));
}

static void note(struct judge *judge, struct judged *session, enum dryrun_change change)
{
	char why[128];

	judge->changes[change]++;
	session->changed = true;
	if (json_array_size(judge->examples) >= judge->limit) {
		judge->cut = true;
		return;
	}
	explain(judge, session, change, why, sizeof(why));
	json_array_append_new(
		judge->examples,
		json_pack(
			"{s:s, s:I, s:s, s:o?, s:s, s:s, s:s, s:s, s:s, s:s}", "session",
			session->name, "t_ns", (json_int_t)session->time_ns, "change",
			change_words[change], "text", audit_string(buf_span(&session->text)),
			"before", session->old_action, "before_reason", session->old_reason,
			"before_rule", session->old_rule, "after",
			verdict_action_name(session->verdict.action), "after_reason", why,
			"after_rule", rule_name(judge, session->verdict.rule)
		)
	);
}

// The command and all its answers have been seen.
static void settle(struct judge *judge, struct judged *session)
{
	if (session->time_ns == 0)
		return;
	if (session->masked > 0)
		note(judge, session, CHANGE_MASKED);
	if (session->unmasked > 0)
		note(judge, session, CHANGE_UNMASKED);
	judge->same += !session->changed;
	session->time_ns = 0;
	session->masked = session->unmasked = 0;
	session->answered = session->changed = false;
	session->n_columns = 0;
}

void judged_end(struct judge *judge, struct judged *session, const json_t *json)
{
	if (session == NULL)
		return;
	settle(judge, session);
	judge->gaps[GAP_UNRECORDED] +=
		session->commands == 0 && json_integer_value(json_object_get(json, "commands")) > 0;
	subject_free(session->subject);
	buf_fini(&session->text);
	free(session);
}

// ---- commands

void judged_command(struct judge *judge, struct judged *session, uint64_t, struct span data)
{
	settle(judge, session);
	session->commands++;
	buf_consume(&session->text, buf_len(&session->text));
	session->pending = buf_append(&session->text, data) == 0;
}

// `key`: "effects" or "flags".
static uint64_t recorded(const json_t *json, const char *key, uint64_t otherwise)
{
	const json_t *list = json_object_get(json, key);
	uint64_t effects = 0;

	if (!json_is_array(list))
		return otherwise;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));
		if (word != NULL)
			effects |= effects_parse(span_str(word));
	}
	return effects;
}

bool dryrun_has_word(struct span text, const char *word)
{
	return memmem(text.p, text.n, word, strlen(word)) != NULL;
}

bool dryrun_is_tagged(struct span text)
{
	return dryrun_has_word(text, "[HASH:") || dryrun_has_word(text, "[TOKEN:");
}

static struct verdict judge_text(
	struct judge *judge, struct judged *session, const struct effects *effects
)
{
	const struct snapshot *snapshot = judge->snapshot;
	const struct right *right = &session->rights.right;
	enum inspect_exposure exposure = EXPOSURE_NONE;
	struct policy_input input = {
		.snapshot = snapshot,
		.rights = &session->rights,
		.effects = effects,
		.blocked = -1,
	};
	struct span text = buf_span(&session->text);

	if (snapshot->blocks != NULL && bit_is_any_set(right->blocks, SNAPSHOT_PATTERN_WORDS)) {
		input.blocked = inspect_blocked(
			snapshot, snapshot->workers[0].block_scratch, right->blocks,
			effects->normalised
		);
		judge->gaps[GAP_LITERALS] +=
			input.blocked < 0 &&
			(dryrun_has_word(text, "[REDACTED") || dryrun_is_tagged(text));
	}
	if (bit_is_any_set(right->columns, COLUMN_WORDS))
		exposure = inspect_exposure(
			effects, snapshot, right, &snapshot->resources[session->resource]
		);
	const struct catalog *catalog = snapshot->resources[session->resource].catalog;
	if (exposure != EXPOSURE_NONE && (catalog == NULL || !catalog->resolved))
		judge->gaps[GAP_COLUMNS]++; // not known yet, which is no reason to refuse
	else
		input.unresolved = exposure == EXPOSURE_UNRESOLVED;
	session->exposed = exposure == EXPOSURE_READS;
	input.carries_masked = exposure == EXPOSURE_CARRIES;
	return policy_judge(&input);
}

static struct verdict judge_again(
	struct judge *judge, struct judged *session, const json_t *verdict_then
)
{
	static const struct inspect_context settled = {.utf8 = true, .standard_strings = true};
	struct effects effects =
		*inspect_statement(judge->cache, &settled, buf_span(&session->text));

	// What the gateway saw was not masked yet, and it knew how the server would read it.
	effects.kinds = (uint32_t)recorded(verdict_then, "effects", effects.kinds);
	effects.flags |= (uint32_t)(recorded(verdict_then, "flags", 0) >> EFFECT_FLAG_SHIFT);
	session->exposed = false;
	if (!session->has_rights)
		return (struct verdict
		){.action = VERDICT_DENY, .reason = REASON_NO_RULE, .rule = POLICY_NO_RULE};
	struct verdict verdict = judge_text(judge, session, &effects);
	judge->gaps[GAP_HELD] += verdict.action == VERDICT_HOLD;
	judge->gaps[GAP_BUDGET] +=
		verdict.action == VERDICT_FORWARD && session->rights.metrics != 0;
	return verdict;
}

static bool was(const struct judged *session, enum verdict_action action)
{
	return strcmp(session->old_action, verdict_action_name(action)) == 0;
}

static void compare(struct judge *judge, struct judged *session)
{
	const struct verdict *v = &session->verdict;

	session->answered = v->action == VERDICT_FORWARD && !was(session, VERDICT_DENY);
	judge->gaps[GAP_EXPRESSION] += session->answered && session->exposed;
	if (was(session, v->action)) {
		if (strcmp(session->old_reason, verdict_reason_name(v->reason)) != 0)
			note(judge, session, CHANGE_OTHER);
		return;
	}
	switch (v->action) {
	case VERDICT_FORWARD:
	case VERDICT_REWRITE:
		note(judge, session, CHANGE_ALLOWED);
		break;
	case VERDICT_HOLD:
		note(judge, session, CHANGE_HELD);
		break;
	case VERDICT_DENY:
	case VERDICT_KILL:
		note(judge, session, CHANGE_DENIED);
		break;
	}
}

void judged_verdict(
	struct judge *judge, struct judged *session, uint64_t time_ns, const json_t *json
)
{
	bool pending = session->pending;

	session->pending = false;
	if (time_ns < judge->from_ns || time_ns >= judge->to_ns)
		return;
	if (!pending) {
		// A second verdict tells what became of a command that was held.
		judge->gaps[GAP_TOO_LARGE] += session->time_ns == 0;
		return;
	}
	if (!find_rights(judge, session, time_ns))
		return;
	judge->commands++;
	session->time_ns = time_ns;
	take_text(json, "action", session->old_action, sizeof(session->old_action));
	take_text(json, "reason", session->old_reason, sizeof(session->old_reason));
	take_text(json, "rule", session->old_rule, sizeof(session->old_rule));
	session->verdict = judge_again(judge, session, json);
	compare(judge, session);
}

// ---- what was found

static const char *const gap_texts[GAP_COUNT] = {
	[GAP_LITERALS] = "commands with a masked literal, under a rule that blocks patterns: one "
			 "might match what is masked",
	[GAP_HELD] = "commands that would wait for approval: whether anybody would approve",
	[GAP_BUDGET] = "commands that a budget counts: whether it would be spent",
	[GAP_COLUMNS] = "commands that may touch a masked column which was not looked up at the "
			"server: that is done once the policy is in force",
	[GAP_EXPRESSION] = "answers of commands that read a masked column: columns of its name are "
			   "compared, expressions over it would be masked too",
	[GAP_GRANT] = "sessions that would need a grant: whether there was one",
	[GAP_GROUPS] = "sessions whose record does not tell all groups, kinds and links: left out",
	[GAP_BEGINNING] = "commands of sessions whose beginning is not in the recordings: left out",
	[GAP_TOO_LARGE] = "commands of more than 1 MiB: left out",
	[GAP_UNRECORDED] = "sessions that ran commands of which none was recorded: left out",
};

void judge_tell(const struct judge *judge, json_t *to)
{
	json_t *counts = json_object(), *gaps = json_array();

	for (int i = 0; i < CHANGE_COUNT; i++)
		json_object_set_new(
			counts, change_words[i], json_integer((json_int_t)judge->changes[i])
		);
	for (int i = 0; i < GAP_COUNT; i++)
		if (judge->gaps[i] > 0)
			json_array_append_new(
				gaps, json_pack(
					      "{s:I, s:s}", "count", (json_int_t)judge->gaps[i],
					      "text", gap_texts[i]
				      )
			);
	json_object_set_new(to, "sessions", json_integer((json_int_t)judge->sessions));
	json_object_set_new(to, "commands", json_integer((json_int_t)judge->commands));
	json_object_set_new(to, "same", json_integer((json_int_t)judge->same));
	json_object_set_new(to, "counts", counts);
	json_object_set_new(to, "unjudged", gaps);
	json_object_set(to, "changes", judge->examples);
	json_object_set_new(to, "cut", json_boolean(judge->cut));
}
