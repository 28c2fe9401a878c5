// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Results of functions that can fail: 0, or a negative errno, or one of these.

#pragma once

#define must_check __attribute__((warn_unused_result))

enum err {
	ERR_TRUNCATED = -1001,  // the input ends inside a field
	ERR_MALFORMED = -1002,  // the input breaks its format
	ERR_LIMIT = -1003,      // a configured limit is reached
	ERR_POOL_EMPTY = -1004, // a fixed pool has nothing left
	ERR_UNSUPPORTED = -1005,
	ERR_AUTH = -1006,        // a credential was refused
	ERR_TLS = -1007,         // a TLS alert, sent or received
	ERR_CERTIFICATE = -1008, // the peer's certificate does not verify
	ERR_CLOSED = -1009,      // the peer has closed
	ERR_CONFIG = -1010,
};

// What a result means, in a few words. Accepts 0, negative errno values and enum err.
// Returns a static or thread-local string, never NULL.
const char *err_text(int result);
