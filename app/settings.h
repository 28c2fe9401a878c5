// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The configuration in the words of the data plane, which knows nothing of the file.

#pragma once

#include "controlplane/config/config.h"
#include "dataplane/nic/nic.h"
#include "dataplane/worker/worker.h"

void settings_nic(const struct config_gateway *gateway, struct nic_config *out);

// All but nic, snapshot and thread_end, which are the caller's.
void settings_workers(const struct config_gateway *gateway, struct workers_config *out);
