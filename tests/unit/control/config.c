// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A configuration that is right is read to the last word.

#include "controlplane/config/config.h"

#include "controlplane/notify/notify.h"
#include "dataplane/api/subject.h"
#include "tests/unit/control/sample.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void the_smallest_file_gets_defaults(void **)
{
	struct config *config = sample_config(SAMPLE);
	const struct config_gateway *g = &config->gateway;

	assert_int_equal(g->n_workers, 1);
	assert_int_equal(g->n_ports, 1);
	assert_string_equal(g->ports[0].device, "net_tap0");
	assert_int_equal(g->ports[0].addresses[0].prefix, 24);
	assert_int_equal(g->ports[0].mtu, 1500);
	assert_true(g->huge_pages);
	assert_int_equal(g->limits.sessions, 1024);
	assert_int_equal(g->timeouts.login_ms, 30000);
	assert_int_equal(g->timeouts.drain_accept_ms, 0); // nobody probes
	assert_int_equal(g->probe.port, 0);
	assert_true(g->tcp.keepalive_ms < 240000 && g->tcp.keepalive_interval_ms < 240000);
	assert_string_equal(g->admin_socket, "/var/lib/bulkhead/admin.sock");
	assert_int_equal(config->n_resources, 1);
	assert_int_equal(config->resources[0].port, 5432);
	assert_int_equal(config->resources[0].secret, CONFIG_SECRET_ENV);
	assert_int_equal(config->listeners[0].resource_index, 0);
	assert_int_equal(config->rules[0].allow, EFFECT_READ);
	assert_int_equal(config->rules[0].max_depth, UINT16_MAX);
	assert_int_equal(config->rules[0].record, RECORD_ASYNC);
	assert_true(bit_is_set(config->rules[0].resource_bits, 0));
	config_free(config);
}

static void a_token_service_may_be_there(void **)
{
	struct config *config = sample_config(SAMPLE "token_service: {issuer: https://gw:8443}\n");
	const struct config_token_service *s = &config->token_service;

	assert_true(s->enabled);
	assert_string_equal(s->issuer, "https://gw:8443");
	assert_string_equal(s->audience, "https://gw:8443");
	assert_int_equal(s->ttl_s, 300);
	assert_int_equal(s->ttl_max_s, 3600);
	assert_int_equal(s->depth_max, SUBJECT_LINKS_MAX - 1);
	assert_int_equal(s->children_max, 1000);
	assert_int_equal(s->rotate_s, 24 * 3600);
	config_free(config);
	config = sample_config(SAMPLE "token_service: {issuer: https://gw, audience: bulkhead, "
				      "ttl: 1m, ttl_max: 2h,\n"
				      "  depth_max: 3, children_max: 7, keys: {rotate: 7d}}\n");
	s = &config->token_service;
	assert_string_equal(s->audience, "bulkhead");
	assert_int_equal(s->ttl_s, 60);
	assert_int_equal(s->ttl_max_s, 7200);
	assert_int_equal(s->depth_max, 3);
	assert_int_equal(s->children_max, 7);
	assert_int_equal(s->rotate_s, 7 * 24 * 3600);
	config_free(config);
	// Its agents can be named in rules.
	config = sample_config(
		SAMPLE_GATEWAY SAMPLE_ISSUERS SAMPLE_RESOURCES SAMPLE_LISTENERS
		"rules:\n  - {name: a, subjects: {issuers: [gateway]}, resources: [orders], "
		"effects: {allow: [read]}}\n"
		"token_service: {issuer: https://gw}\n"
	);
	config_free(config);
	config = sample_config(SAMPLE);
	assert_false(config->token_service.enabled);
	config_free(config);
}

