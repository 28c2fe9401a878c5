// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/relay/relay.h"

#include "dataplane/relay/session.h"

#include <stdlib.h>
#include <string.h>

static struct list *keys_new(uint32_t sessions_max, uint32_t *mask)
{
	uint32_t n = 1;
	while (n < sessions_max && n < 1U << 20)
		n *= 2;
	struct list *keys = malloc(n * sizeof(*keys));
	for (uint32_t i = 0; keys != NULL && i < n; i++)
		list_init(&keys[i]);
	*mask = n - 1;
	return keys;
}

// What few sessions have at a time, or many alike. False when memory is short.
static bool make_shared(struct relay *relay)
{
	const struct relay_ops *ops = &relay->ops;
	const struct hash_key key = {{ops->random(ops->ctx), ops->random(ops->ctx)}};
	relay->entries = pool_new(relay->n_slots, sizeof(struct session_entry));
	relay->holds = pool_new(relay->n_slots, sizeof(struct session_hold));
	// One more: what is new is held before what was is dropped.
	relay->rights = shared_new(relay->n_slots + 1, sizeof(struct rights), key);
	relay->names = shared_new(relay->n_slots, sizeof(struct session_names), key);
	relay->details = shared_new(relay->n_slots, SESSION_DETAIL_MAX, key);
	return relay->entries != NULL && relay->holds != NULL && relay->rights != NULL &&
	       relay->names != NULL && relay->details != NULL;
}

struct relay *relay_new(
	const struct relay_config *config, const struct relay_ops *ops, struct tcp *tcp,
	struct blocks *blocks, struct record_queue *records, struct worker_stats *stats
)
{
	struct relay *relay = calloc(1, sizeof(*relay));
	if (relay == NULL)
		return NULL;
	relay->config = *config;
	relay->ops = *ops;
	relay->tcp = tcp;
	relay->blocks = blocks;
	relay->records = records;
	relay->proto = (struct proto_config){
		.blocks = blocks,
		.message_max = config->message_max,
		.statements_max = config->statements_max,
		.portals_max = config->portals_max,
		.pipeline_max = config->pipeline_max,
		.memory_max = config->session_memory_max,
	};
	relay->stats = stats;
	list_init(&relay->ready);
	list_init(&relay->late);
	list_init(&relay->shaking);
	list_init(&relay->mark);
	list_init(&relay->cut);
	list_init(&relay->leaving);
	list_init(&relay->held);
	list_init(&relay->stale);
	list_init(&relay->progress);
	wheel_init(&relay->wheel, 0);
	buf_init(&relay->scratch, blocks, 4 * config->message_max);
	buf_init(&relay->text, blocks, 4 * config->message_max);
	relay->n_slots = config->sessions_max + RELAY_CANCELS_AT_ONCE;
	relay->sessions = pool_new(relay->n_slots, sizeof(struct session) + proto_state_max());
	relay->keys = keys_new(config->sessions_max, &relay->keys_mask);
	if (relay->config.n_workers == 0)
		relay->config.n_workers = 1;
	relay->effects = inspect_cache_new(config->effects_entries, config->effects_bytes);
	relay->ahead = inspect_ahead_new();
	relay->scram = scram_cache_new();
	relay->health = health_new(stats);
	relay->tokens = tokens_new(config->sessions_max, config->tokens);
	bool shared = make_shared(relay);
	if (!shared || relay->sessions == NULL || relay->keys == NULL || relay->effects == NULL ||
	    relay->ahead == NULL || relay->scram == NULL || relay->tokens == NULL ||
	    relay->health == NULL) {
		relay_free(relay);
		return NULL;
	}
	return relay;
}

void relay_free(struct relay *relay)
{
	if (relay == NULL)
		return;
	for (uint32_t i = 0; relay->sessions != NULL && i < relay->n_slots; i++) {
		struct session *s = pool_at(relay->sessions, i);
		if (s->state != SESSION_FREE)
			session_free(relay, s);
	}
	pool_free(relay->sessions);
	pool_free(relay->entries);
	pool_free(relay->holds);
	shared_free(relay->rights);
	shared_free(relay->names);
	shared_free(relay->details);
	tokens_free(relay->tokens);
	health_free(relay->health);
	free(relay->keys);
	inspect_cache_free(relay->effects);
	inspect_ahead_free(relay->ahead);
	scram_cache_free(relay->scram);
	buf_fini(&relay->scratch);
	buf_fini(&relay->text);
	free(relay);
}

