// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/recorder/json.h"

#include <stdio.h>
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

json_t *json_text(struct span text)
{
	json_t *json = text.n == 0 ? json_string("") : json_stringn((const char *)text.p, text.n);
	if (json != NULL)
		return json;
	char *escaped = malloc(4 * text.n + 1);
	size_t n = 0;
	if (escaped == NULL)
		return NULL;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < 0x80)
			escaped[n++] = (char)text.p[i];
		else
			n += (size_t)sprintf(escaped + n, "\\x%02x", text.p[i]);
	}
	json = json_stringn(escaped, n);
	free(escaped);
	return json;
}

struct span json_cut(struct span text, size_t max)
{
	if (text.n <= max)
		return text;
	while (max > 0 && (text.p[max] & 0xc0) == 0x80) // a byte that continues a character
		max--;
	return span_first(text, max);
}
