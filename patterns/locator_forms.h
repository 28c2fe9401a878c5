// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The forms of a set's entries (lead.h): which buckets of the kernel they share, and which of them
// a hit may be.

#pragma once

#include "dataplane/base/span.h"
#include "patterns/lead.h"

enum locator_forms_limit {
	FORMS_KNOWN = 256, // are told apart byte by byte; further ones by their bucket
	FORMS_WORDS = FORMS_KNOWN / 64,
};

// A form: of entry `target`, whose match begins `offset` bytes before.
struct form_ref {
	uint32_t target;
	uint8_t offset;
	uint8_t bucket;
};

// As bits, one a form.
struct form_bits {
	uint64_t words[FORMS_WORDS];
};

static inline bool form_bits_any(const struct form_bits *bits)
{
	uint64_t any = 0;
	for (size_t i = 0; i < FORMS_WORDS; i++)
		any |= bits->words[i];
	return any != 0;
}

struct locator_forms {
	size_t count;
	struct form_ref *refs;
	struct form_bits known;                  // of all that are
	uint8_t classes[256];                    // bytes that no form tells apart
	struct form_bits (*allows)[KERNEL_FORM]; // by class and place
	struct form_draft *drafts;               // while it is built
	size_t draft_count;
};

// Returns 0 or -ENOMEM.
int locator_forms_add(struct locator_forms *forms, uint32_t target, const struct lead_form *form)
	must_check;
// All have been added. Fills the kernel's tables. Returns 0 or -ENOMEM.
int locator_forms_finish(struct locator_forms *forms, struct kernel_tables *tables) must_check;
// Accepts a zeroed or half-made one.
void locator_forms_fini(struct locator_forms *forms);

// Which forms known byte by byte may stand at in[at], where a number or word begins? The same steps
// for every text: a branch that depends on it would cost more than all of them.
static inline struct form_bits locator_forms_at(
	const struct locator_forms *forms, struct span in, size_t at
)
{
	size_t n = in.n - at < KERNEL_FORM ? in.n - at : KERNEL_FORM;
	struct form_bits bits = forms->known;
	for (size_t i = 0; i < n; i++) {
		const struct form_bits *allowed = &forms->allows[forms->classes[in.p[at + i]]][i];
		for (size_t k = 0; k < FORMS_WORDS; k++)
			bits.words[k] &= allowed->words[k];
	}
	return bits;
}
