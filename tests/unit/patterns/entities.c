// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/patterns/entities.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void entities_open(
	struct pattern_lib **lib, struct pattern_set **set, struct scan_scratch **scratch
)
{
	char why[PATTERN_WHY] = "";
	uint16_t ids[PATTERN_MAX];
	size_t n = 0;
	if (pattern_lib_load((const char *const[]){PATTERN_LIBRARY}, 1, lib, why) != 0)
		fail_msg("%s", why);
	for (uint16_t i = 0; i < pattern_lib_count(*lib); i++) {
		if (pattern_lib_info(*lib, i)->kind == PATTERN_ENTITY)
			ids[n++] = i;
	}
	if (pattern_set_compile(*lib, ids, n, set, why) != 0)
		fail_msg("%s", why);
	*scratch = scan_scratch_new(*set);
	assert_non_null(*scratch);
}

void entities_close(struct pattern_lib *lib, struct pattern_set *set, struct scan_scratch *scratch)
{
	scan_scratch_free(scratch);
	pattern_set_free(set);
	pattern_lib_free(lib);
}
