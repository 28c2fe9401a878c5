// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/settings.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static_assert((int)CONFIG_PORTS_MAX <= (int)NIC_PORTS_MAX);
static_assert((int)CONFIG_PORTS_MAX <= (int)IP_PORTS_MAX);
static_assert((int)CONFIG_ADDRESSES_MAX + (int)CONFIG_FLOATING_MAX <= (int)IP_ADDRS_MAX);
static_assert((int)SNAPSHOT_WORKERS_MAX <= (int)NIC_WORKERS_MAX);

enum {
	HIGH_WATER = 256 << 10, // of a leg; with TCP's own buffers well below 1 MiB a direction
	STATEMENTS_MAX = 1024,  // prepared statements of one session
	PORTALS_MAX = 256,      // of one session
	PIPELINE_MAX = 1024,    // commands of one session that are not answered yet
};

void settings_nic(const struct config_gateway *gateway, struct nic_config *out)
{
	*out = (struct nic_config){
		.n_workers = gateway->n_workers,
		.control_core = gateway->control_core,
		.huge_pages = gateway->huge_pages,
		.memory_mb = gateway->memory_mb,
		.packets = gateway->limits.packets,
		.n_ports = gateway->n_ports,
	};
	for (uint16_t i = 0; i < gateway->n_workers; i++)
		out->cores[i] = gateway->cores[i];
	for (uint16_t i = 0; i < gateway->n_ports; i++) {
		snprintf(
			out->ports[i].device, sizeof(out->ports[i].device), "%s",
			gateway->ports[i].device
		);
		out->ports[i].mtu = gateway->ports[i].mtu;
		out->ports[i].cut = gateway->ports[i].tso;
		for (uint16_t a = 0; a < gateway->ports[i].n_addresses; a++)
			if (!addr_is_v4(&gateway->ports[i].addresses[a].addr))
				out->ports[i].groups = true;
	}
}

static void settings_ip(const struct config_gateway *gateway, struct ip_config *out)
{
	*out = (struct ip_config){.n_ports = (uint8_t)gateway->n_ports};
	for (uint16_t p = 0; p < gateway->n_ports; p++) {
		const struct config_port *from = &gateway->ports[p];
		struct ip_port_config *to = &out->ports[p];
		to->n_addrs = (uint8_t)from->n_addresses;
		for (uint16_t i = 0; i < from->n_addresses; i++) {
			to->addrs[i].addr = from->addresses[i].addr;
			to->addrs[i].prefix = from->addresses[i].prefix;
		}
		for (uint16_t i = 0; i < from->n_floating; i++) {
			to->addrs[to->n_addrs].addr = from->floating[i].addr;
			to->addrs[to->n_addrs].floating = true;
			to->addrs[to->n_addrs].announced = from->floating[i].announce;
			to->n_addrs++;
		}
		to->vlan = from->vlan;
		to->gateway = from->gateway;
		to->gateway6 = from->gateway6;
	}
}

static struct relay_config settings_relay(const struct config_gateway *gateway)
{
	const struct config_limits *limits = &gateway->limits;

	return (struct relay_config){
		.sessions_max = limits->sessions,
		.message_max = limits->message,
		.high_water = HIGH_WATER,
		.session_memory_max = limits->session_memory,
		.statements_max = STATEMENTS_MAX,
		.portals_max = PORTALS_MAX,
		.pipeline_max = PIPELINE_MAX,
		.holds_max = limits->holds,
		.login_timeout_ms = gateway->timeouts.login_ms,
		.connect_timeout_ms = gateway->timeouts.connect_ms,
		.idle_timeout_ms = gateway->timeouts.idle_ms,
		.effects_entries = limits->statements,
		.effects_bytes = limits->statement_cache,
		.tokens = limits->tokens,
	};
}

void settings_workers(const struct config_gateway *gateway, struct workers_config *out)
{
	*out = (struct workers_config){
		.n_workers = gateway->n_workers,
		.relay = settings_relay(gateway),
		.memory = gateway->limits.worker_memory,
		.record_blocks = gateway->limits.record_blocks,
		.events = gateway->limits.events,
		.idle_sleep_us = gateway->idle_sleep_us,
		.profile = gateway->profile,
		.probe_port = gateway->probe.port,
		.probe_http = gateway->probe.http,
		.tick_us = (uint32_t)(gateway->tick_ns / 1000),
	};
	settings_ip(gateway, &out->ip);
	tcp_config_default(&out->tcp);
	out->tcp.congestion = gateway->tcp.congestion == CONFIG_NEWRENO ? TCP_NEWRENO : TCP_CUBIC;
	out->tcp.ecn = gateway->tcp.ecn;
	out->tcp.rcv_buf_max = out->tcp.snd_buf_max = (uint32_t)gateway->tcp.buffer;
	out->tcp.keepalive_idle_ms = gateway->tcp.keepalive_ms;
	out->tcp.keepalive_interval_ms = gateway->tcp.keepalive_interval_ms;
	out->tcp.keepalive_probes = gateway->tcp.keepalive_probes;
	out->tcp.conns_max = gateway->limits.connections;
	// A flood of openings may not take the places of connections that are open.
	if (out->tcp.half_open_max > gateway->limits.connections / 2)
		out->tcp.half_open_max = gateway->limits.connections / 2;
	// The rest is for packets on their way: slow readers must not stop the port.
	out->tcp.queue_pkts_max = gateway->limits.packets - gateway->limits.packets / 8;
}
