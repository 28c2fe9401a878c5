// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The snapshot says what the configuration said.

#include "controlplane/policy/build.h"

#include "controlplane/catalog/catalog.h"
#include "patterns/patterns.h"
#include "tests/unit/control/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define GATEWAY                      \
	"gateway:\n"                 \
	"  workers: [0, 1]\n"        \
	"  patterns: " PATTERNS "\n" \
	"  ports:\n"                 \
	"    - {device: \"net_tap0\", address: 10.0.1.4/24}\n"
#define HEAD GATEWAY SAMPLE_ISSUERS SAMPLE_DATABASE SAMPLE_LISTENERS
#define RULE_HEAD                            \
	"    subjects: {groups: [agents]}\n" \
	"    resources: [orders]\n"          \
	"    effects: {allow: [read]}\n"

static const uint8_t key[32] = {1, 2, 3};

struct counts {
	unsigned built, freed;
	int fail_at; // build_worker number that fails; -1: none
};

static int build_worker(
	void *ctx, struct snapshot *snapshot, uint16_t worker, struct snapshot_fault *fault
)
{
	struct counts *counts = ctx;

	assert_non_null(snapshot->workers[worker].servers);
	assert_non_null(snapshot->workers[worker].clients);
	assert_string_equal(snapshot->resources[0].password, "hunter2");
	if ((int)counts->built++ != counts->fail_at)
		return 0;
	fault->listener = 0;
	snprintf(fault->why, sizeof(fault->why), "no certificate");
	return ERR_CERTIFICATE;
}

static void free_worker(void *ctx, struct snapshot *snapshot, uint16_t worker)
{
	struct counts *counts = ctx;

	assert_non_null(snapshot->workers[worker].servers);
	counts->freed++;
}

static int build(
	const char *text, const struct snapshot_hooks *hooks, struct snapshot **out,
	struct config_errors *errors
)
{
	struct config *config = sample_config(text);

	setenv("BULKHEAD_TEST_SECRET", "hunter2", 1);
	int rc = snapshot_build(config, 1, config->gateway.n_workers, key, hooks, out, errors);
	config_free(config);
	return rc;
}

static struct snapshot *built(const char *text)
{
	struct config_errors errors = {0};
	struct snapshot *snapshot = NULL;

	int rc = build(text, NULL, &snapshot, &errors);
	for (uint32_t i = 0; i < errors.n; i++)
		print_message("%s\n", errors.lines[i]);
	config_errors_fini(&errors);
	assert_int_equal(rc, 0);
	return snapshot;
}

static void fails_with(const char *text, const char *says)
{
	struct config_errors errors = {0};
	struct snapshot *snapshot = NULL;
	bool found = false;

	assert_int_equal(build(text, NULL, &snapshot, &errors), ERR_CONFIG);
	for (uint32_t i = 0; i < errors.n; i++) {
		found = found || strcmp(errors.lines[i], says) == 0;
		if (strcmp(errors.lines[i], says) != 0)
			print_message("%s\n", errors.lines[i]);
	}
	config_errors_fini(&errors);
	assert_true(found);
}

static uint16_t pattern_id(const struct snapshot *s, const char *name)
{
	for (uint16_t i = 0; i < s->n_patterns; i++)
		if (strcmp(s->pattern_names[i], name) == 0)
			return i;
	fail();
	return 0;
}

