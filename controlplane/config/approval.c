// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Who lets through what a rule alone does not: `approval:` and `access:`.

#include "controlplane/config/sections.h"
#include "dataplane/api/subject.h"

enum { QUORUM_MAX = 16, PENDING_MAX = 1000 };

static const uint64_t ns_per_s = 1000000000, ns_per_ms = 1000000;
static const uint64_t day_ns = UINT64_C(86400) * 1000000000;

static void read_ms(
	struct reader *r, const struct node *map, const char *key, uint64_t most_ns,
	uint32_t *out_ms
)
{
	const struct node *value = tree_get(map, key);
	uint64_t ns;

	if (value != NULL && read_duration(r, value, key, ns_per_s, most_ns, &ns))
		*out_ms = (uint32_t)(ns / ns_per_ms);
}

static void read_count(
	struct reader *r, const struct node *map, const char *key, uint64_t most, uint32_t *out
)
{
	const struct node *value = tree_get(map, key);
	uint64_t number;

	if (value != NULL && read_number(r, value, key, 1, most, &number))
		*out = (uint32_t)number;
}

static void read_approvers(
	struct reader *r, const struct node *map, const char *what, struct config_names *out
)
{
	const struct node *value = read_need(r, map, what, "approvers");

	if (value != NULL)
		(void
		)read_names(r, value, "approvers", CONFIG_APPROVERS_MAX, SUBJECT_KEY_MAX - 1, out);
}

void section_approval(struct reader *r, const struct node *node, struct config_approval *out)
{
	static const char *const keys[] = {"approvers", "quorum",  "timeout", "mode",
					   "valid",     "pending", NULL};
	static const struct word modes[] = {
		{"wait", CONFIG_MODE_WAIT},
		{"retry", CONFIG_MODE_RETRY},
		{NULL, 0}};
	int mode = CONFIG_MODE_WAIT;

	*out = (struct config_approval){
		.at = node->at,
		.quorum = 1,
		.timeout_ms = 5 * 60 * 1000,
		.valid_ms = 10 * 60 * 1000,
		.pending = 4,
	};
	if (!read_map(r, node, "`approval`", keys))
		return;
	read_approvers(r, node, "`approval`", &out->approvers);
	read_count(r, node, "quorum", QUORUM_MAX, &out->quorum);
	read_ms(r, node, "timeout", day_ns, &out->timeout_ms);
	const struct node *value = tree_get(node, "mode");
	if (value != NULL)
		(void)read_word(r, value, "mode", modes, &mode);
	out->mode = (enum config_mode)mode;
	value = tree_get(node, "valid");
	if (value != NULL && mode == CONFIG_MODE_WAIT)
		read_fail(
			r, value->key_at,
			"`valid` is for `mode: retry`: what waits goes on at once; remove it"
		);
	read_ms(r, node, "valid", day_ns, &out->valid_ms);
	read_count(r, node, "pending", PENDING_MAX, &out->pending);
}

void section_access(struct reader *r, const struct node *node, struct config_access *out)
{
	static const char *const keys[] = {"approvers", "quorum", "timeout", "duration", NULL};
	uint64_t ns;

	*out = (struct config_access){
		.at = node->at,
		.quorum = 1,
		.timeout_ms = 5 * 60 * 1000,
		.duration_s = 3600,
	};
	if (!read_map(r, node, "`access`", keys))
		return;
	read_approvers(r, node, "`access`", &out->approvers);
	read_count(r, node, "quorum", QUORUM_MAX, &out->quorum);
	read_ms(r, node, "timeout", day_ns, &out->timeout_ms);
	const struct node *value = tree_get(node, "duration");
	if (value != NULL && read_duration(r, value, "duration", 60 * ns_per_s, 30 * day_ns, &ns))
		out->duration_s = (uint32_t)(ns / ns_per_s);
}
