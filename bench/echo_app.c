// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The program of bench/echo, the same on either stack.

#include "bench/echo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	PERIOD = 65521,
	STRIDE = 7919, // so that a request meets a connection that no cache expects
};

// What the client says, over and over; long enough to be sent from any place in it.
static uint8_t pattern[PERIOD + ECHO_CHUNK];

void echo_need(bool good, const char *why)
{
	if (good)
		return;
	fprintf(stderr, "bench_echo: %s%s%s\n", why, errno != 0 ? ": " : "",
		errno != 0 ? strerror(errno) : "");
	exit(1);
}

void app_start(struct echo_end *end)
{
	// The server's last connections may still be closing when the next are there.
	end->n_conns = end->config->conns + (end->server ? ECHO_OPENING_MAX : 0);
	if (end->config->kind == ECHO_CONNECT)
		end->n_conns *= 2;
	end->conns = calloc(end->n_conns, sizeof(*end->conns));
	end->free = calloc(end->n_conns, sizeof(struct echo_conn *));
	echo_need(end->conns != NULL && end->free != NULL, "no memory");
	// Touched now, so that what connections cost is the stack's.
	for (uint32_t i = 0; i < end->n_conns; i++) {
		end->conns[i].fd = -1;
		end->free[end->n_free++] = &end->conns[end->n_conns - 1 - i];
	}
	uint64_t x = 88172645463325252;
	for (uint32_t i = 0; i < PERIOD; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		pattern[i] = (uint8_t)x;
	}
	for (uint32_t i = PERIOD; i < sizeof(pattern); i++)
		pattern[i] = pattern[i - PERIOD];
}

void app_stop(struct echo_end *end)
{
	free(end->conns);
	free(end->free);
}

static enum echo_phase phase_now(const struct echo_end *end)
{
	return __atomic_load_n(end->phase, __ATOMIC_RELAXED);
}

static struct echo_conn *conn_take(struct echo_end *end)
{
	if (end->n_free == 0)
		return NULL;
	struct echo_conn *conn = end->free[--end->n_free];
	*conn = (struct echo_conn){.used = true};
	return conn;
}

struct echo_conn *app_accept(struct echo_end *end)
{
	struct echo_conn *conn = conn_take(end);
	if (conn == NULL)
		return NULL;
	conn->open = true;
	end->open++;
	return conn;
}

void app_gone(struct echo_end *end, struct echo_conn *conn, bool failed)
{
	end->failed += failed;
	if (conn->open)
		end->open--;
	else
		end->opening--;
	if (conn->asked)
		end->asked--;
	free(conn->rest);
	*conn = (struct echo_conn){.fd = -1};
	end->free[end->n_free++] = conn;
}

// What there is room for of what the client owes.
static void say(struct echo_end *end, struct echo_conn *conn)
{
	while (conn->owed > 0) {
		struct span bytes = {pattern + conn->sent_at % PERIOD, conn->owed};
		size_t n = end->io->send(end, conn, span_first(bytes, ECHO_CHUNK));
		if (n == 0)
			return;
		conn->sent_at += n;
		conn->owed -= (uint32_t)n;
	}
}

static void ask(struct echo_end *end, struct echo_conn *conn)
{
	conn->asked = true;
	conn->received = 0;
	conn->owed += end->config->size;
	end->asked++;
	say(end, conn);
}

static void ask_next(struct echo_end *end)
{
	for (uint32_t i = 0; i < end->n_conns; i++) {
		struct echo_conn *conn = &end->conns[end->next_asked];
		end->next_asked = (uint32_t)(((uint64_t)end->next_asked + STRIDE) % end->n_conns);
		if (conn->open && !conn->asked) {
			ask(end, conn);
			return;
		}
	}
}

void app_opened(struct echo_end *end, struct echo_conn *conn)
{
	conn->open = true;
	end->open++;
	end->opening--;
	if (end->config->kind == ECHO_CONNECT)
		ask(end, conn);
}

