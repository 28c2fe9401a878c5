// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/relay/leg.h"

#include "dataplane/base/stage.h"

void leg_init(struct leg_io *leg, struct blocks *blocks, size_t plain_max, size_t out_max)
{
	*leg = (struct leg_io){0};
	buf_init(&leg->plain, blocks, plain_max);
	buf_init(&leg->out, blocks, out_max);
	buf_init(&leg->wire, blocks, LEG_WIRE_MAX);
}

void leg_fini(struct leg_io *leg)
{
	if (leg->conn != NULL)
		tcp_release(leg->conn);
	leg->conn = NULL;
	tls_free(leg->tls);
	leg->tls = NULL;
	buf_fini(&leg->plain);
	buf_fini(&leg->out);
	buf_fini(&leg->wire);
}

static void consume(struct leg_io *leg, size_t n)
{
	enum stage before = stage_enter(STAGE_INPUT);

	tcp_consume(leg->conn, n);
	stage_leave(before);
}

static int pull_clear(struct leg_io *leg, struct span in)
{
	int r = buf_append(&leg->plain, in);
	if (r != 0)
		return r;
	consume(leg, in.n);
	leg->bytes_in += in.n;
	return 0;
}

// How much of `plain` a record may fill. One more than is asked for: it would have to wait in a
// block, and be copied from there.
static size_t plain_room(const struct leg_io *leg, size_t want)
{
	return want + LEG_PULL + TLS_RECORD_PLAIN - buf_len(&leg->plain);
}

// The records that are whole, from where they came in. Out: *waits, the rest of the next one is on
// its way, and has room where it comes in.
static int pull_records(struct leg_io *leg, size_t want, bool *waits)
{
	*waits = false;
	while (buf_len(&leg->plain) < want + LEG_PULL) {
		struct span parts[TLS_PARTS_MAX];
		struct tls_opened opened;
		size_t n = tcp_peek_parts(leg->conn, parts, TLS_PARTS_MAX);
		enum stage before = stage_enter(STAGE_OPEN);
		int r = tls_open_parts(
			leg->tls, parts, n, &opened, &leg->plain, plain_room(leg, want), &leg->wire
		);
		stage_leave(before);
		if (opened.used > 0)
			consume(leg, opened.used);
		leg->bytes_in += opened.used;
		if (r == 0 && opened.used > 0)
			continue;
		// Of more parts than these it may be that all is here, and nothing comes that
		// tells.
		*waits = opened.missing > 0 && n < TLS_PARTS_MAX &&
			 tcp_may_receive(leg->conn, opened.missing);
		return r;
	}
	return 0;
}

// Out: *moved, false when TLS needs more than there is.
static int pull_tls(struct leg_io *leg, size_t want, bool *moved)
{
	size_t used = 0, before = buf_len(&leg->plain);
	uint64_t bytes_in = leg->bytes_in;
	bool shakes = !tls_is_established(leg->tls), waits;
	int r = pull_records(leg, want, &waits);
	struct span in = tcp_peek(leg->conn);
	if (r == 0 && !waits && buf_len(&leg->plain) < want + LEG_PULL &&
	    (in.n > 0 || tls_has_plain(leg->tls))) {
		enum stage stage = stage_enter(shakes ? STAGE_HANDSHAKE : STAGE_OPEN);
		r = tls_open(leg->tls, in, &used, &leg->plain, plain_room(leg, want), &leg->wire);
		stage_leave(stage);
		if (used > 0)
			consume(leg, used);
		leg->bytes_in += used;
	}
	*moved = leg->bytes_in > bytes_in || buf_len(&leg->plain) > before;
	if (r != ERR_CLOSED)
		return r;
	leg->eof = true; // close_notify; what may follow it on the wire is nobody's
	*moved = false;
	return 0;
}

// The rest of a large message gets its exact place, where doubling would take nearly twice of it;
// but only when a quarter of it is here: a length alone must not cost what it promises.
static int reserve_rest(struct leg_io *leg, size_t want)
{
	size_t len = buf_len(&leg->plain);

	if (want <= LEG_PULL || len >= want || len < want / 4)
		return 0;
	return buf_reserve(&leg->plain, want + LEG_PULL - len);
}

int leg_pull(struct leg_io *leg, size_t want)
{
	if (leg->conn == NULL)
		return 0;
	size_t before = buf_len(&leg->plain);
	int reserved = reserve_rest(leg, want);
	if (reserved != 0)
		return reserved;
	while (!leg->eof && buf_len(&leg->plain) < want + LEG_PULL) {
		struct span in = tcp_peek(leg->conn);
		bool moved = true;
		int r;
		if (in.n == 0 && (leg->tls == NULL || !tls_has_plain(leg->tls)))
			break;
		if (leg->tls != NULL)
			r = pull_tls(leg, want, &moved);
		else
			r = pull_clear(leg, span_first(in, want + LEG_PULL - buf_len(&leg->plain)));
		if (r != 0)
			return r;
		if (!moved)
			break;
	}
	if (leg->eof || tcp_peek(leg->conn).n > 0)
		return 0;
	if (leg->tls != NULL && tls_has_plain(leg->tls))
		return 0;
	// What came before the reset is still handed out; half a message of it is no use.
	if (tcp_conn_error(leg->conn) != 0 && buf_len(&leg->plain) == before)
		return tcp_conn_error(leg->conn);
	if (tcp_conn_fin_received(leg->conn))
		leg->eof = true;
	return 0;
}

