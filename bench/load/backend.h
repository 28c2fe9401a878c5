// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A server: takes anyone, with TLS or without, and answers with rows.

#pragma once

#include "bench/load/load.h"
#include "bench/load/message.h"

struct backend {
	struct link link; // first: the link's turn is the backend's
	struct load *load;
	bool started; // the startup message is behind
	struct messages messages;
	struct player player;
	const struct script *prepared;
};

// A new connection, its link made; frees itself at its end. NULL when memory is short.
struct backend *backend_new(struct load *load);
