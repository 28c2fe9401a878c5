// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/control.h"
#include "app/load.h"
#include "controlplane/secrets/secret.h"
#include "patterns/patterns.h"

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

static const char *first_error(const struct config_errors *errors)
{
	for (uint32_t i = 0; i < errors->n; i++)
		if (!errors->is_warning[i])
			return errors->lines[i];
	return NULL;
}

// Told to whoever asked, to the log and to the audit.
static void refuse(
	struct control *control, const struct config_errors *errors, int result,
	char why[static ADMIN_WHY]
)
{
	const char *text = first_error(errors);

	text = text == NULL ? err_text(result) : text;
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

static void tell_patterns(const char *what, const struct pattern_set *set)
{
	struct pattern_summary s;

	if (set == NULL)
		return;
	pattern_set_report(set, &s);
	log_line(
		LOG_INFO, "policy",
		"patterns of %s=%zu cost_low=%zu cost_fair=%zu cost_high=%zu tables=%zu "
		"databases=%zu compiled=%zu bytes=%zu tail=%zu",
		what, s.patterns, s.by_cost[PATTERN_COST_LOW], s.by_cost[PATTERN_COST_FAIR],
		s.by_cost[PATTERN_COST_HIGH], s.tables, s.databases, s.compiled, s.bytes, s.tail
	);
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
	tell_patterns("data", publisher_current(control->publisher)->entities);
	tell_patterns("statements", publisher_current(control->publisher)->blocks);
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

static struct load *load_new(struct control *control)
{
	struct load *load = calloc(1, sizeof(*load));

	if (load == NULL)
		return NULL;
	load->file = control->file;
	load->contexts = &control->contexts;
	load->hooks = contexts_hooks(load->contexts, control->managed);
	snprintf(load->cache, sizeof(load->cache), "%s/patterns-cache", control->state);
	load->hooks.cache = load->cache;
	load->n_workers = control->contexts.n_workers;
	memcpy(load->hash_key, control->hash_key, sizeof(load->hash_key));
	return load;
}

// Takes of `load` what it puts in force.
static int finish(struct control *control, struct load *load, char why[static ADMIN_WHY])
{
	struct config *config = load->config;
	int r = load->result;

	if (r == 0) {
		snapshot_set_version(load->snapshot, publisher_next_version(control->publisher));
		r = put_in_force(control, load->snapshot);
		load->snapshot = NULL;
	}
	if (r != 0) {
		refuse(control, &load->errors, r, why);
		return r;
	}
	identity_commit(control->identity, load->issuers);
	load->issuers = NULL;
	sts_configure(control->sts, config, (uint64_t)time(NULL));
	if (control->config != config)
		config_free(control->config);
	control->config = config;
	load->config = NULL;
	control_approvals_policy(control, publisher_current(control->publisher));
	log_errors(&load->errors);
	tell(control, config);
	renew_https(control);
	if (watch_follow(control->watch, publisher_current(control->publisher)) != 0)
		log_line(LOG_ERROR, "policy", "catalogs: %s", err_text(-ENOMEM));
	return 0;
}

int control_load(struct control *control, char why[static ADMIN_WHY])
{
	struct load *load = load_new(control);

	if (load == NULL)
		return -ENOMEM;
	load->config = control->config;
	load_run(load);
	int r = finish(control, load, why);
	load->config = NULL; // control's, whatever came of it
	load_free(load);
	return r;
}

// ---- reloads

static void ended(struct control *control, int result)
{
	control->reloads.ended = control->reloads.begun;
	control->reloads.result = result;
}

static void begin(struct control *control)
{
	struct reloads *reloads = &control->reloads;

	reloads->begun++;
	reloads->why[0] = '\0';
	reloads->load = load_new(control);
	int r = reloads->load == NULL ? -ENOMEM : load_start(reloads->load);
	if (r == 0)
		return;
	const struct config_errors none = {0};
	refuse(control, &none, r, reloads->why);
	load_free(reloads->load);
	reloads->load = NULL;
	ended(control, r);
}

uint64_t control_reload(struct control *control)
{
	struct reloads *reloads = &control->reloads;

	// What runs may have read the file already.
	reloads->wanted = reloads->begun + 1;
	if (reloads->load == NULL)
		begin(control);
	return reloads->wanted;
}

bool control_reloaded(
	const struct control *control, uint64_t number, int *result, char why[static ADMIN_WHY]
)
{
	const struct reloads *reloads = &control->reloads;

	if (reloads->ended < number)
		return false;
	*result = reloads->result;
	memcpy(why, reloads->why, ADMIN_WHY);
	return true;
}

void control_reload_poll(struct control *control)
{
	struct reloads *reloads = &control->reloads;
	struct load *load = reloads->load;

	if (load == NULL || !load_join(load, false))
		return;
	if (load->config != NULL)
		(void)config_restart_needed(control->config, load->config, &load->errors);
	ended(control, finish(control, load, reloads->why));
	load_free(load);
	reloads->load = NULL;
	if (reloads->wanted > reloads->begun)
		begin(control);
}

void control_reload_free(struct control *control)
{
	if (control->reloads.load != NULL)
		(void)load_join(control->reloads.load, true);
	load_free(control->reloads.load);
	control->reloads.load = NULL;
}
