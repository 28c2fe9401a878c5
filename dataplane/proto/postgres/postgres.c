// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/postgres.h"

#include "dataplane/proto/postgres/client.h"
#include "dataplane/proto/postgres/columns.h"
#include "dataplane/proto/postgres/forward.h"
#include "dataplane/proto/postgres/login.h"
#include "dataplane/proto/postgres/memory.h"
#include "dataplane/proto/postgres/message.h"
#include "dataplane/proto/postgres/objects.h"
#include "dataplane/proto/postgres/queue.h"
#include "dataplane/proto/postgres/result.h"
#include "dataplane/proto/postgres/server.h"
#include "dataplane/proto/postgres/startup.h"
#include "dataplane/proto/postgres/upstream.h"

#include <openssl/crypto.h>

enum { TLS_HANDSHAKE = 0x16 }; // RFC 8446 section 5.1, ContentType

static void init(void *state, const struct proto_config *config)
{
	struct pg3 *pg = state;

	*pg = (struct pg3){.config = config};
}

static void fini(void *state)
{
	struct pg3 *pg = state;

	if (pg->config == NULL)
		return;
	pg3_startup_forget(pg);
	pg3_queue_fini(pg);
	pg3_objects_fini(pg);
	pg3_columns_unref(pg, pg->recent);
	if (pg->told != NULL)
		pg3_memory_put(pg, pg->told, pg->told->block);
	pg3_chunk_free(pg, &pg->copy_rest);
	pg3_chunk_free(pg, &pg->params);
	pg3_chunk_free(pg, &pg->fields);
	OPENSSL_cleanse(pg, sizeof(*pg));
}

static struct parse_result feed(
	void *state, enum leg from, struct span in, struct proto_msg *out, struct proto_io *io
)
{
	struct pg3 *pg = state;

	*out = (struct proto_msg){.from = from};
	if (from == LEG_CLIENT)
		return pg->client == CLIENT_OPEN ? pg3_client_feed(pg, in, out, io)
						 : pg3_login_feed(pg, in, out, io);
	return pg->server == SERVER_OPEN ? pg3_server_feed(pg, in, out)
					 : pg3_upstream_feed(pg, in, out, io);
}

static bool is_direct_tls(const void *state, struct span in)
{
	const struct pg3 *pg = state;

	return pg->client == CLIENT_PLAIN && !pg->gss_refused && in.n > 0 &&
	       in.p[0] == TLS_HANDSHAKE;
}

static void client_secured(void *state)
{
	struct pg3 *pg = state;

	if (pg->client == CLIENT_PLAIN || pg->client == CLIENT_ENCRYPTING)
		pg->client = CLIENT_SECURE;
}

static void login_forget(void *state)
{
	struct pg3 *pg = state;

	if (pg->client == CLIENT_PASSWORD)
		pg->client = CLIENT_ENTERING;
}

// A login goes on over many passes, and is left alone.
static void trim(void *state)
{
	struct pg3 *pg = state;

	if (pg->client != CLIENT_OPEN || pg->queue.count > 0 || pg->copy != COPY_NONE)
		return;
	pg3_queue_fini(pg);
	pg3_objects_trim(pg);
	pg3_columns_unref(pg, pg->recent);
	pg->recent = NULL;
	pg3_chunk_free(pg, &pg->copy_rest);
	pg3_chunk_free(pg, &pg->params);
	pg3_chunk_free(pg, &pg->fields);
}

static int upstream_start(void *state, const struct proto_upstream *upstream, struct proto_io *io)
{
	return pg3_upstream_start(state, upstream, io);
}

static int upstream_secured(void *state, struct span binding, struct proto_io *io)
{
	return pg3_upstream_secured(state, binding, io);
}

static int forward(void *state, struct proto_msg *msg, struct proto_io *io)
{
	return pg3_forward(state, msg, io);
}

static int deny(void *state, struct proto_msg *msg, const struct denial *why, struct proto_io *io)
{
	return pg3_deny(state, msg, why, io);
}

static int refuse(void *state, const struct denial *why, struct proto_io *io)
{
	return pg3_refuse(state, why, io);
}

static int notice(void *state, const struct denial *what, struct proto_io *io)
{
	return pg3_notice(state, what, io);
}

static bool is_between(const void *state)
{
	const struct pg3 *pg = state;

	return pg->client == CLIENT_OPEN && pg->server == SERVER_OPEN && pg->transaction == 'I' &&
	       pg->queue.count == 0 && !pg->piped && pg->copy == COPY_NONE;
}

static bool cancel_key(const void *state, uint32_t *pid, struct span *secret)
{
	const struct pg3 *pg = state;

	if (!pg->key_known)
		return false;
	*pid = pg->key_pid;
	*secret = span_of(pg->key_secret, sizeof(pg->key_secret));
	return true;
}

const struct proto_ops postgres_ops = {
	.name = "postgres",
	.alpn = "postgresql",
	.state_size = sizeof(struct pg3),
	.init = init,
	.fini = fini,
	.feed = feed,
	.row_ahead = pg3_result_row_ahead,
	.is_direct_tls = is_direct_tls,
	.client_secured = client_secured,
	.login_forget = login_forget,
	.trim = trim,
	.upstream_start = upstream_start,
	.upstream_secured = upstream_secured,
	.forward = forward,
	.deny = deny,
	.refuse = refuse,
	.notice = notice,
	.is_between = is_between,
	.cancel_key = cancel_key,
	.type_name = pg3_message_name,
};
