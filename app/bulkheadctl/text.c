// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/text.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

// Length of the UTF-8 character (RFC 3629) at the head of `s`, 0 when there is none. Out: *code.
static size_t character(struct span s, uint32_t *code)
{
	static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t c = s.p[0];
	size_t n = c < 0x80 ? 1 : (c >> 5 == 6 ? 2 : (c >> 4 == 14 ? 3 : (c >> 3 == 30 ? 4 : 0)));

	if (n == 0 || n > s.n)
		return 0;
	uint32_t v = n == 1 ? c : c & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (s.p[i] >> 6 != 2)
			return 0;
		v = v << 6 | (s.p[i] & 0x3f);
	}
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*code = v;
	return n;
}

// C0, DEL, C1, line separators, and the marks that turn the direction of text (UAX 9).
static bool acts(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

size_t text_write(FILE *out, struct span text, bool lines)
{
	size_t columns = 0;

	while (text.n > 0) {
		uint32_t code = 0;
		size_t n = character(text, &code);
		bool plain = n > 0 && (!acts(code) || (lines && (code == '\n' || code == '\t')));
		if (n == 0)
			n = 1;
		if (plain) {
			if (out != NULL)
				fwrite(text.p, 1, n, out);
			columns++;
		}
		for (size_t i = 0; !plain && i < n; i++) {
			if (out != NULL)
				fprintf(out, "\\x%02x", text.p[i]);
			columns += 4;
		}
		text = span_from(text, n);
	}
	return columns;
}

size_t text_write_json(FILE *out, const json_t *string)
{
	return text_write(
		out, span_of(json_string_value(string), json_string_length(string)), false
	);
}

json_t *text_json(struct span text)
{
	json_t *json = json_stringn((const char *)text.p, text.n);
	if (json != NULL)
		return json;
	if (text.n == 0)
		return json_string("");
	char *escaped = malloc(4 * text.n + 1);
	size_t at = 0;
	if (escaped == NULL)
		return NULL;
	while (text.n > 0) {
		uint32_t code;
		size_t n = character(text, &code);
		if (n == 0) {
			at += (size_t)sprintf(escaped + at, "\\x%02x", text.p[0]);
			n = 1;
		} else {
			memcpy(escaped + at, text.p, n);
			at += n;
		}
		text = span_from(text, n);
	}
	json = json_stringn(escaped, at);
	free(escaped);
	return json;
}

const char *text_time(uint64_t ns, char out[static TEXT_TIME_MAX])
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	size_t n = strftime(out, TEXT_TIME_MAX, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(out + n, TEXT_TIME_MAX - n, ".%03u", (unsigned)(ns / 1000000 % 1000));
	return out;
}

int text_read_file(const char *path, struct buf *out)
{
	enum { AT_ONCE = 65536 };
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	int ret = file == NULL ? -errno : 0;

	while (ret == 0) {
		ret = buf_reserve(out, AT_ONCE);
		size_t n = ret == 0 ? fread(buf_tail(out), 1, AT_ONCE, file) : 0;
		buf_commit(out, n);
		if (n == 0)
			break;
	}
	if (ret == 0 && ferror(file))
		ret = -EIO;
	if (file != NULL && file != stdin)
		fclose(file);
	return ret;
}
