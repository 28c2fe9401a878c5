// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the commands for the admin API's lists share.

#pragma once

#include "app/bulkheadctl/ctl.h"

struct column {
	const char *head, *key; // head NULL: the end. Keys that end in _ns are times
};

// Ask for `path` with --limit and --before. Out: *out. Returns an exit status, and has said what
// went wrong, as all of these.
int list_ask(const struct args *args, const char *path, json_t **out);
// Say, on standard error, that there is more.
void list_more(const json_t *reply);
// Ask and print the list `key` of the answer, as a table or as JSON.
int list_print(
	const struct args *args, const char *path, const char *key, const struct column *columns
);
// "<before><word, escaped><after>" into `out`.
int list_path(char *out, size_t size, const char *before, const char *word, const char *after);
// Print one thing in full; takes it.
int list_show(const struct args *args, json_t *thing);
// POST `body`, which is taken, and show the answer.
int list_post(const struct args *args, const char *path, json_t *body);