// A wish: nothing is said when there is no memory, or a limit is in the way.
static void make_room(struct buf *buf, size_t n)
{
	if (n <= buf_room(buf) && buf_reserve(buf, n) != 0)
		return;
}

void leg_expect(struct leg_io *leg, size_t n)
{
	make_room(&leg->out, n < LEG_EXPECT_MAX ? n : LEG_EXPECT_MAX);
}

static void send_some(struct leg_io *leg, struct buf *from)
{
	enum stage before = stage_enter(STAGE_OUTPUT);
	size_t n = tcp_send(leg->conn, buf_span(from));
	stage_leave(before);
	buf_consume(from, n);
	leg->bytes_out += n;
}

int leg_push(struct leg_io *leg)
{
	if (leg->conn == NULL)
		return 0;
	if (buf_len(&leg->wire) > 0)
		send_some(leg, &leg->wire);
	while (buf_len(&leg->out) > 0 && buf_len(&leg->wire) == 0) {
		if (leg->tls == NULL) {
			size_t before = buf_len(&leg->out);
			send_some(leg, &leg->out);
			if (buf_len(&leg->out) == before)
				break;
			continue;
		}
		size_t used = 0;
		struct span next = span_first(buf_span(&leg->out), LEG_SEAL);
		enum stage before = stage_enter(STAGE_SEAL);
		if (next.n > TLS_RECORD_PLAIN)
			make_room(&leg->wire, LEG_SEAL + LEG_SEAL_OVERHEAD);
		int r = tls_seal(leg->tls, next, &used, &leg->wire);
		stage_leave(before);
		if (r != 0)
			return r;
		if (used == 0)
			break; // the handshake is not done
		buf_consume(&leg->out, used);
		send_some(leg, &leg->wire);
	}
	return 0;
}

bool leg_is_flushed(const struct leg_io *leg)
{
	return buf_len(&leg->out) == 0 && buf_len(&leg->wire) == 0;
}

size_t leg_backlog(const struct leg_io *leg)
{
	return buf_len(&leg->out) + buf_len(&leg->wire);
}

static void drop_input(struct leg_io *leg)
{
	for (size_t n = tcp_peek(leg->conn).n; n > 0; n = tcp_peek(leg->conn).n)
		tcp_consume(leg->conn, n);
}

// What is queued before a handshake is done can never go out, nor what TLS fails to seal.
static void push_last(struct leg_io *leg)
{
	bool shaking = leg->tls != NULL && !tls_is_established(leg->tls);
	int r = shaking ? ERR_TLS : leg_push(leg);
	if (r == ERR_TLS || r == ERR_CLOSED)
		buf_fini(&leg->out);
	if (buf_len(&leg->wire) > 0)
		send_some(leg, &leg->wire);
}

// Only when flushed.
static void finish(struct leg_io *leg)
{
	leg->finished = true;
	// close_notify is a courtesy: when it has no room, FIN says it alone.
	if (leg->tls != NULL && tls_is_established(leg->tls) &&
	    tls_close(leg->tls, &leg->wire) == 0)
		send_some(leg, &leg->wire);
	buf_fini(&leg->wire);
	tcp_shutdown(leg->conn);
}

static void give_back(struct leg_io *leg)
{
	tcp_release(leg->conn);
	leg->conn = NULL;
	buf_fini(&leg->out);
	buf_fini(&leg->wire);
}

bool leg_close(struct leg_io *leg)
{
	if (leg->conn == NULL)
		return true;
	drop_input(leg);
	if (!leg->finished) {
		push_last(leg);
		if (leg_is_flushed(leg))
			finish(leg);
	}
	bool done = leg->finished && tcp_conn_fin_received(leg->conn);
	if (!done && tcp_conn_error(leg->conn) == 0)
		return false;
	give_back(leg);
	return true;
}

bool leg_is_delivered(const struct leg_io *leg)
{
	return leg->conn == NULL || (leg->finished && tcp_send_pending(leg->conn) == 0);
}

bool leg_is_shut(const struct leg_io *leg)
{
	return leg->conn == NULL || tcp_conn_fin_sent(leg->conn);
}

void leg_abandon(struct leg_io *leg)
{
	if (leg->conn == NULL)
		return;
	if (!leg_is_delivered(leg))
		tcp_abort(leg->conn);
	give_back(leg);
}

void leg_trim(struct leg_io *leg)
{
	buf_trim(&leg->plain);
	buf_trim(&leg->out);
	buf_trim(&leg->wire);
}
