// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/sections.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CORE_MAX = 1023 };

static const uint64_t ns_per_ms = 1000000;
static const uint64_t ns_per_s = 1000000000;
static const uint64_t ns_per_day = UINT64_C(86400000000000);

static void set_defaults(struct config_gateway *g)
{
	g->huge_pages = true;
	g->tick_ns = ns_per_ms;
	g->log_level = LOG_INFO;
	g->limits = (struct config_limits){
		.connections = 4096,
		.sessions = 1024,
		.packets = 8192,
		.message = UINT64_C(16) << 20,
		.session_memory = UINT64_C(3) << 20,
		.worker_memory = UINT64_C(256) << 20,
		.record_blocks = 256,
		.statements = 4096,
		.statement_cache = UINT64_C(16) << 20,
		.tokens = 4096,
		.events = 1024,
		.holds = 256,
	};
	g->timeouts = (struct config_timeouts){
		.login_ms = 30000,
		.idle_ms = 1800000,
		.connect_ms = 10000,
		.drain_ms = 10000,
	};
	g->probe.http = true;
	g->tcp.buffer = 4 << 20;
	g->tcp.keepalive_ms = 60000;
	g->tcp.keepalive_interval_ms = 15000;
	g->tcp.keepalive_probes = 4;
	snprintf(g->state, sizeof(g->state), "/var/lib/bulkhead");
	g->patterns.n = 1;
	snprintf(g->patterns.list[0], CONFIG_PATH_MAX, "%s", BULKHEAD_PATTERNS);
}

static void read_cores(struct reader *r, const struct node *node, struct config_gateway *g)
{
	uint64_t core;

	// A bare number would read as how many.
	if (node->kind == NODE_SCALAR && node->text[0] != '\0') {
		read_fail(r, node->at, "`workers` must be a list of CPU numbers, such as [0, 1]");
		return;
	}
	const struct node *item = read_one_or_more(r, node, "workers", SNAPSHOT_WORKERS_MAX);
	for (; item != NULL; item = item->next) {
		if (!read_number(r, item, "workers", 0, CORE_MAX, &core))
			continue;
		for (uint16_t i = 0; i < g->n_workers; i++)
			if (g->cores[i] == core)
				read_fail(
					r, item->at,
					"core %u is in `workers` twice; a core runs one worker",
					(unsigned)core
				);
		g->cores_at[g->n_workers] = item->at;
		g->cores[g->n_workers++] = (uint16_t)core;
	}
}

static void read_count(
	struct reader *r, const struct node *map, const char *key, uint32_t min, uint32_t max,
	uint32_t *out
)
{
	const struct node *node = tree_get(map, key);
	uint64_t value;

	if (node != NULL && read_number(r, node, key, min, max, &value))
		*out = (uint32_t)value;
}

// Rings are indexed with a mask.
static void read_power(
	struct reader *r, const struct node *map, const char *key, uint32_t min, uint32_t max,
	uint32_t *out
)
{
	read_count(r, map, key, min, max, out);
	if ((*out & (*out - 1)) != 0)
		read_fail(r, tree_get(map, key)->at, "`%s` must be a power of two", key);
}

static void read_bytes(
	struct reader *r, const struct node *map, const char *key, uint64_t min, uint64_t max,
	uint64_t *out
)
{
	const struct node *node = tree_get(map, key);

	if (node != NULL)
		(void)read_size(r, node, key, min, max, out);
}

static void read_limits(struct reader *r, const struct node *node, struct config_limits *l)
{
	static const char *const keys[] = {
		"connections",   "sessions",      "packets",    "message",         "session_memory",
		"worker_memory", "record_blocks", "statements", "statement_cache", "tokens",
		"events",        "holds",         NULL};

	if (!read_map(r, node, "`limits`", keys))
		return;
	read_count(r, node, "connections", 4, 1 << 22, &l->connections);
	read_count(r, node, "sessions", 1, 1 << 21, &l->sessions);
	read_count(r, node, "packets", 512, 1 << 22, &l->packets);
	read_bytes(r, node, "message", 64 << 10, UINT64_C(1) << 30, &l->message);
	read_bytes(r, node, "session_memory", 256 << 10, UINT64_C(4) << 30, &l->session_memory);
	read_bytes(r, node, "worker_memory", 4 << 20, UINT64_C(1) << 40, &l->worker_memory);
	read_power(r, node, "record_blocks", 4, 1 << 16, &l->record_blocks);
	read_count(r, node, "statements", 16, 1 << 20, &l->statements);
	read_bytes(r, node, "statement_cache", 64 << 10, UINT64_C(1) << 32, &l->statement_cache);
	read_count(r, node, "tokens", 0, 1 << 20, &l->tokens);
	read_power(r, node, "events", 16, 1 << 16, &l->events);
	read_count(r, node, "holds", 1, 1 << 20, &l->holds);
	if (l->connections < 2 * l->sessions)
		read_fail(
			r, node->at,
			"`connections` must be at least twice `sessions` (%u): "
			"a session has two legs",
			2 * l->sessions
		);
	if (l->worker_memory < l->session_memory)
		read_fail(r, node->at, "`worker_memory` must not be less than `session_memory`");
}

