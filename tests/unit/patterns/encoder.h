// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Encoders for tests, written on their own: each says which characters hold which byte.

#pragma once

#include "dataplane/base/span.h"

enum encoder_limit { ENCODED_MAX = 1 << 16 };

enum encoder {
	ENCODE_URL,       // every byte
	ENCODE_URL_FORM,  // what a form does: '+' for a space, letters and digits as they are
	ENCODE_JSON,      // \uXXXX, every character
	ENCODE_JSON_SOME, // what must be, and a few more
	ENCODE_BASE64,
	ENCODE_BASE64_LINES, // of 76
	ENCODE_BASE64_BARE,  // without padding
	ENCODE_BASE64URL,
	ENCODE_HEX,
	ENCODE_HEX_UPPER,
	ENCODE_COUNT,
};

struct encoded {
	uint8_t text[ENCODED_MAX];
	size_t n;
	// The characters [start, end) of `text` hold byte i of what was encoded.
	uint32_t start[ENCODED_MAX], end[ENCODED_MAX];
};

const char *encoder_name(enum encoder encoder);
// Encode `in`. Out: *out. Returns false when it does not fit, is not UTF-8 (JSON), or when nothing
// but
// '+' tells it from plain text (URL form), which says little: 1+1.
bool encode(enum encoder encoder, struct span in, struct encoded *out);