static void an_admin_section_may_be_there(void **)
{
	struct config *config =
		sample_config(SAMPLE
			      "admin:\n"
			      "  https: {address: 127.0.0.1, port: 8443, certificate: c, key: k}\n"
			      "  url: https://gw.example:8443\n"
			      "  rate: 7/s\n"
			      "  console: {issuer: test, client_id: id, scope: openid api}\n"
			      "  roles:\n"
			      "    admin: {issuers: [test], groups: [dba, ops]}\n"
			      "    approver: {issuers: [test], subjects: [alice]}\n");
	const struct config_admin *a = &config->admin;

	assert_true(a->https.enabled);
	assert_int_equal(a->https.address.port, 8443);
	assert_string_equal(a->https.certificate, "c");
	assert_string_equal(a->https.key, "k");
	assert_string_equal(a->url, "https://gw.example:8443");
	assert_int_equal(a->rate, 7);
	assert_string_equal(a->console.issuer.text, "test");
	assert_string_equal(a->console.client_id, "id");
	assert_string_equal(a->console.scope, "openid api");
	assert_int_equal(a->roles[CONFIG_ROLE_ADMIN].groups.n, 2);
	assert_false(a->roles[CONFIG_ROLE_AUDITOR].enabled);
	assert_string_equal(a->roles[CONFIG_ROLE_APPROVER].subjects.list[0].text, "alice");
	config_free(config);
	config = sample_config(SAMPLE);
	assert_false(config->admin.https.enabled);
	assert_int_equal(config->admin.rate, 20);
	config_free(config);
}

static void notifications_may_be_there(void **)
{
	struct config *config = sample_config(
		SAMPLE "notifications:\n"
		       "  - {name: ops, url: \"https://hooks.example\", ca: ca.pem,\n"
		       "     secret: {env: HOOK_KEY}, events: [approval_requested, revoked]}\n"
		       "  - {name: chat, kind: slack, url: {file: slack.url}, events: revoked}\n"
		       "  - {name: all, kind: teams, url: {env: TEAMS_URL}}\n"
	);
	const struct config_notification *list = config->notifications;

	assert_int_equal(config->n_notifications, 3);
	assert_string_equal(list[0].name, "ops");
	assert_int_equal(list[0].channel, CONFIG_CHANNEL_WEBHOOK);
	assert_string_equal(list[0].url, "https://hooks.example");
	assert_string_equal(list[0].ca_file, "ca.pem");
	assert_int_equal(list[0].secret, CONFIG_SECRET_ENV);
	assert_string_equal(list[0].secret_name, "HOOK_KEY");
	assert_int_equal(list[0].events, 1 << NOTIFY_APPROVAL_REQUESTED | 1 << NOTIFY_REVOKED);
	assert_int_equal(list[1].channel, CONFIG_CHANNEL_SLACK);
	assert_int_equal(list[1].url_secret, CONFIG_SECRET_FILE);
	assert_string_equal(list[1].url_name, "slack.url");
	assert_int_equal(list[1].secret, CONFIG_SECRET_NONE);
	assert_int_equal(list[1].events, 1 << NOTIFY_REVOKED);
	assert_int_equal(list[2].channel, CONFIG_CHANNEL_TEAMS);
	assert_int_equal(list[2].events, (1 << NOTIFY_EVENTS) - 1);
	config_free(config);
}

