// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a session has set by which its statements mean something else: search_path, say. Whoever
// approves a statement is shown all of it, and approves it with that. It is what ran, in the order
// in which it ran first; a transaction may have undone it, and so nothing is ever taken off.

#include "dataplane/relay/session.h"

enum { SETTINGS_MAX = 4096 }; // bytes; from there on the list is not complete, and says so

static bool is_noted(const struct session *s, struct span line)
{
	struct span all = buf_span(&s->settings);

	return all.n > 0 && memmem(all.p, all.n, line.p, line.n) != NULL;
}

// One line for each, from its line feed to the next: what is escaped has none.
static void note(struct relay *relay, struct session *s, struct span text)
{
	static const struct span start = SPAN_LIT("\n-- this session ran before: ");
	struct buf *line = &relay->text;

	if (s->settings.limit == 0)
		buf_init(&s->settings, relay->blocks, SETTINGS_MAX);
	buf_consume(line, buf_len(line));
	bool ok = buf_append(line, start) == 0 && recording_escape(line, text) &&
		  buf_append_u8(line, '\n') == 0;
	if (ok && is_noted(s, buf_span(line)))
		return;
	if (!ok || buf_append(&s->settings, buf_span(line)) != 0)
		s->settings_incomplete = true;
}

void settings_note(struct relay *relay, struct session *s, const struct proto_msg *msg)
{
	struct buf *clear = &relay->scratch, *masked = &relay->text;

	if (msg->command == PROTO_PREPARE || msg->command == PROTO_EXECUTE)
		return; // its Bind has the values
	buf_consume(masked, buf_len(masked));
	if (recording_render(relay, msg, clear, masked) != 0)
		s->settings_incomplete = true;
	else
		note(relay, s, buf_span(clear));
}

void settings_note_start(
	struct relay *relay, struct session *s, struct span name, struct span value
)
{
	struct buf *text = &relay->scratch;

	buf_consume(text, buf_len(text));
	if (buf_append(text, name) != 0 || buf_append(text, SPAN_LIT(" = ")) != 0 ||
	    buf_append(text, value) != 0)
		s->settings_incomplete = true;
	else
		note(relay, s, buf_span(text));
}

int settings_show(const struct session *s, struct buf *out)
{
	static const struct span more =
		SPAN_LIT("\n-- this session ran more settings before than are shown\n");
	int r = buf_append(out, buf_span(&s->settings));

	if (r == 0 && s->settings_incomplete)
		r = buf_append(out, more);
	return r;
}
