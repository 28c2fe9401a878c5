// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a rule takes from the packs that it uses.

#include "controlplane/config/read.h"
#include "controlplane/policy/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct pattern_pack *build_next_pack(
	const struct build_job *job, const struct config_rule *rule, struct pack_walk *walk
)
{
	size_t count = pattern_lib_pack_count(job->lib);

	for (; walk->name < rule->packs.n; walk->name++, walk->pack = 0) {
		const struct config_name *name = &rule->packs.list[walk->name];
		while (walk->pack < count) {
			const struct pattern_pack *pack = pattern_lib_pack(job->lib, walk->pack++);
			if (!pattern_pack_is(pack, name->text))
				continue;
			walk->at = name->at;
			return pack;
		}
	}
	return NULL;
}

bool build_is_pack(const struct build_job *job, const char *name)
{
	for (size_t i = 0; i < pattern_lib_pack_count(job->lib); i++)
		if (pattern_pack_is(pattern_lib_pack(job->lib, i), name))
			return true;
	return false;
}

// Is it a pattern, list or group? Then say where it belongs.
static bool tell_pattern(struct build_job *job, const struct config_name *name)
{
	uint16_t ids[PATTERN_MAX];

	if (pattern_lib_select(job->lib, name->text, ids) == 0)
		return false;
	bool data = pattern_lib_info(job->lib, ids[0])->kind == PATTERN_ENTITY;
	config_error_add(
		job->errors, job->config->file, name->at,
		"`%.64s` is a pattern for %s, not a pack; move it to `%s`", name->text,
		data ? "data" : "statements", data ? "mask" : "block"
	);
	return true;
}

static void unknown_pack(struct build_job *job, const struct config_name *name)
{
	size_t count = pattern_lib_pack_count(job->lib);
	const char **names = calloc(count + 1, sizeof(*names));
	char hint[96];

	for (size_t i = 0; names != NULL && i < count; i++)
		names[i] = pattern_lib_pack(job->lib, i)->name;
	config_error_add(
		job->errors, job->config->file, name->at, "no pack is called `%.64s`%s", name->text,
		read_suggestion(name->text, names, names == NULL ? 0 : count, hint)
	);
	free(names);
}

static uint64_t effects_of(
	struct build_job *job, const struct pack_walk *walk, const struct pattern_pack *pack,
	const char *const *words, const struct pattern_place *places
)
{
	uint64_t effects = 0;

	for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
		uint64_t effect = effects_parse(span_str(words[i]));
		const struct config_position at = {places[i].line, places[i].column};
		if (effect == 0)
			config_error_add(
				job->errors, pack->file, at,
				"`%s` is no effect and no flag; line %u of the policy uses this "
				"pack",
				words[i], walk->at.line
			);
		effects |= effect;
	}
	return effects;
}

void build_rule_packs(struct build_job *job, uint16_t i)
{
	const struct config_rule *rule = &job->config->rules[i];
	struct right *right = &job->rules[i].right;
	struct pack_walk walk = {0};
	const struct pattern_pack *pack;
	// A pack takes from a rule and gives nothing: what the rule refuses is not held instead.
	const uint64_t restricted = right->allow | right->hold | ~(uint64_t)EFFECT_ALL;

	for (uint16_t n = 0; n < rule->packs.n; n++)
		if (!build_is_pack(job, rule->packs.list[n].text) &&
		    !tell_pattern(job, &rule->packs.list[n]))
			unknown_pack(job, &rule->packs.list[n]);
	while ((pack = build_next_pack(job, rule, &walk)) != NULL) {
		if (pack->hold != NULL && !rule->has_approval)
			config_error_add(
				job->errors, job->config->file, walk.at,
				"pack `%s` holds, and needs to know who approves; give the rule an "
				"`approval`",
				pack->name
			);
		right->deny |= effects_of(job, &walk, pack, pack->deny, pack->deny_at);
		right->hold |= effects_of(job, &walk, pack, pack->hold, pack->hold_at) & restricted;
	}
	right->hold &= ~right->deny;
	right->allow &= ~(right->deny | right->hold);
}
