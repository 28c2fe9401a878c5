// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The record of a session: who, what was asked, what was decided, and the masked answers.

#include "dataplane/base/stage.h"
#include "dataplane/relay/session.h"

#include <endian.h>
#include <stdarg.h>
#include <stdio.h>

enum { VERDICT_MAX = 4096 }; // bytes of one, at most

static struct buf *fresh_text(struct relay *relay)
{
	buf_consume(&relay->text, buf_len(&relay->text));
	return &relay->text;
}

static bool put(struct buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool put(struct buf *out, const char *format, ...)
{
	va_list args;
	if (buf_reserve(out, 512) != 0)
		return false;
	va_start(args, format);
	int n = vsnprintf((char *)buf_tail(out), 512, format, args);
	va_end(args);
	if (n < 0 || n >= 512)
		return false;
	buf_commit(out, (size_t)n);
	return true;
}

// A JSON string (RFC 8259 7), with its quotes.
static bool put_json(struct buf *out, const char *text)
{
	if (buf_append_u8(out, '"') != 0)
		return false;
	for (const uint8_t *p = (const uint8_t *)text; *p != '\0'; p++) {
		bool ok;
		if (*p == '"' || *p == '\\')
			ok = put(out, "\\%c", *p);
		else if (*p < 0x20)
			ok = put(out, "\\u%04x", *p);
		else
			ok = buf_append_u8(out, *p) == 0;
		if (!ok)
			return false;
	}
	return buf_append_u8(out, '"') == 0;
}

static bool put_pair(struct buf *out, const char *key, const char *value, bool last)
{
	return put(out, "\"%s\":", key) && put_json(out, value) && put(out, "%s", last ? "" : ",");
}

static bool is_on(const struct session *s)
{
	return s->rights->right.record != RECORD_OFF;
}

static bool write_text(
	struct relay *relay, struct session *s, enum record_type type, uint8_t message, bool strict
)
{
	struct span text = buf_span(&relay->text);
	if (!record_has_room(relay->records, text.n, 1))
		return false;
	(void)record_write(relay->records, type, message, s->id, relay->now.wall_ns, strict, text);
	return true;
}

// What the record can take at once when the recorder has caught up, other sessions' share left out.
static size_t room_at_best(const struct relay *relay)
{
	return (size_t)relay->records->n_blocks * RECORD_DATA_MAX / 4 * 3;
}

static bool put_groups(struct buf *out, const struct chain_link *link, size_t most)
{
	uint16_t i;
	bool ok = put(out, "\"groups\":[");
	for (i = 0; i < link->n_groups && buf_len(out) < most && ok; i++)
		ok = put(out, "%s", i == 0 ? "" : ",") && put_json(out, link->groups[i]);
	return ok && put(out, "]%s", i < link->n_groups ? ",\"groups_cut\":true" : "");
}

static bool put_node(struct buf *out, const char *key, const struct node_id *node)
{
	return put(
		out, "\"%s\":\"%016llx%016llx\",", key, (unsigned long long)be64toh(node->w[0]),
		(unsigned long long)be64toh(node->w[1])
	);
}

// All that rules ask about a subject, so that other rules can be tried on the record later. Groups
// beyond `most` bytes are left out, and that is said.
static bool put_links(struct buf *out, const struct subject *subject, size_t most)
{
	bool ok = put(out, "\"links\":[");
	for (uint16_t i = 0; i < subject->n_links && ok; i++) {
		const struct chain_link *link = &subject->links[i];
		ok = put(out, "%s{", i == 0 ? "" : ",") && put_node(out, "node", &link->node) &&
		     put_node(out, "subject", &link->subject) &&
		     put_node(out, "token", &link->token) &&
		     put_pair(out, "kind", subject_kind_name(link->kind), false) &&
		     put_pair(out, "issuer", link->issuer, false) &&
		     put_pair(out, "key", link->key, false) &&
		     put_pair(out, "name", link->name, false) && put_groups(out, link, most) &&
		     put(out, "}");
	}
	return ok && put(out, "],");
}

static bool put_effects(struct buf *out, uint64_t effects)
{
	bool first = true;
	for (uint64_t left = effects; left != 0; left &= left - 1) {
		const char *name = effects_name(left & -left);
		if (name == NULL)
			continue;
		if (!put(out, "%s\"%s\"", first ? "" : ",", name))
			return false;
		first = false;
	}
	return true;
}

static bool put_scope(struct buf *out, const struct token_scope *scope)
{
	bool ok = put(out, "\"scope\":{\"effects\":[") && put_effects(out, scope->effects) &&
		  put(out, "],\"hold\":[") && put_effects(out, scope->hold) && put(out, "]");
	if (ok && !scope->any_resource) {
		ok = put(out, ",\"resources\":[");
		for (uint16_t i = 0; i < scope->n_resources && ok; i++)
			ok = put(out, "%s", i == 0 ? "" : ",") &&
			     put_json(out, scope->resources[i]);
		ok = ok && put(out, "]");
	}
	return ok && put(out, "},");
}

bool recording_open(struct relay *relay, struct session *s)
{
	enum { LINKS_MAX = 128 << 10 };
	size_t room = room_at_best(relay) / 2;
	char peer[ADDR_TEXT_MAX];
	struct buf *out = fresh_text(relay);
	bool ok = put(out, "{") && put_pair(out, "subject", s->subject->key, false) &&
		  put_pair(out, "name", s->subject->name, false) &&
		  put_pair(out, "issuer", s->subject->issuer, false) &&
		  put_pair(out, "chain", s->subject->chain, false) &&
		  put_pair(out, "resource", s->names->resource, false) &&
		  put_pair(out, "client", endpoint_text(&s->peer, peer), false) &&
		  put_pair(out, "database", s->names->database, false) &&
		  put_pair(out, "user", s->names->user, false) &&
		  put_pair(out, "application", s->names->application, false) &&
		  put_pair(out, "rule", session_rule(relay, s)->name, false) &&
		  put_links(out, s->subject, room < LINKS_MAX ? room : LINKS_MAX) &&
		  put_scope(out, &s->subject->scope) &&
		  put(out, "\"policy\":%u}", s->policy_version);
	return ok && write_text(relay, s, RECORD_OPEN, 0, false);
}

bool recording_close(struct relay *relay, struct session *s)
{
	struct buf *out = fresh_text(relay);
	bool ok = put(out, "{") && put_pair(out, "end", session_end_name(s->end), false) &&
		  put_pair(out, "reason", s->end_detail, false) &&
		  put(out,
		      "\"commands\":%llu,\"denied\":%llu,\"masked\":%llu,\"rows\":%llu,"
		      "\"bytes_in\":%llu,\"bytes_out\":%llu}",
		      (unsigned long long)s->commands, (unsigned long long)s->denied,
		      (unsigned long long)s->masked, (unsigned long long)s->rows,
		      (unsigned long long)s->client.bytes_in,
		      (unsigned long long)s->client.bytes_out);
	return ok && write_text(relay, s, RECORD_CLOSE, 0, false);
}

static uint64_t be_value(struct span v)
{
	uint64_t n = 0;
	for (size_t i = 0; i < v.n; i++)
		n = n << 8 | v.p[i];
	return n;
}

static bool put_hex(struct buf *out, struct span v)
{
	static const char digit[] = "0123456789abcdef";
	if (!put(out, "\\\\x") || buf_reserve(out, 2 * v.n) != 0)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		buf_tail(out)[2 * i] = (uint8_t)digit[v.p[i] >> 4];
		buf_tail(out)[2 * i + 1] = (uint8_t)digit[v.p[i] & 15];
	}
	buf_commit(out, 2 * v.n);
	return true;
}

