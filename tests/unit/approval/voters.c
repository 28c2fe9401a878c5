// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Who may not vote, and what those who may are shown.

#include "tests/unit/approval/rig.h"

#include <errno.h>

#define ID "0000000000000001"

static void turned_away(struct rig *rig, const struct subject *voter, enum vote_result result)
{
	assert_int_equal(rig_vote(rig, ID, voter, true), result);
	assert_true(rig->why[0] != '\0');
	assert_int_equal(rig_vote(rig, ID, voter, false), result);
	assert_string_equal(rig_state(rig, ID), "pending");
	assert_int_equal(rig->n_commands, 0);
	json_t *json = rig_get(rig, ID, voter);
	assert_false(json_is_true(json_object_get(json, "may_vote")));
	assert_non_null(json_object_get(json, "why_not"));
	assert_null(json_object_get(json, "text")); // nor are they shown it
	assert_int_equal(json_array_size(json_object_get(json, "votes")), 0);
	json_decref(json);
}

static void nobody_of_the_chain_votes(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig_hold(&rig, 1, WHO("person:ann", "person:mid", "person:end"), "x");
	turned_away(&rig, WHO("person:end"), VOTE_OWN); // oneself
	turned_away(&rig, WHO("person:mid"), VOTE_OWN); // who started it
	turned_away(&rig, WHO("person:ann"), VOTE_OWN); // who started that
	rig_hold(&rig, 2, WHO("person:zoe"), "x");      // and of a child: by the root's own token
	struct subject *other = WHO("person:ann");      // another token, another name
	other->links[0].token.w[0]++;
	other->links[0].node.w[0]++;
	other->links[0].name = "someone else";
	turned_away(&rig, other, VOTE_OWN);
	rig_stop(&rig);
}

static void a_child_of_the_requester_does_not_vote(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig_hold(&rig, 1, WHO("person:ann"), "x");
	turned_away(&rig, WHO("person:ann", "agent:bot"), VOTE_NOT_HUMAN);
	turned_away(&rig, WHO("person:ann", "person:bob"), VOTE_NOT_HUMAN);
	rig_stop(&rig);
}

static void agents_never_vote(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig_hold(&rig, 1, WHO("person:ann", "agent:bot"), "x");
	turned_away(&rig, WHO("agent:other"), VOTE_NOT_HUMAN);
	turned_away(&rig, WHO("thing:unproven"), VOTE_NOT_HUMAN);
	turned_away(&rig, WHO("person:dan", "agent:dans"), VOTE_NOT_HUMAN);
	struct subject *nobody = WHO("person:dan");
	nobody->n_links = 0;
	turned_away(&rig, nobody, VOTE_NOT_HUMAN);
	rig_stop(&rig);
}

static void others_are_asked(void **)
{
	static const char *const groups[] = {"db", "dba2", "DBA", ""};
	struct rig rig;
	struct subject *dan = WHO("person:dan");

	rig_start(&rig);
	rig_hold(&rig, 1, WHO("person:ann", "agent:bot"), "x");
	dan->links[0].groups = groups;
	dan->links[0].n_groups = 4;
	turned_away(&rig, dan, VOTE_NOT_APPROVER);
	dan->links[0].n_groups = 0;
	turned_away(&rig, dan, VOTE_NOT_APPROVER);
	rig_stop(&rig);
}

static void what_the_revoked_said_counts_no_more(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig.rule.quorum = 2;
	rig_hold(&rig, 1, WHO("person:ann", "agent:bot"), "x");
	assert_int_equal(rig_vote(&rig, ID, WHO("person:mal"), true), VOTE_COUNTED);
	rig.revoked = node_of_subject("corp", "person:mal");
	assert_int_equal(rig_vote(&rig, ID, WHO("person:dan"), true), VOTE_COUNTED);
	assert_string_equal(rig.why, "counted: 1 of 2");
	assert_int_equal(rig.n_commands, 0);
	assert_int_equal(rig_vote(&rig, ID, WHO("person:eve"), true), VOTE_APPROVED);
	assert_int_equal(rig_last(&rig, 1)->decision, DECISION_APPROVED);
	rig_stop(&rig);
}

static void what_the_revoked_approved_does_not_run(void **)
{
	struct rig rig;
	struct subject *bot = WHO("person:ann", "agent:bot");

	rig_start(&rig);
	rig.rule.mode = APPROVAL_RETRY;
	rig_hold(&rig, 1, bot, "x");
	assert_int_equal(rig_vote(&rig, ID, WHO("person:mal"), true), VOTE_APPROVED);
	rig.revoked = node_of_subject("corp", "person:mal");
	rig_hold(&rig, 2, bot, "x");
	assert_int_equal(rig_last(&rig, 2)->decision, DECISION_REFUSED);
	assert_string_equal(rig_last(&rig, 2)->reason, "who approved it was revoked");
	assert_string_equal(rig_state(&rig, ID), "cancelled");
	assert_int_equal(rig_told(&rig, "approval_cancelled"), 1);
	rig_hold(&rig, 3, bot, "x"); // asked for anew
	assert_int_equal(rig_last(&rig, 3)->decision, DECISION_LATER);
	rig_stop(&rig);
}

static void who_has_no_id_is_nobody(void **)
{
	struct rig rig;
	struct subject *dan = WHO("person:dan");

	rig_start(&rig);
	rig_hold(&rig, 1, WHO("person:ann", "agent:bot"), "x");
	dan->links[0].subject = (struct node_id){{0, 0}};
	turned_away(&rig, dan, VOTE_OWN);
	rig_stop(&rig);
}

