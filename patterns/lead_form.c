// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Forms of an expression: one for each length of the digits, or letters, that it begins with, and
// of the digits behind the next byte. So 123-45 and 12-345 are told apart, which one set of bytes
// for each place would not.

#include "patterns/lead_form.h"

static struct byte_set both(const struct byte_set *a, const struct byte_set *b)
{
	struct byte_set set;
	for (size_t i = 0; i < 4; i++)
		set.bits[i] = a->bits[i] & b->bits[i];
	return set;
}

static struct byte_set others(const struct byte_set *set)
{
	struct byte_set rest;
	for (size_t i = 0; i < 4; i++)
		rest.bits[i] = ~set->bits[i];
	return rest;
}

// Whatever comes from `place` on.
static void follow(
	const struct automaton *a, const struct automaton_position *from, size_t place,
	struct lead_form *form
)
{
	const struct byte_set all = lead_after(BOUNDARY_NONE);
	struct automaton_position at = *from, next;
	for (; place < KERNEL_FORM; place++, at = next) {
		form->bytes[place] = automaton_next(a, &at);
		(void)automaton_step(a, &at, &all, &next);
	}
}

static const struct byte_set digits = {{UINT64_C(0x3ff) << '0'}};

// Forms that are worked out: what their bytes are up to a place, and where that leaves the reader.
struct draft {
	const struct automaton *automaton;
	struct lead *out;
	struct lead_form form;
};

static bool add_form(const struct draft *draft)
{
	if (draft->out->n_forms == LEAD_FORMS)
		return false;
	draft->out->forms[draft->out->n_forms++] = draft->form;
	return true;
}

// Add the form with whatever comes from `place` on.
static bool add_rest(struct draft *draft, const struct automaton_position *at, size_t place)
{
	follow(draft->automaton, at, place, &draft->form);
	return add_form(draft);
}

static bool add_by_run(
	struct draft draft, const struct automaton_position *from, size_t place,
	const struct byte_set *run, unsigned runs
);

// Add the forms that go on with other bytes than `run` at `place`. The digits behind that byte are
// looked at by their number, too, when `runs` is more than one.
static bool add_end(
	struct draft draft, const struct automaton_position *at, size_t place,
	const struct byte_set *run, unsigned runs
)
{
	const struct byte_set rest = others(run), bytes = automaton_next(draft.automaton, at);
	const struct byte_set no_digits = others(&digits);
	struct automaton_position next, further;
	if (!automaton_step(draft.automaton, at, &rest, &next))
		return true;
	draft.form.bytes[place++] = both(&bytes, &rest);
	if (runs == 1 || place == KERNEL_FORM || automaton_is_past(draft.automaton, &next) ||
	    !automaton_step(draft.automaton, &next, &digits, &further))
		return add_rest(&draft, &next, place);
	if (!add_by_run(draft, &next, place, &digits, runs - 1))
		return false;
	if (!automaton_step(draft.automaton, &next, &no_digits, &further))
		return true;
	const struct byte_set more = automaton_next(draft.automaton, &next);
	draft.form.bytes[place] = both(&more, &no_digits);
	return add_rest(&draft, &further, place + 1);
}

// Add the forms that go on with one or more bytes of `run` at `place`.
static bool add_by_run(
	struct draft draft, const struct automaton_position *from, size_t place,
	const struct byte_set *run, unsigned runs
)
{
	struct automaton_position at = *from, next;
	for (size_t first = place; place < KERNEL_FORM; place++, at = next) {
		const struct byte_set bytes = automaton_next(draft.automaton, &at);
		if (automaton_is_past(draft.automaton, &at)) // anything may follow
			return add_rest(&draft, &at, place);
		if (place > first && !add_end(draft, &at, place, run, runs))
			return false;
		draft.form.bytes[place] = both(&bytes, run);
		if (!automaton_step(draft.automaton, &at, run, &next))
			return true;
	}
	return add_form(&draft);
}

bool lead_forms_find(
	const struct automaton *a, const struct automaton_position *from,
	const struct byte_set *run, uint8_t offset, bool word, struct lead *out
)
{
	struct draft draft = {a, out, {.word = word, .offset = offset}};
	size_t n = out->n_forms;
	for (unsigned runs = 2; runs > 0; runs--) {
		if (add_by_run(draft, from, 0, run, runs))
			return true;
		out->n_forms = n; // too many: less exact ones
	}
	return false;
}

struct class_form lead_form_classes(const struct lead_form *form)
{
	struct class_form classes = {};
	for (size_t i = 0; i < KERNEL_FORM; i++) {
		for (unsigned c = 0; c < 256; c++) {
			if (byte_set_has(&form->bytes[i], (uint8_t)c))
				classes.places[i] |= (uint8_t)(1u << kernel_class((uint8_t)c));
		}
	}
	for (uint8_t digit = 0; digit < 10; digit++) {
		if (form->word || byte_set_has(&form->bytes[0], '0' + digit))
			classes.first |= (uint16_t)(1u << digit);
	}
	return classes;
}

double lead_form_often(const struct lead_form *form)
{
	const struct class_form classes = lead_form_classes(form);
	const struct often_form often = often_form_of(&classes, form->word);
	return often_form(&often);
}

bool lead_form_is_loose(const struct lead_form *form)
{
	static const uint8_t letters = 1u << CLASS_UPPER | 1u << CLASS_LOWER;
	static const size_t most = 8;
	const struct class_form classes = lead_form_classes(form);
	for (size_t i = 1; i < most; i++) {
		if ((classes.places[i] & letters) == 0)
			return false;
	}
	return true;
}
