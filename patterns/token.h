// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Base64 as tokens carry it.

#pragma once

#include "dataplane/base/span.h"

// Decode the base64 that `text` begins with, of either alphabet (RFC 4648 4 and 5) and without
// padding, into at most `max` bytes; ends at the first byte that is none. Out: out[0..result).
size_t token_decode(struct span text, uint8_t *out, size_t max);