static void every_key_of_the_gateway_is_read(void **)
{
	struct config *config = sample_config(
		"gateway:\n"
		"  workers: [2, 3]\n"
		"  control_core: 1\n"
		"  huge_pages: false\n"
		"  memory: 512MiB\n"
		"  idle_sleep: 50us\n"
		"  profile: true\n"
		"  tick: 500us\n"
		"  ports:\n"
		"    - device: net_af_packet0,iface=veth0\n"
		"      address: [10.0.1.4/24, \"fd00:2::4/64\"]\n"
		"      gateway: [10.0.1.1, \"fe80::1\"]\n"
		"      floating: [10.0.1.7, {address: \"fd00:2::7\", announce: true}]\n"
		"      vlan: 12\n"
		"      mtu: 9000\n"
		"      tso: true\n"
		"  limits: {connections: 100, sessions: 50, packets: 1024, message: 1MB,\n"
		"           session_memory: 1MiB, worker_memory: 10MB, record_blocks: 8,\n"
		"           statements: 100, statement_cache: 1MiB, events: 64, tokens: 0,\n"
		"           holds: 7}\n"
		"  timeouts: {login: 5s, idle: 0, connect: 250ms, drain: 1m, drain_accept: 7s}\n"
		"  tcp: {congestion: newreno, ecn: true, buffer: 1MiB,\n"
		"        keepalive: {idle: 2m, interval: 20s, probes: 6}}\n"
		"  probe: {port: 8080, by: tcp}\n"
		"  state: /tmp/state\n"
		"  patterns: lib\n"
		"  admin: {socket: /run/b.sock}\n"
		"  metrics: 127.0.0.1:9464\n"
		"  ticket_secret: {file: tickets}\n"
		"  log: {level: debug, format: json}\n" SAMPLE_ISSUERS SAMPLE_RESOURCES
			SAMPLE_LISTENERS SAMPLE_RULES
	);
	const struct config_gateway *g = &config->gateway;

	assert_int_equal(g->n_workers, 2);
	assert_int_equal(g->cores[1], 3);
	assert_int_equal(g->control_core, 1);
	assert_false(g->huge_pages);
	assert_int_equal(g->memory_mb, 512);
	assert_int_equal(g->idle_sleep_us, 50);
	assert_true(g->profile);
	assert_int_equal(g->tick_ns, 500000);
	assert_int_equal(g->ports[0].n_addresses, 2);
	assert_false(addr_is_any(&g->ports[0].gateway));
	assert_false(addr_is_any(&g->ports[0].gateway6));
	assert_int_equal(g->ports[0].n_floating, 2);
	assert_false(g->ports[0].floating[0].announce);
	assert_true(g->ports[0].floating[1].announce);
	assert_int_equal(g->ports[0].vlan, 12);
	assert_true(g->ports[0].tso);
	assert_int_equal(g->limits.message, 1000000);
	assert_int_equal(g->limits.session_memory, 1 << 20);
	assert_int_equal(g->limits.events, 64);
	assert_int_equal(g->limits.holds, 7);
	assert_int_equal(g->timeouts.connect_ms, 250);
	assert_int_equal(g->timeouts.drain_ms, 60000);
	assert_int_equal(g->timeouts.idle_ms, 0);
	assert_int_equal(g->tcp.congestion, CONFIG_NEWRENO);
	assert_true(g->tcp.ecn);
	assert_int_equal(g->tcp.buffer, 1 << 20);
	assert_int_equal(g->timeouts.drain_accept_ms, 7000);
	assert_int_equal(g->tcp.keepalive_ms, 120000);
	assert_int_equal(g->tcp.keepalive_interval_ms, 20000);
	assert_int_equal(g->tcp.keepalive_probes, 6);
	assert_int_equal(g->probe.port, 8080);
	assert_false(g->probe.http);
	assert_int_equal(g->patterns.n, 1);
	assert_string_equal(g->patterns.list[0], "lib");
	assert_string_equal(g->admin_socket, "/run/b.sock");
	assert_int_equal(g->metrics.port, 9464);
	assert_true(addr_is_v4(&g->metrics.addr));
	assert_int_equal(g->ticket_secret, CONFIG_SECRET_FILE);
	assert_string_equal(g->ticket_secret_name, "tickets");
	assert_int_equal(g->log_level, LOG_DEBUG);
	assert_true(g->log_json);
	config_free(config);
}

static void metrics_are_told_at_any_address(void **)
{
	static const char *const texts[] = {"\"[::1]:9464\"", "\"::1:9464\""};
	struct ip_addr loopback;

	assert_int_equal(addr_parse("::1", &loopback), 0);
	for (unsigned i = 0; i < 2; i++) {
		char text[4096];
		snprintf(
			text, sizeof(text), "%s  metrics: %s\n%s", SAMPLE_GATEWAY, texts[i],
			SAMPLE_ISSUERS SAMPLE_RESOURCES SAMPLE_LISTENERS SAMPLE_RULES
		);
		struct config *config = sample_config(text);
		assert_int_equal(config->gateway.metrics.port, 9464);
		assert_memory_equal(&config->gateway.metrics.addr, &loopback, sizeof(loopback));
		config_free(config);
	}
}

static void keys_follow_from_the_issuer(void **)
{
	struct config *config = sample_config(
		SAMPLE_GATEWAY
		"issuers:\n"
		"  - {name: v2, profile: entra, audience: a, issuer: "
		"\"https://login.microsoftonline.com/T/v2.0\"}\n"
		"  - {name: idp, audience: [a, b], issuer: \"http://127.0.0.1:80\",\n"
		"     keys: {ca: ca.pem}}\n" SAMPLE_RESOURCES SAMPLE_LISTENERS SAMPLE_RULES
	);

	assert_int_equal(config->issuers[0].keys, CONFIG_KEYS_DISCOVERY);
	assert_int_equal(config->issuers[1].keys, CONFIG_KEYS_DISCOVERY);
	assert_string_equal(config->issuers[1].ca_file, "ca.pem");
	assert_int_equal(config->issuers[1].n_audiences, 2);
	config_free(config);
}

