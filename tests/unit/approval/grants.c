// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/approval/rig.h"

#include <errno.h>

static struct subject *bot(void)
{
	return WHO("person:ann", "agent:bot");
}

// The reference in the answer to a session that was not let in.
static const char *asked(const struct rig *rig, unsigned n)
{
	static char id[APPROVAL_ID_SIZE];
	const struct command *command = rig_last(rig, n);

	assert_int_equal(command->type, COMMAND_ACCESS);
	assert_int_equal(command->expires, 0);
	const char *at = strstr(command->reason, "reference ");
	assert_non_null(at);
	snprintf(id, sizeof(id), "%s", at + strlen("reference "));
	return id;
}

static void access_is_asked_for_granted_and_runs_out(void **)
{
	struct rig rig;
	char id[APPROVAL_ID_SIZE];

	rig_start(&rig);
	rig_access(&rig, 10, bot());
	memcpy(id, asked(&rig, 1), sizeof(id));
	rig_access(&rig, 11, bot()); // no flood
	assert_string_equal(asked(&rig, 2), id);
	assert_int_equal(rig_told(&rig, "access_requested"), 1);
	rig_pass(&rig, 30000);
	assert_int_equal(rig_vote(&rig, id, WHO("person:ann"), true), VOTE_OWN);
	assert_int_equal(rig_vote(&rig, id, WHO("person:dan"), true), VOTE_APPROVED);
	assert_int_equal(rig.n_commands, 2); // nobody waits: the client comes again
	rig_access(&rig, 12, bot());
	const struct command *command = rig_last(&rig, 3);
	assert_int_equal(command->session, 12);
	assert_int_equal(command->expires, rig.now.wall_ns / 1000000000 + 600); // from approval
	rig_access(&rig, 13, WHO("person:ann"));
	asked(&rig, 4); // the grant is the chain's, not each link's
	rig_access(&rig, 14, WHO("person:ann", "agent:bot", "agent:child"));
	asked(&rig, 5);
	rig_pass(&rig, 599500);
	rig_access(&rig, 15, bot());
	asked(&rig, 6);
	assert_string_equal(rig_state(&rig, id), "approved");
	assert_int_equal(rig_told(&rig, "access_granted"), 1);
	assert_int_equal(rig_told(&rig, "access_used"), 1);
	rig_stop(&rig);
}

static void a_grant_outlives_tokens_and_the_process(void **)
{
	struct rig rig;
	char id[APPROVAL_ID_SIZE];
	struct subject *renewed;

	rig_start(&rig);
	rig_access(&rig, 10, bot());
	memcpy(id, asked(&rig, 1), sizeof(id));
	rig_restart(&rig);
	assert_int_equal(rig_vote(&rig, id, WHO("person:dan"), true), VOTE_APPROVED);
	rig_restart(&rig);
	renewed = bot();
	renewed->links[1].node.w[0]++;
	rig_access(&rig, 11, renewed);
	assert_true(rig_last(&rig, 1)->expires > 0);
	rig.now.wall_ns -= UINT64_C(86400) * 1000000000; // set back while it was stopped
	rig_restart(&rig);
	rig_access(&rig, 11, bot());
	assert_true(rig_last(&rig, 1)->expires <= rig.now.wall_ns / 1000000000 + 600);
	rig_stop(&rig);
}

static void refused_is_refused_for_a_while(void **)
{
	struct rig rig;
	char id[APPROVAL_ID_SIZE];

	rig_start(&rig);
	rig_access(&rig, 10, bot());
	memcpy(id, asked(&rig, 1), sizeof(id));
	assert_int_equal(rig_vote(&rig, id, WHO("person:dan"), false), VOTE_REFUSED);
	rig_access(&rig, 11, bot());
	assert_non_null(strstr(rig_last(&rig, 2)->reason, "was refused"));
	rig_pass(&rig, 61000);
	rig_access(&rig, 12, bot());
	assert_string_not_equal(asked(&rig, 3), id);
	rig_stop(&rig);
}

