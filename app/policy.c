// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/control.h"
#include "controlplane/secrets/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void log_errors(const struct config_errors *errors)
{
	for (uint32_t i = 0; i < errors->n; i++) {
		const char *line = errors->lines[i];
		size_t at = config_warning_at(errors, i);
		if (at > 0) // the level says that it is one
			log_line(
				LOG_WARN, "config", "%.*s%s", (int)at, line,
				line + at + strlen("warning: ")
			);
		else
			log_line(LOG_ERROR, "config", "%s", line);
	}
	if (errors->n_left_out > 0)
		log_line(LOG_ERROR, "config", "%u more", errors->n_left_out);
}

// Told to whoever asked, to the log and to the audit.
static void refuse(
	struct control *control, const struct config_errors *errors, int result,
	char why[static ADMIN_WHY]
)
{
	const char *text = errors->n > 0 ? errors->lines[0] : err_text(result);

	snprintf(why, ADMIN_WHY, "%s", text);
	log_errors(errors);
	log_line(
		LOG_ERROR, "policy", "%s refused: %s%s", control->file, err_text(result),
		publisher_current(control->publisher) == NULL ? "" : "; the running policy stays"
	);
	if (audit_policy_refused(control->audit, control->file, text) != 0)
		log_line(LOG_ERROR, "audit", "the refusal could not be written");
}

static int put_in_force(struct control *control, struct snapshot *snapshot)
{
	snapshot = catalogs_carry(control, snapshot);
	int r = names_learn(&control->names, snapshot);
	if (r == 0)
		r = publisher_publish(control->publisher, snapshot);
	if (r != 0)
		snapshot_free(snapshot);
	return r;
}

static void tell(struct control *control, const struct config *config)
{
	uint32_t version = publisher_current(control->publisher)->version;

	if (audit_policy_published(control->audit, version, control->file, &config->digest) != 0)
		log_line(LOG_ERROR, "audit", "the new policy could not be written");
	log_line(
		LOG_INFO, "policy",
		"in force version=%u rules=%u resources=%u listeners=%u file=%s", version,
		config->n_rules, config->n_resources, config->n_listeners, control->file
	);
	if (admin_is_followed(control->admin))
		admin_tell(
			control->admin, "policy", json_pack("{s:I}", "version", (json_int_t)version)
		);
}

// Renewed certificates of the HTTPS listeners come with a reload, too. The policy does not hang on
// them.
static void renew_https(struct control *control)
{
	const struct config *config = control->config;
	char why[ADMIN_WHY] = "", tokens_why[ADMIN_WHY] = "";

	if (control->admin == NULL)
		return;
	if (admin_https_reload(control->admin, &config->admin.https, why) != 0)
		log_line(LOG_ERROR, "admin", "the certificate stays as it was: %s", why);
	if (admin_tokens_reload(control->admin, &config->token_service.https, tokens_why) != 0)
		log_line(
			LOG_ERROR, "token_service", "the certificate stays as it was: %s",
			tokens_why
		);
}

int control_load(struct control *control, struct config *config, char why[static ADMIN_WHY])
{
	const struct snapshot_hooks hooks = contexts_hooks(&control->contexts, control->managed);
	struct config_errors errors = {0};
	struct identity_set *issuers = NULL;
	struct snapshot *snapshot = NULL;

	int r = identity_prepare(config, &issuers, &errors);
	if (r == 0)
		r = snapshot_build(
			config, publisher_next_version(control->publisher),
			control->contexts.n_workers, control->hash_key, &hooks, &snapshot, &errors
		);
	if (r == 0)
		r = put_in_force(control, snapshot);
	if (r == 0) {
		identity_commit(control->identity, issuers);
		sts_configure(control->sts, config, (uint64_t)time(NULL));
		if (control->config != config)
			config_free(control->config);
		control->config = config;
		control_approvals_policy(control, publisher_current(control->publisher));
		log_errors(&errors);
		tell(control, config);
		renew_https(control);
		if (watch_follow(control->watch, publisher_current(control->publisher)) != 0)
			log_line(LOG_ERROR, "policy", "catalogs: %s", err_text(-ENOMEM));
	} else {
		identity_set_free(issuers);
		refuse(control, &errors, r, why);
	}
	config_errors_fini(&errors);
	return r;
}

int control_reload(struct control *control, char why[static ADMIN_WHY])
{
	struct config_errors errors = {0};
	struct config *next = NULL;

	int r = config_load(control->file, &next, &errors);
	if (r != 0) {
		refuse(control, &errors, r, why);
		config_errors_fini(&errors);
		return r;
	}
	(void)config_restart_needed(control->config, next, &errors);
	log_errors(&errors);
	config_errors_fini(&errors);
	r = control_load(control, next, why);
	if (r != 0)
		config_free(next);
	return r;
}
