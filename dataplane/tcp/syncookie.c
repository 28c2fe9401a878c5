// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// SYN cookies (RFC 4987 3.6). The initial sequence number is, from the top: one bit for the secret,
// three for the MSS, and 28 of a keyed hash over the flow, the peer's ISN and those four bits,
// which are themselves hidden by it. A timestamp of ours has room for the rest in its low bits,
// since the peer sends it back (RFC 7323 3): window scale, SACK and ECN. Without timestamps there
// is none of them. Secrets live twice SYN_COOKIE_MS; a cookie cannot be told when no cookie was
// sent lately.

#include "dataplane/tcp/syncache.h"

enum cookie_bits {
	MAC_BITS = 28,
	MSS_BITS = 3,
	SECRET_BIT = 1 << MSS_BITS,

	TS_SCALE = 0xf, // its value of this: no window scale
	TS_SACK = 1 << 4,
	TS_ECN = 1 << 5,
	TS_BITS = 6,
	TS_MASK = (1 << TS_BITS) - 1,
};

static const uint32_t MAC_MASK = (UINT32_C(1) << MAC_BITS) - 1;

// The sizes that peers name most, and the least; rounded down to.
static const uint16_t sizes[1 << MSS_BITS] = {TCP_MSS_MIN, 536, 1220, 1300, 1360, 1400, 1440, 1460};

static uint64_t epoch_of(const struct tcp *tcp)
{
	return tcp->now_ms / SYN_COOKIE_MS;
}

// A secret that was not used in the last epoch is never used again.
static void secrets_renew(struct tcp *tcp)
{
	uint64_t epoch = epoch_of(tcp);
	if (tcp->cookie_epoch == epoch)
		return;
	if (tcp->cookie_epoch + 1 != epoch)
		tcp->cookie_keys[(epoch + 1) & 1] = tcp_key_new(tcp);
	tcp->cookie_keys[epoch & 1] = tcp_key_new(tcp);
	tcp->cookie_epoch = epoch;
}

static uint32_t mac(const struct tcp *tcp, const struct flow *flow, uint32_t irs, uint32_t data)
{
	struct {
		struct flow flow;
		uint32_t irs, data;
	} in = {*flow, irs, data};
	static_assert(sizeof(in) == sizeof(struct flow) + 8);
	return (uint32_t)hash_keyed(&tcp->cookie_keys[data >> MSS_BITS], &in, sizeof(in)) &
	       MAC_MASK;
}

// The four bits are hidden by ones that depend on the rest only.
static uint32_t veil(const struct tcp *tcp, uint32_t irs, uint32_t mac_bits)
{
	uint32_t in[2] = {irs, mac_bits};
	return (uint32_t)hash_keyed(&tcp->isn_key, in, sizeof(in)) & ~MAC_MASK;
}

static uint32_t size_index(const struct flow *flow, uint16_t mss)
{
	uint32_t i = (1 << MSS_BITS) - 1;
	if (mss == 0)
		mss = flow_mss_default(flow);
	while (i > 0 && sizes[i] > mss)
		i--;
	return i;
}

static uint32_t ts_bake(const struct tcp *tcp, const struct syn_seen *seen)
{
	uint32_t now = ts_clock(tcp, &seen->flow);
	uint32_t bits = (seen->options & SYN_SCALE) != 0 ? seen->scale : TS_SCALE;
	bits |= (seen->options & SYN_SACK) != 0 ? TS_SACK : 0;
	bits |= (seen->options & SYN_ECN) != 0 ? TS_ECN : 0;
	uint32_t ts = (now & ~(uint32_t)TS_MASK) | bits;
	return seq_lt(now, ts) ? ts - (1 << TS_BITS) : ts; // not from the future
}

uint32_t syncookie_bake(struct tcp *tcp, struct syn_seen *seen)
{
	secrets_renew(tcp);
	uint32_t data = size_index(&seen->flow, seen->mss);
	data |= (tcp->cookie_epoch & 1) != 0 ? SECRET_BIT : 0;
	uint32_t sum = mac(tcp, &seen->flow, seen->irs, data);
	seen->iss = ((data << MAC_BITS) ^ veil(tcp, seen->irs, sum)) | sum;
	tcp->cookie_sent_ms = tcp->now_ms;
	tcp->stats.cookies_sent++;
	if ((seen->options & SYN_TS) != 0)
		return ts_bake(tcp, seen);
	seen->options = 0;
	return 0;
}

// False when the timestamp that comes back cannot be one of a cookie.
static bool ts_check(const struct tcp *tcp, const struct segment *seg, struct syn_seen *seen)
{
	const struct tcp_config *config = &tcp->config;
	if (!config->timestamps || !seg->options.has_ts)
		return true;
	uint32_t age = ts_clock(tcp, &seen->flow) - seg->options.ts_ecr;
	if (age > 2 * SYN_COOKIE_MS + TS_MASK)
		return false;
	uint32_t bits = seg->options.ts_ecr & TS_MASK;
	seen->options |= SYN_TS;
	seen->ts_val = seg->options.ts_val;
	if ((bits & TS_SCALE) != TS_SCALE && config->window_scale) {
		seen->options |= SYN_SCALE;
		seen->scale = bits & TS_SCALE;
	}
	seen->options |= (bits & TS_SACK) != 0 && config->sack ? SYN_SACK : 0;
	seen->options |= (bits & TS_ECN) != 0 && config->ecn ? SYN_ECN : 0;
	return true;
}

bool syncookie_check(struct tcp *tcp, const struct segment *seg, struct syn_seen *seen)
{
	if (tcp->stats.cookies_sent == 0 ||
	    tcp->now_ms - tcp->cookie_sent_ms > 2 * (uint64_t)SYN_COOKIE_MS)
		return false;
	secrets_renew(tcp);
	struct syn_seen out = {
		.flow = {seg->where->local, seg->where->remote},
		.irs = seg->seq - 1,
		.iss = seg->ack - 1,
		.wnd = seg->wnd,
		.options = SYN_RESENT, // nobody remembers whether it was
	};
	uint32_t sum = out.iss & MAC_MASK;
	uint32_t data = ((out.iss ^ veil(tcp, out.irs, sum)) & ~MAC_MASK) >> MAC_BITS;
	struct ip_addr local;
	uint16_t mtu;
	if (mac(tcp, &out.flow, out.irs, data) != sum || !ts_check(tcp, seg, &out) ||
	    tcp->ops.route(tcp->ops.ctx, &out.flow.remote.addr, &local, &mtu) != 0) {
		tcp->stats.cookies_bad++;
		return false;
	}
	out.mss = sizes[data & (SECRET_BIT - 1)];
	out.mss_offered = tcp_mss_offered(tcp, &out.flow, mtu);
	*seen = out;
	return true;
}
