// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/patterns/folder.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void folder_make(struct folder *folder)
{
	*folder = (struct folder){.path = "/tmp/bulkhead-list-XXXXXX"};
	assert_non_null(mkdtemp(folder->path));
}

void folder_add(struct folder *folder, const char *name, const char *text)
{
	char path[96];
	snprintf(folder->files[folder->n++], sizeof(folder->files[0]), "%s", name);
	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

void folder_remove(struct folder *folder)
{
	char path[96];
	for (size_t i = 0; i < folder->n; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder->path, folder->files[i]);
		unlink(path);
	}
	rmdir(folder->path);
}

struct pattern_lib *folder_load(struct folder *a, struct folder *b, char why[static PATTERN_WHY])
{
	const char *const dirs[] = {a->path, b == NULL ? NULL : b->path};
	struct pattern_lib *lib = NULL;
	int result = pattern_lib_load(dirs, b == NULL ? 1 : 2, &lib, why);
	assert_true(result == 0 || lib == NULL);
	folder_remove(a);
	if (b != NULL)
		folder_remove(b);
	return lib;
}

struct pattern_lib *folder_load_text(const char *text, char why[static PATTERN_WHY])
{
	struct folder folder;
	folder_make(&folder);
	folder_add(&folder, "t.yaml", text);
	return folder_load(&folder, NULL, why);
}

void folder_refused(const char *text, const char *part)
{
	char why[PATTERN_WHY] = "";
	struct pattern_lib *lib = folder_load_text(text, why);
	assert_null(lib);
	const char *at = strstr(why, "t.yaml:");
	if (at == NULL || strncmp(at, part, strlen(part)) != 0)
		fail_msg("'%s' is not '%s'", why, part);
}
