// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The index of recorded sessions, in SQLite: <state>/bulkhead.db. Everything in it comes from the
// segments and can be built from them again. Thread-safe.

#pragma once

#include "controlplane/recorder/segment.h"

#include <jansson.h>

struct session_index;

struct session_row {
	int64_t n; // place in the listing; set by the index
	char id[SESSION_NAME_SIZE];
	uint64_t epoch;
	session_id session;
	uint64_t opened_ns, closed_ns; // closed_ns 0: it lives
	char issuer[64], subject[256], name[128], chain[512], resource[64], client[64];
	char database[64], user[64], application[64], rule[64];
	char end[32], reason[128]; // closed: why
	uint64_t policy, commands, denied, masked, rows, bytes_in, bytes_out;
	uint64_t first_segment; // 0: not recorded
};

struct session_query {
	unsigned limit;                 // rows at most
	int64_t before;                 // only rows with a smaller n; 0: from the newest on
	bool live;                      // only sessions that are open
	const char *subject, *resource; // exactly; NULL: any
};

// Open the index under `state`, create it when there is none. One that is damaged is moved aside
// to bulkhead.db.damaged and a new one begun. Out: *out, owned by the caller. Returns 0, -ENOMEM,
// -EIO.
int index_open(const char *state, struct session_index **out) must_check;
// For readers of a gateway that may be stopped: in memory, built from the segments under `state`
// without writing there. Returns as index_open, or what segment_list returns.
int index_build(const char *state, struct session_index **out) must_check;
// Accepts NULL.
void index_close(struct session_index *index);

// A session began or ended, as EVENT_OPENED and EVENT_CLOSED or the records say. Either may come
// first or twice: what is known is kept. Only n is ignored. Returns 0 or -EIO.
int index_session_put(struct session_index *index, const struct session_row *row) must_check;

// Take a whole RECORD_OPEN or RECORD_CLOSE; other records are ignored. `data` is the joined
// message. Returns 0 or -EIO.
int index_record(
	struct session_index *index, const struct segment_header *segment,
	const struct segment_record *record, struct span data
) must_check;

// Take all that a segment file holds; what is torn or damaged at its end is left out. Returns 0,
// -EIO, or as segment_open.
int index_segment(struct session_index *index, const char *path) must_check;
// Has all of segment `seq` been taken? A sealed one is marked so once.
bool index_has_segment(struct session_index *index, uint64_t seq);
int index_segment_done(struct session_index *index, uint64_t seq) must_check;

// Sessions that a process before `epoch` left open are over.
int index_abandon(struct session_index *index, uint64_t epoch, uint64_t now_ns) must_check;

// Make what was put visible to other processes. Call about once a second. Returns 0 or -EIO.
int index_commit(struct session_index *index) must_check;

// Call `each` for every row that the query names, newest first, until it returns false. Returns 0
// or -EIO.
typedef bool (*index_each_fn)(void *context, const struct session_row *row);
int index_list(
	struct session_index *index, const struct session_query *query, index_each_fn each,
	void *context
) must_check;
// Out: *row. Returns 0, -ENOENT or -EIO.
int index_get(struct session_index *index, const char *id, struct session_row *row) must_check;

// The row as the admin API and bulkheadctl show it; NULL when memory is short.
json_t *index_row_json(const struct session_row *row) must_check;
