// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// The automaton's positions that have a number, and a byte of each class.
struct builder {
	const struct automaton *automaton;
	struct probe *probe;
	size_t classes, states;
	struct byte_set byte[PROBE_CLASSES];
	struct automaton_position positions[PROBE_STATES];
};

static uint8_t number_of(struct builder *b, const struct automaton_position *at)
{
	if (automaton_is_past(b->automaton, at))
		return PROBE_PASSES;
	for (size_t i = PROBE_START; i < b->states; i++) {
		if (memcmp(&b->positions[i], at, sizeof(*at)) == 0)
			return (uint8_t)i;
	}
	if (b->states == PROBE_STATES)
		return PROBE_PASSES;
	b->positions[b->states] = *at;
	return (uint8_t)b->states++;
}

static void build(struct builder *b)
{
	struct automaton_position next;
	b->positions[PROBE_START] = automaton_start(b->automaton);
	b->states = PROBE_START + 1;
	b->probe->over[PROBE_PASSES] = true;
	for (size_t i = PROBE_START; i < b->states; i++) {
		b->probe->over[i] = automaton_is_over(b->automaton, &b->positions[i]);
		for (size_t k = 0; k < b->classes; k++) {
			bool goes_on =
				automaton_step(b->automaton, &b->positions[i], &b->byte[k], &next);
			b->probe->next[i][k] = goes_on ? number_of(b, &next) : PROBE_REFUSES;
		}
	}
}

int probe_new(const struct automaton *automaton, struct probe **out)
{
	struct builder *b = calloc(1, sizeof(*b));
	struct probe *probe = calloc(1, sizeof(*probe));
	*out = NULL;
	if (b == NULL || probe == NULL) {
		free(b);
		free(probe);
		return -ENOMEM;
	}
	*b = (struct builder){.automaton = automaton, .probe = probe};
	b->classes = automaton_classes(automaton, probe->classes);
	if (b->classes <= PROBE_CLASSES) {
		for (unsigned c = 256; c-- > 0;) {
			b->byte[probe->classes[c]] = (struct byte_set){};
			byte_set_add(&b->byte[probe->classes[c]], (uint8_t)c);
		}
		build(b);
		*out = probe;
		probe = NULL;
	}
	free(probe);
	free(b);
	return 0;
}
