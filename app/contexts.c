// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/contexts.h"

#include "dataplane/proto/proto.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

int contexts_init(struct contexts *contexts, uint16_t n_workers)
{
	*contexts = (struct contexts){.n_workers = n_workers};
	if (getrandom(contexts->secret, sizeof(contexts->secret), 0) != sizeof(contexts->secret))
		return -EIO;
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
}

void contexts_thread_end(void *)
{
	OPENSSL_thread_stop();
}

// A ticket of one listener means nothing to another; the listener keeps its secret over reloads.
static int listener_secret(
	const struct contexts *contexts, const struct listener *listener,
	uint8_t out[static TLS_TICKET_SECRET]
)
{
	char name[ADDR_TEXT_MAX];
	unsigned n = TLS_TICKET_SECRET;

	endpoint_text(&listener->address, name);
	const uint8_t *mac =
		HMAC(EVP_sha256(), contexts->secret, sizeof(contexts->secret),
		     (const uint8_t *)name, strlen(name), out, &n);
	return mac == NULL ? -ENOMEM : 0;
}

static int build_server(
	const struct contexts *contexts, const struct listener *listener, uint16_t worker,
	struct tls_server **out, const char **why
)
{
	struct tls_certificate certificates[2];
	const struct proto_ops *proto = proto_find(listener->protocol);
	struct tls_server_config config = {
		.library = contexts->libraries[worker],
		.certificates = certificates,
		.alpn = proto == NULL ? NULL : proto->alpn,
	};

	for (unsigned i = 0; i < 2; i++) {
		if (listener->cert_files[i][0] == '\0')
			continue;
		certificates[config.n_certificates++] =
			(struct tls_certificate){listener->cert_files[i], listener->key_files[i]};
	}
	*why = "no memory";
	int r = listener_secret(contexts, listener, config.ticket_secret);
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
		int r = build_server(
			contexts, &snapshot->listeners[i], worker, &w->servers[i], &text
		);
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
