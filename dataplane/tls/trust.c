// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tls/trust.h"

#include <openssl/err.h>

#include <time.h>

static uint64_t now_s(void)
{
	return (uint64_t)time(NULL);
}

static bool digest_chain(struct trust *trust, X509_STORE_CTX *store, uint8_t out[static TRUST_HASH])
{
	const STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(store); // the leaf is the first
	uint8_t one[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	bool ok = sk_X509_num(chain) > 0 &&
		  sk_X509_value(chain, 0) == X509_STORE_CTX_get0_cert(store) &&
		  EVP_DigestInit_ex2(trust->digest, trust->md, NULL) == 1;
	for (int i = 0; i < sk_X509_num(chain) && ok; i++)
		ok = X509_digest(sk_X509_value(chain, i), trust->md, one, &n) == 1 &&
		     EVP_DigestUpdate(trust->digest, one, n) == 1;
	return ok && EVP_DigestFinal_ex(trust->digest, out, &n) == 1 && n == TRUST_HASH;
}

// The least of `until` and the end of the certificate's time.
static uint64_t earlier(uint64_t until, const X509 *certificate)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
		return 0;
	time_t end = timegm(&tm);
	return end >= 0 && (uint64_t)end < until ? (uint64_t)end : until;
}

static uint64_t until_of(X509_STORE_CTX *store)
{
	const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store); // to the trusted one
	uint64_t until = now_s() + TRUST_FOR;

	for (int i = 0; i < sk_X509_num(chain); i++)
		until = earlier(until, sk_X509_value(chain, i));
	return until;
}

// Sessions made of the connection's tickets, and of those that resumed ones bring, have it from
// here: OpenSSL carries the text along, and a client sends it to nobody.
static void note_until(X509_STORE_CTX *store, uint64_t until)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	SSL_SESSION *session = ssl == NULL ? NULL : SSL_get_session(ssl);

	if (session != NULL)
		(void)SSL_SESSION_set1_ticket_appdata(session, &until, sizeof(until));
}

static int verify(struct trust *trust, X509_STORE_CTX *store)
{
	uint8_t chain[TRUST_HASH];
	bool hashed = digest_chain(trust, store, chain);

	if (hashed && now_s() < trust->until && memcmp(chain, trust->chain, sizeof(chain)) == 0) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		return 1;
	}
	int ok = X509_verify_cert(store);
	if (ok != 1)
		return ok;
	trust->until = hashed ? until_of(store) : 0;
	if (hashed)
		memcpy(trust->chain, chain, sizeof(chain));
	return 1;
}

static int on_verify(X509_STORE_CTX *store, void *arg)
{
	struct trust *trust = arg;
	uint64_t until = now_s() + TRUST_FOR;

	if (trust->verifies) {
		int ok = verify(trust, store);
		if (ok != 1)
			return ok;
		until = trust->until;
	} else {
		X509_STORE_CTX_set_error(store, X509_V_OK);
	}
	note_until(store, until);
	return 1;
}

int trust_init(struct trust *out, OSSL_LIB_CTX *library, SSL_CTX *context, bool verifies)
{
	*out = (struct trust){
		.verifies = verifies,
		.md = EVP_MD_fetch(library, "SHA256", NULL),
		.digest = EVP_MD_CTX_new(),
	};
	if (out->md == NULL || out->digest == NULL)
		return ERR_CONFIG;
	SSL_CTX_set_verify(context, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_cert_verify_callback(context, on_verify, out);
	return 0;
}

void trust_fini(struct trust *trust)
{
	EVP_MD_CTX_free(trust->digest);
	EVP_MD_free(trust->md);
}

uint64_t trust_until(const SSL_SESSION *session)
{
	uint64_t until = 0;
	void *text;
	size_t n = 0;

	// Not const only for want of it in OpenSSL.
	if (SSL_SESSION_get0_ticket_appdata((SSL_SESSION *)(uintptr_t)session, &text, &n) == 1 &&
	    n == sizeof(until))
		memcpy(&until, text, sizeof(until));
	return until;
}
