// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/library.h"

#include "patterns/list.h"
#include "patterns/names.h"
#include "patterns/pack.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pattern_lib {
	size_t count, room;
	struct definition *definitions;
	struct definition **shared; // of lists
	size_t shared_count;
	struct pattern_pack *packs;
	size_t pack_count;
	struct pattern_names names;
	char *cache;
};

// Write "path: text" to `why`, for what is wrong with no place in the file. Returns ERR_CONFIG.
static int __attribute__((format(printf, 3, 4)))
fault(char *why, const char *path, const char *format, ...)
{
	va_list args;
	int n = snprintf(why, PATTERN_WHY, "%s: ", path);
	if (n < 0 || n >= PATTERN_WHY)
		return ERR_CONFIG;
	va_start(args, format);
	vsnprintf(why + n, (size_t)(PATTERN_WHY - n), format, args);
	va_end(args);
	return ERR_CONFIG;
}

// Out: *out, malloced, the whole file.
static int read_file(const char *path, uint8_t **out, size_t *size, char *why)
{
	uint8_t *bytes = malloc(LIST_FILE_MAX + 1);
	FILE *file = fopen(path, "re");
	int result = 0;
	if (bytes == NULL || file == NULL) {
		result = bytes == NULL ? -ENOMEM : -errno;
		(void)fault(why, path, "%s", strerror(-result));
		goto out;
	}
	*size = fread(bytes, 1, LIST_FILE_MAX + 1, file);
	if (ferror(file)) {
		(void)fault(why, path, "cannot be read");
		result = -EIO;
	} else if (*size > LIST_FILE_MAX) {
		result = fault(why, path, "larger than %d bytes", LIST_FILE_MAX);
	} else {
		*out = bytes;
		bytes = NULL;
	}
out:
	if (file != NULL)
		fclose(file);
	free(bytes);
	return result;
}

