// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/worker/listeners.h"

static bool snapshot_has(const struct snapshot *snapshot, const struct endpoint *endpoint)
{
	for (uint16_t i = 0; snapshot != NULL && i < snapshot->n_listeners; i++) {
		if (endpoint_equal(&snapshot->listeners[i].address, endpoint))
			return true;
	}
	return false;
}

static bool is_open(const struct listeners *listeners, const struct endpoint *endpoint)
{
	for (uint16_t i = 0; i < listeners->n; i++) {
		if (endpoint_equal(&listeners->list[i], endpoint))
			return true;
	}
	return false;
}

static void open_one(struct listeners *listeners, struct tcp *tcp, const struct endpoint *endpoint)
{
	if (is_open(listeners, endpoint))
		return;
	if (listeners->n == LISTENERS_MAX || tcp_listen(tcp, endpoint, NULL) != 0) {
		listeners->refused++;
		return;
	}
	listeners->list[listeners->n++] = *endpoint;
}

void listeners_follow(struct listeners *listeners, struct tcp *tcp, const struct snapshot *snapshot)
{
	uint32_t version = snapshot == NULL ? 0 : snapshot->version;

	if (listeners->version == version)
		return;
	listeners->version = version;
	listeners->refused = 0;
	for (uint16_t i = 0; i < listeners->n;) {
		if (snapshot_has(snapshot, &listeners->list[i])) {
			i++;
			continue;
		}
		tcp_unlisten(tcp, &listeners->list[i]);
		listeners->list[i] = listeners->list[--listeners->n];
	}
	for (uint16_t i = 0; i < (snapshot == NULL ? 0 : snapshot->n_listeners); i++)
		open_one(listeners, tcp, &snapshot->listeners[i].address);
}
