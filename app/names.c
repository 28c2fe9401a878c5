// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int names_init(struct names *names)
{
	*names = (struct names){.n = 1};
	names->list = calloc(1, sizeof(*names->list));
	return names->list == NULL ? -ENOMEM : 0;
}

void names_fini(struct names *names)
{
	for (unsigned i = 0; i < NAMES_VERSIONS; i++)
		free(names->versions[i].numbers);
	free(names->list);
	*names = (struct names){0};
}

// The number of `name`, new or old; NAMES_NONE when memory is short.
static uint32_t intern(struct names *names, const char *name)
{
	for (uint32_t i = 1; i < names->n; i++) {
		if (strcmp(names->list[i], name) == 0)
			return i;
	}
	char(*list)[SNAPSHOT_NAME_MAX] =
		reallocarray(names->list, names->n + 1, sizeof(*names->list));
	if (list == NULL)
		return NAMES_NONE;
	names->list = list;
	memcpy(list[names->n], name, SNAPSHOT_NAME_MAX);
	return names->n++;
}

int names_learn(struct names *names, const struct snapshot *snapshot)
{
	uint32_t *numbers = calloc(snapshot->n_resources + 1U, sizeof(*numbers));

	if (numbers == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < snapshot->n_resources; i++) {
		numbers[i] = intern(names, snapshot->resources[i].name);
		if (numbers[i] == NAMES_NONE) {
			free(numbers);
			return -ENOMEM;
		}
	}
	// A snapshot that was not taken leaves its version to the next one.
	uint32_t at = 0;
	while (at < NAMES_VERSIONS && names->versions[at].version != snapshot->version)
		at++;
	if (at == NAMES_VERSIONS)
		at = names->next++ % NAMES_VERSIONS;
	free(names->versions[at].numbers);
	names->versions[at].version = snapshot->version;
	names->versions[at].n = snapshot->n_resources;
	names->versions[at].numbers = numbers;
	return 0;
}

uint32_t names_number(const struct names *names, uint32_t version, uint16_t resource)
{
	for (unsigned i = 0; i < NAMES_VERSIONS; i++) {
		if (names->versions[i].version == version && resource < names->versions[i].n)
			return names->versions[i].numbers[resource];
	}
	return NAMES_NONE;
}

const char *names_text(const struct names *names, uint32_t number)
{
	return names->list[number];
}
