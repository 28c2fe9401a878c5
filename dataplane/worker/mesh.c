// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/worker/mesh.h"

#include <errno.h>
#include <stdlib.h>

int mesh_init(struct mesh *mesh, uint16_t n_workers)
{
	uint32_t n = (uint32_t)n_workers * n_workers;
	uint32_t slots = n_workers > MESH_MANY ? MESH_RING_MANY : MESH_RING;

	*mesh = (struct mesh){.n_workers = n_workers};
	mesh->rings = aligned_alloc(64, n * sizeof(*mesh->rings));
	if (mesh->rings == NULL)
		return -ENOMEM;
	memset(mesh->rings, 0, n * sizeof(*mesh->rings));
	for (uint32_t i = 0; i < n; i++) {
		if (i / n_workers == i % n_workers) // nobody writes to himself
			continue;
		int r = ring_init(&mesh->rings[i], slots, sizeof(struct mesh_msg));
		if (r < 0) {
			mesh_fini(mesh);
			return r;
		}
	}
	return 0;
}

void mesh_fini(struct mesh *mesh)
{
	uint32_t n = mesh->rings == NULL ? 0 : (uint32_t)mesh->n_workers * mesh->n_workers;
	struct mesh_msg msg;

	for (uint32_t i = 0; i < n; i++) {
		while (mesh->rings[i].slots != NULL && ring_pop(&mesh->rings[i], &msg))
			pkt_put(msg.pkt);
		ring_fini(&mesh->rings[i]);
	}
	free(mesh->rings);
	mesh->rings = NULL;
}
