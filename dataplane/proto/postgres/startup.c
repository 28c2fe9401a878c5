// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/startup.h"

#include "dataplane/base/cursor.h"
#include "dataplane/proto/postgres/auth.h"
#include "dataplane/proto/postgres/memory.h"

#include <strings.h>

static bool is_named(struct span name, const char *text)
{
	return span_equal(name, span_str(text));
}

static bool is_named_any_case(struct span name, const char *text)
{
	return name.n == strlen(text) && strncasecmp((const char *)name.p, text, name.n) == 0;
}

static bool is_protocol_option(struct span name)
{
	return name.n >= 5 && strncasecmp((const char *)name.p, "_pq_.", 5) == 0;
}

// Who acts at the server is the policy's choice.
static bool changes_identity(struct span name)
{
	return is_named_any_case(name, "role") || is_named_any_case(name, "session_authorization");
}

// Parameters of the protocol itself, which are not forwarded as they came.
static bool is_own(struct span name)
{
	return is_named(name, "user") || is_named(name, "database") || is_named(name, "options") ||
	       is_named(name, "replication");
}

// The next word of command line options as the server's pg_split_opts reads it, decoded in place:
// at most as long as its source. False at the end.
static bool next_word(struct span *rest, uint8_t *out, size_t *len)
{
	struct span s = *rest;

	while (s.n > 0 && (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r')))
		s = span_from(s, 1);
	*len = 0;
	bool any = s.n > 0;
	while (s.n > 0 && !(s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r'))) {
		if (s.p[0] == '\\' && s.n > 1)
			s = span_from(s, 1);
		out[(*len)++] = s.p[0];
		s = span_from(s, 1);
	}
	*rest = s;
	return any;
}

static bool is_setting_name(struct span name)
{
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
		bool other = (c >= '0' && c <= '9') || c == '.' || c == '$';
		if (!letter && (i == 0 || !other))
			return false;
	}
	return name.n > 0 && !is_own(name) && !is_protocol_option(name) && !changes_identity(name);
}

// Turn name=value, which starts at `at` and has `len` bytes, into name NUL value NUL.
static bool end_setting(struct pg3 *pg, uint8_t *at, size_t len)
{
	uint8_t *equals = memchr(at, '=', len);

	if (equals == NULL)
		return false;
	for (uint8_t *c = at; c < equals; c++)
		if (*c == '-')
			*c = '_'; // ParseLongOption
	if (!is_setting_name(span_of(at, (size_t)(equals - at))))
		return false;
	*equals = 0;
	at[len] = 0;
	pg->login->settings_len += len + 1;
	return true;
}

// Only settings are understood: -c name=value, -cname=value, --name=value.
static enum proto_bad read_options(struct pg3 *pg, struct span text)
{
	size_t len;

	// Each word ends with a NUL more than its source at most.
	if (pg3_chunk_grow(pg, &pg->login->settings, 2 * text.n + 2, 0) != 0)
		return PROTO_BAD_LIMIT;
	for (;;) {
		uint8_t *at = pg->login->settings.p + pg->login->settings_len;
		if (!next_word(&text, at, &len))
			return PROTO_BAD_NONE;
		if (len == 2 && memcmp(at, "-c", 2) == 0) {
			if (!next_word(&text, at, &len))
				return PROTO_BAD_PARAMETER;
		} else if (len > 2 && (memcmp(at, "-c", 2) == 0 || memcmp(at, "--", 2) == 0)) {
			len -= 2;
			memmove(at, at + 2, len);
		} else {
			return PROTO_BAD_PARAMETER;
		}
		if (!end_setting(pg, at, len))
			return PROTO_BAD_PARAMETER;
	}
}

static enum proto_bad read_replication(struct pg3 *pg, struct span value)
{
	static const char *const on[] = {"database", "true", "on", "yes", "1"};
	static const char *const off[] = {"false", "off", "no", "0"};

	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
		if (is_named_any_case(value, on[i])) {
			pg->replication = true;
			return PROTO_BAD_NONE;
		}
	}
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		if (is_named_any_case(value, off[i]))
			return PROTO_BAD_NONE;
	return PROTO_BAD_PARAMETER;
}

// Each of the protocol's own parameters once.
struct seen {
	bool user, database, options, replication;
};

static bool once(bool *seen)
{
	bool first = !*seen;

	*seen = true;
	return first;
}

static enum proto_bad read_parameter(
	struct pg3 *pg, struct seen *seen, struct span name, struct span value
)
{
	if (is_named(name, "user")) {
		pg->login->user = value;
		return once(&seen->user) ? PROTO_BAD_NONE : PROTO_BAD_PARAMETER;
	}
	if (is_named(name, "database")) {
		pg->login->database = value;
		return once(&seen->database) ? PROTO_BAD_NONE : PROTO_BAD_PARAMETER;
	}
	if (is_named(name, "options"))
		return once(&seen->options) ? read_options(pg, value) : PROTO_BAD_PARAMETER;
	if (is_named(name, "replication"))
		return once(&seen->replication) ? read_replication(pg, value) : PROTO_BAD_PARAMETER;
	if (is_named(name, "application_name"))
		pg->login->application = value;
	return changes_identity(name) ? PROTO_BAD_PARAMETER : PROTO_BAD_NONE;
}

static bool is_forwarded(struct span name)
{
	return !is_own(name) && !is_protocol_option(name);
}

// Parameters that are settings go behind those from `options`, as the server applies them.
static enum proto_bad add_settings(struct pg3 *pg)
{
	struct cursor c = cursor_of(span_of(pg->login->startup.p, pg->login->startup_len));

	if (pg3_chunk_grow(
		    pg, &pg->login->settings, pg->login->settings_len + pg->login->startup_len + 1,
		    pg->login->settings_len
	    ) != 0)
		return PROTO_BAD_LIMIT;
	for (;;) {
		struct span name = cursor_cstr(&c), value = cursor_cstr(&c);
		if (c.bad || name.n == 0)
			return PROTO_BAD_NONE;
		if (!is_forwarded(name))
			continue;
		size_t n = name.n + value.n + 2; // they lie one behind the other
		memcpy(pg->login->settings.p + pg->login->settings_len, name.p, n);
		pg->login->settings_len += n;
	}
}

enum proto_bad pg3_startup_read(struct pg3 *pg, struct span parameters)
{
	struct seen seen = {0};
	size_t block;

	if (pg->login != NULL)
		return PROTO_BAD_ORDER;
	pg->login = pg3_memory_get(pg, sizeof(*pg->login), &block);
	if (pg->login == NULL)
		return PROTO_BAD_LIMIT;
	pg->login->block = block;
	if (pg3_chunk_grow(pg, &pg->login->startup, parameters.n + 1, 0) != 0)
		return PROTO_BAD_LIMIT;
	if (parameters.n > 0)
		memcpy(pg->login->startup.p, parameters.p, parameters.n);
	pg->login->startup_len = parameters.n;
	struct cursor c = cursor_of(span_of(pg->login->startup.p, parameters.n));
	for (;;) {
		struct span name = cursor_cstr(&c);
		if (c.bad || name.n == 0)
			break;
		struct span value = cursor_cstr(&c);
		if (c.bad)
			break;
		enum proto_bad bad = read_parameter(pg, &seen, name, value);
		if (bad != PROTO_BAD_NONE)
			return bad;
	}
	if (!cursor_done(&c))
		return PROTO_BAD_MALFORMED;
	if (pg->login->user.n == 0)
		return PROTO_BAD_PARAMETER;
	if (pg->login->database.n == 0)
		pg->login->database = pg->login->user;
	return add_settings(pg);
}

// The client's parameters that satisfy `wanted`, name NUL (value NUL, if `values`) each.
static int append_parameters(
	const struct pg3 *pg, bool (*wanted)(struct span), bool values, struct buf *to,
	uint32_t *count
)
{
	struct cursor c = cursor_of(span_of(pg->login->startup.p, pg->login->startup_len));

	for (;;) {
		struct span name = cursor_cstr(&c), value = cursor_cstr(&c);
		if (c.bad || name.n == 0)
			return 0;
		if (!wanted(name))
			continue;
		int r = buf_append(to, span_of(name.p, name.n + 1));
		if (r == 0 && values)
			r = buf_append(to, span_of(value.p, value.n + 1));
		if (r != 0)
			return r;
		(*count)++;
	}
}

// Append with a NUL behind.
static int append_cstr(struct buf *to, struct span s)
{
	int r = buf_append(to, s);

	return r == 0 ? buf_append_u8(to, 0) : r;
}

static void put_be32(uint8_t *at, size_t v)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> (24 - 8 * i));
}

