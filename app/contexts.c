// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/contexts.h"

#include "controlplane/secrets/secret.h"
#include "dataplane/proto/proto.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

// Who guesses it reads what resumed clients sent, or is one of them.
enum { POOL_SECRET_MIN = 32 };

int contexts_init(struct contexts *contexts, uint16_t n_workers)
{
	*contexts = (struct contexts){.n_workers = n_workers};
	if (getrandom(contexts->own, sizeof(contexts->own), 0) != sizeof(contexts->own))
		return -EIO;
	memcpy(contexts->secret, contexts->own, sizeof(contexts->secret));
	for (uint16_t i = 0; i < n_workers; i++) {
		contexts->libraries[i] = tls_library_new();
		if (contexts->libraries[i] == NULL) {
			contexts_fini(contexts);
			return -ENOMEM;
		}
	}
	return 0;
}

void contexts_fini(struct contexts *contexts)
{
	for (uint16_t i = 0; i < contexts->n_workers; i++) {
		if (contexts->libraries[i] != NULL)
			tls_library_free(contexts->libraries[i]);
		contexts->libraries[i] = NULL;
	}
	explicit_bzero(contexts->secret, sizeof(contexts->secret));
	explicit_bzero(contexts->own, sizeof(contexts->own));
}

// Out: `out`, from the text of any length. False: no memory.
static bool extract(const char *text, uint8_t out[static TLS_TICKET_SECRET])
{
	static const char salt[] = "bulkhead ticket secret"; // RFC 5869 2.2
	unsigned n = TLS_TICKET_SECRET;

	return HMAC(EVP_sha256(), salt, sizeof(salt) - 1, (const uint8_t *)text, strlen(text), out,
		    &n) != NULL;
}

int contexts_configure(
	struct contexts *contexts, const struct config *config, struct config_errors *errors
)
{
	const struct config_gateway *g = &config->gateway;
	char text[SECRET_MAX] = "", why[SECRET_WHY];

	if (g->ticket_secret == CONFIG_SECRET_NONE) {
		memcpy(contexts->secret, contexts->own, sizeof(contexts->secret));
		return 0;
	}
	int r = secret_get(g->ticket_secret, g->ticket_secret_name, text, why);
	if (r != 0)
		config_error_add(
			errors, config->file, g->ticket_secret_at, "`ticket_secret`: %s", why
		);
	if (r == 0 && strlen(text) < POOL_SECRET_MIN) {
		config_error_add(
			errors, config->file, g->ticket_secret_at,
			"`ticket_secret` has less than %d characters; make one with "
			"openssl rand -hex 32, the same for every gateway of the pool",
			POOL_SECRET_MIN
		);
		r = ERR_CONFIG;
	}
	if (r == 0 && !extract(text, contexts->secret))
		r = -ENOMEM;
	explicit_bzero(text, sizeof(text));
	return r;
}

void contexts_thread_end(void *)
{
	OPENSSL_thread_stop();
}

// A ticket for one resource means nothing at another's listener. Addresses are left out: gateways
// of a pool have their own.
static int listener_secret(
	const struct contexts *contexts, const struct snapshot *snapshot,
	const struct listener *listener, uint8_t out[static TLS_TICKET_SECRET]
)
{
	char name[SNAPSHOT_NAME_MAX + 64];
	unsigned n = TLS_TICKET_SECRET;

	int length = snprintf(
		name, sizeof(name), "%s %u %s", listener->protocol, listener->address.port,
		snapshot->resources[listener->resource].name
	);
	const uint8_t *mac =
		HMAC(EVP_sha256(), contexts->secret, sizeof(contexts->secret),
		     (const uint8_t *)name, (size_t)length, out, &n);
	return mac == NULL ? -ENOMEM : 0;
}

static int build_server(
	const struct contexts *contexts, const struct snapshot *snapshot, uint16_t i,
	uint16_t worker, struct tls_server **out, const char **why
)
{
	const struct listener *listener = &snapshot->listeners[i];
	struct tls_certificate certificates[2];
	const struct proto_ops *proto = proto_find(listener->protocol);
	struct tls_server_config config = {
		.library = contexts->libraries[worker],
		.certificates = certificates,
		.alpn = proto == NULL ? NULL : proto->alpn,
	};

	for (unsigned c = 0; c < 2; c++) {
		if (listener->cert_files[c][0] == '\0')
			continue;
		certificates[config.n_certificates++] =
			(struct tls_certificate){listener->cert_files[c], listener->key_files[c]};
	}
	*why = "no memory";
	int r = listener_secret(contexts, snapshot, listener, config.ticket_secret);
	if (r == 0)
		r = tls_server_new(&config, out, why);
	explicit_bzero(config.ticket_secret, sizeof(config.ticket_secret));
	return r;
}

static int build_client(
	const struct contexts *contexts, const struct resource *resource, uint16_t worker,
	struct tls_client **out, const char **why
)
{
	static const enum tls_verify verify[] = {
		[RESOURCE_TLS_REQUIRE] = TLS_VERIFY_NONE,
		[RESOURCE_TLS_VERIFY_CA] = TLS_VERIFY_CA,
		[RESOURCE_TLS_VERIFY_FULL] = TLS_VERIFY_FULL,
	};
	const struct tls_client_config config = {
		.library = contexts->libraries[worker],
		.verify = verify[resource->tls],
		.ca_file = resource->ca_file[0] == '\0' ? NULL : resource->ca_file,
		.server_name = resource->host,
	};

	return tls_client_new(&config, out, why);
}

static int build_worker(
	void *ctx, struct snapshot *snapshot, uint16_t worker, struct snapshot_fault *fault
)
{
	const struct contexts *contexts = ctx;
	struct snapshot_worker *w = &snapshot->workers[worker];
	const char *text = "";

	for (uint16_t i = 0; i < snapshot->n_listeners; i++) {
		int r = build_server(contexts, snapshot, i, worker, &w->servers[i], &text);
		if (r != 0) {
			char address[ADDR_TEXT_MAX];
			endpoint_text(&snapshot->listeners[i].address, address);
			fault->listener = i;
			snprintf(fault->why, sizeof(fault->why), "listener %s: %s", address, text);
			return r;
		}
	}
	for (uint16_t i = 0; i < snapshot->n_resources; i++) {
		const struct resource *resource = &snapshot->resources[i];
		if (resource->tls == RESOURCE_TLS_OFF)
			continue;
		int r = build_client(contexts, resource, worker, &w->clients[i], &text);
		if (r != 0) {
			fault->resource = i;
			snprintf(
				fault->why, sizeof(fault->why), "resource %s: %s", resource->name,
				text
			);
			return r;
		}
	}
	return 0;
}

static void free_worker(void *, struct snapshot *snapshot, uint16_t worker)
{
	struct snapshot_worker *w = &snapshot->workers[worker];

	for (uint16_t i = 0; i < snapshot->n_listeners; i++) {
		if (w->servers[i] != NULL)
			tls_server_free(w->servers[i]);
		w->servers[i] = NULL;
	}
	for (uint16_t i = 0; i < snapshot->n_resources; i++) {
		if (w->clients[i] != NULL)
			tls_client_free(w->clients[i]);
		w->clients[i] = NULL;
	}
}

struct snapshot_hooks contexts_hooks(struct contexts *contexts, struct managed *managed)
{
	return (struct snapshot_hooks){build_worker, free_worker, contexts, managed};
}
