// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/sim/relay_gateway.h"

#include "tests/sim/relay_peer.h"

#include <stdio.h>
#include <stdlib.h>

enum { EPOCH_S = 1790000000 };

uint64_t gateway_wall_ns(uint64_t now_us)
{
	return EPOCH_S * UINT64_C(1000000000) + now_us * 1000;
}

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "relay: gateway: %s\n", what);
	abort();
}

// ---- control

static const struct subject *subject_of(const struct gateway *g, struct span token)
{
	if (span_equal(token, span_str(TOKEN_GOOD)))
		return &g->subject;
	for (uint32_t i = 0; i < g->n_others; i++)
		if (span_equal(token, span_str(g->others[i].token)))
			return &g->others[i].subject;
	return NULL;
}

static bool is_ours(const struct gateway *g, const struct subject *subject)
{
	for (uint32_t i = 0; i < g->n_others; i++)
		if (subject == &g->others[i].subject)
			return true;
	return subject == &g->subject;
}

static void give_back(struct gateway *g, const struct event *event)
{
	need(is_ours(g, event->subject) && g->subjects > 0, "a subject came back twice");
	g->subjects--;
}

static void on_hold(struct gateway *g, const struct event *event)
{
	need(g->n_held < GATEWAY_HELD, "too many holds");
	need(event->held->id != 0 && event->subject == &g->subject, "a hold's event");
	for (uint32_t i = 0; i < g->n_held; i++)
		need(g->held[i].session != event->session, "a session holds twice");
	g->held[g->n_held++] = *event;
	g->holds++;
	g->last_hold = event->session;
}

static void drop_held(struct gateway *g, uint32_t i)
{
	free(g->held[i].held);
	g->n_held--;
	memmove(&g->held[i], &g->held[i + 1], (g->n_held - i) * sizeof(g->held[0]));
}

static void on_gone(struct gateway *g, const struct event *event)
{
	g->gone++;
	snprintf(g->gone_reason, sizeof(g->gone_reason), "%s", event->reason);
	for (uint32_t i = 0; i < g->n_held; i++)
		if (g->held[i].held->id == event->number) {
			need(g->held[i].session == event->session, "another session's hold");
			drop_held(g, i);
			return;
		}
	need(event->number == g->decided, "what has gone was not there");
}

static bool on_event(void *ctx, const struct event *event)
{
	struct gateway *g = ctx;
	if (g->events_full) {
		g->events_refused++;
		return false;
	}
	switch (event->type) {
	case EVENT_LOGIN:
		need(g->n_waiting < GATEWAY_EVENTS, "too many logins");
		need(event->snapshot_version == g->policy->version, "a login's policy");
		g->waiting[g->n_waiting++] = *event;
		g->logins++;
		break;
	case EVENT_OPENED:
		need(is_ours(g, event->subject), "opened without a subject");
		g->opened++;
		break;
	case EVENT_SUBJECT:
		give_back(g, event);
		break;
	case EVENT_ACCESS:
		need(g->n_access < GATEWAY_EVENTS, "too many ask for grants");
		g->access[g->n_access++] = *event;
		break;
	case EVENT_HOLD:
		on_hold(g, event);
		break;
	case EVENT_HOLD_GONE:
		on_gone(g, event);
		break;
	case EVENT_REVOKED:
		need(event->number == g->revoked + 1, "revocations out of order");
		need(event->cut_ns != 0 && event->cut_ns <= event->time_ns, "closed, not cut off");
		g->revoked = event->number;
		g->revoked_sessions = event->commands;
		break;
	case EVENT_CLOSED:
		g->closed++;
		g->last_closed = *event;
		break;
	case EVENT_PROGRESS:
		g->progresses++;
		g->last_progress = *event;
		break;
	case EVENT_CATALOG:
		g->catalogs++;
		break;
	}
	return true;
}

static void on_cancel(void *, uint16_t, uint32_t, uint32_t)
{
}

static uint64_t on_random(void *ctx)
{
	return rng_next(&((struct gateway *)ctx)->rng);
}

static uint64_t on_clock(void *ctx)
{
	struct gateway *g = ctx;
	return g->clock_us += g->slowness_us;
}

static bool is_refused(
	const struct gateway *g, const struct event *event, const struct subject *subject
)
{
	const struct command *r = &g->revocation;
	return r->number != 0 &&
	       revoke_covers(
		       r->kind, &r->revoked, subject, &g->policy->resources[event->resource].node
	       );
}

static void answer_logins(struct gateway *g)
{
	for (uint32_t i = 0; !g->control_mute && i < g->n_waiting; i++) {
		const struct event *event = &g->waiting[i];
		struct command command = {.type = COMMAND_IDENTITY, .session = event->session};
		// The token must still be there to read, whatever has become of the session.
		struct span token = span_of(event->token, event->token_len);
		command.subject = subject_of(g, token);
		if (command.subject == NULL)
			strcpy(command.reason, "signature");
		else if (is_refused(g, event, command.subject))
			command.subject = NULL;
		g->subjects += command.subject != NULL;
		relay_command(g->relay, &command);
	}
	if (!g->control_mute)
		g->n_waiting = 0;
}

