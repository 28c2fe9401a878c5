// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Patterns that all rules treat alike are one class, and a right holds bits by class. All patterns
// begin as one class; each rule splits those of which it wants a part.

#include "controlplane/policy/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct classes {
	uint16_t *of;                        // by pattern id
	uint32_t size[SNAPSHOT_CLASSES_MAX]; // patterns in it
	uint32_t wanted[SNAPSHOT_CLASSES_MAX];
	uint16_t becomes[SNAPSHOT_CLASSES_MAX]; // of its wanted part
	uint16_t n;
};

// Call `each` for every pattern that rule `rule` wants.
static void for_wanted(
	const struct build_job *job, uint16_t rule, void (*each)(void *, uint16_t), void *context
)
{
	const uint64_t *words = build_wanted(job, rule);

	for (uint16_t w = 0; w < job->wanted_words; w++)
		for (uint64_t bits = words[w]; bits != 0; bits &= bits - 1)
			each(context, (uint16_t)(w * 64 + __builtin_ctzll(bits)));
}

static void count(void *context, uint16_t id)
{
	struct classes *c = context;

	c->wanted[c->of[id]]++;
}

static void move(void *context, uint16_t id)
{
	struct classes *c = context;

	c->of[id] = c->becomes[c->of[id]];
}

// False: there are too many.
static bool split(const struct build_job *job, uint16_t rule, struct classes *c)
{
	uint16_t n = c->n;

	memset(c->wanted, 0, sizeof(c->wanted));
	for_wanted(job, rule, count, c);
	for (uint16_t i = 0; i < n; i++) {
		c->becomes[i] = i;
		if (c->wanted[i] == 0 || c->wanted[i] == c->size[i])
			continue;
		if (c->n == SNAPSHOT_CLASSES_MAX)
			return false;
		c->becomes[i] = c->n;
		c->size[c->n++] = c->wanted[i];
		c->size[i] -= c->wanted[i];
	}
	for_wanted(job, rule, move, c);
	return true;
}

struct marking {
	const struct build_job *job;
	const uint16_t *class_of;
	struct right *right;
};

static void mark(void *context, uint16_t id)
{
	struct marking *m = context;
	bool blocks = pattern_lib_info(m->job->lib, id)->kind == PATTERN_BLOCK;

	bit_set(blocks ? m->right->blocks : m->right->entities, m->class_of[id]);
}

// Most rules ask for what the one before asks for.
static bool is_repeated(const struct build_job *job, uint16_t rule)
{
	return rule > 0 && memcmp(build_wanted(job, rule), build_wanted(job, rule - 1),
				  job->wanted_words * sizeof(uint64_t)) == 0;
}

int build_classes(struct build_job *job)
{
	struct snapshot *s = job->snapshot;
	struct classes *c = calloc(1, sizeof(*c));
	bool fits = true;

	if (c != NULL)
		c->of = arena_array(job->arena, s->n_patterns, sizeof(*c->of));
	if (c == NULL || c->of == NULL) {
		free(c);
		return -ENOMEM;
	}
	c->n = 1;
	c->size[0] = s->n_patterns;
	for (uint16_t i = 0; i < s->n_rules && fits; i++) {
		fits = is_repeated(job, i) || split(job, i, c);
		if (!fits)
			config_error_add(
				job->errors, job->config->file, job->config->rules[i].at,
				"rule `%s` and those before want patterns in more than %d different "
				"ways; name groups of patterns",
				job->config->rules[i].name, SNAPSHOT_CLASSES_MAX
			);
	}
	s->pattern_classes = c->of;
	for (uint16_t i = 0; i < s->n_rules && fits; i++) {
		struct marking marking = {job, c->of, &job->rules[i].right};
		for_wanted(job, i, mark, &marking);
	}
	free(c);
	return 0;
}
