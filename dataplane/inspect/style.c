// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/inspect/style.h"

#include <openssl/hmac.h>

#include <stdio.h>

static int redact(const char *name, struct buf *out)
{
	char text[SNAPSHOT_NAME_MAX + 16];
	int n = name == NULL ? snprintf(text, sizeof(text), "[REDACTED]")
			     : snprintf(text, sizeof(text), "[REDACTED:%s]", name);
	return buf_append(out, span_of(text, (size_t)n));
}

// Keeps length and separators, so that a card still looks like one: ****-****-****-1111.
static int keep_last(struct span value, uint8_t keep, struct buf *out)
{
	size_t shown = value.n, kept = 0;
	while (shown > 0 && kept < keep) {
		shown--;
		if ((value.p[shown] & 0xc0) != 0x80) // the first byte of a character (RFC 3629)
			kept++;
	}
	// A value that would be shown whole, or nearly so, is not shown at all.
	if (shown < value.n - shown)
		shown = value.n;
	for (size_t i = 0; i < shown; i++) {
		uint8_t c = value.p[i];
		int r = 0;
		if (c == '-' || c == ' ')
			r = buf_append_u8(out, c);
		else if ((c & 0xc0) != 0x80)
			r = buf_append_u8(out, '*');
		if (r != 0)
			return r;
	}
	return buf_append(out, span_from(value, shown));
}

static int hash(const struct snapshot *snapshot, struct span value, struct buf *out)
{
	uint8_t mac[32];
	unsigned n = 0;
	char text[32];
	// HMAC allocates: once per value found, which is rare.
	if (HMAC(EVP_sha256(), snapshot->hash_key, sizeof(snapshot->hash_key), value.p, value.n,
		 mac, &n) == NULL)
		return redact(NULL, out);
	int len = snprintf(
		text, sizeof(text), "[HASH:%02x%02x%02x%02x%02x%02x%02x%02x]", mac[0], mac[1],
		mac[2], mac[3], mac[4], mac[5], mac[6], mac[7]
	);
	return buf_append(out, span_of(text, (size_t)len));
}

int style_apply(
	const struct snapshot *snapshot, const struct mask_style *style, const char *name,
	struct span value, struct buf *out
)
{
	switch (style->kind) {
	case MASK_NONE:
	case MASK_REDACT:
		return redact(name, out);
	case MASK_FIXED:
		return buf_append(out, span_str(style->fixed));
	case MASK_KEEP_LAST:
		return keep_last(value, style->keep, out);
	case MASK_HASH:
		return hash(snapshot, value, out);
	}
	return ERR_UNSUPPORTED;
}

bool style_is_plain(const struct mask_style *style)
{
	if (style->kind == MASK_KEEP_LAST)
		return false; // what is kept may be anything
	return style->kind != MASK_FIXED || strpbrk(style->fixed, "\"\\,{} \t\r\n") == NULL;
}
