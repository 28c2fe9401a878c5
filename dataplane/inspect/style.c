// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/inspect/style.h"

#include "patterns/patterns.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	HASH_BYTES = 8,   // shown; 2^32 values until two are likely to look equal
	TOKEN_BYTES = 16, // shown; people join on them
	HIDDEN_MIN = 4,   // characters that keeping some must leave hidden
};

// One context a thread: to make one costs five times what a value does, and allocates.
struct thread_mac {
	EVP_MAC_CTX *ctx;
	bool has_key;
	uint8_t key[STYLE_MAC];
};

static pthread_key_t thread_key;
static pthread_once_t thread_once = PTHREAD_ONCE_INIT;
static bool has_thread_key;

static void free_mac(void *arg)
{
	struct thread_mac *mac = arg;
	EVP_MAC_CTX_free(mac->ctx);
	explicit_bzero(mac, sizeof(*mac));
	free(mac);
}

static void make_thread_key(void)
{
	has_thread_key = pthread_key_create(&thread_key, free_mac) == 0;
}

static struct thread_mac *new_mac(void)
{
	const OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
		OSSL_PARAM_END,
	};
	struct thread_mac *mac = calloc(1, sizeof(*mac));
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (mac != NULL && hmac != NULL)
		mac->ctx = EVP_MAC_CTX_new(hmac);
	EVP_MAC_free(hmac);
	if (mac != NULL && mac->ctx != NULL && EVP_MAC_CTX_set_params(mac->ctx, params) == 1 &&
	    pthread_setspecific(thread_key, mac) == 0)
		return mac;
	if (mac != NULL)
		free_mac(mac);
	return NULL;
}

// Begin a MAC under `key`, which hardly ever changes. NULL when memory is short.
static EVP_MAC_CTX *begin_mac(const uint8_t key[static STYLE_MAC])
{
	struct thread_mac *mac = NULL;
	if (pthread_once(&thread_once, make_thread_key) != 0 || !has_thread_key)
		return NULL;
	mac = pthread_getspecific(thread_key);
	if (mac == NULL && (mac = new_mac()) == NULL)
		return NULL;
	bool same = mac->has_key && memcmp(mac->key, key, STYLE_MAC) == 0;
	memcpy(mac->key, key, STYLE_MAC);
	mac->has_key = EVP_MAC_init(mac->ctx, same ? NULL : key, same ? 0 : STYLE_MAC, NULL) == 1;
	return mac->has_key ? mac->ctx : NULL;
}

int style_mac(
	const struct styler *styler, enum style_use use, struct span value,
	uint8_t out[static STYLE_MAC]
)
{
	// What one use or root shows says nothing of another: nobody finds the MAC of one text from
	// those of others.
	struct {
		uint64_t use;
		struct node_id root;
	} label = {.use = use};
	size_t n = 0;
	if (use != STYLE_USE_HASH)
		label.root = styler->root;
	EVP_MAC_CTX *ctx = begin_mac(styler->snapshot->hash_key);
	bool ok = ctx != NULL && EVP_MAC_update(ctx, (const uint8_t *)&label, sizeof(label)) == 1 &&
		  EVP_MAC_update(ctx, value.p, value.n) == 1 &&
		  EVP_MAC_final(ctx, out, &n, STYLE_MAC) == 1;
	return ok ? 0 : -ENOMEM;
}

static int redact(const struct styler *styler, uint16_t pattern, struct buf *out)
{
	char text[SNAPSHOT_NAME_MAX + 16];
	const char *name =
		pattern == STYLE_NO_PATTERN ? NULL : styler->snapshot->pattern_names[pattern];
	int n = name == NULL
			? snprintf(text, sizeof(text), "[REDACTED]")
			: snprintf(text, sizeof(text), "[REDACTED:%.*s]", SNAPSHOT_NAME_MAX, name);
	return buf_append(out, span_of(text, (size_t)n));
}

static bool is_separator(uint8_t c)
{
	return c == '-' || c == ' ';
}

// The first byte of a character (RFC 3629) that is no separator.
static bool is_counted(uint8_t c)
{
	return (c & 0xc0) != 0x80 && !is_separator(c);
}

