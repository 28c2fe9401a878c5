// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#pragma once

#include "dataplane/tls/certificate.h"
#include "dataplane/tls/ticket.h"

struct tls_host {
	const char *name; // a subjectAltName, in one of the certificates
	SSL_CTX *context;
};

struct tls_server {
	struct tls_library *library;
	atomic_uint refs; // the owner's and the connections'
	struct certificate *certificates;
	size_t n_certificates;
	struct tls_host *hosts;
	size_t n_hosts;
	// One per set of certificates that is ever shown; bit i of the set is certificates[i].
	SSL_CTX **contexts;
	uint32_t *sets;
	size_t n_contexts;
	SSL_CTX *fallback; // for a client that names nothing we have; one of the contexts
	struct tickets tickets;
	char alpn[TLS_NAME_MAX]; // "": ignore
	bool alpn_required;
};

void tls_server_ref(struct tls_server *server);
