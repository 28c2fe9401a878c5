// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/unit.h"

// clang-format off
const uint8_t unit_base64[256] = {
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 62, 255, 62, 255, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 255, 255, 255, 255, 255, 255,
	255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 255, 255, 255, 255, 63,
	255, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};

const uint8_t unit_hex[256] = {
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 255, 255, 255, 255, 255,
	255, 10, 11, 12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 10, 11, 12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};
// clang-format on

size_t unit_break(enum scan_form form, struct span text, size_t at)
{
	size_t end = at;
	if (at < UNIT_LINE)
		return 0;
	if (text.p[end] == '\r' && text.n - end > 1)
		end++;
	if (text.p[end] != '\n')
		return 0;
	for (size_t i = at - UNIT_LINE; i < at; i++) {
		if (!unit_is_digit(form, text.p[i]))
			return 0;
	}
	for (end++; end < text.n && end - at <= UNIT_INDENT; end++) {
		if (unit_is_digit(form, text.p[end]))
			return end - at;
		if (text.p[end] != ' ' && text.p[end] != '\t')
			return 0;
	}
	return 0;
}

static size_t read_url(
	struct span text, size_t at, bool plus, uint8_t bytes[static UNIT_BYTES], size_t *n
)
{
	*n = 1;
	bytes[0] = text.p[at];
	if (unit_is_escape(SCAN_URL, text, at)) {
		bytes[0] = (uint8_t)(unit_hex[text.p[at + 1]] << 4 | unit_hex[text.p[at + 2]]);
		return 3;
	}
	if (plus && bytes[0] == '+')
		bytes[0] = ' ';
	return 1;
}

// The four digits of \uXXXX at `at`, or a negative number.
static int32_t read_u(struct span text, size_t at)
{
	int32_t code = 0;
	if (text.n - at < 6 || text.p[at] != '\\' || text.p[at + 1] != 'u')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		uint8_t digit = unit_hex[text.p[at + i]];
		if (digit >= 16)
			return -1;
		code = code << 4 | digit;
	}
	return code;
}