// Escaped as COPY's text format does it: backslash, tab, newline, carriage return, NUL.
bool recording_escape(struct buf *out, struct span v)
{
	if (buf_reserve(out, 2 * v.n) != 0)
		return false;
	uint8_t *at = buf_tail(out);
	size_t n = 0;
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];
		const char *plain = "\\\t\n\r", *coded = "\\tnr";
		const char *found = c == '\0' ? NULL : strchr(plain, c);
		if (found == NULL && c != '\0') {
			at[n++] = c;
			continue;
		}
		at[n++] = '\\';
		at[n++] = c == '\0' ? '0' : (uint8_t)coded[found - plain];
	}
	buf_commit(out, n);
	return true;
}

// pg_type's own numbers (src/include/catalog/pg_type.dat of PostgreSQL)
enum pg_type {
	PG_INT8 = 20,
	PG_INT2 = 21,
	PG_INT4 = 23,
	PG_TEXT = 25,
	PG_NAME = 19,
	PG_BPCHAR = 1042,
	PG_VARCHAR = 1043,
	PG_JSON = 114,
	PG_XML = 142,
};

static bool put_value(struct buf *out, const struct proto_field *f)
{
	if (f->null)
		return put(out, "\\N");
	if (f->format == 0)
		return recording_escape(out, f->value);
	switch (f->type_oid) {
	case PG_INT2:
	case PG_INT4:
	case PG_INT8:
		if (f->value.n == 2)
			return put(out, "%d", (int16_t)be_value(f->value));
		if (f->value.n == 4)
			return put(out, "%d", (int32_t)be_value(f->value));
		if (f->value.n == 8)
			return put(out, "%lld", (long long)be_value(f->value));
		return put_hex(out, f->value);
	case PG_TEXT:
	case PG_NAME:
	case PG_BPCHAR:
	case PG_VARCHAR:
	case PG_JSON:
	case PG_XML:
		return recording_escape(out, f->value);
	default:
		return put_hex(out, f->value);
	}
}

