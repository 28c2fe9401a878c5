// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/publish/catalogs.h"

#include "controlplane/catalog/resolve.h"

#include <stdlib.h>

// A snapshot derived with `catalogs`, of which the references are given back. NULL when there are
// none in it, or no memory.
static struct snapshot *derive(
	const struct snapshot *from, uint32_t version, struct catalog **catalogs
)
{
	struct snapshot *derived = NULL;
	bool any = false;

	for (uint16_t i = 0; i < from->n_resources; i++)
		any = any || catalogs[i] != NULL;
	if (any)
		derived = snapshot_derive(from, version, (const struct catalog *const *)catalogs);
	for (uint16_t i = 0; i < from->n_resources; i++)
		catalog_unref(catalogs[i]);
	free(catalogs);
	return derived;
}

static struct catalog *carry_one(
	const struct snapshot *running, const struct snapshot *next, uint16_t resource
)
{
	struct catalog *catalog = NULL;

	if (next->resources[resource].catalog == NULL)
		return NULL;
	for (uint16_t i = 0; i < running->n_resources && catalog == NULL; i++)
		catalog = catalog_carry(running, i, next, resource);
	return catalog;
}

struct snapshot *catalogs_carry(const struct snapshot *running, struct snapshot *next)
{
	if (running == NULL)
		return next;
	struct catalog **catalogs = calloc((size_t)next->n_resources + 1, sizeof(struct catalog *));
	if (catalogs == NULL)
		return next;
	for (uint16_t i = 0; i < next->n_resources; i++)
		catalogs[i] = carry_one(running, next, i);
	struct snapshot *derived = derive(next, next->version, catalogs);
	if (derived == NULL)
		return next;
	snapshot_free(next);
	return derived;
}

struct snapshot *catalogs_news(
	const struct snapshot *running, uint32_t version, struct watch *watch
)
{
	uint16_t resource = 0;

	struct catalog *news = watch_take(watch, &resource);
	if (news == NULL)
		return NULL;
	struct catalog **catalogs =
		calloc((size_t)running->n_resources + 1, sizeof(struct catalog *));
	for (; news != NULL; news = watch_take(watch, &resource)) {
		// Of one resource the last word counts.
		struct catalog *older = news;
		if (catalogs != NULL && resource < running->n_resources) {
			older = catalogs[resource];
			catalogs[resource] = news;
		}
		catalog_unref(older);
	}
	return catalogs == NULL ? NULL : derive(running, version, catalogs);
}
