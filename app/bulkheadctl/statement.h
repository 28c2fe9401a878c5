// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What statements of any dialect would do.

#pragma once

#include "dataplane/inspect/inspect.h"

// Zeroed at first, and given to statement_reader_fini at last.
struct statement_reader {
	struct inspect_cache *cache;   // of PostgreSQL's
	struct command_reader *reader; // of the others
};

// Is it "postgres", "mysql", "tsql" or "shell"?
bool statement_is_dialect(const char *dialect);
// The effects of `text`, in a session with the usual settings; valid until the next call. NULL:
// memory is short. `dialect` is one.
const struct effects *statement_effects(
	struct statement_reader *reader, const char *dialect, struct span text
);
void statement_reader_fini(struct statement_reader *reader);
