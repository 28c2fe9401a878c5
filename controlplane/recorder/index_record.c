// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// From records to rows of the index, and from rows to JSON.

#include "controlplane/audit/line.h"
#include "controlplane/recorder/index.h"
#include "controlplane/recorder/join.h"
#include "controlplane/recorder/json.h"

#include <stdio.h>
#include <stdlib.h>

enum { WORKERS_MAX = 256, JSON_RECORD_MAX = 256 << 10 };

static void take_text(const json_t *json, const char *key, char *to, size_t size)
{
	const char *text = json_string_value(json_object_get(json, key));

	if (text != NULL)
		snprintf(to, size, "%s", text);
}

static uint64_t take_number(const json_t *json, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(json, key));

	return n < 0 ? 0 : (uint64_t)n;
}

static void take_open(const json_t *json, struct session_row *row)
{
	take_text(json, "issuer", row->issuer, sizeof(row->issuer));
	take_text(json, "subject", row->subject, sizeof(row->subject));
	take_text(json, "name", row->name, sizeof(row->name));
	take_text(json, "chain", row->chain, sizeof(row->chain));
	take_text(json, "resource", row->resource, sizeof(row->resource));
	take_text(json, "client", row->client, sizeof(row->client));
	take_text(json, "database", row->database, sizeof(row->database));
	take_text(json, "user", row->user, sizeof(row->user));
	take_text(json, "application", row->application, sizeof(row->application));
	take_text(json, "rule", row->rule, sizeof(row->rule));
	row->policy = take_number(json, "policy");
}

static void take_close(const json_t *json, struct session_row *row)
{
	take_text(json, "end", row->end, sizeof(row->end));
	take_text(json, "reason", row->reason, sizeof(row->reason));
	row->commands = take_number(json, "commands");
	row->denied = take_number(json, "denied");
	row->masked = take_number(json, "masked");
	row->rows = take_number(json, "rows");
	row->bytes_in = take_number(json, "bytes_in");
	row->bytes_out = take_number(json, "bytes_out");
}

int index_record(
	struct session_index *index, const struct segment_header *segment,
	const struct segment_record *record, struct span data
)
{
	struct session_row row = {
		.epoch = segment->epoch,
		.session = record->session,
		.first_segment = segment->seq,
	};

	if (record->type != RECORD_OPEN && record->type != RECORD_CLOSE)
		return 0;
	segment_session_name(segment->epoch, record->session, row.id);
	json_t *json = json_of_record(data);
	if (record->type == RECORD_OPEN) {
		row.opened_ns = record->time_ns;
		take_open(json, &row);
	} else {
		row.closed_ns = record->time_ns;
		take_close(json, &row);
	}
	json_decref(json);
	return index_session_put(index, &row);
}

struct joins {
	struct join *of[WORKERS_MAX]; // made when the worker is first met
};

static struct join *join_of(struct joins *joins, uint16_t worker)
{
	if (worker >= WORKERS_MAX)
		return NULL;
	if (joins->of[worker] == NULL) {
		joins->of[worker] = malloc(sizeof(struct join));
		if (joins->of[worker] != NULL)
			join_init(joins->of[worker], JSON_RECORD_MAX);
	}
	return joins->of[worker];
}

static int frame_take(
	struct session_index *index, const struct segment_header *header, struct joins *joins,
	struct span raw
)
{
	struct cursor c = cursor_of(raw);
	struct segment_record record;
	struct span whole;
	int ret = 0;

	while (ret == 0 && cursor_left(&c) > 0 && segment_record_get(&c, &record) == 0) {
		struct join *join = join_of(joins, record.worker);
		if (join != NULL && join_add(join, &record, &whole))
			ret = index_record(index, header, &record, whole);
	}
	return ret;
}

int index_segment(struct session_index *index, const char *path)
{
	struct segment_reader *reader;
	struct joins joins = {0};
	struct span raw;

	int ret = segment_open(path, &reader);
	if (ret != 0)
		return ret;
	while (ret == 0 && segment_next(reader, &raw) == SEGMENT_FRAME)
		ret = frame_take(index, segment_reader_header(reader), &joins, raw);
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		if (joins.of[i] != NULL)
			join_fini(joins.of[i]);
		free(joins.of[i]);
	}
	segment_reader_free(reader);
	return ret;
}

static json_t *text(const char *s)
{
	return audit_string(span_str(s));
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

json_t *index_row_json(const struct session_row *row)
{
	json_t *json = json_pack(
		"{s:o,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "id", text(row->id), "n",
		(json_int_t)row->n, "subject", text(row->subject), "name", text(row->name),
		"issuer", text(row->issuer), "chain", text(row->chain), "resource",
		text(row->resource), "client", text(row->client), "database", text(row->database),
		"user", text(row->user), "application", text(row->application), "rule",
		text(row->rule), "policy", number(row->policy)
	);
	int bad = json_object_set_new(json, "opened_ns", number(row->opened_ns));
	bad |= json_object_set_new(
		json, "closed_ns", row->closed_ns == 0 ? json_null() : number(row->closed_ns)
	);
	bad |= json_object_set_new(json, "end", text(row->end));
	bad |= json_object_set_new(json, "reason", text(row->reason));
	bad |= json_object_set_new(json, "commands", number(row->commands));
	bad |= json_object_set_new(json, "denied", number(row->denied));
	bad |= json_object_set_new(json, "masked", number(row->masked));
	bad |= json_object_set_new(json, "rows", number(row->rows));
	bad |= json_object_set_new(json, "bytes_in", number(row->bytes_in));
	bad |= json_object_set_new(json, "bytes_out", number(row->bytes_out));
	bad |= json_object_set_new(json, "first_segment", number(row->first_segment));
	if (bad != 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}
