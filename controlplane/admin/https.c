// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/https.h"

#include "controlplane/recorder/digest.h"
#include "controlplane/secrets/secret.h"

#include <microhttpd.h>

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PEM_MAX = 64 << 10 };

const char https_priorities[] =
	"NONE:+VERS-TLS1.3:+VERS-TLS1.2:+ECDHE-ECDSA:+ECDHE-RSA:"
	"+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:+AEAD:"
	"+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"
	"+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384:+SIGN-EDDSA-ED25519:"
	"+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384:"
	"+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-PSS-SHA256:"
	"+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+COMP-NULL:+CTYPE-X509";

struct https_pair {
	gnutls_certificate_credentials_t credentials;
	unsigned n; // references
};

struct https {
	struct https_pair *pair;
	char *certificate, *key; // PEM; NULL once forgotten
};

static void pair_put(struct https_pair *pair)
{
	if (pair == NULL || --pair->n > 0)
		return;
	if (pair->credentials != NULL)
		gnutls_certificate_free_credentials(pair->credentials);
	free(pair);
}

static void scrub(char **text)
{
	if (*text != NULL)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

static int read_fail(int result, const char *path, char why[ADMIN_WHY])
{
	snprintf(why, ADMIN_WHY, "%s: %s", path, err_text(result));
	return result;
}

// A key may not be open to everybody, as config_check_files has told; a certificate may.
static int read_pem(const char *path, bool secret, char **out, char why[ADMIN_WHY])
{
	size_t n = 0;
	char *text = calloc(1, PEM_MAX + 1);

	if (text == NULL)
		return read_fail(-ENOMEM, path, why);
	int r = 0;
	if (secret) {
		r = secret_file_read(path, text, PEM_MAX, &n);
	} else {
		int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		ssize_t got = fd < 0 ? -1 : read(fd, text, PEM_MAX);
		r = got < 0 ? -errno : 0;
		if (fd >= 0)
			close(fd);
	}
	if (r != 0) {
		scrub(&text);
		return read_fail(r, path, why);
	}
	*out = text;
	return 0;
}

static int pair_of(
	const char *certificate, const char *key, const struct config_https *files,
	struct https_pair **out, char why[ADMIN_WHY]
)
{
	struct https_pair *pair = calloc(1, sizeof(*pair));
	// GnuTLS takes what it reads as unsigned bytes, and does not write to it.
	gnutls_datum_t chain = {.size = (unsigned)strlen(certificate)};
	gnutls_datum_t secret = {.size = (unsigned)strlen(key)};

	if (pair == NULL)
		return read_fail(-ENOMEM, files->certificate, why);
	memcpy(&chain.data, &certificate, sizeof(certificate));
	memcpy(&secret.data, &key, sizeof(key));
	pair->n = 1;
	int r = gnutls_certificate_allocate_credentials(&pair->credentials);
	if (r == 0)
		r = gnutls_certificate_set_x509_key_mem(
			pair->credentials, &chain, &secret, GNUTLS_X509_FMT_PEM
		);
	if (r < 0) {
		snprintf(
			why, ADMIN_WHY, "%s and %s: %s", files->certificate, files->key,
			gnutls_strerror(r)
		);
		pair_put(pair);
		return ERR_CERTIFICATE;
	}
	*out = pair;
	return 0;
}

int https_reload(struct https *https, const struct config_https *files, char why[ADMIN_WHY])
{
	char *certificate = NULL, *key = NULL;
	struct https_pair *pair = NULL;

	int r = read_pem(files->certificate, false, &certificate, why);
	if (r == 0)
		r = read_pem(files->key, true, &key, why);
	if (r == 0)
		r = pair_of(certificate, key, files, &pair, why);
	if (r != 0) {
		scrub(&certificate);
		scrub(&key);
		return r;
	}
	https_forget_pem(https);
	https->certificate = certificate;
	https->key = key;
	pair_put(https->pair);
	https->pair = pair;
	return 0;
}

int https_new(const struct config_https *files, struct https **out, char why[ADMIN_WHY])
{
	struct https *https = calloc(1, sizeof(*https));

	if (https == NULL)
		return read_fail(-ENOMEM, files->certificate, why);
	int r = https_reload(https, files, why);
	if (r != 0)
		https_free(https);
	else
		*out = https;
	return r;
}

void https_free(struct https *https)
{
	if (https == NULL)
		return;
	https_forget_pem(https);
	pair_put(https->pair);
	free(https);
}

const char *https_certificate_pem(const struct https *https)
{
	return https->certificate;
}

const char *https_key_pem(const struct https *https)
{
	return https->key;
}

void https_forget_pem(struct https *https)
{
	scrub(&https->certificate);
	scrub(&https->key);
}

// ---- connections

static gnutls_session_t session_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	return info == NULL ? NULL : info->tls_session;
}

struct https_pair *https_begin(struct https *https, struct MHD_Connection *connection)
{
	gnutls_session_t session = session_of(connection);

	if (session == NULL)
		return NULL;
	if (gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, https->pair->credentials) != 0)
		return NULL; // it goes on with the pair that the library was started with
	gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
	https->pair->n++;
	return https->pair;
}

void https_end(struct https_pair *pair)
{
	pair_put(pair);
}

bool https_client_certificate(struct MHD_Connection *connection, uint8_t out[static 32])
{
	gnutls_session_t session = session_of(connection);
	struct digest digest;
	unsigned n = 0;

	if (session == NULL)
		return false;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &n);
	if (list == NULL || n == 0)
		return false;
	const struct span der = span_of(list[0].data, list[0].size);
	if (digest_of(&der, 1, &digest) != 0)
		return false;
	memcpy(out, digest.b, sizeof(digest.b));
	return true;
}
