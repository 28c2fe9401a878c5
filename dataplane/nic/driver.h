// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What of a driver's offers is used. A driver that is not named here is used for what it says of
// itself, but for TSO, which needs a proof or an operator who asks for it.

#pragma once

#include <stdbool.h>
#include <stdint.h>

struct driver {
	const char *name; // ethdev's
	// The offloads, RTE_ETH_RX_OFFLOAD_* and RTE_ETH_TX_OFFLOAD_*, that may be asked for when
	// the device offers them.
	uint64_t rx, tx;
	// It cuts up frames (TSO) as it should: tested. With others an operator asks for it.
	bool cuts;
	// It cuts up frames of IPv4 only, and of segments whose frames, with their Ethernet
	// headers, are no longer than the MTU.
	bool cuts_little;
	// It takes queues in powers of two only, or may be replaced by one that does.
	bool powers_of_two;
	// Key and functions of the hash must be told between configuring and starting once more.
	bool tell_key;
};

// Never NULL.
const struct driver *driver_find(const char *name);
