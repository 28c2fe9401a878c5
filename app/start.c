// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/control.h"
#include "app/settings.h"
#include "controlplane/secrets/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static int fail(const char *what, int result, const char *why)
{
	log_line(LOG_ERROR, "start", "%s: %s%s%s", what, err_text(result), *why ? ": " : "", why);
	return result;
}

static int start_state(struct control *control)
{
	const char *state = control->config->gateway.state;
	char why[SECRET_WHY] = "", store_why[STORE_WHY];
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	control->epoch = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	memcpy(control->state, state, strlen(state) + 1);
	if (mkdir(state, 0700) != 0 && errno != EEXIST)
		return fail(state, -errno, "");
	int r = secret_key_load(state, "mask.key", control->hash_key, why);
	if (r != 0)
		return fail("mask.key", r, why);
	r = audit_open(state, &control->audit);
	if (r != 0)
		return fail("audit log", r, "");
	r = index_open(state, &control->index);
	if (r != 0)
		return fail("index of sessions", r, "");
	r = store_open(state, &control->store, store_why);
	if (r != 0)
		return fail("store", r, store_why);
	r = revocations_open(control->store, control->epoch / 1000000000, &control->revocations);
	if (r != 0)
		return fail("revocations", r, "");
	r = budgets_open(control->store, control->epoch / 1000000000, &control->budgets);
	if (r != 0)
		return fail("budgets", r, "");
	r = audit_started(control->audit, BULKHEAD_VERSION, control->epoch);
	return r == 0 ? 0 : fail("audit log", r, "");
}

static int start_nic(struct control *control)
{
	struct nic_config config;
	const char *why = "";

	settings_nic(&control->config->gateway, &config);
	int r = nic_new(&config, &control->nic, &why);
	if (r != 0)
		return fail("ports", r, why);
	for (uint8_t p = 0; p < config.n_ports; p++) {
		struct nic_port_info info;
		nic_port_info(control->nic, p, &info);
		log_line(
			LOG_INFO, "nic",
			"port=%u device=%s driver=%s mtu=%u queues=%u workers=%u steering=%s "
			"checksums=%s segments=%s tso=%s",
			p, config.ports[p].device, info.driver, info.mtu, info.n_queues,
			config.n_workers, info.toeplitz ? "toeplitz" : "software",
			info.tx_offload ? "port" : "software", info.multi_segment ? "many" : "one",
			info.cuts ? "port" : "none"
		);
	}
	return 0;
}

static bool is_revoked(void *ctx, const struct subject *subject, char why[JWT_WHY])
{
	return control_is_out(ctx, subject, why);
}

static int start_token_service(struct control *control)
{
	const struct sts_config config = {
		.store = control->store,
		.identity = control->identity,
		.audit = control->audit,
		.is_refused = is_revoked,
		.ctx = control,
	};

	return sts_new(&config, &control->sts);
}

static int start_control(struct control *control)
{
	char why[STORE_WHY] = "";
	uint16_t n_workers = control->config->gateway.n_workers;
	uint32_t sessions = n_workers * control->config->gateway.limits.sessions;

	control->identity = identity_new();
	control->managed = managed_new();
	control->publisher = publisher_new(&control->slot);
	control->watch = watch_new();
	control->chains = chains_new(sessions);
	control->waiting = calloc(LOGINS_WAITING_MAX, sizeof(*control->waiting));
	control->logins = logins_new(control->identity, control_answer, control);
	if (control->identity == NULL || control->managed == NULL || control->publisher == NULL ||
	    control->watch == NULL || control->chains == NULL || control->waiting == NULL ||
	    control->logins == NULL || names_init(&control->names) != 0 ||
	    live_init(&control->live, sessions) != 0)
		return fail("control plane", -ENOMEM, "");
	int r = start_token_service(control);
	if (r != 0)
		return fail("token service", r, "");
	r = control_approvals_start(control, why);
	if (r != 0)
		return fail("approvals", r, why);
	r = contexts_init(&control->contexts, n_workers);
	return r == 0 ? 0 : fail("TLS", r, "");
}

static int start_workers(struct control *control)
{
	struct workers_config config;

	settings_workers(&control->config->gateway, &config);
	config.nic = control->nic;
	config.slot = &control->slot;
	config.relay.budgets = budgets_table(control->budgets);
	config.thread_end = contexts_thread_end;
	int r = workers_new(&config, &control->workers);
	if (r != 0)
		return fail("workers", r, "");
	for (uint16_t i = 0; i < config.n_workers; i++)
		control->queues[i] = workers_records(control->workers, i);
	const struct recorder_config recorder = {
		.state = control->config->gateway.state,
		.epoch = control->epoch,
		.queues = control->queues,
		.n_queues = config.n_workers,
		.audit = control->audit,
		.index = control->index,
	};
	r = recorder_start(&recorder, &control->recorder);
	return r == 0 ? 0 : fail("recorder", r, "");
}

int control_start(struct control *control)
{
	// The ports first: EAL pins this thread to the control core, and the threads that are made
	// later stay with it.
	char why[ADMIN_WHY] = "";
	int r = start_nic(control);
	if (r == 0)
		r = start_state(control);
	if (r == 0)
		r = start_control(control);
	if (r == 0)
		r = start_workers(control);
	if (r == 0)
		r = control_load(control, why);
	if (r == 0)
		r = workers_launch(control->workers);
	if (r != 0)
		return r;
	control->dryruns =
		dryruns_new(control->file, control->config->gateway.state, control->index);
	if (control->dryruns == NULL)
		return fail("dry runs", -ENOMEM, "");
	r = control_admin_start(control, why);
	return r == 0 ? 0 : fail("admin API", r, why);
}

// The last second's: what cannot be written now is as after a crash.
static void save_budgets(struct control *control)
{
	while (control->budgets != NULL && budgets_save(control->budgets, (uint64_t)time(NULL)) > 0)
		continue;
}

void control_stop(struct control *control)
{
	admin_free(control->admin);
	dryruns_free(control->dryruns);
	control_reload_free(control);
	control->admin = NULL;
	if (control->workers != NULL)
		workers_stop(control->workers);
	while (control->workers != NULL && control_events(control) > 0)
		continue;
	recorder_stop(control->recorder);
	watch_free(control->watch);
	logins_free(control->logins);
	sts_free(control->sts);
	identity_free(control->identity);
	workers_free(control->workers);
	publisher_free(control->publisher);
	managed_free(control->managed);
	contexts_fini(&control->contexts);
	control_approvals_stop(control);
	if (control->audit != NULL && audit_stopped(control->audit, "asked to") != 0)
		log_line(LOG_ERROR, "stop", "the end is not in the audit log");
	control_revoke_free(control);
	revocations_free(control->revocations);
	save_budgets(control);
	budgets_free(control->budgets);
	store_close(control->store);
	index_close(control->index);
	audit_close(control->audit);
	nic_free(control->nic);
	live_fini(&control->live);
	chains_free(control->chains);
	names_fini(&control->names);
	free(control->waiting);
	config_free(control->config);
	explicit_bzero(control->hash_key, sizeof(control->hash_key));
}
