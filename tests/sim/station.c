// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/sim/station.h"

#include "dataplane/ip/wire.h"

enum { MAC_LEN = 6, ND_OPTION_LEN = 8 };

void station_emit(void *ctx, const uint8_t *frame, size_t n)
{
	struct station *station = ctx;
	world_transmit(station->host, 0, frame, n);
}

// The question becomes the answer.
static void arp_answer(struct station *station, uint8_t *frame, size_t n, size_t at)
{
	uint8_t *arp = frame + at;
	if (n < at + ARP_PACKET || arp[7] != ARP_REQUEST ||
	    memcmp(arp + 24, station->addr.b + 12, 4) != 0)
		return;
	memcpy(frame, arp + 8, MAC_LEN);
	memcpy(frame + MAC_LEN, &station->host->ports[0].mac, MAC_LEN);
	arp[7] = ARP_REPLY;
	memcpy(arp + 18, arp + 8, MAC_LEN + 4);
	memcpy(arp + 8, &station->host->ports[0].mac, MAC_LEN);
	memcpy(arp + 14, station->addr.b + 12, 4);
	station_emit(station, frame, n);
}

static void nd_answer(struct station *station, uint8_t *frame, const struct frame_place *place)
{
	uint8_t *ip = frame + place->ip_at, *nd = frame + place->upper_at;
	size_t n = place->upper_at + ND_MESSAGE + ND_OPTION_LEN;
	if (place->end < n || nd[0] != ND_SOLICITATION ||
	    memcmp(nd + 8, &station->addr, sizeof(station->addr)) != 0)
		return;
	memcpy(frame, frame + MAC_LEN, MAC_LEN);
	memcpy(frame + MAC_LEN, &station->host->ports[0].mac, MAC_LEN);
	memcpy(ip + 24, ip + 8, sizeof(station->addr));
	memcpy(ip + 8, &station->addr, sizeof(station->addr));
	nd[0] = ND_ADVERTISEMENT;
	nd[4] = ND_SOLICITED | ND_OVERRIDE;
	nd[ND_MESSAGE] = ND_OPTION_TARGET;
	nd[ND_MESSAGE + 1] = 1;
	memcpy(nd + ND_MESSAGE + 2, &station->host->ports[0].mac, MAC_LEN);
	frame_set_length(frame, n);
	frame_seal(frame, n);
	station_emit(station, frame, n);
}

static void segment_in(struct station *station, const struct frame_tcp *seg, uint64_t now_us)
{
	for (uint32_t i = 0; i < station->n_peers; i++) {
		struct peer *peer = &station->peers[i];
		bool known = peer->config.remote.port != 0;
		if (peer->config.local.port == seg->to.port &&
		    (!known || peer->config.remote.port == seg->from.port))
			peer_input(peer, seg, now_us);
	}
}

void station_frame(void *ctx, struct span frame, uint64_t now_us)
{
	struct station *station = ctx;
	struct frame_place place;
	struct frame_tcp seg;
	uint8_t copy[FRAME_MAX];
	if (!frame_find(frame, &place) || !frame_is_sealed(frame))
		return; // the wire corrupted it
	bool tagged = place.ip_at > ETH_HEADER;
	if (tagged != (station->vlan != 0))
		peer_violation(&station->peers[0], "a frame of another VLAN");
	if (frame_read(frame, &seg)) {
		segment_in(station, &seg, now_us);
		return;
	}
	memcpy(copy, frame.p, frame.n);
	if (place.type == ETH_TYPE_ARP)
		arp_answer(station, copy, frame.n, place.ip_at);
	else if (place.version == 6 && place.protocol == IP_PROTOCOL_ICMP6)
		nd_answer(station, copy, &place);
}

void station_tick(void *ctx, uint64_t now_us)
{
	struct station *station = ctx;
	for (uint32_t i = 0; i < station->n_peers; i++)
		peer_tick(&station->peers[i], now_us);
}
