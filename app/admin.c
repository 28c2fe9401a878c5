// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the admin API asks of the rest. Runs on the control thread, as all of control does.

#include "controlplane/admin/admin.h"

#include "app/api.h"
#include "dataplane/proto/proto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static json_t *audit_json(struct control *control)
{
	char hash[DIGEST_TEXT_SIZE];
	struct audit_stats audit;

	audit_stats_get(control->audit, &audit);
	digest_text(&audit.head.hash, hash);
	return json_pack(
		"{s:b, s:I, s:I, s:s, s:I, s:I}", "healthy", audit_is_healthy(control->audit),
		"lines", (json_int_t)audit.lines, "seq", (json_int_t)audit.head.seq, "hash", hash,
		"waiting", (json_int_t)audit.waiting, "failures", (json_int_t)audit.failures
	);
}

static json_t *store_json(const struct control *control)
{
	const struct store_health h = store_health(control->store);

	return json_pack(
		"{s:b, s:I, s:I, s:s}", "healthy", h.healthy, "failures", (json_int_t)h.failures,
		"failed_at", (json_int_t)h.failed_at_s, "error", h.why
	);
}

static json_t *recorder_json(struct control *control)
{
	struct recorder_stats r;

	recorder_stats_get(control->recorder, &r);
	return json_pack(
		"{s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "healthy", r.healthy, "records",
		(json_int_t)r.records, "bytes", (json_int_t)r.bytes, "segments",
		(json_int_t)r.segments, "strict_syncs", (json_int_t)r.strict_syncs, "waiting",
		(json_int_t)r.waiting, "failures", (json_int_t)r.failures
	);
}

static json_t *policy_json(const struct control *control)
{
	const struct snapshot *s = publisher_current(control->publisher);
	char digest[DIGEST_TEXT_SIZE];

	if (s == NULL)
		return NULL;
	return json_pack(
		"{s:I, s:s, s:s, s:i, s:i, s:i}", "version", (json_int_t)s->version, "file",
		control->file, "digest", digest_text(&control->config->digest, digest), "rules",
		(int)s->n_rules, "resources", (int)s->n_resources, "listeners", (int)s->n_listeners
	);
}

static int on_policy(void *context, struct admin_call *, json_t **out, char *why)
{
	if (publisher_current(((struct control *)context)->publisher) == NULL) {
		snprintf(why, ADMIN_WHY, "no policy is in force");
		return -ENOENT;
	}
	*out = policy_json(context);
	return *out == NULL ? -ENOMEM : 0;
}

static json_t *logins_json(const struct control *control)
{
	struct logins_stats logins = logins_stats(control->logins);

	return json_pack(
		"{s:I, s:I, s:I, s:I}", "accepted", (json_int_t)logins.accepted, "refused",
		(json_int_t)logins.refused, "waiting", (json_int_t)logins.waiting,
		"refused_by_policy", (json_int_t)api_refused_by_policy(control)
	);
}

// Whether each issuer's tokens can be verified, and since when its keys are what they are.
static json_t *issuers_json(const struct control *control)
{
	struct identity_state state;
	json_t *list = json_array();

	for (uint16_t i = 0; identity_state(control->identity, i, &state); i++) {
		json_t *item = json_pack(
			"{s:s, s:I, s:I, s:I, s:I, s:s}", "name", state.name, "keys",
			(json_int_t)state.keys, "fetches", (json_int_t)state.fetches, "failed",
			(json_int_t)state.failed, "unknown_keys", (json_int_t)state.unknown,
			"error", state.error
		);
		if (state.remote && state.keys > 0)
			json_object_set_new(
				item, "fetched", json_integer((json_int_t)state.good_at)
			);
		json_array_append_new(list, item);
	}
	return list;
}

static void add_text(void *context, const char *text)
{
	json_array_append_new(context, json_string(text));
}

static json_t *unresolved_json(const struct control *control)
{
	json_t *list = json_array();

	if (list != NULL)
		(void)catalogs_unresolved(control, add_text, list);
	return list;
}

