// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/tag.h"

#include "dataplane/proto/postgres/objects.h"

static bool is_any(struct span tag, const char *const *names)
{
	for (; *names != NULL; names++)
		if (span_equal(tag, span_str(*names)))
			return true;
	return false;
}

bool pg3_tag_follow(struct pg3 *pg, const struct answer *head, struct span tag)
{
	static const char *const drop_statements[] = {
		"DEALLOCATE", "DEALLOCATE ALL", "DISCARD ALL", NULL};
	static const char *const drop_portals[] = {
		"COMMIT",
		"ROLLBACK",
		"PREPARE TRANSACTION",
		"CLOSE CURSOR",
		"CLOSE CURSOR ALL",
		"DISCARD ALL",
		"CALL",
		"DO",
		NULL};
	bool prepare = span_equal(tag, SPAN_LIT("PREPARE"));
	bool declare = span_equal(tag, SPAN_LIT("DECLARE CURSOR"));

	if (is_any(tag, drop_statements))
		pg3_objects_doubt(&pg->statements);
	if (is_any(tag, drop_portals))
		pg3_objects_doubt(&pg->portals);
	// A text that does not say so cannot do so; if it did, messages behind it were misread.
	if ((prepare && (head->traits & TRAIT_PREPARES) == 0) ||
	    (declare && (head->traits & TRAIT_DECLARES) == 0))
		return false;
	if (prepare)
		pg3_objects_drop_doubtful(pg, &pg->statements);
	if (declare)
		pg3_objects_drop_doubtful(pg, &pg->portals);
	return true;
}
