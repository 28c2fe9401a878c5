// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/fuzz/tls_pair.h"

#include "dataplane/base/cursor.h"
#include "tests/unit/tls/authority.h"

#include <stdlib.h>

enum pair_size {
	WIRE_LIMIT = 1 << 16,
	PLAIN_MAX = 100,
	ROUNDS = 8, // more than any handshake takes
	TALK = 'b', // the one byte that is ever sent as plaintext
};

static void need(bool ok)
{
	if (!ok)
		abort();
}

const struct tls_pair *tls_pair_get(void)
{
	static struct tls_pair pair;
	if (pair.server != NULL)
		return &pair;
	char dir[AUTHORITY_PATH], ca[AUTHORITY_PATH], chain[AUTHORITY_PATH], key[AUTHORITY_PATH];
	authority_folder_make(dir);
	struct authority *root = authority_new(dir, "ca", NULL, "EC");
	authority_issue(root, &(struct authority_leaf){"EC", "DNS:db.example"}, "db");
	struct tls_certificate certificate = {
		authority_path(root, "db", ".pem", chain),
		authority_path(root, "db", ".key", key),
	};
	struct tls_server_config server = {
		.certificates = &certificate,
		.n_certificates = 1,
		.alpn = "postgresql",
		.ticket_secret = "an example of a ticket secret",
	};
	struct tls_client_config client = {
		.verify = TLS_VERIFY_FULL,
		.ca_file = authority_path(root, "ca", ".pem", ca),
		.server_name = "db.example",
		.alpn = "postgresql",
	};
	const char *why;
	need(tls_server_new(&server, &pair.server, &why) == 0);
	need(tls_client_new(&client, &pair.client, &why) == 0);
	authority_free(root);
	authority_folder_remove(dir);
	return &pair;
}

struct target {
	struct tls *tls;
	struct buf wire;
	size_t piece;
	int result;
};

static bool is_talk(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != TALK)
			return false;
	return true;
}

static void open_once(struct target *target, struct span in, size_t *used)
{
	struct buf plain;
	buf_init(&plain, NULL, WIRE_LIMIT);
	int rc = tls_open(target->tls, in, used, &plain, PLAIN_MAX, &target->wire);
	need(*used <= in.n && buf_len(&plain) <= PLAIN_MAX);
	need(target->result == 0 || rc == target->result);
	// Nobody but the honest side can make plaintext, and only after the handshake.
	need(buf_len(&plain) == 0 || tls_is_established(target->tls));
	need(is_talk(buf_span(&plain)));
	need(in.n == 0 || *used > 0 || buf_len(&plain) > 0 || rc == ERR_LIMIT);
	// The one error that passes: make room.
	if (rc == ERR_LIMIT)
		buf_consume(&target->wire, buf_len(&target->wire));
	else
		target->result = rc;
	buf_fini(&plain);
}

static void feed(struct target *target, struct span in)
{
	while (in.n > 0 || (target->result == 0 && tls_has_plain(target->tls))) {
		size_t used;
		open_once(target, span_first(in, target->piece), &used);
		in = span_from(in, used);
	}
}

// Flip what falls into these bytes; *ahead is how far off the next change is.
static void change(struct buf *wire, struct cursor *changes, size_t *ahead)
{
	size_t at = 0;
	while (!changes->bad && *ahead < buf_len(wire) - at) {
		at += *ahead;
		wire->data[wire->head + at] ^= cursor_u8(changes);
		*ahead = cursor_be16(changes);
	}
	*ahead -= *ahead < buf_len(wire) - at ? *ahead : buf_len(wire) - at;
}

static void lead(struct target *target, struct tls *honest, struct cursor changes)
{
	struct buf wire, plain;
	buf_init(&wire, NULL, WIRE_LIMIT);
	buf_init(&plain, NULL, WIRE_LIMIT);
	size_t ahead = cursor_be16(&changes), used;
	int result = 0;
	for (int i = 0; i < ROUNDS && result == 0 && target->result == 0; i++) {
		open_once(target, (struct span){}, &used);
		result =
			tls_open(honest, buf_span(&target->wire), &used, &plain, WIRE_LIMIT, &wire);
		buf_consume(&target->wire, used);
		uint8_t talk[300];
		memset(talk, TALK, sizeof(talk));
		if (result == 0 && tls_is_established(honest))
			need(tls_seal(honest, span_of(talk, sizeof(talk)), &used, &wire) == 0);
		change(&wire, &changes, &ahead);
		feed(target, buf_span(&wire));
		buf_consume(&wire, buf_len(&wire));
	}
	buf_fini(&wire);
	buf_fini(&plain);
}

void tls_pair_run(struct tls *target, struct tls *honest, struct span input)
{
	struct cursor c = cursor_of(input);
	uint8_t how = cursor_u8(&c);
	struct target t = {.tls = target, .piece = how < 2 ? SIZE_MAX : (size_t)how >> 1};
	buf_init(&t.wire, NULL, WIRE_LIMIT);
	if (how % 2 == 1)
		feed(&t, cursor_bytes(&c, cursor_left(&c)));
	else
		lead(&t, honest, c);
	buf_fini(&t.wire);
	tls_free(target);
	tls_free(honest);
}