static bool put_params(struct buf *out, const struct proto_msg *msg)
{
	for (uint32_t i = 0; i < msg->n_params; i++)
		if (!put(out, "\n-- $%u = ", i + 1) || !put_value(out, &msg->params[i]))
			return false;
	return true;
}

static bool put_verdict(
	struct relay *relay, struct buf *out, const struct effects *effects, const struct verdict *v
)
{
	const struct snapshot *snapshot = relay->snapshot;
	const char *rule = v->rule < snapshot->n_rules ? snapshot->rules[v->rule].name : "";
	return put(out, "{") && put_pair(out, "action", verdict_action_name(v->action), false) &&
	       put_pair(out, "reason", verdict_reason_name(v->reason), false) &&
	       put_pair(out, "rule", rule, false) &&
	       (v->reason != REASON_BLOCKED ||
		put_pair(out, "pattern", snapshot->pattern_names[v->pattern], false)) &&
	       (v->approval == 0 ||
		put(out, "\"approval\":\"%016llx\",", (unsigned long long)v->approval)) &&
	       put(out, "\"policy\":%u,\"effects\":[", snapshot->version) &&
	       put_effects(out, effects->kinds) && put(out, "],\"flags\":[") &&
	       put_effects(out, effects_with_flags(0, effects->flags)) && put(out, "]}");
}

int recording_render(
	const struct relay *relay, const struct proto_msg *msg, struct buf *clear,
	struct buf *masked
)
{
	const struct snapshot *snapshot = relay->snapshot;
	int r;
	buf_consume(clear, buf_len(clear));
	r = buf_append(clear, msg->statement);
	if (r == 0 && msg->command == PROTO_CALL &&
	    !put(clear, "-- function %u", msg->function_oid))
		r = ERR_LIMIT;
	if (r == 0 && !put_params(clear, msg))
		r = ERR_LIMIT;
	if (r != 0)
		return r;
	if (snapshot->entities == NULL)
		return buf_append(masked, buf_span(clear));
	return inspect_redact(
		snapshot, snapshot->workers[relay->config.worker].entity_scratch, buf_span(clear),
		masked
	);
}

