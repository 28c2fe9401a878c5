// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Who started whom: the child tokens that have not expired, in the store. The tokens themselves are
// nowhere.

#pragma once

#include "controlplane/store/store.h"
#include "dataplane/api/subject.h"

// Live ones of `parent`. Out: *n. Returns as store_each.
int children_count(struct store *store, const struct node_id *parent, uint64_t now, uint32_t *n)
	must_check;
// The same, below `root` at any depth.
int children_count_below(struct store *store, const struct node_id *root, uint64_t now, uint32_t *n)
	must_check;
// All that are there, which reads all of them. Out: *n. Returns as store_each.
int children_count_all(struct store *store, uint32_t *n) must_check;
// `links` ends with the child. Returns as store_run.
int children_add(
	struct store *store, const struct chain_link *links, uint16_t n_links, uint64_t now,
	uint64_t expires
) must_check;
// Forget those that have expired. Returns as store_run.
int children_forget(struct store *store, uint64_t now) must_check;
