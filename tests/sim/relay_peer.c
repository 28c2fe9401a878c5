// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/sim/relay_peer.h"

#include <stdarg.h>
#include <stdlib.h>

enum { PEER_BUF = 64 << 20, CUT_PAUSE_US = 2500 };

static void need(int result)
{
	if (result != 0)
		abort(); // the heap's limit: a test that runs away
}

void peer_init(struct peer *peer, struct cutting cutting, uint64_t seed)
{
	*peer = (struct peer){.cutting = cutting, .rng = rng_of(seed), .in_max = PEER_BUF};
	buf_init(&peer->in, NULL, PEER_BUF);
	buf_init(&peer->out, NULL, PEER_BUF);
	buf_init(&peer->wire, NULL, PEER_BUF);
}

void peer_fini(struct peer *peer)
{
	if (peer->conn != NULL)
		tcp_release(peer->conn);
	peer->conn = NULL;
	tls_free(peer->tls);
	peer->tls = NULL;
	buf_fini(&peer->in);
	buf_fini(&peer->out);
	buf_fini(&peer->wire);
}

void peer_event(struct peer *peer, uint32_t events)
{
	if ((events & (TCP_EV_CONNECTED | TCP_EV_ACCEPTED)) != 0)
		peer->connected = true;
	if ((events & TCP_EV_CLOSED) != 0 && tcp_conn_error(peer->conn) != 0)
		peer->reset = true;
}

void peer_secure(struct peer *peer, struct tls *tls)
{
	size_t used;
	peer->tls = tls;
	need(tls_open(tls, (struct span){0}, &used, &peer->in, 0, &peer->wire));
}

bool peer_is_flushed(const struct peer *peer)
{
	return buf_len(&peer->out) == 0 && buf_len(&peer->wire) == 0;
}

static void take(struct peer *peer)
{
	while (buf_len(&peer->in) < peer->in_max && !peer->eof) {
		struct span bytes = tcp_peek(peer->conn);
		size_t used = bytes.n, before = buf_len(&peer->in);
		if (bytes.n == 0 && (peer->tls == NULL || !tls_has_plain(peer->tls)))
			break;
		bytes = span_first(bytes, peer->in_max - before);
		used = bytes.n;
		int r = peer->tls == NULL ? buf_append(&peer->in, bytes)
					  : tls_open(
						    peer->tls, bytes, &used, &peer->in,
						    peer->in_max - before, &peer->wire
					    );
		tcp_consume(peer->conn, used);
		if (r != 0)
			peer->eof = true;
		if (used == 0 && buf_len(&peer->in) == before)
			break;
	}
	if (tcp_peek(peer->conn).n == 0 && tcp_conn_fin_received(peer->conn) &&
	    (peer->tls == NULL || !tls_has_plain(peer->tls)))
		peer->eof = true;
}

// How much of `out` goes next.
static size_t piece(struct peer *peer, uint64_t now_us)
{
	size_t n = buf_len(&peer->out);
	switch (peer->cutting.cut) {
	case CUT_NONE:
		break;
	case CUT_RANDOM:
		if (n > 0)
			peer->pause_us = now_us + rng_below(&peer->rng, 3) * 1000;
		if (n > peer->cutting.at)
			n = 1 + rng_below(&peer->rng, (uint32_t)peer->cutting.at);
		break;
	case CUT_AT:
		if (peer->sent < peer->cutting.at && peer->sent + n >= peer->cutting.at) {
			n = peer->cutting.at - peer->sent;
			peer->pause_us = now_us + CUT_PAUSE_US;
		}
		break;
	}
	return n;
}

static void push(struct peer *peer)
{
	size_t n = tcp_send(peer->conn, buf_span(&peer->wire));
	buf_consume(&peer->wire, n);
}

void peer_move(struct peer *peer, uint64_t now_us)
{
	if (peer->conn == NULL || !peer->connected)
		return;
	take(peer);
	push(peer);
	if (now_us < peer->pause_us || buf_len(&peer->out) == 0 || buf_len(&peer->wire) > 0 ||
	    peer->shut || peer->reset)
		return;
	if (peer->tls != NULL && !tls_is_established(peer->tls))
		return;
	size_t n = piece(peer, now_us), used = n;
	struct span bytes = span_first(buf_span(&peer->out), n < 256 << 10 ? n : 256 << 10);
	if (peer->tls == NULL)
		used = tcp_send(peer->conn, bytes);
	else if (tls_seal(peer->tls, bytes, &used, &peer->wire) != 0)
		return;
	buf_consume(&peer->out, used);
	peer->sent += used;
	push(peer);
}

void say(struct buf *out, char type, const char *format, ...)
{
	va_list args;
	size_t start = buf_len(out) + (type != 0);
	if (type != 0)
		need(buf_append_u8(out, (uint8_t)type));
	need(buf_append_be32(out, 0));
	va_start(args, format);
	for (const char *f = format; *f != '\0'; f++) {
		size_t n;
		const char *text;
		switch (*f) {
		case 'b':
			need(buf_append_u8(out, (uint8_t)va_arg(args, int)));
			break;
		case 'h':
			need(buf_append_be16(out, (uint16_t)va_arg(args, int)));
			break;
		case 'i':
			need(buf_append_be32(out, (uint32_t)va_arg(args, int)));
			break;
		case 's':
			text = va_arg(args, const char *);
			need(buf_append(out, span_of(text, strlen(text) + 1)));
			break;
		case 'r':
			n = va_arg(args, size_t);
			need(buf_append(out, span_of(va_arg(args, const void *), n)));
			break;
		default:
			abort();
		}
	}
	va_end(args);
	uint32_t len = (uint32_t)(buf_len(out) - start);
	uint8_t *at = out->data + out->head + start;
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(len >> (24 - 8 * i));
}

size_t message_len(struct span in, bool typed)
{
	size_t head = typed ? 1 : 0, len = 0;
	if (in.n < head + 4)
		return 0;
	for (unsigned i = 0; i < 4; i++)
		len = len << 8 | in.p[head + i];
	return len + head <= in.n ? len + head : 0;
}

bool span_holds(struct span in, const char *text)
{
	return in.n > 0 && memmem(in.p, in.n, text, strlen(text)) != NULL;
}
