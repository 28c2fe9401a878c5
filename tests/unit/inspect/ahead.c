// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Rows that are looked at before their turn are masked as others are, whichever come to be masked.

#include "dataplane/inspect/ahead.h"

#include "dataplane/inspect/types.h"
#include "tests/unit/dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROWS = 60, COLUMNS = 9, CUSTOMERS = 20000, ROW_BYTES = 1024 };

static struct pattern_lib *library;
static struct pattern_set *entities;
static struct scan_scratch *scratch;
static struct inspect_ahead *ahead;
static struct mask_style styles[SNAPSHOT_PATTERNS_MAX];
static const char *names[SNAPSHOT_PATTERNS_MAX];
static struct buf out;
static const struct column_mask masked[] = {
	{"public", "customers", "ssn", {.kind = MASK_REDACT}, true},
};
static const struct catalog_column found[] = {{CUSTOMERS, 1, 0}};
static const uint32_t known[] = {CUSTOMERS};
static struct catalog catalog = {
	.version = 1,
	.resolved = true,
	.n_columns = 1,
	.columns = found,
	.n_known = 1,
	.known = known,
};
static struct resource resource = {.name = "db", .catalog = &catalog};
static struct right right;
static struct snapshot snapshot;
static struct mask_context context;
static uint32_t seed = 20261125;

static struct proto_column columns[COLUMNS] = {
	{.name = SPAN_LIT("note"), .type_oid = PG_TEXT},
	{.name = SPAN_LIT("customer_ssn"), .type_oid = PG_TEXT},
	{.name = SPAN_LIT("masked"), .type_oid = PG_TEXT, .table_oid = CUSTOMERS, .attnum = 1},
	{.name = SPAN_LIT("card_number"), .type_oid = PG_INT8},
	{.name = SPAN_LIT("card_number"), .type_oid = PG_INT8, .format = 1},
	{.name = SPAN_LIT("data"), .type_oid = PG_JSONB, .format = 1},
	{.name = SPAN_LIT("bytes"), .type_oid = PG_BYTEA},
	{.name = SPAN_LIT("names"), .type_oid = PG_TEXT_ARRAY},
	{.name = SPAN_LIT("at"), .type_oid = 1184, .format = 1},
};
static const struct span values[] = {
	SPAN_LIT(""),
	SPAN_LIT("nothing here"),
	SPAN_LIT("4111111111111111"),
	SPAN_LIT("order 17"),
	SPAN_LIT("123456789"),
	SPAN_LIT("write to ann@example.org and to bob@example.org"),
	SPAN_LIT("\0\3\xa3\x54\x91\x6d\x71\xc7"), // 1024193092416967
	SPAN_LIT("\0\x0e\x9b\x3f\x7a\x3c\x71\xc7"),
	SPAN_LIT("\1{\"mail\": \"ann\\u0040example.org\"}"),
	SPAN_LIT("\\x616e6e406578616d706c652e6f7267"),
	SPAN_LIT("{ann@example.org,x}"),
	SPAN_LIT("YW5uQGV4YW1wbGUub3Jn"),
};

// Rows as they lie in a buffer, and what becomes of them.
static uint8_t wire[ROWS * ROW_BYTES];
static struct proto_msg rows[ROWS];
static struct proto_field fields[ROWS][COLUMNS];
struct result {
	struct mask_outcome outcome;
	size_t n;
	uint8_t bytes[4 * ROW_BYTES];
};

static uint32_t dice(uint32_t sides)
{
	return dice_roll(&seed, sides);
}

static int set_up(void **)
{
	char why[PATTERN_WHY];
	uint16_t all[PATTERN_MAX];
	size_t n = 0;
	if (pattern_lib_load((const char *const[]){PATTERN_LIBRARY}, 1, &library, why) != 0)
		return -1;
	for (uint16_t i = 0; i < pattern_lib_count(library); i++) {
		names[i] = pattern_lib_info(library, i)->name;
		styles[i].kind = i % 5 == 0 ? MASK_NULL : MASK_REDACT;
		if (pattern_lib_info(library, i)->kind == PATTERN_ENTITY)
			all[n++] = i;
	}
	if (pattern_set_compile(library, all, n, &entities, why) != 0)
		return -1;
	scratch = scan_scratch_new(entities);
	ahead = inspect_ahead_new();
	buf_init(&out, NULL, 1 << 20);
	memset(right.entities, 0xff, sizeof(right.entities));
	bit_set(right.columns, 0);
	snapshot = (struct snapshot){
		.version = 1,
		.n_columns = 1,
		.columns = masked,
		.entities = entities,
		.styles = styles,
		.pattern_names = names,
	};
	context = (struct mask_context){&snapshot, &right, &resource, scratch, false};
	return scratch == NULL || ahead == NULL;
}

