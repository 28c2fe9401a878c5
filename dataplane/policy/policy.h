// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The decision, as a pure function.

#pragma once

#include "dataplane/api/effects.h"
#include "dataplane/api/snapshot.h"
#include "dataplane/api/subject.h"
#include "dataplane/api/verdict.h"

enum policy_constant { POLICY_NO_RULE = UINT16_MAX };

// The first rule that speaks of this subject and resource, or POLICY_NO_RULE.
uint16_t policy_rule(
	const struct snapshot *snapshot, const struct subject *subject, uint16_t resource
);

struct policy_input {
	const struct snapshot *snapshot;
	uint16_t rule; // from policy_rule
	const struct effects *effects;
	int blocked;         // pattern id, or -1
	bool carries_masked; // it would carry masked columns past the masker
	bool unresolved;     // a column rule cannot be applied
};

// Blocked, unresolved, then effects: an effect in `deny` or in none of the lists denies; one in
// `hold` holds the command for approval.
struct verdict policy_judge(const struct policy_input *input);
