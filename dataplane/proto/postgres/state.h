// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The state of one session. Private to postgres/; nothing here is shared between sessions.
//
// The gateway sits between two ends that talk past each other: when the client names a statement,
// the server may still be working on what the client said before. What the client's word means is
// therefore kept in two parts: the tables (objects.h) hold what was said, each with its fate, and
// the queue (queue.h) holds, in order, the answers that the server owes.

#pragma once

#include "dataplane/proto/postgres/scram.h"
#include "dataplane/proto/proto.h"

enum pg3_limit {
	PG3_STARTUP_MAX = 10000,  // MAX_STARTUP_PACKET_LENGTH
	PG3_SMALL_MAX = 10000,    // PQ_SMALL_MESSAGE_LIMIT: messages that carry no data
	PG3_OBJECT_NAME_MAX = 63, // NAMEDATALEN - 1: the server cuts longer names
	PG3_FIELD_CODES_MAX = 64, // fields of one ErrorResponse
	PG3_DENIAL_MAX = 2048,
	PG3_BUCKETS = 16,
	PG3_SCRATCH_KEPT = 16 << 10, // bytes of field array kept between messages
};

enum client_phase {
	CLIENT_PLAIN,      // nothing but requests for encryption or cancellation
	CLIENT_ENCRYPTING, // 'S' is sent
	CLIENT_SECURE,     // a StartupMessage is due
	CLIENT_PASSWORD,   // the token is due
	CLIENT_ENTERING,   // the token is taken; the client has nothing to say
	CLIENT_OPEN,
	CLIENT_CLOSED,
};

enum server_phase {
	SERVER_AWAY,
	SERVER_ASKED,      // SSLRequest is sent
	SERVER_ENCRYPTING, // 'S' is here
	SERVER_LOGIN,      // authentication
	SERVER_SETUP,      // authenticated, not ready
	SERVER_OPEN,
	SERVER_CANCEL, // a CancelRequest is sent; the server only closes
};

// What a text may do to the meaning of messages behind it. Found by substring, so never missed.
enum trait {
	TRAIT_PREPARES = 1 << 0, // SQL PREPARE: names a statement that Bind can reach
	TRAIT_DECLARES = 1 << 1, // DECLARE: names a cursor that Execute can reach
	TRAIT_COPIES = 1 << 2,   // COPY FROM STDIN: the server reads on in another mode
	TRAIT_SETS = 1 << 3,     // settings that change how the server reads text
	TRAIT_REVERTS = 1 << 4,  // ends a transaction, which takes settings back
	TRAIT_COUNT = 5,
	TRAIT_ALL = (1 << 4) - 1,
};

enum copy_state {
	COPY_NONE,
	COPY_IN,
	COPY_IN_DONE, // the client has sent CopyDone or CopyFail
	COPY_OUT,
	COPY_OUT_DONE,
	COPY_BOTH,
};

struct chunk {
	uint8_t *p;
	size_t size;
};

// What RowDescription said.
struct columns {
	uint32_t refs;
	uint32_t n;
	size_t block;
	struct span raw; // the message's body, for comparison
	struct proto_column column[];
};

enum fate { FATE_PENDING, FATE_CONFIRMED };

// What statements and portals have in common. The table holds one reference while `linked`.
struct object {
	struct object *next; // same bucket, newest first
	uint32_t refs;
	enum fate fate;
	bool linked;
	bool doubtful;    // the server may have forgotten it by SQL
	uint64_t seq;     // of the message that made it
	uint64_t segment; // number of Syncs before that message
	uint64_t tag;
	size_t block;
	struct span name;
};

struct statement {
	struct object object;
	uint8_t traits;
	struct span text;
	struct span types;      // parameter types, 4 bytes each, as declared
	struct chunk described; // as the server said, once asked
	size_t n_described;
};

