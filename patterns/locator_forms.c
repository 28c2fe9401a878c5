// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/locator_forms.h"

#include "patterns/grow.h"
#include "patterns/lead_form.h"

#include <errno.h>

enum { WORD_BUCKETS = 3 }; // of KERNEL_FORM_BUCKETS, if there are forms of words

struct form_draft {
	uint32_t target;
	struct lead_form form;
	struct class_form classes;
	unsigned bucket;
};

// Forms that are to share a bucket.
struct group {
	struct often_form form;
	double often;
	size_t nearest; // the group that it had best be joined with, and
	double more;    // what both let pass then, more than now
	unsigned bucket;
	bool live;
};

int locator_forms_add(struct locator_forms *forms, uint32_t target, const struct lead_form *form)
{
	struct form_draft *draft =
		list_grow((void **)&forms->drafts, &forms->draft_count, sizeof(*draft));
	if (draft == NULL)
		return -ENOMEM;
	*draft = (struct form_draft){.target = target, .form = *form};
	draft->classes = lead_form_classes(form);
	return 0;
}

static double cost_of_joining(const struct group *a, const struct group *b)
{
	struct often_form both = a->form;
	often_form_join(&both, &b->form);
	return often_form(&both) - a->often - b->often;
}

static void find_nearest(struct group *groups, size_t n, size_t i)
{
	groups[i].more = 2;
	for (size_t k = 0; k < n; k++) {
		if (k == i || !groups[k].live)
			continue;
		double more = cost_of_joining(&groups[i], &groups[k]);
		if (more < groups[i].more) {
			groups[i].more = more;
			groups[i].nearest = k;
		}
	}
}

// Let group `i` take in `from`.
static void join_groups(struct group *groups, size_t n, size_t i, size_t from)
{
	often_form_join(&groups[i].form, &groups[from].form);
	groups[i].often = often_form(&groups[i].form);
	groups[from].live = false;
	groups[from].nearest = i; // where its forms are
	find_nearest(groups, n, i);
	for (size_t k = 0; k < n; k++) {
		if (!groups[k].live || k == i)
			continue;
		if (groups[k].nearest == i || groups[k].nearest == from) {
			find_nearest(groups, n, k);
			continue;
		}
		double more = cost_of_joining(&groups[k], &groups[i]);
		if (more < groups[k].more) {
			groups[k].more = more;
			groups[k].nearest = i;
		}
	}
}

// Join the two that cost least, until as many are left as there are buckets.
static void join_all(struct group *groups, size_t n, size_t buckets)
{
	for (size_t i = 0; i < n; i++)
		find_nearest(groups, n, i);
	for (size_t left = n; left > buckets; left--) {
		size_t best = n;
		for (size_t i = 0; i < n; i++) {
			if (groups[i].live && (best == n || groups[i].more < groups[best].more))
				best = i;
		}
		join_groups(groups, n, best, groups[best].nearest);
	}
}

// The group that has taken in group `i`, or itself.
static size_t group_of(const struct group *groups, size_t i)
{
	while (!groups[i].live)
		i = groups[i].nearest;
	return i;
}

// Share `count` buckets, from `first` on, among the forms of words, or the others. Those beyond
// FORMS_KNOWN, which are not looked at two by two, go to the last of those in use. Out: *often, how
// often usual text has one is added. Returns 0 or -ENOMEM.
static int share_buckets(
	struct locator_forms *f, bool word, unsigned first, unsigned count, double *often
)
{
	struct group *groups = calloc(FORMS_KNOWN, sizeof(*groups));
	size_t n = 0, known[FORMS_KNOWN];
	if (groups == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < f->draft_count && i < FORMS_KNOWN; i++) {
		if (f->drafts[i].form.word != word)
			continue;
		known[n] = i;
		groups[n].form = often_form_of(&f->drafts[i].classes, word);
		groups[n].often = often_form(&groups[n].form);
		groups[n++].live = true;
	}
	join_all(groups, n, count);
	unsigned last = first; // there may be no group
	for (size_t i = 0; i < n; i++) {
		if (!groups[i].live)
			continue;
		groups[i].bucket = last = first++;
		*often += groups[i].often;
	}
	for (size_t i = 0; i < n; i++)
		f->drafts[known[i]].bucket = groups[group_of(groups, i)].bucket;
	for (size_t i = FORMS_KNOWN; i < f->draft_count; i++) {
		if (f->drafts[i].form.word == word)
			f->drafts[i].bucket = last;
	}
	free(groups);
	return 0;
}