static void everything_arrives(void **)
{
	struct snapshot *s =
		built(HEAD "rules:\n  - name: read\n" RULE_HEAD "    block: [sql-tautology]\n"
			   "    mask: [payment-card, {pattern: email, style: hash},\n"
			   "           column:customers.ssn]\n"
			   "    idle_timeout: 1m\n    record: strict\n");
	char text[ADDR_TEXT_MAX];

	assert_int_equal(s->version, 1);
	assert_int_equal(s->n_workers, 2);
	assert_string_equal(s->resources[0].name, "orders");
	assert_string_equal(endpoint_text(&s->resources[0].address, text), "127.0.0.1:5432");
	assert_string_equal(s->resources[0].password, "hunter2");
	assert_int_equal(s->listeners[0].resource, 0);
	assert_string_equal(s->listeners[0].key_files[0], "key.pem");
	assert_string_equal(s->listeners[0].key_files[1], "");
	const struct rule *rule = &s->rules[0];
	assert_string_equal(rule->root.groups[0].text, "agents");
	assert_int_equal(rule->root.n_groups, 1);
	assert_int_equal(rule->right.record, RECORD_STRICT);
	assert_int_equal(rule->right.idle_timeout_ms, 60000);
	uint16_t email = pattern_id(s, "email");
	assert_true(snapshot_wants(s, rule->right.entities, email));
	assert_int_equal(s->styles[email].kind, MASK_HASH);
	assert_true(snapshot_wants(s, rule->right.entities, pattern_id(s, "payment-card")));
	assert_false(snapshot_wants(s, rule->right.entities, pattern_id(s, "iban")));
	assert_true(snapshot_wants(s, rule->right.blocks, pattern_id(s, "sql-tautology")));
	assert_non_null(s->entities);
	assert_non_null(s->blocks);
	assert_non_null(s->workers[1].entity_scratch);
	assert_int_equal(s->n_columns, 1);
	assert_string_equal(s->columns[0].column, "ssn");
	assert_true(bit_is_set(rule->right.columns, 0));
	assert_false(s->resources[0].catalog->resolved);
	assert_true(bit_is_set(s->resources[0].catalog->unresolved, 0));
	assert_memory_equal(s->hash_key, key, sizeof(key));
	snapshot_free(s);
}

static void without_masks_there_is_nothing_to_scan_for(void **)
{
	struct snapshot *s =
		built(GATEWAY SAMPLE_ISSUERS SAMPLE_RESOURCES SAMPLE_LISTENERS SAMPLE_RULES);

	assert_null(s->entities);
	assert_null(s->blocks);
	assert_null(s->resources[0].catalog);
	assert_null(s->workers[0].entity_scratch);
	snapshot_free(s);
}

static void a_group_means_all_of_its_patterns(void **)
{
	struct snapshot *s =
		built(HEAD "rules:\n  - name: read\n" RULE_HEAD
			   "    mask: [pii, {pattern: email, style: {keep_last: 3}}]\n");
	unsigned n = 0;

	for (uint16_t i = 0; i < s->n_patterns; i++)
		n += snapshot_wants(s, s->rules[0].right.entities, i);
	assert_true(n > 1);
	assert_int_equal(s->styles[pattern_id(s, "email")].keep_last, 3);
	snapshot_free(s);
}

static void rules_tell_patterns_apart(void **)
{
	struct snapshot *s =
		built(HEAD
		      "rules:\n  - name: read\n" RULE_HEAD "    mask: [secrets]\n"
		      "    block: [sql-sleep]\n"
		      "  - name: more\n    subjects: {groups: [others]}\n    resources: [orders]\n"
		      "    effects: {allow: [read]}\n    mask: [email, secrets, github-token]\n"
		      "  - name: one\n    subjects: {groups: [third]}\n    resources: [orders]\n"
		      "    effects: {allow: [read]}\n    mask: [github-token]\n");
	const uint64_t *read = s->rules[0].right.entities, *more = s->rules[1].right.entities,
		       *one = s->rules[2].right.entities;
	unsigned n = 0;

	for (uint16_t i = 0; i < s->n_patterns; i++) {
		bool is_email = i == pattern_id(s, "email");
		bool is_github = i == pattern_id(s, "github-token");
		assert_int_equal(snapshot_wants(s, one, i), is_github);
		assert_int_equal(
			snapshot_wants(s, more, i), is_email || snapshot_wants(s, read, i)
		);
		assert_int_equal(
			snapshot_wants(s, s->rules[0].right.blocks, i),
			i == pattern_id(s, "sql-sleep")
		);
		n += snapshot_wants(s, read, i);
	}
	assert_true(n > 2);
	// What is wanted together is one class, however much it is.
	assert_int_equal(
		s->pattern_classes[pattern_id(s, "aws-access-key")],
		s->pattern_classes[pattern_id(s, "azure-sas")]
	);
	snapshot_free(s);
}

