// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/tls/server.h"

#include "dataplane/base/cursor.h"
#include "dataplane/tls/connection.h"

#include <openssl/err.h>

#include <stdlib.h>
#include <strings.h>

static SSL_CTX *host_context(const struct tls_server *server, const char *name)
{
	for (size_t i = 0; i < server->n_hosts; i++)
		if (strcasecmp(server->hosts[i].name, name) == 0)
			return server->hosts[i].context;
	for (size_t i = 0; i < server->n_hosts; i++)
		if (tls_name_matches(server->hosts[i].name, name))
			return server->hosts[i].context;
	return NULL;
}

static int on_server_name(SSL *ssl, int *, void *arg)
{
	const struct tls_server *server = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	SSL_CTX *context = name == NULL ? NULL : host_context(server, name);
	// An unknown name gets the fallback: the client compares, and sees what is wrong.
	if (context == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	return SSL_set_SSL_CTX(ssl, context) == NULL ? SSL_TLSEXT_ERR_ALERT_FATAL
						     : SSL_TLSEXT_ERR_OK;
}

// RFC 7301 3.1: a list of names, each behind its length.
static int on_alpn(
	SSL *, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
	unsigned int in_n, void *arg
)
{
	const struct tls_server *server = arg;
	struct span ours = span_str(server->alpn);
	struct cursor c = cursor_of(span_of(in, in_n));
	while (cursor_left(&c) > 0 && !c.bad) {
		struct span name = cursor_bytes(&c, cursor_u8(&c));
		if (!c.bad && span_equal(name, ours)) {
			*out = ours.p;
			*out_n = (unsigned char)ours.n;
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// OpenSSL asks on_alpn only when the client offers something.
static int on_hello(SSL *ssl, int *alert, void *)
{
	const unsigned char *extension;
	size_t n;
	unsigned int type = TLSEXT_TYPE_application_layer_protocol_negotiation;
	if (SSL_client_hello_get0_ext(ssl, type, &extension, &n) == 1)
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_NO_APPLICATION_PROTOCOL;
	return SSL_CLIENT_HELLO_ERROR;
}

static int on_ticket(
	SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
	int issue
)
{
	struct tls_server *server = tls_of(ssl)->server;
	int rc = tls_tickets_key(&server->tickets, name, iv, cipher, mac, issue == 1);
	// A TLS 1.3 client shows a ticket once and wants the next (RFC 8446 C.4): 2 issues it.
	if (rc == 1 && issue == 0 && SSL_version(ssl) == TLS1_3_VERSION)
		rc = 2;
	return rc;
}

// Any certificate will do: what counts is its hash, and that the client has its key (RFC 8705 4),
// which the handshake proves whatever this says. So no chain is built and no issuer looked for.
static int on_certificate(X509_STORE_CTX *store, void *)
{
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

static bool context_show(SSL_CTX *context, const struct tls_server *server, uint32_t set)
{
	for (size_t i = 0; i < server->n_certificates; i++) {
		const struct certificate *c = &server->certificates[i];
		if ((set >> i & 1) == 0)
			continue;
		if (SSL_CTX_use_cert_and_key(context, c->leaf, c->key, c->chain, 1) != 1)
			return false;
	}
	return true;
}

static SSL_CTX *context_new(struct tls_server *server, uint32_t set)
{
	static const unsigned char id[] = "bulkhead";
	char groups[] = "X25519:P-256";
	SSL_CTX *context = tls_library_context(server->library, TLS_server_method(), groups);
	if (context == NULL)
		return NULL;
	SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
	SSL_CTX_set_tlsext_servername_arg(context, server);
	// Asked for, not required: a client without one says so and is as welcome.
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(context, on_certificate, NULL);
	SSL_CTX_set_max_cert_list(context, TLS_PEER_CHAIN_MAX);
	if (server->alpn[0] != 0)
		SSL_CTX_set_alpn_select_cb(context, on_alpn, server);
	if (server->alpn_required)
		SSL_CTX_set_client_hello_cb(context, on_hello, NULL);
	bool ok = context_show(context, server, set) &&
		  SSL_CTX_set_session_id_context(context, id, sizeof(id) - 1) == 1 &&
		  SSL_CTX_set_num_tickets(context, 1) == 1 &&
		  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket) == 1 &&
		  tls_tickets_watch(context) == 0;
	if (!ok) {
		SSL_CTX_free(context);
		return NULL;
	}
	return context;
}

// The context that shows this set, made when it is the first to ask.
static SSL_CTX *context_of(struct tls_server *server, uint32_t set)
{
	for (size_t i = 0; i < server->n_contexts; i++)
		if (server->sets[i] == set)
			return server->contexts[i];
	SSL_CTX *context = context_new(server, set);
	if (context != NULL) {
		server->sets[server->n_contexts] = set;
		server->contexts[server->n_contexts++] = context;
	}
	return context;
}

// To the certificates in `set`, those that speak for `name` and are the first of their key type.
static uint32_t set_fill(const struct tls_server *server, uint32_t set, const char *name)
{
	for (size_t i = 0; i < server->n_certificates; i++) {
		bool wanted = tls_certificate_covers(&server->certificates[i], name);
		for (size_t j = 0; j < server->n_certificates && wanted; j++)
			if ((set >> j & 1) == 1)
				wanted = server->certificates[i].key_type !=
					 server->certificates[j].key_type;
		if (wanted)
			set |= UINT32_C(1) << i;
	}
	return set;
}

static bool host_add(struct tls_server *server, const char *name, uint32_t *shown)
{
	for (size_t i = 0; i < server->n_hosts; i++)
		if (strcasecmp(server->hosts[i].name, name) == 0)
			return true;
	uint32_t set = set_fill(server, 0, name);
	struct tls_host host = {name, context_of(server, set)};
	*shown |= set;
	server->hosts[server->n_hosts++] = host;
	return host.context != NULL;
}

static size_t names_count(const struct tls_server *server)
{
	size_t n = 0;
	for (size_t i = 0; i < server->n_certificates; i++)
		n += server->certificates[i].n_names;
	return n;
}

// Every name of every certificate becomes a host; *shown: certificates that some client can get.
static int hosts_make(struct tls_server *server, uint32_t *shown, const char **why)
{
	size_t n = names_count(server) + 1;
	server->hosts = calloc(n, sizeof(*server->hosts));
	server->sets = calloc(n, sizeof(*server->sets));
	server->contexts = calloc(n, sizeof(*server->contexts));
	*why = "out of memory";
	if (server->hosts == NULL || server->sets == NULL || server->contexts == NULL)
		return ERR_CONFIG;
	ERR_clear_error();
	const struct certificate *first = &server->certificates[0];
	*shown = set_fill(server, 1, first->n_names == 0 ? NULL : first->names[0]);
	server->fallback = context_of(server, *shown);
	bool ok = server->fallback != NULL;
	for (size_t i = 0; i < server->n_certificates; i++)
		for (size_t j = 0; j < server->certificates[i].n_names && ok; j++)
			ok = host_add(server, server->certificates[i].names[j], shown);
	if (!ok)
		*why = tls_library_why("certificate", NULL);
	return ok ? 0 : ERR_CONFIG;
}

static int certificates_read(
	struct tls_server *server, const struct tls_server_config *config, const char **why
)
{
	*why = "out of memory";
	server->certificates = calloc(config->n_certificates, sizeof(*server->certificates));
	if (server->certificates == NULL)
		return ERR_CONFIG;
	for (size_t i = 0; i < config->n_certificates; i++) {
		server->n_certificates++;
		int rc = tls_certificate_init(
			&server->certificates[i], server->library, &config->certificates[i], why
		);
		if (rc != 0)
			return rc;
	}
	uint32_t shown;
	int rc = hosts_make(server, &shown, why);
	for (size_t i = 0; i < config->n_certificates && rc == 0; i++) {
		if ((shown >> i & 1) == 1)
			continue;
		*why = tls_library_why(
			config->certificates[i].chain_file,
			"never shown: another certificate has its names and its key type"
		);
		rc = ERR_CONFIG;
	}
	return rc;
}

static const char *config_fault(const struct tls_server_config *config)
{
	static const uint8_t zero[TLS_TICKET_SECRET];
	if (config->n_certificates == 0)
		return "no certificate";
	if (config->n_certificates > TLS_CERTIFICATES_MAX)
		return "more than 32 certificates";
	if (config->alpn != NULL && (config->alpn[0] == 0 || strlen(config->alpn) >= TLS_NAME_MAX))
		return "the ALPN name is empty or too long";
	if (config->alpn_required && config->alpn == NULL)
		return "ALPN is required but not named";
	if (memcmp(config->ticket_secret, zero, sizeof(zero)) == 0)
		return "the ticket secret is not set";
	return NULL;
}

static int server_init(
	struct tls_server *server, const struct tls_server_config *config, const char **why
)
{
	*why = "out of memory";
	atomic_init(&server->refs, 1);
	server->library = tls_library_ref(config->library);
	if (server->library == NULL)
		return ERR_CONFIG;
	int rc = tls_tickets_init(&server->tickets, server->library, config->ticket_secret);
	if (rc != 0)
		return rc;
	if (config->alpn != NULL)
		memcpy(server->alpn, config->alpn, strlen(config->alpn) + 1);
	server->alpn_required = config->alpn_required;
	return certificates_read(server, config, why);
}

int tls_server_new(
	const struct tls_server_config *config, struct tls_server **out, const char **why
)
{
	*why = config_fault(config);
	if (*why != NULL)
		return ERR_CONFIG;
	*why = "out of memory";
	struct tls_server *server = calloc(1, sizeof(*server));
	if (server == NULL)
		return ERR_CONFIG;
	int rc = server_init(server, config, why);
	if (server->library != NULL)
		tls_library_leave(server->library);
	if (rc != 0) {
		tls_server_free(server);
		return rc;
	}
	*out = server;
	return 0;
}

void tls_server_ref(struct tls_server *server)
{
	atomic_fetch_add_explicit(&server->refs, 1, memory_order_relaxed);
}

void tls_server_free(struct tls_server *server)
{
	if (server == NULL)
		return;
	if (atomic_fetch_sub_explicit(&server->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < server->n_contexts; i++)
		SSL_CTX_free(server->contexts[i]);
	for (size_t i = 0; i < server->n_certificates; i++)
		tls_certificate_fini(&server->certificates[i]);
	tls_tickets_fini(&server->tickets);
	free(server->contexts);
	free(server->sets);
	free(server->hosts);
	free(server->certificates);
	tls_library_free(server->library);
	free(server);
}
