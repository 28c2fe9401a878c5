// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/api/effects.h"

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
