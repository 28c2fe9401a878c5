// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a resource's own catalog says about the columns that rules mask, as a value shared by the
// snapshots that use it.

#pragma once

#include "dataplane/api/snapshot.h"
#include "dataplane/base/err.h"

#include <stddef.h>

// One that never reached the server: nothing is resolved. NULL when memory is short.
struct catalog *catalog_new_unresolved(void) must_check;

// A catalog of copies, sorted here. `from` lends its arrays for the call. NULL when memory is
// short. Free by giving back the last reference.
struct catalog *catalog_new(const struct catalog *from) must_check;

// Thread-safe. The catalog must come from catalog_new or catalog_new_unresolved; NULL is accepted.
struct catalog *catalog_ref(const struct catalog *catalog);
void catalog_unref(const struct catalog *catalog);