enum recorded recording_verdict(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects, const struct verdict *verdict
)
{
	bool strict = s->rights->right.record == RECORD_STRICT;
	struct buf *out = fresh_text(relay);
	if (!record_has_room(relay->records, VERDICT_MAX, 2))
		return RECORD_LATER;
	return put_verdict(relay, out, effects, verdict) &&
			       write_text(relay, s, RECORD_VERDICT, msg->type, strict)
		       ? RECORDED
		       : RECORD_NEVER;
}

enum recorded recording_command(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects, const struct verdict *verdict
)
{
	size_t most = room_at_best(relay), least = msg->statement.n + VERDICT_MAX;
	bool strict = s->rights->right.record == RECORD_STRICT;
	if (!is_on(s) && verdict->action == VERDICT_FORWARD)
		return RECORDED;
	if (least > most)
		return RECORD_NEVER;
	// Before the work is done: this may be asked many times.
	if (!record_has_room(relay->records, least, 4))
		return RECORD_LATER;
	struct buf *out = fresh_text(relay);
	int r = recording_render(relay, msg, &relay->scratch, out);
	size_t need = buf_len(out) + VERDICT_MAX;
	if (r == ERR_LIMIT || need > most)
		return RECORD_NEVER;
	if (r != 0 || !record_has_room(relay->records, need, 4))
		return RECORD_LATER;
	if (!write_text(relay, s, RECORD_COMMAND, msg->type, strict))
		return RECORD_LATER; // cannot be: there is room for more
	s->rows_open = false;
	return recording_verdict(relay, s, msg, effects, verdict);
}

bool recording_has_room(struct relay *relay, const struct session *s, size_t bytes)
{
	if (s->state != SESSION_OPEN || !is_on(s))
		return true;
	// Escaping at most doubles a value, hexadecimal too; names come on top.
	size_t need = 3 * bytes + (16 << 10), most = room_at_best(relay);
	return record_has_room(relay->records, need < most ? need : most, 8);
}

static bool record_names(struct relay *relay, struct session *s, const struct proto_msg *msg)
{
	struct buf *out = fresh_text(relay);
	for (uint32_t i = 0; i < msg->n_fields; i++) {
		const struct proto_column *column = msg->fields[i].column;
		if (i > 0 && buf_append_u8(out, '\t') != 0)
			return false;
		if (column != NULL && !recording_escape(out, column->name))
			return false;
	}
	s->rows_open = true;
	return write_text(relay, s, RECORD_ANSWER, 'T', false);
}

static bool put_answer(struct relay *relay, struct session *s, const struct proto_msg *msg)
{
	if (msg->kind == PROTO_RESULT && msg->carrier == PROTO_ROW && !s->rows_open &&
	    !record_names(relay, s, msg))
		return false;
	struct buf *out = fresh_text(relay);
	for (uint32_t i = 0; i < msg->n_fields; i++)
		if ((i > 0 && buf_append_u8(out, '\t') != 0) || !put_value(out, &msg->fields[i]))
			return false;
	if (msg->completes && !recording_escape(out, msg->completion))
		return false;
	if (msg->completes || msg->carrier != PROTO_ROW)
		s->rows_open = false;
	return write_text(relay, s, RECORD_ANSWER, msg->type, false);
}

bool recording_answer(struct relay *relay, struct session *s, const struct proto_msg *msg)
{
	if (!is_on(s) || msg->carrier == PROTO_PARAMETER)
		return true;
	enum stage before = stage_enter(STAGE_RECORD);
	bool ok = put_answer(relay, s, msg);
	stage_leave(before);
	return ok;
}
