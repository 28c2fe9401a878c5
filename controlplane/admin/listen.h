// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Sockets to listen on. For admin/ only.

#pragma once

#include "dataplane/base/addr.h"

// Bind and listen, without blocking. A Unix socket has mode 0600 from the start, and replaces one
// that nobody listens on any more. Returns a descriptor, -EADDRINUSE, -ENAMETOOLONG, -EEXIST (the
// path is no socket) or another -errno.
int listen_local(const char *path) must_check;
int listen_remote(const struct endpoint *endpoint) must_check;
