// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// DPDK's environment: arguments made from our configuration, nothing read from files of its own.

#pragma once

#include "dataplane/base/err.h"
#include "dataplane/nic/nic.h"

// Start EAL: control on lcore 0, worker i on lcore i + 1. `memory_mb` is used when the
// configuration names none and there are no huge pages. The calling thread is pinned to the control
// core. Returns 0, or -EINVAL with *why.
int eal_start(const struct nic_config *config, uint64_t memory_mb, const char **why) must_check;
void eal_stop(void);
