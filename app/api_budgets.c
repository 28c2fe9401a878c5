// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/api.h"
#include "controlplane/identity/node.h"

#include <errno.h>
#include <time.h>

// A page is a stretch of the table: its cursor is where the next one begins.
static int on_budgets(void *context, struct admin_call *call, json_t **out, char *)
{
	struct control *control = context;
	const struct admin_page *page = &call->page;
	struct node_id node = {0};
	json_t *list = json_array(), *next = NULL;
	uint64_t now = (uint64_t)time(NULL);
	uint32_t at = page->cursor > BUDGET_CELLS ? BUDGET_CELLS : (uint32_t)page->cursor;
	int failed = list == NULL ? -1 : 0;

	if (page->node[0] != '\0' && !node_parse(span_str(page->node), &node))
		failed = -1; // cannot be: the route has looked at it
	while (failed == 0 && next == NULL) {
		struct budget_use use;
		at = budget_next(budgets_table(control->budgets), at, now, &use);
		if (at == 0)
			break;
		if (page->node[0] != '\0' && !node_equal(&use.key.node, &node))
			continue;
		failed = json_array_append_new(list, budget_use_json(&use, control->config));
		if (json_array_size(list) == page->limit)
			next = json_integer(at);
	}
	if (failed == 0)
		*out = json_pack("{s:o,s:o?}", "budgets", json_incref(list), "next", next);
	json_decref(list);
	return failed != 0 || *out == NULL ? -ENOMEM : 0;
}

void api_budgets(struct admin_ops *ops)
{
	ops->budgets = on_budgets;
}
