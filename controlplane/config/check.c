// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/sections.h"

#include <string.h>

static int find_resource(const struct config *config, const char *name)
{
	for (uint16_t i = 0; i < config->n_resources; i++)
		if (strcmp(config->resources[i].name, name) == 0)
			return i;
	return -1;
}

static bool has_issuer(const struct config *config, const char *name)
{
	for (uint16_t i = 0; i < config->n_issuers; i++)
		if (strcmp(config->issuers[i].name, name) == 0)
			return true;
	return false;
}

static void check_issuer_name(
	struct reader *r, const struct config *config, const struct config_name *name
)
{
	if (name->text != NULL && !has_issuer(config, name->text))
		read_fail(
			r, name->at, "no issuer is called `%.64s`; define it under `issuers`",
			name->text
		);
}

// Rules speak of agents without an identity of their own by the token service's name.
static bool is_token_service(const struct config *config, const char *name)
{
	return config->token_service.enabled && name != NULL &&
	       strcmp(name, CONFIG_TOKEN_SERVICE_NAME) == 0;
}

static void unknown_resource(
	struct reader *r, const struct config *config, const struct config_name *name
)
{
	static const char *names[SNAPSHOT_RESOURCES_MAX];
	char hint[96];

	for (uint16_t i = 0; i < config->n_resources; i++)
		names[i] = config->resources[i].name;
	read_fail(
		r, name->at, "no resource is called `%.64s`%s", name->text,
		read_suggestion(name->text, names, config->n_resources, hint)
	);
}

static void twice(
	struct reader *r, const char *what, const char *name, struct config_position at,
	struct config_position before
)
{
	read_fail(
		r, at, "a second %s `%.64s`, the first is in line %u; rename one", what, name,
		before.line
	);
}

static void check_issuers(struct reader *r, const struct config *config)
{
	for (uint16_t i = 0; i < config->n_issuers; i++) {
		const struct config_issuer *a = &config->issuers[i];
		for (uint16_t j = 0; j < i; j++) {
			const struct config_issuer *b = &config->issuers[j];
			if (a->name[0] != '\0' && strcmp(a->name, b->name) == 0)
				twice(r, "issuer", a->name, a->at, b->at);
			else if (b->issuer[0] != '\0' && (config_issuer_is(a, b->issuer) || config_issuer_is(a, b->other)))
				read_fail(
					r, a->at,
					"issuers `%s` and `%s` have the same `issuer`; keep one of them",
					b->name, a->name
				);
		}
	}
}

// Its name is the word by which rules speak of agents that have no identity but what their parent
// calls them.
static void check_token_service(struct reader *r, const struct config *config)
{
	const struct config_token_service *service = &config->token_service;

	for (uint16_t i = 0; service->enabled && i < config->n_issuers; i++) {
		const struct config_issuer *issuer = &config->issuers[i];
		if (strcmp(issuer->name, CONFIG_TOKEN_SERVICE_NAME) == 0)
			read_fail(
				r, issuer->at,
				"`%s` is the name of the token service as an issuer; rename this one",
				issuer->name
			);
		if (config_issuer_is(issuer, service->issuer))
			read_fail(
				r, issuer->at,
				"the `issuer` of `%s` is the token service's own; remove it from "
				"`issuers`",
				issuer->name
			);
	}
	// An exchange that asks for this audience asks for no resource: it would narrow nothing.
	if (service->enabled && find_resource(config, service->audience) >= 0)
		read_fail(
			r, service->at,
			"the `audience` of the token service is the name of a resource; use "
			"another"
		);
}

static void check_resources(struct reader *r, const struct config *config)
{
	for (uint16_t i = 0; i < config->n_resources; i++)
		for (uint16_t j = 0; j < i; j++)
			if (config->resources[i].name[0] != '\0' &&
			    strcmp(config->resources[i].name, config->resources[j].name) == 0)
				twice(r, "resource", config->resources[i].name,
				      config->resources[i].at, config->resources[j].at);
}

static bool is_own_address(const struct config *config, const struct ip_addr *addr)
{
	for (uint16_t i = 0; i < config->gateway.n_ports; i++) {
		const struct config_port *port = &config->gateway.ports[i];
		for (uint16_t j = 0; j < port->n_addresses; j++)
			if (addr_equal(&port->addresses[j].addr, addr))
				return true;
		for (uint16_t j = 0; j < port->n_floating; j++)
			if (addr_equal(&port->floating[j].addr, addr))
				return true;
	}
	return false;
}

