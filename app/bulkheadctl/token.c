// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

long long ctl_seconds(const char *text)
{
	static const struct {
		char unit;
		int factor;
	} units[] = {{'\0', 1}, {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char *end;

	errno = 0;
	long long n = strtoll(text, &end, 10);
	if (errno != 0 || end == text || n < 1 || n > 1000000000 ||
	    (*end != '\0' && end[1] != '\0'))
		return 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (*end == units[i].unit)
			return n * units[i].factor;
	}
	return 0;
}

int ctl_token(const struct args *args)
{
	long long ttl = ctl_seconds(args->ttl == NULL ? "1h" : args->ttl);
	json_t *reply;

	if (args->subject == NULL)
		return fail(EXIT_USAGE, "token: --subject says for whom");
	if (ttl == 0)
		return fail(EXIT_USAGE, "token: --ttl is a time such as 90s, 30m or 1h");
	json_t *groups = json_array();
	for (size_t i = 0; i < args->n_groups; i++)
		json_array_append_new(groups, json_string(args->groups[i]));
	json_t *body = json_pack(
		"{s:s,s:o,s:I}", "subject", args->subject, "groups", groups, "ttl", (json_int_t)ttl
	);
	if (body == NULL)
		return fail(EXIT_USAGE, "token: the subject and the groups are UTF-8");
	int ret = client_ask(args, "/v1/token", body, false, &reply);
	if (ret != EXIT_OK)
		return ret;
	if (args->json)
		return print_json(reply);
	puts(json_string_value(json_object_get(reply, "token")));
	json_decref(reply);
	return EXIT_OK;
}
