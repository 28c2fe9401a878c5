// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/patterns/encoder.h"

#include <stdio.h>

const char *encoder_name(enum encoder encoder)
{
	static const char *const names[] = {
		"url",          "url-form",    "json",      "json-some", "base64",
		"base64-lines", "base64-bare", "base64url", "hex",       "hex-upper",
	};
	return names[encoder];
}

static void put(struct encoded *out, const char *text)
{
	size_t n = strlen(text);
	memcpy(out->text + out->n, text, n);
	out->n += n;
}

static bool is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static void put_byte(enum encoder encoder, uint8_t c, struct encoded *out)
{
	char text[8];
	if (encoder == ENCODE_URL_FORM && (is_alnum(c) || c == '-' || c == '.' || c == '_'))
		snprintf(text, sizeof(text), "%c", c);
	else if (encoder == ENCODE_URL_FORM && c == ' ')
		snprintf(text, sizeof(text), "+");
	else
		snprintf(
			text, sizeof(text),
			encoder == ENCODE_HEX         ? "%02x"
			: encoder == ENCODE_HEX_UPPER ? "%02X"
						      : "%%%02X",
			c
		);
	put(out, text);
}

static void encode_bytes(enum encoder encoder, struct span in, struct encoded *out)
{
	for (size_t i = 0; i < in.n; i++) {
		out->start[i] = (uint32_t)out->n;
		put_byte(encoder, in.p[i], out);
		out->end[i] = (uint32_t)out->n;
	}
}

static void encode_base64(enum encoder encoder, struct span in, struct encoded *out)
{
	const char *digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	if (encoder == ENCODE_BASE64URL)
		digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	for (size_t i = 0; i < in.n; i += 3) {
		size_t n = in.n - i < 3 ? in.n - i : 3;
		uint32_t v = (uint32_t)in.p[i] << 16;
		v |= n > 1 ? (uint32_t)in.p[i + 1] << 8 : 0;
		v |= n > 2 ? in.p[i + 2] : 0;
		if (encoder == ENCODE_BASE64_LINES && i > 0 && i % 57 == 0)
			put(out, "\n");
		for (size_t k = 0; k < n; k++)
			out->start[i + k] = (uint32_t)(out->n + (k * 8 / 6));
		for (size_t k = 0; k <= n; k++)
			out->text[out->n++] = (uint8_t)digits[v >> (18 - 6 * k) & 63];
		for (size_t k = 0; k < n; k++)
			out->end[i + k] = (uint32_t)(out->n - (n - 1 - k));
		if (encoder == ENCODE_BASE64 || encoder == ENCODE_BASE64_LINES)
			put(out, n == 1 ? "==" : n == 2 ? "=" : "");
	}
}

// The character at `in`: its bytes, 0 when it is none. Out: *code.
static size_t read_utf8(struct span in, uint32_t *code)
{
	size_t n = in.p[0] < 0x80 ? 1 : in.p[0] < 0xe0 ? 2 : in.p[0] < 0xf0 ? 3 : 4;
	*code = n == 1 ? in.p[0] : in.p[0] & (0xffu >> (n + 1));
	if (n > in.n || (in.p[0] >= 0x80 && in.p[0] < 0xc2))
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((in.p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (in.p[i] & 0x3f);
	}
	return n;
}

static bool encode_json(enum encoder encoder, struct span in, struct encoded *out)
{
	for (size_t i = 0, n; i < in.n; i += n) {
		char text[16];
		uint32_t code;
		n = read_utf8(span_from(in, i), &code);
		if (n == 0)
			return false;
		size_t start = out->n;
		if (code >= 0x10000)
			snprintf(
				text, sizeof(text), "\\u%04x\\u%04X",
				0xd800 + ((code - 0x10000) >> 10), 0xdc00 + (code & 0x3ff)
			);
		else if (encoder == ENCODE_JSON || code < 0x20 || code >= 0x7f || code == '@')
			snprintf(text, sizeof(text), code == '\n' ? "\\n" : "\\u%04x", code);
		else if (code == '"' || code == '\\' || code == '/')
			snprintf(text, sizeof(text), "\\%c", (char)code);
		else
			snprintf(text, sizeof(text), "%c", (char)code);
		put(out, text);
		for (size_t k = 0; k < n; k++) {
			out->start[i + k] = (uint32_t)start;
			out->end[i + k] = (uint32_t)out->n;
		}
	}
	return true;
}

bool encode(enum encoder encoder, struct span in, struct encoded *out)
{
	out->n = 0;
	if (in.n > ENCODED_MAX / 8)
		return false;
	switch (encoder) {
	case ENCODE_URL_FORM:
		encode_bytes(encoder, in, out);
		return memchr(out->text, '%', out->n) != NULL;
	case ENCODE_URL:
	case ENCODE_HEX:
	case ENCODE_HEX_UPPER:
		encode_bytes(encoder, in, out);
		return true;
	case ENCODE_JSON:
	case ENCODE_JSON_SOME:
		return encode_json(encoder, in, out);
	case ENCODE_BASE64:
	case ENCODE_BASE64_LINES:
	case ENCODE_BASE64_BARE:
	case ENCODE_BASE64URL:
		encode_base64(encoder, in, out);
		return true;
	case ENCODE_COUNT:
		break;
	}
	return false;
}
