// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What patterns cost, for people.

#include "patterns/kernel.h"
#include "patterns/library.h"
#include "patterns/set.h"

#include <errno.h>
#include <string.h>

static enum pattern_cost cost_of(unsigned tiers)
{
	if ((tiers & TIER_SEARCHED) != 0)
		return PATTERN_COST_HIGH;
	return (tiers & TIER_MARK) != 0 ? PATTERN_COST_FAIR : PATTERN_COST_LOW;
}

const char *pattern_cost_name(enum pattern_cost cost)
{
	switch (cost) {
	case PATTERN_COST_LOW:
		return "low";
	case PATTERN_COST_FAIR:
		return "fair";
	case PATTERN_COST_HIGH:
		return "high";
	}
	return "?";
}

const char *pattern_kernel_name(void)
{
	return kernel_level_name(kernel_level_choose());
}

static void name_tiers(unsigned tiers, char out[static PATTERN_TIERS_TEXT])
{
	static const struct {
		enum locator_tier tier;
		const char *name;
	} names[] = {
		{TIER_WORDS, "words"},     {TIER_FORM, "form"},       {TIER_MARK, "mark"},
		{TIER_CONTEXT, "context"}, {TIER_SEARCHED, "search"},
	};
	out[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((tiers & names[i].tier) == 0)
			continue;
		strcat(out, out[0] == '\0' ? "" : ",");
		strcat(out, names[i].name);
	}
}

int pattern_lib_report(const struct pattern_lib *lib, uint16_t id, struct pattern_report *out)
{
	const struct definition *def = pattern_lib_definition(lib, id);
	struct locator locator = {};
	struct lead_gate gate, lead;
	unsigned tiers = 0;
	int result = locator_add(&locator, 0, def, &tiers, &gate, &lead);
	locator_fini(&locator);
	if (result != 0)
		return result;
	*out = (struct pattern_report){.cost = cost_of(tiers), .width = def->info.width};
	name_tiers(tiers, out->tiers);
	return 0;
}

void pattern_set_report(const struct pattern_set *set, struct pattern_summary *out)
{
	*out = (struct pattern_summary){
		.patterns = set->count,
		.tables = set->databases.tables,
		.databases = set->databases.count - set->databases.tables,
		.compiled = set->databases.compiled,
		.bytes = set->databases.size,
		.tail = pattern_set_tail(set),
	};
	for (size_t i = 0; i < set->count; i++)
		out->by_cost[cost_of(set->entries[i].tiers)]++;
}