static void a_tenant_of_entra_has_two_spellings(void **)
{
	struct config *config = sample_config(
		SAMPLE_GATEWAY
		"issuers:\n"
		"  - {name: v2, profile: entra, audience: a, issuer: "
		"\"https://login.microsoftonline.com/T/v2.0\"}\n"
		"  - {name: v1, profile: entra, audience: a, subjects: human, issuer: "
		"\"https://sts.windows.net/U/\"}\n"
		"  - {name: cn, profile: entra, audience: a, keys: {file: k}, issuer: "
		"[\"https://login.partner.microsoftonline.cn/V/v2.0\","
		" \"https://sts.chinacloudapi.cn/V/\"]}\n"
		"  - {name: g, audience: a, keys: {file: k}, issuer: \"https://sts.windows.net/W/\"}\n" SAMPLE_RESOURCES
			SAMPLE_LISTENERS SAMPLE_RULES
	);
	const struct config_issuer *i = config->issuers;

	assert_string_equal(i[0].other, "https://sts.windows.net/T/");
	assert_string_equal(i[1].other, "https://login.microsoftonline.com/U/v2.0");
	assert_string_equal(i[2].other, "https://sts.chinacloudapi.cn/V/");
	assert_string_equal(i[3].other, "");
	assert_int_equal(i[0].subjects, SUBJECT_UNKNOWN);
	assert_int_equal(i[1].subjects, SUBJECT_HUMAN);
	assert_int_equal(i[3].profile, CONFIG_PROFILE_GENERIC);
	assert_true(config_issuer_is(&i[0], "https://sts.windows.net/T/"));
	assert_false(config_issuer_is(&i[0], "https://sts.windows.net/T"));
	assert_false(config_issuer_is(&i[0], "https://sts.windows.net/U/"));
	assert_false(config_issuer_is(&i[3], ""));
	config_free(config);
}

static void every_form_of_a_mask_is_read(void **)
{
	struct config *config = sample_config(
		SAMPLE_GATEWAY SAMPLE_ISSUERS SAMPLE_DATABASE SAMPLE_LISTENERS
		"rules:\n"
		"  - name: read\n"
		"    subjects: {any: true, max_depth: 2}\n"
		"    resources: [orders]\n"
		"    effects: {allow: [read, exec], hold: [write, star], deny: [ddl, no-where]}\n"
		"    approval: {approvers: [dba]}\n"
		"    block: [sql-tautology]\n"
		"    record: strict\n"
		"    idle_timeout: 5m\n"
		"    mask:\n"
		"      - pii\n"
		"      - column:customers.ssn\n"
		"      - {pattern: email, style: hash}\n"
		"      - {pattern: iban, style: {fixed: gone}}\n"
		"      - {column: sales.customers.card, style: {keep_last: 4}, unresolved: mask}\n"
		"      - {pattern: payment-card, style: {keep_first: 6, keep_last: 4}}\n"
		"      - {pattern: jwt, style: placeholder}\n"
		"      - {pattern: us-ssn, style: token}\n"
		"      - {pattern: phone, style: null}\n"
	);
	const struct config_rule *rule = &config->rules[0];

	assert_true(rule->any_subject);
	assert_int_equal(rule->max_depth, 2);
	assert_int_equal(rule->hold, effects_with_flags(EFFECT_WRITE, EFFECT_STAR));
	assert_int_equal(rule->deny, effects_with_flags(EFFECT_DDL, EFFECT_NO_WHERE));
	assert_int_equal(rule->record, RECORD_STRICT);
	assert_int_equal(rule->idle_timeout_ms, 300000);
	assert_int_equal(rule->n_masks, 9);
	assert_string_equal(rule->masks[0].pattern, "pii");
	assert_false(rule->masks[0].has_style);
	assert_true(rule->masks[1].is_column);
	assert_string_equal(rule->masks[1].schema, "public");
	assert_string_equal(rule->masks[1].table, "customers");
	assert_string_equal(rule->masks[1].column, "ssn");
	assert_true(rule->masks[1].refuse_unresolved);
	assert_int_equal(rule->masks[2].style.kind, MASK_HASH);
	assert_string_equal(rule->masks[3].style.fixed, "gone");
	assert_string_equal(rule->masks[4].schema, "sales");
	assert_int_equal(rule->masks[4].style.keep_last, 4);
	assert_int_equal(rule->masks[4].style.keep_first, 0);
	assert_false(rule->masks[4].refuse_unresolved);
	assert_int_equal(rule->masks[5].style.kind, MASK_KEEP);
	assert_int_equal(rule->masks[5].style.keep_first, 6);
	assert_int_equal(rule->masks[5].style.keep_last, 4);
	assert_int_equal(rule->masks[6].style.kind, MASK_PLACEHOLDER);
	assert_int_equal(rule->masks[7].style.kind, MASK_TOKEN);
	assert_int_equal(rule->masks[8].style.kind, MASK_NULL);
	config_free(config);
}