static void answer_access(struct gateway *g)
{
	for (uint32_t i = 0; !g->control_mute && i < g->n_access; i++) {
		struct command command = {
			.type = COMMAND_ACCESS,
			.session = g->access[i].session,
			.expires = g->grant_expires,
		};
		strcpy(command.reason, "bulkhead: access is asked for (reference 7)");
		relay_command(g->relay, &command);
	}
	if (!g->control_mute)
		g->n_access = 0;
}

void gateway_decide(struct gateway *g, enum decision decision, const char *reason)
{
	need(g->n_held > 0, "nothing is held");
	struct command command = {
		.type = COMMAND_DECISION,
		.session = g->held[0].session,
		.number = g->held[0].held->id,
		.reference = g->reference,
		.decision = decision,
	};
	snprintf(command.reason, sizeof(command.reason), "%s", reason);
	g->decided = command.number;
	drop_held(g, 0);
	relay_command(g->relay, &command);
}

void gateway_mislead(struct gateway *g, session_id session, uint64_t number)
{
	for (int d = DECISION_APPROVED; d <= DECISION_AGAIN; d++) {
		const struct command command = {
			.type = COMMAND_DECISION,
			.session = session,
			.number = number,
			.decision = (enum decision)d,
		};
		relay_command(g->relay, &command);
	}
}

// ---- recorder

static struct recorded *session_of(struct gateway *g, session_id id)
{
	for (uint32_t i = 0; i < g->n_sessions; i++)
		if (g->sessions[i].session == id)
			return &g->sessions[i];
	need(g->n_sessions < GATEWAY_SESSIONS, "too many recorded sessions");
	struct recorded *s = &g->sessions[g->n_sessions++];
	*s = (struct recorded){.session = id};
	buf_init(&s->text, NULL, 128 << 20);
	return s;
}

static void take_record(struct gateway *g, const struct record *head, struct span data)
{
	struct recorded *s = session_of(g, head->session);
	char type = (char)('0' + head->type);
	need(buf_append(&g->joined, data) == 0, "joined");
	g->record_torn = (head->flags & RECORD_CONTINUES) != 0;
	if (g->record_torn)
		return;
	if (s->closed || s->opened == (head->type == RECORD_OPEN))
		need(false, "a record before the first or behind the last");
	s->opened |= head->type == RECORD_OPEN;
	s->closed |= head->type == RECORD_CLOSE;
	need(buf_append_u8(&s->text, (uint8_t)type) == 0 && buf_append_u8(&s->text, ' ') == 0 &&
		     buf_append(&s->text, buf_span(&g->joined)) == 0 &&
		     buf_append_u8(&s->text, '\n') == 0,
	     "record text");
	buf_consume(&g->joined, buf_len(&g->joined));
}

static void drain(struct gateway *g)
{
	struct record_block *block;
	while (!g->recorder_stalled && ring_pop(&g->records.full, &block)) {
		uint64_t last = 0;
		for (uint32_t at = 0; at < block->used;) {
			struct record head;
			memcpy(&head, block->data + at, sizeof(head));
			take_record(g, &head, span_of(block->data + at + sizeof(head), head.len));
			at += (uint32_t)sizeof(head) + head.len;
			last = head.sequence;
		}
		if (g->durable_max == 0 || last < g->durable_max)
			g->records.durable = last;
		need(ring_push(&g->records.empty, &block), "empty ring");
	}
	if (g->durable_max == 0 && !g->recorder_stalled && g->records.current == NULL)
		g->records.durable = g->records.sequence;
}

// ---- the loop, as worker/ has it

static uint64_t secured(const struct worker_stats *s)
{
	return s->client_tls_full + s->client_tls_resumed + s->server_tls_full +
	       s->server_tls_resumed;
}

void gateway_app(void *ctx, uint64_t now_us)
{
	struct gateway *g = ctx;
	answer_logins(g);
	answer_access(g);
	struct relay_now now = {.us = now_us, .wall_ns = gateway_wall_ns(now_us)};
	uint64_t commands = g->stats.commands, before = secured(&g->stats);
	uint32_t worked = relay_poll(g->relay, g->host->tcp, g->policy, now);
	commands = g->stats.commands - commands;
	g->most_commands = commands > g->most_commands ? commands : g->most_commands;
	uint64_t now_secured = secured(&g->stats) - before;
	g->most_secured = now_secured > g->most_secured ? now_secured : g->most_secured;
	g->polls++;
	g->busy_polls += worked > 0;
	record_flush(&g->records);
	drain(g);
	if (g->old_policy != NULL)
		policy_free(g->old_policy);
	g->old_policy = NULL;
}

