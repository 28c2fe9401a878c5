// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Typed values out of the tree. Each reader returns true when the value is there and right; else it
// has added an error with the value's place, and the output keeps its default. `what` is the
// key's name in messages.

#pragma once

#include "controlplane/config/tree.h"

struct reader {
	struct arena *arena;
	const char *file;
	const char *folder; // for relative paths; ends in a slash, or ""
	struct config_errors *errors;
	bool no_memory; // an allocation failed: the result is of no use
};

struct word {
	const char *text;
	int value;
};

void read_fail(struct reader *r, struct config_position at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// `node` is a map and has no key but those in `known` (NULL-terminated). `what`: "a resource".
bool read_map(
	struct reader *r, const struct node *node, const char *what, const char *const *known
);
// `node` is a list of at most `max` items.
bool read_list(struct reader *r, const struct node *node, const char *what, uint32_t max);
// The value of `key`, which must be there. NULL when it is not.
const struct node *read_need(
	struct reader *r, const struct node *map, const char *what, const char *key
);

// Not empty, at most size - 1 bytes.
bool read_text(struct reader *r, const struct node *node, const char *what, char *out, size_t size);
// Letters, digits, "-", "_" and "."; for the names that rules and metrics use.
bool read_name(struct reader *r, const struct node *node, const char *what, char *out, size_t size);
bool read_path(
	struct reader *r, const struct node *node, const char *what,
	char out[static CONFIG_PATH_MAX]
);
// Is the URL https, or http on the loopback, where nobody is in between?
bool read_is_safe_url(const char *url);
bool read_bool(struct reader *r, const struct node *node, const char *what, bool *out);
bool read_number(
	struct reader *r, const struct node *node, const char *what, uint64_t min, uint64_t max,
	uint64_t *out
);
// "50MB" (powers of ten), "64KiB" (powers of two), or bytes.
bool read_size(
	struct reader *r, const struct node *node, const char *what, uint64_t min, uint64_t max,
	uint64_t *out
);
// "5m", "30s", "250ms", "50us", "1h", "2d", or 0. Nanoseconds; min and max too.
bool read_duration(
	struct reader *r, const struct node *node, const char *what, uint64_t min, uint64_t max,
	uint64_t *out
);
// Cut "host:port" or "[address]:port". Out: *port. Returns the host, without brackets, in `text`;
// or NULL.
char *read_host_port(char *text, uint16_t *port);
bool read_address(struct reader *r, const struct node *node, const char *what, struct ip_addr *out);
// One of `words` (ends with text NULL).
bool read_word(
	struct reader *r, const struct node *node, const char *what, const struct word *words,
	int *out
);
// A list of different words, each not empty and at most `longest` bytes.
bool read_names(
	struct reader *r, const struct node *node, const char *what, uint16_t max, size_t longest,
	struct config_names *out
);

// A list, or one value that stands for a list of one: the first item, chained by next. NULL when
// the list is empty or too long, which is an error.
const struct node *read_one_or_more(
	struct reader *r, const struct node *node, const char *what, uint32_t max
);

// "; did you mean `x`?" when one of `candidates` is close to `text`, else "". Returns `out`.
const char *read_suggestion(
	const char *text, const char *const *candidates, size_t n, char out[static 96]
);
