// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/sections.h"

#include <stdlib.h>
#include <string.h>

static const struct word protocols[] = {{"postgres", 1}, {NULL, 0}};

static bool read_protocol(struct reader *r, const struct node *node, char out[static 16])
{
	int chosen;

	if (!read_word(r, node, "protocol", protocols, &chosen))
		return false;
	return read_text(r, node, "protocol", out, 16);
}

// "host:port" or "[address]:port"; a host is a name of RFC 1123 2.1 or an address.
static void read_target(struct reader *r, const struct node *node, struct config_resource *out)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:";
	char text[sizeof(out->host) + 16];

	out->address_at = node->at;
	if (!read_text(r, node, "address", text, sizeof(text)))
		return;
	char *host = read_host_port(text, &out->port);
	size_t n = host == NULL ? 0 : strlen(host);
	if (host == text && strchr(host, ':') != NULL)
		n = 0; // an IPv6 address needs its brackets
	if (n == 0 || n >= sizeof(out->host) || strspn(host, allowed) != n) {
		read_fail(r, node->at, "`address` must be host:port, such as db.example.com:5432");
		return;
	}
	memcpy(out->host, host, n + 1);
}

static void read_managed(struct reader *r, const struct node *node, struct config_resource *out)
{
	static const char *const keys[] = {"audience", "client_id", NULL};

	out->secret = CONFIG_SECRET_MANAGED;
	if (!read_map(r, node, "`managed_identity`", keys))
		return;
	const struct node *value = read_need(r, node, "`managed_identity`", "audience");
	if (value != NULL)
		(void)read_text(r, value, "audience", out->secret_name, sizeof(out->secret_name));
	value = tree_get(node, "client_id");
	if (value != NULL)
		(void)read_name(r, value, "client_id", out->client_id, sizeof(out->client_id));
}

static void read_credential(struct reader *r, const struct node *node, struct config_resource *out)
{
	static const char *const keys[] = {"user", "password", "managed_identity", NULL};

	if (!read_map(r, node, "`credential`", keys))
		return;
	const struct node *value = read_need(r, node, "`credential`", "user");
	if (value != NULL)
		(void)read_text(r, value, "user", out->user, sizeof(out->user));
	value = tree_get(node, "password");
	if (value != NULL) {
		out->secret_at = value->at;
		(void)section_secret(r, value, "password", &out->secret, out->secret_name);
	}
	const struct node *managed = tree_get(node, "managed_identity");
	if (managed != NULL && value != NULL) {
		read_fail(
			r, managed->key_at,
			"`managed_identity` stands for a `password`; keep one of them"
		);
	} else if (managed != NULL) {
		out->secret_at = managed->at;
		read_managed(r, managed, out);
	}
}

static bool is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	       strncmp(host, "127.", 4) == 0;
}

static void read_tls(struct reader *r, const struct node *node, struct config_resource *out)
{
	static const struct word modes[] = {
		{"off", RESOURCE_TLS_OFF},
		{"require", RESOURCE_TLS_REQUIRE},
		{"verify-ca", RESOURCE_TLS_VERIFY_CA},
		{"verify-full", RESOURCE_TLS_VERIFY_FULL},
		{NULL, 0},
	};
	int mode = RESOURCE_TLS_VERIFY_FULL;

	const struct node *value = tree_get(node, "tls");
	if (value != NULL)
		(void)read_word(r, value, "tls", modes, &mode);
	out->tls = (enum resource_tls)mode;
	if (value != NULL && out->tls == RESOURCE_TLS_OFF && !is_loopback(out->host))
		config_warning_add(
			r->errors, r->file, value->at,
			"`tls: off`: the password and all data of `%s` cross the network in clear",
			out->name
		);
	value = tree_get(node, "ca");
	if (value == NULL)
		return;
	out->ca_at = value->at;
	if (out->tls == RESOURCE_TLS_OFF || out->tls == RESOURCE_TLS_REQUIRE)
		read_fail(
			r, value->key_at,
			"`ca` is not used with this `tls`; remove it or use verify-full"
		);
	else
		(void)read_path(r, value, "ca", out->ca_file);
}

