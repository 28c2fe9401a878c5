// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/control.h"
#include "controlplane/catalog/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEWS_PER_CALL = 16 };

struct news {
	bool any;
	struct catalog *list[SNAPSHOT_RESOURCES_MAX]; // by resource; references
};

static int find_resource(const struct snapshot *snapshot, const char *name)
{
	for (uint16_t i = 0; i < snapshot->n_resources; i++) {
		if (strcmp(snapshot->resources[i].name, name) == 0)
			return i;
	}
	return -1;
}

// `from` with the news, under `version`. NULL when memory is short.
static struct snapshot *derive(
	const struct snapshot *from, uint32_t version, const struct news *news
)
{
	const struct catalog *catalogs[SNAPSHOT_RESOURCES_MAX];

	for (uint16_t i = 0; i < from->n_resources; i++)
		catalogs[i] = news->list[i];
	return snapshot_derive(from, version, catalogs);
}

static void news_free(struct news *news)
{
	for (unsigned i = 0; news != NULL && i < SNAPSHOT_RESOURCES_MAX; i++)
		catalog_unref(news->list[i]);
	free(news);
}

struct snapshot *catalogs_carry(const struct control *control, struct snapshot *next)
{
	const struct snapshot *now = publisher_current(control->publisher);
	struct news *news = calloc(1, sizeof(*news));
	struct snapshot *derived = NULL;

	for (uint16_t i = 0; news != NULL && now != NULL && i < next->n_resources; i++) {
		int old = find_resource(now, next->resources[i].name);
		if (old < 0 || next->resources[i].catalog == NULL)
			continue;
		news->list[i] = catalog_carry(now, (uint16_t)old, next, i);
		news->any |= news->list[i] != NULL;
	}
	if (news != NULL && news->any)
		derived = derive(next, next->version, news);
	news_free(news);
	if (derived == NULL)
		return next; // what is not known is asked for again
	snapshot_free(next);
	return derived;
}

void catalogs_update(struct control *control)
{
	const struct snapshot *now = publisher_current(control->publisher);
	struct snapshot *next = NULL;
	uint16_t resource;

	struct catalog *first = watch_take(control->watch, &resource);
	if (first == NULL)
		return;
	struct news *news = calloc(1, sizeof(*news));
	for (unsigned n = 0; first != NULL; n++) {
		if (news == NULL || resource >= now->n_resources) {
			catalog_unref(first);
		} else {
			catalog_unref(news->list[resource]);
			news->list[resource] = first;
		}
		first = n < NEWS_PER_CALL ? watch_take(control->watch, &resource) : NULL;
	}
	if (news != NULL)
		next = derive(now, publisher_next_version(control->publisher), news);
	news_free(news);
	if (next == NULL || names_learn(&control->names, next) != 0 ||
	    publisher_publish(control->publisher, next) != 0) {
		snapshot_free(next);
		log_limited(&control->limit, LOG_WARN, "catalog", "news could not be put in force");
	}
}

bool catalogs_missing(const struct control *control)
{
	const struct snapshot *now = publisher_current(control->publisher);

	for (uint16_t i = 0; now != NULL && i < now->n_resources; i++)
		if (now->resources[i].catalog != NULL && !now->resources[i].catalog->resolved)
			return true;
	return false;
}

uint32_t catalogs_unresolved(
	const struct control *control, void (*found)(void *, const char *), void *context
)
{
	const struct snapshot *now = publisher_current(control->publisher);
	char text[4 * SNAPSHOT_NAME_MAX + 4];
	uint32_t n = 0;

	for (uint32_t i = 0; now != NULL && i < now->n_resources; i++) {
		const struct resource *resource = &now->resources[i];
		if (resource->catalog == NULL || !resource->catalog->resolved)
			continue; // a server that nobody has reached yet: /readyz says so
		for (uint16_t m = 0; m < now->n_columns; m++) {
			const struct column_mask *column = &now->columns[m];
			if (!bit_is_set(resource->catalog->unresolved, m))
				continue;
			n++;
			snprintf(
				text, sizeof(text), "%s: %s.%s.%s", resource->name, column->schema,
				column->table, column->column
			);
			if (found != NULL)
				found(context, text);
		}
	}
	return n;
}

// The session may live under an older policy, in which the resource had another place.
void catalogs_poke(struct control *control, const struct event *event)
{
	const char *name = names_text(
		&control->names,
		names_number(&control->names, event->snapshot_version, event->resource)
	);
	int resource = find_resource(publisher_current(control->publisher), name);

	if (resource >= 0)
		watch_poke(control->watch, (uint16_t)resource);
}
