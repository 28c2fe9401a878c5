// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// From a token to an open session: control verifies, policy chooses a rule, only then is the server
// contacted.

#include "dataplane/base/cursor.h"
#include "dataplane/relay/session.h"
#include "dataplane/tls/digest.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

static void copy_text(char *out, size_t size, struct span text)
{
	size_t n = text.n < size - 1 ? text.n : size - 1;
	if (n > 0) // perhaps NULL
		memcpy(out, text.p, n);
	out[n] = '\0';
}

static void note_settings(struct relay *relay, struct session *s, struct span settings)
{
	struct session_entry *e = s->entry;
	struct cursor c = cursor_of(settings);
	while (cursor_left(&c) > 0) {
		struct span name = cursor_cstr(&c);
		struct span value = cursor_cstr(&c);
		if (inspect_setting_has_meaning(name))
			settings_note_start(relay, s, name, value);
		if (inspect_setting(name) == EFFECT_ADMIN && e->setting[0] == '\0')
			copy_text(
				e->setting, sizeof(e->setting), name.n > 0 ? name : SPAN_LIT("?")
			);
	}
}

// Keep what the client asks for. `token` outlives its message: control reads it.
static enum step note_login(struct relay *relay, struct session *s, const struct proto_msg *msg)
{
	struct session_entry *e = s->entry;
	e->token = blocks_get(relay->blocks, msg->token.n + 1, &e->token_block);
	if (e->token == NULL)
		return session_end(relay, s, END_LIMIT, NULL, "no memory for the token");
	memcpy(e->token, msg->token.p, msg->token.n);
	e->token_len = (uint32_t)msg->token.n;
	digest_sha256(msg->token, e->token_key.token);
	if (s->client.tls != NULL)
		(void)tls_peer_certificate_hash(s->client.tls, e->token_key.certificate);
	e->token_key.resource = e->names.resource_node;
	copy_text(e->names.database, sizeof(e->names.database), msg->database);
	copy_text(e->names.user, sizeof(e->names.user), msg->user);
	copy_text(e->names.application, sizeof(e->names.application), msg->application);
	note_settings(relay, s, msg->settings);
	if (msg->replication && !session_resource(relay, s)->allow_replication) {
		static const struct denial why = {
			.fatal = true,
			.code = "42501",
			.message = "bulkhead: replication connections are not allowed here",
		};
		return session_end(relay, s, END_NO_RULE, &why, "replication");
	}
	return STEP_MOVED;
}

// What control said of this token a moment ago. False: it must be asked.
static bool is_known(struct relay *relay, struct session *s)
{
	const struct tokens_now now = {
		.us = relay->now.us,
		.wall_s = relay->now.wall_ns / 1000000000,
		.policy = relay->snapshot->version,
	};
	s->login = tokens_get(relay->tokens, &s->entry->token_key, &now);
	if (s->login == NULL)
		return false;
	s->subject = token_subject(s->login);
	s->verified = true;
	relay->stats->logins_cached++;
	return true;
}

// False: the ring is full.
static bool ask_control(struct relay *relay, struct session *s)
{
	struct session_entry *e = s->entry;
	struct event event = session_event(relay, s, EVENT_LOGIN);
	event.token = e->token;
	event.token_len = e->token_len;
	memcpy(event.certificate, e->token_key.certificate, sizeof(event.certificate));
	session_give_back(relay); // there is a place for a subject more
	if (!tokens_may_ask(relay->tokens) || !relay->ops.event(relay->ops.ctx, &event))
		return false;
	s->asked = true;
	e->asked_policy = relay->snapshot->version;
	relay->stats->logins++;
	return true;
}

enum step login_begin(struct relay *relay, struct session *s, const struct proto_msg *msg)
{
	if (s->entry->token == NULL && note_login(relay, s, msg) == STEP_ENDED)
		return STEP_ENDED;
	if (!is_known(relay, s) && !ask_control(relay, s))
		return STEP_RETRY;
	s->proto->login_forget(s->proto_state);
	// The one copy is control's to read now; what the client sent is wiped where it lies.
	explicit_bzero(s->client.plain.data + (msg->token.p - s->client.plain.data), msg->token.n);
	s->state = SESSION_VERIFYING;
	return s->verified ? login_verified(relay, s) : STEP_MOVED;
}