// Room for `n` more definitions.
static int make_room(struct pattern_lib *lib, size_t n)
{
	if (n > PATTERN_MAX - lib->count)
		return ERR_LIMIT;
	if (n <= lib->room - lib->count)
		return 0;
	size_t room = lib->count + n > 2 * lib->room ? lib->count + n : 2 * lib->room;
	struct definition *more = reallocarray(lib->definitions, room, sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	lib->definitions = more;
	lib->room = room;
	return 0;
}

static int add_list(const struct document *doc, const yaml_node_t *root, struct pattern_lib *lib)
{
	struct list list = {};
	struct definition **shared = NULL;
	int result = list_read(doc, root, &list);
	if (result == 0) {
		result = make_room(lib, list.count);
		shared = reallocarray(lib->shared, lib->shared_count + 1, sizeof(*shared));
	}
	if (shared != NULL)
		lib->shared = shared;
	else if (result == 0)
		result = -ENOMEM;
	if (result != 0) {
		list_fini(&list);
		return result;
	}
	memcpy(lib->definitions + lib->count, list.items, list.count * sizeof(list.items[0]));
	lib->count += list.count;
	lib->shared[lib->shared_count++] = list.shared;
	free(list.items);
	return 0;
}

static int add_definition(
	const struct document *doc, const yaml_node_t *root, struct pattern_lib *lib
)
{
	struct definition def = {};
	int result = make_room(lib, 1);
	if (result == 0)
		result = definition_read(doc, root, &def);
	if (result == 0)
		lib->definitions[lib->count++] = def;
	else
		definition_free(&def);
	return result;
}

static int add_pack(const struct document *doc, const yaml_node_t *root, struct pattern_lib *lib)
{
	struct pattern_pack *more = reallocarray(lib->packs, lib->pack_count + 1, sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	lib->packs = more;
	struct pattern_pack *pack = &lib->packs[lib->pack_count++];
	*pack = (struct pattern_pack){};
	int result = pack_read(doc, root, pack);
	for (size_t i = 0; i + 1 < lib->pack_count && result == 0; i++)
		if (strcmp(lib->packs[i].name, pack->name) == 0)
			result = document_fault(
				doc, document_value(doc, root, "name"),
				"there is a pack %s already", pack->name
			);
	return result;
}

static int read_root(const struct document *doc, const yaml_node_t *root, void *out)
{
	if (pack_is(doc, root))
		return add_pack(doc, root, out);
	int result = list_is(doc, root) ? add_list(doc, root, out) : add_definition(doc, root, out);
	if (result == ERR_LIMIT)
		(void)document_fault(doc, NULL, "more than %d definitions", PATTERN_MAX);
	return result;
}

static int load_file(struct pattern_lib *lib, const char *path, char *why)
{
	uint8_t *bytes = NULL;
	size_t size = 0, n = strlen(path);

	if (n <= 5 || strcmp(path + n - 5, ".yaml") != 0 || path[n - 6] == '/')
		return fault(why, path, "only .yaml files belong here");
	int result = read_file(path, &bytes, &size, why);
	if (result != 0)
		return result;
	result = document_parse(path, span_of(bytes, size), read_root, lib, why, PATTERN_WHY);
	free(bytes);
	return result;
}

static int load_entry(struct pattern_lib *lib, const char *folder, const char *name, char *why)
{
	char path[4096];

	int length = snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (length < 0 || (size_t)length >= sizeof(path)) {
		(void)fault(why, name, "the path is too long");
		return -ENAMETOOLONG;
	}
	return load_file(lib, path, why);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int load_place(struct pattern_lib *lib, const char *place, char *why)
{
	struct dirent **entries = NULL;
	int result = 0;

	int n = scandir(place, &entries, visible, by_bytes);
	if (n < 0 && errno == ENOTDIR)
		return load_file(lib, place, why);
	if (n < 0) {
		result = -errno;
		(void)fault(why, place, "%s", strerror(-result));
		return result;
	}
	for (int i = 0; i < n; i++) {
		if (result == 0)
			result = load_entry(lib, place, entries[i]->d_name, why);
		free(entries[i]);
	}
	free(entries);
	return result;
}

int pattern_lib_load(
	const char *const *places, size_t n, struct pattern_lib **out, char why[static PATTERN_WHY]
)
{
	struct pattern_lib *lib = calloc(1, sizeof(*lib));
	int result = 0;

	if (lib == NULL) {
		snprintf(why, PATTERN_WHY, "out of memory");
		return -ENOMEM;
	}
	for (size_t i = 0; i < n && result == 0; i++)
		result = load_place(lib, places[i], why);
	if (result == 0)
		result = pattern_names_init(&lib->names, lib->definitions, lib->count, why);
	if (result != 0) {
		pattern_lib_free(lib);
		return result;
	}
	*out = lib;
	return 0;
}

void pattern_lib_free(struct pattern_lib *lib)
{
	if (lib == NULL)
		return;
	for (size_t i = 0; i < lib->count; i++)
		definition_free(&lib->definitions[i]);
	for (size_t i = 0; i < lib->shared_count; i++) {
		definition_free(lib->shared[i]);
		free(lib->shared[i]);
	}
	for (size_t i = 0; i < lib->pack_count; i++)
		pack_fini(&lib->packs[i]);
	free(lib->packs);
	pattern_names_fini(&lib->names);
	free(lib->definitions);
	free(lib->shared);
	free(lib->cache);
	free(lib);
}

int pattern_lib_use_cache(struct pattern_lib *lib, const char *folder)
{
	char *cache = folder == NULL ? NULL : strdup(folder);
	if (folder != NULL && cache == NULL)
		return -ENOMEM;
	free(lib->cache);
	lib->cache = cache;
	return 0;
}

const char *pattern_lib_cache(const struct pattern_lib *lib)
{
	return lib->cache;
}

size_t pattern_lib_count(const struct pattern_lib *lib)
{
	return lib->count;
}

const struct pattern_info *pattern_lib_info(const struct pattern_lib *lib, uint16_t id)
{
	return &lib->definitions[id].info;
}

const struct definition *pattern_lib_definition(const struct pattern_lib *lib, uint16_t id)
{
	return &lib->definitions[id];
}

size_t pattern_lib_select(
	const struct pattern_lib *lib, const char *name, uint16_t ids[static PATTERN_MAX]
)
{
	return pattern_names_find(&lib->names, name, ids);
}

size_t pattern_lib_pack_count(const struct pattern_lib *lib)
{
	return lib->pack_count;
}

const struct pattern_pack *pattern_lib_pack(const struct pattern_lib *lib, size_t i)
{
	return &lib->packs[i];
}

bool pattern_pack_is(const struct pattern_pack *pack, const char *name)
{
	if (strcmp(pack->name, name) == 0)
		return true;
	for (size_t i = 0; pack->groups != NULL && pack->groups[i] != NULL; i++)
		if (strcmp(pack->groups[i], name) == 0)
			return true;
	return false;
}

const char *pattern_kind_name(enum pattern_kind kind)
{
	switch (kind) {
	case PATTERN_ENTITY:
		return "entity";
	case PATTERN_BLOCK:
		return "block";
	}
	return "?";
}

const char *pattern_mask_name(enum pattern_mask mask)
{
	switch (mask) {
	case PATTERN_MASK_REDACT:
		return "redact";
	case PATTERN_MASK_FIXED:
		return "fixed";
	case PATTERN_MASK_KEEP:
		return "keep";
	case PATTERN_MASK_HASH:
		return "hash";
	case PATTERN_MASK_PLACEHOLDER:
		return "placeholder";
	case PATTERN_MASK_TOKEN:
		return "token";
	case PATTERN_MASK_NULL:
		return "null";
	}
	return "?";
}
