// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Ports and packets: the only layer that knows ethdev and mbufs. Everything above sees struct pkt.
//
// Usage order: nic_new (once per process, as EAL allows it only once), then on each worker's lcore
// nic_rx, nic_tx and nic_flush for its own queues, then, with all workers stopped, nic_free.
//
// Who owns what. A struct pkt lies in its mbuf's private area, and all references that ip/ and tcp/
// hold on the packet (pkt.refs) together are one reference on the mbuf: pkt_get and nic_rx take it,
// the pkt_put that drops the last reference gives it back. A borrowed payload goes out as an
// indirect mbuf, which holds a reference of its own on the payload's mbuf until the driver is done
// with it. So a packet of the send queue may be put while its bytes still stand in a transmit ring:
// its mbuf, and with it the storage, returns to the pool only when both are gone.

#pragma once

#include "dataplane/base/addr.h"
#include "dataplane/base/err.h"
#include "dataplane/base/pkt.h"

enum nic_limit {
	NIC_PORTS_MAX = 8,
	NIC_WORKERS_MAX = 64,
	NIC_DEVICE_MAX = 256,
	NIC_BURST = 64,        // packets of one nic_rx, and of one call into the driver
	NIC_PENDING_MAX = 512, // packets that wait for room in one transmit ring
	NIC_RSS_CHECKS = 256,  // segments whose hash is compared, per worker and port
};

struct nic_port_config {
	// What EAL calls the device, with its arguments: "net_af_packet0,iface=veth0", or a PCI
	// address, or the GUID of a VMBus device.
	char device[NIC_DEVICE_MAX];
	uint16_t mtu; // bytes of an IP packet
	bool groups;  // receive what is sent to groups of stations: IPv6 asks for neighbours so
	bool cut;     // let the device cut up large frames (TSO) if it can, whoever it is
};

struct nic_config {
	uint16_t n_workers;
	uint16_t cores[NIC_WORKERS_MAX]; // the CPU of each worker
	uint16_t control_core;           // of the calling thread
	bool huge_pages;
	uint32_t memory_mb; // 0: with huge pages as they are needed, else what the pools take
	uint32_t packets;   // per worker, beyond what the rings of the ports take
	bool no_offload;    // do checksums and linear packets in software, for tests
	uint16_t n_ports;
	struct nic_port_config ports[NIC_PORTS_MAX];
};

struct nic_port_info {
	uint8_t mac[6];
	uint16_t mtu;        // bytes of an IP packet, as the port took it
	uint16_t tx_offload; // PKT_TX_*
	uint16_t n_queues;   // at most the number of workers
	bool toeplitz;       // the port steers by a hash that we can compute
	bool multi_segment;  // it takes a borrowed payload without a copy
	bool cuts;           // it cuts frames of several segments up (TSO)
	// Of what it was asked to do it does all, now: else checksums are done in software.
	bool complete;
	bool gone;        // its device was removed, or failed for good
	uint32_t changes; // how often anything of this may have changed since the start
	char driver[32];
};

// One worker's counters of one port. worker: rw, control: ro
struct nic_stats {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t rx_segmented; // dropped: came in pieces that do not fit one buffer
	uint64_t rx_foreign;   // dropped: its buffer is not of our pools
	uint64_t tx_full;      // dropped: the ring and the queue before it are full
	uint64_t tx_refused;   // dropped: the driver would never take it
	uint64_t tx_gone;      // dropped: the device is gone
	uint64_t tx_merged;    // segments that left in the frame of the one before (TSO)
	uint64_t tx_no_memory; // dropped: no buffer for a copy or for an indirect mbuf
	// Of the first segments after the start, or after the device changed, whose hash the port
	// gave, and of which of those it was not the one that key, functions and table promise; and
	// segments that came to this worker though the port's hash says another. All 0 where a port
	// does not steer.
	uint64_t rss_checked, rss_differs, rss_misplaced;
};

struct nic;

// Start EAL, make the pools, set the ports up and start them. `config` is copied. Out: *out; on
// error *why, a static or thread-local text.
// Returns 0, -EINVAL (EAL or a device refuses its arguments), -ENODEV, -ENOMEM, -EIO.
int nic_new(const struct nic_config *config, struct nic **out, const char **why) must_check;
// Stop the ports and EAL. All packets must be back but those in rings. Accepts NULL.
void nic_free(struct nic *nic);

void nic_port_info(const struct nic *nic, uint8_t port, struct nic_port_info *info);
// The packets of one worker. Used by its lcore only; packets may be put on any worker's.
struct pkt_pool *nic_pool(struct nic *nic, uint16_t worker);
// Packets of one worker's pool in use, rings included, and all. Any thread; slow.
void nic_pool_usage(const struct nic *nic, uint16_t worker, uint32_t *used, uint32_t *total);
const struct nic_stats *nic_stats(const struct nic *nic, uint16_t worker, uint8_t port);

// The EAL lcore that runs a worker.
unsigned nic_worker_lcore(uint16_t worker);

// Is there a queue of `port` that is this worker's own? Else it must leave receiving and sending to
// the worker that nic_queue_worker names.
bool nic_has_queue(const struct nic *nic, uint16_t worker, uint8_t port);
uint16_t nic_queue_worker(const struct nic *nic, uint16_t worker, uint8_t port);

// Receive up to NIC_BURST frames, one reference each. Returns how many.
uint32_t nic_rx(struct nic *nic, uint16_t worker, uint8_t port, struct pkt *pkts[static NIC_BURST]);

// Queue a frame for port pkt->port, on which this worker has a queue. Takes over the reference; the
// frame leaves with the next nic_flush at the latest, or is dropped and counted.
void nic_tx(struct nic *nic, uint16_t worker, struct pkt *pkt);
// Hand what is queued to the driver; what its ring does not take waits. Call once per loop.
void nic_flush(struct nic *nic, uint16_t worker);

// The worker that a segment from `remote` to `local` belongs to when it uses `port`: where the
// port's hash delivers it, or, when the port has no hash that we know, what our own hash says.
uint16_t nic_owner(
	const struct nic *nic, uint8_t port, const struct endpoint *local,
	const struct endpoint *remote
);

// nic_owner for the segment in `pkt`, which this worker has just received. On the way it tests what
// the port said of its hash. A port that fails is not believed less: owners stay, for connections
// live where they are, and what comes to the wrong worker is handed over as without a hash.
uint16_t nic_arrival_owner(
	struct nic *nic, uint16_t worker, const struct pkt *pkt, const struct endpoint *local,
	const struct endpoint *remote
);
