// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A small policy and a chain, filled by each test.

#pragma once

#include "dataplane/policy/policy.h"

enum fixture_size { FIXTURE_RULES = 8, FIXTURE_NAMES = 64 };

struct fixture {
	struct snapshot snapshot;
	struct resource resources[2]; // "orders", "ledger"
	struct rule rules[FIXTURE_RULES];
	unsigned n_names;
	struct rule_name names[FIXTURE_NAMES];
	struct subject subject;
	struct policy_request request; // of the subject, at "orders", from 10.0.1.9
	struct rights rights;
};

// No rules, no links; the scope is whole.
void fixture_init(struct fixture *f);
// A rule at both resources, for everybody, that allows `allow`; the test narrows it.
struct rule *fixture_rule(struct fixture *f, const char *name, uint32_t allow);
// A list of one name.
const struct rule_name *fixture_name(struct fixture *f, const char *text);
// The next link of the chain: `issuer`/`key`, in `group` (NULL: in none). The first is the root.
void fixture_link(
	struct fixture *f, const char *issuer, const char *key, enum subject_kind kind,
	const char *group
);
// policy_rights into f->rights.
bool fixture_rights(struct fixture *f);
