// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#pragma once

#include "dataplane/tls/client.h"
#include "dataplane/tls/server.h"
#include "dataplane/tls/wire.h"

struct tls {
	SSL *ssl;
	struct tls_server *server; // either this
	struct tls_client *client; // or this
	struct tls_wire wire;
	int result; // what ended it, or 0
	bool established;
	bool close_sent;
	const char *failure; // static, or OpenSSL's error table
};

// The connection an OpenSSL callback is about.
struct tls *tls_of(const SSL *ssl);
