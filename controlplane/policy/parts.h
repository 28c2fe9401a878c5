// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The steps of snapshot_build. Each adds to job->errors and goes on, so that all mistakes are told
// at once; only -ENOMEM is returned.

#pragma once

#include "controlplane/config/arena.h"
#include "controlplane/policy/build.h"
#include "controlplane/policy/sets.h"
#include "patterns/patterns.h"

struct build_job {
	const struct config *config;
	struct config_errors *errors;
	struct arena *arena;         // of the snapshot's shared part
	struct snapshot *snapshot;   // filled by the steps
	const struct snapshot *like; // a trial (snapshot_build_trial); else NULL
	struct managed *managed;     // or NULL
	const char *cache;           // of struct snapshot_hooks
	struct rule *rules;          // snapshot->rules, writable
	struct column_mask *columns;
	struct mask_style *styles;         // in force, by pattern id
	struct mask_style *library_styles; // the library's own, by pattern id
	uint16_t *style_rule;  // by pattern id: the rule that set styles[id]; UINT16_MAX: none
	uint64_t *wanted;      // by rule, then by pattern id: what it masks and blocks
	uint16_t wanted_words; // of each rule
	struct pattern_lib *lib;
	uint8_t digest[SETS_DIGEST];          // of the library
	struct shared_set *entities, *blocks; // what the snapshot's sets belong to
};

// The addresses of all resources, looked up side by side within a few seconds.
// Out: addresses[resource].
int build_resolve(struct build_job *job, struct endpoint *addresses) must_check;
// snapshot->resources and listeners.
int build_resources(struct build_job *job) must_check;
// Loads the library; snapshot->pattern_names and job->styles.
int build_patterns(struct build_job *job) must_check;
// The bits of rule `rule` in job->wanted.
static inline uint64_t *build_wanted(const struct build_job *job, uint16_t rule)
{
	return job->wanted + (size_t)rule * job->wanted_words;
}
// The patterns and columns that rule `i` names: its bits, and the styles.
int build_rule_masks(struct build_job *job, uint16_t i) must_check;
// Where a walk over the packs of a rule stands; begin with zeros.
struct pack_walk {
	uint16_t name;             // of the rule's list
	size_t pack;               // of the library: the next
	struct config_position at; // of the last one's name in the policy
};

// Is a pack, or a group of packs, called so?
bool build_is_pack(const struct build_job *job, const char *name);
// The next pack that the rule uses, or NULL.
const struct pattern_pack *build_next_pack(
	const struct build_job *job, const struct config_rule *rule, struct pack_walk *walk
);
// What the packs of rule `i` deny and hold, into its right.
void build_rule_packs(struct build_job *job, uint16_t i);
// snapshot->rules, columns and styles.
int build_rules(struct build_job *job) must_check;
// snapshot->pattern_classes, and the rights' bits by class.
int build_classes(struct build_job *job) must_check;
// snapshot->entities and blocks, and the job's: what any rule uses.
int build_sets(struct build_job *job) must_check;