// At most 49 days are that many milliseconds.
static bool read_ms(
	struct reader *r, const struct node *map, const char *key, uint64_t min, uint64_t max,
	uint32_t *ms
)
{
	const struct node *node = tree_get(map, key);
	uint64_t ns;

	if (node == NULL || !read_duration(r, node, key, min, max, &ns))
		return false;
	*ms = (uint32_t)(ns / ns_per_ms);
	return true;
}

static void read_time(
	struct reader *r, const struct node *map, const char *key, uint64_t min, uint32_t *ms
)
{
	(void)read_ms(r, map, key, min, 30 * ns_per_day, ms);
}

static void read_timeouts(struct reader *r, const struct node *node, struct config_timeouts *t)
{
	static const char *const keys[] = {"login", "idle",         "connect",
					   "drain", "drain_accept", NULL};

	if (!read_map(r, node, "`timeouts`", keys))
		return;
	read_time(r, node, "login", ns_per_s, &t->login_ms);
	read_time(r, node, "idle", 0, &t->idle_ms);
	read_time(r, node, "connect", 100 * ns_per_ms, &t->connect_ms);
	read_time(r, node, "drain", 0, &t->drain_ms);
	read_time(r, node, "drain_accept", 0, &t->drain_accept_ms);
}

// A balancer is to see each direction of a connection at least every 4 minutes: 230 seconds, as a
// probe has to get there.
static void read_keepalive(struct reader *r, const struct node *node, struct config_tcp *tcp)
{
	static const char *const keys[] = {"idle", "interval", "probes", NULL};
	const uint64_t most = 230 * ns_per_s;
	uint32_t probes = tcp->keepalive_probes;

	if (!read_map(r, node, "`keepalive`", keys))
		return;
	(void)read_ms(r, node, "idle", ns_per_s, most, &tcp->keepalive_ms);
	(void)read_ms(r, node, "interval", ns_per_s, most, &tcp->keepalive_interval_ms);
	read_count(r, node, "probes", 1, 100, &probes);
	tcp->keepalive_probes = (uint8_t)probes;
}

static void read_tcp(struct reader *r, const struct node *node, struct config_tcp *tcp)
{
	static const char *const keys[] = {"congestion", "ecn", "buffer", "keepalive", NULL};
	static const struct word controls[] = {
		{"cubic", CONFIG_CUBIC},
		{"newreno", CONFIG_NEWRENO},
		{NULL, 0}};
	int chosen;

	if (!read_map(r, node, "`tcp`", keys))
		return;
	const struct node *value = tree_get(node, "congestion");
	if (value != NULL && read_word(r, value, "congestion", controls, &chosen))
		tcp->congestion = (enum config_congestion)chosen;
	value = tree_get(node, "ecn");
	if (value != NULL)
		(void)read_bool(r, value, "ecn", &tcp->ecn);
	read_bytes(r, node, "buffer", 128 << 10, 16 << 20, &tcp->buffer);
	value = tree_get(node, "keepalive");
	if (value != NULL)
		read_keepalive(r, value, tcp);
}

static void read_probe(struct reader *r, const struct node *node, struct config_probe *probe)
{
	static const char *const keys[] = {"port", "by", NULL};
	static const struct word ways[] = {{"http", 1}, {"tcp", 0}, {NULL, 0}};
	uint64_t port;
	int chosen;

	probe->at = node->at;
	if (!read_map(r, node, "`probe`", keys))
		return;
	const struct node *value = read_need(r, node, "`probe`", "port");
	if (value != NULL && read_number(r, value, "port", 1, UINT16_MAX, &port))
		probe->port = (uint16_t)port;
	value = tree_get(node, "by");
	if (value != NULL && read_word(r, value, "by", ways, &chosen))
		probe->http = chosen == 1;
}

static void read_admin(struct reader *r, const struct node *node, struct config_gateway *g)
{
	static const char *const keys[] = {"socket", NULL};

	if (!read_map(r, node, "`admin`", keys))
		return;
	const struct node *value = tree_get(node, "socket");
	if (value != NULL)
		(void)read_path(r, value, "socket", g->admin_socket);
}

// "127.0.0.1:9464", "[::1]:9464", or without the brackets.
static void read_metrics(struct reader *r, const struct node *node, struct config_gateway *g)
{
	char text[ADDR_TEXT_MAX];

	if (!read_text(r, node, "metrics", text, sizeof(text)))
		return;
	const char *host = read_host_port(text, &g->metrics.port);
	if (host == NULL || addr_parse(host, &g->metrics.addr) != 0) {
		read_fail(
			r, node->at, "`metrics` must be an address and port such as 127.0.0.1:9464"
		);
		return;
	}
	g->has_metrics = true;
}

