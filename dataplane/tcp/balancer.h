// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Azure's load balancer asks whether we are well by a connection from one address to each of its
// families. It takes timestamps, and a RST, for a sign that we are not (Microsoft, "Azure Load
// Balancer health probes"). So it gets neither: no timestamps from the first SYN on, and where
// others would get a RST, a FIN.

#pragma once

#include "dataplane/base/addr.h"

static inline bool balancer_is(const struct ip_addr *remote)
{
	static const struct ip_addr v4 = {
		.b = {[10] = 0xff, [11] = 0xff, [12] = 168, [13] = 63, [14] = 129, [15] = 16}};
	static const struct ip_addr v6 = {
		.b = {0xfe, 0x80, [10] = 0x12, [11] = 0x34, 0x56, 0x78, 0x9a, 0xbc}};

	return addr_equal(remote, &v4) || addr_equal(remote, &v6);
}
