// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// How often things stand in logs, JSON, CSV and rows, roughly: the compiler weighs ways to find a
// pattern by it. Nothing that is found depends on it.

#pragma once

#include "patterns/automaton.h"
#include "patterns/kernel.h"

// Classes of enum kernel_class at each place, as bits, and which digits may be the first one.
struct class_form {
	uint8_t places[KERNEL_FORM];
	uint16_t first;
};

enum { OFTEN_WORDS = 8 }; // of bits, one for each number or word of a sample

// A form, or several together, against the sample: which of it they let pass at each place.
struct often_form {
	struct class_form classes;
	uint64_t passes[KERNEL_FORM + 1][OFTEN_WORDS]; // the last: by the first digit
};

// One of the bytes, at some place: 0 to 1.
double often_bytes(const struct byte_set *set);
// The form at places where a word, or else a number, begins.
struct often_form often_form_of(const struct class_form *classes, bool word);
// Let what `more` lets pass at a place pass there, too.
void often_form_join(struct often_form *form, const struct often_form *more);
// How often it stands where it may, times a byte.
double often_form(const struct often_form *form);
