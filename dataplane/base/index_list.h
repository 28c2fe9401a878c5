// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A doubly linked list through the elements of one array: half the size of struct list. An element
// is called by its reference, its index and 1; 0 is none.

#pragma once

#include <stddef.h>
#include <stdint.h>

struct index_link {
	uint32_t prev, next;
};

struct index_list {
	uint32_t first, last;
};

// Where the links lie: that of the first element, and how far the next is.
struct index_array {
	void *first;
	size_t stride;
};

static inline struct index_link *index_link_at(struct index_array array, uint32_t ref)
{
	return (struct index_link *)((char *)array.first + (ref - 1) * array.stride);
}

// `ref` must not be on a list.
static inline void index_list_append(
	struct index_list *list, struct index_array array, uint32_t ref
)
{
	*index_link_at(array, ref) = (struct index_link){.prev = list->last};
	if (list->last == 0)
		list->first = ref;
	else
		index_link_at(array, list->last)->next = ref;
	list->last = ref;
}

// `ref` must be on `list`.
static inline void index_list_remove(
	struct index_list *list, struct index_array array, uint32_t ref
)
{
	struct index_link link = *index_link_at(array, ref);
	if (link.prev == 0)
		list->first = link.next;
	else
		index_link_at(array, link.prev)->next = link.next;
	if (link.next == 0)
		list->last = link.prev;
	else
		index_link_at(array, link.next)->prev = link.prev;
}
