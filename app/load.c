// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/load.h"

#include <stdlib.h>
#include <sys/resource.h>

enum { NICE = 1 }; // below control, which shares its core; not starved by others there

void load_run(struct load *load)
{
	load->result = 0;
	if (load->config == NULL)
		load->result = config_load(load->file, &load->config, &load->errors);
	if (load->result == 0)
		load->result = identity_prepare(load->config, &load->issuers, &load->errors);
	if (load->result == 0)
		load->result = contexts_configure(load->contexts, load->config, &load->errors);
	if (load->result == 0)
		load->result = snapshot_build(
			load->config, 0, load->n_workers, load->hash_key, &load->hooks,
			&load->snapshot, &load->errors
		);
}

static void *run_thread(void *context)
{
	struct load *load = context;

	(void)setpriority(PRIO_PROCESS, 0, NICE); // of this thread alone (sched(7))
	load_run(load);
	__atomic_store_n(&load->done, true, __ATOMIC_RELEASE);
	return NULL;
}

int load_start(struct load *load)
{
	return -pthread_create(&load->thread, NULL, run_thread, load);
}

bool load_join(struct load *load, bool wait)
{
	if (!wait && !__atomic_load_n(&load->done, __ATOMIC_ACQUIRE))
		return false;
	pthread_join(load->thread, NULL);
	return true;
}

void load_free(struct load *load)
{
	if (load == NULL)
		return;
	snapshot_free(load->snapshot);
	identity_set_free(load->issuers);
	config_free(load->config);
	config_errors_fini(&load->errors);
	explicit_bzero(load, sizeof(*load));
	free(load);
}
