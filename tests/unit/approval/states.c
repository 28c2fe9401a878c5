// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What becomes of a request, and that exactly one thing does.

#include "tests/unit/approval/rig.h"

#include <errno.h>

#define ID "0000000000000001"

static struct subject *bot(void)
{
	return WHO("person:ann", "agent:bot");
}

static struct subject *dba(void)
{
	return WHO("person:dan");
}

static void a_waiting_command_runs_once(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig_hold(&rig, 1, bot(), "DELETE FROM t");
	assert_int_equal(rig.n_commands, 0);
	assert_string_equal(rig_state(&rig, ID), "pending");
	assert_int_equal(rig_vote(&rig, ID, dba(), true), VOTE_APPROVED);
	const struct command *command = rig_last(&rig, 1);
	assert_int_equal(command->type, COMMAND_DECISION);
	assert_int_equal(command->decision, DECISION_APPROVED);
	assert_int_equal(command->number, 1);
	assert_int_equal(command->session, 1);
	assert_string_equal(rig_state(&rig, ID), "used");
	assert_int_equal(rig_vote(&rig, ID, WHO("person:eve"), false), VOTE_OVER);
	assert_string_equal(rig.why, "it is used");
	rig_pass(&rig, 120000);
	assert_int_equal(rig.n_commands, 1);
	assert_int_equal(rig_told(&rig, "approval_requested"), 1);
	assert_int_equal(rig_told(&rig, "approval_vote"), 1);
	assert_int_equal(rig_told(&rig, "approval_decided"), 1);
	assert_int_equal(rig_told(&rig, "approval_used"), 1);
	rig_stop(&rig);
}

static void one_no_is_a_no(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig.rule.quorum = 3;
	rig_hold(&rig, 1, bot(), "x");
	assert_int_equal(rig_vote(&rig, ID, WHO("person:a"), true), VOTE_COUNTED);
	assert_string_equal(rig.why, "counted: 1 of 3");
	assert_int_equal(rig_vote(&rig, ID, WHO("person:b"), true), VOTE_COUNTED);
	assert_int_equal(rig_vote(&rig, ID, dba(), false), VOTE_REFUSED);
	assert_int_equal(rig_last(&rig, 1)->decision, DECISION_REFUSED);
	assert_string_equal(rig_last(&rig, 1)->reason, "by dan");
	assert_int_equal(rig_vote(&rig, ID, WHO("person:c"), true), VOTE_OVER);
	assert_string_equal(rig_state(&rig, ID), "refused");
	rig_stop(&rig);
}

static void a_quorum_is_of_different_people(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig.rule.quorum = 2;
	rig_hold(&rig, 1, bot(), "x");
	assert_int_equal(rig_vote(&rig, ID, dba(), true), VOTE_COUNTED);
	assert_int_equal(rig_vote(&rig, ID, dba(), true), VOTE_TWICE);
	struct subject *again = dba(); // by another token, under another name
	again->links[0].token.w[0]++;
	again->links[0].name = "Daniel";
	assert_int_equal(rig_vote(&rig, ID, again, true), VOTE_TWICE);
	assert_int_equal(rig.n_commands, 0);
	assert_int_equal(rig_vote(&rig, ID, WHO("person:eve"), true), VOTE_APPROVED);
	assert_int_equal(rig.n_commands, 1);
	rig_stop(&rig);
}

static void a_yes_may_become_a_no(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig.rule.quorum = 2;
	rig_hold(&rig, 1, bot(), "x");
	assert_int_equal(rig_vote(&rig, ID, dba(), true), VOTE_COUNTED);
	assert_int_equal(rig_vote(&rig, ID, dba(), false), VOTE_REFUSED);
	rig_stop(&rig);
}

static void time_ends_what_waits(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig_hold(&rig, 1, bot(), "x");
	rig_pass(&rig, 59000);
	assert_int_equal(rig.n_commands, 0);
	rig_pass(&rig, 1000);
	assert_int_equal(rig_last(&rig, 1)->decision, DECISION_TIMEOUT);
	assert_string_equal(rig_state(&rig, ID), "expired");
	assert_int_equal(rig_vote(&rig, ID, dba(), true), VOTE_OVER);
	assert_string_equal(rig.why, "it is expired");
	assert_int_equal(rig.n_commands, 1);
	assert_int_equal(rig_told(&rig, "approval_expired"), 1);
	rig_stop(&rig);
}