static int on_status(void *context, struct admin_call *, json_t **out, char *)
{
	struct control *control = context;
	uint64_t up = (uint64_t)time(NULL) - control->epoch / 1000000000;

	*out = json_pack(
		"{s:s, s:s, s:I, s:o?, s:o?, s:o?, s:o?, s:o?, s:o?, s:o?, s:o?, s:{s:I}, s:I}",
		"version", BULKHEAD_VERSION, "state", control->config->gateway.state, "uptime",
		(json_int_t)up, "policy", policy_json(control), "recorder", recorder_json(control),
		"audit", audit_json(control), "drain", api_drain_json(control), "store",
		store_json(control), "logins", logins_json(control), "issuers",
		issuers_json(control), "unresolved_columns", unresolved_json(control), "budgets",
		"unplaced", (json_int_t)budget_refusals(budgets_table(control->budgets)),
		"sessions", (json_int_t)workers_sessions(control->workers)
	);
	return *out == NULL ? -ENOMEM : 0;
}

static int on_reload(void *context, struct admin_call *call, json_t **out, char *why)
{
	struct control *control = context;
	int r;

	if (call->number == 0)
		call->number = control_reload(control);
	if (!control_reloaded(control, call->number, &r, why))
		return -EINPROGRESS;
	if (r != 0)
		return ERR_CONFIG;
	return on_policy(context, call, out, why);
}

// ---- the local issuer

static int mint(
	struct control *control, const struct local_claims *claims, char **token,
	char why[static ADMIN_WHY]
)
{
	int r = identity_mint(control->identity, claims, token, why);

	if (r != 0)
		return r == -ENOMEM ? r : -EEXIST; // in the way is how things are
	r = audit_token_minted(
		control->audit, claims->subject, claims->groups, claims->n_groups, claims->ttl_s
	);
	if (r == 0)
		return 0;
	snprintf(why, ADMIN_WHY, "the audit log cannot take it: %s", err_text(r));
	explicit_bzero(*token, strlen(*token));
	free(*token);
	*token = NULL;
	return r;
}

static int on_token(void *context, struct admin_call *call, json_t **out, char *why)
{
	const json_t *groups = json_object_get(call->body, "groups");
	const char *names[ADMIN_GROUPS_MAX];
	struct local_claims claims = {
		.subject = json_string_value(json_object_get(call->body, "subject")),
		.groups = names,
		.n_groups = json_array_size(groups),
		.ttl_s = (uint32_t)json_integer_value(json_object_get(call->body, "ttl")),
		.now = (uint64_t)time(NULL),
	};
	char *token = NULL;

	for (size_t i = 0; i < claims.n_groups; i++)
		names[i] = json_string_value(json_array_get(groups, i));
	int r = mint(context, &claims, &token, why);
	if (r != 0)
		return r;
	*out = json_pack("{s:s}", "token", token);
	explicit_bzero(token, strlen(token));
	free(token);
	return *out == NULL ? -ENOMEM : 0;
}

// ---- health

static bool on_ready(void *context, char *why)
{
	struct control *control = context;
	struct recorder_stats recorder;
	struct managed_stats managed;
	const char *text = NULL;

	recorder_stats_get(control->recorder, &recorder);
	managed_stats_get(control->managed, &managed);
	if (publisher_current(control->publisher) == NULL)
		text = "no policy is in force";
	else if (control->drain.phase != DRAIN_SERVES)
		text = control->drain.stops ? "stopping" : "draining";
	else if (managed.missing > 0)
		text = "a resource's managed identity has no token";
	else if (catalogs_missing(control))
		text = "the columns that a rule masks are not known yet";
	else if (!recorder.healthy)
		text = "the recorder cannot write";
	else if (!audit_is_healthy(control->audit))
		text = "the audit log cannot be written";
	else if (!store_health(control->store).healthy)
		text = "the store of approvals and revocations cannot be written";
	if (text != NULL)
		snprintf(why, ADMIN_WHY, "%s", text);
	return text == NULL;
}

