// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Things of one size that many sessions have alike, each kept once however many hold it: of a
// hundred thousand sessions most have the same rights.

#pragma once

#include "dataplane/base/err.h"
#include "dataplane/base/hash.h"

struct shared;

// For `count` holders at once, of things of `size` bytes. Peers have their say in what is held:
// `key` is random. NULL when memory is short. Free with shared_free, which accepts NULL.
struct shared *shared_new(uint32_t count, size_t size, struct hash_key key) must_check;
void shared_free(struct shared *shared);

// Bytes equal to those of `thing`, padding included, which stay as they are until shared_drop.
// Never NULL while there are no more holders than `count`.
const void *shared_hold(struct shared *shared, const void *thing) must_check;
// Accepts NULL.
void shared_drop(struct shared *shared, const void *held);

// How many different things are held.
uint32_t shared_count(const struct shared *shared);
