// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/policy/fixture.h"

#include <stdlib.h>

void fixture_init(struct fixture *f)
{
	*f = (struct fixture){0};
	memcpy(f->resources[0].name, "orders", 7);
	memcpy(f->resources[1].name, "ledger", 7);
	f->snapshot.version = 1;
	f->snapshot.rules = f->rules;
	f->snapshot.resources = f->resources;
	f->snapshot.n_resources = 2;
	f->subject.scope = (struct token_scope){.any_resource = true, .effects = EFFECT_ALL};
	f->request = (struct policy_request){.subject = &f->subject, .wall_ns = 1};
	if (addr_parse("10.0.1.9", &f->request.client) != 0)
		abort();
}

struct rule *fixture_rule(struct fixture *f, const char *name, uint32_t allow)
{
	struct rule *rule = &f->rules[f->snapshot.n_rules++];

	memcpy(rule->name, name, strlen(name) + 1);
	rule->any_subject = true;
	rule->max_depth = UINT16_MAX;
	rule->right.allow = allow;
	rule->resources[0] = 3;
	return rule;
}

const struct rule_name *fixture_name(struct fixture *f, const char *text)
{
	struct rule_name *name = &f->names[f->n_names++];

	*name = (struct rule_name){rule_name_hash(text), text};
	return name;
}

void fixture_link(
	struct fixture *f, const char *issuer, const char *key, enum subject_kind kind,
	const char *group
)
{
	static const char *groups[SUBJECT_LINKS_MAX];
	struct subject *s = &f->subject;
	struct chain_link *link = &s->links[s->n_links];

	groups[s->n_links] = group;
	*link = (struct chain_link){
		.node = {{s->n_links + 1, 7}},
		.kind = kind,
		.issuer = issuer,
		.key = key,
		.name = key,
		.n_groups = group != NULL,
		.groups = &groups[s->n_links],
	};
	s->depth = s->n_links++;
}

bool fixture_rights(struct fixture *f)
{
	return policy_rights(&f->snapshot, &f->request, &f->rights);
}
