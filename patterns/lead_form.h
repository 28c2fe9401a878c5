// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The forms of lead.h, from an automaton.

#pragma once

#include "patterns/lead.h"
#include "patterns/often.h"

// Add the forms that begin at `from` with bytes of `run`, all digits or all letters, of which the
// match has `offset` other bytes before. Returns false when there are more than fit.
bool lead_forms_find(
	const struct automaton *automaton, const struct automaton_position *from,
	const struct byte_set *run, uint8_t offset, bool word, struct lead *out
);
// How often it stands in usual text, times a byte.
double lead_form_often(const struct lead_form *form);
struct class_form lead_form_classes(const struct lead_form *form);
// Are its first bytes, so many that a hash or an identifier may be meant, any letters and digits?
bool lead_form_is_loose(const struct lead_form *form);
