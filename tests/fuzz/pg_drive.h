// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A PostgreSQL session driven by records of a fuzzer: a byte of choices, a length byte, bytes of
// one leg. Whatever comes, the session must not crash, leak, or consume what it was not given.

#pragma once

#include "dataplane/proto/proto.h"

enum pg_start {
	PG_START_PLAIN, // the client has connected
	PG_START_LOGIN, // the client's token is taken, the server is asked
	PG_START_OPEN,
};

void pg_drive(const uint8_t *data, size_t size, enum pg_start start);
