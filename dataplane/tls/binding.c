// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tls/connection.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <assert.h>

// RFC 5929 4.1: the hash of the certificate's signature, SHA-256 in place of MD5 and SHA-1.
static int hash_nid(X509 *certificate)
{
	int nid;
	if (X509_get_signature_info(certificate, &nid, NULL, NULL, NULL) != 1)
		return NID_undef;
	return nid == NID_md5 || nid == NID_sha1 ? NID_sha256 : nid;
}

int tls_server_end_point(const struct tls *tls, uint8_t out[static TLS_BINDING_MAX], size_t *len)
{
	if (!tls->established || (tls->server != NULL && tls_is_resumed(tls)))
		return ERR_UNSUPPORTED;
	if (tls->ssl == NULL) {
		memcpy(out, tls->facts.binding, tls->facts.binding_size);
		*len = tls->facts.binding_size;
		return *len > 0 ? 0 : ERR_UNSUPPORTED;
	}
	ERR_clear_error();
	X509 *certificate = tls->server != NULL ? SSL_get_certificate(tls->ssl)
						: SSL_get0_peer_certificate(tls->ssl);
	int nid = certificate == NULL ? NID_undef : hash_nid(certificate);
	const struct tls_library *library =
		tls->server != NULL ? tls->server->library : tls->client->library;
	EVP_MD *md =
		nid == NID_undef ? NULL : EVP_MD_fetch(library->context, OBJ_nid2sn(nid), NULL);
	uint8_t digest[EVP_MAX_MD_SIZE];
	static_assert(sizeof(digest) <= TLS_BINDING_MAX);
	unsigned int n = 0;
	bool ok = md != NULL && X509_digest(certificate, md, digest, &n) == 1;
	EVP_MD_free(md);
	ERR_clear_error();
	if (!ok)
		return ERR_UNSUPPORTED;
	memcpy(out, digest, n);
	*len = n;
	return 0;
}

bool tls_peer_certificate_hash(const struct tls *tls, uint8_t out[static TLS_CERTIFICATE_HASH])
{
	memset(out, 0, TLS_CERTIFICATE_HASH);
	if (!tls->established || tls->server == NULL)
		return false;
	if (tls->ssl == NULL) {
		memcpy(out, tls->facts.peer_hash, TLS_CERTIFICATE_HASH);
		return tls->facts.has_peer_hash;
	}
	X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
	if (certificate == NULL)
		return false;
	EVP_MD *md = EVP_MD_fetch(tls->server->library->context, "SHA256", NULL);
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	bool ok = md != NULL && X509_digest(certificate, md, digest, &n) == 1 &&
		  n == TLS_CERTIFICATE_HASH;
	EVP_MD_free(md);
	ERR_clear_error();
	if (ok)
		memcpy(out, digest, TLS_CERTIFICATE_HASH);
	return ok;
}
