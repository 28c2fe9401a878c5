// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A scripted conversation through the protocol, with the tests in the relay's place.
//
// Whatever is fed is fed byte by byte first: every prefix must ask for more and do nothing.

#pragma once

#include "dataplane/proto/proto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct talk {
	struct blocks *blocks;
	struct proto_config config;
	struct proto_upstream upstream;
	const struct proto_ops *ops;
	void *state;
	struct buf to_client, to_server;
	struct proto_io io;
	struct proto_msg msg;       // of the last feed
	struct parse_result result; // of the last feed
	bool flushed;               // the last thing the server got is our Flush
	uint8_t *input[2];          // what was fed last, per leg, in a block of its own size
};

// For cmocka's setup and teardown; teardown finds every block given back.
int talk_setup(void **state);
int talk_teardown(void **state);
// As talk_setup, and both sides logged in without proof; results are described.
int talk_setup_open(void **state);
// Start anew with the limits in t->config.
void talk_restart(struct talk *t);
void talk_open(struct talk *t);
// Begin anew, with a login after which no descriptions are asked for.
void talk_reopen_undescribed(struct talk *t);

// Bytes by a format: b byte, h 16 bits, i 32 bits, s string with its NUL, r bytes (size_t,
// pointer). The span lives until teardown.
struct span pack(const char *format, ...);
// The same as a message with type and length.
struct span say(char type, const char *format, ...);
// Two spans as one.
struct span join(struct span a, struct span b);

enum parse_status feed(struct talk *t, enum leg from, struct span in);
// feed, DONE, of that kind, all of it.
void feed_kind(struct talk *t, enum leg from, struct span in, enum proto_kind kind);
void feed_bad(struct talk *t, enum leg from, struct span in, enum proto_bad bad);

// What went to that leg since, exactly; nothing is left then.
void expect_sent(struct talk *t, enum leg to, struct span bytes);
void expect_silence(struct talk *t);

// The client says `m`; it is a command (or another message) and arrives at the server as it is.
void client_passes(struct talk *t, struct span m);
// The server says `m`; it arrives at the client as it is.
void server_passes(struct talk *t, struct span m);
// It is swallowed: nothing goes anywhere.
void client_swallowed(struct talk *t, struct span m);
void server_swallowed(struct talk *t, struct span m);
// The client has to wait; a Flush goes to the server.
void client_waits(struct talk *t, struct span m);
// The command is denied: not it but `poison` goes to the server.
void client_denied(struct talk *t, struct span m);
// The server's error for it comes out as ours.
void server_denies(struct talk *t);

// Messages by name.
#define QUERY(text)                say('Q', "s", text)
#define PARSE(name, text)          say('P', "ssh", name, text, 0)
#define BIND(portal, name)         say('B', "sshhh", portal, name, 0, 0, 0)
#define EXECUTE(portal)            say('E', "si", portal, 0)
#define DESCRIBE(kind, name)       say('D', "bs", kind, name)
#define CLOSE(kind, name)          say('C', "bs", kind, name)
#define SYNC                       say('S', "")
#define FLUSH                      say('H', "")
#define PARSE_COMPLETE             say('1', "")
#define BIND_COMPLETE              say('2', "")
#define CLOSE_COMPLETE             say('3', "")
#define NO_DATA                    say('n', "")
#define COMPLETE(tag)              say('C', "s", tag)
#define READY(status)              say('Z', "b", status)
#define ERROR_OF(code)             say('E', "bsbsbsb", 'S', "ERROR", 'C', code, 'M', "no", 0)
#define ROW1(text)                 say('D', "hir", 1, (int)strlen(text), strlen(text), text)
// One column: name, relation, attribute, text.
#define COLUMN1(name, oid, attnum) say('T', "hsihihih", 1, name, oid, attnum, 25, -1, -1, 0)
