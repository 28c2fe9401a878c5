// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tls/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

// OpenSSL would ask on the terminal otherwise.
static int no_password(char *, int, int, void *)
{
	return -1;
}

static X509 *read_one(BIO *file, const struct tls_library *library)
{
	X509 *x = X509_new_ex(library->context, NULL);
	if (x == NULL || PEM_read_bio_X509(file, &x, no_password, NULL) == NULL) {
		X509_free(x);
		return NULL;
	}
	return x;
}

// The last failure was that the file had no further certificate.
static bool at_end(void)
{
	unsigned long e = ERR_peek_last_error();
	return ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

static int read_chain(
	struct certificate *certificate, const struct tls_library *library, const char *path,
	const char **why
)
{
	ERR_clear_error();
	BIO *file = BIO_new_file(path, "r");
	certificate->chain = sk_X509_new_null();
	if (file == NULL || certificate->chain == NULL)
		goto refuse;
	certificate->leaf = read_one(file, library);
	if (certificate->leaf == NULL)
		goto refuse;
	for (;;) {
		X509 *next = read_one(file, library);
		if (next == NULL && at_end())
			break;
		if (next == NULL || sk_X509_push(certificate->chain, next) == 0) {
			X509_free(next);
			goto refuse;
		}
	}
	BIO_free(file);
	return 0;
refuse:
	*why = tls_library_why(path, NULL);
	BIO_free(file);
	return ERR_CONFIG;
}

static int read_key(
	struct certificate *certificate, const struct tls_library *library, const char *path,
	const char **why
)
{
	ERR_clear_error();
	BIO *file = BIO_new_file(path, "r");
	if (file != NULL)
		certificate->key = PEM_read_bio_PrivateKey_ex(
			file, NULL, no_password, NULL, library->context, NULL
		);
	BIO_free(file);
	if (certificate->key == NULL ||
	    X509_check_private_key(certificate->leaf, certificate->key) != 1) {
		*why = tls_library_why(path, NULL);
		return ERR_CONFIG;
	}
	certificate->key_type = EVP_PKEY_get_base_id(certificate->key);
	return 0;
}

// Write one subjectAltName as text. False when it is of a kind no client can ask for.
static bool name_text(const GENERAL_NAME *name, char out[static TLS_NAME_MAX])
{
	int type;
	const ASN1_STRING *s = GENERAL_NAME_get0_value(name, &type);
	size_t n = s == NULL ? 0 : (size_t)ASN1_STRING_length(s);
	const uint8_t *p = n == 0 ? NULL : ASN1_STRING_get0_data(s);
	switch (type) {
	case GEN_DNS:
		if (n == 0 || n >= TLS_NAME_MAX || memchr(p, 0, n) != NULL)
			return false;
		memcpy(out, p, n);
		out[n] = 0;
		return true;
	case GEN_IPADD:
		if (n != 4 && n != 16)
			return false;
		return inet_ntop(n == 4 ? AF_INET : AF_INET6, p, out, TLS_NAME_MAX) != NULL;
	default:
		return false;
	}
}

static int read_names(struct certificate *certificate)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(certificate->leaf, NID_subject_alt_name, NULL, NULL);
	int n = all == NULL ? 0 : sk_GENERAL_NAME_num(all);
	certificate->names = calloc((size_t)n + 1, sizeof(*certificate->names));
	if (certificate->names != NULL) {
		for (int i = 0; i < n; i++) {
			char *out = certificate->names[certificate->n_names];
			if (name_text(sk_GENERAL_NAME_value(all, i), out))
				certificate->n_names++;
		}
	}
	GENERAL_NAMES_free(all);
	return certificate->names == NULL ? ERR_CONFIG : 0;
}

int tls_certificate_init(
	struct certificate *out, const struct tls_library *library,
	const struct tls_certificate *files, const char **why
)
{
	*out = (struct certificate){};
	int rc = read_chain(out, library, files->chain_file, why);
	if (rc == 0)
		rc = read_key(out, library, files->key_file, why);
	if (rc == 0) {
		out->binding_size = tls_certificate_binding(library, out->leaf, out->binding);
		*why = "out of memory";
		rc = read_names(out);
	}
	return rc;
}

void tls_certificate_fini(struct certificate *certificate)
{
	X509_free(certificate->leaf);
	sk_X509_pop_free(certificate->chain, X509_free);
	EVP_PKEY_free(certificate->key);
	free(certificate->names);
}

bool tls_name_matches(const char *pattern, const char *name)
{
	if (strcasecmp(pattern, name) == 0)
		return true;
	if (pattern[0] != '*' || pattern[1] != '.')
		return false;
	const char *dot = strchr(name, '.');
	return dot != NULL && dot != name && strcasecmp(pattern + 1, dot) == 0;
}

bool tls_certificate_covers(const struct certificate *certificate, const char *name)
{
	if (name == NULL)
		return certificate->n_names == 0;
	for (size_t i = 0; i < certificate->n_names; i++)
		if (tls_name_matches(certificate->names[i], name))
			return true;
	return false;
}