static const struct config_rule *only_rule(struct config **config, const char *rule)
{
	char text[4096];

	snprintf(
		text, sizeof(text), "%s  - {name: r, resources: [orders], %s}\n",
		SAMPLE_GATEWAY SAMPLE_ISSUERS SAMPLE_RESOURCES SAMPLE_LISTENERS "rules:\n", rule
	);
	*config = sample_config(text);
	return &(*config)->rules[0];
}

static void a_rule_speaks_of_every_link(void **)
{
	struct config *config;
	const struct config_rule *rule = only_rule(
		&config, "subjects: {groups: [a], roles: [R, S], kind: human, min_depth: 1, "
			 "max_depth: 3, actor: {subjects: [x], kind: agent}, "
			 "ancestor: {roles: [Planner], issuers: [test]}}, effects: {}"
	);

	assert_true(rule->root.given && rule->actor.given && rule->ancestor.given);
	assert_false(rule->any_subject);
	assert_string_equal(rule->root.groups.list[0].text, "a");
	assert_int_equal(rule->root.roles.n, 2);
	assert_string_equal(rule->root.roles.list[1].text, "role:S");
	assert_int_equal(rule->root.kinds, 1 << SUBJECT_HUMAN);
	assert_int_equal(rule->min_depth, 1);
	assert_int_equal(rule->max_depth, 3);
	assert_string_equal(rule->actor.subjects.list[0].text, "x");
	assert_int_equal(rule->actor.kinds, 1 << SUBJECT_AGENT);
	assert_string_equal(rule->ancestor.roles.list[0].text, "role:Planner");
	assert_string_equal(rule->ancestor.issuers.list[0].text, "test");
	config_free(config);
}

static void a_rule_speaks_of_places_and_times(void **)
{
	struct config *config;
	const struct config_rule *rule = only_rule(
		&config, "subjects: {any: true}, effects: {}, from: [10.0.0.0/8, 192.0.2.7], "
			 "when: {days: [mon, sun], hours: 22:00-06:30, zone: \"-05:30\"}"
	);

	assert_int_equal(rule->n_networks, 2);
	assert_int_equal(rule->networks[0].bits, 104);
	assert_int_equal(rule->networks[1].bits, 128);
	assert_int_equal(rule->when.days, 1 | 64);
	assert_int_equal(rule->when.from, 22 * 60);
	assert_int_equal(rule->when.to, 6 * 60 + 30);
	assert_int_equal(rule->when.zone, -330);
	config_free(config);
	rule = only_rule(
		&config, "subjects: {any: true}, effects: {}, when: {days: [tue], zone: UTC}"
	);
	assert_int_equal(rule->when.days, 2);
	assert_int_equal(rule->when.to, 1440);
	assert_int_equal(rule->when.zone, 0);
	assert_int_equal(rule->n_networks, 0);
	config_free(config);
}

