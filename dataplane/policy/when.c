// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/policy/when.h"

enum { DAY_S = 86400, DAYS_PER_WEEK = 7, FIRST_WEEKDAY = 3 }; // 1970-01-01 was a Thursday

static const int64_t ns_per_s = 1000000000;

static bool is_day(const struct rule_when *when, int64_t day)
{
	return (when->days >> ((day + FIRST_WEEKDAY) % DAYS_PER_WEEK) & 1) != 0;
}

bool when_is_open(const struct rule_when *when, uint64_t wall_ns, uint64_t *next)
{
	bool open = false;

	*next = UINT64_MAX;
	if (when->days == 0)
		return true;
	int64_t offset = when->zone * 60;
	// A week ahead of the clock's epoch, so that no day is below 0.
	int64_t now = (int64_t)(wall_ns / (uint64_t)ns_per_s) + offset + DAYS_PER_WEEK * DAY_S;
	int64_t today = now / DAY_S, length = (when->to - when->from) * 60, edge = INT64_MAX;
	if (length <= 0)
		length += DAY_S;
	for (int64_t day = today - 1; day <= today + DAYS_PER_WEEK; day++) {
		if (!is_day(when, day))
			continue;
		int64_t from = day * DAY_S + when->from * 60, to = from + length;
		open = open || (from <= now && now < to);
		if (from > now && from < edge)
			edge = from;
		if (to > now && to < edge)
			edge = to;
	}
	if (edge != INT64_MAX)
		*next = (uint64_t)((edge - offset - DAYS_PER_WEEK * DAY_S) * ns_per_s);
	return open;
}
