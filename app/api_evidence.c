// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Recordings and the audit log, read from the files. These run on a thread of their own and use
// nothing of struct control but what never changes, and the index, which is thread-safe.

#include "app/api.h"
#include "controlplane/audit/tail.h"
#include "controlplane/audit/verify.h"
#include "controlplane/recorder/json.h"
#include "controlplane/recorder/replay.h"

#include <errno.h>
#include <stdio.h>

enum {
	TEXT_MAX = 64 << 10, // of a message; more is cut
	PAGE_MAX = 4 << 20,  // of all texts of an answer
	FINDINGS_MAX = 1000,
};

// ---- recordings

struct recording {
	json_t *events;
	uint64_t skip, n; // events before the page; events so far
	unsigned limit;
	size_t bytes;
	bool more;
};

static const char *type_text(enum record_type type)
{
	switch (type) {
	case RECORD_OPEN:
		return "open";
	case RECORD_COMMAND:
		return "command";
	case RECORD_VERDICT:
		return "verdict";
	case RECORD_ANSWER:
		return "answer";
	case RECORD_CLOSE:
		break;
	}
	return "close";
}

static json_t *event_json(const struct replay_message *message, uint64_t n)
{
	bool is_text = message->type == RECORD_COMMAND || message->type == RECORD_ANSWER;
	char letter[2] = {(char)message->message, '\0'};
	json_t *event = json_pack(
		"{s:I, s:I, s:s, s:b}", "n", (json_int_t)n, "t_ns", (json_int_t)message->time_ns,
		"type", type_text(message->type), "strict", message->strict
	);

	if (!is_text) {
		json_object_set_new(event, "data", json_of_record(message->text));
		return event;
	}
	struct span text = message->text;
	bool cut = text.n > TEXT_MAX;
	if (cut)
		text = json_cut(text, TEXT_MAX);
	if (letter[0] > ' ' && letter[0] < 0x7f)
		json_object_set_new(event, "message", json_string(letter));
	json_object_set_new(event, "text", json_text(text));
	json_object_set_new(event, "cut", json_boolean(cut));
	return event;
}

static bool add_event(void *context, const struct replay_message *message)
{
	struct recording *recording = context;
	uint64_t n = recording->n++;

	if (n < recording->skip)
		return true;
	if (json_array_size(recording->events) == recording->limit || recording->bytes > PAGE_MAX) {
		recording->more = true;
		return false;
	}
	recording->bytes += message->text.n < TEXT_MAX ? message->text.n : TEXT_MAX;
	return json_array_append_new(recording->events, event_json(message, n)) == 0;
}

static int on_recording(void *context, struct admin_call *call, json_t **out, char *why)
{
	struct control *control = context;
	struct recording recording = {
		.skip = (uint64_t)call->page.cursor,
		.limit = call->page.limit};
	struct replay_end end;
	struct session_row row;

	int r = index_get(control->index, call->id, &row);
	if (r == -ENOENT)
		snprintf(why, ADMIN_WHY, "there is no session %.32s", call->id);
	if (r != 0)
		return r;
	recording.events = json_array();
	if (recording.events == NULL)
		return -ENOMEM;
	r = replay_session(
		control->state, call->id, row.first_segment, call->stop, add_event, &recording, &end
	);
	if (r != 0) {
		json_decref(recording.events);
		return r;
	}
	size_t n = json_array_size(recording.events);
	*out = json_pack(
		"{s:o, s:o}", "events", recording.events, "next",
		recording.more ? json_integer((json_int_t)(recording.skip + n)) : json_null()
	);
	if (*out != NULL && end.damaged[0] != '\0')
		json_object_set_new(*out, "damaged", json_string(end.damaged));
	return *out == NULL ? -ENOMEM : 0;
}

// ---- the audit log

static int on_audit(void *context, struct admin_call *call, json_t **out, char *)
{
	const struct control *control = context;
	const char *type = call->page.type[0] == '\0' ? NULL : call->page.type;
	json_t *lines;
	uint64_t next;

	int r = audit_tail(
		control->state, call->page.limit, (uint64_t)call->page.cursor, type, call->stop,
		&lines, &next
	);
	if (r != 0)
		return r;
	*out = json_pack(
		"{s:o, s:o}", "lines", lines, "next",
		next == 0 ? json_null() : json_integer((json_int_t)next)
	);
	return *out == NULL ? -ENOMEM : 0;
}

static void add_finding(void *context, enum audit_finding finding, uint64_t line, const char *text)
{
	if (json_array_size(context) < FINDINGS_MAX)
		json_array_append_new(
			context, json_pack(
					 "{s:b, s:I, s:o}", "fault", finding == AUDIT_FAULT, "line",
					 (json_int_t)line, "text", audit_string(span_str(text))
				 )
		);
}

static int on_verify(void *context, struct admin_call *call, json_t **out, char *)
{
	const struct control *control = context;
	const struct audit_watch watch = {.stop = call->stop};
	struct audit_report report;
	json_t *findings = json_array();

	if (findings == NULL)
		return -ENOMEM;
	int r = audit_verify(control->state, NULL, &watch, add_finding, findings, &report);
	if (r != 0) {
		json_decref(findings);
		return r;
	}
	*out = json_pack(
		"{s:I, s:I, s:I, s:I, s:b, s:o}", "lines", (json_int_t)report.lines, "segments",
		(json_int_t)report.segments, "faults", (json_int_t)report.faults, "notes",
		(json_int_t)report.notes, "cut", report.faults + report.notes > FINDINGS_MAX,
		"findings", findings
	);
	return *out == NULL ? -ENOMEM : 0;
}

void api_evidence(struct admin_ops *ops)
{
	ops->recording = on_recording;
	ops->audit = on_audit;
	ops->verify = on_verify;
}