// RFC 3629 3.
static size_t put_utf8(int32_t code, uint8_t bytes[static UNIT_BYTES])
{
	if (code < 0x80) {
		bytes[0] = (uint8_t)code;
		return 1;
	}
	if (code < 0x800) {
		bytes[0] = (uint8_t)(0xc0 | code >> 6);
		bytes[1] = (uint8_t)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		bytes[0] = (uint8_t)(0xe0 | code >> 12);
		bytes[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
		bytes[2] = (uint8_t)(0x80 | (code & 0x3f));
		return 3;
	}
	bytes[0] = (uint8_t)(0xf0 | code >> 18);
	bytes[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
	bytes[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
	bytes[3] = (uint8_t)(0x80 | (code & 0x3f));
	return 4;
}

// A surrogate pair is one character, a lone surrogate none (RFC 8259 7 and 8.2).
static size_t put_utf16(int32_t high, int32_t low, uint8_t bytes[static UNIT_BYTES], size_t *n)
{
	if (high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
		*n = put_utf8(0x10000 + (high - 0xd800) * 0x400 + (low - 0xdc00), bytes);
		return 2;
	}
	*n = put_utf8(high >= 0xd800 && high < 0xe000 ? 0xfffd : high, bytes);
	return 1;
}

static size_t read_json(struct span text, size_t at, uint8_t bytes[static UNIT_BYTES], size_t *n)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	*n = 1;
	bytes[0] = text.p[at];
	if (!unit_is_escape(SCAN_JSON, text, at))
		return 1;
	int32_t code = read_u(text, at);
	if (code >= 0)
		return 6 * put_utf16(code, read_u(text, at + 6), bytes, n);
	bytes[0] = (uint8_t)values[strchr(names, text.p[at + 1]) - names];
	return 2;
}

static size_t read_utf16(
	enum scan_form form, struct span text, size_t at, uint8_t bytes[static UNIT_BYTES],
	size_t *n
)
{
	int32_t code[2] = {-1, -1};
	for (size_t i = 0; i < 2 && text.n - at >= 2 * i + 2; i++) {
		uint8_t a = text.p[at + 2 * i], b = text.p[at + 2 * i + 1];
		code[i] = form == SCAN_UTF16LE ? b << 8 | a : a << 8 | b;
	}
	return code[0] < 0 ? 0 : 2 * put_utf16(code[0], code[1], bytes, n);
}

// Out: digits[0..*n), at most `max`, with line breaks between them passed over. Returns the number
// of characters.
static size_t read_digits(
	enum scan_form form, struct span text, size_t at, size_t max, uint8_t *digits, size_t *n
)
{
	size_t end = at;
	*n = 0;
	while (*n < max && end < text.n) {
		if (unit_is_digit(form, text.p[end])) {
			digits[(*n)++] = text.p[end++];
			continue;
		}
		size_t skip = unit_break(form, text, end);
		if (skip == 0)
			break;
		end += skip;
	}
	return end - at;
}

static size_t read_base64(struct span text, size_t at, uint8_t bytes[static UNIT_BYTES], size_t *n)
{
	uint8_t digits[4];
	uint32_t value = 0;
	size_t count, length = read_digits(SCAN_BASE64, text, at, 4, digits, &count);
	*n = 0;
	if (count < 2)
		return 0;
	for (size_t i = 0; i < 4; i++)
		value = value << 6 | (i < count ? unit_base64[digits[i]] : 0);
	*n = count - 1;
	bytes[0] = (uint8_t)(value >> 16);
	bytes[1] = (uint8_t)(value >> 8);
	bytes[2] = (uint8_t)value;
	for (size_t i = count; i < 4 && at + length < text.n && text.p[at + length] == '='; i++)
		length++;
	return length;
}

static size_t read_hex(struct span text, size_t at, uint8_t bytes[static UNIT_BYTES], size_t *n)
{
	uint8_t digits[2];
	size_t count, length = read_digits(SCAN_HEX, text, at, 2, digits, &count);
	*n = 0;
	if (count < 2)
		return 0;
	*n = 1;
	bytes[0] = (uint8_t)(unit_hex[digits[0]] << 4 | unit_hex[digits[1]]);
	return length;
}

bool unit_is_escape(enum scan_form form, struct span text, size_t at)
{
	if (text.n - at < 2)
		return false;
	if (form != SCAN_JSON)
		return text.p[at] == '%' && text.n - at >= 3 && unit_hex[text.p[at + 1]] < 16 &&
		       unit_hex[text.p[at + 2]] < 16;
	if (text.p[at] != '\\')
		return false;
	switch (text.p[at + 1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return true;
	case 'u':
		return read_u(text, at) >= 0;
	default:
		return false;
	}
}

size_t unit_read(
	enum scan_form form, struct span text, size_t at, uint8_t bytes[static UNIT_BYTES],
	size_t *n
)
{
	size_t length;
	switch (form) {
	case SCAN_PLAIN:
	case SCAN_FORM_COUNT:
		break;
	case SCAN_URL:
	case SCAN_URL_PLUS:
		return read_url(text, at, form == SCAN_URL_PLUS, bytes, n);
	case SCAN_JSON:
		return read_json(text, at, bytes, n);
	case SCAN_UTF16LE:
	case SCAN_UTF16BE:
		return read_utf16(form, text, at, bytes, n);
	case SCAN_BASE64:
	case SCAN_HEX:
		*n = 0;
		length = unit_break(form, text, at);
		if (length != 0)
			return length;
		return form == SCAN_BASE64 ? read_base64(text, at, bytes, n)
					   : read_hex(text, at, bytes, n);
	}
	*n = 0;
	return 0;
}

const char *scan_form_name(enum scan_form form)
{
	switch (form) {
	case SCAN_PLAIN:
		return "plain";
	case SCAN_URL:
	case SCAN_URL_PLUS:
		return "url";
	case SCAN_JSON:
		return "json";
	case SCAN_BASE64:
		return "base64";
	case SCAN_HEX:
		return "hex";
	case SCAN_UTF16LE:
		return "utf-16le";
	case SCAN_UTF16BE:
		return "utf-16be";
	case SCAN_FORM_COUNT:
		break;
	}
	return "?";
}
