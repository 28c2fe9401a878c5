// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/audit/line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STRING_MAX = 1024 };

int audit_line_parse(struct span text, struct audit_line *line)
{
	struct audit_line parsed = {0};
	json_t *json = NULL;

	if (text.n <= AUDIT_LINE_MAX)
		json = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	if (json == NULL)
		return ERR_MALFORMED;
	const json_t *seq = json_object_get(json, "seq");
	const char *type = json_string_value(json_object_get(json, "type"));
	const json_t *prev = json_object_get(json, "prev");
	struct span hash = span_of(json_string_value(prev), json_string_length(prev));
	if (!json_is_integer(seq) || json_integer_value(seq) < 1 || type == NULL ||
	    type[0] == '\0' || strlen(type) >= sizeof(parsed.type) ||
	    !json_is_string(json_object_get(json, "time")) || !digest_parse(hash, &parsed.prev)) {
		json_decref(json);
		return ERR_MALFORMED;
	}
	parsed.seq = (uint64_t)json_integer_value(seq);
	strcpy(parsed.type, type);
	parsed.json = json;
	*line = parsed;
	return 0;
}

void audit_line_fini(struct audit_line *line)
{
	json_decref(line->json);
	*line = (struct audit_line){0};
}

static json_t *time_json(uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	char text[64];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%09uZ", (unsigned)(time_ns % 1000000000));
	return json_string(text);
}

char *audit_line_text(
	uint64_t seq, uint64_t time_ns, const char *type, const json_t *fields,
	const struct digest *prev
)
{
	char hash[DIGEST_TEXT_SIZE];
	json_t *json = json_object();
	char *text = NULL;

	int bad = json_object_set_new(json, "seq", json_integer((json_int_t)seq));
	bad |= json_object_set_new(json, "time", time_json(time_ns));
	bad |= json_object_set_new(json, "type", json_string(type));
	if (fields != NULL) {
		// jansson's update takes the source as not const, and leaves it alone.
		union {
			const json_t *in;
			json_t *out;
		} source = {.in = fields};
		bad |= json_object_update_missing(json, source.out);
	}
	bad |= json_object_set_new(json, "prev", json_string(digest_text(prev, hash)));
	if (bad == 0)
		text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(json);
	return text;
}

json_t *audit_string(struct span text)
{
	char out[4 * STRING_MAX + 4];
	size_t n = 0;
	bool cut = text.n > STRING_MAX;
	struct span use = span_first(text, STRING_MAX);
	json_t *json = cut ? NULL : json_stringn((const char *)use.p, use.n);

	if (json != NULL || use.n == 0)
		return json != NULL ? json : json_string("");
	for (size_t i = 0; i < use.n; i++) {
		if (use.p[i] < 0x80)
			out[n++] = (char)use.p[i];
		else
			n += (size_t)snprintf(out + n, sizeof(out) - n, "\\x%02x", use.p[i]);
	}
	if (cut) {
		memcpy(out + n, "...", 3);
		n += 3;
	}
	return json_stringn(out, n);
}
