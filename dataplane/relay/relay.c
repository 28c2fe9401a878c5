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
	relay->stats = stats;
	list_init(&relay->ready);
	wheel_init(&relay->wheel, 0);
	buf_init(&relay->scratch, blocks, 4 * config->message_max);
	buf_init(&relay->text, blocks, 4 * config->message_max);
	relay->sessions = pool_new(config->sessions_max, sizeof(struct session));
	relay->keys = keys_new(config->sessions_max, &relay->keys_mask);
	if (relay->config.n_workers == 0)
		relay->config.n_workers = 1;
	relay->effects = inspect_cache_new(config->effects_entries, config->effects_bytes);
	relay->scram = scram_cache_new();
	if (relay->sessions == NULL || relay->keys == NULL || relay->effects == NULL ||
	    relay->scram == NULL) {
		relay_free(relay);
		return NULL;
	}
	return relay;
}

static void session_free(struct relay *relay, struct session *s)
{
	leg_fini(&s->client);
	leg_fini(&s->server);
	if (s->proto != NULL)
		s->proto->fini(s->proto_state);
	if (s->token != NULL) {
		explicit_bzero(s->token, s->token_len);
		blocks_put(relay->blocks, s->token, s->token_block);
	}
	explicit_bzero(s->upstream_password, sizeof(s->upstream_password));
	list_remove(&s->ready);
	list_remove(&s->key);
	wheel_disarm(&s->timer);
	s->state = SESSION_FREE;
	pool_put(relay->sessions, s);
}

void relay_free(struct relay *relay)
{
	if (relay == NULL)
		return;
	for (uint32_t i = 0; relay->sessions != NULL && i < relay->config.sessions_max; i++) {
		struct session *s = pool_at(relay->sessions, i);
		if (s->state != SESSION_FREE)
			session_free(relay, s);
	}
	pool_free(relay->sessions);
	free(relay->keys);
	inspect_cache_free(relay->effects);
	scram_cache_free(relay->scram);
	buf_fini(&relay->scratch);
	buf_fini(&relay->text);
	free(relay);
}

uint32_t relay_sessions(const struct relay *relay)
{
	return pool_stats(relay->sessions).used;
}

void session_wake(struct relay *relay, struct session *s)
{
	if (s->ready.next == &s->ready)
		list_append(&relay->ready, &s->ready);
}

const struct rule *session_rule(const struct relay *relay, const struct session *s)
{
	return &relay->snapshot->rules[s->rule];
}

const struct resource *session_resource(const struct relay *relay, const struct session *s)
{
	return &relay->snapshot->resources[s->resource];
}

struct proto_io session_io(struct session *s)
{
	return (struct proto_io){&s->client.out, &s->server.out};
}

static int find_resource(const struct snapshot *snapshot, const char *name)
{
	for (uint16_t i = 0; i < snapshot->n_resources; i++)
		if (strcmp(snapshot->resources[i].name, name) == 0)
			return i;
	return -1;
}

bool session_choose_rule(struct relay *relay, struct session *s)
{
	const struct snapshot *snapshot = relay->snapshot;
	int resource = find_resource(snapshot, s->resource_name);
	if (resource < 0)
		return false; // what control hears of names the resource by the policy before
	const struct catalog *catalog = snapshot->resources[resource].catalog;
	s->resource = (uint16_t)resource;
	s->policy_version = snapshot->version;
	s->catalog_version = catalog == NULL ? 0 : catalog->version;
	s->rule = 0; // a session without a subject yet has none
	if (s->subject != NULL)
		s->rule = policy_rule(snapshot, s->subject, s->resource);
	return s->rule != POLICY_NO_RULE;
}

bool session_follow_policy(struct relay *relay, struct session *s)
{
	if (relay->snapshot == NULL)
		return s->policy_version == 0;
	return s->policy_version == relay->snapshot->version || session_choose_rule(relay, s);
}

struct session *session_new(struct relay *relay)
{
	struct session *s = pool_get(relay->sessions);
	if (s == NULL) {
		relay->stats->sessions_full++;
		return NULL;
	}
	memset(s, 0, sizeof(*s));
	list_init(&s->ready);
	list_init(&s->key);
	wheel_node_init(&s->timer);
	uint32_t index = pool_index(relay->sessions, s);
	// Never 0: the id 0 names all sessions.
	uint32_t generation = pool_generation(relay->sessions, index) % 0xffffff + 1;
	s->id = (session_id)relay->config.worker << 56 | (session_id)generation << 32 | index;
	s->accepted_us = s->last_activity_us = relay->now.us;
	s->reading = (struct inspect_context){.utf8 = true, .standard_strings = true};
	size_t message = relay->config.message_max + LEG_PULL;
	size_t out = relay->config.high_water + 4 * relay->config.message_max + (64 << 10);
	leg_init(&s->client, relay->blocks, message + LEG_PULL, out);
	leg_init(&s->server, relay->blocks, message + LEG_PULL, out);
	return s;
}

