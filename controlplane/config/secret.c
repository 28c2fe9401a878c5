// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/sections.h"

#include <stdio.h>

bool section_secret(
	struct reader *r, const struct node *node, const char *what, enum config_secret *kind,
	char name[static CONFIG_PATH_MAX]
)
{
	static const char *const keys[] = {"file", "env", NULL};
	char quoted[32];

	if (node->kind == NODE_SCALAR) {
		read_fail(
			r, node->at,
			"a %s has no place in this file; write {file: ...} or {env: ...}", what
		);
		return false;
	}
	snprintf(quoted, sizeof(quoted), "`%s`", what);
	if (!read_map(r, node, quoted, keys))
		return false;
	const struct node *file = tree_get(node, "file");
	const struct node *env = tree_get(node, "env");
	if ((file == NULL) == (env == NULL)) {
		read_fail(r, node->at, "%s must have either `file` or `env`", quoted);
		return false;
	}
	if (file != NULL) {
		if (!read_path(r, file, "file", name))
			return false;
		*kind = CONFIG_SECRET_FILE;
		return true;
	}
	if (!read_name(r, env, "env", name, CONFIG_PATH_MAX))
		return false;
	*kind = CONFIG_SECRET_ENV;
	return true;
}
