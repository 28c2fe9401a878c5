// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/relay/session.h"

#include "dataplane/base/stage.h"

#include <assert.h>
#include <string.h>

static const struct rights no_rights;

// Of what few sessions have, or many alike.
static void drop_rights(struct relay *relay, const struct rights *rights)
{
	if (rights != &no_rights)
		shared_drop(relay->rights, rights);
}

void session_free(struct relay *relay, struct session *s)
{
	leg_fini(&s->client);
	leg_fini(&s->server);
	buf_fini(&s->settings);
	if (s->proto != NULL)
		s->proto->fini(s->proto_state);
	hold_forget(relay, s);
	pool_put(relay->holds, s->hold);
	login_forget(relay, s);
	shared_drop(relay->names, s->names);
	drop_rights(relay, s->rights);
	shared_drop(relay->details, s->end_detail);
	token_drop(relay->tokens, s->login);
	relay->n_detached -= s->detached;
	list_remove(&s->ready);
	list_remove(&s->leave);
	list_remove(&s->key);
	list_remove(&s->progress);
	wheel_disarm(&s->timer);
	s->state = SESSION_FREE;
	pool_put(relay->sessions, s);
}

void session_wake(struct relay *relay, struct session *s)
{
	bool late = s->state >= SESSION_CLOSING && revoke_is_closing(relay);
	if (s->ready.next == &s->ready)
		list_append(late ? &relay->late : &relay->ready, &s->ready);
}

static bool give(void *ctx, const struct subject *subject)
{
	struct relay *relay = ctx;
	const struct event event = {
		.type = EVENT_SUBJECT,
		.worker = relay->config.worker,
		.subject = subject,
	};
	return relay->ops.event(relay->ops.ctx, &event);
}

void session_give_back(struct relay *relay)
{
	tokens_settle(relay->tokens, relay->now.us, give, relay);
}

const struct rule *session_rule(const struct relay *relay, const struct session *s)
{
	return &relay->snapshot->rules[s->rights->rule];
}

const struct resource *session_resource(const struct relay *relay, const struct session *s)
{
	return &relay->snapshot->resources[s->resource];
}

struct proto_io session_io(struct session *s)
{
	return (struct proto_io){&s->client.out, &s->server.out};
}

struct parse_result session_feed(struct session *s, enum leg from, struct proto_msg *msg)
{
	struct span in = buf_span(from == LEG_CLIENT ? &s->client.plain : &s->server.plain);
	struct proto_io io = session_io(s);
	enum stage before = stage_enter(STAGE_FRAME);
	struct parse_result r = s->proto->feed(s->proto_state, from, in, msg, &io);
	stage_add(STAGE_FRAME, r.status == PARSE_DONE);
	stage_leave(before);
	return r;
}

static int find_resource(const struct snapshot *snapshot, const char *name)
{
	for (uint16_t i = 0; i < snapshot->n_resources; i++)
		if (strcmp(snapshot->resources[i].name, name) == 0)
			return i;
	return -1;
}

struct event session_event(const struct relay *relay, const struct session *s, enum event_type type)
{
	struct event event = {
		.type = type,
		.worker = relay->config.worker,
		.resource = s->resource,
		.session = s->id,
		.snapshot_version = s->policy_version,
		.subject = s->subject,
		.client = s->peer,
		.time_ns = relay->now.wall_ns,
	};
	memcpy(event.database, s->names->database, sizeof(event.database));
	memcpy(event.user, s->names->user, sizeof(event.user));
	memcpy(event.application, s->names->application, sizeof(event.application));
	return event;
}

void session_count(const struct session *s, struct event *event)
{
	event->commands = s->commands;
	event->denied = s->denied;
	event->masked = s->masked;
	event->rows = s->rows;
	event->bytes_in = s->client.bytes_in;
	event->bytes_out = s->client.bytes_out;
}

static void share_rights(struct relay *relay, struct session *s, struct rights *rights)
{
	const struct rights *before = s->rights;
	s->rights_since = rights->since;
	rights->since = 0; // all else many have alike
	s->rights = shared_hold(relay->rights, rights);
	drop_rights(relay, before);
}

static bool have_same_rules(const struct rights *a, const struct rights *b)
{
	return a->n_links == b->n_links &&
	       memcmp(a->rules, b->rules, a->n_links * sizeof(a->rules[0])) == 0;
}

