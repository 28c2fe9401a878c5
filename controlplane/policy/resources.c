// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/node.h"
#include "controlplane/policy/parts.h"
#include "controlplane/secrets/secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void find_managed(
	struct build_job *job, const struct config_resource *from, struct resource *to
)
{
	char why[HTTP_WHY] = "";

	if (job->managed == NULL)
		return;
	int rc = managed_find(job->managed, from->secret_name, from->client_id, &to->managed, why);
	if (rc != 0)
		config_error_add(
			job->errors, job->config->file, from->secret_at, "managed identity: %s",
			why[0] != '\0' ? why : err_text(rc)
		);
}

static void fill_resource(
	struct build_job *job, const struct config_resource *from, const struct endpoint *address,
	struct resource *to
)
{
	char why[SECRET_WHY];

	memcpy(to->name, from->name, sizeof(to->name));
	to->node = node_of_resource(from->name);
	memcpy(to->protocol, from->protocol, sizeof(to->protocol));
	memcpy(to->host, from->host, sizeof(to->host));
	memcpy(to->ca_file, from->ca_file, sizeof(to->ca_file));
	memcpy(to->user, from->user, sizeof(to->user));
	memcpy(to->database, from->database, sizeof(to->database));
	to->address = *address;
	to->tls = from->tls;
	to->allow_replication = from->allow_replication;
	if (job->like != NULL)
		return;
	if (from->secret == CONFIG_SECRET_MANAGED)
		find_managed(job, from, to);
	else if (secret_get(from->secret, from->secret_name, to->password, why) != 0)
		config_error_add(job->errors, job->config->file, from->secret_at, "%s", why);
}

static void fill_listener(const struct config_listener *from, struct listener *to)
{
	to->address = from->address;
	to->resource = from->resource_index;
	memcpy(to->protocol, from->protocol, sizeof(to->protocol));
	memcpy(to->cert_files, from->certificates, sizeof(to->cert_files));
	memcpy(to->key_files, from->keys, sizeof(to->key_files));
}

// The addresses that are known already; nobody is asked for another.
static void known_addresses(const struct build_job *job, struct endpoint *addresses)
{
	const struct snapshot *like = job->like;

	for (uint16_t i = 0; i < job->config->n_resources; i++) {
		const struct config_resource *resource = &job->config->resources[i];
		for (uint16_t k = 0; k < like->n_resources; k++)
			if (strcmp(like->resources[k].host, resource->host) == 0 &&
			    like->resources[k].address.port == resource->port)
				addresses[i] = like->resources[k].address;
	}
}

int build_resources(struct build_job *job)
{
	int rc = 0;
	const struct config *config = job->config;
	struct snapshot *s = job->snapshot;
	struct endpoint *addresses =
		arena_array(job->arena, config->n_resources, sizeof(*addresses));
	struct resource *resources =
		arena_array(job->arena, config->n_resources, sizeof(*resources));
	struct listener *listeners =
		arena_array(job->arena, config->n_listeners, sizeof(*listeners));

	if (addresses == NULL || resources == NULL || listeners == NULL)
		return -ENOMEM;
	if (job->like == NULL)
		rc = build_resolve(job, addresses);
	else
		known_addresses(job, addresses);
	if (rc != 0)
		return rc;
	for (uint16_t i = 0; i < config->n_resources; i++)
		fill_resource(job, &config->resources[i], &addresses[i], &resources[i]);
	for (uint16_t i = 0; i < config->n_listeners; i++)
		fill_listener(&config->listeners[i], &listeners[i]);
	s->resources = resources;
	s->n_resources = config->n_resources;
	s->listeners = listeners;
	s->n_listeners = config->n_listeners;
	return 0;
}
