// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A line of an audit log that anybody may have written. One that parses is written again from its
// parts, and what is written parses to the same.

#include "controlplane/audit/line.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct audit_line line, again;

	json_decref(audit_string(span_of(data, size)));
	if (audit_line_parse(span_of(data, size), &line) != 0)
		return 0;
	char *text = audit_line_text(line.seq, 1, line.type, line.json, &line.prev);
	// It may be longer than the line was: escapes.
	if (text != NULL && strlen(text) <= AUDIT_LINE_MAX) {
		if (audit_line_parse(span_str(text), &again) != 0)
			abort();
		if (again.seq != line.seq || strcmp(again.type, line.type) != 0 ||
		    !digest_equal(&again.prev, &line.prev))
			abort();
		audit_line_fini(&again);
	}
	free(text);
	audit_line_fini(&line);
	return 0;
}
