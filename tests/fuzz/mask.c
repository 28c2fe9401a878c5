// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Any bytes as a value of any type, in text and in binary: masked within its buffers, by pattern
// and whole, in every style.

#include "dataplane/base/cursor.h"
#include "dataplane/inspect/types.h"
#include "dataplane/inspect/value.h"

#include <jansson.h>

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
	// Of each kind some: the whole library takes the sanitizers too long to compile.
	static const char *const used[] = {"aws-access-key", "email", "github-token",
					   "iban",           "ipv4",  "jwt",
					   "payment-card",   "phone", "us-ssn"};
	static uint16_t ids[PATTERN_MAX];
	char why[PATTERN_WHY];
	size_t n = 0;
	if (pattern_lib_load((const char *const[]){PATTERN_LIBRARY}, 1, &library, why) != 0)
		abort();
	for (uint16_t i = 0; i < pattern_lib_count(library); i++) {
		names[i] = pattern_lib_info(library, i)->name;
		styles[i] = (struct mask_style){.keep_first = 2, .keep_last = 2, .fixed = "x"};
	}
	for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++)
		n += pattern_lib_select(library, used[i], ids + n);
	if (pattern_set_compile(library, ids, n, &set, why) != 0)
		abort();
	snapshot.entities = set;
	scratch = scan_scratch_new(set);
	memset(right.entities, 0xff, sizeof(right.entities));
	buf_init(&out, NULL, 1 << 22);
}

static bool is_json(struct span text)
{
	size_t flags = JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL;
	json_t *json = text.n == 0 ? NULL : json_loadb((const char *)text.p, text.n, flags, NULL);
	json_decref(json);
	return json != NULL;
}

// What came out is there to be read, and JSON where JSON went in.
static void check(uint32_t type, struct span in, struct span made)
{
	for (size_t i = 0; i < made.n; i++) {
		volatile uint8_t c = made.p[i];
		(void)c;
	}
	if (type == PG_JSON && is_json(in) && !is_json(made))
		abort();
}

static void whole(const struct value_scan *scan, struct proto_field field)
{
	struct span in = field.value;
	buf_consume(&out, buf_len(&out));
	if (value_mask_whole(
		    scan, &styles[0], field.type_oid, field.format, &field.value, &field.null, &out
	    ) != 0 ||
	    field.null)
		return;
	if (field.value.p == NULL)
		field.value.p = buf_span(&out).p;
	if (in.n > 0 && styles[0].kind == MASK_PLACEHOLDER && span_equal(in, field.value))
		abort();
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
	const struct proto_field before = field;
	const struct mask_context context = {&snapshot, &right, &resource, scratch, false};
	buf_consume(&out, buf_len(&out));
	if (inspect_mask(&context, &msg, &out, &outcome) == 0 && !field.null)
		check(msg.carrier == PROTO_CALL_RESULT ? field.type_oid : 0, before.value,
		      field.value);
	struct styler styler = {.snapshot = &snapshot};
	const struct value_scan scan = {
		.snapshot = &snapshot,
		.scratch = scratch,
		.styler = &styler,
	};
	whole(&scan, before);
	return 0;
}
