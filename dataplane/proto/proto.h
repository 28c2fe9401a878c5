// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The contract between relay/ and a protocol: bytes in, messages out; no I/O, no clock, no policy.
//
// Order of use, per session:
//   init; then, as bytes arrive, feed. What feed returns, the relay acts upon:
//   - PROTO_START_TLS     wrap the client's leg in TLS, go on feeding plaintext
//   - PROTO_LOGIN         verify the token, choose the resource, connect to it, call upstream_start
//   - PROTO_UPSTREAM_TLS  wrap the server's leg in TLS, then call upstream_secured
//   - PROTO_COMMAND       judge it, then forward or deny
//   - PROTO_RESULT        mask its fields, then forward
//   - PROTO_OTHER         forward
//   - PROTO_SWALLOW       nothing: the protocol dealt with it
//   - PROTO_CANCEL        find the session with that key and cancel there
//   - PROTO_END           the client has said good-bye: forward, then close both legs
//
// feed changes nothing that forward, deny or login_forget have not confirmed when it returns
// PROTO_COMMAND, PROTO_LOGIN or PROTO_UPSTREAM_READY: the relay may leave the bytes unconsumed and
// feed them again later (a held command). Between the feed of a command and its forward or deny
// nothing else may be fed. Every other message is fed once.
//
// BAD: feed has told the peer nothing; refuse does.

#pragma once

#include "dataplane/base/blocks.h"
#include "dataplane/base/buf.h"
#include "dataplane/base/err.h"
#include "dataplane/base/span.h"

enum leg { LEG_CLIENT, LEG_SERVER };

enum parse_status { PARSE_DONE, PARSE_MORE, PARSE_WAIT, PARSE_BAD };

// DONE: `consumed` bytes made a message. MORE: at least `needed` bytes in all must be there;
// nothing was consumed. WAIT (client only): what this message means depends on answers that the
// server still owes, or there is no room for more of them; nothing was consumed, feed it again once
// a message of the server was fed (feed has asked the server to send what it has). BAD: the peer
// broke the protocol (`proto_msg.bad` says how); the session must end.
struct parse_result {
	enum parse_status status;
	size_t consumed;
	size_t needed;
};

enum proto_kind {
	PROTO_SWALLOW,
	PROTO_START_TLS,
	PROTO_LOGIN,
	PROTO_CANCEL,
	PROTO_UPSTREAM_TLS,
	PROTO_UPSTREAM_REFUSED, // the server refused our login; msg.fields hold its error
	PROTO_UPSTREAM_READY,   // the login at the server is done; forward
	PROTO_COMMAND,
	PROTO_RESULT,
	PROTO_OTHER,
	PROTO_END,
};

// Why input was BAD: one counter each.
enum proto_bad {
	PROTO_BAD_NONE,
	PROTO_BAD_LENGTH,     // a length that is impossible or over the limit
	PROTO_BAD_MALFORMED,  // the content does not fit its format
	PROTO_BAD_TYPE,       // an unknown message type
	PROTO_BAD_ORDER,      // a message that may not come now
	PROTO_BAD_PLAINTEXT,  // the client would go on without TLS
	PROTO_BAD_BEFORE_TLS, // bytes behind the TLS request, before the handshake (CVE-2021-23222)
	PROTO_BAD_VERSION,
	PROTO_BAD_AUTHENTICATION, // a method or exchange that we do not do
	PROTO_BAD_TLS_REFUSED,    // the server refuses TLS that the policy demands
	PROTO_BAD_PARAMETER,      // a startup parameter or option that we do not take
	PROTO_BAD_LIMIT,          // too many statements or portals; or memory
	PROTO_BAD_COUNT,
};

const char *proto_bad_name(enum proto_bad bad);

enum proto_command {
	PROTO_STATEMENT, // text that runs when forwarded (Query)
	PROTO_PREPARE,   // text that is stored (Parse)
	PROTO_BIND,      // parameters for stored text
	PROTO_EXECUTE,   // stored text runs
	PROTO_CALL,      // a function by its number (FunctionCall)
};

