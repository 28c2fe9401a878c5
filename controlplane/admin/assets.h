// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Files that are part of the program: the API's document and the console. embed.py makes the table
// from the list in meson.build.

#pragma once

#include <stddef.h>

struct asset {
	const char *path; // where it is served
	const char *type; // Content-Type
	const char *etag; // quoted, of its bytes
	const unsigned char *data;
	size_t n; // bytes
};

extern const struct asset assets[];
extern const size_t n_assets;

// NULL when there is none.
const struct asset *asset_find(const char *path);
