// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A CancelRequest names a session by the key that we made up for it; the server's own key never
// reaches a client. It is delivered over a connection of its own, by a session without a client.

#include "dataplane/relay/session.h"

#include <openssl/crypto.h>

static bool secret_matches(const struct session *s, uint32_t secret)
{
	return CRYPTO_memcmp(&s->cancel_secret, &secret, sizeof(secret)) == 0;
}

static void deliver(struct relay *relay, const struct session *target)
{
	uint32_t pid = 0;
	struct span secret = {0};
	struct session *s;
	if (!target->proto->cancel_key(target->proto_state, &pid, &secret) ||
	    secret.n > sizeof(s->cancel_secret_copy))
		return;
	s = session_new(relay);
	if (s == NULL)
		return;
	s->detached = true;
	s->proto = target->proto;
	const struct proto_config config = {
		.blocks = relay->blocks,
		.message_max = relay->config.message_max,
	};
	s->proto->init(s->proto_state, &config);
	memcpy(s->resource_name, target->resource_name, sizeof(s->resource_name));
	s->resource = target->resource;
	memcpy(s->cancel_secret_copy, secret.p, secret.n);
	s->upstream.cancel = true;
	s->upstream.cancel_pid = pid;
	s->upstream.cancel_secret = span_of(s->cancel_secret_copy, secret.n);
	login_connect(relay, s);
	relay->stats->cancels++;
	session_wake(relay, s);
}

static void cancel(struct relay *relay, uint32_t pid, uint32_t secret)
{
	struct session *s = pool_at(relay->sessions, pid & 0xffffff);
	if (relay->snapshot == NULL || s == NULL || s->state != SESSION_OPEN || s->detached ||
	    s->cancel_pid != pid || !secret_matches(s, secret) ||
	    !session_follow_policy(relay, s)) {
		relay->stats->cancels_refused++;
		return;
	}
	deliver(relay, s);
}

void relay_cancel(struct relay *relay, uint32_t pid, uint32_t secret)
{
	if (relay->n_cancels == RELAY_CANCELS_MAX)
		relay->stats->cancels_refused++;
	else
		relay->cancels[relay->n_cancels++] = (struct cancel_key){pid, secret};
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
	uint16_t worker = (uint16_t)(msg->cancel_pid >> 24);
	if (msg->cancel_secret.n != sizeof(secret)) {
		relay->stats->cancels_refused++;
		return;
	}
	// Four bytes in network order (protocol 3.0).
	for (unsigned i = 0; i < 4; i++)
		secret = secret << 8 | msg->cancel_secret.p[i];
	if (worker == relay->config.worker)
		cancel(relay, msg->cancel_pid, secret);
	else
		relay->ops.cancel(relay->ops.ctx, worker, msg->cancel_pid, secret);
}
