// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Any bytes as a value of any type, in text and in binary: masked within its buffers.

#include "dataplane/base/cursor.h"
#include "dataplane/inspect/inspect.h"
#include "patterns/patterns.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mask_style styles[SNAPSHOT_PATTERNS_MAX];
static const char *names[SNAPSHOT_PATTERNS_MAX];
static struct snapshot snapshot = {.version = 1, .styles = styles, .pattern_names = names};
static struct scan_scratch *scratch;
static struct pattern_lib *library;
static struct pattern_set *set;
static struct right right;
static struct buf out;

static void set_up(void)
{
	char why[PATTERN_WHY];
	uint16_t ids[PATTERN_MAX];
	size_t n = 0;
	if (pattern_lib_load((const char *const[]){PATTERN_LIBRARY}, 1, &library, why) != 0)
		abort();
	for (uint16_t i = 0; i < pattern_lib_count(library); i++) {
		names[i] = pattern_lib_info(library, i)->name;
		styles[i] = (struct mask_style){.keep_first = 2, .keep_last = 2, .fixed = "x"};
		if (pattern_lib_info(library, i)->kind == PATTERN_ENTITY)
			ids[n++] = i;
	}
	if (pattern_set_compile(library, ids, n, &set, why) != 0)
		abort();
	snapshot.entities = set;
	scratch = scan_scratch_new(set);
	memset(right.entities, 0xff, sizeof(right.entities));
	buf_init(&out, NULL, 1 << 22);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(span_of(data, size));
	struct proto_field field = {0};
	struct mask_outcome outcome = {0};
	const struct resource resource = {.name = "db"};
	if (scratch == NULL)
		set_up();
	struct proto_msg msg = {.kind = PROTO_RESULT, .fields = &field, .n_fields = 1};
	uint8_t first = cursor_u8(&c);
	for (uint16_t i = 0; i < pattern_lib_count(library); i++)
		styles[i].kind = (enum mask_kind)(MASK_REDACT + (first + i) % MASK_NULL);
	msg.carrier = (enum proto_carrier)(cursor_u8(&c) % (PROTO_CALL_RESULT + 1));
	field.format = cursor_u8(&c) & 1;
	field.type_oid = cursor_be16(&c);
	field.code = cursor_u8(&c);
	field.value = cursor_bytes(&c, c.bad ? 0 : cursor_left(&c));
	const struct mask_context context = {&snapshot, &right, &resource, scratch, false};
	buf_consume(&out, buf_len(&out));
	if (inspect_mask(&context, &msg, &out, &outcome) == 0 && !field.null && field.value.n > 0) {
		volatile uint8_t last = field.value.p[field.value.n - 1]; // is readable
		(void)last;
	}
	return 0;
}
