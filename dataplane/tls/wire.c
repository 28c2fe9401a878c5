// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tls/wire.h"

static int wire_read(BIO *bio, char *out, int want)
{
	struct tls_wire *wire = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (want <= 0)
		return 0;
	if (wire->in.n == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	struct span s = span_first(wire->in, (size_t)want);
	memcpy(out, s.p, s.n);
	wire->in = span_from(wire->in, s.n);
	return (int)s.n;
}

// All or nothing. OpenSSL keeps what it could not write and offers it again at its next chance.
static int wire_write(BIO *bio, const char *bytes, int n)
{
	struct tls_wire *wire = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (n <= 0)
		return 0;
	wire->failed = buf_append(wire->out, span_of(bytes, (size_t)n));
	if (wire->failed != 0) {
		BIO_set_retry_write(bio);
		return -1;
	}
	return n;
}

// 0 is "no" to everything else that is asked, the kernel's TLS among it.
static long wire_ctrl(BIO *, int command, long, void *)
{
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int wire_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

BIO_METHOD *tls_wire_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "wire");
	if (method == NULL)
		return NULL;
	bool ok = BIO_meth_set_read(method, wire_read) == 1 &&
		  BIO_meth_set_write(method, wire_write) == 1 &&
		  BIO_meth_set_ctrl(method, wire_ctrl) == 1 &&
		  BIO_meth_set_create(method, wire_create) == 1;
	if (!ok) {
		BIO_meth_free(method);
		return NULL;
	}
	return method;
}

BIO *tls_wire_bio(OSSL_LIB_CTX *context, const BIO_METHOD *method, struct tls_wire *wire)
{
	BIO *bio = BIO_new_ex(context, method);
	if (bio != NULL)
		BIO_set_data(bio, wire);
	return bio;
}