bool session_choose_rights(struct relay *relay, struct session *s)
{
	const struct snapshot *snapshot = relay->snapshot;
	int resource = find_resource(snapshot, s->names->resource);
	if (resource < 0)
		return false; // what control hears of names the resource by the policy before
	const struct catalog *catalog = snapshot->resources[resource].catalog;
	s->resource = (uint16_t)resource;
	s->policy_version = snapshot->version;
	s->catalog_version = catalog == NULL ? 0 : catalog->version;
	s->rights_version++;
	if (s->subject == NULL)
		return true; // it has none yet
	uint32_t cost = SESSION_TAKES_RULES + snapshot->n_rules;
	relay->rules_left -= cost < relay->rules_left ? cost : relay->rules_left;
	const struct policy_request request = {
		.subject = s->subject,
		.resource = s->resource,
		.client = s->peer.addr,
		.wall_ns = relay->now.wall_ns,
	};
	struct rights rights;
	bool ok = policy_rights(snapshot, &request, &rights);
	if (s->policy_seen != relay->policy_since || !have_same_rules(s->rights, &rights))
		s->rules_since = s->rights_version;
	s->policy_seen = relay->policy_since;
	share_rights(relay, s, &rights);
	return ok;
}

static bool is_current(const struct relay *relay, const struct session *s)
{
	return s->policy_version == relay->snapshot->version &&
	       (s->subject == NULL ||
		(s->rights_since <= relay->now.wall_ns && relay->now.wall_ns < s->rights->until));
}

bool session_must_wait(const struct relay *relay, const struct session *s)
{
	return relay->rules_left == 0 && relay->snapshot != NULL && !is_current(relay, s);
}

bool session_follow_policy(struct relay *relay, struct session *s)
{
	if (relay->snapshot == NULL)
		return s->policy_version == 0;
	if (is_current(relay, s))
		return true;
	bool ok = session_choose_rights(relay, s);
	if (ok && s->state == SESSION_OPEN)
		session_arm(relay, s);
	return ok;
}

struct session *session_new(struct relay *relay)
{
	struct session *s = pool_get(relay->sessions);
	if (s == NULL)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->entry = pool_get(relay->entries);
	assert(s->entry != NULL); // there is one for each session
	memset(s->entry, 0, sizeof(*s->entry));
	s->names = &s->entry->names;
	s->rights = &no_rights;
	list_init(&s->ready);
	list_init(&s->leave);
	list_init(&s->key);
	list_init(&s->progress);
	wheel_node_init(&s->timer);
	uint32_t index = pool_index(relay->sessions, s);
	// Never 0: the id 0 names all sessions.
	uint32_t generation = pool_generation(relay->sessions, index) % 0xffffff + 1;
	s->id = (session_id)relay->config.worker << 56 | (session_id)generation << 32 | index;
	s->last_activity_us = relay->now.us;
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
	s->proto = proto_find(name);
	if (s->proto != NULL)
		s->proto->init(s->proto_state, &relay->proto);
}

// A place for a client: those of the cancels are none.
static struct session *client_new(struct relay *relay)
{
	bool full = relay_sessions(relay) - relay->n_detached >= relay->config.sessions_max;
	struct session *s = full ? NULL : session_new(relay);
	if (s == NULL)
		relay->stats->sessions_full++;
	return s;
}

void session_accept(struct relay *relay, struct tcp_conn *conn)
{
	struct endpoint local = tcp_conn_local(conn);
	int listener = relay->snapshot == NULL || relay->drain >= RELAY_ENDS
			       ? -1
			       : session_listener(relay->snapshot, &local);
	struct session *s = listener < 0 ? NULL : client_new(relay);
	if (s == NULL) {
		tcp_abort(conn);
		tcp_release(conn);
		return;
	}
	s->client.conn = conn;
	tcp_conn_set_user(conn, s);
	s->entry->listener = local;
	s->peer = tcp_conn_remote(conn);
	s->resource = relay->snapshot->listeners[listener].resource;
	const struct resource *resource = &relay->snapshot->resources[s->resource];
	memcpy(s->entry->names.resource, resource->name, sizeof(resource->name));
	s->entry->names.resource_node = resource->node;
	s->state = SESSION_GREETING;
	relay->stats->sessions_opened++;
	start_protocol(relay, s, relay->snapshot->listeners[listener].protocol);
	wheel_arm(&relay->wheel, &s->timer, relay->now.us / 1000 + relay->config.login_timeout_ms);
	if (s->proto == NULL)
		(void)session_end(relay, s, END_LIMIT, NULL, "no such protocol");
	session_wake(relay, s);
}
