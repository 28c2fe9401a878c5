// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/policy/parts.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum resolve_limit { WAIT_SECONDS = 5 };

struct lookup {
	struct gaicb request;
	struct addrinfo hints;
	char host[sizeof(((struct config_resource *)NULL)->host)];
};

// Which families the ports can send; a server is looked up for in these, IPv4 before IPv6.
struct families {
	bool v4, v6;
};

static struct families families_of(const struct config *config)
{
	struct families has = {false, false};

	for (uint16_t i = 0; i < config->gateway.n_ports; i++) {
		const struct config_port *port = &config->gateway.ports[i];
		for (uint16_t j = 0; j < port->n_addresses; j++)
			*(addr_is_v4(&port->addresses[j].addr) ? &has.v4 : &has.v6) = true;
	}
	return has;
}

static struct lookup *lookup_start(const char *host, struct families has)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));

	if (lookup == NULL)
		return NULL;
	memcpy(lookup->host, host, strlen(host) + 1);
	lookup->hints.ai_family = !has.v6 ? AF_INET : !has.v4 ? AF_INET6 : AF_UNSPEC;
	lookup->hints.ai_socktype = SOCK_STREAM;
	lookup->request.ar_name = lookup->host;
	lookup->request.ar_request = &lookup->hints;
	struct gaicb *list[] = {&lookup->request};
	if (getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) == 0)
		return lookup;
	free(lookup);
	return NULL;
}

// The first address of IPv4, else the first.
static struct ip_addr best(const struct addrinfo *list)
{
	const struct addrinfo *at = list;
	struct ip_addr addr;

	while (at != NULL && at->ai_family != AF_INET)
		at = at->ai_next;
	if (at != NULL)
		return addr_from_v4(
			((const struct sockaddr_in *)(void *)at->ai_addr)->sin_addr.s_addr
		);
	const struct sockaddr_in6 *in6 = (void *)list->ai_addr;
	memcpy(addr.b, &in6->sin6_addr, sizeof(addr.b));
	return addr;
}

// Out: *out when the result is 0, else an EAI_ code. What the resolver is still busy with cannot be
// taken from it: the request is left to it, a few hundred bytes for each name server that is down.
static int lookup_finish(struct lookup *lookup, uint64_t deadline_ns, struct ip_addr *out)
{
	const struct gaicb *list[] = {&lookup->request};
	struct timespec now;

	while (gai_error(&lookup->request) == EAI_INPROGRESS) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		uint64_t ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
		uint64_t left = ns < deadline_ns ? deadline_ns - ns : 0;
		struct timespec wait = {
			.tv_sec = (time_t)(left / 1000000000),
			.tv_nsec = (long)(left % 1000000000)};
		if (left != 0) {
			(void)gai_suspend(list, 1, &wait);
		} else if (gai_cancel(&lookup->request) == EAI_CANCELED) {
			free(lookup);
			return EAI_AGAIN;
		} else if (gai_error(&lookup->request) == EAI_INPROGRESS) {
			return EAI_AGAIN;
		}
	}
	int rc = gai_error(&lookup->request);
	if (rc == 0) {
		*out = best(lookup->request.ar_result);
		freeaddrinfo(lookup->request.ar_result);
	}
	free(lookup);
	return rc;
}

int build_resolve(struct build_job *job, struct endpoint *addresses)
{
	const struct config *config = job->config;
	struct families has = families_of(config);
	struct lookup **lookups = calloc((size_t)config->n_resources + 1, sizeof(struct lookup *));
	struct timespec now;

	if (lookups == NULL)
		return -ENOMEM;
	clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t deadline =
		(uint64_t)(now.tv_sec + WAIT_SECONDS) * 1000000000 + (uint64_t)now.tv_nsec;
	for (uint16_t i = 0; i < config->n_resources; i++) {
		addresses[i].port = config->resources[i].port;
		if (addr_parse(config->resources[i].host, &addresses[i].addr) != 0)
			lookups[i] = lookup_start(config->resources[i].host, has);
		else if (!(addr_is_v4(&addresses[i].addr) ? has.v4 : has.v6))
			config_error_add(
				job->errors, config->file, config->resources[i].address_at,
				"no port has an address of %s, to reach %s from",
				addr_is_v4(&addresses[i].addr) ? "IPv4" : "IPv6",
				config->resources[i].host
			);
		else if (addr_is_link_local(&addresses[i].addr))
			config_error_add(
				job->errors, config->file, config->resources[i].address_at,
				"%s is on every link; use an address of one network",
				config->resources[i].host
			);
		else
			continue;
	}
	for (uint16_t i = 0; i < config->n_resources; i++) {
		const struct config_resource *resource = &config->resources[i];
		if (addr_parse(resource->host, &addresses[i].addr) == 0)
			continue;
		int rc = lookups[i] == NULL
				 ? EAI_MEMORY
				 : lookup_finish(lookups[i], deadline, &addresses[i].addr);
		if (rc != 0)
			config_error_add(
				job->errors, config->file, resource->address_at,
				"%s cannot be resolved: %s", resource->host, gai_strerror(rc)
			);
	}
	free(lookups);
	return 0;
}
