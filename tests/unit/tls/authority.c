// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/tls/authority.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct authority {
	char dir[AUTHORITY_PATH];
	struct authority *parent;
	EVP_PKEY *key;
	X509 *certificate;
};

enum { DAY = 24 * 3600 };

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "authority: %s failed\n", what);
	abort();
}

static EVP_PKEY *key_new(const char *type)
{
	EVP_PKEY *key;
	if (strcmp(type, "EC") == 0)
		key = EVP_PKEY_Q_keygen(NULL, NULL, type, "P-256");
	else if (strcmp(type, "EC-384") == 0)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	else if (strcmp(type, "RSA") == 0)
		key = EVP_PKEY_Q_keygen(NULL, NULL, type, (size_t)2048);
	else
		key = EVP_PKEY_Q_keygen(NULL, NULL, type);
	need(key != NULL, "key");
	return key;
}

static void extend(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	need(e != NULL && X509_add_ext(x, e, -1) == 1, value);
	X509_EXTENSION_free(e);
}

static X509 *certificate_new(const char *name, EVP_PKEY *key, long from, long to)
{
	static long serial = 1;
	X509 *x = X509_new();
	need(x != NULL, "certificate");
	X509_NAME *subject = X509_get_subject_name(x);
	bool ok = X509_set_version(x, X509_VERSION_3) == 1 &&
		  ASN1_INTEGER_set(X509_get_serialNumber(x), serial++) == 1 &&
		  X509_gmtime_adj(X509_getm_notBefore(x), from) != NULL &&
		  X509_gmtime_adj(X509_getm_notAfter(x), to) != NULL &&
		  X509_NAME_add_entry_by_txt(
			  subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0
		  ) == 1 &&
		  X509_set_pubkey(x, key) == 1;
	need(ok, name);
	return x;
}

static void sign(X509 *x, const X509 *issuer, EVP_PKEY *key, const char *digest)
{
	const EVP_MD *md = NULL;
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519)
		md = EVP_get_digestbyname(digest == NULL ? "SHA256" : digest);
	need(X509_set_issuer_name(x, X509_get_subject_name(issuer)) == 1, "issuer");
	need(X509_sign(x, key, md) > 0, "signature");
}

const char *authority_path(
	const struct authority *authority, const char *file, const char *suffix,
	char out[static AUTHORITY_PATH]
)
{
	(void)snprintf(out, AUTHORITY_PATH, "%.200s/%.30s%.10s", authority->dir, file, suffix);
	return out;
}

static FILE *file_open(const struct authority *authority, const char *file, const char *suffix)
{
	char path[AUTHORITY_PATH];
	FILE *out = fopen(authority_path(authority, file, suffix, path), "w");
	need(out != NULL, path);
	return out;
}

struct authority *authority_new(
	const char *dir, const char *name, struct authority *parent, const char *key
)
{
	struct authority *a = calloc(1, sizeof(*a));
	need(a != NULL, "memory");
	(void)snprintf(a->dir, sizeof(a->dir), "%s", dir);
	a->parent = parent;
	a->key = key_new(key);
	a->certificate = certificate_new(name, a->key, -DAY, DAY);
	extend(a->certificate, NID_basic_constraints, "critical,CA:TRUE");
	extend(a->certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
	const struct authority *issuer = parent == NULL ? a : parent;
	sign(a->certificate, issuer->certificate, issuer->key, NULL);
	FILE *out = file_open(a, name, ".pem");
	need(PEM_write_X509(out, a->certificate) == 1, name);
	fclose(out);
	return a;
}

void authority_free(struct authority *authority)
{
	if (authority == NULL)
		return;
	X509_free(authority->certificate);
	EVP_PKEY_free(authority->key);
	free(authority);
}

void authority_issue(
	const struct authority *authority, const struct authority_leaf *leaf, const char *file
)
{
	bool usual = leaf->from == 0 && leaf->to == 0;
	EVP_PKEY *key = key_new(leaf->key);
	X509 *x = certificate_new(
		leaf->common_name == NULL ? "leaf" : leaf->common_name, key,
		usual ? -DAY : leaf->from, usual ? DAY : leaf->to
	);
	if (leaf->names != NULL)
		extend(x, NID_subject_alt_name, leaf->names);
	sign(x, authority->certificate, authority->key, leaf->digest);
	FILE *out = file_open(authority, file, ".pem");
	need(PEM_write_X509(out, x) == 1, file);
	for (const struct authority *a = authority; a->parent != NULL; a = a->parent)
		need(PEM_write_X509(out, a->certificate) == 1, file);
	fclose(out);
	out = file_open(authority, file, ".key");
	need(PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1, file);
	fclose(out);
	X509_free(x);
	EVP_PKEY_free(key);
}

void authority_folder_make(char out[static AUTHORITY_PATH])
{
	const char *tmp = getenv("TMPDIR");
	(void)snprintf(out, AUTHORITY_PATH, "%.200s/bulkhead.XXXXXX", tmp == NULL ? "/tmp" : tmp);
	need(mkdtemp(out) != NULL, out);
}

void authority_folder_remove(const char *dir)
{
	DIR *d = opendir(dir);
	need(d != NULL, dir);
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		if (e->d_name[0] != '.')
			(void)unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	(void)rmdir(dir);
}