static void a_vote_behind_the_end_comes_too_late_without_a_tick(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig_hold(&rig, 1, bot(), "x");
	rig.now.wall_ns += 60000000000;
	rig.now.steady_ns += 60000000000;
	assert_int_equal(rig_vote(&rig, ID, dba(), true), VOTE_OVER);
	assert_int_equal(rig.n_commands, 0); // the next tick answers
	rig_pass(&rig, 1);
	assert_int_equal(rig_last(&rig, 1)->decision, DECISION_TIMEOUT);
	rig_stop(&rig);
}

static void who_left_is_not_approved(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig_hold(&rig, 1, bot(), "x");
	approvals_gone(rig.approvals, 1, "cancelled", rig.now);
	assert_string_equal(rig_state(&rig, ID), "cancelled");
	assert_int_equal(rig_vote(&rig, ID, dba(), true), VOTE_OVER);
	assert_string_equal(rig.why, "it is cancelled: cancelled");
	rig_pass(&rig, 120000);
	assert_int_equal(rig.n_commands, 0);
	rig_stop(&rig);
}

// The decision is on its way when the client leaves.
static void an_approval_that_found_nobody_is_taken_back(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig.full = true;
	rig_hold(&rig, 1, bot(), "x");
	assert_int_equal(rig_vote(&rig, ID, dba(), true), VOTE_APPROVED);
	approvals_gone(rig.approvals, 1, "client closed", rig.now);
	assert_string_equal(rig_state(&rig, ID), "cancelled");
	rig.full = false;
	rig_pass(&rig, 1000);
	assert_int_equal(rig.n_commands, 0);
	rig_stop(&rig);
}

static void a_full_ring_delays_an_answer_and_loses_none(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig.full = true;
	for (uint64_t i = 1; i <= 20; i++)
		rig_hold(&rig, i, bot(), "x");
	char id[APPROVAL_ID_SIZE];
	for (unsigned i = 1; i <= 20; i++) {
		snprintf(id, sizeof(id), "%016x", i);
		assert_int_equal(rig_vote(&rig, id, dba(), true), VOTE_APPROVED);
	}
	rig_pass(&rig, 1000);
	rig.full = false;
	rig_pass(&rig, 1);
	assert_int_equal(rig.n_commands, 20);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(rig.commands[i].number, i + 1);
	rig_stop(&rig);
}

static void another_policy_judges_anew(void **)
{
	struct rig rig;
	uint8_t other[32] = {8};

	rig_start(&rig);
	rig_hold(&rig, 1, bot(), "x");
	approvals_policy(rig.approvals, rig.policy, rig.now); // read again, and the same
	assert_int_equal(rig.n_commands, 0);
	approvals_policy(rig.approvals, other, rig.now);
	assert_int_equal(rig_last(&rig, 1)->decision, DECISION_AGAIN);
	assert_string_equal(rig_state(&rig, ID), "cancelled");
	assert_int_equal(rig_vote(&rig, ID, dba(), true), VOTE_OVER);
	rig_hold(&rig, 2, bot(), "x"); // a worker that does not know it yet
	assert_int_equal(rig_last(&rig, 2)->decision, DECISION_AGAIN);
	rig_stop(&rig);
}

static void retry_uses_an_approval_once(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig.rule.mode = APPROVAL_RETRY;
	rig_hold(&rig, 1, bot(), "UPDATE t SET a=1 WHERE id=1");
	assert_int_equal(rig_last(&rig, 1)->decision, DECISION_LATER);
	rig_hold(&rig, 2, bot(), "UPDATE t SET a=1 WHERE id=1"); // no flood
	assert_int_equal(rig_last(&rig, 2)->decision, DECISION_LATER);
	assert_string_equal(rig_last(&rig, 2)->reason, "asked for before");
	assert_int_equal(rig_last(&rig, 2)->reference, 1); // the request that approvers see
	assert_int_equal(rig_told(&rig, "approval_requested"), 1);
	assert_int_equal(rig_vote(&rig, ID, dba(), true), VOTE_APPROVED);
	assert_int_equal(rig.n_commands, 2);
	assert_string_equal(rig_state(&rig, ID), "approved");
	rig_hold(&rig, 3, bot(), "UPDATE t SET a=1 WHERE id=999");
	assert_int_equal(rig_last(&rig, 3)->decision, DECISION_LATER);
	rig_hold(&rig, 4, WHO("person:ann", "agent:other"), "UPDATE t SET a=1 WHERE id=1");
	assert_int_equal(rig_last(&rig, 4)->decision, DECISION_LATER);
	rig_hold(&rig, 5, bot(), "UPDATE t SET a=1 WHERE id=1");
	assert_int_equal(rig_last(&rig, 5)->decision, DECISION_APPROVED);
	assert_int_equal(rig_last(&rig, 5)->number, 5);
	assert_int_equal(rig_last(&rig, 5)->reference, 1);
	assert_string_equal(rig_state(&rig, ID), "used");
	rig_hold(&rig, 6, bot(), "UPDATE t SET a=1 WHERE id=1"); // once
	assert_int_equal(rig_last(&rig, 6)->decision, DECISION_LATER);
	assert_string_equal(rig_state(&rig, "0000000000000006"), "pending");
	rig_stop(&rig);
}

