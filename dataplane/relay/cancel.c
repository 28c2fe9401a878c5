// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A CancelRequest names a session by the server's process id and a secret that we made up; the
// server's own secret never reaches a client. It is delivered over a connection of its own, by a
// session without a client.

#include "dataplane/relay/session.h"

#include <openssl/crypto.h>

// The secret also says which worker the session runs on: any worker may get the request.
static uint16_t secret_worker(const struct relay *relay, uint32_t secret)
{
	return (uint16_t)(secret % relay->config.n_workers);
}

static struct list *bucket(const struct relay *relay, uint32_t secret)
{
	return &relay->keys[secret / relay->config.n_workers & relay->keys_mask];
}

void cancel_key_make(struct relay *relay, struct session *s)
{
	uint32_t n = relay->config.n_workers;
	uint32_t random = (uint32_t)relay->ops.random(relay->ops.ctx) / n;
	if (random == UINT32_MAX / n)
		random--; // the sum must not wrap
	s->cancel_secret = random * n + relay->config.worker;
	list_remove(&s->key);
	list_append(bucket(relay, s->cancel_secret), &s->key);
}

static bool secret_matches(const struct session *s, uint32_t secret)
{
	return CRYPTO_memcmp(&s->cancel_secret, &secret, sizeof(secret)) == 0;
}

// False when too many are on their way.
static bool deliver(struct relay *relay, const struct session *target)
{
	uint32_t pid = 0;
	struct span secret = {0};
	struct session *s;
	if (!target->proto->cancel_key(target->proto_state, &pid, &secret) ||
	    secret.n > sizeof(s->entry->cancel_secret))
		return true;
	s = relay->n_detached < RELAY_CANCELS_AT_ONCE ? session_new(relay) : NULL;
	if (s == NULL)
		return false;
	s->detached = true;
	relay->n_detached++;
	s->proto = target->proto;
	s->proto->init(s->proto_state, &relay->proto);
	s->entry->names = *target->names;
	s->resource = target->resource;
	memcpy(s->entry->cancel_secret, secret.p, secret.n);
	s->entry->upstream.cancel = true;
	s->entry->upstream.cancel_pid = pid;
	s->entry->upstream.cancel_secret = span_of(s->entry->cancel_secret, secret.n);
	login_connect(relay, s);
	relay->stats->cancels++;
	session_wake(relay, s);
	return true;
}

static struct session *find(struct relay *relay, uint32_t pid, uint32_t secret)
{
	struct list *pos, *head = bucket(relay, secret);
	list_foreach (pos, head) {
		struct session *s = list_entry(pos, struct session, key);
		struct span theirs;
		uint32_t their_pid;
		bool open = s->state == SESSION_OPEN || s->state == SESSION_CLOSING;
		if (open && secret_matches(s, secret) &&
		    s->proto->cancel_key(s->proto_state, &their_pid, &theirs) && their_pid == pid)
			return s;
	}
	return NULL;
}

static void cancel(struct relay *relay, uint32_t pid, uint32_t secret)
{
	struct session *s = find(relay, pid, secret);
	if (relay->snapshot == NULL || s == NULL || !session_follow_policy(relay, s)) {
		relay->stats->cancels_refused++;
		return;
	}
	if (hold_cancel(relay, s)) {
		relay->stats->cancels++;
		if (!s->text_runs && s->portals_run == 0)
			return;
	}
	if (!deliver(relay, s)) // the client may ask again
		relay->stats->cancels_refused++;
}

void relay_cancel(struct relay *relay, uint32_t pid, uint32_t secret)
{
	if (relay->n_cancels == RELAY_CANCELS_MAX)
		relay->stats->cancels_refused++;
	else
		relay->cancels[relay->n_cancels++] = (struct cancel_key){pid, secret};
}

bool cancel_running(struct relay *relay, struct session *s)
{
	// A resource that is gone cannot be told.
	return relay->snapshot == NULL || !session_follow_policy(relay, s) || deliver(relay, s);
}

void cancel_pending(struct relay *relay)
{
	for (uint32_t i = 0; i < relay->n_cancels; i++)
		cancel(relay, relay->cancels[i].pid, relay->cancels[i].secret);
	relay->n_cancels = 0;
}

void cancel_request(struct relay *relay, const struct proto_msg *msg)
{
	uint32_t secret = 0;
	if (msg->cancel_secret.n != sizeof(secret)) {
		relay->stats->cancels_refused++;
		return;
	}
	// Four bytes in network order (protocol 3.0).
	for (unsigned i = 0; i < 4; i++)
		secret = secret << 8 | msg->cancel_secret.p[i];
	uint16_t worker = secret_worker(relay, secret);
	if (worker == relay->config.worker)
		cancel(relay, msg->cancel_pid, secret);
	else
		relay->ops.cancel(relay->ops.ctx, worker, msg->cancel_pid, secret);
}
