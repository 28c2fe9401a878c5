// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the console's files promise to the browser that runs them under a strict policy.

#include "controlplane/admin/assets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool holds(const struct asset *file, const char *word)
{
	return memmem(file->data, file->n, word, strlen(word)) != NULL;
}

static void start_page(void **)
{
	const struct asset *file = asset_find("/");

	assert_non_null(file);
	assert_string_equal(file->type, "text/html; charset=utf-8");
	assert_true(holds(file, "/console/main.js"));
	assert_non_null(asset_find("/console/main.js"));
	assert_string_equal(asset_find("/console/main.js")->type, "text/javascript; charset=utf-8");
	assert_null(asset_find("/index.html"));
	assert_null(asset_find("/console/"));
	assert_null(asset_find("/console/../main.js"));
}

// Text from clients is put as text: nothing here can turn it into markup or code.
static void no_markup_from_text(void **)
{
	static const char *const never[] = {
		"innerHTML", "outerHTML",    "insertAdjacentHTML", "document.write",
		"eval(",     "new Function", "localStorage",       "javascript:",
	};

	for (size_t i = 0; i < n_assets; i++)
		for (size_t k = 0; k < sizeof(never) / sizeof(never[0]); k++)
			if (holds(&assets[i], never[k]) && strstr(assets[i].path, ".svg") == NULL)
				fail_msg("%s has %s", assets[i].path, never[k]);
}

static void nothing_inline(void **)
{
	const struct asset *page = asset_find("/");

	assert_false(holds(page, "<style"));
	assert_false(holds(page, "style="));
	assert_false(holds(page, "onclick="));
	assert_false(holds(page, "onload="));
	assert_false(holds(page, "<script>"));
	assert_false(holds(page, "//cdn"));
}

static void etags_differ(void **)
{
	for (size_t i = 0; i < n_assets; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(assets[i].etag, assets[k].etag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_page),
		cmocka_unit_test(no_markup_from_text),
		cmocka_unit_test(nothing_inline),
		cmocka_unit_test(etags_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
