// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The admin API, asked over its Unix socket.

#pragma once

#include "app/bulkheadctl/ctl.h"

// Ask the gateway. `body`: NULL for GET, else POST with this JSON, which is freed. Out: *out, an
// object owned by the caller, on EXIT_OK. Else an exit status; what went wrong is said, unless
// `quiet`.
int client_ask(const struct args *args, const char *path, json_t *body, bool quiet, json_t **out);

// Where the state folder is: --state; what the gateway says; or the default. Into `out`.
enum { STATE_MAX = 1024 };
const char *client_state(const struct args *args, char out[static STATE_MAX]);