// Share the buckets of so many planes. Out: *words, the last of them, for forms of words; *often,
// how often usual text has one of the forms, or what looks like it. Returns 0 or -ENOMEM.
static int share_planes(struct locator_forms *f, unsigned planes, uint16_t *words, double *often)
{
	unsigned all = planes * KERNEL_BUCKETS, last = 0;
	for (size_t i = 0; i < f->draft_count; i++)
		last = f->drafts[i].form.word ? WORD_BUCKETS : last;
	*words = (uint16_t)(((1u << last) - 1) << (all - last));
	*often = 0;
	int result = share_buckets(f, false, 0, all - last, often);
	if (result == 0 && last > 0)
		result = share_buckets(f, true, all - last, last, often);
	return result;
}

// One plane, if another would not let less pass: two cost twice as much.
static int share_all(struct locator_forms *f, struct kernel_tables *t)
{
	static const double worth = 0.9;
	double by_two, by_one;
	int result = share_planes(f, KERNEL_PLANES, &t->word_forms, &by_two);
	t->form_planes = KERNEL_PLANES;
	if (result != 0)
		return result;
	result = share_planes(f, 1, &t->word_forms, &by_one);
	t->form_planes = 1;
	if (result != 0 || by_two > worth * by_one)
		return result;
	t->form_planes = KERNEL_PLANES;
	return share_planes(f, KERNEL_PLANES, &t->word_forms, &by_two);
}

static void make_tables(const struct locator_forms *f, struct kernel_tables *t)
{
	for (size_t draft = 0; draft < f->draft_count; draft++) {
		unsigned plane = f->drafts[draft].bucket / KERNEL_BUCKETS;
		uint8_t bit = (uint8_t)(1u << f->drafts[draft].bucket % KERNEL_BUCKETS);
		for (size_t nibble = 0; nibble < 16; nibble++) {
			if (f->drafts[draft].form.word ||
			    (f->drafts[draft].classes.first >> nibble & 1) != 0)
				t->form_first[plane][nibble] |= bit;
		}
		for (size_t i = 0; i < KERNEL_FORM; i++) {
			for (size_t class = 0; class < CLASSES; class ++) {
				if ((f->drafts[draft].classes.places[i] >> class & 1) != 0)
					t->forms[plane][i][class] |= bit;
			}
		}
	}
	for (size_t plane = 0; plane < KERNEL_PLANES; plane++) {
		for (size_t i = 0; i < KERNEL_FORM / 2; i++) {
			for (size_t pair = 0; pair < CLASSES * CLASSES; pair++)
				t->form_pairs[plane][i][pair] =
					t->forms[plane][2 * i][pair % CLASSES] &
					t->forms[plane][2 * i + 1][pair / CLASSES];
		}
	}
}

// What each byte allows, each sort of byte once: so it stays in the nearest cache.
static int make_allows(struct locator_forms *f)
{
	size_t n = 0, known = f->draft_count < FORMS_KNOWN ? f->draft_count : FORMS_KNOWN;
	f->allows = calloc(256, sizeof(f->allows[0]));
	if (f->allows == NULL)
		return -ENOMEM;
	for (size_t c = 0, k; c < 256; c++) {
		struct form_bits bits[KERNEL_FORM] = {};
		for (size_t i = 0; i < KERNEL_FORM; i++) {
			for (size_t form = 0; form < known; form++) {
				if (byte_set_has(&f->drafts[form].form.bytes[i], (uint8_t)c))
					bits[i].words[form / 64] |= UINT64_C(1) << form % 64;
			}
		}
		for (k = 0; k < n; k++) {
			if (memcmp(f->allows[k], bits, sizeof(bits)) == 0)
				break;
		}
		if (k == n)
			memcpy(f->allows[n++], bits, sizeof(bits));
		f->classes[c] = (uint8_t)k;
	}
	return 0;
}

static void make_refs(struct locator_forms *f)
{
	for (size_t i = 0; i < f->draft_count; i++) {
		const struct form_draft *draft = &f->drafts[i];
		f->refs[i] = (struct form_ref
		){draft->target, draft->form.offset, (uint8_t)draft->bucket};
		if (i < FORMS_KNOWN)
			f->known.words[i / 64] |= UINT64_C(1) << i % 64;
	}
	f->count = f->draft_count;
}

int locator_forms_finish(struct locator_forms *forms, struct kernel_tables *tables)
{
	if (forms->draft_count == 0)
		return 0;
	forms->refs = calloc(forms->draft_count, sizeof(*forms->refs));
	if (forms->refs == NULL)
		return -ENOMEM;
	int result = share_all(forms, tables);
	if (result == 0)
		result = make_allows(forms);
	if (result != 0)
		return result;
	make_tables(forms, tables);
	make_refs(forms);
	free(forms->drafts);
	forms->drafts = NULL;
	return 0;
}

void locator_forms_fini(struct locator_forms *forms)
{
	free(forms->refs);
	free(forms->allows);
	free(forms->drafts);
	*forms = (struct locator_forms){};
}