static void a_revoked_grant_ends_its_sessions_only(void **)
{
	struct rig rig;
	char id[APPROVAL_ID_SIZE];
	json_t *json = NULL;
	int64_t next;

	rig_start(&rig);
	rig_access(&rig, 10, bot());
	memcpy(id, asked(&rig, 1), sizeof(id));
	assert_int_equal(grants_revoke(rig.approvals, id, "admin", "early", rig.now), -ENOENT);
	assert_int_equal(rig_vote(&rig, id, WHO("person:dan"), true), VOTE_APPROVED);
	rig_access(&rig, 11, bot());
	rig_access(&rig, 12, bot());
	rig_access(&rig, 13, bot());
	approvals_closed(rig.approvals, 12);
	assert_int_equal(grants_list(rig.approvals, true, 0, 10, rig.now, &json, &next), 0);
	assert_int_equal(json_array_size(json), 1);
	json_decref(json);
	assert_int_equal(grants_revoke(rig.approvals, id, "root", "leak", rig.now), 0);
	assert_int_equal(rig.n_commands, 6);
	for (unsigned i = 4; i < 6; i++) {
		assert_int_equal(rig.commands[i].type, COMMAND_KILL);
		assert_int_not_equal(rig.commands[i].session, 12);
		assert_int_not_equal(rig.commands[i].session, 0);
	}
	assert_int_equal(grants_revoke(rig.approvals, id, "root", "again", rig.now), -EALREADY);
	assert_int_equal(grants_get(rig.approvals, id, &json), 0);
	assert_string_equal(json_string_value(json_object_get(json, "reason")), "leak");
	assert_string_equal(json_string_value(json_object_get(json, "key")), "agent:bot");
	json_decref(json);
	assert_int_equal(grants_list(rig.approvals, true, 0, 10, rig.now, &json, &next), 0);
	assert_int_equal(json_array_size(json), 0);
	json_decref(json);
	rig_access(&rig, 14, bot());
	asked(&rig, 7);
	assert_int_equal(rig_told(&rig, "access_revoked"), 1);
	rig_stop(&rig);
}

static void one_may_ask_without_a_session_and_for_less(void **)
{
	struct rig rig;
	char id[APPROVAL_ID_SIZE], again[APPROVAL_ID_SIZE];

	rig_start(&rig);
	const struct approval_request request = {
		.session_name = "",
		.subject = bot(),
		.resource = "orders",
		.database = "",
		.policy = rig.policy,
		.rule = rig.rule,
	};
	uint64_t minute = UINT64_C(60000000000);
	assert_int_equal(
		approvals_ask(rig.approvals, &request, minute, "incident", rig.now, id), 0
	);
	assert_int_equal(
		approvals_ask(rig.approvals, &request, minute, "incident", rig.now, again), 0
	);
	assert_string_equal(id, again);
	json_t *json = rig_get(&rig, id, WHO("person:dan"));
	assert_int_equal(json_integer_value(json_object_get(json, "duration_s")), 60);
	assert_string_equal(json_string_value(json_object_get(json, "reason")), "incident");
	assert_true(json_is_null(json_object_get(json, "session")));
	json_decref(json);
	assert_int_equal(rig_vote(&rig, id, WHO("person:dan"), true), VOTE_APPROVED);
	assert_int_equal(
		approvals_ask(rig.approvals, &request, minute, "", rig.now, again), -EALREADY
	);
	rig_access(&rig, 10, bot());
	assert_int_equal(rig_last(&rig, 1)->expires, rig.now.wall_ns / 1000000000 + 60);
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(access_is_asked_for_granted_and_runs_out),
		cmocka_unit_test(a_grant_outlives_tokens_and_the_process),
		cmocka_unit_test(refused_is_refused_for_a_while),
		cmocka_unit_test(a_revoked_grant_ends_its_sessions_only),
		cmocka_unit_test(one_may_ask_without_a_session_and_for_less),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
