// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// OpenSSL's view of the network: it reads from the span given to tls_open and appends to `wire`.

#pragma once

#include "dataplane/base/buf.h"
#include "dataplane/base/err.h"

#include <openssl/bio.h>

struct tls_wire {
	struct span in;  // not yet read by OpenSSL; empty between calls
	struct buf *out; // NULL between calls
	int failed;      // why the last append did not succeed, or 0
};

// The method, to be freed with BIO_meth_free; NULL when memory is short.
BIO_METHOD *tls_wire_method(void) must_check;

// A BIO over `wire`, which must outlive it; the caller's. NULL when memory is short.
BIO *tls_wire_bio(OSSL_LIB_CTX *context, const BIO_METHOD *method, struct tls_wire *wire)
	must_check;
