// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Lists that grow by doubling, for the compiler of sets.

#pragma once

#include <stddef.h>
#include <stdlib.h>

// Room for one more of `size` bytes behind the `*count` in *list, which is freed by free(3).
// Returns it, or NULL: then the list is as it was.
static inline void *list_grow(void **list, size_t *count, size_t size)
{
	if ((*count & (*count - 1)) == 0) {
		void *more = reallocarray(*list, *count == 0 ? 1 : *count * 2, size);
		if (more == NULL)
			return NULL;
		*list = more;
	}
	return (char *)*list + (*count)++ * size;
}
