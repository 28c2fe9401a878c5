// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/recorder/json.h"

#include <stdlib.h>

json_t *json_of_record(struct span data)
{
	json_t *json = json_loadb((const char *)data.p, data.n, 0, NULL);
	if (json != NULL || data.n == 0)
		return json;
	char *ascii = malloc(data.n);
	if (ascii == NULL)
		return NULL;
	for (size_t i = 0; i < data.n; i++)
		ascii[i] = data.p[i] < 0x80 ? (char)data.p[i] : '?';
	json = json_loadb(ascii, data.n, 0, NULL);
	free(ascii);
	return json;
}
