// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The example that is installed is a configuration that is right, and its names are the library's.

#include "controlplane/config/config.h"
#include "patterns/patterns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct config *parse_example(void)
{
	struct config_errors errors = {0};
	struct config *config = NULL;
	char *text = malloc(CONFIG_FILE_MAX);
	FILE *file = fopen(EXAMPLE, "r");

	assert_non_null(text);
	assert_non_null(file);
	size_t n = fread(text, 1, CONFIG_FILE_MAX, file);
	fclose(file);
	int rc = config_parse(EXAMPLE, span_of(text, n), &config, &errors);
	for (uint32_t i = 0; i < errors.n; i++)
		print_message("%s\n", errors.lines[i]);
	assert_int_equal(rc, 0);
	assert_int_equal(errors.n, 0); // warnings neither
	config_errors_fini(&errors);
	free(text);
	return config;
}

static void the_example_is_right(void **)
{
	struct config *config = parse_example();

	assert_int_equal(config->n_issuers, 1);
	assert_int_equal(config->issuers[0].keys, CONFIG_KEYS_DISCOVERY);
	assert_int_equal(config->resources[0].tls, RESOURCE_TLS_VERIFY_FULL);
	assert_int_equal(config->n_rules, 2);
	assert_int_equal(config->rules[0].record, RECORD_STRICT);
	config_free(config);
}

static void its_patterns_are_in_the_library(void **)
{
	struct config *config = parse_example();
	struct pattern_lib *lib = NULL;
	uint16_t ids[PATTERN_MAX];
	char why[PATTERN_WHY];

	assert_int_equal(pattern_lib_load((const char *const[]){PATTERNS}, 1, &lib, why), 0);
	for (uint16_t i = 0; i < config->n_rules; i++) {
		const struct config_rule *rule = &config->rules[i];
		for (uint16_t m = 0; m < rule->n_masks; m++)
			if (!rule->masks[m].is_column)
				assert_true(
					pattern_lib_select(lib, rule->masks[m].pattern, ids) > 0
				);
		for (uint16_t b = 0; b < rule->blocks.n; b++)
			assert_true(pattern_lib_select(lib, rule->blocks.list[b].text, ids) > 0);
	}
	pattern_lib_free(lib);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_is_right),
		cmocka_unit_test(its_patterns_are_in_the_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
