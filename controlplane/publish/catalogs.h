// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Catalogs on their way into snapshots. A loop of the control plane:
//
//	at a reload:      next = catalogs_carry(publisher_current(p), next), publish it,
//	                  watch_follow(watch, publisher_current(p))
//	on EVENT_CATALOG: watch_poke(watch, event->resource)
//	in every round:   next = catalogs_news(publisher_current(p), version, watch), publish it
//
// A reload that masks the same columns of the same resources so loses nothing of what is known;
// what is new stays closed until the watch has found it, some milliseconds later.

#pragma once

#include "controlplane/catalog/watch.h"
#include "controlplane/policy/build.h"

// Give `next`, built from a file, the catalogs of `running` (NULL: none) where they still hold.
// Takes `next`; returns it or what replaces it, never NULL: without memory it stays as it is.
struct snapshot *catalogs_carry(const struct snapshot *running, struct snapshot *next) must_check;

// A snapshot as `running`, of version `version`, with everything the watch has found since. NULL
// when there is no news, or no memory. `running` must be of the policy that the watch follows.
struct snapshot *catalogs_news(
	const struct snapshot *running, uint32_t version, struct watch *watch
) must_check;