static int tear_down(void **)
{
	buf_fini(&out);
	inspect_ahead_free(ahead);
	scan_scratch_free(scratch);
	pattern_set_free(entities);
	pattern_lib_free(library);
	return 0;
}

static void make_rows(void)
{
	uint8_t *at = wire;
	for (size_t r = 0; r < ROWS; r++) {
		rows[r] = (struct proto_msg){
			.kind = PROTO_RESULT,
			.carrier = PROTO_ROW,
			.raw = span_of(at, 1),
			.fields = fields[r],
			.n_fields = COLUMNS,
		};
		for (size_t c = 0; c < COLUMNS; c++) {
			struct span v = values[dice(sizeof(values) / sizeof(values[0]))];
			at += 4; // its length stands there
			memcpy(at, v.p, v.n);
			fields[r][c] = (struct proto_field){
				.value = span_of(at, v.n),
				.null = dice(8) == 0,
				.format = columns[c].format,
				.type_oid = columns[c].type_oid,
				.column = &columns[c],
			};
			at += v.n;
		}
	}
}

// Mask a copy of row `r`.
static void mask_one(size_t r, struct inspect_ahead *with, struct result *result)
{
	struct proto_field copy[COLUMNS];
	struct proto_msg row = rows[r];
	memcpy(copy, fields[r], sizeof(copy));
	row.fields = copy;
	*result = (struct result){0};
	context.ahead = with;
	buf_consume(&out, buf_len(&out));
	assert_int_equal(inspect_mask(&context, &row, &out, &result->outcome), 0);
	for (size_t c = 0; c < COLUMNS; c++) {
		result->bytes[result->n++] = copy[c].null;
		if (copy[c].null || copy[c].value.n == 0)
			continue;
		memcpy(result->bytes + result->n, copy[c].value.p, copy[c].value.n);
		result->n += copy[c].value.n;
	}
}

// Returns the row behind the last that there was room for.
static size_t look_ahead(size_t from, size_t to)
{
	struct span row[COLUMNS];
	inspect_ahead_clear(ahead);
	context.ahead = ahead;
	for (; from < to; from++) {
		for (size_t c = 0; c < COLUMNS; c++)
			row[c] = fields[from][c].null ? (struct span){0} : fields[from][c].value;
		if (!inspect_ahead_add(&context, &rows[from], row))
			break;
	}
	inspect_ahead_scan(&context);
	return from;
}

static void compare(size_t r)
{
	struct result alone, looked;
	mask_one(r, ahead, &looked);
	mask_one(r, NULL, &alone);
	assert_int_equal(looked.n, alone.n);
	assert_memory_equal(looked.bytes, alone.bytes, alone.n);
	assert_int_equal(looked.outcome.values, alone.outcome.values);
	assert_int_equal(looked.outcome.columns, alone.outcome.columns);
}

static void rows_are_masked_alike(void **)
{
	uint32_t masked_values = 0;
	struct result result;
	for (size_t at_once = 1; at_once <= ROWS; at_once += 7) {
		make_rows();
		for (size_t r = 0, end = 0; r < ROWS; r++) {
			if (r == end) {
				end = look_ahead(r, r + at_once < ROWS ? r + at_once : ROWS);
				assert_true(end > r);
				assert_true(end - r == 1 || ahead->count > 0);
			}
			compare(r);
			mask_one(r, NULL, &result);
			masked_values += result.outcome.values;
		}
		assert_int_equal(ahead->next, ahead->count); // all was asked for
	}
	assert_true(masked_values > ROWS);
}

static void rows_that_are_left_out_do_no_harm(void **)
{
	make_rows();
	size_t end = look_ahead(0, ROWS);
	for (size_t r = 0; r < end; r += 1 + dice(4))
		compare(r);
	(void)look_ahead(0, ROWS);
	compare(5);
	compare(2); // not in their order
	compare(7);
}

static void other_columns_and_rights_know_nothing(void **)
{
	struct proto_column other[COLUMNS];
	static struct right few; // one pattern, the first
	make_rows();
	(void)look_ahead(0, ROWS);
	memcpy(other, columns, sizeof(other));
	for (size_t c = 0; c < COLUMNS; c++) {
		other[c].name = SPAN_LIT("x");
		fields[0][c].column = &other[c];
	}
	compare(0);
	few.entities[0] = 1;
	context.right = &few;
	for (size_t r = 1; r < ROWS; r++)
		compare(r);
	context.right = &right;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_masked_alike),
		cmocka_unit_test(rows_that_are_left_out_do_no_harm),
		cmocka_unit_test(other_columns_and_rights_know_nothing),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
