// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/nic/watch.h"

#include "dataplane/nic/offload.h"

#include <rte_alarm.h>
#include <rte_ethdev.h>

enum { LOOK_US = 100000 };

static const enum rte_eth_event_type own_events[] = {
	RTE_ETH_EVENT_INTR_RMV,
	RTE_ETH_EVENT_ERR_RECOVERING,
	RTE_ETH_EVENT_RECOVERY_SUCCESS,
	RTE_ETH_EVENT_RECOVERY_FAILED,
};
// Of any device: the ones below ours are not known by name.
static const enum rte_eth_event_type all_events[] = {RTE_ETH_EVENT_NEW, RTE_ETH_EVENT_DESTROY};

static void look(void *arg)
{
	struct nic_port *port = arg;
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(port->id, &info) == 0)
		__atomic_store_n(
			&port->can, port->asked & offload_wanted(info.tx_offload_capa),
			__ATOMIC_RELAXED
		);
	__atomic_fetch_add(&port->changes, 1, __ATOMIC_RELAXED);
}

static int on_event(uint16_t, enum rte_eth_event_type event, void *arg, void *)
{
	struct nic_port *port = arg;

	if (event == RTE_ETH_EVENT_INTR_RMV || event == RTE_ETH_EVENT_RECOVERY_FAILED) {
		__atomic_store_n(&port->gone, true, __ATOMIC_RELAXED);
		__atomic_fetch_add(&port->changes, 1, __ATOMIC_RELAXED);
		return 0;
	}
	// The driver wants to be left alone until it tells how that went.
	if (event == RTE_ETH_EVENT_ERR_RECOVERING) {
		__atomic_fetch_add(&port->changes, 1, __ATOMIC_RELAXED);
		return 0;
	}
	// Later, and not from here: netvsc holds the lock that a look at it takes.
	(void)rte_eal_alarm_set(LOOK_US, look, port);
	return 0;
}

void watch_start(struct nic_port *port)
{
	for (size_t i = 0; i < RTE_DIM(own_events); i++)
		(void)rte_eth_dev_callback_register(port->id, own_events[i], on_event, port);
	for (size_t i = 0; i < RTE_DIM(all_events); i++)
		(void)rte_eth_dev_callback_register(RTE_ETH_ALL, all_events[i], on_event, port);
}

void watch_stop(struct nic_port *port)
{
	for (size_t i = 0; i < RTE_DIM(own_events); i++)
		(void)rte_eth_dev_callback_unregister(port->id, own_events[i], on_event, port);
	for (size_t i = 0; i < RTE_DIM(all_events); i++)
		(void)rte_eth_dev_callback_unregister(RTE_ETH_ALL, all_events[i], on_event, port);
	(void)rte_eal_alarm_cancel(look, port);
}
