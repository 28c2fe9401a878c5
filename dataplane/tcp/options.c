// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// TCP options: MSS (RFC 9293 3.7.1), window scale and timestamps (RFC 7323), SACK (RFC 2018).

#include "dataplane/base/cursor.h"
#include "dataplane/tcp/conn.h"
#include "dataplane/tcp/wire.h"

enum option_kind {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_SCALE = 3,
	OPTION_SACK_PERMITTED = 4,
	OPTION_SACK = 5,
	OPTION_TS = 8,
};

static void sack_parse(struct cursor *value, struct tcp_options *out)
{
	while (!value->bad && cursor_left(value) > 0) {
		uint32_t left = cursor_be32(value);
		uint32_t right = cursor_be32(value);
		if (!value->bad && out->n_sack < TCP_SACK_BLOCKS)
			out->sack[out->n_sack++] = (struct sack_block){left, right};
	}
}

// Kinds we do not know are skipped (RFC 9293 MUST-6).
static void option_parse(uint8_t kind, struct cursor *value, struct tcp_options *out)
{
	switch (kind) {
	case OPTION_MSS:
		out->mss = cursor_be16(value);
		break;
	case OPTION_SCALE:
		out->scale = cursor_u8(value);
		out->has_scale = true;
		break;
	case OPTION_SACK_PERMITTED:
		out->sack_permitted = true;
		break;
	case OPTION_SACK:
		sack_parse(value, out);
		break;
	case OPTION_TS:
		out->ts_val = cursor_be32(value);
		out->ts_ecr = cursor_be32(value);
		out->has_ts = true;
		break;
	default:
		(void)cursor_bytes(value, cursor_left(value));
	}
}

// What nearly every segment has: timestamps alone, as RFC 7323 appendix A would have them.
static bool ts_alone(struct span bytes)
{
	static const uint8_t start[] = {OPTION_NOP, OPTION_NOP, OPTION_TS, TCP_TS_LEN - 2};
	return bytes.n == TCP_TS_LEN && memcmp(bytes.p, start, sizeof(start)) == 0;
}

int options_parse(struct span bytes, struct tcp_options *out)
{
	if (ts_alone(bytes)) {
		struct cursor value = cursor_of(span_from(bytes, 4));
		*out = (struct tcp_options){0};
		option_parse(OPTION_TS, &value, out);
		return 0;
	}
	struct tcp_options parsed = {0};
	struct cursor c = cursor_of(bytes);
	while (cursor_left(&c) > 0) {
		uint8_t kind = cursor_u8(&c);
		if (kind == OPTION_END)
			break;
		if (kind == OPTION_NOP)
			continue;
		uint8_t len = cursor_u8(&c);
		if (c.bad || len < 2) // MUST-7: an illegal length must not loop or crash
			return ERR_MALFORMED;
		struct cursor value = cursor_child(&c, len - 2u);
		option_parse(kind, &value, &parsed);
		if (!cursor_done(&value))
			return ERR_MALFORMED;
	}
	*out = parsed;
	return 0;
}

uint32_t options_write_ts(uint8_t *at, uint32_t val, uint32_t ecr)
{
	at[0] = at[1] = OPTION_NOP;
	at[2] = OPTION_TS;
	at[3] = 10;
	wire_put32(at + 4, val);
	wire_put32(at + 8, ecr);
	return TCP_TS_LEN;
}

uint32_t options_write_syn(const struct tcp_options *options, uint8_t *at)
{
	uint8_t *p = at;
	*p++ = OPTION_MSS;
	*p++ = 4;
	wire_put16(p, options->mss);
	p += 2;
	if (options->sack_permitted) {
		*p++ = OPTION_NOP;
		*p++ = OPTION_NOP;
		*p++ = OPTION_SACK_PERMITTED;
		*p++ = 2;
	}
	if (options->has_ts)
		p += options_write_ts(p, options->ts_val, options->ts_ecr);
	if (options->has_scale) {
		*p++ = OPTION_NOP;
		*p++ = OPTION_SCALE;
		*p++ = 3;
		*p++ = options->scale;
	}
	return (uint32_t)(p - at);
}

static uint8_t *block_write(uint8_t *at, struct sack_block block)
{
	wire_put32(at, block.left);
	wire_put32(at + 4, block.right);
	return at + sizeof(block);
}

// What arrived twice comes first (RFC 2883 4).
uint32_t options_write(const struct tcp_conn *conn, bool sack, uint8_t *at)
{
	uint8_t *p = at;
	uint32_t twice = (conn->flags & CONN_DSACK) != 0 ? 1 : 0;
	if ((conn->flags & CONN_TS) != 0)
		p += options_write_ts(p, conn_ts_now(conn), conn->ts_recent);
	uint32_t n_blocks = reassembly_blocks(conn);
	// The receive queue keeps the blocks whether the peer wants them or not (RFC 2018 2).
	if (!sack || (conn->flags & CONN_SACK) == 0 || n_blocks + twice == 0)
		return (uint32_t)(p - at);
	uint32_t room = (uint32_t)(TCP_OPTIONS_MAX - (p - at) - 4) / sizeof(struct sack_block);
	uint32_t n = min_u32(n_blocks, room - twice);
	*p++ = OPTION_NOP;
	*p++ = OPTION_NOP;
	*p++ = OPTION_SACK;
	*p++ = (uint8_t)(2 + (n + twice) * sizeof(struct sack_block));
	if (twice > 0)
		p = block_write(p, conn->dsack);
	for (uint32_t i = 0; i < n; i++)
		p = block_write(p, rx_seg(conn->ooo_head)->queue.blocks[i]);
	return (uint32_t)(p - at);
}
