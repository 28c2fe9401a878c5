// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tls/client.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <stdlib.h>

static bool is_address(const char *name)
{
	struct in6_addr a;
	return inet_pton(AF_INET, name, &a) == 1 || inet_pton(AF_INET6, name, &a) == 1;
}

// The bundle is read here and now: OpenSSL's own default would look into a folder, file by file,
// while a handshake waits.
static bool trust_system(SSL_CTX *context)
{
	const char *candidates[] = {
		secure_getenv(X509_get_default_cert_file_env()),
		X509_get_default_cert_file(),
		"/etc/ssl/certs/ca-certificates.crt",
	};
	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++)
		if (candidates[i] != NULL && SSL_CTX_load_verify_file(context, candidates[i]) == 1)
			return true;
	return false;
}

static int set_trust(SSL_CTX *context, const struct tls_client_config *config, const char **why)
{
	ERR_clear_error();
	if (config->ca_file == NULL) {
		*why = "the system has no bundle of certificate authorities";
		return trust_system(context) ? 0 : ERR_CONFIG;
	}
	if (SSL_CTX_load_verify_file(context, config->ca_file) == 1)
		return 0;
	*why = tls_library_why(config->ca_file, NULL);
	return ERR_CONFIG;
}

// What the certificate must name; connections inherit it.
static int set_identity(SSL_CTX *context, const char *name)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_hostflags(
		param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT
	);
	int ok = is_address(name) ? X509_VERIFY_PARAM_set1_ip_asc(param, name)
				  : X509_VERIFY_PARAM_set1_host(param, name, 0);
	return ok == 1 ? 0 : ERR_CONFIG;
}

static int set_verify(SSL_CTX *context, const struct tls_client_config *config, const char **why)
{
	switch (config->verify) {
	case TLS_VERIFY_NONE:
		return 0;
	case TLS_VERIFY_CA:
		return set_trust(context, config, why);
	case TLS_VERIFY_FULL:
		*why = "the server name cannot be compared";
		if (set_identity(context, config->server_name) != 0)
			return ERR_CONFIG;
		return set_trust(context, config, why);
	}
	*why = "unknown way to verify";
	return ERR_CONFIG;
}

static int set_alpn(struct tls_client *client, const char *alpn)
{
	uint8_t list[TLS_NAME_MAX];
	size_t n = strlen(alpn);
	list[0] = (uint8_t)n;
	memcpy(list + 1, alpn, n);
	memcpy(client->alpn, alpn, n + 1);
	// Alone among its like, this one returns 0 on success.
	return SSL_CTX_set_alpn_protos(client->context, list, (unsigned int)n + 1) == 0
		       ? 0
		       : ERR_CONFIG;
}

static const char *config_fault(const struct tls_client_config *config)
{
	const char *name = config->server_name;
	if (config->verify == TLS_VERIFY_FULL && (name == NULL || name[0] == 0))
		return "a server name is needed to verify it";
	if (name != NULL && strlen(name) >= TLS_NAME_MAX)
		return "the server name is too long";
	if (config->alpn != NULL && (config->alpn[0] == 0 || strlen(config->alpn) >= TLS_NAME_MAX))
		return "the ALPN name is empty or too long";
	return NULL;
}

static int client_init(
	struct tls_client *client, const struct tls_client_config *config, const char **why
)
{
	*why = "out of memory";
	atomic_init(&client->refs, 1);
	client->library = tls_library_ref(config->library);
	if (client->library == NULL)
		return ERR_CONFIG;
	// P-384 because a TLS 1.2 server's key must be on a curve we list (RFC 8422 5.3).
	char groups[] = "X25519:P-256:P-384";
	client->context = tls_library_context(client->library, TLS_client_method(), groups);
	if (client->context == NULL)
		return ERR_CONFIG;
	SSL_CTX_set_options(client->context, SSL_OP_NO_TICKET); // of TLS 1.2
	client->resumes = !config->full_only;
	if (client->resumes)
		sessions_watch(client->context);
	if (config->server_name != NULL && !is_address(config->server_name))
		memcpy(client->sni, config->server_name, strlen(config->server_name) + 1);
	if (config->alpn != NULL && set_alpn(client, config->alpn) != 0)
		return ERR_CONFIG;
	bool verifies = config->verify != TLS_VERIFY_NONE;
	if (trust_init(&client->trust, client->library->context, client->context, verifies) != 0)
		return ERR_CONFIG;
	return set_verify(client->context, config, why);
}

int tls_client_new(
	const struct tls_client_config *config, struct tls_client **out, const char **why
)
{
	*why = config_fault(config);
	if (*why != NULL)
		return ERR_CONFIG;
	*why = "out of memory";
	struct tls_client *client = calloc(1, sizeof(*client));
	if (client == NULL)
		return ERR_CONFIG;
	int rc = client_init(client, config, why);
	if (client->library != NULL)
		tls_library_leave(client->library);
	if (rc != 0) {
		tls_client_free(client);
		return rc;
	}
	*out = client;
	return 0;
}

void tls_client_ref(struct tls_client *client)
{
	atomic_fetch_add_explicit(&client->refs, 1, memory_order_relaxed);
}

void tls_client_free(struct tls_client *client)
{
	if (client == NULL)
		return;
	if (atomic_fetch_sub_explicit(&client->refs, 1, memory_order_acq_rel) != 1)
		return;
	sessions_fini(&client->sessions);
	trust_fini(&client->trust);
	SSL_CTX_free(client->context);
	tls_library_free(client->library);
	free(client);
}
