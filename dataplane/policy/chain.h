// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The links of a chain, made ready to be looked up by the names of many rules.

#pragma once

#include "dataplane/api/snapshot.h"

// A link of the subject, and a filter over its groups: most names of a rule are in no group of most
// links, and one bit says so.
struct chain_who {
	const struct chain_link *link;
	uint64_t key, issuer; // rule_name_hash
	bool ready;           // `filter` is filled
	uint64_t filter[16];
};

struct chain {
	uint16_t n;
	uint16_t depth; // of the first link; 0 but for chains that an identity provider began
	struct chain_who who[SUBJECT_LINKS_MAX];
};

// Borrows the subject.
void chain_init(struct chain *chain, const struct subject *subject);

// Does `rule` speak of the chain that ends at link `last`? The root is not looked at.
bool chain_matches(struct chain *chain, const struct rule *rule, uint16_t last);
// Does it speak of chains with this root?
bool chain_root_matches(struct chain *chain, const struct rule *rule);
