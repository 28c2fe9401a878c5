// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/config.h"

#include "controlplane/config/sections.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct config_position whole_file;

// Compared by memcmp: nothing in between may be left unwritten.
enum { LIMITS_SIZE = offsetof(struct config_limits, holds) + sizeof(uint32_t) }; // the last of them
static_assert(LIMITS_SIZE == 4 * sizeof(uint64_t) + 8 * sizeof(uint32_t));
static_assert(sizeof(struct config_timeouts) == 5 * sizeof(uint32_t));

// A part of the file. A part without anything in it is as good as a missing one: `rules:` with
// nothing behind it is a slip, not a policy.
static const struct node *part(struct reader *r, const struct node *root, const char *key)
{
	const struct node *node = read_need(r, root, "the file", key);

	if (node == NULL || node->kind != NODE_SCALAR || node->text[0] != '\0')
		return node;
	read_fail(r, node->at, "`%s` has nothing in it", key);
	return NULL;
}

static void read_parts(struct reader *r, const struct node *root, struct config *config)
{
	static const char *const keys[] = {"gateway", "issuers",       "token_service",
					   "admin",   "resources",     "listeners",
					   "rules",   "notifications", NULL};

	if (!read_map(r, root, "the file", keys))
		return;
	const struct node *node = part(r, root, "gateway");
	if (node != NULL)
		section_gateway(r, node, &config->gateway);
	node = part(r, root, "issuers");
	if (node != NULL)
		section_issuers(r, node, config);
	node = tree_get(root, "token_service");
	if (node != NULL)
		section_token_service(r, node, &config->token_service);
	section_admin_defaults(&config->admin);
	node = tree_get(root, "admin");
	if (node != NULL)
		section_admin(r, node, &config->admin);
	node = tree_get(root, "notifications");
	if (node != NULL)
		section_notifications(r, node, config);
	node = part(r, root, "resources");
	if (node != NULL)
		section_resources(r, node, config);
	node = part(r, root, "listeners");
	if (node != NULL)
		section_listeners(r, node, config);
	node = part(r, root, "rules");
	if (node != NULL)
		section_rules(r, node, config);
	if (!r->no_memory)
		config_cross_check(r, config);
}

static int parse_into(
	struct arena *arena, const char *name, struct span text, struct config *config,
	struct config_errors *errors
)
{
	const char *slash = strrchr(name, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - name) + 1;
	struct reader r = {.arena = arena, .errors = errors};
	struct node *root = NULL;

	config->arena = arena;
	config->file = r.file = arena_text(arena, name, strlen(name));
	r.folder = arena_text(arena, name, n);
	if (r.file == NULL || r.folder == NULL)
		return -ENOMEM;
	int rc = digest_of(&text, 1, &config->digest);
	if (rc == 0)
		rc = tree_read(arena, r.file, text, &root, errors);
	if (rc != 0)
		return rc;
	read_parts(&r, root, config);
	if (r.no_memory)
		return -ENOMEM;
	return config_errors_any(errors) ? ERR_CONFIG : 0;
}

int config_parse(
	const char *name, struct span text, struct config **out, struct config_errors *errors
)
{
	struct arena *arena = arena_new();
	struct config *config = arena == NULL ? NULL : arena_alloc(arena, sizeof(*config));

	int rc = config == NULL ? -ENOMEM : parse_into(arena, name, text, config, errors);
	if (rc == 0)
		*out = config;
	else
		arena_free(arena);
	return rc;
}

// Out: *text, malloc'ed. One byte more than allowed is read, so that tree_read sees what is too
// long.
static int read_file(const char *path, uint8_t **text, size_t *n)
{
	struct stat info;
	ssize_t got;
	int rc = 0;

	*n = 0;
	*text = malloc(CONFIG_FILE_MAX + 1);
	if (*text == NULL)
		return -ENOMEM;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
		rc = -EINVAL;
	while (rc == 0 && *n <= CONFIG_FILE_MAX) {
		got = read(fd, *text + *n, CONFIG_FILE_MAX + 1 - *n);
		if (got == 0)
			break;
		if (got < 0)
			rc = errno == EINTR ? 0 : -errno;
		else
			*n += (size_t)got;
	}
	close(fd);
	return rc;
}

