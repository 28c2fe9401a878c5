// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Column names to what the server's RowDescription will show: table OIDs and attribute numbers.
//
// A masked column is also shown by
//   - tables that inherit from its table, partitions, and the tables above it: by the column's
//   name;
//   - views and materialised views over any of them, at any depth: all their columns, for the
//     server's dependencies do not tell which of them show it (a whole row is recorded as no
//     column);
//   - the server's statistics about columns (pg_stats and its kin): their samples of values.

#pragma once

#include "controlplane/catalog/catalog.h"
#include "controlplane/catalog/connection.h"

// The masks that rules put on a resource. Out: bits of snapshot->columns.
void catalog_masks(
	const struct snapshot *snapshot, uint16_t resource, uint64_t masks[static COLUMN_WORDS]
);

// Ask the resource's server. `columns` is snapshot->columns, of which `masks` are looked for.
// Out: *out, a reference. Returns 0; -EIO, `why` says what went wrong; -ENOMEM.
int catalog_resolve(
	const struct resource *resource, const struct column_mask *columns,
	const uint64_t masks[static COLUMN_WORDS], const bool *stop, struct catalog **out,
	char why[static CONNECTION_WHY]
) must_check;

// Do two catalogs say the same, versions aside?
bool catalog_equal(const struct catalog *a, const struct catalog *b);

// What the catalog of resource `from_resource` in `from` says, in the words of `to`: so that a
// reload does not lose what is known. NULL when the resources are not the same one, when `to` masks
// a column that `from` did not look for, when `from` has not reached the server yet, or when memory
// is short.
struct catalog *catalog_carry(
	const struct snapshot *from, uint16_t from_resource, const struct snapshot *to,
	uint16_t to_resource
);
