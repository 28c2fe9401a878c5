// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Writing big-endian fields at any alignment.

#pragma once

#include <stdint.h>

static inline void wire_put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static inline void wire_put32(uint8_t *at, uint32_t v)
{
	wire_put16(at, (uint16_t)(v >> 16));
	wire_put16(at + 2, (uint16_t)v);
}
