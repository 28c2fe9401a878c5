// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/client.h"
#include "app/bulkheadctl/text.h"

#include <stdio.h>

static long long number(const json_t *state, const char *key)
{
	return (long long)json_integer_value(json_object_get(state, key));
}

static int show(const struct args *args, const char *path, json_t *body)
{
	json_t *state;

	int ret = client_ask(args, path, body, false, &state);
	if (ret != EXIT_OK)
		return ret;
	if (args->json)
		return print_json(state);
	fputs("phase: ", stdout);
	text_write_json(stdout, json_object_get(state, "phase"));
	printf("%s\nsessions: %lld\nseconds: %lld\n",
	       json_is_true(json_object_get(state, "stopping")) ? ", then it stops" : "",
	       number(state, "sessions"), number(state, "seconds"));
	if (number(state, "left") > 0)
		printf("left: %lld seconds at most of this phase\n", number(state, "left"));
	json_decref(state);
	return EXIT_OK;
}

int ctl_drain(const struct args *args)
{
	return show(args, "/v1/drain", json_object());
}

int ctl_drain_status(const struct args *args)
{
	return show(args, "/v1/drain", NULL);
}

int ctl_undrain(const struct args *args)
{
	return show(args, "/v1/undrain", json_object());
}
