// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/ctl.h"
#include "app/bulkheadctl/text.h"
#include "app/contexts.h"
#include "controlplane/config/config.h"

static void print_errors(const struct config_errors *errors)
{
	for (uint32_t i = 0; i < errors->n; i++) {
		text_write(stderr, span_str(errors->lines[i]), false);
		fputc('\n', stderr);
	}
	if (errors->n_left_out > 0)
		fprintf(stderr, "and %u more\n", errors->n_left_out);
}

// The warnings or the errors.
static json_t *lines_json(const struct config_errors *errors, bool warnings)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < errors->n; i++) {
		if ((config_warning_at(errors, i) > 0) == warnings)
			json_array_append_new(list, text_json(span_str(errors->lines[i])));
	}
	return list;
}

static json_t *result_json(const char *file, int ret, const struct config_errors *errors)
{
	json_t *list = lines_json(errors, false);
	char text[1024];

	if (ret != 0 && json_array_size(list) == 0) {
		snprintf(text, sizeof(text), "%s: %s", file, err_text(ret));
		json_array_append_new(list, text_json(span_str(text)));
	}
	return json_pack(
		"{s:b,s:o,s:o}", "valid", ret == 0, "errors", list, "warnings",
		lines_json(errors, true)
	);
}

// What only building the policy finds: names of patterns, keys that do not fit their certificates.
static int build(const struct config *config, struct config_errors *errors)
{
	const uint8_t hash_key[32] = {0};
	struct snapshot *snapshot = NULL;
	struct contexts contexts;

	int ret = contexts_init(&contexts, 1);
	if (ret != 0)
		return ret;
	const struct snapshot_hooks hooks = contexts_hooks(&contexts, NULL);
	ret = snapshot_build(config, 1, 1, hash_key, &hooks, &snapshot, errors);
	snapshot_free(snapshot);
	contexts_fini(&contexts);
	return ret;
}

int ctl_policy_check(const struct args *args)
{
	struct config_errors errors = {0};
	struct config *config = NULL;

	int ret = config_load(args->word, &config, &errors);
	if (ret == 0)
		ret = build(config, &errors);
	config_free(config);
	if (args->json) {
		print_json(result_json(args->word, ret, &errors));
	} else {
		print_errors(&errors);
		if (ret != 0 && !config_errors_any(&errors))
			fail(EXIT_FAILED, "%s: %s", args->word, err_text(ret));
		if (ret == 0)
			printf("%s: ok\n", args->word);
	}
	config_errors_fini(&errors);
	return ret == 0 ? EXIT_OK : EXIT_FAILED;
}
