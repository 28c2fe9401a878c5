// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What happens to a device while we run: it is pulled out, recovers from a fault, or, under
// netvsc, another one comes or goes below it. EAL's own thread tells; workers read the result.

#pragma once

#include "dataplane/nic/port.h"

// `port` stays where it is until watch_stop.
void watch_start(struct nic_port *port);
void watch_stop(struct nic_port *port);
