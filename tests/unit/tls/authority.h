// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A certificate authority for tests: keys and certificates as PEM files in a folder of its own.

#pragma once

#include <stddef.h>

struct authority;

struct authority_leaf {
	const char *key;         // "EC" (P-256), "EC-384", "RSA" or "ED25519"
	const char *names;       // subjectAltName as in x509v3_config(5), or NULL
	const char *common_name; // NULL: "leaf"
	const char *digest;      // of the signature; NULL: SHA256
	long from, to;           // seconds from now; both 0: yesterday to tomorrow
};

enum authority_size { AUTHORITY_PATH = 256 };

// `key` as in a leaf. With `parent` an intermediate one. The root's certificate is `name`.pem.
// Aborts on failure, as everything here does. Free with authority_free.
struct authority *authority_new(
	const char *dir, const char *name, struct authority *parent, const char *key
);
void authority_free(struct authority *authority);

// Writes `file`.pem, the leaf with the intermediates behind it, and `file`.key.
void authority_issue(
	const struct authority *authority, const struct authority_leaf *leaf, const char *file
);

// DIR/`file``suffix`, in `out`, which it returns.
const char *authority_path(
	const struct authority *authority, const char *file, const char *suffix,
	char out[static AUTHORITY_PATH]
);

// A new folder below $TMPDIR or /tmp, in `out`; and away with it and its files.
void authority_folder_make(char out[static AUTHORITY_PATH]);
void authority_folder_remove(const char *dir);
