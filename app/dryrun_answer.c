// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The answers to a command that is judged again: they are recorded as the client got them, masked.

#include "app/dryrun_judged.h"
#include "app/dryrun_run.h"
#include "dataplane/inspect/style.h"

#include <string.h>

// One value of a row, as COPY writes it, with its escapes undone, appended to `out`. Returns false
// when it does not fit.
static bool put_value(struct buf *out, struct span value)
{
	static const char coded[] = "\\tnr0", plain[] = "\\\t\n\r";

	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];
		const char *at = NULL;
		if (c == '\\' && i + 1 < value.n)
			at = memchr(coded, value.p[i + 1], sizeof(coded) - 1);
		if (at != NULL) {
			c = (uint8_t)plain[at - coded];
			i++;
		}
		if (buf_append_u8(out, c) != 0)
			return false;
	}
	return true;
}

// Is it what a masker has left, by a pattern that the candidate does not use here?
static bool is_unmasked(const struct judge *judge, const struct right *right, struct span value)
{
	static const char mark[] = "[REDACTED:";
	const uint8_t *at = memmem(value.p, value.n, mark, sizeof(mark) - 1);

	if (at == NULL)
		return !bit_is_any_set(right->columns, COLUMN_WORDS) &&
		       !bit_is_any_set(right->entities, SNAPSHOT_PATTERN_WORDS) &&
		       (dryrun_has_word(value, "[REDACTED]") || dryrun_is_tagged(value));
	at += sizeof(mark) - 1;
	const uint8_t *end = memchr(at, ']', value.n - (size_t)(at - value.p));
	if (end == NULL)
		return false;
	struct span name = span_of(at, (size_t)(end - at));
	for (uint16_t i = 0; i < judge->snapshot->n_patterns; i++)
		if (judge->snapshot->pattern_names[i] != NULL &&
		    span_equal(span_str(judge->snapshot->pattern_names[i]), name))
			return !snapshot_wants(judge->snapshot, right->entities, i);
	return true;
}

static bool by_pattern(struct judge *judge, const struct judged *session, struct span value)
{
	struct right right = session->rights.right;
	struct proto_field field = {.value = value, .type_oid = 25}; // text
	struct proto_msg msg = {
		.kind = PROTO_RESULT,
		.carrier = PROTO_NOTIFICATION, // masked by patterns alone
		.fields = &field,
		.n_fields = 1,
	};
	const struct mask_context context = {
		.snapshot = judge->snapshot,
		.right = &right,
		.resource = &judge->snapshot->resources[session->resource],
		.scratch = judge->snapshot->workers[0].entity_scratch,
	};
	struct mask_outcome outcome = {0};

	memset(right.columns, 0, sizeof(right.columns));
	buf_consume(&judge->scratch, buf_len(&judge->scratch));
	return inspect_mask(&context, &msg, &judge->scratch, &outcome) == 0 && outcome.values > 0;
}

// A mask that leaves the value as it is has been there already.
static bool by_column(struct judge *judge, int mask, struct span value)
{
	const struct mask_style *style = &judge->snapshot->columns[mask].style;
	struct styler styler = {.snapshot = judge->snapshot};

	if (dryrun_is_tagged(value) || dryrun_has_word(value, "[REDACTED"))
		return false;
	buf_consume(&judge->scratch, buf_len(&judge->scratch));
	return style_apply(&styler, style, STYLE_NO_PATTERN, value, &judge->scratch) == 0 &&
	       !span_equal(buf_span(&judge->scratch), value);
}

static void take_name(struct judge *judge, struct judged *session, uint32_t i, struct span name)
{
	const struct right *right = &session->rights.right;

	if (i >= JUDGED_COLUMNS_MAX)
		return;
	session->columns[i] = -1;
	for (uint16_t k = 0; session->exposed && k < judge->snapshot->n_columns; k++)
		if (bit_is_set(right->columns, k) &&
		    span_equal(span_str(judge->snapshot->columns[k].column), name))
			session->columns[i] = (int16_t)k;
	session->n_columns = (uint16_t)(i + 1);
}

static void take_value(struct judge *judge, struct judged *session, uint32_t i, struct span value)
{
	buf_consume(&judge->text, buf_len(&judge->text));
	if (span_equal(value, SPAN_LIT("\\N")) || !put_value(&judge->text, value))
		return;
	struct span plain = buf_span(&judge->text);
	int mask = i < session->n_columns ? session->columns[i] : -1;
	if (is_unmasked(judge, &session->rights.right, plain))
		session->unmasked++;
	else if ((mask >= 0 && by_column(judge, mask, plain)) || by_pattern(judge, session, plain))
		session->masked++;
}

void judged_answer(struct judge *judge, struct judged *session, uint8_t message, struct span data)
{
	if (!session->answered || (message != 'T' && message != 'D'))
		return;
	for (uint32_t i = 0;; i++) {
		const uint8_t *tab = data.n == 0 ? NULL : memchr(data.p, '\t', data.n);
		struct span value = tab == NULL ? data : span_of(data.p, (size_t)(tab - data.p));
		if (message == 'T')
			take_name(judge, session, i, value);
		else
			take_value(judge, session, i, value);
		if (tab == NULL)
			return;
		data = span_from(data, value.n + 1);
	}
}
