// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/policy/kept.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pattern_lib *kept;
static uint8_t kept_digest[SETS_DIGEST];
static char *kept_folders; // errors name the files

// "a\nb\n", malloced.
static char *names_of(const struct config_folders *folders)
{
	size_t size = 1, at = 0;

	for (uint16_t i = 0; i < folders->n; i++)
		size += strlen(folders->list[i]) + 1;
	char *names = malloc(size);
	for (uint16_t i = 0; names != NULL && i < folders->n; i++) {
		size_t n = strlen(folders->list[i]);
		memcpy(names + at, folders->list[i], n);
		names[at + n] = '\n';
		at += n + 1;
	}
	if (names != NULL)
		names[at] = '\0';
	return names;
}

struct pattern_lib *kept_take(
	const struct config_folders *folders, const uint8_t digest[static SETS_DIGEST]
)
{
	struct pattern_lib *lib = NULL;
	char *names = names_of(folders);

	pthread_mutex_lock(&lock);
	if (kept != NULL && names != NULL && memcmp(kept_digest, digest, SETS_DIGEST) == 0 &&
	    strcmp(kept_folders, names) == 0) {
		lib = kept;
		kept = NULL;
	}
	pthread_mutex_unlock(&lock);
	free(names);
	return lib;
}

void kept_give(
	const struct config_folders *folders, const uint8_t digest[static SETS_DIGEST],
	struct pattern_lib *lib
)
{
	char *names = lib == NULL ? NULL : names_of(folders);

	if (names == NULL) {
		pattern_lib_free(lib);
		return;
	}
	pthread_mutex_lock(&lock);
	struct pattern_lib *before = kept;
	char *names_before = kept_folders;
	kept = lib;
	kept_folders = names;
	memcpy(kept_digest, digest, SETS_DIGEST);
	pthread_mutex_unlock(&lock);
	pattern_lib_free(before);
	free(names_before);
}
