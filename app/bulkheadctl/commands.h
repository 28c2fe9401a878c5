// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The two tables of the command line: commands and options.

#pragma once

#include "app/bulkheadctl/ctl.h"

#include <getopt.h>
#include <stdint.h>

enum option_code {
	OPTION_HELP = 1,
	OPTION_JSON,
	OPTION_SOCKET,
	OPTION_STATE,
	OPTION_PATTERNS,
	OPTION_SPEED,
	OPTION_NO_DELAY,
	OPTION_LIVE,
	OPTION_SUBJECT,
	OPTION_RESOURCE,
	OPTION_REASON,
	OPTION_BEFORE,
	OPTION_LIMIT,
	OPTION_TTL,
	OPTION_GROUP,
	OPTION_SINCE,
	OPTION_HEAD,
	OPTION_URL,
	OPTION_CA_FILE,
	OPTION_TOKEN_FILE,
	OPTION_COMMENT,
	OPTION_FOR,
	OPTION_DRY_RUN,
	OPTION_ALL,
	OPTION_ISSUER,
	OPTION_STATEMENT,
	OPTION_DIALECT,
	OPTION_COUNT,
};

static inline uint32_t option_bit(int option)
{
	return UINT32_C(1) << option;
}

struct command {
	const char *name;     // one word or two
	const char *argument; // what follows, or NULL; "[THIS...]": any number
	uint32_t options;
	int (*run)(const struct args *args);
	const char *what, *usage;
};

extern const struct command commands[];
extern const size_t n_commands;
// The last has no name.
extern const struct option options[];
