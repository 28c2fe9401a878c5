// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Hosts, each with its own ip/ and tcp/, joined by wires, on one fake clock. Everything that
// happens follows from the seed.
//
// Usage: world_new, world_host_add for each host, world_join for each wire, then world_run. A
// host's app callback runs after packets have come in and at least once a simulated millisecond;
// what it does to its tcp goes out at the end of the same pass.

#pragma once

#include "dataplane/ip/ip.h"
#include "dataplane/tcp/tcp.h"
#include "tests/sim/tamper.h"
#include "tests/sim/wire.h"

struct world;

struct host_config {
	const char *name;
	struct tcp_config tcp;
	uint8_t n_ports;
	struct {
		const char *address; // "10.0.0.1/24" or "fd00::1/64"
		const char *gateway; // NULL: none
	} ports[IP_PORTS_MAX];
	uint16_t mtu, vlan;
	uint32_t pkts;                           // size of the packet pool
	void (*app)(void *ctx, uint64_t now_us); // NULL: none
	// Not NULL: the host has no stack of ours, and this is given every frame. It may call
	// world_transmit, as may `app`.
	void (*frame)(void *ctx, struct span frame, uint64_t now_us);
	void *ctx;
};

struct host {
	const char *name;
	struct world *world;
	struct pkt_pool *pool;
	struct ip *ip;
	struct tcp *tcp;
	void (*app)(void *ctx, uint64_t now_us);
	void (*frame)(void *ctx, struct span frame, uint64_t now_us);
	void *ctx;
	uint64_t rx_no_memory; // frames dropped for want of a packet
	bool due;              // a pass is to be run
	struct {
		struct eth_addr mac;
		struct wire wire;      // outgoing
		struct tamper *tamper; // in front of it, or NULL; the test's own
		struct host *peer;
		uint8_t peer_port;
	} ports[IP_PORTS_MAX];
};

// NULL when memory is short. With `trace` every frame is printed.
struct world *world_new(uint64_t seed, bool trace) must_check;
void world_free(struct world *world);

// The host lives as long as the world. NULL when memory is short or an address is wrong.
struct host *world_host_add(struct world *world, const struct host_config *config) must_check;
// Join two ports; each direction has its own wire with the same properties, which may be changed
// later through host->ports[].wire.config.
void world_join(
	struct host *a, uint8_t a_port, struct host *b, uint8_t b_port,
	const struct wire_config *config
);

// Put a frame onto the wire at a host's port.
void world_transmit(struct host *host, uint8_t port, const uint8_t *bytes, size_t n);

uint64_t world_now_us(const struct world *world);
struct rng *world_rng(struct world *world);
// Run until `done` says so (NULL: never) or `limit_us` more have passed; returns whether it did.
bool world_run(struct world *world, bool (*done)(void *ctx), void *ctx, uint64_t limit_us);
// Frames under way.
size_t world_in_flight(const struct world *world);