static void names_that_mean_nothing_are_told(void **)
{
	fails_with(
		HEAD "rules:\n  - name: read\n" RULE_HEAD "    mask: [emial]\n",
		"t.yaml:23:12: no pattern or group is called `emial`; did you mean `email`?"
	);
	fails_with(
		HEAD "rules:\n  - name: read\n" RULE_HEAD "    mask: [sql-tautology]\n",
		"t.yaml:23:12: `sql-tautology` is a pattern for statements; move it to `block`"
	);
	fails_with(
		HEAD "rules:\n  - name: read\n" RULE_HEAD "    block: [email]\n",
		"t.yaml:23:13: `email` is a pattern for data; move it to `mask`"
	);
}

static void one_pattern_has_one_style(void **)
{
	fails_with(
		HEAD "rules:\n  - name: read\n" RULE_HEAD
		     "    mask: [{pattern: email, style: hash}]\n"
		     "  - name: more\n    subjects: {any: true}\n    resources: [orders]\n"
		     "    effects: {}\n    mask: [{pattern: email, style: {fixed: x}}]\n",
		"t.yaml:28:12: pattern `email` gets another style here than in rule `read` in line 19; "
		"a pattern has one style in all rules, so give it with the same `style`"
	);
}

static void a_missing_library_is_an_error(void **)
{
	fails_with(
		"gateway:\n  workers: [0]\n  patterns: /nowhere\n"
		"  ports:\n    - {device: \"net_tap0\", address: 10.0.1.4/24}\n" SAMPLE_ISSUERS
			SAMPLE_RESOURCES SAMPLE_LISTENERS SAMPLE_RULES,
		"t.yaml:2:3: the pattern library cannot be used: /nowhere: No such file or directory"
	);
}

static void a_host_that_has_no_address_is_an_error(void **)
{
	struct config_errors errors = {0};
	struct snapshot *snapshot = NULL;

	// RFC 6761 6.4: "invalid" never resolves.
	int rc = build(
		GATEWAY SAMPLE_ISSUERS
		"resources:\n"
		"  - {name: orders, protocol: postgres, address: \"nobody.invalid:1\",\n"
		"     tls: verify-full, credential: {user: a}}\n" SAMPLE_LISTENERS SAMPLE_RULES,
		NULL, &snapshot, &errors
	);
	assert_int_equal(rc, ERR_CONFIG);
	assert_int_equal(errors.n, 1);
	assert_non_null(strstr(errors.lines[0], "t.yaml:9:49: nobody.invalid cannot be resolved"));
	config_errors_fini(&errors);
}

static void localhost_resolves(void **)
{
	struct snapshot *s =
		built(GATEWAY SAMPLE_ISSUERS
		      "resources:\n"
		      "  - {name: orders, protocol: postgres, address: \"localhost:1\", tls: off,\n"
		      "     credential: {user: a}}\n" SAMPLE_LISTENERS SAMPLE_RULES);
	char text[ADDR_TEXT_MAX];

	assert_string_equal(endpoint_text(&s->resources[0].address, text), "127.0.0.1:1");
	snapshot_free(s);
}

static void the_same_patterns_are_compiled_once(void **)
{
	struct snapshot *a = built(HEAD "rules:\n  - name: read\n" RULE_HEAD
					"    mask: [email]\n    block: [sql-tautology]\n");
	struct snapshot *b = built(HEAD "rules:\n  - name: other\n" RULE_HEAD
					"    mask: [{pattern: email, style: hash}]\n"
					"    block: [sql-tautology]\n");
	struct snapshot *c = built(HEAD "rules:\n  - name: read\n" RULE_HEAD "    mask: [pii]\n");

	assert_ptr_equal(a->entities, b->entities);
	assert_ptr_equal(a->blocks, b->blocks);
	assert_ptr_not_equal(a->entities, c->entities);
	assert_ptr_not_equal(a->workers[0].entity_scratch, b->workers[0].entity_scratch);
	snapshot_free(a);
	assert_true(pattern_set_count(b->entities) == 1);
	snapshot_free(c);
	snapshot_free(b);
}

