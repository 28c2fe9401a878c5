// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The decisions, as pure functions: what a chain may do at a resource, and what that means for one
// command.

#pragma once

#include "dataplane/api/effects.h"
#include "dataplane/api/snapshot.h"
#include "dataplane/api/subject.h"
#include "dataplane/api/verdict.h"

#include <assert.h>

enum policy_constant { POLICY_NO_RULE = UINT16_MAX };

struct policy_request {
	const struct subject *subject;
	uint16_t resource; // index in the snapshot
	struct ip_addr client;
	uint64_t wall_ns; // since 1970
};

// What is left of the rights along a chain. Every link acts for the one above, so each of the
// chain's beginnings (the root; the root and its agent; ...) must have a rule of its own, found as
// if it stood there alone, and no link may do what one above it may not.
struct rights {
	struct right right;
	// Ends: to be computed again by then, or when the clock stands before `since`. Nanoseconds
	// since 1970.
	uint64_t since, until;
	uint32_t metrics; // bits of enum budget_metric: what must be charged at all
	uint16_t n_links; // 0: no right at all
	uint16_t rules[SUBJECT_LINKS_MAX]; // by link: the rule of the chain that ends there
	uint16_t rule;                     // of the whole chain
	uint16_t grant_rule; // the first that needs a grant of the resource, or POLICY_NO_RULE
	// without a right: why
	uint16_t link;     // the first without a rule
	bool out_of_scope; // rules there are, but a token of the chain leaves the resource out

	bool idle_default; // some rule leaves the idle timeout to the configuration
};
// Without padding: equal rights are equal bytes.
static_assert(
	sizeof(struct rights) == sizeof(struct right) + 2 * 8 + 4 + (4 + SUBJECT_LINKS_MAX) * 2 + 2
);

// The rights of request->subject. For each beginning of its chain the first rule that speaks of it
// and of the resource, the client's network and the time is taken, and all are combined: effects
// are allowed only where every rule allows them, and held where one holds them; blocks and masks
// are added up; the record is the strictest, the idle timeout the shortest. What the tokens' scope
// leaves out is taken off, and what it holds is held. Out: *out, whole. Returns whether there is
// any right; without one, out->until says when there may be.
bool policy_rights(
	const struct snapshot *snapshot, const struct policy_request *request, struct rights *out
);

// One of the budgets that a session is charged to.
struct policy_budget {
	struct budget_key key;
	uint64_t limit;
	bool hold;
	uint16_t rule; // POLICY_NO_RULE: a token's own
	uint16_t link; // who pays; of a token's, the actor
};

// Where a walk over them stands; begin with zeros.
struct policy_budget_walk {
	uint16_t link, budget;
};

// The next of the session's budgets whose metric is in the bits `metrics`. A rule's budget per node
// is charged for the actor alone; per subtree, for each link that the rule speaks of; per root,
// once for the root. Out: *out. False at the end.
bool policy_budget_next(
	const struct snapshot *snapshot, const struct rights *rights, const struct subject *subject,
	uint32_t metrics, struct policy_budget_walk *walk, struct policy_budget *out
);

struct policy_input {
	const struct snapshot *snapshot;
	const struct rights *rights; // by the same snapshot
	const struct effects *effects;
	int blocked;         // pattern id, or -1
	bool carries_masked; // it would carry masked columns past the masker
	bool unresolved;     // a column rule cannot be applied
};

// Blocked, unresolved, then effects: an effect that is not left denies; one in `hold` holds the
// command for approval. The verdict names the rule that decided, of the first link, from the root,
// whose rule is the reason; a hold is approved by the people of that rule. What only a token holds
// is approved by those of the first rule that says who approves, and refused when none does.
struct verdict policy_judge(const struct policy_input *input);
