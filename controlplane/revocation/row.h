// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A revocation in the store. Private to revocation/.

#pragma once

#include "controlplane/revocation/revocation.h"

// All return as store_run and store_each.
int row_put(struct store *store, const struct revocation *revocation) must_check;
int row_lift(struct store *store, const struct revocation *revocation) must_check;
int row_done(struct store *store, const struct revocation *revocation) must_check;
int row_get(struct store *store, int64_t n, revocation_each_fn *each, void *context) must_check;
int row_list(
	struct store *store, unsigned limit, int64_t before, revocation_each_fn *each, void *context
) must_check;
// Those in force at `now_s`, the newest first; `limit` and `before` as above.
int row_list_in_force(
	struct store *store, unsigned limit, int64_t before, uint64_t now_s,
	revocation_each_fn *each, void *context
) must_check;
// Out: *n, the largest number ever given; 0: none.
int row_last(struct store *store, int64_t *n) must_check;