static void read_resource(struct reader *r, const struct node *node, struct config_resource *out)
{
	static const char *const keys[] = {"name",       "protocol", "address",     "tls", "ca",
					   "credential", "database", "replication", NULL};

	out->at = node->at;
	if (!read_map(r, node, "a resource", keys))
		return;
	const struct node *value = read_need(r, node, "the resource", "name");
	if (value != NULL)
		(void)read_name(r, value, "name", out->name, sizeof(out->name));
	value = read_need(r, node, "the resource", "protocol");
	if (value != NULL)
		(void)read_protocol(r, value, out->protocol);
	value = read_need(r, node, "the resource", "address");
	if (value != NULL)
		read_target(r, value, out);
	read_tls(r, node, out);
	value = read_need(r, node, "the resource", "credential");
	if (value != NULL)
		read_credential(r, value, out);
	value = tree_get(node, "database");
	if (value != NULL)
		(void)read_text(r, value, "database", out->database, sizeof(out->database));
	value = tree_get(node, "replication");
	if (value != NULL)
		(void)read_bool(r, value, "replication", &out->allow_replication);
}

void section_resources(struct reader *r, const struct node *node, struct config *config)
{
	if (!read_list(r, node, "`resources`", SNAPSHOT_RESOURCES_MAX))
		return;
	struct config_resource *list = arena_array(r->arena, node->n, sizeof(*list));
	if (list == NULL) {
		r->no_memory = true;
		return;
	}
	for (const struct node *item = node->first; item != NULL; item = item->next)
		read_resource(r, item, &list[config->n_resources++]);
	config->resources = list;
}

static void read_pairs(struct reader *r, const struct node *node, struct config_listener *out)
{
	const struct node *cert = read_need(r, node, "the listener", "certificate");
	const struct node *key = read_need(r, node, "the listener", "key");
	uint16_t n = 0, m = 0;

	if (cert == NULL || key == NULL)
		return;
	struct config_position at = key->at;
	cert = read_one_or_more(r, cert, "certificate", 2);
	key = read_one_or_more(r, key, "key", 2);
	for (; cert != NULL; cert = cert->next, n++) {
		out->certificate_at[n] = cert->at;
		(void)read_path(r, cert, "certificate", out->certificates[n]);
	}
	for (; key != NULL; key = key->next, m++) {
		out->key_at[m] = key->at;
		(void)read_path(r, key, "key", out->keys[m]);
	}
	out->n_certificates = n;
	if (n != m)
		read_fail(r, at, "%u keys for %u certificates; list them in the same order", m, n);
}

static void read_listener(struct reader *r, const struct node *node, struct config_listener *out)
{
	static const char *const keys[] = {"address",     "port", "protocol", "resource",
					   "certificate", "key",  NULL};
	char name[SNAPSHOT_NAME_MAX];
	uint64_t port;

	out->at = node->at;
	if (!read_map(r, node, "a listener", keys))
		return;
	const struct node *value = read_need(r, node, "the listener", "address");
	if (value != NULL)
		(void)read_address(r, value, "address", &out->address.addr);
	value = read_need(r, node, "the listener", "port");
	if (value != NULL && read_number(r, value, "port", 1, UINT16_MAX, &port))
		out->address.port = (uint16_t)port;
	value = read_need(r, node, "the listener", "protocol");
	if (value != NULL)
		(void)read_protocol(r, value, out->protocol);
	value = read_need(r, node, "the listener", "resource");
	if (value != NULL && read_name(r, value, "resource", name, sizeof(name)))
		out->resource = (struct config_name){value->at, value->text};
	read_pairs(r, node, out);
}

void section_listeners(struct reader *r, const struct node *node, struct config *config)
{
	if (!read_list(r, node, "`listeners`", CONFIG_LISTENERS_MAX))
		return;
	struct config_listener *list = arena_array(r->arena, node->n, sizeof(*list));
	if (list == NULL) {
		r->no_memory = true;
		return;
	}
	for (const struct node *item = node->first; item != NULL; item = item->next)
		read_listener(r, item, &list[config->n_listeners++]);
	config->listeners = list;
}