static void note_reason(struct session *s, const struct command *command)
{
	struct session_entry *e = s->entry;
	memcpy(e->refusal, command->reason, sizeof(e->refusal));
	e->refusal[sizeof(e->refusal) - 1] = '\0';
}

void login_answered(struct relay *relay, struct session *s, const struct command *command)
{
	// A policy that is in force since then may trust other issuers.
	const struct tokens_now asked = {.us = relay->now.us, .policy = s->entry->asked_policy};
	s->verified = true;
	note_reason(s, command);
	session_wake(relay, s);
	if (command->subject == NULL)
		return;
	s->login = tokens_add(relay->tokens, &s->entry->token_key, command->subject, &asked);
	assert(s->login != NULL); // ask_control has seen to it
	s->subject = command->subject;
}

static void scrub(struct relay *relay, uint8_t **block, uint32_t used, size_t size)
{
	if (*block == NULL)
		return;
	explicit_bzero(*block, used);
	blocks_put(relay->blocks, *block, size);
	*block = NULL;
}

static void forget_token(struct relay *relay, struct session *s)
{
	scrub(relay, &s->entry->token, s->entry->token_len, s->entry->token_block);
}

void login_forget(struct relay *relay, struct session *s)
{
	struct session_entry *e = s->entry;
	if (e == NULL)
		return;
	forget_token(relay, s);
	scrub(relay, &e->password, e->password_len, e->password_block);
	if (s->client.tls != NULL)
		tls_settle(s->client.tls);
	if (s->server.tls != NULL)
		tls_settle(s->server.tls);
	s->names = shared_hold(relay->names, &e->names);
	s->entry = NULL;
	pool_put(relay->entries, e);
}

// A setting that SET could not change may not come with the start of the session either.
static enum step refuse_setting(struct relay *relay, struct session *s)
{
	char message[256];
	snprintf(
		message, sizeof(message),
		"bulkhead: the startup parameter \"%s\" refused: rule \"%s\" does not allow the "
		"effect admin",
		s->entry->setting, session_rule(relay, s)->name
	);
	const struct denial why = {.fatal = true, .code = "42501", .message = message};
	return session_end(relay, s, END_NO_RULE, &why, "startup parameter");
}

// The resource fixes its database, and the client asks for another: it would believe to be there.
// One that is the user's name was not chosen: it is what clients and the protocol fill in.
static bool wants_other_database(const struct relay *relay, const struct session *s)
{
	const char *fixed = session_resource(relay, s)->database;
	const struct session_names *names = s->names;
	return fixed[0] != '\0' && names->database[0] != '\0' &&
	       strcmp(names->database, fixed) != 0 && strcmp(names->database, names->user) != 0;
}

static enum step refuse_database(struct relay *relay, struct session *s)
{
	char message[256];
	snprintf(
		message, sizeof(message),
		"bulkhead: this resource is the database \"%s\": \"%s\" cannot be reached here",
		session_resource(relay, s)->database, s->names->database
	);
	const struct denial why = {.fatal = true, .code = "3D000", .message = message};
	return session_end(relay, s, END_NO_RULE, &why, "another database");
}

enum step login_verified(struct relay *relay, struct session *s)
{
	static const struct denial refused = {
		.fatal = true,
		.code = "28P01",
		.message = "bulkhead: the token was not accepted",
		.hint = "The password of this connection must be a valid access token for the "
			"gateway.",
	};
	static const struct denial out_of_scope = {
		.fatal = true,
		.code = "42501",
		.message = "bulkhead: no rule lets you reach this resource",
		.hint = "Ask the operator of the gateway for a rule that names your group and the "
			"resource.",
	};
	static const struct denial disk_full = {
		.fatal = true,
		.code = "53100",
		.message = "bulkhead: what this session does must be on disk first, and the "
			   "recordings cannot be written",
		.hint = "The operator of the gateway must make room for its recordings.",
	};
	forget_token(relay, s);
	if (s->subject == NULL) {
		relay->stats->logins_refused++;
		return session_end(relay, s, END_AUTH, &refused, s->entry->refusal);
	}
	if (!session_choose_rights(relay, s))
		return session_end(relay, s, END_NO_RULE, &out_of_scope, "no rule");
	if (s->entry->setting[0] != '\0' && (s->rights->right.allow & EFFECT_ADMIN) == 0)
		return refuse_setting(relay, s);
	if (wants_other_database(relay, s))
		return refuse_database(relay, s);
	// One that is open waits until it can be recorded; a new one would wait from the start.
	if (s->rights->right.record == RECORD_STRICT && record_is_failing(relay->records)) {
		relay->stats->strict_refused++;
		return session_end(relay, s, END_LIMIT, &disk_full, "recordings cannot be written");
	}
	if (budget_ask_session(relay, s) == STEP_ENDED)
		return STEP_ENDED;
	if (s->rights->grant_rule != POLICY_NO_RULE) {
		s->state = SESSION_GRANTING;
		return login_granted(relay, s);
	}
	login_connect(relay, s);
	return s->state == SESSION_CLOSING ? STEP_ENDED : STEP_MOVED;
}