static void a_rule_says_who_approves(void **)
{
	struct config *config;
	const struct config_rule *rule = only_rule(
		&config, "subjects: {any: true}, effects: {hold: [write]}, "
			 "approval: {approvers: [dba, \"role:Boss\"], quorum: 2, timeout: 90s, "
			 "mode: retry, valid: 20m, pending: 7}, "
			 "access: {approvers: [ops], quorum: 3, timeout: 1m, duration: 2h}"
	);

	assert_true(rule->has_approval && rule->has_access);
	assert_int_equal(rule->approval.approvers.n, 2);
	assert_string_equal(rule->approval.approvers.list[1].text, "role:Boss");
	assert_int_equal(rule->approval.quorum, 2);
	assert_int_equal(rule->approval.timeout_ms, 90000);
	assert_int_equal(rule->approval.mode, CONFIG_MODE_RETRY);
	assert_int_equal(rule->approval.valid_ms, 1200000);
	assert_int_equal(rule->approval.pending, 7);
	assert_string_equal(rule->access.approvers.list[0].text, "ops");
	assert_int_equal(rule->access.quorum, 3);
	assert_int_equal(rule->access.timeout_ms, 60000);
	assert_int_equal(rule->access.duration_s, 7200);
	config_free(config);
	rule = only_rule(
		&config, "subjects: {any: true}, effects: {}, approval: {approvers: [dba]}, "
			 "access: {approvers: [dba]}"
	);
	assert_int_equal(rule->approval.quorum, 1);
	assert_int_equal(rule->approval.timeout_ms, 300000);
	assert_int_equal(rule->approval.mode, CONFIG_MODE_WAIT);
	assert_int_equal(rule->approval.valid_ms, 600000);
	assert_int_equal(rule->approval.pending, 4);
	assert_int_equal(rule->access.duration_s, 3600);
	config_free(config);
}

static void a_rule_has_budgets(void **)
{
	struct config *config;
	const struct config_rule *rule = only_rule(
		&config,
		"subjects: {any: true}, effects: {allow: [write]}, approval: {approvers: [dba]}, "
		"budget: [{per: root, sessions: 5/h, bytes: 50MB/10m}, {commands: 9/s, spent: "
		"hold}, {per: node, rows: 7/d, masked: 8/2h, writes: 1/m, spent: deny}]"
	);
	const struct rule_budget *b = rule->budgets;

	assert_int_equal(rule->n_budgets, 6);
	assert_true(rule->budget_holds);
	assert_int_equal(b[0].metric, BUDGET_SESSIONS);
	assert_int_equal(b[0].per, BUDGET_PER_ROOT);
	assert_int_equal(b[0].limit, 5);
	assert_int_equal(b[0].window_s, 3600);
	assert_int_equal(b[1].metric, BUDGET_BYTES);
	assert_int_equal(b[1].limit, 50000000);
	assert_int_equal(b[1].window_s, 600);
	assert_false(b[1].hold);
	assert_int_equal(b[2].metric, BUDGET_COMMANDS);
	assert_int_equal(b[2].per, BUDGET_PER_SUBTREE);
	assert_int_equal(b[2].window_s, 1);
	assert_true(b[2].hold);
	assert_int_equal(b[3].metric, BUDGET_ROWS);
	assert_int_equal(b[3].per, BUDGET_PER_NODE);
	assert_int_equal(b[3].window_s, 86400);
	assert_int_equal(b[4].metric, BUDGET_MASKED);
	assert_int_equal(b[5].metric, BUDGET_WRITES);
	assert_int_equal(b[5].window_s, 60);
	config_free(config);
}

// What an earlier rule leaves is not taken: by depth, kind, place or time.
static void a_rule_behind_a_narrower_one_can_match(void **)
{
	static const char *const narrow[] = {
		"subjects: {groups: [a], kind: human}",
		"subjects: {groups: [a], min_depth: 1}",
		"subjects: {groups: [a], actor: {kind: agent}}",
		"subjects: {groups: [a], ancestor: {kind: agent}}",
		"subjects: {groups: [a], roles: [r]}",
		"subjects: {groups: [a]}, from: [10.0.0.0/8]",
		"subjects: {groups: [a]}, when: {days: [mon]}",
	};

	for (size_t i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++) {
		char text[512];
		struct config *config;
		snprintf(
			text, sizeof(text),
			"%s, effects: {}}\n  - {name: s, resources: [orders], subjects: {groups: "
			"[a]}, effects: {}",
			narrow[i]
		);
		(void)only_rule(&config, text);
		assert_int_equal(config->n_rules, 2);
		config_free(config);
	}
}