static void answered(struct echo_end *end, struct echo_conn *conn)
{
	conn->asked = false;
	end->asked--;
	end->done++;
	if (end->config->kind == ECHO_REQUEST && phase_now(end) == ECHO_RUNNING)
		ask_next(end);
}

static size_t client_data(struct echo_end *end, struct echo_conn *conn, struct span bytes)
{
	bytes = span_first(bytes, ECHO_CHUNK);
	if (end->config->verify)
		echo_need(
			memcmp(bytes.p, pattern + conn->received_at % PERIOD, bytes.n) == 0,
			"what came back is not what was sent"
		);
	conn->received_at += bytes.n;
	end->bytes += bytes.n;
	if (end->config->kind == ECHO_BULK) {
		if (phase_now(end) == ECHO_RUNNING) {
			conn->owed += (uint32_t)bytes.n;
			say(end, conn);
		}
		return bytes.n;
	}
	conn->received += (uint32_t)bytes.n;
	echo_need(conn->asked && conn->received <= end->config->size, "an answer too long");
	if (conn->received == end->config->size)
		answered(end, conn);
	return bytes.n;
}

size_t app_data(struct echo_end *end, struct echo_conn *conn, struct span bytes)
{
	if (!end->server)
		return client_data(end, conn, bytes);
	size_t n = end->io->send(end, conn, bytes);
	conn->received += (uint32_t)n;
	end->bytes += n;
	if (end->config->kind == ECHO_CONNECT && conn->received == end->config->size) {
		end->done++;
		end->io->close(end, conn);
	}
	return n;
}

void app_room(struct echo_end *end, struct echo_conn *conn)
{
	if (!end->server)
		say(end, conn);
}

void app_fin(struct echo_end *end, struct echo_conn *conn)
{
	end->io->close(end, conn);
}

static void open_more(struct echo_end *end)
{
	const struct echo_config *config = end->config;

	while (end->open + end->opening < config->conns && end->opening < ECHO_OPENING_MAX) {
		struct echo_conn *conn = conn_take(end);
		if (conn == NULL)
			return;
		end->opening++;
		if (!end->io->connect(end, conn, end->next_open)) {
			app_gone(end, conn, false);
			return;
		}
		end->next_open++;
	}
}

static void run(struct echo_end *end)
{
	const struct echo_config *config = end->config;

	if (config->kind == ECHO_CONNECT)
		open_more(end);
	if (config->kind == ECHO_REQUEST && end->asked < config->in_flight) {
		for (uint32_t n = config->in_flight - end->asked; n > 0; n--)
			ask_next(end);
	}
	if (config->kind == ECHO_BULK && end->asked < config->conns) {
		for (uint32_t i = 0; i < end->n_conns; i++) {
			if (end->conns[i].open && !end->conns[i].asked)
				ask(end, &end->conns[i]);
		}
	}
}

// Those with an answer under way end when it is there.
static void close_some(struct echo_end *end)
{
	const struct echo_config *config = end->config;

	for (uint32_t i = 0; i < ECHO_CLOSING_MAX && end->open > 0; i++) {
		struct echo_conn *conn = &end->conns[end->next_closed];
		end->next_closed = (end->next_closed + 1) % end->n_conns;
		bool whole = config->kind == ECHO_BULK ? conn->received_at == conn->sent_at
						       : !conn->asked;
		if (conn->used && conn->open && whole && config->kind != ECHO_CONNECT)
			end->io->close(end, conn);
	}
}

void app_turn(struct echo_end *end)
{
	if (end->server)
		return;
	switch (phase_now(end)) {
	case ECHO_OPENING:
		if (end->config->kind != ECHO_CONNECT)
			open_more(end);
		break;
	case ECHO_RUNNING:
		run(end);
		break;
	case ECHO_CLOSING:
		close_some(end);
		break;
	case ECHO_OVER:
		break;
	}
}