static void an_unused_approval_expires(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig.rule.mode = APPROVAL_RETRY;
	rig_hold(&rig, 1, bot(), "x");
	assert_int_equal(rig_vote(&rig, ID, dba(), true), VOTE_APPROVED);
	rig_pass(&rig, 599000);
	assert_string_equal(rig_state(&rig, ID), "approved");
	rig_pass(&rig, 1000);
	assert_string_equal(rig_state(&rig, ID), "expired");
	rig_hold(&rig, 2, bot(), "x");
	assert_int_equal(rig_last(&rig, 2)->decision, DECISION_LATER);
	rig_stop(&rig);
}

static void a_refusal_stands_for_a_while(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig.rule.mode = APPROVAL_RETRY;
	rig_hold(&rig, 1, bot(), "x");
	assert_int_equal(rig_vote(&rig, ID, dba(), false), VOTE_REFUSED);
	rig_hold(&rig, 2, bot(), "x");
	assert_int_equal(rig_last(&rig, 2)->decision, DECISION_REFUSED);
	rig_pass(&rig, 61000);
	rig_hold(&rig, 3, bot(), "x");
	assert_int_equal(rig_last(&rig, 3)->decision, DECISION_LATER);
	rig_stop(&rig);
}

static void a_restart_voids_what_waited_and_keeps_the_rest(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig_hold(&rig, 1, bot(), "x");
	rig.rule.mode = APPROVAL_RETRY;
	rig_hold(&rig, 2, bot(), "y");
	rig_hold(&rig, 3, bot(), "z");
	assert_int_equal(rig_vote(&rig, "0000000000000003", dba(), true), VOTE_APPROVED);
	rig_restart(&rig);
	assert_string_equal(rig_state(&rig, ID), "cancelled");
	assert_int_equal(rig_vote(&rig, ID, dba(), true), VOTE_OVER);
	assert_int_equal(rig_vote(&rig, "0000000000000002", dba(), true), VOTE_APPROVED);
	rig_hold(&rig, 4, bot(), "y");
	assert_int_equal(rig_last(&rig, 1)->decision, DECISION_APPROVED);
	rig_hold(&rig, 5, bot(), "z");
	assert_int_equal(rig_last(&rig, 2)->decision, DECISION_APPROVED);
	assert_int_equal(rig_told(&rig, "approval_cancelled"), 1);
	assert_int_equal(rig_told(&rig, "approval_used"), 2);
	rig_stop(&rig);
}

static void the_clock_may_jump(void **)
{
	struct rig rig;
	const uint64_t year = UINT64_C(31536000) * 1000000000;

	rig_start(&rig);
	rig_hold(&rig, 1, bot(), "x");
	rig.rule.mode = APPROVAL_RETRY;
	rig_hold(&rig, 2, bot(), "y");
	assert_int_equal(rig_vote(&rig, "0000000000000002", dba(), true), VOTE_APPROVED);
	rig_hold(&rig, 3, bot(), "z");
	rig.n_commands = 0;
	rig.now.wall_ns += year;
	rig_pass(&rig, 1000);
	assert_string_equal(rig_state(&rig, ID), "pending");
	assert_string_equal(rig_state(&rig, "0000000000000002"), "approved");
	rig.now.wall_ns -= 2 * year;
	rig_pass(&rig, 1000);
	assert_string_equal(rig_state(&rig, ID), "pending");
	rig_pass(&rig, 58000); // a minute since it was asked
	assert_string_equal(rig_state(&rig, ID), "expired");
	assert_string_equal(rig_state(&rig, "0000000000000003"), "expired");
	assert_int_equal(rig_last(&rig, 1)->decision, DECISION_TIMEOUT);
	rig_pass(&rig, 539000);
	assert_string_equal(rig_state(&rig, "0000000000000002"), "approved");
	rig_pass(&rig, 1000);
	assert_string_equal(rig_state(&rig, "0000000000000002"), "expired");
	rig_stop(&rig);
}