static void paths_are_taken_from_the_folder_of_the_file(void **)
{
	struct config_errors errors = {0};
	struct config *config = NULL;

	assert_int_equal(
		config_parse("/etc/bulkhead/t.yaml", span_str(SAMPLE), &config, &errors), 0
	);
	assert_string_equal(config->listeners[0].keys[0], "/etc/bulkhead/key.pem");
	config_free(config);
	config_errors_fini(&errors);
}

static void a_local_issuer_is_loud(void **)
{
	struct config_errors errors = {0};
	struct config *config = NULL;
	const char *text = SAMPLE_GATEWAY
		"issuers:\n  - {name: demo, local: true}\n" SAMPLE_RESOURCES SAMPLE_LISTENERS
			SAMPLE_RULES;

	assert_int_equal(config_parse("t.yaml", span_str(text), &config, &errors), 0);
	assert_int_equal(errors.n, 1);
	assert_int_equal(errors.n_warnings, 1);
	assert_non_null(strstr(errors.lines[0], "t.yaml:6:5: warning: issuer `demo` is local"));
	assert_int_equal(config_warning_at(&errors, 0), strlen("t.yaml:6:5: "));
	assert_int_equal(config->issuers[0].keys, CONFIG_KEYS_LOCAL);
	assert_string_equal(config->issuers[0].issuer, "bulkhead:demo");
	config_free(config);
	config_errors_fini(&errors);
}

static void what_needs_a_restart_is_said(void **)
{
	struct config_errors errors = {0};
	struct config *a = sample_config(SAMPLE);
	struct config *b =
		sample_config("gateway:\n"
			      "  workers: [0, 1]\n"
			      "  ports:\n"
			      "    - {device: \"net_tap1\", address: 10.0.1.4/24}\n" SAMPLE_ISSUERS
				      SAMPLE_RESOURCES SAMPLE_LISTENERS SAMPLE_RULES);

	assert_int_equal(config_restart_needed(a, a, &errors), 0);
	assert_int_equal(config_restart_needed(a, b, &errors), 2);
	assert_false(config_errors_any(&errors));
	assert_non_null(strstr(errors.lines[0], "`gateway.workers`"));
	assert_non_null(strstr(errors.lines[1], "`gateway.ports`"));
	config_errors_fini(&errors);
	config_free(a);
	config_free(b);
}

static void write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static bool says(const struct config_errors *errors, const char *text)
{
	for (uint32_t i = 0; i < errors->n; i++)
		if (strstr(errors->lines[i], text) != NULL)
			return true;
	return false;
}

