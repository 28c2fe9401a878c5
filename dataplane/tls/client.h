// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#pragma once

#include "dataplane/tls/library.h"
#include "dataplane/tls/session.h"
#include "dataplane/tls/trust.h"

struct tls_client {
	struct tls_library *library;
	atomic_uint refs; // the owner's and the connections'
	SSL_CTX *context;
	char sni[TLS_NAME_MAX]; // "" when the server is an address
	char alpn[TLS_NAME_MAX];
	struct trust trust;
	bool resumes;
	struct sessions sessions; // of the server, under this trust
};

void tls_client_ref(struct tls_client *client);
