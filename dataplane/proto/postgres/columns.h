// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What RowDescription says, kept once for all results alike.

#pragma once

#include "dataplane/proto/postgres/state.h"

// Read the body of a RowDescription. A body equal to the last one yields the same object, so that
// notes on its columns last. Out: *columns with a reference for the caller, *bad.
// False when it is malformed or memory is short.
bool pg3_columns_read(
	struct pg3 *pg, struct span body, struct columns **columns, enum proto_bad *bad
) must_check;
void pg3_columns_unref(struct pg3 *pg, struct columns *columns); // accepts NULL
