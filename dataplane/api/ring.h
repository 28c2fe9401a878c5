// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Single producer, single consumer ring of fixed-size elements. Capacity is a power of two.

#pragma once

#include "dataplane/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct ring {
	uint32_t size; // of one element, bytes
	uint32_t mask;
	uint8_t *slots;
	uint32_t head __attribute__((aligned(64))); // producer: rw, consumer: ro
	uint32_t tail __attribute__((aligned(64))); // consumer: rw, producer: ro
};

// Returns 0, -EINVAL when `count` is no power of two, -ENOMEM. Free with ring_fini.
int ring_init(struct ring *ring, uint32_t count, uint32_t size) must_check;
void ring_fini(struct ring *ring);

// Producer: copy one element in. False when the ring is full.
static inline bool ring_push(struct ring *ring, const void *element)
{
	uint32_t head = ring->head;
	if (head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) > ring->mask)
		return false;
	memcpy(ring->slots + (size_t)(head & ring->mask) * ring->size, element, ring->size);
	__atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
	return true;
}

// Consumer: copy one element out. False when the ring is empty.
static inline bool ring_pop(struct ring *ring, void *element)
{
	uint32_t tail = ring->tail;
	if (__atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) == tail)
		return false;
	memcpy(element, ring->slots + (size_t)(tail & ring->mask) * ring->size, ring->size);
	__atomic_store_n(&ring->tail, tail + 1, __ATOMIC_RELEASE);
	return true;
}

// Either side: how many elements are in it, roughly.
static inline uint32_t ring_count(const struct ring *ring)
{
	return __atomic_load_n(&ring->head, __ATOMIC_RELAXED) -
	       __atomic_load_n(&ring->tail, __ATOMIC_RELAXED);
}
