// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Secrets: credentials that the operator keeps in a file or the environment, and keys that the
// installation makes for itself. Callers scrub what they get with explicit_bzero.

#pragma once

#include "controlplane/config/config.h"

enum secret_size { SECRET_MAX = 256, SECRET_KEY_SIZE = 32, SECRET_WHY = 160 };

// Out: `out`, NUL-terminated, without the line break a file may end in; untouched on error. A file
// must be regular, not open to others, and hold 1 to SECRET_MAX - 1 bytes without NUL. Returns 0;
// ERR_CONFIG, `why` says what is wrong (never the secret). CONFIG_SECRET_NONE gives "".
int secret_get(
	enum config_secret kind, const char *name, char out[static SECRET_MAX],
	char why[static SECRET_WHY]
) must_check;

// A random key of this installation, made at the first call: the file `name` in the folder
// `state`, mode 0600. Returns 0 or ERR_CONFIG with `why`.
int secret_key_load(
	const char *state, const char *name, uint8_t out[static SECRET_KEY_SIZE],
	char why[static SECRET_WHY]
) must_check;

// Read a regular file of at most `size` bytes that is not open to others. Out: *n. Returns 0,
// -errno, -EACCES when it is open to others, -EINVAL when it is not regular, -EFBIG.
int secret_file_read(const char *path, void *out, size_t size, size_t *n) must_check;

// The same for a file whose mode is somebody else's doing: Kubernetes projects tokens as 0644.
int secret_file_read_shared(const char *path, void *out, size_t size, size_t *n) must_check;

// Write a new file of mode 0600, whole or not at all: it is there after a crash only when its bytes
// are. Returns 0, -EEXIST or another -errno.
int secret_file_create(const char *path, const void *data, size_t n) must_check;