uint32_t relay_sessions(const struct relay *relay)
{
	return pool_stats(relay->sessions).used;
}

static void connection_closed(struct relay *relay, struct session *s, struct tcp_conn *conn)
{
	bool client = conn == s->client.conn;
	int error = tcp_conn_error(conn);
	if (error == 0)
		return; // an orderly end is seen by leg_pull, behind the bytes before it
	if (client) {
		(void)session_end(relay, s, END_CLIENT_RESET, NULL, err_text(error));
	} else if (s->state == SESSION_OPEN) {
		// what the server sent before the reset is still delivered
	} else {
		const struct denial why = {
			.fatal = true,
			.code = "08006",
			.message = "bulkhead: the server cannot be reached",
			.hint = "Try again later; if it persists, tell the operator of the gateway.",
		};
		(void)session_end(relay, s, END_UPSTREAM_CONNECT, &why, err_text(error));
	}
}

static void take_event(struct relay *relay, struct tcp_conn *conn, uint32_t events)
{
	if (tcp_conn_user(conn) == relay->health) { // the cookie of the probe's listener
		health_event(relay->health, conn, relay->now.us);
		return;
	}
	struct session *s = tcp_conn_user(conn);
	if (s == NULL && (events & TCP_EV_ACCEPTED) != 0) {
		session_accept(relay, conn);
		return;
	}
	if (s == NULL)
		return;
	if ((events & TCP_EV_CONNECTED) != 0 && conn == s->server.conn)
		login_connected(relay, s);
	if ((events & TCP_EV_CLOSED) != 0)
		connection_closed(relay, s, conn);
	session_wake(relay, s);
}

// Messages of both legs in turn, so that neither starves the other.
static enum step move(struct relay *relay, struct session *s)
{
	for (unsigned i = 0; i < SESSION_MESSAGES_PER_PASS; i++) {
		enum step server = server_step(relay, s);
		// Before the client's next command is looked at.
		if (server != STEP_ENDED && relay->drain == RELAY_CLOSES && session_is_between(s))
			return session_dismiss(relay, s, END_SHUTDOWN, "drain");
		enum step client = server == STEP_ENDED ? STEP_ENDED : client_step(relay, s);
		if (server == STEP_ENDED || client == STEP_ENDED)
			return STEP_ENDED;
		if (server != STEP_MOVED && client != STEP_MOVED)
			return server == STEP_RETRY || client == STEP_RETRY ? STEP_RETRY
									    : STEP_IDLE;
	}
	return STEP_RETRY;
}

static bool is_above_water(const struct relay *relay, const struct leg_io *leg)
{
	return leg_backlog(leg) > relay->config.high_water;
}

static enum session_end push_end(int error, enum session_end tls)
{
	return error == ERR_LIMIT || error == ERR_POOL_EMPTY ? END_LIMIT : tls;
}

// Returns STEP_RETRY when a leg fell below the water by it: tcp has taken all and reports nothing,
// so that nobody else would wake the other leg, which waited for this.
static enum step push_legs(struct relay *relay, struct session *s)
{
	bool client_full = is_above_water(relay, &s->client);
	bool server_full = is_above_water(relay, &s->server);
	int client = leg_push(&s->client), server = leg_push(&s->server);
	if (client != 0)
		return session_end(
			relay, s, push_end(client, END_TLS_CLIENT), NULL, err_text(client)
		);
	if (server != 0)
		return session_end(
			relay, s, push_end(server, END_TLS_SERVER), NULL, err_text(server)
		);
	return (client_full && !is_above_water(relay, &s->client)) ||
			       (server_full && !is_above_water(relay, &s->server))
		       ? STEP_RETRY
		       : STEP_IDLE;
}