int session_listener(const struct snapshot *snapshot, const struct endpoint *local)
{
	static const struct ip_addr any, any_v4 = {{[10] = 0xff, [11] = 0xff}};
	for (uint16_t i = 0; i < snapshot->n_listeners; i++) {
		const struct endpoint *e = &snapshot->listeners[i].address;
		if (e->port == local->port &&
		    (addr_equal(&e->addr, &local->addr) || addr_equal(&e->addr, &any) ||
		     addr_equal(&e->addr, &any_v4)))
			return i;
	}
	return -1;
}

static void start_protocol(struct relay *relay, struct session *s, const char *name)
{
	const struct proto_config config = {
		.blocks = relay->blocks,
		.message_max = relay->config.message_max,
		.statements_max = relay->config.statements_max,
		.portals_max = relay->config.portals_max,
		.pipeline_max = relay->config.pipeline_max,
		.memory_max = relay->config.session_memory_max,
	};
	s->proto = proto_find(name);
	if (s->proto != NULL && s->proto->state_size > sizeof(s->proto_state))
		s->proto = NULL;
	if (s->proto != NULL)
		s->proto->init(s->proto_state, &config);
}

static void session_accept(struct relay *relay, struct tcp_conn *conn)
{
	struct endpoint local = tcp_conn_local(conn);
	int listener = relay->snapshot == NULL || relay->shutting_down
			       ? -1
			       : session_listener(relay->snapshot, &local);
	struct session *s = listener < 0 ? NULL : session_new(relay);
	if (s == NULL) {
		tcp_abort(conn);
		tcp_release(conn);
		return;
	}
	s->client.conn = conn;
	tcp_conn_set_user(conn, s);
	s->listener = local;
	s->peer = tcp_conn_remote(conn);
	s->resource = relay->snapshot->listeners[listener].resource;
	memcpy(s->resource_name, relay->snapshot->resources[s->resource].name,
	       sizeof(s->resource_name));
	s->state = SESSION_GREETING;
	relay->stats->sessions_opened++;
	start_protocol(relay, s, relay->snapshot->listeners[listener].protocol);
	wheel_arm(&relay->wheel, &s->timer, relay->now.us / 1000 + relay->config.login_timeout_ms);
	if (s->proto == NULL)
		(void)session_end(relay, s, END_LIMIT, NULL, "no such protocol");
	session_wake(relay, s);
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

static void end_by_timer(struct relay *relay, struct session *s)
{
	const bool login = s->state != SESSION_OPEN;
	const struct denial why = {
		.fatal = true,
		.code = "57P05",
		.message = login ? "bulkhead: the login took too long"
				 : "bulkhead: the session was idle for too long",
	};
	(void)session_end(relay, s, login ? END_TIMEOUT_LOGIN : END_TIMEOUT_IDLE, &why, "timeout");
}

static bool is_expired(const struct relay *relay, const struct session *s)
{
	return s->subject != NULL && relay->now.wall_ns / 1000000000 >= s->subject->expires;
}

static uint32_t idle_limit_ms(const struct relay *relay, const struct session *s)
{
	if (relay->snapshot != NULL && s->policy_version == relay->snapshot->version &&
	    session_rule(relay, s)->idle_timeout_ms != 0)
		return session_rule(relay, s)->idle_timeout_ms;
	return relay->config.idle_timeout_ms;
}

// The deadline of an open session: idleness or the token's end; looked at anew at least every
// minute, so that a new policy's limits take hold.
static void arm_open(struct relay *relay, struct session *s)
{
	uint64_t now = relay->now.us / 1000, next = now + 60000;
	uint64_t left = s->subject->expires * 1000 - relay->now.wall_ns / 1000000;
	uint32_t idle = idle_limit_ms(relay, s);
	if (now + left < next)
		next = now + left;
	uint64_t due = s->last_activity_us / 1000 + idle;
	if (due <= now)
		due = now + 1000; // it works, and is looked at again
	if (idle != 0 && due < next)
		next = due;
	wheel_arm(&relay->wheel, &s->timer, next <= now ? now + 1 : next);
}

// A server that works on a statement is not idle, unless its answer waits for a client that does
// not read.
static bool is_idle(const struct relay *relay, const struct session *s)
{
	uint32_t limit = idle_limit_ms(relay, s);
	bool works = (s->text_runs || s->portals_run > 0) && leg_is_flushed(&s->client);
	return limit != 0 && !works &&
	       s->last_activity_us + (uint64_t)limit * 1000 <= relay->now.us;
}

static void session_timeout(struct relay *relay, struct session *s)
{
	static const struct denial expired = {
		.fatal = true,
		.code = "28000",
		.message = "bulkhead: the token has expired",
		.hint = "Connect again with a new token.",
	};
	if (s->state == SESSION_CLOSING) {
		session_linger(relay, s);
	} else if (s->state != SESSION_OPEN) {
		end_by_timer(relay, s);
	} else if (is_expired(relay, s)) {
		(void)session_end(relay, s, END_EXPIRED, &expired, "token expired");
	} else if (is_idle(relay, s)) {
		end_by_timer(relay, s);
	} else {
		arm_open(relay, s);
	}
	session_wake(relay, s);
}

// Messages of both legs in turn, so that neither starves the other.
static enum step move(struct relay *relay, struct session *s)
{
	for (unsigned i = 0; i < SESSION_MESSAGES_PER_PASS; i++) {
		enum step server = server_step(relay, s);
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

static void session_work(struct relay *relay, struct session *s)
{
	enum step step = STEP_IDLE;
	bool was_open = s->state == SESSION_OPEN;
	// While control looks at the token nothing depends on the policy; login_verified asks it.
	if (s->state < SESSION_CLOSING && s->state != SESSION_VERIFYING &&
	    !session_follow_policy(relay, s)) {
		static const struct denial why = {
			.fatal = true,
			.code = "57P01",
			.message = "bulkhead: the policy has changed and no longer lets you reach "
				   "this resource",
		};
		step = session_end(relay, s, END_NO_RULE, &why, "the policy changed");
	}
	if (s->state == SESSION_VERIFYING && s->verified)
		step = login_verified(relay, s);
	if (s->state < SESSION_CLOSING && step != STEP_ENDED)
		step = move(relay, s);
	if (s->state < SESSION_CLOSING && push_legs(relay, s) == STEP_RETRY)
		step = STEP_RETRY;
	if (s->state >= SESSION_CLOSING) {
		if (session_finish(relay, s)) {
			session_free(relay, s);
			return;
		}
		step = s->state == SESSION_ENDED ? STEP_RETRY : STEP_IDLE;
	}
	if (!was_open && s->state == SESSION_OPEN)
		arm_open(relay, s);
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

uint32_t relay_poll(
	struct relay *relay, struct tcp *tcp, const struct snapshot *snapshot, struct relay_now now
)
{
	uint32_t worked = 0, events = 0;
	relay->now = now;
	relay->snapshot = snapshot;
	for (unsigned i = 0; i < RELAY_EVENTS_PER_PASS; i++) {
		struct tcp_conn *conn = tcp_event(tcp, &events);
		if (conn == NULL)
			break;
		take_event(relay, conn, events);
	}
	run_timers(relay);
	cancel_pending(relay);
	// Sessions that want another turn append themselves behind this mark.
	struct list mark;
	list_init(&mark);
	list_append(&relay->ready, &mark);
	while (relay->ready.next != &mark && worked < RELAY_SESSIONS_PER_PASS) {
		struct list *node = list_shift(&relay->ready);
		session_work(relay, list_entry(node, struct session, ready));
		worked++;
	}
	list_remove(&mark);
	trim_shared(relay);
	relay->stats->sessions_live = relay_sessions(relay);
	relay->snapshot = NULL;
	return worked;
}

static struct session *session_by_id(struct relay *relay, session_id id)
{
	struct session *s = pool_at(relay->sessions, (uint32_t)id);
	return s == NULL || s->state == SESSION_FREE || s->id != id ? NULL : s;
}

static void dismiss(
	struct relay *relay, struct session *s, enum session_end end, const char *reason
)
{
	static const struct denial why = {
		.fatal = true,
		.code = "57P01",
		.message = "terminating connection due to administrator command",
	};
	(void)session_end(relay, s, end, &why, reason);
	session_wake(relay, s);
}

static void dismiss_all(struct relay *relay, enum session_end end, const char *reason)
{
	for (uint32_t i = 0; i < relay->config.sessions_max; i++) {
		struct session *s = pool_at(relay->sessions, i);
		// Those that carry a cancel end by themselves, when it is delivered.
		if (s->state != SESSION_FREE && !s->detached)
			dismiss(relay, s, end, reason);
	}
}

void relay_command(struct relay *relay, const struct command *command)
{
	struct session *s = session_by_id(relay, command->session);
	switch (command->type) {
	case COMMAND_IDENTITY:
		if (s == NULL) // cannot be: a session waits for its answer (session_finish)
			return;
		s->verified = true;
		s->subject = command->subject;
		memcpy(s->refusal, command->reason, sizeof(s->refusal));
		s->refusal[sizeof(s->refusal) - 1] = '\0';
		session_wake(relay, s);
		break;
	case COMMAND_KILL:
		if (command->session == 0)
			dismiss_all(relay, END_KILLED, command->reason);
		else if (s != NULL)
			dismiss(relay, s, END_KILLED, command->reason);
		break;
	case COMMAND_DRAIN:
		relay->shutting_down = true;
		break;
	}
}

void relay_shutdown(struct relay *relay)
{
	relay->shutting_down = true;
	dismiss_all(relay, END_SHUTDOWN, "shutdown");
}