// ---- who may

static int on_authenticate(
	void *context, struct span token, const uint8_t *certificate, const struct subject **out,
	char *why
)
{
	struct control *control = context;
	struct subject *subject;

	int r = identity_verify(
		control->identity, token, certificate, (uint64_t)time(NULL), &subject, why
	);
	if (r != 0)
		return r;
	if (control_is_out(control, subject, why)) {
		subject_free(subject);
		return ERR_AUTH;
	}
	*out = subject;
	return 0;
}

static bool on_is_over(void *context, const struct subject *subject)
{
	char why[REVOCATION_WHY];

	return (uint64_t)time(NULL) >= subject->expires || control_is_out(context, subject, why);
}

static void on_subject_free(void *, const struct subject *subject)
{
	subject_free(subject);
}

static uint32_t on_roles(void *context, const struct subject *subject)
{
	const struct control *control = context;

	return admin_roles(&control->config->admin, subject);
}

static uint32_t on_rate(void *context)
{
	const struct control *control = context;

	return control->config->admin.rate;
}

static bool on_console(void *context, struct admin_console *out)
{
	const struct control *control = context;
	const struct config *config = control->config;
	const struct config_console *console = &config->admin.console;

	for (uint16_t i = 0; console->enabled && i < config->n_issuers; i++) {
		if (strcmp(config->issuers[i].name, console->issuer.text) != 0)
			continue;
		*out = (struct admin_console){
			.issuer = config->issuers[i].issuer,
			.client_id = console->client_id,
			.scope = console->scope,
			.resource = console->resource,
			.url = config->admin.url,
		};
		return true;
	}
	return false;
}

static void on_called(
	void *context, const struct admin_caller *caller, const char *method, const char *path,
	unsigned status, const char *why
)
{
	struct control *control = context;
	const struct audit_caller who = {
		.uid = caller->local ? &caller->uid : NULL,
		.subject = caller->subject,
		.address = caller->address,
	};

	if (audit_admin_call(control->audit, &who, method, path, status, why) != 0)
		log_limited(
			&control->limit, LOG_ERROR, "audit", "a call of the admin API is missing"
		);
}

static const char *bad_name(unsigned bad)
{
	return bad < PROTO_BAD_COUNT ? proto_bad_name((enum proto_bad)bad) : NULL;
}

static void fill_ops(struct control *control, struct admin_ops *ops)
{
	*ops = (struct admin_ops){
		.context = control,
		.status = on_status,
		.policy = on_policy,
		.reload = on_reload,
		.token = on_token,
		.ready = on_ready,
		.bad_name = bad_name,
		.authenticate = on_authenticate,
		.subject_free = on_subject_free,
		.is_over = on_is_over,
		.roles = on_roles,
		.rate = on_rate,
		.console = on_console,
		.called = on_called,
	};
	api_revocations(ops);
	api_budgets(ops);
	api_sessions(ops);
	api_drain(ops);
	api_dryrun(ops);
	api_token_service(ops);
	api_approvals(ops);
	api_chains(ops);
	api_metrics(ops);
	api_evidence(ops);
}

int control_admin_start(struct control *control, char why[static ADMIN_WHY])
{
	const struct config_gateway *gateway = &control->config->gateway;
	const struct config_https *https = &control->config->admin.https;
	const struct config_https *tokens = &control->config->token_service.https;
	struct admin_config config = {
		.socket = gateway->admin_socket,
		.metrics = gateway->has_metrics ? &gateway->metrics : NULL,
		.https = https->enabled ? https : NULL,
		.tokens = tokens->enabled ? tokens : NULL,
		.n_workers = control->contexts.n_workers,
	};

	fill_ops(control, &config.ops);
	for (uint16_t i = 0; i < config.n_workers; i++)
		config.workers[i] = workers_stats(control->workers, i);
	return admin_new(&config, &control->admin, why);
}
