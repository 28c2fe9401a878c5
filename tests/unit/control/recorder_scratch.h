// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A folder of its own for each test, and files changed byte by byte in it.

#pragma once

#include "dataplane/base/span.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct scratch {
	char path[64];
};

static inline struct scratch scratch_make(void)
{
	struct scratch s = {"/tmp/bulkhead-test-XXXXXX"};

	assert_non_null(mkdtemp(s.path));
	return s;
}

static inline int scratch_remove_one(const char *path, const struct stat *, int, struct FTW *)
{
	return remove(path);
}

static inline void scratch_remove(const struct scratch *s)
{
	nftw(s->path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline const char *scratch_file(const struct scratch *s, const char *name)
{
	static _Thread_local char path[256];

	snprintf(path, sizeof(path), "%s/%s", s->path, name);
	return path;
}

// The whole file; freed by the caller.
static inline uint8_t *scratch_read(const struct scratch *s, const char *name, size_t *n)
{
	FILE *f = fopen(scratch_file(s, name), "rb");
	struct stat st;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	*n = (size_t)st.st_size;
	uint8_t *bytes = malloc(*n + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *n, f), *n);
	fclose(f);
	return bytes;
}

static inline void scratch_write(const struct scratch *s, const char *name, const void *p, size_t n)
{
	FILE *f = fopen(scratch_file(s, name), "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}
