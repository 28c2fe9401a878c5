// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/sim/relay_policy.h"

#include "dataplane/tls/tls.h"
#include "patterns/patterns.h"
#include "tests/unit/tls/authority.h"

#include <stdio.h>
#include <stdlib.h>

static struct {
	char dir[AUTHORITY_PATH];
	struct authority *ca;
	struct tls_library *library;
	struct tls_server *gateway_server, *database;
	struct tls_client *gateway_client, *agent, *agent_alpn;
	struct pattern_lib *patterns;
	struct pattern_set *entities, *blocks;
	struct scan_scratch *entity_scratch, *block_scratch;
	struct mask_style styles[SNAPSHOT_PATTERNS_MAX];
	const char *names[SNAPSHOT_PATTERNS_MAX];
	uint16_t n_patterns;
} shared;

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "relay: %s\n", what);
	abort();
}

static void server_new(const char *file, const char *alpn, struct tls_server **out)
{
	char chain[AUTHORITY_PATH], key[AUTHORITY_PATH];
	const char *why = "";
	const struct tls_certificate certificate = {
		authority_path(shared.ca, file, ".pem", chain),
		authority_path(shared.ca, file, ".key", key),
	};
	struct tls_server_config config = {
		.library = shared.library,
		.certificates = &certificate,
		.n_certificates = 1,
		.alpn = alpn,
	};
	memset(config.ticket_secret, 0x5a, sizeof(config.ticket_secret));
	need(tls_server_new(&config, out, &why) == 0, why);
}

static void client_new(const char *name, const char *alpn, struct tls_client **out)
{
	char ca[AUTHORITY_PATH];
	const char *why = "";
	const struct tls_client_config config = {
		.library = shared.library,
		.verify = TLS_VERIFY_FULL,
		.ca_file = authority_path(shared.ca, "ca", ".pem", ca),
		.server_name = name,
		.alpn = alpn,
	};
	need(tls_client_new(&config, out, &why) == 0, why);
}

static void tls_init(void)
{
	authority_folder_make(shared.dir);
	shared.ca = authority_new(shared.dir, "ca", NULL, "EC");
	authority_issue(
		shared.ca, &(struct authority_leaf){.key = "EC", .names = "DNS:gateway.test"},
		"gateway"
	);
	authority_issue(
		shared.ca, &(struct authority_leaf){.key = "EC", .names = "DNS:orders.test"},
		"orders"
	);
	shared.library = tls_library_new();
	need(shared.library != NULL, "TLS library");
	server_new("gateway", "postgresql", &shared.gateway_server);
	server_new("orders", NULL, &shared.database);
	client_new("orders.test", NULL, &shared.gateway_client);
	client_new("gateway.test", NULL, &shared.agent);
	client_new("gateway.test", "postgresql", &shared.agent_alpn);
}

void policies_init(const char *library)
{
	char why[PATTERN_WHY] = "";
	uint16_t ids[2][PATTERN_MAX];
	size_t n[2] = {0};
	tls_init();
	need(pattern_lib_load((const char *const[]){library}, 1, &shared.patterns, why) == 0, why);
	shared.n_patterns = (uint16_t)pattern_lib_count(shared.patterns);
	for (uint16_t i = 0; i < shared.n_patterns; i++) {
		const struct pattern_info *info = pattern_lib_info(shared.patterns, i);
		bool block = info->kind == PATTERN_BLOCK;
		shared.names[i] = info->name;
		shared.styles[i].kind = MASK_REDACT;
		ids[block][n[block]++] = i;
	}
	need(pattern_set_compile(shared.patterns, ids[0], n[0], &shared.entities, why) == 0, why);
	need(pattern_set_compile(shared.patterns, ids[1], n[1], &shared.blocks, why) == 0, why);
	shared.entity_scratch = scan_scratch_new(shared.entities);
	shared.block_scratch = scan_scratch_new(shared.blocks);
	need(shared.entity_scratch != NULL && shared.block_scratch != NULL, "scratch");
}

void policies_fini(void)
{
	scan_scratch_free(shared.entity_scratch);
	scan_scratch_free(shared.block_scratch);
	pattern_set_free(shared.entities);
	pattern_set_free(shared.blocks);
	pattern_lib_free(shared.patterns);
	tls_server_free(shared.gateway_server);
	tls_server_free(shared.database);
	tls_client_free(shared.gateway_client);
	tls_client_free(shared.agent);
	tls_client_free(shared.agent_alpn);
	tls_library_free(shared.library);
	authority_free(shared.ca);
	authority_folder_remove(shared.dir);
}

struct tls_client *policies_agent(const char *alpn)
{
	return alpn == NULL ? shared.agent : shared.agent_alpn;
}

struct tls_server *policies_database(void)
{
	return shared.database;
}

// A snapshot and all it points at, in one piece.
struct policy {
	struct snapshot snapshot;
	struct listener listeners[2];
	struct resource resources[2];
	struct snapshot_worker worker;
	struct tls_server *servers[2];
	struct tls_client *clients[2];
	struct catalog catalog;
	struct rule rules[];
};