int config_load(const char *path, struct config **out, struct config_errors *errors)
{
	struct config *config = NULL;
	uint8_t *text;
	size_t n;

	int rc = read_file(path, &text, &n);
	if (rc == 0)
		rc = config_parse(path, span_of(text, n), &config, errors);
	else if (rc != -ENOMEM) {
		config_error_add(
			errors, path, whole_file, "cannot be read: %s",
			rc == -EINVAL ? "not a regular file" : strerror(-rc)
		);
		rc = ERR_CONFIG;
	}
	free(text);
	if (rc != 0)
		return rc;
	config_check_files(config, errors);
	if (config_errors_any(errors)) {
		config_free(config);
		return ERR_CONFIG;
	}
	*out = config;
	return 0;
}

void config_free(struct config *config)
{
	if (config != NULL)
		arena_free(config->arena);
}

// The certificate and the key may change: they are read again.
static bool https_differs(const struct config_https *a, const struct config_https *b)
{
	return a->enabled != b->enabled || !endpoint_equal(&a->address, &b->address);
}

static bool tcp_differs(const struct config_tcp *a, const struct config_tcp *b)
{
	return a->congestion != b->congestion || a->ecn != b->ecn || a->buffer != b->buffer ||
	       a->keepalive_ms != b->keepalive_ms ||
	       a->keepalive_interval_ms != b->keepalive_interval_ms ||
	       a->keepalive_probes != b->keepalive_probes;
}

unsigned config_restart_needed(
	const struct config *running, const struct config *next, struct config_errors *errors
)
{
	const struct config_gateway *a = &running->gateway, *b = &next->gateway;
	const struct {
		const char *key;
		bool differs;
	} keys[] = {
		{"gateway.workers",
		 memcmp(a->cores, b->cores, sizeof(a->cores)) != 0 || a->n_workers != b->n_workers},
		{"gateway.control_core", a->control_core != b->control_core},
		{"gateway.ports", memcmp(a->ports, b->ports, sizeof(a->ports)) != 0},
		{"gateway.huge_pages", a->huge_pages != b->huge_pages},
		{"gateway.memory", a->memory_mb != b->memory_mb},
		{"gateway.idle_sleep", a->idle_sleep_us != b->idle_sleep_us},
		{"gateway.profile", a->profile != b->profile},
		{"gateway.tick", a->tick_ns != b->tick_ns},
		{"gateway.limits", memcmp(&a->limits, &b->limits, LIMITS_SIZE) != 0},
		{"gateway.timeouts", memcmp(&a->timeouts, &b->timeouts, sizeof(a->timeouts)) != 0},
		{"gateway.tcp", tcp_differs(&a->tcp, &b->tcp)},
		{"gateway.probe", a->probe.port != b->probe.port || a->probe.http != b->probe.http},
		{"gateway.state", strcmp(a->state, b->state) != 0},
		{"gateway.admin", strcmp(a->admin_socket, b->admin_socket) != 0},
		{"gateway.metrics",
		 a->has_metrics != b->has_metrics || !endpoint_equal(&a->metrics, &b->metrics)},
		{"gateway.log", a->log_level != b->log_level || a->log_json != b->log_json},
		{"admin.https", https_differs(&running->admin.https, &next->admin.https)},
		{"token_service.https",
		 https_differs(&running->token_service.https, &next->token_service.https)},
	};
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!keys[i].differs)
			continue;
		config_warning_add(
			errors, next->file, b->at,
			"`%s` differs from what is running; it takes effect at the next start",
			keys[i].key
		);
		n++;
	}
	return n;
}
