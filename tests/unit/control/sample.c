// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/control/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct config *sample_config(const char *text)
{
	struct config_errors errors = {0};
	struct config *config = NULL;

	int rc = config_parse("t.yaml", span_str(text), &config, &errors);
	for (uint32_t i = 0; i < errors.n; i++)
		print_message("%s\n", errors.lines[i]);
	config_errors_fini(&errors);
	assert_int_equal(rc, 0);
	return config;
}