static void the_files_it_names_are_looked_at(void **)
{
	char folder[] = "/tmp/bulkhead-config-XXXXXX", path[256], command[300];
	struct config_errors errors = {0};
	struct config *config = NULL;

	assert_non_null(mkdtemp(folder));
	write_file(
		folder, "t.yaml",
		"gateway:\n"
		"  state: .\n"
		"  patterns: nowhere\n"
		"  workers: [0]\n"
		"  ports:\n"
		"    - {device: net_tap0, address: 10.0.1.4/24}\n" SAMPLE_ISSUERS "resources:\n"
		"  - name: orders\n"
		"    protocol: postgres\n"
		"    address: 127.0.0.1:5432\n"
		"    tls: off\n"
		"    credential: {user: app, password: {file: secret}}\n" SAMPLE_LISTENERS
			SAMPLE_RULES,
		0644
	);
	write_file(folder, "secret", "x", 0644);
	write_file(folder, "key.pem", "x", 0604);
	snprintf(path, sizeof(path), "%s/t.yaml", folder);
	assert_int_equal(config_load(path, &config, &errors), ERR_CONFIG);
	assert_true(says(&errors, "t.yaml:3:13: `patterns`"));
	assert_true(says(&errors, "t.yaml:8:64: `keys`"));
	assert_true(says(&errors, "t.yaml:14:39: credential"));
	assert_true(says(&errors, "open to every user; run chmod o-rwx"));
	assert_true(says(&errors, "t.yaml:17:19: `certificate`"));
	assert_true(says(&errors, "t.yaml:17:34: `key`"));
	assert_false(says(&errors, "`state`"));
	config_errors_fini(&errors);
	snprintf(path, sizeof(path), "%s/none.yaml", folder);
	assert_int_equal(config_load(path, &config, &errors), ERR_CONFIG);
	assert_true(says(&errors, "none.yaml: cannot be read: No such file"));
	config_errors_fini(&errors);
	assert_int_equal(config_load(folder, &config, &errors), ERR_CONFIG);
	assert_true(says(&errors, "not a regular file"));
	config_errors_fini(&errors);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

// Whoever covers a rule is found by any of its names, in whichever order they stand.
static void shadows_are_found_among_thousands(void **)
{
	enum { RULES = 3000, TEXT = RULES * 160 };
	struct config_errors errors = {0};
	struct config *config = NULL;
	char *text = malloc(TEXT);
	size_t n;

	assert_non_null(text);
	n = (size_t)snprintf(
		text, TEXT, "%s",
		SAMPLE_GATEWAY SAMPLE_ISSUERS SAMPLE_RESOURCES SAMPLE_LISTENERS "rules:\n"
	);
	for (unsigned i = 0; i < RULES; i++)
		n += (size_t)snprintf(
			text + n, TEXT - n,
			"  - {name: r%u, subjects: {groups: [all, a%u, b%u]}, resources: [orders], "
			"effects: {}}\n",
			i, i, i + 1
		);
	n += (size_t)snprintf(
		text + n, TEXT - n,
		"  - {name: one, subjects: {groups: [b1500]}, resources: [orders], effects: {}}\n"
		"  - {name: two, subjects: {groups: [a7, all], actor: {kind: agent}},"
		" resources: [orders], effects: {}}\n"
		"  - {name: three, subjects: {groups: [a7, b7]}, resources: [orders], effects: {}}\n"
		"  - {name: four, subjects: {groups: [a7], issuers: [test]}, resources: [orders],"
		" effects: {}}\n"
		"  - {name: five, subjects: {issuers: [test]}, resources: [orders], effects: {}}\n"
		"  - {name: six, subjects: {any: true}, resources: [orders], effects: {}}\n"
		"  - {name: seven, subjects: {groups: [z]}, resources: [orders], effects: {}}\n"
	);
	assert_true(n < TEXT);
	assert_int_equal(
		config_parse("t.yaml", span_of((const uint8_t *)text, n), &config, &errors),
		ERR_CONFIG
	);
	assert_true(says(&errors, "rule `one` can never match: rule `r1499` in line"));
	assert_true(says(&errors, "rule `two` can never match: rule `r7` in line"));
	assert_false(says(&errors, "rule `three` can never"));
	assert_true(says(&errors, "rule `four` can never match: rule `r7` in line"));
	assert_false(says(&errors, "rule `five` can never"));
	assert_false(says(&errors, "rule `six` can never"));
	assert_true(says(&errors, "rule `seven` can never match: rule `six` in line"));
	assert_int_equal(errors.n - errors.n_warnings, 4);
	config_errors_fini(&errors);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_smallest_file_gets_defaults),
		cmocka_unit_test(a_token_service_may_be_there),
		cmocka_unit_test(an_admin_section_may_be_there),
		cmocka_unit_test(notifications_may_be_there),
		cmocka_unit_test(every_key_of_the_gateway_is_read),
		cmocka_unit_test(metrics_are_told_at_any_address),
		cmocka_unit_test(keys_follow_from_the_issuer),
		cmocka_unit_test(a_tenant_of_entra_has_two_spellings),
		cmocka_unit_test(every_form_of_a_mask_is_read),
		cmocka_unit_test(a_rule_speaks_of_every_link),
		cmocka_unit_test(a_rule_speaks_of_places_and_times),
		cmocka_unit_test(a_rule_says_who_approves),
		cmocka_unit_test(a_rule_has_budgets),
		cmocka_unit_test(a_rule_behind_a_narrower_one_can_match),
		cmocka_unit_test(paths_are_taken_from_the_folder_of_the_file),
		cmocka_unit_test(a_local_issuer_is_loud),
		cmocka_unit_test(what_needs_a_restart_is_said),
		cmocka_unit_test(the_files_it_names_are_looked_at),
		cmocka_unit_test(shadows_are_found_among_thousands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