bool login_lacks_grant(const struct session *s)
{
	return s->state > SESSION_GRANTING && s->grant_expires == 0 && !s->detached &&
	       s->rights->grant_rule != POLICY_NO_RULE;
}

void login_access_answered(struct relay *relay, struct session *s, const struct command *command)
{
	struct session_entry *e = s->entry;
	if (s->state != SESSION_GRANTING || !e->access_asked)
		return; // of a session that is ending
	e->access_answered = true;
	s->grant_expires = command->expires;
	note_reason(s, command);
	session_wake(relay, s);
}

static bool ask_for_grant(struct relay *relay, struct session *s)
{
	struct event event = session_event(relay, s, EVENT_ACCESS);
	event.rule = s->rights->grant_rule;
	s->entry->access_asked = relay->ops.event(relay->ops.ctx, &event);
	return s->entry->access_asked;
}

enum step login_granted(struct relay *relay, struct session *s)
{
	struct session_entry *e = s->entry;
	bool needs = s->rights->grant_rule != POLICY_NO_RULE; // by the policy in force now
	if (needs && !e->access_asked && !ask_for_grant(relay, s))
		return STEP_RETRY;
	if (needs && !e->access_answered)
		return STEP_IDLE;
	if (needs && s->grant_expires == 0) {
		const struct denial why = {
			.fatal = true,
			.code = "42501",
			.message = e->refusal[0] != '\0' ? e->refusal
							 : "bulkhead: this resource needs a grant",
			.hint = "Connect again once access is granted.",
		};
		return session_end(relay, s, END_NO_RULE, &why, "no grant");
	}
	login_connect(relay, s);
	return s->state == SESSION_CLOSING ? STEP_ENDED : STEP_MOVED;
}

// What the gateway shows the server: fixed, or a token of the machine's identity. The login goes on
// over many passes, in which either may change: a copy. Returns 0, ERR_POOL_EMPTY, or -ENOENT when
// there is no token in force.
static int copy_password(struct relay *relay, struct session *s)
{
	struct session_entry *e = s->entry;
	const struct resource *resource = session_resource(relay, s);
	struct span password = span_str(resource->password);
	if (resource->managed != NULL) {
		const struct credential_text *text = credential_current(resource->managed);
		if (text == NULL || text->expires <= relay->now.wall_ns / 1000000000)
			return -ENOENT;
		password = span_of(text->text, text->n);
	}
	e->password = blocks_get(relay->blocks, password.n + 1, &e->password_block);
	if (e->password == NULL)
		return ERR_POOL_EMPTY;
	memcpy(e->password, password.p, password.n);
	e->password_len = (uint32_t)password.n;
	return 0;
}

static void fill_upstream(struct relay *relay, struct session *s)
{
	struct session_entry *e = s->entry;
	const struct resource *resource = session_resource(relay, s);
	memcpy(e->upstream_user, resource->user, sizeof(e->upstream_user));
	memcpy(e->names.upstream_database, resource->database, sizeof(resource->database));
	e->upstream.user = span_str(e->upstream_user);
	e->upstream.database = span_str(e->names.upstream_database);
	e->upstream.password = span_of(e->password, e->password_len);
	e->upstream.tls = resource->tls != RESOURCE_TLS_OFF;
	e->upstream.scram_cache = relay->scram;
	e->upstream.describe = resource->catalog != NULL || relay->snapshot->entities != NULL;
	for (unsigned i = 0; i < sizeof(e->upstream.nonce); i += 8) {
		uint64_t r = relay->ops.random(relay->ops.ctx);
		memcpy(e->upstream.nonce + i, &r, 8);
	}
	if (e->upstream.cancel)
		return;
	cancel_key_make(relay, s);
	e->upstream.client_secret = s->cancel_secret;
}

