// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A hostile client, from its first byte, or in an open session.

#include "tests/fuzz/pg_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0)
		pg_drive(data + 1, size - 1, (data[0] & 1) != 0 ? PG_START_PLAIN : PG_START_OPEN);
	return 0;
}
