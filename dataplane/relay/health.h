// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The load balancer's probe: a port of its own, in the clear, for anybody. A request by HTTP is
// answered 200 or 503, whatever it asks for; who only opens a connection gets one, and a FIN. Never
// a reset, which Azure's balancer takes for a failure. Private to relay/.

#pragma once

#include "dataplane/api/stats.h"
#include "dataplane/base/err.h"
#include "dataplane/tcp/tcp.h"

#include <stdbool.h>
#include <stdint.h>

enum health_size {
	HEALTH_PROBES_MAX = 64, // at once; one more ends the oldest
	HEALTH_PROBE_MS = 5000, // from its first packet to the end
	HEALTH_HEAD_MAX = 8192, // bytes of a request that are read for its end
};

struct health;

// NULL when memory is short. Free with health_free, which sends nothing.
struct health *health_new(struct worker_stats *stats) must_check;
void health_free(struct health *health); // accepts NULL

// What probes are told from here on. At first: unhealthy.
void health_set(struct health *health, bool healthy);
// What tcp reports of a connection to the probe's port.
void health_event(struct health *health, struct tcp_conn *conn, uint64_t now_us);
// Close what has taken its time. Call in each pass.
void health_tick(struct health *health, uint64_t now_us);