static char *copy_library(char folder[static 64])
{
	char command[256];

	snprintf(folder, 64, "/tmp/bulkhead-patterns-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(command, sizeof(command), "cp " PATTERNS "/*.yaml %s", folder);
	assert_int_equal(system(command), 0);
	return folder;
}

static struct snapshot *built_with(const char *library)
{
	char text[4096];

	snprintf(
		text, sizeof(text),
		"gateway:\n  workers: [0]\n  patterns: %s\n"
		"  ports:\n    - {device: \"net_tap0\", address: 10.0.1.4/24}\n" SAMPLE_ISSUERS
			SAMPLE_RESOURCES SAMPLE_LISTENERS "rules:\n  - name: read\n" RULE_HEAD
		"    mask: [email]\n",
		library
	);
	return built(text);
}

// A changed definition under the same name is another pattern.
static void a_changed_library_is_compiled_again(void **)
{
	char folder[64], command[256];
	struct snapshot *a = built_with(copy_library(folder));

	snprintf(
		command, sizeof(command), "sed -i 's/^title: .*/title: changed/' %s/email.yaml",
		folder
	);
	assert_int_equal(system(command), 0);
	struct snapshot *b = built_with(folder);
	assert_ptr_not_equal(a->entities, b->entities);
	snapshot_free(a);
	snapshot_free(b);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

static void hooks_are_called_for_each_worker_and_undone(void **)
{
	struct counts counts = {.fail_at = -1};
	struct snapshot_hooks hooks = {build_worker, free_worker, &counts};
	struct config_errors errors = {0};
	struct snapshot *s = NULL;
	const struct catalog *same[1] = {NULL};

	assert_int_equal(build(HEAD SAMPLE_RULES, &hooks, &s, &errors), 0);
	assert_int_equal(counts.built, 2);
	// A derived snapshot shares them: they go with the last one.
	struct snapshot *next = snapshot_derive(s, 2, same);
	assert_non_null(next);
	snapshot_free(s);
	assert_int_equal(counts.freed, 0);
	assert_int_equal(counts.built, 2);
	snapshot_free(next);
	assert_int_equal(counts.freed, 2);

	counts = (struct counts){.fail_at = 1};
	assert_int_equal(build(HEAD SAMPLE_RULES, &hooks, &s, &errors), ERR_CONFIG);
	assert_string_equal(errors.lines[0], "t.yaml:17:34: no certificate");
	assert_int_equal(counts.freed, 2);
	config_errors_fini(&errors);
}

static void a_new_catalog_makes_a_new_snapshot(void **)
{
	struct snapshot *s = built(HEAD "rules:\n  - name: read\n" RULE_HEAD
					"    mask: [email, column:customers.ssn]\n");
	struct catalog_column columns[] = {
		{.table_oid = 9, .attnum = 2},
		{.table_oid = 7, .attnum = 1}};
	uint32_t known[] = {9, 7, 8};
	struct catalog found = {
		.resolved = true,
		.n_columns = 2,
		.columns = columns,
		.n_known = 3,
		.known = known};
	const struct catalog *catalogs[] = {catalog_new(&found)};

	s->workers[0].refs = 5;
	struct snapshot *next = snapshot_derive(s, 2, catalogs);
	catalog_unref(catalogs[0]);
	assert_int_equal(next->version, 2);
	assert_ptr_equal(next->entities, s->entities);
	assert_ptr_equal(next->workers[0].entity_scratch, s->workers[0].entity_scratch);
	assert_int_equal(next->workers[0].refs, 0);
	assert_false(s->resources[0].catalog->resolved);
	snapshot_free(s);
	assert_true(next->resources[0].catalog->resolved);
	assert_int_equal(next->resources[0].catalog->columns[0].table_oid, 7);
	assert_int_equal(next->resources[0].catalog->known[1], 8);
	assert_string_equal(next->resources[0].password, "hunter2");
	snapshot_free(next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_arrives),
		cmocka_unit_test(without_masks_there_is_nothing_to_scan_for),
		cmocka_unit_test(a_group_means_all_of_its_patterns),
		cmocka_unit_test(rules_tell_patterns_apart),
		cmocka_unit_test(names_that_mean_nothing_are_told),
		cmocka_unit_test(one_pattern_has_one_style),
		cmocka_unit_test(a_missing_library_is_an_error),
		cmocka_unit_test(a_host_that_has_no_address_is_an_error),
		cmocka_unit_test(localhost_resolves),
		cmocka_unit_test(the_same_patterns_are_compiled_once),
		cmocka_unit_test(a_changed_library_is_compiled_again),
		cmocka_unit_test(hooks_are_called_for_each_worker_and_undone),
		cmocka_unit_test(a_new_catalog_makes_a_new_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