void gateway_publish(struct gateway *g, const struct policy_options *options)
{
	if (g->old_policy != NULL)
		policy_free(g->old_policy);
	g->old_policy = g->policy;
	g->policy = policy_new(++g->version, options);
}

void gateway_kill(struct gateway *g, session_id session)
{
	struct command command = {.type = COMMAND_KILL, .session = session};
	strcpy(command.reason, "revoked");
	relay_command(g->relay, &command);
}

uint64_t gateway_revoke(struct gateway *g, enum revoke_kind kind, struct node_id node)
{
	uint64_t number = g->revocation.number + 1;
	g->revocation = (struct command){
		.type = COMMAND_REVOKE,
		.number = number,
		.kind = kind,
		.revoked = node,
	};
	relay_command(g->relay, &g->revocation);
	return number;
}

bool gateway_recorded(const struct gateway *g, const char *text)
{
	for (uint32_t i = 0; i < g->n_sessions; i++)
		if (span_holds(buf_span(&g->sessions[i].text), text))
			return true;
	return false;
}

// ---- life

void gateway_config_default(struct gateway_config *config)
{
	*config = (struct gateway_config){
		.relay =
			{
				.sessions_max = 32,
				.message_max = 1 << 20,
				.high_water = 64 << 10,
				.session_memory_max = 1 << 20,
				.statements_max = 64,
				.portals_max = 64,
				.pipeline_max = 64,
				.holds_max = 4,
				.login_timeout_ms = 4000,
				.connect_timeout_ms = 3000,
				.idle_timeout_ms = 20000,
				.effects_entries = 64,
				.effects_bytes = 1 << 20,
			},
		.memory = 16 << 20,
		.record_blocks = 16,
		.packets = 1024,
	};
	tcp_config_default(&config->tcp);
	config->tcp.conns_max = 128;
	config->tcp.half_open_max = 64;
	config->tcp.time_wait_max = 128;
	config->tcp.time_wait_ms = 200;
	config->tcp.rto_max_ms = 2000;
	config->tcp.rcv_buf = config->tcp.snd_buf = 128 << 10;
}

void gateway_init(
	struct gateway *g, struct host *host, struct world *world,
	const struct gateway_config *config, struct snapshot *policy
)
{
	const struct relay_ops ops = {on_event, on_cancel, on_random, on_clock, g};
	static const uint16_t ports[] = {PORT_ORDERS, PORT_PLAIN};
	*g = (struct gateway){.host = host, .world = world, .policy = policy};
	g->version = policy->version;
	g->rng = rng_of(rng_next(world_rng(world)));
	g->subject = (struct subject){
		.issuer = "test",
		.key = "tid/agent-1",
		.name = "agent one",
		.chain = "root > agent",
		.expires = UINT32_MAX,
		.n_groups = 1,
		.groups = {"agents"},
		.n_links = 1,
		.scope = {.any_resource = true, .effects = EFFECT_ALL},
	};
	g->subject.links[0] = (struct chain_link){
		.kind = SUBJECT_AGENT,
		.issuer = g->subject.issuer,
		.key = g->subject.key,
		.name = g->subject.name,
		.n_groups = g->subject.n_groups,
		.groups = g->subject.groups,
	};
	buf_init(&g->joined, NULL, 128 << 20);
	g->blocks = blocks_new(config->memory);
	need(g->blocks != NULL && record_queue_init(&g->records, config->record_blocks) == 0,
	     "memory");
	for (unsigned i = 0; i < 2; i++) {
		struct endpoint at = {.port = ports[i]};
		need(addr_parse(GATEWAY_CLIENTS, &at.addr) == 0, "address");
		need(tcp_listen(host->tcp, &at, NULL) == 0, "listen");
	}
	struct relay_config relay = config->relay;
	relay.budgets = g->budgets = budget_table_new(64);
	need(relay.budgets != NULL, "memory");
	g->relay = relay_new(&relay, &ops, host->tcp, g->blocks, &g->records, &g->stats);
	need(g->relay != NULL, "relay");
	const struct endpoint probe = {.port = PORT_PROBE};
	need(tcp_listen(host->tcp, &probe, relay_probe_cookie(g->relay)) == 0, "listen");
}

void gateway_fini(struct gateway *g)
{
	relay_free(g->relay);
	while (g->n_held > 0)
		drop_held(g, 0);
	record_queue_fini(&g->records);
	budget_table_free(g->budgets);
	blocks_free(g->blocks);
	buf_fini(&g->joined);
	for (uint32_t i = 0; i < g->n_sessions; i++)
		buf_fini(&g->sessions[i].text);
	policy_free(g->policy);
	policy_free(g->old_policy);
}
