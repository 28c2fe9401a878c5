// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Policies for the simulated gateway, built by hand: real patterns, real certificates.
//
// Two resources behind two listeners: "orders" over TLS, verified in full, and "plain" without.
// One rule lets the group "agents" read both; the next lets nobody in particular do anything.

#pragma once

#include "dataplane/api/snapshot.h"

enum policy_port { PORT_ORDERS = 5432, PORT_PLAIN = 5433, PORT_PROBE = 8080 };
enum policy_node { NODE_ORDERS = 1, NODE_PLAIN = 2 }; // node_id.w[0] of the resources
enum policy_table { TABLE_CUSTOMERS = 16400, ATTNUM_SSN = 2 };

#define GATEWAY_CLIENTS "10.0.1.1"
#define GATEWAY_SERVERS "10.0.2.1"
#define CLIENT_ADDRESS  "10.0.1.2"
#define SERVER_ADDRESS  "10.0.2.2"
#define SERVER_USER     "app_ro"
#define SERVER_PASSWORD "app-secret-9281"

struct policy_options {
	uint32_t allow, hold, deny;
	uint32_t approval_timeout_ms;
	bool retry;
	bool needs_grant;
	uint16_t n_budgets;
	const struct rule_budget *budgets;
	struct rule_when when;
	uint8_t digest; // of the policy; 0: another one with each version
	enum record_mode record;
	uint32_t idle_timeout_ms;
	bool no_rules;         // nobody may reach anything
	bool no_masks;         // no patterns, no columns, no catalog
	bool swapped;          // the resources stand in the other order
	bool without_resource; // "orders" is gone; its listener leads to "plain"
	uint16_t server_port;  // 0: the usual one
	uint16_t n_others;     // rules that are looked at first and speak of nobody here
};

// What all snapshots share: certificates, TLS contexts, compiled patterns. Once per process.
void policies_init(const char *library);
void policies_fini(void);
struct tls_client *policies_agent(const char *alpn); // TLS as the simulated client speaks it
struct tls_server *policies_database(void);          // and as the simulated server does

// Aborts when memory is short. Free with policy_free.
struct snapshot *policy_new(uint32_t version, const struct policy_options *options);
void policy_free(struct snapshot *snapshot);
