// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/draft.h"

#include <string.h>

static int check_expression(
	const struct document *doc, const yaml_node_t *node, const char *text,
	struct expression_width *width
)
{
	char why[256];
	if (expression_check(text, width, why, sizeof(why)) != 0)
		return document_fault(doc, node, "%s", why);
	return 0;
}

static int check_bounded(
	const struct document *doc, const yaml_node_t *node, const char *text,
	struct expression_width *width
)
{
	int result = check_expression(doc, node, text, width);
	if (result == 0 && width->max == EXPRESSION_UNBOUNDED)
		result = document_fault(doc, node, "has no greatest width: bound every repeat");
	return result;
}

static int check_before(const struct document *doc, const struct draft *draft)
{
	struct definition *def = draft->def;
	if (def->before == NULL)
		return 0;
	int result = check_bounded(doc, draft->before, def->before, &def->before_width);
	if (result == 0 && def->before_width.max > DEFINITION_BEFORE_MAX)
		result = document_fault(
			doc, draft->before, "can be %u bytes wide, at most %d are allowed",
			def->before_width.max, DEFINITION_BEFORE_MAX
		);
	return result;
}

// What a list's rule leaves out, its expressions tell.
static int take_width(const struct document *doc, const struct draft *draft)
{
	struct definition *def = draft->def;
	if (def->pattern_width.max == EXPRESSION_UNBOUNDED)
		return document_fault(
			doc, draft->pattern,
			"has no greatest width: bound every repeat, or give a width"
		);
	if (def->pattern_width.max > PATTERN_WIDTH_MAX - def->before_width.max)
		return document_fault(
			doc, draft->pattern, "can be %u bytes wide, at most %u are allowed",
			def->pattern_width.max, PATTERN_WIDTH_MAX - def->before_width.max
		);
	def->info.width = def->before_width.max + def->pattern_width.max;
	return 0;
}

// An expression without a greatest width is cut at the definition's. Where the byte behind decides
// whether there is a finding at all, the cut would let an overlong secret pass in clear.
static int check_pattern(const struct document *doc, const struct draft *draft)
{
	struct definition *def = draft->def;
	int result = check_expression(doc, draft->pattern, def->pattern, &def->pattern_width);
	if (result != 0)
		return result;
	if (draft->width == NULL) {
		result = take_width(doc, draft);
		if (result != 0)
			return result;
	}
	if (def->info.width < def->before_width.max + def->pattern_width.min)
		return document_fault(doc, draft->width, "nothing is so narrow");
	if (def->pattern_width.max == EXPRESSION_UNBOUNDED) {
		if (def->right != BOUNDARY_NONE)
			return document_fault(
				doc, draft->pattern,
				"has no greatest width: bound every repeat, or let the width cut it by `boundary: {right: none}`"
			);
		def->pattern_width.max = def->info.width - def->before_width.max;
	}
	if (def->info.width - def->before_width.max < def->pattern_width.max)
		return document_fault(
			doc, draft->width, "the expressions can be %u bytes wide",
			def->before_width.max + def->pattern_width.max
		);
	return 0;
}

// What the first scan looks for.
static int check_candidate(const struct document *doc, const struct draft *draft)
{
	struct definition *def = draft->def;
	if (def->anchor != NULL)
		return check_bounded(doc, draft->anchor, def->anchor, &def->candidate_width);
	def->candidate_width.min = def->before_width.min + def->pattern_width.min;
	def->candidate_width.max = def->before_width.max + def->pattern_width.max;
	return 0;
}

static int check_anchor(const struct document *doc, const struct draft *draft)
{
	struct definition *def = draft->def;
	if ((draft->anchor == NULL) != (draft->lead == NULL))
		return document_fault(doc, draft->name, "anchor and lead go together");
	if (def->candidate_width.max > DEFINITION_CANDIDATE_MAX)
		return document_fault(
			doc, draft->anchor == NULL ? draft->pattern : draft->anchor,
			"can be %u bytes wide: above %d an anchor is needed, and it must be narrower",
			def->candidate_width.max, DEFINITION_CANDIDATE_MAX
		);
	if (draft->anchor == NULL)
		def->lead = def->candidate_width.max;
	else if (def->lead < def->candidate_width.min || def->lead > def->info.width)
		return document_fault(
			doc, draft->lead,
			"lead is from the anchor's least width, %u, to the pattern's width, %u",
			def->candidate_width.min, def->info.width
		);
	return 0;
}

// How sure a match is.
static int check_score(const struct document *doc, const struct draft *draft)
{
	const struct definition *def = draft->def;
	if (def->info.kind == PATTERN_BLOCK &&
	    (draft->score != NULL || draft->strong != NULL || draft->context != NULL))
		return document_fault(
			doc, draft->name, "score, strong and context are for entities"
		);
	if (def->info.score < PATTERN_SURE && draft->context == NULL)
		return document_fault(
			doc, draft->score, "a score below %d needs context words", PATTERN_SURE
		);
	return 0;
}

static int check_strong(const struct document *doc, const struct draft *draft)
{
	const struct definition *def = draft->def;
	struct expression_width width;
	if (draft->strong == NULL)
		return 0;
	int result = check_expression(doc, draft->strong, def->strong, &width);
	if (result == 0 && width.min > def->pattern_width.max)
		result = document_fault(
			doc, draft->strong, "nothing the pattern matches is so wide"
		);
	if (result == 0 && width.max < def->pattern_width.min)
		result = document_fault(
			doc, draft->strong, "nothing the pattern matches is so narrow"
		);
	return result;
}

static bool is_accepted(const struct definition *def, struct span text)
{
	for (size_t i = 0; i < def->validator_count; i++)
		if (!def->validators[i]->accepts(text))
			return false;
	return true;
}

// What texts a validator accepts only it knows. One that accepts none of the pattern's would let
// everything pass in clear, so an example must show that there are some.
static int check_validators(const struct document *doc, const struct draft *draft)
{
	const struct definition *def = draft->def;
	for (size_t i = 0; i < def->info.positive_count; i++) {
		const struct pattern_example *e = &def->info.positive[i];
		struct span text = span_of(e->text.p + e->start, e->end - e->start);
		if (text.n <= def->pattern_width.max && is_accepted(def, text))
			return 0;
	}
	if (def->validator_count == 0)
		return 0;
	return document_fault(
		doc, draft->validators,
		"validators want a positive example that all of them accept, and that is no wider than the pattern"
	);
}

int draft_check_shared(const struct document *doc, const struct draft *draft)
{
	if ((draft->def->info.kind == PATTERN_ENTITY) != (draft->mask != NULL))
		return document_fault(
			doc, draft->mask == NULL ? draft->name : draft->mask,
			"an entity has a mask and a block has none"
		);
	return check_score(doc, draft);
}

int draft_check(const struct document *doc, const struct draft *draft)
{
	draft_place(draft, draft->pattern);
	int result = check_before(doc, draft);
	if (result == 0)
		result = check_pattern(doc, draft);
	if (result == 0)
		result = check_candidate(doc, draft);
	if (result == 0)
		result = check_anchor(doc, draft);
	if (result == 0)
		result = draft_check_shared(doc, draft);
	if (result == 0)
		result = check_strong(doc, draft);
	return result != 0 ? result : check_validators(doc, draft);
}

void draft_place(const struct draft *draft, const yaml_node_t *node)
{
	draft->def->line = (uint32_t)node->start_mark.line + 1;
	draft->def->column = (uint32_t)node->start_mark.column + 1;
}
