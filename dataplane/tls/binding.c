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

size_t tls_certificate_binding(
	const struct tls_library *library, X509 *certificate, uint8_t out[static TLS_BINDING_MAX]
)
{
	ERR_clear_error();
	int nid = hash_nid(certificate);
	EVP_MD *md =
		nid == NID_undef ? NULL : EVP_MD_fetch(library->context, OBJ_nid2sn(nid), NULL);
	uint8_t digest[EVP_MAX_MD_SIZE];
	static_assert(sizeof(digest) <= TLS_BINDING_MAX);
	unsigned int n = 0;
	bool ok = md != NULL && X509_digest(certificate, md, digest, &n) == 1;
	EVP_MD_free(md);
	ERR_clear_error();
	if (!ok)
		return 0;
	memcpy(out, digest, n);
	return n;
}

// Of the certificate that the server has shown, known since it was read.
static size_t shown_binding(const struct tls *tls, uint8_t out[static TLS_BINDING_MAX])
{
	const X509 *shown = SSL_get_certificate(tls->ssl);
	for (size_t i = 0; i < tls->server->n_certificates; i++) {
		const struct certificate *c = &tls->server->certificates[i];
		if (c->leaf != shown)
			continue;
		memcpy(out, c->binding, c->binding_size);
		return c->binding_size;
	}
	return 0;
}

int tls_server_end_point(const struct tls *tls, uint8_t out[static TLS_BINDING_MAX], size_t *len)
{
	if (!tls->established || (tls->server != NULL && tls_is_resumed(tls)))
		return ERR_UNSUPPORTED;
	size_t n = 0;
	if (tls->ssl == NULL) {
		n = tls_facts_of(tls)->binding_size;
		memcpy(out, tls_facts_of(tls)->binding, n);
	} else if (tls->server != NULL) {
		n = shown_binding(tls, out);
	} else {
		X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
		if (certificate != NULL)
			n = tls_certificate_binding(tls->client->library, certificate, out);
	}
	if (n == 0)
		return ERR_UNSUPPORTED;
	*len = n;
	return 0;
}

bool tls_peer_certificate_hash(const struct tls *tls, uint8_t out[static TLS_CERTIFICATE_HASH])
{
	memset(out, 0, TLS_CERTIFICATE_HASH);
	if (!tls->established || tls->server == NULL)
		return false;
	if (tls->ssl == NULL) {
		memcpy(out, tls_facts_of(tls)->peer_hash, TLS_CERTIFICATE_HASH);
		return tls_facts_of(tls)->has_peer_hash;
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
