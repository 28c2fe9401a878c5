// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/api/effects.h"

#include <stdio.h>

const char *effect_name(enum effect effect)
{
	switch (effect) {
	case EFFECT_READ:
		return "read";
	case EFFECT_WRITE:
		return "write";
	case EFFECT_DDL:
		return "ddl";
	case EFFECT_ADMIN:
		return "admin";
	case EFFECT_EXEC:
		return "exec";
	case EFFECT_UNKNOWN:
		return "unknown";
	case EFFECT_SESSION:
		return "session";
	case EFFECT_ALL:
		break;
	}
	return NULL;
}

uint32_t effect_parse(struct span word)
{
	for (uint32_t effect = 1; effect < EFFECT_ALL; effect <<= 1)
		if (span_equal(word, span_str(effect_name((enum effect)effect))))
			return effect;
	return 0;
}

const char *effect_flag_name(enum effect_flag flag)
{
	switch (flag) {
	case EFFECT_MULTI:
		return "multi-statement";
	case EFFECT_NO_WHERE:
		return "no-where";
	case EFFECT_COPY_OUT:
		return "copy-out";
	case EFFECT_COPY_IN:
		return "copy-in";
	case EFFECT_TAUTOLOGY:
		return "tautology";
	case EFFECT_FILE:
		return "file";
	case EFFECT_PROGRAM:
		return "program";
	case EFFECT_NETWORK:
		return "network";
	case EFFECT_DYNAMIC:
		return "dynamic";
	case EFFECT_SLEEP:
		return "sleep";
	case EFFECT_REPLICATION:
		return "replication";
	case EFFECT_IDENTITY:
		return "identity";
	case EFFECT_GRANTS:
		return "grants";
	case EFFECT_DESTROYS:
		return "destroys";
	case EFFECT_CONFIG:
		return "config";
	case EFFECT_CREDENTIALS:
		return "credentials";
	case EFFECT_NO_LIMIT:
		return "no-limit";
	case EFFECT_STAR:
		return "star";
	case EFFECT_MANY_JOINS:
		return "many-joins";
	case EFFECT_CTE_WRITE:
		return "cte-write";
	case EFFECT_SUBQUERY_WRITE:
		return "subquery-write";
	case EFFECT_COPY_BINARY:
	case EFFECT_COPY_QUERY:
	case EFFECT_INDIRECT:
	case EFFECT_PREPARES:
	case EFFECT_LEXING:
	case EFFECT_RENAMES:
	case EFFECT_SETS:
		break;
	}
	return NULL;
}

uint32_t effect_flag_parse(struct span word)
{
	for (uint32_t flag = 1; flag <= EFFECT_SUBQUERY_WRITE; flag <<= 1) {
		const char *name = effect_flag_name((enum effect_flag)flag);
		if (name != NULL && span_equal(word, span_str(name)))
			return flag;
	}
	return 0;
}

const char *effects_name(uint64_t bit)
{
	uint32_t flag = (uint32_t)(bit >> EFFECT_FLAG_SHIFT);
	return flag != 0 ? effect_flag_name((enum effect_flag)flag) : effect_name((enum effect)bit);
}

uint64_t effects_parse(struct span word)
{
	return effects_with_flags(effect_parse(word), effect_flag_parse(word));
}

void effects_list(uint64_t effects, char *out, size_t size)
{
	size_t n = 0;
	out[0] = '\0';
	for (uint64_t left = effects; left != 0 && n < size; left &= left - 1) {
		const char *name = effects_name(left & -left);
		if (name != NULL)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n == 0 ? "" : ", ", name);
	}
}