int pg3_startup_negotiate(const struct pg3 *pg, uint16_t minor, struct buf *to_client)
{
	uint8_t head[13] = {'v', 0, 0, 0, 0, 0, 3, 0, 0};
	size_t before = buf_len(to_client);
	uint32_t count = 0;

	int r = buf_append(to_client, span_of(head, sizeof(head)));
	if (r == 0)
		r = append_parameters(pg, is_protocol_option, false, to_client, &count);
	if (r != 0 || (minor == 0 && count == 0)) {
		buf_truncate(to_client, before);
		return r;
	}
	uint8_t *at = to_client->data + to_client->head + before;
	put_be32(at + 1, buf_len(to_client) - before - 1);
	put_be32(at + 9, count);
	return 0;
}

static int write_parameters(const struct pg3 *pg, struct buf *to)
{
	const struct proto_upstream *u = pg->upstream;
	int r = buf_append(to, span_of("\0\0\0\0\0\3\0\0user", 13));

	if (r == 0)
		r = append_cstr(to, u->user);
	if (r == 0)
		r = buf_append(to, span_of("database", 9));
	if (r == 0)
		r = append_cstr(to, u->database.n > 0 ? u->database : pg->login->database);
	if (r == 0)
		r = buf_append(to, span_of(pg->login->settings.p, pg->login->settings_len));
	return r;
}

// The value as the client wrote it: "database" makes a difference to the server.
static bool is_replication(struct span name)
{
	return is_named(name, "replication");
}

int pg3_startup_write(const struct pg3 *pg, struct buf *to_server)
{
	size_t before = buf_len(to_server);
	uint32_t count = 0;
	int r = write_parameters(pg, to_server);

	if (r == 0 && pg->replication)
		r = append_parameters(pg, is_replication, true, to_server, &count);
	if (r == 0)
		r = buf_append_u8(to_server, 0);
	if (r == 0)
		put_be32(to_server->data + to_server->head + before, buf_len(to_server) - before);
	return r;
}

void pg3_startup_forget(struct pg3 *pg)
{
	struct pg3_login *login = pg->login;

	if (login == NULL)
		return;
	pg3_auth_forget(pg);
	pg3_chunk_free(pg, &login->startup);
	pg3_chunk_free(pg, &login->settings);
	pg->login = NULL;
	pg3_memory_put(pg, login, login->block);
}