// The policy has changed: what lets the subject in now asks for a grant.
static enum step end_without_grant(struct relay *relay, struct session *s)
{
	static const struct denial why = {
		.fatal = true,
		.code = "57P01",
		.message = "bulkhead: the policy has changed: this resource needs a grant now",
		.hint = "Connect again to ask for one.",
	};
	return session_end(relay, s, END_NO_RULE, &why, "the policy asks for a grant");
}

void session_work(struct relay *relay, struct session *s)
{
	enum step step = STEP_IDLE;
	bool was_open = s->state == SESSION_OPEN;
	// While control looks at the token nothing depends on the policy; login_verified asks it.
	bool depends = s->state < SESSION_CLOSING && s->state != SESSION_VERIFYING;
	if (depends && session_must_wait(relay, s)) {
		session_wake(relay, s);
		return;
	}
	if (depends && !session_follow_policy(relay, s)) {
		static const struct denial why = {
			.fatal = true,
			.code = "57P01",
			.message = "bulkhead: the policy has changed and no longer lets you reach "
				   "this resource",
		};
		step = session_end(relay, s, END_NO_RULE, &why, "the policy changed");
	}
	if (s->state < SESSION_CLOSING && step != STEP_ENDED && login_lacks_grant(s))
		step = end_without_grant(relay, s);
	if (s->state == SESSION_VERIFYING && s->verified)
		step = login_verified(relay, s);
	else if (s->state == SESSION_GRANTING)
		step = login_granted(relay, s);
	if (s->state < SESSION_CLOSING && s->state != SESSION_GRANTING && step != STEP_ENDED)
		step = move(relay, s);
	if (s->state < SESSION_CLOSING && push_legs(relay, s) == STEP_RETRY)
		step = STEP_RETRY;
	if (s->state >= SESSION_CLOSING) {
		if (session_finish(relay, s)) {
			session_free(relay, s);
			return;
		}
		step = s->state == SESSION_ENDED || s->cancel_due ? STEP_RETRY : STEP_IDLE;
	}
	if (!hold_tell_gone(relay, s))
		step = STEP_RETRY;
	if (!was_open && s->state == SESSION_OPEN)
		session_arm(relay, s);
	progress_note(relay, s);
	leg_trim(&s->client);
	leg_trim(&s->server);
	if (step == STEP_RETRY)
		session_wake(relay, s);
}

static void run_timers(struct relay *relay)
{
	wheel_advance(&relay->wheel, relay->now.us / 1000);
	for (unsigned i = 0; i < RELAY_TIMERS_PER_PASS; i++) {
		struct wheel_node *node = wheel_next(&relay->wheel);
		if (node == NULL)
			return;
		session_timeout(relay, list_entry(node, struct session, timer));
	}
}

// What one large message needed is not kept for ever.
static void trim_shared(struct relay *relay)
{
	buf_consume(&relay->scratch, buf_len(&relay->scratch));
	buf_consume(&relay->text, buf_len(&relay->text));
	buf_trim(&relay->scratch);
	buf_trim(&relay->text);
}

// What waits for approval is judged anew when the policy is another one.
static void follow_digest(struct relay *relay)
{
	const struct snapshot *snapshot = relay->snapshot;
	if (snapshot == NULL ||
	    (relay->policy_since != 0 &&
	     memcmp(relay->policy_digest, snapshot->digest, sizeof(snapshot->digest)) == 0))
		return;
	memcpy(relay->policy_digest, snapshot->digest, sizeof(relay->policy_digest));
	relay->policy_since = snapshot->version;
	hold_doubt_all(relay);
}

static bool has_input(const struct leg_io *leg)
{
	return leg->conn != NULL && tcp_peek(leg->conn).n > 0;
}

// Is there something of a TLS handshake to be done, a tenth to several tenths of a millisecond?
static bool is_shaking(const struct session *s)
{
	if (s->state == SESSION_GREETING)
		return !s->client_secured && has_input(&s->client);
	if (s->state == SESSION_ENTERING)
		return s->entry->upstream.tls && !s->server_secured && has_input(&s->server);
	return false;
}

static void shake_hands(struct relay *relay, struct session *s)
{
	uint64_t begin = relay->ops.clock_us(relay->ops.ctx);
	session_work(relay, s);
	relay->shaken_us += relay->ops.clock_us(relay->ops.ctx) - begin;
}