enum proto_carrier {
	PROTO_ROW,
	PROTO_COPY,
	PROTO_ERROR,
	PROTO_NOTICE,
	PROTO_NOTIFICATION,
	PROTO_PARAMETER,
	PROTO_CALL_RESULT,
};

// Where a result column comes from. Owned by the protocol; `mask` is scratch for inspect/.
struct proto_column {
	struct span name;
	uint32_t table_oid; // 0: an expression
	uint16_t attnum;
	uint32_t type_oid;
	int32_t type_modifier;
	uint16_t format;       // 0 text, 1 binary
	uint32_t mask_version; // snapshot version for which `mask` was computed; 0: not yet
	uint32_t mask;
};

// One value. A masker points `value` elsewhere (bytes that live until forward) or sets `null`.
struct proto_field {
	struct span value;
	bool null;
	uint8_t code;                // PROTO_ERROR, PROTO_NOTICE: the field's code, else 0
	uint16_t format;             // 0 text, 1 binary
	uint32_t type_oid;           // 0: unknown
	struct proto_column *column; // NULL: not a column
};

enum proto_limit {
	PROTO_FIELDS_MAX = 1664, // MaxTupleAttributeNumber
	PROTO_PARAMS_MAX = 65535,
	PROTO_TOKEN_MAX = 16384,
	PROTO_NAME_MAX = 256,
};

struct proto_msg {
	enum proto_kind kind;
	enum proto_bad bad;
	enum leg from;
	uint8_t type;    // the protocol's own message type byte
	struct span raw; // the whole message, borrowed from the input
	// PROTO_LOGIN; the token is borrowed from the input, the rest from the state until
	// PROTO_UPSTREAM_READY is forwarded
	struct span token, user, database, application;
	bool replication;
	struct span settings; // what it wants set from the start: name NUL value NUL ...
	// PROTO_CANCEL
	uint32_t cancel_pid;
	struct span cancel_secret;
	// PROTO_COMMAND; borrowed, valid until forward or deny
	enum proto_command command;
	struct span statement; // p is NULL: unknown to us (and for PROTO_CALL)
	bool unsettled; // PROTO_STATEMENT, PROTO_PREPARE: a command before it, unanswered, may
			// change how the server reads this text; what it would do is unknown
	bool named;     // PROTO_PREPARE, PROTO_BIND: what it makes has a name, by which other
			// statements reach it
	uint32_t function_oid;
	struct span types;          // PROTO_BIND: of the parameters, as declared with the text
	struct proto_field *params; // PROTO_BIND: the values bound; PROTO_CALL: the arguments
	uint32_t n_params;
	// The relay's note on the statement: what it set before forward comes back with each later
	// message about it. A Bind inherits it from the Parse, an Execute from the Bind, results
	// from what they answer.
	uint64_t tag;
	// PROTO_RESULT; fields may be rewritten until forward
	enum proto_carrier carrier;
	struct proto_field *fields;
	uint32_t n_fields;
	// after this message the session is between transactions ('I'), inside one ('T') or inside
	// a failed one
	// ('E'); 0 for messages that do not tell
	char transaction;
	bool completes;         // the answer to one statement ends here (CommandComplete, error...)
	struct span completion; // then: the server's word for it ("SELECT 3"), or empty
};

struct proto_config {
	struct blocks *blocks; // for prepared statements, descriptions, the queue of answers
	size_t message_max;    // bytes, one message
	uint32_t statements_max, portals_max, pipeline_max;
	size_t memory_max; // bytes held for statements and portals
};

// How to log in at the server. Borrowed until PROTO_UPSTREAM_READY was forwarded.
struct proto_upstream {
	struct span user, password;
	struct span database; // empty: what the client asked for
	bool tls;             // ask for TLS and insist
	bool cancel;          // this is a connection for one CancelRequest
	uint32_t cancel_pid;
	struct span cancel_secret;
	uint8_t nonce[24]; // random, for SCRAM
	// The client is shown this secret with the server's own process id: clients compare that
	// with pg_stat_activity, pg_locks and notifications.
	uint32_t client_secret;
	bool describe; // results are masked: each needs a description, asked for if need be
	struct scram_cache *scram_cache; // of this worker, or NULL
};