static void who_votes_sees_exactly_what(void **)
{
	struct rig rig;
	struct subject *dan = WHO("person:dan");

	rig_start(&rig);
	rig_hold(&rig, 1, WHO("person:ann", "agent:bot"), "UPDATE t \x01\xff\xe2\x80\xae 'ä'");
	json_t *json = rig_get(&rig, ID, dan);
	assert_string_equal(
		json_string_value(json_object_get(json, "text")), "UPDATE t \\x01\\xff\\u{202e} 'ä'"
	);
	assert_string_equal(json_string_value(json_object_get(json, "masked")), "UPDATE ...");
	assert_true(json_is_true(json_object_get(json, "may_vote")));
	assert_null(json_object_get(json, "why_not"));
	assert_int_equal(json_array_size(json_object_get(json, "chain")), 2);
	json_t *actor = json_array_get(json_object_get(json, "chain"), 1);
	assert_string_equal(json_string_value(json_object_get(actor, "kind")), "agent");
	assert_string_equal(json_string_value(json_object_get(actor, "key")), "agent:bot");
	json_t *effects = json_object_get(json, "effects");
	assert_string_equal(json_string_value(json_array_get(effects, 0)), "write");
	json_decref(json);
	assert_int_equal(rig_vote(&rig, ID, dan, true), VOTE_APPROVED);
	json = rig_get(&rig, ID, WHO("person:eve"));
	assert_null(json_object_get(json, "text"));
	assert_string_equal(json_string_value(json_object_get(json, "masked")), "UPDATE ...");
	json_t *vote = json_array_get(json_object_get(json, "votes"), 0);
	assert_string_equal(json_string_value(json_object_get(vote, "name")), "dan");
	assert_string_equal(json_string_value(json_object_get(vote, "vote")), "approve");
	assert_string_equal(json_string_value(json_object_get(vote, "comment")), "because");
	json_decref(json);
	rig_stop(&rig);
}

static bool holds(const struct rig *rig, const char *name, const char *what)
{
	struct stat info;
	size_t n = 0;

	if (stat(scratch_file(&rig->scratch, name), &info) != 0 || info.st_size == 0)
		return false;
	uint8_t *bytes = scratch_read(&rig->scratch, name, &n);
	bool found = memmem(bytes, n, what, strlen(what)) != NULL;
	free(bytes);
	return found;
}

static void the_exact_text_is_gone_once_it_is_decided(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig_hold(&rig, 1, WHO("person:ann", "agent:bot"), "SELECT 'very-secret'");
	assert_true(
		holds(&rig, "store.db", "very-secret") || holds(&rig, "store.db-wal", "very-secret")
	);
	assert_int_equal(rig_vote(&rig, ID, WHO("person:dan"), true), VOTE_APPROVED);
	rig_pass(&rig, 2000);
	assert_false(holds(&rig, "store.db", "very-secret"));
	assert_false(holds(&rig, "store.db-wal", "very-secret"));
	assert_int_equal(audit_sync(rig.audit), 0);
	assert_false(holds(&rig, "audit/audit.log", "very-secret"));
	rig_stop(&rig);
}

static void lists_go_by_page_and_filter(void **)
{
	struct rig rig;
	struct approval_query query = {.limit = 2};
	json_t *list = NULL;
	int64_t next = 0;

	rig_start(&rig);
	for (uint64_t i = 1; i <= 5; i++)
		rig_hold(&rig, i, WHO("person:ann", "agent:bot"), "x");
	rig_access(&rig, 9, WHO("person:ann", "agent:bot"));
	assert_int_equal(rig_vote(&rig, ID, WHO("person:dan"), false), VOTE_REFUSED);
	query.kind = "command";
	query.state = "pending";
	assert_int_equal(approvals_list(rig.approvals, &query, &list, &next), 0);
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(list, 0), "id")),
		"0000000000000005"
	);
	assert_true(next > 0);
	json_decref(list);
	query.before = next;
	assert_int_equal(approvals_list(rig.approvals, &query, &list, &next), 0);
	assert_int_equal(json_array_size(list), 2);
	assert_int_equal(next, 0);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(list, 1), "id")),
		"0000000000000002"
	);
	json_decref(list);
	query = (struct approval_query){.kind = "access"};
	assert_int_equal(approvals_list(rig.approvals, &query, &list, &next), 0);
	assert_int_equal(json_array_size(list), 1);
	json_decref(list);
	rig_stop(&rig);
}

// What a client says of itself need not be text.
static void bytes_that_are_no_text_break_no_list(void **)
{
	struct rig rig;
	struct subject *bot = WHO("person:ann", "agent:bot");
	struct approval_query query = {0};
	json_t *list = NULL;
	int64_t next;

	rig_start(&rig);
	memset(bot->chain, 0xe2, sizeof(bot->chain) - 1);
	bot->links[1].name = "\xff\xfe";
	rig_hold(&rig, 1, bot, "\xff");
	assert_int_equal(approvals_list(rig.approvals, &query, &list, &next), 0);
	assert_int_equal(json_array_size(list), 1);
	json_decref(list);
	assert_int_equal(rig_vote(&rig, ID, WHO("person:dan"), true), VOTE_APPROVED);
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_of_the_chain_votes),
		cmocka_unit_test(a_child_of_the_requester_does_not_vote),
		cmocka_unit_test(agents_never_vote),
		cmocka_unit_test(others_are_asked),
		cmocka_unit_test(what_the_revoked_said_counts_no_more),
		cmocka_unit_test(what_the_revoked_approved_does_not_run),
		cmocka_unit_test(who_has_no_id_is_nobody),
		cmocka_unit_test(who_votes_sees_exactly_what),
		cmocka_unit_test(the_exact_text_is_gone_once_it_is_decided),
		cmocka_unit_test(lists_go_by_page_and_filter),
		cmocka_unit_test(bytes_that_are_no_text_break_no_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