// Keeps length and separators, so that a card still looks like one: ****-****-****-1111. A value
// of which too little would be hidden is hidden whole.
static int keep(const struct mask_style *style, struct span value, struct buf *out)
{
	size_t n = 0, first = style->keep_first, last = style->keep_last, at = 0;
	for (size_t i = 0; i < value.n; i++)
		n += is_counted(value.p[i]);
	if (n < first + last + HIDDEN_MIN || 3 * (n - first - last) < n) {
		first = 0;
		last = 0;
	}
	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];
		int r = 0;
		at += is_counted(c);
		if (is_separator(c) || at <= first || at > n - last)
			r = buf_append_u8(out, c);
		else if (is_counted(c))
			r = buf_append_u8(out, '*');
		if (r != 0)
			return r;
	}
	return 0;
}

static int tag(
	const struct styler *styler, enum style_use use, const char *word, size_t bytes,
	uint16_t pattern, struct span value, struct buf *out
)
{
	uint8_t digest[STYLE_MAC];
	char text[STYLE_MAC * 2 + 16];
	if (style_mac(styler, use, value, digest) != 0)
		return redact(styler, pattern, out);
	int n = snprintf(text, sizeof(text), "[%s:", word);
	for (size_t i = 0; i < bytes; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%02x", digest[i]);
	text[n++] = ']';
	return buf_append(out, span_of(text, (size_t)n));
}

struct both {
	const struct snapshot *snapshot;
	uint16_t pattern;
	const struct placeholder_wish *wish;
};

static bool accept_both(const void *ctx, struct span text)
{
	const struct both *b = ctx;
	if (b->wish != NULL && !b->wish->accepts(b->wish->ctx, text))
		return false;
	return b->pattern == STYLE_NO_PATTERN || b->snapshot->entities == NULL ||
	       pattern_set_accepts(b->snapshot->entities, b->pattern, text);
}

int style_placeholder(
	const struct styler *styler, uint16_t pattern, struct span value,
	const struct placeholder_wish *wish, struct buf *out
)
{
	const struct both both = {styler->snapshot, pattern, wish};
	const struct placeholder_wish all = {accept_both, &both};
	const struct pattern_set *entities = styler->snapshot->entities;
	uint8_t seed[STYLE_MAC];
	if (pattern != STYLE_NO_PATTERN && entities != NULL &&
	    pattern_set_has_digest(entities, pattern))
		return -ENOENT;
	if (style_mac(styler, STYLE_USE_PLACEHOLDER, value, seed) != 0)
		return -ENOENT;
	return placeholder_append(seed, value, &all, out);
}

int style_apply(
	const struct styler *styler, const struct mask_style *style, uint16_t pattern,
	struct span value, struct buf *out
)
{
	int r;
	switch (style->kind) {
	case MASK_NONE:
	case MASK_REDACT:
	case MASK_NULL:
		return redact(styler, pattern, out);
	case MASK_FIXED:
		return buf_append(out, span_str(style->fixed));
	case MASK_KEEP:
		return keep(style, value, out);
	case MASK_HASH:
		return tag(styler, STYLE_USE_HASH, "HASH", HASH_BYTES, pattern, value, out);
	case MASK_TOKEN:
		return tag(styler, STYLE_USE_TOKEN, "TOKEN", TOKEN_BYTES, pattern, value, out);
	case MASK_PLACEHOLDER:
		r = style_placeholder(styler, pattern, value, NULL, out);
		return r == -ENOENT ? redact(styler, pattern, out) : r;
	}
	return ERR_UNSUPPORTED;
}

// In JSON (RFC 8259 7), an array literal or XML it would mean something.
static bool has_meaning(struct span text)
{
	static const char special[] = "\"\\,{}<>&";
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < ' ' || memchr(special, text.p[i], sizeof(special) - 1) != NULL)
			return true;
	return false;
}

bool style_is_plain(const struct mask_style *style, struct span value)
{
	struct span fixed = span_str(style->fixed);
	switch (style->kind) {
	case MASK_NONE:
	case MASK_REDACT:
	case MASK_HASH:
	case MASK_TOKEN:
	case MASK_NULL:
		return true;
	case MASK_KEEP:
	case MASK_PLACEHOLDER:
		return !has_meaning(value); // what is kept stands where it stood
	case MASK_FIXED:
		return fixed.n > 0 && !has_meaning(fixed) &&
		       memchr(fixed.p, ' ', fixed.n) == NULL &&
		       strcasecmp(style->fixed, "null") != 0;
	}
	return false;
}

static const struct mask_style redacted = {.kind = MASK_REDACT};

const struct mask_style *style_for_impure(const struct mask_style *style)
{
	return style->kind == MASK_KEEP || style->kind == MASK_PLACEHOLDER ? &redacted : style;
}

const struct mask_style *style_for_record(const struct mask_style *style)
{
	return style->kind == MASK_FIXED || style->kind == MASK_HASH ? style : &redacted;
}
