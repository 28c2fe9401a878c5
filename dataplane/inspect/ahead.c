// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/inspect/ahead.h"

#include "dataplane/inspect/typed.h"
#include "dataplane/inspect/types.h"

#include <stdlib.h>

struct inspect_ahead *inspect_ahead_new(void)
{
	return calloc(1, sizeof(struct inspect_ahead));
}

void inspect_ahead_free(struct inspect_ahead *ahead)
{
	free(ahead);
}

void inspect_ahead_clear(struct inspect_ahead *ahead)
{
	ahead->count = ahead->next = ahead->bytes = ahead->text_n = 0;
}

// Out: *text, as mask_strict reads it. False: no room, or it does not.
static bool read_typed(
	struct inspect_ahead *ahead, uint32_t type_oid, uint16_t format, struct span value,
	struct span *text
)
{
	struct typed typed;
	if (!typed_read(type_oid, format, value, &typed) ||
	    typed.n > sizeof(ahead->text) - ahead->text_n)
		return false;
	char *at = ahead->text + ahead->text_n;
	memcpy(at, typed.text, typed.n);
	ahead->text_n += typed.n;
	*text = span_of(at, typed.n);
	return true;
}

// Out: *text, what value_mask looks at. False: at something else, or several.
static bool text_of(
	struct inspect_ahead *ahead, uint32_t type_oid, uint16_t format, struct span value,
	struct span *text
)
{
	enum value_class class = value_class_of(type_oid, format);
	*text = span_from(value, value_version(class));
	if (type_oid == PG_BYTEA && format == 0)
		return false;
	if (class != VALUE_STRICT || format == 0)
		return true;
	return read_typed(ahead, type_oid, format, value, text);
}

bool ahead_add(
	struct inspect_ahead *ahead, struct span name, uint32_t type_oid, uint16_t format,
	struct span value
)
{
	struct span text;
	if (ahead->count == AHEAD_VALUES)
		return false;
	if (!text_of(ahead, type_oid, format, value, &text) || text.n == 0)
		return true;
	ahead->keys[ahead->count] = value;
	ahead->values[ahead->count++] = (struct scan_value){.name = name, .text = text};
	ahead->bytes += text.n;
	return true;
}

void ahead_scan(struct inspect_ahead *ahead, const struct value_scan *s)
{
	const struct pattern_choice wanted = {s->snapshot->pattern_classes, s->wanted};
	ahead->wanted = s->wanted;
	if (ahead->count == 1)
		ahead->count = 0; // it costs no less here
	ahead->count = scan_values(
		s->snapshot->entities, s->scratch, ahead->values, ahead->count,
		s->wanted == NULL ? NULL : &wanted, ahead->findings, AHEAD_FINDINGS,
		VALUE_FINDINGS_MAX
	);
}

void ahead_pass(struct inspect_ahead *ahead, const uint8_t *at)
{
	while (ahead->next < ahead->count && (uintptr_t)ahead->keys[ahead->next].p < (uintptr_t)at)
		ahead->next++;
}

static bool is_same(struct span a, struct span b)
{
	return a.p == b.p && a.n == b.n;
}

bool ahead_take(
	struct inspect_ahead *ahead, const struct value_scan *s, struct span key,
	struct finding findings[static VALUE_FINDINGS_MAX], int *n
)
{
	if (ahead == NULL || ahead->next == ahead->count || s->wanted != ahead->wanted ||
	    !is_same(ahead->keys[ahead->next], key) ||
	    !is_same(ahead->values[ahead->next].name, s->name))
		return false;
	const struct scan_value *value = &ahead->values[ahead->next++];
	*n = value->found < 0 ? -1 : value->found;
	if (*n > 0)
		memcpy(findings, ahead->findings + value->first, (size_t)*n * sizeof(findings[0]));
	return true;
}