static const struct column_mask columns[] = {
	{"public", "customers", "ssn", {.kind = MASK_KEEP, .keep_last = 4}, true},
};
static const struct catalog_column catalog_columns[] = {{TABLE_CUSTOMERS, ATTNUM_SSN, 0}};
static const uint32_t catalog_known[] = {TABLE_CUSTOMERS};
static const struct catalog_relation catalog_relations[] = {{"public", "customers", 0}};

static void resource_fill(
	struct policy *p, unsigned i, bool tls, const struct policy_options *options
)
{
	struct resource *r = &p->resources[i];
	*r = (struct resource){
		.node.w[0] = tls ? NODE_ORDERS : NODE_PLAIN,
		.protocol = "postgres",
		.host = "orders.test",
		.tls = tls ? RESOURCE_TLS_VERIFY_FULL : RESOURCE_TLS_OFF,
		.user = SERVER_USER,
		.password = SERVER_PASSWORD,
		.database = "shop",
		.catalog = options->no_masks ? NULL : &p->catalog,
	};
	strcpy(r->name, tls ? "orders" : "plain");
	r->address.port = tls ? PORT_ORDERS : PORT_PLAIN;
	if (options->server_port != 0)
		r->address.port = options->server_port;
	need(addr_parse(SERVER_ADDRESS, &r->address.addr) == 0, "address");
	p->clients[i] = tls ? shared.gateway_client : NULL;
}

static void listener_fill(struct policy *p, unsigned i, uint16_t port, uint16_t resource)
{
	p->listeners[i] = (struct listener){.protocol = "postgres", .resource = resource};
	p->listeners[i].address.port = port;
	need(addr_parse(GATEWAY_CLIENTS, &p->listeners[i].address.addr) == 0, "address");
	p->servers[i] = shared.gateway_server;
}

static void rule_fill(struct rule *rule, const struct policy_options *options)
{
	static struct rule_name agents = {0, "agents"};
	agents.hash = rule_name_hash(agents.text);
	*rule = (struct rule){
		.name = "agents read",
		.root = {.n_groups = 1, .groups = &agents},
		.max_depth = UINT16_MAX,
		.resources = {3},
		.right =
			{
				.allow = options->allow == 0 ? EFFECT_READ : options->allow,
				.hold = options->hold,
				.deny = options->deny,
				.record = options->record == RECORD_OFF ? RECORD_ASYNC
									: options->record,
				.idle_timeout_ms = options->idle_timeout_ms,
			},
		.can_approve = true,
		.approval_timeout_ms = options->approval_timeout_ms,
		.retry = options->retry,
		.needs_grant = options->needs_grant,
		.id = {{7, 7}},
		.n_budgets = options->n_budgets,
		.budgets = options->budgets,
		.when = options->when,
	};
	if (options->no_masks)
		return;
	memset(rule->right.entities, 0xff, sizeof(rule->right.entities));
	memset(rule->right.blocks, 0xff, sizeof(rule->right.blocks));
	bit_set(rule->right.columns, 0);
}

static void snapshot_fill(struct policy *p, uint32_t version, const struct policy_options *options)
{
	struct snapshot *s = &p->snapshot;
	*s = (struct snapshot){
		.version = version,
		.n_listeners = 2,
		.n_resources = options->without_resource ? 1 : 2,
		.n_rules = options->no_rules ? 0 : options->n_others + 1,
		.listeners = p->listeners,
		.resources = p->resources,
		.rules = p->rules,
		.styles = shared.styles,
		.pattern_names = shared.names,
		.n_patterns = shared.n_patterns,
		.n_workers = 1,
		.workers = &p->worker,
	};
	s->digest[0] = options->digest;
	if (options->digest == 0)
		memcpy(s->digest, &version, sizeof(version));
	p->worker = (struct snapshot_worker){
		.servers = p->servers,
		.clients = p->clients,
		.entity_scratch = shared.entity_scratch,
		.block_scratch = shared.block_scratch,
	};
	if (options->no_masks)
		return;
	s->n_columns = 1;
	s->columns = columns;
	s->entities = shared.entities;
	s->blocks = shared.blocks;
}

struct snapshot *policy_new(uint32_t version, const struct policy_options *options)
{
	struct policy *p = calloc(1, sizeof(*p) + (options->n_others + 1) * sizeof(p->rules[0]));
	need(p != NULL, "memory");
	p->catalog = (struct catalog){
		.version = version,
		.resolved = true,
		.n_columns = 1,
		.columns = catalog_columns,
		.n_known = 1,
		.known = catalog_known,
		.n_relations = 1,
		.relations = catalog_relations,
	};
	unsigned orders = options->swapped ? 1 : 0, plain = 1 - orders;
	if (options->without_resource)
		orders = plain = 0;
	if (!options->without_resource)
		resource_fill(p, orders, true, options);
	resource_fill(p, plain, false, options);
	listener_fill(p, 0, PORT_ORDERS, (uint16_t)orders);
	listener_fill(p, 1, PORT_PLAIN, (uint16_t)plain);
	static const struct rule_name nobody = {1, "nobody"};
	for (uint16_t i = 0; i <= options->n_others; i++)
		rule_fill(&p->rules[i], options);
	for (uint16_t i = 0; i < options->n_others; i++)
		p->rules[i].root.groups = &nobody;
	snapshot_fill(p, version, options);
	return &p->snapshot;
}

void policy_free(struct snapshot *snapshot)
{
	free(snapshot); // the first member of its policy
}
