// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/recorder/segment.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct list {
	struct segment_file *files;
	size_t n, room;
};

static int list_add(struct list *list, const char *day, const char *file, uint64_t seq)
{
	if (list->n == list->room) {
		size_t room = list->room == 0 ? 64 : 2 * list->room;
		void *more = reallocarray(list->files, room, sizeof(*list->files));
		if (more == NULL)
			return -ENOMEM;
		list->files = more;
		list->room = room;
	}
	struct segment_file *entry = &list->files[list->n++];
	entry->seq = seq;
	snprintf(entry->name, sizeof(entry->name), "recordings/%.8s/%.32s", day, file);
	return 0;
}

static bool is_day(const char *name)
{
	return strlen(name) == 8 && strspn(name, "0123456789") == 8;
}

// "00000001.seg"; 8 digits or more.
static bool segment_seq(const char *name, uint64_t *seq)
{
	size_t digits = strspn(name, "0123456789");

	if (digits < 8 || digits > 18 || strcmp(name + digits, ".seg") != 0)
		return false;
	*seq = strtoull(name, NULL, 10);
	return true;
}

static int day_list(const char *state, const char *day, struct list *list)
{
	char path[SEGMENT_PATH_MAX], name[32];
	struct dirent *entry;
	uint64_t seq;
	int ret;

	snprintf(name, sizeof(name), "recordings/%.8s", day);
	ret = segment_path(state, name, path);
	if (ret != 0)
		return ret;
	DIR *dir = opendir(path);
	if (dir == NULL)
		return -errno;
	while (ret == 0 && (entry = readdir(dir)) != NULL) {
		if (segment_seq(entry->d_name, &seq))
			ret = list_add(list, day, entry->d_name, seq);
	}
	closedir(dir);
	return ret;
}

static int by_seq(const void *a, const void *b)
{
	const struct segment_file *x = a, *y = b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

int segment_list(const char *state, struct segment_file **files, size_t *n)
{
	char path[SEGMENT_PATH_MAX];
	struct list list = {0};
	struct dirent *entry;

	int ret = segment_path(state, "recordings", path);
	if (ret != 0)
		return ret;
	DIR *dir = opendir(path);
	if (dir == NULL && errno != ENOENT)
		return -errno;
	while (dir != NULL && ret == 0 && (entry = readdir(dir)) != NULL) {
		if (is_day(entry->d_name))
			ret = day_list(state, entry->d_name, &list);
	}
	if (dir != NULL)
		closedir(dir);
	if (ret != 0) {
		free(list.files);
		return ret;
	}
	if (list.n > 0)
		qsort(list.files, list.n, sizeof(*list.files), by_seq);
	*files = list.files;
	*n = list.n;
	return 0;
}
