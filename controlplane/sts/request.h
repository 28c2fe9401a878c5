// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The form of a token exchange (RFC 8693 2.1), from whoever reaches the listener: taken apart and
// bounded; nothing of it is proven yet.

#pragma once

#include "controlplane/sts/sts.h"

// What a request gets that is refused (RFC 6749 5.2).
struct exchange_error {
	const char *code; // static
	char text[160];
};

struct exchange_budget {
	enum budget_metric metric;
	uint32_t window_s;
	uint64_t limit;
};

// What the child is to be had for. What is not asked for is as the parent has it.
struct exchange_ask {
	bool has_resources, has_effects, has_depth;
	uint16_t n_resources;
	char resources[STS_RESOURCES_MAX][SNAPSHOT_NAME_MAX];
	uint32_t effects; // enum effect
	uint32_t hold;    // added to the parent's
	uint16_t depth;
	uint16_t n_budgets;
	struct exchange_budget budgets[SUBJECT_BUDGETS_MAX];
	uint32_t ttl_s; // 0: the default
};

struct exchange {
	struct span subject_token;     // borrowed from the form
	struct span actor_token;       // the child's own token, or empty:
	char actor[STS_ACTOR_MAX + 1]; // it is called so
	struct exchange_ask ask;
	bool has_certificate; // the child is to be bound to this one
	uint8_t certificate[32];
};

// Read the form. `audience`: the service's own, which narrows nothing. Returns 0; ERR_MALFORMED
// with *error; -ENOMEM.
int exchange_parse(
	const struct sts_param *params, size_t n_params, const char *audience, struct exchange *out,
	struct exchange_error *error
) must_check;

// ---- for its parts

// Sets *error; always ERR_MALFORMED.
int exchange_refuse(struct exchange_error *error, const char *code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
// authorization_details (RFC 9396): one object of type "bulkhead".
int exchange_details(struct span json, struct exchange *out, struct exchange_error *error)
	must_check;
// A resource's name, or urn:bulkhead:resource:NAME.
int exchange_add_resource(struct span name, struct exchange_ask *ask, struct exchange_error *error)
	must_check;
