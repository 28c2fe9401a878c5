// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/api/ring.h"

#include <errno.h>
#include <stdlib.h>

int ring_init(struct ring *ring, uint32_t count, uint32_t size)
{
	if (count == 0 || (count & (count - 1)) != 0 || size == 0)
		return -EINVAL;
	uint8_t *slots = calloc(count, size);
	if (slots == NULL)
		return -ENOMEM;
	*ring = (struct ring){.size = size, .mask = count - 1, .slots = slots};
	return 0;
}

void ring_fini(struct ring *ring)
{
	free(ring->slots);
	*ring = (struct ring){0};
}