struct portal {
	struct object object;
	struct statement *statement; // NULL: unknown
	struct columns *columns;     // NULL: no rows, or not described
	bool asked;                  // a description is on its way
	bool described;
	uint16_t n_formats; // result formats: none, one for all, or one each
	uint16_t *formats;
};

struct table {
	struct object **bucket; // PG3_BUCKETS of them; NULL when there was never an object
	size_t block;
	uint32_t n;
};

enum answer_kind {
	ANSWER_PARSE,
	ANSWER_BIND,
	ANSWER_DESCRIBE_STATEMENT,
	ANSWER_DESCRIBE_PORTAL,
	ANSWER_EXECUTE,
	ANSWER_CLOSE,
	ANSWER_SYNC,
	ANSWER_QUERY,
	ANSWER_CALL,
};

// The text of a denial, in one block.
struct refusal {
	size_t block;
	char code[6];
	struct span message, detail, hint;
	char text[];
};

// What the server owes for one message.
struct answer {
	enum answer_kind kind;
	bool internal;   // the gateway asked; the client must not see the answer
	bool begun;      // QUERY: the server works on it
	bool failed;     // QUERY, CALL: only ReadyForQuery is left
	bool parameters; // DESCRIBE_STATEMENT: ParameterDescription is here
	bool returned;   // CALL: the result is here
	uint8_t traits;
	uint16_t format; // CALL: of the result
	uint64_t seq;
	uint64_t tag;
	struct statement *statement;
	struct portal *portal;
	struct columns *columns; // QUERY: of the result under way
	struct refusal *refusal; // the message was denied; this is the answer
	uint8_t close_kind;      // CLOSE: 'S' or 'P'
	uint8_t name_len;
	uint8_t name[PG3_OBJECT_NAME_MAX];
};

struct queue {
	struct answer *ring;
	size_t block;
	uint32_t cap, head, count;
	uint32_t traits[TRAIT_COUNT]; // entries with each
};

// What only a login needs.
struct pg3_login {
	size_t block;
	struct chunk startup; // the client's parameters as they came
	size_t startup_len;
	struct chunk settings; // of it: name NUL value NUL ..., those of `options` first
	size_t settings_len;
	struct span user, database, application;
	bool asked; // the server has asked for a proof
	bool scram_begun, scram_continued;
	bool scram_verified; // the server has proved that it knows the password too
	struct scram scram;  // during the exchange
	uint8_t binding[SCRAM_BINDING_MAX];
	size_t binding_len;
};

struct pg3 {
	const struct proto_config *config;
	size_t memory; // bytes of blocks held
	enum client_phase client;
	enum server_phase server;
	bool gss_refused, refused;
	bool replication;
	bool server_secure;

	struct pg3_login *login;               // NULL before it begins and when it is done
	const struct proto_upstream *upstream; // until then
	bool describe;                         // results are masked: each needs a description
	bool key_known;
	uint32_t key_pid;
	uint8_t key_secret[4];

	struct table statements, portals;
	struct queue queue;
	struct columns *recent; // last description, shared with the next one like it
	uint64_t seq;           // messages to the server so far
	uint64_t segment;       // Syncs to the server so far
	bool skipping;          // the server ignores everything until Sync
	bool flushed;           // a Flush of ours is the last thing the server got
	bool piped;             // a pipeline is begun: its Sync has not gone to the server
	char transaction;       // as the last ReadyForQuery said
	bool has_set;           // some text with TRAIT_SETS has gone to the server
	bool set_awaited;       // the last one is followed by a ReadyForQuery
	uint64_t set_seq;       // the last one
	uint64_t judged;        // seq of what the client's command under way refers to
	uint64_t settled_seq;   // answered by ReadyForQuery up to here

	enum copy_state copy;
	bool copy_binary, copy_begun;
	bool copy_client_done, copy_server_done; // COPY_BOTH
	struct chunk copy_rest;                  // an incomplete row
	size_t copy_rest_len;

	struct refusal *told;        // the denial that the last error stands for
	struct chunk params, fields; // scratch: the client's, the server's
};
