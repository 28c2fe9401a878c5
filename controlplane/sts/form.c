// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/sts/form.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

// Out: what is left of it.
static int decode(char *text, size_t n, struct span *out)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		char c = text[i] == '+' ? ' ' : text[i];
		if (c == '%') {
			int high = n - i > 2 ? digit(text[i + 1]) : -1;
			int low = n - i > 2 ? digit(text[i + 2]) : -1;
			if (high < 0 || low < 0)
				return ERR_MALFORMED;
			c = (char)(high << 4 | low);
			i += 2;
		}
		text[at++] = c;
	}
	*out = span_of(text, at);
	return 0;
}

static size_t length_until(const char *text, size_t n, char end)
{
	const char *at = n == 0 ? NULL : memchr(text, end, n);

	return at == NULL ? n : (size_t)(at - text);
}

int form_decode(char *text, size_t n, struct sts_param *params, size_t max, size_t *n_params)
{
	*n_params = 0;
	while (n > 0) {
		size_t whole = length_until(text, n, '&'), name = length_until(text, whole, '=');
		size_t skip = name < whole ? name + 1 : name;
		if (whole > 0 && *n_params == max)
			return ERR_LIMIT;
		if (whole > 0) {
			struct sts_param *param = &params[(*n_params)++];
			int rc = decode(text, name, &param->name);
			if (rc == 0)
				rc = decode(text + skip, whole - skip, &param->value);
			if (rc != 0)
				return rc;
		}
		text += whole < n ? whole + 1 : n;
		n -= whole < n ? whole + 1 : n;
	}
	return 0;
}