void login_connect(struct relay *relay, struct session *s)
{
	static const struct denial unreachable = {
		.fatal = true,
		.code = "08001",
		.message = "bulkhead: the server cannot be reached",
	};
	static const struct denial no_credential = {
		.fatal = true,
		.code = "08004",
		.message = "bulkhead: the gateway has no credential for this server now",
		.hint = "Try again in a minute; if it persists, tell the operator of the gateway.",
	};
	const struct resource *resource = session_resource(relay, s);
	int r = s->entry->upstream.cancel ? 0 : copy_password(relay, s);
	if (r != 0) {
		(void)session_end(relay, s, END_UPSTREAM_AUTH, &no_credential, "no credential");
		return;
	}
	fill_upstream(relay, s);
	r = tcp_connect(relay->tcp, &resource->address, s, relay->now.us, &s->server.conn);
	if (r != 0) {
		s->server.conn = NULL;
		(void)session_end(relay, s, END_UPSTREAM_CONNECT, &unreachable, err_text(r));
		return;
	}
	s->state = SESSION_CONNECTING;
	wheel_arm(
		&relay->wheel, &s->timer, relay->now.us / 1000 + relay->config.connect_timeout_ms
	);
}

void login_connected(struct relay *relay, struct session *s)
{
	struct proto_io io = session_io(s);
	if (s->state != SESSION_CONNECTING)
		return;
	s->state = SESSION_ENTERING;
	if (s->proto->upstream_start(s->proto_state, &s->entry->upstream, &io) != 0)
		(void)session_end(relay, s, END_LIMIT, NULL, "no room to log in");
}

enum step login_refused(struct relay *relay, struct session *s, const struct proto_msg *msg)
{
	// Channel binding is to the certificate of the session's first handshake.
	if (s->server.tls != NULL && tls_is_resumed(s->server.tls))
		tls_forget_sessions(s->server.tls);
	char code[6] = "08004", text[256] = "the server refused the gateway's login", log[64];
	copy_text(log, sizeof(log), SPAN_LIT("server refused the login"));
	for (uint32_t i = 0; i < msg->n_fields; i++) {
		struct span value = msg->fields[i].value;
		// Class 28 speaks of the gateway's own credential: not the client's business.
		if (msg->fields[i].code == 'C' && value.n == 5 && memcmp(value.p, "28", 2) != 0)
			copy_text(code, sizeof(code), value);
		if (msg->fields[i].code == 'M')
			copy_text(log, sizeof(log), value);
		if (msg->fields[i].code == 'M' && memcmp(code, "08004", 5) != 0)
			copy_text(text, sizeof(text), value);
	}
	const struct denial why = {.fatal = true, .message = text};
	struct denial told = why;
	memcpy(told.code, code, sizeof(told.code));
	return session_end(relay, s, END_UPSTREAM_AUTH, &told, log);
}

enum step login_done(struct relay *relay, struct session *s, struct proto_msg *msg)
{
	struct proto_io io = session_io(s);
	struct event event = session_event(relay, s, EVENT_OPENED);
	if (!record_has_room(relay->records, RECORD_DATA_MAX, 2))
		return STEP_RETRY;
	if (budget_take_session(relay, s) == STEP_ENDED)
		return STEP_ENDED;
	if (!relay->ops.event(relay->ops.ctx, &event))
		return STEP_RETRY;
	if (!recording_open(relay, s) || s->proto->forward(s->proto_state, msg, &io) != 0)
		return session_end(relay, s, END_LIMIT, NULL, "no room");
	login_forget(relay, s);
	s->opened = true;
	s->state = SESSION_OPEN;
	s->last_activity_us = relay->now.us;
	return STEP_MOVED;
}