// Those that were put off, as far as there is time for them. Returns how many had a turn.
static uint32_t work_on_shaking(struct relay *relay)
{
	uint32_t worked = 0;
	relay->shaken_us = 0;
	while (!list_empty(&relay->shaking) && relay->shaken_us < RELAY_HANDSHAKES_US &&
	       worked < RELAY_SESSIONS_PER_PASS) {
		struct list *node = list_shift(&relay->shaking);
		shake_hands(relay, list_entry(node, struct session, ready));
		worked++;
	}
	return worked;
}

// One turn of a session; or, when handshakes have had their part of this pass, a place among those
// that are served first in the next one: sessions that move data do not wait for them.
static void take_turn(struct relay *relay, struct session *s)
{
	if (!is_shaking(s)) {
		session_work(relay, s);
	} else if (relay->shaken_us < RELAY_HANDSHAKES_US) {
		shake_hands(relay, s);
	} else {
		list_append(&relay->shaking, &s->ready);
		relay->stats->handshakes_put_off++;
	}
}

// Give at most `most` sessions of the list a turn. Returns how many had one.
static uint32_t work_on(struct relay *relay, struct list *sessions, uint32_t most)
{
	uint32_t worked = 0;
	// Sessions that want another turn append themselves behind this.
	struct list *mark = &relay->mark;
	list_append(sessions, mark);
	while (sessions->next != mark && worked < most) {
		struct list *node = list_shift(sessions);
		take_turn(relay, list_entry(node, struct session, ready));
		worked++;
	}
	list_remove(mark);
	return worked;
}

uint32_t relay_poll(
	struct relay *relay, struct tcp *tcp, const struct snapshot *snapshot, struct relay_now now
)
{
	uint32_t worked = 0, events = 0;
	relay->now = now;
	relay->snapshot = snapshot;
	relay->rules_left = RELAY_RULES_PER_PASS;
	for (unsigned i = 0; i < RELAY_EVENTS_PER_PASS; i++) {
		struct tcp_conn *conn = tcp_event(tcp, &events);
		if (conn == NULL)
			break;
		take_event(relay, conn, events);
	}
	follow_digest(relay);
	hold_wake_stale(relay);
	run_timers(relay);
	health_tick(relay->health, now.us);
	cancel_pending(relay);
	worked += revoke_step(relay);
	if (!revoke_is_closing(relay))
		worked += work_on(relay, &relay->late, RELAY_SESSIONS_PER_PASS / 2);
	worked += work_on_shaking(relay);
	worked += work_on(relay, &relay->ready, RELAY_SESSIONS_PER_PASS);
	session_give_back(relay);
	progress_tell(relay);
	trim_shared(relay);
	relay->stats->sessions_live = relay_sessions(relay);
	relay->stats->subjects = tokens_count(relay->tokens);
	relay->stats->held_live = relay->n_held;
	relay->snapshot = NULL;
	return worked;
}

static struct session *session_by_id(struct relay *relay, session_id id)
{
	struct session *s = pool_at(relay->sessions, (uint32_t)id);
	return s == NULL || s->state == SESSION_FREE || s->id != id ? NULL : s;
}

void relay_command(struct relay *relay, const struct command *command)
{
	struct session *s = session_by_id(relay, command->session);
	switch (command->type) {
	case COMMAND_IDENTITY:
		if (s == NULL) // cannot be: a session waits for its answer (session_finish)
			return;
		login_answered(relay, s, command);
		break;
	case COMMAND_KILL:
		if (command->session == 0)
			session_dismiss_all(relay, END_KILLED, command->reason);
		else if (s != NULL)
			(void)session_dismiss(relay, s, END_KILLED, command->reason);
		break;
	case COMMAND_REVOKE:
		revoke_begin(relay, command);
		break;
	case COMMAND_ACCESS:
		if (s != NULL)
			login_access_answered(relay, s, command);
		break;
	case COMMAND_DECISION:
		if (s != NULL)
			hold_decide(relay, s, command);
		break;
	}
}
