// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/library.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pattern_lib {
	size_t count;
	struct definition definitions[PATTERN_MAX];
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
	uint8_t *bytes = malloc(DEFINITION_FILE_MAX + 1);
	FILE *file = fopen(path, "re");
	int result = 0;
	if (bytes == NULL || file == NULL) {
		result = bytes == NULL ? -ENOMEM : -errno;
		(void)fault(why, path, "%s", strerror(-result));
		goto out;
	}
	*size = fread(bytes, 1, DEFINITION_FILE_MAX + 1, file);
	if (ferror(file)) {
		(void)fault(why, path, "cannot be read");
		result = -EIO;
	} else if (*size > DEFINITION_FILE_MAX) {
		result = fault(why, path, "larger than %d bytes", DEFINITION_FILE_MAX);
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

static int load_file(struct pattern_lib *lib, const char *dir, const char *name, char *why)
{
	char path[4096];
	uint8_t *bytes = NULL;
	size_t size = 0, n = strlen(name);

	int length = snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (length < 0 || (size_t)length >= sizeof(path)) {
		(void)fault(why, name, "the path is too long");
		return -ENAMETOOLONG;
	}
	if (n <= 5 || strcmp(name + n - 5, ".yaml") != 0) {
		return fault(why, path, "only .yaml files belong here");
	}
	if (lib->count == PATTERN_MAX) {
		(void)fault(why, path, "more than %d definitions", PATTERN_MAX);
		return ERR_LIMIT;
	}
	int result = read_file(path, &bytes, &size, why);
	if (result != 0)
		return result;
	result = definition_parse(path, span_of(bytes, size), &lib->definitions[lib->count], why);
	free(bytes);
	if (result == 0)
		lib->count++;
	return result;
}

static bool has_group(const struct pattern_info *info, const char *name)
{
	for (const char *const *group = info->groups; *group != NULL; group++) {
		if (strcmp(*group, name) == 0)
			return true;
	}
	return false;
}

// A policy names patterns and groups alike: no word may mean both.
static int check_names(const struct pattern_lib *lib, const char *dir, char *why)
{
	for (size_t i = 0; i < lib->count; i++) {
		const char *name = lib->definitions[i].info.name;
		for (size_t j = 0; j < lib->count; j++) {
			const struct pattern_info *other = &lib->definitions[j].info;
			if (!has_group(other, name))
				continue;
			return fault(
				why, dir, "the group '%s' of %s has the name of a pattern", name,
				other->name
			);
		}
	}
	return 0;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int pattern_lib_load(const char *dir, struct pattern_lib **out, char why[static PATTERN_WHY])
{
	struct dirent **entries = NULL;
	int result = 0;

	int n = scandir(dir, &entries, visible, by_bytes);
	if (n < 0) {
		result = -errno;
		(void)fault(why, dir, "%s", strerror(-result));
		return result;
	}
	struct pattern_lib *lib = calloc(1, sizeof(*lib));
	if (lib == NULL) {
		(void)fault(why, dir, "out of memory");
		result = -ENOMEM;
	}
	for (int i = 0; i < n; i++) {
		if (result == 0)
			result = load_file(lib, dir, entries[i]->d_name, why);
		free(entries[i]);
	}
	free(entries);
	if (result == 0)
		result = check_names(lib, dir, why);
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
	free(lib);
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
	size_t n = 0;
	for (size_t i = 0; i < lib->count; i++) {
		const struct pattern_info *info = &lib->definitions[i].info;
		if (strcmp(info->name, name) == 0 || has_group(info, name))
			ids[n++] = (uint16_t)i;
	}
	return n;
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
