// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "bench/load/backend.h"

#include "bench/welcome.h"
#include "dataplane/base/cursor.h"

#include <stdlib.h>

enum { TLS_HANDSHAKE = 22, STARTUP_SHOWN = 8 };

static bool over(struct backend *backend)
{
	link_fini(&backend->link, false);
	free(backend);
	return false;
}

static bool say(struct backend *backend, const struct script *script)
{
	player_start(&backend->player, script);
	return player_go(&backend->player, &backend->link) || over(backend);
}

static bool say_text(struct backend *backend, struct span text)
{
	return link_send(&backend->link, text) || over(backend);
}

static bool query(struct backend *backend, struct span text)
{
	struct rows rows;

	if (!rows_parse(text, &rows))
		return say_text(backend, SPAN_LIT("C\0\0\0\10SET\0Z\0\0\0\5I"));
	if (text.n > 4 && memcmp(text.p, "COPY", 4) == 0)
		return say_text(backend, SPAN_LIT("G\0\0\0\11\0\0\1\0\0"));
	return say(backend, script_answer(&rows, false));
}

// Parse comes with a Sync of its own; the others come together.
static bool prepare(struct backend *backend, struct span body)
{
	struct rows rows;

	if (memchr(body.p, 0, body.n) == NULL)
		return over(backend);
	body = span_from(body, strlen((const char *)body.p) + 1);
	if (!rows_parse(body, &rows))
		return over(backend);
	backend->prepared = script_answer(&rows, true);
	return say_text(backend, SPAN_LIT("1\0\0\0\4Z\0\0\0\5I"));
}

static bool understand(struct backend *backend)
{
	struct span body;

	for (;;) {
		struct buf *plain = &backend->link.plain;
		int type = messages_next(&backend->messages, plain, "QPBcX", &body);
		bool lives = true;
		switch (type) {
		case 0:
			return true;
		case 'Q':
			lives = query(backend, body);
			break;
		case 'P':
			lives = prepare(backend, body);
			break;
		case 'B':
			lives = backend->prepared != NULL ? say(backend, backend->prepared)
							  : over(backend);
			break;
		case 'c':
			lives = say_text(backend, SPAN_LIT("C\0\0\0\13COPY 1\0Z\0\0\0\5I"));
			break;
		default: // Terminate, or no message
			return over(backend);
		}
		if (!lives)
			return false;
	}
}

static bool secure(struct backend *backend)
{
	if (backend->load->server != NULL)
		backend->link.tls = tls_accept(backend->load->server);
	return backend->link.tls != NULL;
}

// What comes before typed messages: TLS, SSLRequest or the startup message. Out: *wait, when more
// bytes are needed.
static bool start(struct backend *backend, bool *wait)
{
	struct buf *plain = &backend->link.plain;
	struct cursor c = cursor_of(buf_span(plain));
	uint32_t len = cursor_be32(&c), version = cursor_be32(&c);

	*wait = c.bad || (len > STARTUP_SHOWN && len > buf_len(plain));
	if (*wait)
		return true;
	if (len == STARTUP_SHOWN) { // SSLRequest
		buf_consume(plain, len);
		bool can = backend->load->server != NULL;
		if (!link_send(&backend->link, can ? SPAN_LIT("S") : SPAN_LIT("N")))
			return over(backend);
		return !can || secure(backend) || over(backend);
	}
	if (version >> 16 != 3)
		return over(backend);
	buf_consume(plain, len);
	backend->started = true;
	return say_text(backend, span_of(welcome, sizeof(welcome) - 1));
}

// Before the first byte is taken: TLS at once?
static bool is_direct(const struct backend *backend)
{
	struct span first = backend->link.conn != NULL ? tcp_peek(backend->link.conn)
						       : buf_span(&backend->link.plain);

	return !backend->started && backend->link.tls == NULL && first.n > 0 &&
	       first.p[0] == TLS_HANDSHAKE;
}

static bool take_turn(struct backend *backend)
{
	struct link *link = &backend->link;
	bool wait = false;

	if (link->conn != NULL && is_direct(backend) && !secure(backend))
		return over(backend);
	if (!link_pull(link))
		return over(backend);
	if (link->conn == NULL && is_direct(backend)) {
		// From a socket it has been read already.
		struct buf swap = link->in;
		link->in = link->plain;
		link->plain = swap;
		if (!secure(backend) || !link_pull(link))
			return over(backend);
	}
	if (!link_push(link) || !player_go(&backend->player, link))
		return over(backend);
	while (!backend->started && !wait && buf_len(&link->plain) > 0) {
		if (!start(backend, &wait))
			return false;
	}
	if (backend->started && !understand(backend))
		return false;
	return !link->eof || over(backend);
}

static bool turn(struct link *link)
{
	struct backend *backend = (struct backend *)link;
	uint64_t received;

	do {
		received = link->received;
		if (!take_turn(backend))
			return false;
	} while (link->received != received);
	if (backend->load->trims)
		link_trim(link);
	return true;
}

struct backend *backend_new(struct load *load)
{
	struct backend *backend = calloc(1, sizeof(*backend));

	if (backend == NULL)
		return NULL;
	backend->load = load;
	backend->link.turn = turn;
	return backend;
}