// Keys derived from passwords, so that not every login at the same server pays for PBKDF2
// (milliseconds). One per worker; a few entries, the oldest goes. NULL when memory is short.
struct scram_cache *scram_cache_new(void) must_check;
void scram_cache_free(struct scram_cache *cache); // scrubs; accepts NULL

// Plaintext queues of both legs.
struct proto_io {
	struct buf *to_client;
	struct buf *to_server;
};

struct denial {
	bool fatal;          // ends the session
	char code[6];        // SQLSTATE
	const char *message; // UTF-8, what is refused and by which rule
	const char *detail;  // or NULL
	const char *hint;    // or NULL
};

// One per protocol, const, in one table (proto_find). All calls but feed return 0, ERR_LIMIT,
// ERR_POOL_EMPTY or ERR_MALFORMED (out of the order of use), which end the session.
struct proto_ops {
	const char *name;
	const char *alpn; // what a client that starts TLS at once must offer, or NULL
	size_t state_size;
	void (*init)(void *state, const struct proto_config *config); // borrowed until fini
	void (*fini)(void *state); // scrubs secrets, gives memory back; accepts a zeroed state

	// Parse one message from `in`. Out: *out. May append to `io` what the protocol answers by
	// itself.
	struct parse_result (*feed
	)(void *state, enum leg from, struct span in, struct proto_msg *out, struct proto_io *io);
	// Read the row that `in` begins with, behind `row`, which was fed last, and of the same
	// columns; nothing of the state changes, and it is fed in its turn. Out:
	// values[0..row->n_fields), empty those that are null. Returns the row's bytes; 0 when it
	// is no such row, or is not whole.
	size_t (*row_ahead)(const struct proto_msg *row, struct span in, struct span *values);
	// True while the client's leg is not yet in TLS and `in` begins with a TLS record instead
	// of a message: the client starts TLS at once (ALPN is then required).
	bool (*is_direct_tls)(const void *state, struct span in);
	// The client's leg is inside TLS from here on.
	void (*client_secured)(void *state);
	// The relay has taken the token; PROTO_LOGIN will not be fed again.
	void (*login_forget)(void *state);

	// Nothing has happened for a while: give back what is not needed until something does.
	void (*trim)(void *state);

	// The connection to the server stands.
	int (*upstream_start
	)(void *state, const struct proto_upstream *upstream, struct proto_io *io);
	// The server's leg is inside TLS. `binding`: tls-server-end-point, empty when there is
	// none.
	int (*upstream_secured)(void *state, struct span binding, struct proto_io *io);

	// Re-encode a message, as the relay left it, to the other leg.
	int (*forward)(void *state, struct proto_msg *msg, struct proto_io *io);
	// Refuse a command natively; nothing of it reaches the server; the session lives.
	int (*deny
	)(void *state, struct proto_msg *msg, const struct denial *why, struct proto_io *io);
	// A native error that ends the session, at any time (before login too), and a good-bye to
	// the server.
	int (*refuse)(void *state, const struct denial *why, struct proto_io *io);
	// Tell the client something by the way, between two messages of an open session; nothing
	// is refused by it (`fatal` does not count).
	int (*notice)(void *state, const struct denial *what, struct proto_io *io);
	// Is an open session between two transactions, with nothing under way: no answer owed, no
	// pipeline begun? To end it then undoes nothing.
	bool (*is_between)(const void *state);
	// The server's cancel key. Out: *pid, *secret (borrowed). False when there is none.
	bool (*cancel_key)(const void *state, uint32_t *pid, struct span *secret);
	// Name of a message type, for recordings and logs; never NULL.
	const char *(*type_name)(enum leg from, uint8_t type);
};

// NULL when there is no such protocol.
const struct proto_ops *proto_find(const char *name);
// The largest state_size of them all.
size_t proto_state_max(void);