static void read_log(struct reader *r, const struct node *node, struct config_gateway *g)
{
	static const char *const keys[] = {"level", "format", NULL};
	static const struct word levels[] = {
		{"error", LOG_ERROR},
		{"warn", LOG_WARN},
		{"info", LOG_INFO},
		{"debug", LOG_DEBUG},
		{NULL, 0}};
	static const struct word formats[] = {{"text", 0}, {"json", 1}, {NULL, 0}};
	int chosen;

	if (!read_map(r, node, "`log`", keys))
		return;
	const struct node *value = tree_get(node, "level");
	if (value != NULL && read_word(r, value, "level", levels, &chosen))
		g->log_level = (enum log_level)chosen;
	value = tree_get(node, "format");
	if (value != NULL && read_word(r, value, "format", formats, &chosen))
		g->log_json = chosen == 1;
}

static void read_machine(struct reader *r, const struct node *node, struct config_gateway *g)
{
	const struct node *value = read_need(r, node, "`gateway`", "workers");
	uint64_t number;

	if (value != NULL)
		read_cores(r, value, g);
	value = read_need(r, node, "`gateway`", "ports");
	if (value != NULL)
		section_ports(r, value, g);
	value = tree_get(node, "huge_pages");
	if (value != NULL)
		(void)read_bool(r, value, "huge_pages", &g->huge_pages);
	value = tree_get(node, "profile");
	if (value != NULL)
		(void)read_bool(r, value, "profile", &g->profile);
	value = tree_get(node, "control_core");
	if (value != NULL && read_number(r, value, "control_core", 0, CORE_MAX, &number)) {
		g->control_core = (uint16_t)number;
		g->control_core_at = value->at;
	}
	value = tree_get(node, "memory");
	if (value != NULL && read_size(r, value, "memory", 64 << 20, UINT64_C(1) << 40, &number))
		g->memory_mb = (uint32_t)(number >> 20);
	value = tree_get(node, "idle_sleep");
	if (value != NULL && read_duration(r, value, "idle_sleep", 0, 10 * ns_per_ms, &number))
		g->idle_sleep_us = (uint32_t)(number / 1000);
	value = tree_get(node, "tick");
	if (value != NULL)
		(void)read_duration(r, value, "tick", ns_per_ms / 10, 10 * ns_per_ms, &g->tick_ns);
}

static void read_patterns(struct reader *r, const struct node *node, struct config_folders *folders)
{
	const struct node *item = read_one_or_more(r, node, "patterns", CONFIG_PATTERNS_MAX);

	folders->n = 0;
	for (; item != NULL; item = item->next) {
		char *path = folders->list[folders->n];
		if (!read_path(r, item, "patterns", path))
			continue;
		for (uint16_t i = 0; i < folders->n; i++)
			if (strcmp(folders->list[i], path) == 0)
				read_fail(
					r, item->at,
					"this folder is in `patterns` twice; remove one"
				);
		folders->at[folders->n++] = item->at;
	}
}

static void read_rest(struct reader *r, const struct node *node, struct config_gateway *g)
{
	const struct node *value = tree_get(node, "limits");
	if (value != NULL)
		read_limits(r, value, &g->limits);
	value = tree_get(node, "probe");
	if (value != NULL)
		read_probe(r, value, &g->probe);
	if (g->probe.port != 0)
		g->timeouts.drain_accept_ms = 15000;
	value = tree_get(node, "timeouts");
	if (value != NULL)
		read_timeouts(r, value, &g->timeouts);
	value = tree_get(node, "tcp");
	if (value != NULL)
		read_tcp(r, value, &g->tcp);
	value = tree_get(node, "state");
	if (value != NULL)
		(void)read_path(r, value, "state", g->state);
	value = tree_get(node, "patterns");
	if (value != NULL)
		read_patterns(r, value, &g->patterns);
	value = tree_get(node, "admin");
	if (value != NULL)
		read_admin(r, value, g);
	value = tree_get(node, "metrics");
	if (value != NULL)
		read_metrics(r, value, g);
	value = tree_get(node, "log");
	if (value != NULL)
		read_log(r, value, g);
	value = tree_get(node, "ticket_secret");
	if (value == NULL)
		return;
	g->ticket_secret_at = value->at;
	(void)section_secret(r, value, "ticket_secret", &g->ticket_secret, g->ticket_secret_name);
}

void section_gateway(struct reader *r, const struct node *node, struct config_gateway *out)
{
	static const char *const keys[] = {"workers",       "control_core", "ports", "huge_pages",
					   "memory",        "idle_sleep",   "tick",  "limits",
					   "timeouts",      "tcp",          "state", "patterns",
					   "admin",         "metrics",      "log",   "probe",
					   "ticket_secret", "profile",      NULL};

	set_defaults(out);
	out->at = out->patterns.at[0] = node->at;
	if (!read_map(r, node, "`gateway`", keys))
		return;
	read_machine(r, node, out);
	read_rest(r, node, out);
	if (out->admin_socket[0] == '\0') {
		int n = snprintf(
			out->admin_socket, sizeof(out->admin_socket), "%.240s/admin.sock",
			out->state
		);
		if (n >= 108) // sun_path
			read_fail(
				r, node->at,
				"`state` is too long for a socket in it; set `admin: {socket: ...}`"
			);
	} else if (strlen(out->admin_socket) >= 108) {
		read_fail(r, tree_get(node, "admin")->at, "`socket` is longer than 107 bytes");
	}
}
