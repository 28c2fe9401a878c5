// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a command would do, and what a policy says to it: no gateway is asked.

#include "app/bulkheadctl/ctl.h"
#include "app/bulkheadctl/statement.h"
#include "app/bulkheadctl/text.h"
#include "controlplane/config/config.h"
#include "controlplane/identity/node.h"
#include "controlplane/identity/subject.h"
#include "controlplane/policy/build.h"
#include "dataplane/policy/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { STATEMENT_MAX = 16 << 20 };

// What is looked at. Zeroed, and given to explained_fini in every case.
struct explained {
	struct config_errors errors;
	struct config *config;
	struct snapshot *snapshot;
	struct statement_reader reader;
	struct subject *subject;
	uint16_t resource;
	const struct effects *effects;
	struct rights rights;
	struct verdict verdict;
};

static void explained_fini(struct explained *e)
{
	subject_free(e->subject);
	statement_reader_fini(&e->reader);
	snapshot_free(e->snapshot);
	config_free(e->config);
	config_errors_fini(&e->errors);
}

// No secret is read and no key is needed: this is for whoever writes the policy.
static int load_policy(const struct args *args, struct explained *e)
{
	const struct snapshot nothing = {0};
	struct buf text;

	buf_init(&text, NULL, CONFIG_FILE_MAX);
	int ret = text_read_file(args->word, &text);
	if (ret != 0) {
		buf_fini(&text);
		return fail(EXIT_FAILED, "%s: %s", args->word, err_text(ret));
	}
	ret = config_parse(args->word, buf_span(&text), &e->config, &e->errors);
	buf_fini(&text);
	if (ret == 0)
		ret = snapshot_build_trial(e->config, &nothing, &e->snapshot, &e->errors);
	if (ret == 0)
		return EXIT_OK;
	for (uint32_t i = 0; i < e->errors.n; i++) {
		text_write(stderr, span_str(e->errors.lines[i]), false);
		fputc('\n', stderr);
	}
	return fail(EXIT_FAILED, "%s: %s", args->word, err_text(ret));
}

static int find_resource(const struct args *args, struct explained *e)
{
	const struct snapshot *snapshot = e->snapshot;

	if (args->resource == NULL && snapshot->n_resources == 1)
		return EXIT_OK;
	for (uint16_t i = 0; args->resource != NULL && i < snapshot->n_resources; i++) {
		if (strcmp(snapshot->resources[i].name, args->resource) != 0)
			continue;
		e->resource = i;
		return EXIT_OK;
	}
	if (args->resource == NULL)
		return fail(EXIT_USAGE, "policy explain: which of the resources? --resource");
	return fail(EXIT_FAILED, "the policy has no resource %s", args->resource);
}

// A chain of one: who logs in with a token of these groups.
static int make_subject(const struct args *args, struct explained *e)
{
	const char *issuer = args->issuer;
	const char *key = args->subject == NULL ? "somebody" : args->subject;
	struct subject_draft draft = {.n_links = 1, .scope = subject_scope_all()};
	char why[SUBJECT_WHY] = "";

	if (issuer == NULL && e->config->n_issuers > 0)
		issuer = e->config->issuers[0].name;
	if (issuer == NULL)
		issuer = "";
	draft.links[0] = (struct chain_link){
		.subject = node_of_subject(issuer, key),
		.node = node_of_subject(issuer, key),
		.token = node_of_token(issuer, span_str(key)),
		.kind = SUBJECT_UNKNOWN,
		.issuer = issuer,
		.key = key,
		.name = key,
		.n_groups = (uint16_t)args->n_groups,
		.groups = (const char **)(uintptr_t)args->groups,
	};
	int ret = subject_make(&draft, span_of(NULL, 0), &e->subject, why);
	return ret == 0 ? EXIT_OK : fail(EXIT_FAILED, "the subject: %s", why);
}

static int read_effects(const struct args *args, struct explained *e, struct span text)
{
	const char *dialect = args->dialect == NULL ? "postgres" : args->dialect;

	if (!statement_is_dialect(dialect))
		return fail(EXIT_USAGE, "--dialect is postgres, mysql, tsql or shell");
	e->effects = statement_effects(&e->reader, dialect, text);
	return e->effects != NULL ? EXIT_OK : fail(EXIT_FAILED, "%s", err_text(-ENOMEM));
}

static void judge(struct explained *e)
{
	struct snapshot *snapshot = e->snapshot;
	const struct policy_request request = {
		.subject = e->subject,
		.resource = e->resource,
		.wall_ns = (uint64_t)time(NULL) * 1000000000,
	};
	struct policy_input input = {
		.snapshot = snapshot,
		.rights = &e->rights,
		.effects = e->effects,
		.blocked = -1,
	};

	if (policy_rights(snapshot, &request, &e->rights) && snapshot->blocks != NULL &&
	    bit_is_any_set(e->rights.right.blocks, SNAPSHOT_PATTERN_WORDS))
		input.blocked = inspect_blocked(
			snapshot, snapshot->workers[0].block_scratch, e->rights.right.blocks,
			e->effects->normalised
		);
	e->verdict = policy_judge(&input);
}