static void so_many_wait_and_no_more(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig_hurry(rig.store);
	rig.rule.pending = 2;
	rig_hold(&rig, 1, bot(), "x");
	rig_hold(&rig, 2, bot(), "x");
	rig_hold(&rig, 3, bot(), "x");
	assert_int_equal(rig_last(&rig, 1)->decision, DECISION_LIMIT);
	rig_hold(&rig, 4, WHO("person:ann", "agent:other"), "x");
	assert_int_equal(rig.n_commands, 1);
	rig.rule.pending = 0;
	for (uint64_t i = 10; i < 10 + (uint64_t)APPROVAL_SUBJECT_MAX; i++)
		rig_hold(&rig, i, WHO("agent:third"), "x");
	assert_int_equal(rig.n_commands, 1);
	rig_hold(&rig, 900, WHO("agent:third"), "x");
	assert_int_equal(rig_last(&rig, 2)->decision, DECISION_LIMIT);
	char name[32];
	uint64_t id = 1000;
	for (unsigned i = 0; rig.n_commands == 2; i++) {
		assert_true(i <= APPROVAL_RESOURCE_MAX);
		snprintf(name, sizeof(name), "agent:n%u", i);
		rig_hold(&rig, id++, WHO(name), "x");
	}
	assert_int_equal(rig_last(&rig, 3)->decision, DECISION_LIMIT);
	assert_string_equal(rig_last(&rig, 3)->reason, "for this resource");
	rig_stop(&rig);
}

// Asking and giving up again tells people each time: by whatever name, one root has only so much.
static void who_asks_and_gives_up_is_slowed_down(void **)
{
	struct rig rig;
	char name[32];
	uint64_t id = 0;

	rig_start(&rig);
	rig_hurry(rig.store);
	for (uint64_t i = 0; i < APPROVAL_ROOT_BURST; i++) {
		snprintf(name, sizeof(name), "agent:n%u", (unsigned)i);
		rig_hold(&rig, ++id, WHO("person:ann", name), "x");
		approvals_gone(rig.approvals, id, "cancelled", rig.now);
	}
	assert_int_equal(rig.n_commands, 0);
	rig_hold(&rig, ++id, WHO("person:ann", "agent:new"), "x");
	assert_int_equal(rig_last(&rig, 1)->decision, DECISION_LIMIT);
	assert_int_equal(rig_told(&rig, "approval_requested"), APPROVAL_ROOT_BURST);
	rig_hold(&rig, ++id, WHO("person:dan", "agent:new"), "x"); // another's wait for nobody
	rig_pass(&rig, 1000);
	rig_hold(&rig, ++id, WHO("person:ann", "agent:new"), "x");
	assert_int_equal(rig.n_commands, 1);
	rig_stop(&rig);
}

static void nobody_to_ask_is_a_no(void **)
{
	struct rig rig;

	rig_start(&rig);
	rig.rule.n_approvers = 0;
	rig_hold(&rig, 1, bot(), "x");
	assert_int_equal(rig_last(&rig, 1)->decision, DECISION_REFUSED);
	rig_stop(&rig);
}

static void what_is_not_there_is_not_approved(void **)
{
	struct rig rig;

	rig_start(&rig);
	assert_int_equal(rig_vote(&rig, ID, dba(), true), -ENOENT);
	approvals_gone(rig.approvals, 1, "gone", rig.now);
	rig_pass(&rig, 1000);
	assert_int_equal(rig.n_commands, 0);
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_waiting_command_runs_once),
		cmocka_unit_test(one_no_is_a_no),
		cmocka_unit_test(a_quorum_is_of_different_people),
		cmocka_unit_test(a_yes_may_become_a_no),
		cmocka_unit_test(time_ends_what_waits),
		cmocka_unit_test(a_vote_behind_the_end_comes_too_late_without_a_tick),
		cmocka_unit_test(who_left_is_not_approved),
		cmocka_unit_test(an_approval_that_found_nobody_is_taken_back),
		cmocka_unit_test(a_full_ring_delays_an_answer_and_loses_none),
		cmocka_unit_test(another_policy_judges_anew),
		cmocka_unit_test(retry_uses_an_approval_once),
		cmocka_unit_test(an_unused_approval_expires),
		cmocka_unit_test(a_refusal_stands_for_a_while),
		cmocka_unit_test(a_restart_voids_what_waited_and_keeps_the_rest),
		cmocka_unit_test(the_clock_may_jump),
		cmocka_unit_test(so_many_wait_and_no_more),
		cmocka_unit_test(who_asks_and_gives_up_is_slowed_down),
		cmocka_unit_test(nobody_to_ask_is_a_no),
		cmocka_unit_test(what_is_not_there_is_not_approved),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
