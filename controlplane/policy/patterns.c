// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/policy/kept.h"
#include "controlplane/policy/parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mask_style default_style(const struct pattern_info *info)
{
	struct mask_style style = {.kind = MASK_REDACT};

	switch (info->mask) {
	case PATTERN_MASK_REDACT:
		break;
	case PATTERN_MASK_FIXED:
		style.kind = MASK_FIXED;
		strncpy(style.fixed, info->mask_fixed, sizeof(style.fixed) - 1);
		break;
	case PATTERN_MASK_KEEP:
		style.kind = MASK_KEEP;
		style.keep_first = (uint8_t)info->mask_keep_first;
		style.keep_last = (uint8_t)info->mask_keep_last;
		break;
	case PATTERN_MASK_HASH:
		style.kind = MASK_HASH;
		break;
	case PATTERN_MASK_PLACEHOLDER:
		style.kind = MASK_PLACEHOLDER;
		break;
	case PATTERN_MASK_TOKEN:
		style.kind = MASK_TOKEN;
		break;
	case PATTERN_MASK_NULL:
		style.kind = MASK_NULL;
		break;
	}
	return style;
}

// The library, and a digest of what was read: the folder must not change meanwhile.
static int load(struct build_job *job, char why[static PATTERN_WHY])
{
	const struct config_folders *folders = &job->config->gateway.patterns;
	const char *list[CONFIG_PATTERNS_MAX];
	uint8_t before[SETS_DIGEST];

	// A folder that cannot be read is told by pattern_lib_load, in better words.
	for (uint16_t i = 0; i < folders->n; i++)
		list[i] = folders->list[i];
	bool known = sets_library_digest(list, folders->n, before) == 0;
	if (known)
		job->lib = kept_take(folders, before);
	if (job->lib != NULL) {
		memcpy(job->digest, before, sizeof(before));
		return 0;
	}
	int rc = pattern_lib_load(list, folders->n, &job->lib, why);
	if (rc != 0)
		return rc;
	if (known && sets_library_digest(list, folders->n, job->digest) == 0 &&
	    memcmp(before, job->digest, sizeof(before)) == 0)
		return 0;
	snprintf(
		why, PATTERN_WHY, "%.400s: files changed while they were read; try again", list[0]
	);
	pattern_lib_free(job->lib);
	job->lib = NULL;
	return ERR_CONFIG;
}

int build_patterns(struct build_job *job)
{
	char why[PATTERN_WHY];

	int rc = load(job, why);
	if (rc == -ENOMEM)
		return rc;
	if (rc != 0) {
		config_error_add(
			job->errors, job->config->file, job->config->gateway.at,
			"the pattern library cannot be used: %s", why
		);
		return 0;
	}
	if (pattern_lib_use_cache(job->lib, job->cache) != 0)
		return -ENOMEM;
	size_t n = pattern_lib_count(job->lib);
	const char **names = arena_array(job->arena, n, sizeof(*names));
	job->styles = arena_array(job->arena, n, sizeof(*job->styles));
	job->library_styles = arena_array(job->arena, n, sizeof(*job->library_styles));
	job->style_rule = arena_array(job->arena, n, sizeof(*job->style_rule));
	if (names == NULL || job->styles == NULL || job->library_styles == NULL ||
	    job->style_rule == NULL)
		return -ENOMEM;
	for (uint16_t id = 0; id < n; id++) {
		const struct pattern_info *info = pattern_lib_info(job->lib, id);
		names[id] = arena_text(job->arena, info->name, strlen(info->name));
		if (names[id] == NULL)
			return -ENOMEM;
		job->styles[id] = job->library_styles[id] = default_style(info);
		job->style_rule[id] = UINT16_MAX;
	}
	job->snapshot->pattern_names = names;
	job->snapshot->styles = job->styles;
	job->snapshot->n_patterns = (uint16_t)n;
	job->wanted_words = (uint16_t)((n + 63) / 64);
	job->wanted =
		calloc((size_t)job->config->n_rules * job->wanted_words + 1, sizeof(*job->wanted));
	return job->wanted == NULL ? -ENOMEM : 0;
}

// The ids that any rule has set, in rising order.
static size_t used_ids(const struct build_job *job, bool blocks, uint16_t ids[static PATTERN_MAX])
{
	enum pattern_kind kind = blocks ? PATTERN_BLOCK : PATTERN_ENTITY;
	uint64_t used[PATTERN_ID_WORDS] = {0};
	size_t n = 0;

	for (uint16_t i = 0; i < job->snapshot->n_rules; i++)
		for (uint16_t w = 0; w < job->wanted_words; w++)
			used[w] |= build_wanted(job, i)[w];
	for (uint16_t id = 0; id < job->snapshot->n_patterns; id++)
		if (bit_is_set(used, id) && pattern_lib_info(job->lib, id)->kind == kind)
			ids[n++] = id;
	return n;
}

static int build_set(
	struct build_job *job, bool blocks, struct shared_set **shared,
	const struct pattern_set **set
)
{
	uint16_t ids[PATTERN_MAX];
	char why[PATTERN_WHY];

	size_t n = used_ids(job, blocks, ids);
	if (n == 0)
		return 0;
	int rc = sets_get(job->lib, job->digest, ids, n, shared, why);
	if (rc == 0)
		*set = (*shared)->set;
	if (rc == 0 || rc == -ENOMEM)
		return rc;
	config_error_add(
		job->errors, job->config->file, job->config->gateway.at,
		"the patterns cannot be compiled: %s", why
	);
	return 0;
}

int build_sets(struct build_job *job)
{
	int rc = build_set(job, false, &job->entities, &job->snapshot->entities);

	return rc != 0 ? rc : build_set(job, true, &job->blocks, &job->snapshot->blocks);
}