static void check_listener(
	struct reader *r, const struct config *config, struct config_listener *listener
)
{
	char text[ADDR_TEXT_MAX];

	if (listener->address.port != 0 && !is_own_address(config, &listener->address.addr))
		read_fail(
			r, listener->at,
			"%s is not an address of any port; nothing would ever reach this listener",
			addr_text(&listener->address.addr, text)
		);
	if (listener->address.port != 0 && listener->address.port == config->gateway.probe.port)
		read_fail(
			r, listener->at,
			"port %u is that of the load balancer's `probe`; change one",
			listener->address.port
		);
	if (listener->resource.text == NULL)
		return;
	int resource = find_resource(config, listener->resource.text);
	if (resource < 0) {
		unknown_resource(r, config, &listener->resource);
		return;
	}
	listener->resource_index = (uint16_t)resource;
	const char *protocol = config->resources[resource].protocol;
	if (listener->protocol[0] != '\0' && protocol[0] != '\0' &&
	    strcmp(listener->protocol, protocol) != 0)
		read_fail(
			r, listener->at, "the listener speaks %s, its resource `%s` %s",
			listener->protocol, listener->resource.text, protocol
		);
}

static void check_listeners(struct reader *r, const struct config *config)
{
	struct config_listener *list = config->listeners;

	for (uint16_t i = 0; i < config->n_listeners; i++) {
		check_listener(r, config, &list[i]);
		for (uint16_t j = 0; j < i; j++)
			if (list[i].address.port != 0 &&
			    endpoint_equal(&list[i].address, &list[j].address))
				read_fail(
					r, list[i].at,
					"the listener in line %u has this address and port; change one",
					list[j].at.line
				);
	}
}

static void check_whom(
	struct reader *r, const struct config *config, const struct config_whom *whom
)
{
	for (uint16_t i = 0; i < whom->issuers.n; i++)
		if (!is_token_service(config, whom->issuers.list[i].text))
			check_issuer_name(r, config, &whom->issuers.list[i]);
}

static void check_rule_names(struct reader *r, struct config *config, struct config_rule *rule)
{
	for (uint16_t i = 0; i < rule->resources.n; i++) {
		const struct config_name *name = &rule->resources.list[i];
		int resource = find_resource(config, name->text);
		if (resource < 0)
			unknown_resource(r, config, name);
		else
			bit_set(rule->resource_bits, (uint32_t)resource);
	}
	check_whom(r, config, &rule->root);
	check_whom(r, config, &rule->actor);
	check_whom(r, config, &rule->ancestor);
}

// OIDs mean something in one database only.
static void check_databases(
	struct reader *r, const struct config *config, const struct config_rule *rule
)
{
	const struct config_mask *column = NULL;

	for (uint16_t i = 0; i < rule->n_masks && column == NULL; i++)
		if (rule->masks[i].is_column)
			column = &rule->masks[i];
	for (uint16_t i = 0; i < config->n_resources && column != NULL; i++)
		if (bit_is_set(rule->resource_bits, i) && config->resources[i].database[0] == '\0')
			read_fail(
				r, column->at,
				"masking a column needs to know its database; give resource `%s` a "
				"`database`",
				config->resources[i].name
			);
}

static void check_admin(struct reader *r, const struct config *config)
{
	const struct config_https *own = &config->admin.https;
	const struct config_https *tokens = &config->token_service.https;

	for (int i = 0; i < CONFIG_ROLE_COUNT; i++) {
		const struct config_role *role = &config->admin.roles[i];
		for (uint16_t j = 0; j < role->issuers.n; j++)
			check_issuer_name(r, config, &role->issuers.list[j]);
	}
	check_issuer_name(r, config, &config->admin.console.issuer);
	if (own->enabled && tokens->enabled && endpoint_equal(&own->address, &tokens->address))
		read_fail(
			r, tokens->at,
			"`admin` has this address and port; remove `https` here to share it"
		);
}

void config_cross_check(struct reader *r, struct config *config)
{
	struct config_rule *rules = config->rules;

	check_issuers(r, config);
	check_token_service(r, config);
	check_admin(r, config);
	check_resources(r, config);
	check_listeners(r, config);
	for (uint16_t i = 0; i < config->n_rules; i++) {
		check_rule_names(r, config, &rules[i]);
		check_databases(r, config, &rules[i]);
		for (uint16_t j = 0; j < i; j++)
			if (rules[i].name[0] != '\0' && strcmp(rules[i].name, rules[j].name) == 0)
				twice(r, "rule", rules[i].name, rules[i].at, rules[j].at);
	}
	config_check_rules(r, config);
}