static json_t *names_json(uint64_t effects)
{
	json_t *list = json_array();

	for (uint64_t left = effects; left != 0; left &= left - 1) {
		const char *name = effects_name(left & -left);
		if (name != NULL)
			json_array_append_new(list, json_string(name));
	}
	return list;
}

static json_t *object_json(const struct effect_object *object)
{
	return json_pack(
		"{s:o,s:o,s:o}", "access", names_json(object->access), "schema",
		text_json(object->schema), "name", text_json(object->name)
	);
}

static const char *rule_name(const struct explained *e)
{
	uint16_t rule = e->verdict.rule;

	return rule < e->snapshot->n_rules ? e->snapshot->rules[rule].name : NULL;
}

static const char *pattern_name(const struct explained *e)
{
	return e->verdict.reason == REASON_BLOCKED ? e->snapshot->pattern_names[e->verdict.pattern]
						   : NULL;
}

static int report_json(const struct explained *e)
{
	const struct effects *effects = e->effects;
	json_t *objects = json_array();

	for (uint16_t i = 0; i < effects->n_objects; i++)
		json_array_append_new(objects, object_json(&effects->objects[i]));
	return print_json(json_pack(
		"{s:o,s:o,s:o,s:i,s:o,s:s?,s:{s:s,s:s,s:s?,s:s?,s:o}}", "verb",
		text_json(effects->verb), "effects", names_json(effects->kinds), "flags",
		names_json(effects_with_flags(0, effects->flags)), "statements",
		(int)effects->n_statements, "objects", objects, "why_unknown", effects->why_unknown,
		"verdict", "action", verdict_action_name(e->verdict.action), "reason",
		verdict_reason_name(e->verdict.reason), "rule", rule_name(e), "pattern",
		pattern_name(e), "decided_by", names_json(e->verdict.effects)
	));
}

static void print_objects(const struct effects *effects)
{
	for (uint16_t i = 0; i < effects->n_objects; i++) {
		const struct effect_object *object = &effects->objects[i];
		char access[64];
		effects_list(object->access, access, sizeof(access));
		printf("%-10s %s ", i == 0 ? "objects" : "", access);
		if (object->schema.n > 0) {
			text_write(stdout, object->schema, false);
			putchar('.');
		}
		text_write(stdout, object->name, false);
		putchar('\n');
	}
}

static void print_verdict(const struct explained *e)
{
	const struct verdict *v = &e->verdict;
	const char *rule = rule_name(e), *pattern = pattern_name(e);
	char names[256];

	effects_list(v->effects, names, sizeof(names));
	printf("%-10s %s", "verdict", verdict_action_name(v->action));
	if (rule != NULL)
		printf(" by rule \"%s\"", rule);
	printf(": %s", verdict_reason_name(v->reason));
	if (names[0] != '\0' || pattern != NULL)
		printf(" (%s)", pattern != NULL ? pattern : names);
	putchar('\n');
}

static int report_text(const struct explained *e)
{
	const struct effects *effects = e->effects;
	char names[512];

	if (effects->verb.n > 0) {
		printf("%-10s ", "verb");
		text_write(stdout, effects->verb, false);
		putchar('\n');
	}
	effects_list(effects->kinds, names, sizeof(names));
	printf("%-10s %s\n", "effects", names);
	effects_list(effects_with_flags(0, effects->flags), names, sizeof(names));
	if (names[0] != '\0')
		printf("%-10s %s\n", "flags", names);
	print_objects(effects);
	if (effects->why_unknown != NULL)
		printf("%-10s %s\n", "unknown", effects->why_unknown);
	print_verdict(e);
	return EXIT_OK;
}

static int explain(const struct args *args, struct explained *e, struct span text)
{
	int ret = read_effects(args, e, text);

	if (ret != EXIT_OK)
		return ret;
	judge(e);
	return args->json ? report_json(e) : report_text(e);
}

static int explain_input(const struct args *args, struct explained *e)
{
	struct buf text;

	buf_init(&text, NULL, STATEMENT_MAX);
	int ret = text_read_file("-", &text);
	ret = ret == 0 ? explain(args, e, buf_span(&text))
		       : fail(EXIT_FAILED, "the statement: %s", err_text(ret));
	buf_fini(&text);
	return ret;
}

int ctl_policy_explain(const struct args *args)
{
	struct explained e = {0};
	int ret = load_policy(args, &e);

	if (ret == EXIT_OK)
		ret = find_resource(args, &e);
	if (ret == EXIT_OK)
		ret = make_subject(args, &e);
	if (ret == EXIT_OK && args->n_statements == 0)
		ret = explain_input(args, &e);
	for (size_t i = 0; i < args->n_statements && ret == EXIT_OK; i++) {
		if (i > 0 && !args->json)
			putchar('\n');
		ret = explain(args, &e, span_str(args->statements[i]));
	}
	explained_fini(&e);
	return ret;
}
