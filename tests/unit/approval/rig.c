// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/approval/rig.h"

#include "controlplane/recorder/digest.h"

static const char *const approvers[] = {"dba", "owners"};
static const char *const groups[] = {"dba", "staff"};

static bool on_send(void *context, uint16_t, const struct command *command)
{
	struct rig *rig = context;

	if (rig->full)
		return false;
	assert_true(rig->n_commands < RIG_COMMANDS);
	rig->commands[rig->n_commands++] = *command;
	return true;
}

static bool on_is_revoked(void *context, const struct node_id *subject)
{
	const struct rig *rig = context;

	return node_equal(&rig->revoked, subject);
}

void rig_open(struct rig *rig)
{
	char why[STORE_WHY];

	assert_int_equal(store_open(rig->scratch.path, &rig->store, why), 0);
	assert_int_equal(audit_open(rig->scratch.path, &rig->audit), 0);
	const struct approvals_config config = {
		.store = rig->store,
		.audit = rig->audit,
		.epoch = rig->epoch,
		.send = on_send,
		.is_revoked = on_is_revoked,
		.context = rig,
	};
	assert_int_equal(approvals_new(&config, rig->now, &rig->approvals), 0);
	approvals_policy(rig->approvals, rig->policy, rig->now);
}

void rig_start(struct rig *rig)
{
	*rig = (struct rig){
		.scratch = scratch_make(),
		.now = {.wall_ns = UINT64_C(1800000000) * 1000000000, .steady_ns = 5000000000},
		.epoch = 1,
		.rule =
			{
				.name = "writes",
				.n_approvers = 2,
				.approvers = approvers,
				.quorum = 1,
				.timeout_ns = 60 * UINT64_C(1000000000),
				.valid_ns = 600 * UINT64_C(1000000000),
			},
		.policy = {7},
	};
	rig_open(rig);
}

void rig_close(struct rig *rig)
{
	approvals_free(rig->approvals);
	audit_close(rig->audit);
	store_close(rig->store);
}

void rig_stop(struct rig *rig)
{
	rig_close(rig);
	scratch_remove(&rig->scratch);
}

void rig_restart(struct rig *rig)
{
	rig_close(rig);
	rig->epoch++;
	rig->n_commands = 0;
	rig_open(rig);
}

void rig_hurry(struct store *store)
{
	assert_int_equal(store_run(store, "PRAGMA synchronous=OFF", STORE_NO_VALUES), 0);
}

void rig_pass(struct rig *rig, uint64_t ms)
{
	rig->now.wall_ns += ms * 1000000;
	rig->now.steady_ns += ms * 1000000;
	approvals_tick(rig->approvals, rig->now);
}

struct subject *rig_subject(const char *const *names, uint16_t n)
{
	static struct subject subjects[8];
	static unsigned turn;
	struct subject *s = &subjects[turn++ % 8];

	*s = (struct subject){.n_links = n, .depth = n - 1};
	for (uint16_t i = 0; i < n; i++) {
		struct chain_link *link = &s->links[i];
		link->issuer = "corp";
		link->key = names[i];
		link->name = strchr(names[i], ':') + 1;
		link->kind = strncmp(names[i], "person", 6) == 0  ? SUBJECT_HUMAN
			     : strncmp(names[i], "agent", 5) == 0 ? SUBJECT_AGENT
								  : SUBJECT_UNKNOWN;
		link->groups = groups;
		link->n_groups = 2;
		link->subject = link->node = node_of_subject("corp", names[i]);
		link->token = node_of_token("https://corp", span_str(names[i]));
		if (i > 0) {
			link->node = link->token;
			strcat(s->chain, " > ");
		}
		strcat(s->chain, link->name);
	}
	snprintf(s->issuer, sizeof(s->issuer), "corp");
	snprintf(s->key, sizeof(s->key), "%s", names[0]);
	return s;
}

static struct approval_request request_of(const struct rig *rig, const struct subject *subject)
{
	return (struct approval_request){
		.worker = 1,
		.session = 42,
		.session_name = "00000000000000aa",
		.subject = subject,
		.resource = "orders",
		.database = "shop",
		.policy = rig->policy,
		.rule = rig->rule,
	};
}

void rig_hold(struct rig *rig, uint64_t id, const struct subject *subject, const char *text)
{
	static const char masked[] = "UPDATE ...";
	size_t n = strlen(text);
	struct held *held = malloc(sizeof(*held) + n + strlen(masked));
	struct approval_request request = request_of(rig, subject);
	struct span pieces[1 + SUBJECT_LINKS_MAX] = {span_str(text)};
	struct digest digest;

	for (uint16_t i = 0; i < subject->n_links; i++)
		pieces[1 + i] = span_of(&subject->links[i].node, sizeof(struct node_id));
	assert_int_equal(digest_of(pieces, 1 + subject->n_links, &digest), 0);
	*held = (struct held){.id = id, .effects = 2, .text_len = n, .masked_len = strlen(masked)};
	memcpy(held->digest, digest.b, sizeof(held->digest));
	memcpy(held->text, text, n);
	memcpy(held->text + n, masked, strlen(masked));
	request.session = id;
	approvals_hold(rig->approvals, &request, held, rig->now);
}

void rig_access(struct rig *rig, session_id session, const struct subject *subject)
{
	struct approval_request request = request_of(rig, subject);

	request.session = session;
	approvals_access(rig->approvals, &request, rig->now);
}

int rig_vote(struct rig *rig, const char *id, const struct subject *voter, bool yes)
{
	return approvals_vote(rig->approvals, id, voter, yes, "because", rig->now, rig->why);
}

const struct command *rig_last(const struct rig *rig, unsigned n)
{
	assert_int_equal(rig->n_commands, n);
	return &rig->commands[n - 1];
}

json_t *rig_get(struct rig *rig, const char *id, const struct subject *viewer)
{
	json_t *json = NULL;

	assert_int_equal(approvals_get(rig->approvals, id, viewer, &json), 0);
	return json;
}

const char *rig_state(struct rig *rig, const char *id)
{
	static char state[16];
	json_t *json = rig_get(rig, id, NULL);

	snprintf(state, sizeof(state), "%s", json_string_value(json_object_get(json, "state")));
	json_decref(json);
	return state;
}

unsigned rig_told(struct rig *rig, const char *type)
{
	char what[64];
	unsigned count = 0;
	size_t n = 0;

	assert_int_equal(audit_sync(rig->audit), 0);
	char *text = (char *)scratch_read(&rig->scratch, "audit/audit.log", &n);
	snprintf(what, sizeof(what), "\"type\":\"%s\"", type);
	for (const char *at = text; (at = memmem(at, n - (size_t)(at - text), what, strlen(what)));
	     at++)
		count++;
	free(text);
	return count;
}
