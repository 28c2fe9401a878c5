// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/policy/build.h"

#include "controlplane/catalog/catalog.h"
#include "controlplane/policy/kept.h"
#include "controlplane/policy/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// What snapshots that differ only in their catalogs share. Only control threads count references.
struct core {
	uint32_t refs;
	uint16_t n_hooked; // workers for which build_worker was called
	struct arena *arena;
	struct snapshot_hooks hooks;
	struct shared_set *entities, *blocks;
	struct snapshot base; // its workers hold the shared objects; their refs are not used
};

struct built {
	struct snapshot snapshot; // first: the address that is handed out
	struct core *core;
	struct arena *arena; // resources and workers of this one
};

static struct built *built_of(const struct snapshot *snapshot)
{
	return (struct built *)(uintptr_t)snapshot;
}

static void core_unref(struct core *core)
{
	if (__atomic_sub_fetch(&core->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	struct snapshot *base = &core->base;
	for (uint16_t w = 0; w < core->n_hooked; w++)
		core->hooks.free_worker(core->hooks.ctx, base, w);
	for (uint16_t w = 0; base->workers != NULL && w < base->n_workers; w++) {
		scan_scratch_free(base->workers[w].entity_scratch);
		scan_scratch_free(base->workers[w].block_scratch);
	}
	sets_put(core->entities);
	sets_put(core->blocks);
	arena_free(core->arena);
	explicit_bzero(base, sizeof(*base));
	free(core);
}

static struct core *core_new(void)
{
	struct core *core = calloc(1, sizeof(*core));

	if (core == NULL)
		return NULL;
	core->refs = 1;
	core->arena = arena_new();
	if (core->arena == NULL) {
		free(core);
		return NULL;
	}
	return core;
}

static int build_content(struct build_job *job)
{
	int rc = build_resources(job);
	if (rc == 0)
		rc = build_patterns(job);
	if (rc == 0)
		rc = build_rules(job);
	if (rc == 0 && job->lib != NULL)
		rc = build_classes(job);
	// Compiling takes longest and says nothing about mistakes in the file.
	if (rc == 0 && !config_errors_any(job->errors))
		rc = build_sets(job);
	kept_give(&job->config->gateway.patterns, job->digest, job->lib);
	free(job->wanted);
	if (rc == 0 && config_errors_any(job->errors))
		rc = ERR_CONFIG;
	return rc;
}

static int worker_fill(struct core *core, struct snapshot_worker *worker)
{
	const struct snapshot *base = &core->base;

	worker->servers = arena_array(core->arena, base->n_listeners, sizeof(*worker->servers));
	worker->clients = arena_array(core->arena, base->n_resources, sizeof(*worker->clients));
	if (worker->servers == NULL || worker->clients == NULL)
		return -ENOMEM;
	if (base->entities != NULL) {
		worker->entity_scratch = scan_scratch_new(base->entities);
		if (worker->entity_scratch == NULL)
			return -ENOMEM;
	}
	if (base->blocks != NULL) {
		worker->block_scratch = scan_scratch_new(base->blocks);
		if (worker->block_scratch == NULL)
			return -ENOMEM;
	}
	return 0;
}

// Of the files of a listener, the one that `why` names; else its first key, as when that does not
// fit its certificate.
static struct config_position listener_position(
	const struct config_listener *listener, const char *why
)
{
	for (uint16_t i = 0; i < listener->n_certificates; i++) {
		if (strstr(why, listener->keys[i]) != NULL)
			return listener->key_at[i];
		if (strstr(why, listener->certificates[i]) != NULL)
			return listener->certificate_at[i];
	}
	return listener->key_at[0];
}

static struct config_position fault_position(
	const struct config *config, const struct snapshot_fault *fault
)
{
	if (fault->listener >= 0)
		return listener_position(&config->listeners[fault->listener], fault->why);
	if (fault->resource < 0)
		return (struct config_position){0};
	const struct config_resource *resource = &config->resources[fault->resource];
	return resource->ca_file[0] != '\0' ? resource->ca_at : resource->at;
}

static int build_workers(
	struct core *core, const struct config *config, struct config_errors *errors
)
{
	struct snapshot *base = &core->base;
	struct snapshot_fault fault = {-1, -1, ""};
	int rc = 0;

	base->workers = arena_array(core->arena, base->n_workers, sizeof(*base->workers));
	if (base->workers == NULL)
		return -ENOMEM;
	for (uint16_t w = 0; w < base->n_workers && rc == 0; w++)
		rc = worker_fill(core, &base->workers[w]);
	for (uint16_t w = 0; w < base->n_workers && rc == 0 && core->hooks.build_worker != NULL;
	     w++) {
		core->n_hooked++;
		rc = core->hooks.build_worker(core->hooks.ctx, base, w, &fault);
	}
	if (rc == 0 || rc == -ENOMEM)
		return rc;
	config_error_add(errors, config->file, fault_position(config, &fault), "%s", fault.why);
	return ERR_CONFIG;
}

// A rule masks a column, so the resource needs a catalog: one that knows nothing yet.
static bool needs_catalog(const struct snapshot *s, uint16_t resource)
{
	for (uint16_t i = 0; i < s->n_rules; i++) {
		if (!bit_is_set(s->rules[i].resources, resource))
			continue;
		for (size_t w = 0; w < COLUMN_WORDS; w++)
			if (s->rules[i].right.columns[w] != 0)
				return true;
	}
	return false;
}

static struct snapshot *wrap(struct core *core, uint32_t version)
{
	const struct snapshot *base = &core->base;
	struct built *built = calloc(1, sizeof(*built));
	struct arena *arena = arena_new();
	struct resource *resources = NULL;
	struct snapshot_worker *workers = NULL;

	if (arena != NULL) {
		resources = arena_array(arena, base->n_resources, sizeof(*resources));
		workers = arena_array(arena, base->n_workers, sizeof(*workers));
	}
	if (built == NULL || resources == NULL || workers == NULL) {
		arena_free(arena);
		free(built);
		return NULL;
	}
	memcpy(resources, base->resources, base->n_resources * sizeof(*resources));
	memcpy(workers, base->workers, base->n_workers * sizeof(*workers));
	for (uint16_t w = 0; w < base->n_workers; w++)
		workers[w].refs = workers[w].rehearsals = 0;
	built->snapshot = *base;
	built->snapshot.version = version;
	built->snapshot.resources = resources;
	built->snapshot.workers = workers;
	built->core = core;
	built->arena = arena;
	__atomic_fetch_add(&core->refs, 1, __ATOMIC_RELAXED);
	return &built->snapshot;
}

static struct resource *resources_of(struct snapshot *snapshot)
{
	return (struct resource *)(uintptr_t)snapshot->resources;
}

static int add_catalogs(struct snapshot *snapshot)
{
	for (uint16_t i = 0; i < snapshot->n_resources; i++) {
		if (!needs_catalog(snapshot, i))
			continue;
		resources_of(snapshot)[i].catalog = catalog_new_unresolved();
		if (snapshot->resources[i].catalog == NULL)
			return -ENOMEM;
	}
	return 0;
}

// Takes `core`, with what snapshot and hooks need besides the configuration.
static int build(
	struct core *core, const struct config *config, const struct snapshot *like,
	uint32_t version, struct snapshot **out, struct config_errors *errors
)
{
	struct snapshot *snapshot = NULL;
	struct build_job job = {config, errors, core->arena, &core->base, like};

	job.managed = core->hooks.managed;
	job.cache = core->hooks.cache;
	core->hooks.cache = NULL; // the caller's, for now
	memcpy(core->base.digest, config->digest.b, sizeof(core->base.digest));
	int rc = build_content(&job);
	core->entities = job.entities;
	core->blocks = job.blocks;
	if (rc == 0)
		rc = build_workers(core, config, errors);
	if (rc == 0) {
		snapshot = wrap(core, version);
		rc = snapshot == NULL ? -ENOMEM : add_catalogs(snapshot);
	}
	core_unref(core); // the snapshot has its own reference
	if (rc != 0)
		snapshot_free(snapshot);
	else
		*out = snapshot;
	return rc;
}

int snapshot_build(
	const struct config *config, uint32_t version, uint16_t n_workers,
	const uint8_t hash_key[static 32], const struct snapshot_hooks *hooks,
	struct snapshot **out, struct config_errors *errors
)
{
	struct core *core = core_new();

	if (core == NULL)
		return -ENOMEM;
	if (hooks != NULL)
		core->hooks = *hooks;
	memcpy(core->base.hash_key, hash_key, sizeof(core->base.hash_key));
	core->base.n_workers = n_workers;
	return build(core, config, NULL, version, out, errors);
}

int snapshot_build_trial(
	const struct config *config, const struct snapshot *like, struct snapshot **out,
	struct config_errors *errors
)
{
	struct core *core = core_new();

	if (core == NULL)
		return -ENOMEM;
	memcpy(core->base.hash_key, like->hash_key, sizeof(core->base.hash_key));
	core->base.n_workers = 1;
	return build(core, config, like, like->version + 1, out, errors);
}

struct snapshot *snapshot_derive(
	const struct snapshot *from, uint32_t version, const struct catalog *const *catalogs
)
{
	struct snapshot *snapshot = wrap(built_of(from)->core, version);

	for (uint16_t i = 0; snapshot != NULL && i < snapshot->n_resources; i++)
		resources_of(snapshot)[i].catalog =
			catalog_ref(catalogs[i] != NULL ? catalogs[i] : from->resources[i].catalog);
	return snapshot;
}

void snapshot_set_version(struct snapshot *snapshot, uint32_t version)
{
	snapshot->version = version;
}

void snapshot_free(struct snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	struct built *built = built_of(snapshot);
	for (uint16_t i = 0; i < snapshot->n_resources; i++)
		catalog_unref(snapshot->resources[i].catalog);
	arena_free(built->arena);
	core_unref(built->core);
	explicit_bzero(built, sizeof(*built));
	free(built);
}
