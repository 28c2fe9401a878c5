// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A token service with everything behind it, and a provider whose tokens the test signs.

#pragma once

#include "controlplane/sts/sts.h"
#include "tests/unit/control/recorder_scratch.h"
#include "tests/unit/control/token.h"

struct service {
	struct scratch folder;
	struct config *config;
	struct store *store;
	struct audit *audit;
	struct identity *identity;
	struct sts *sts;
	struct node_id revoked; // a subject that is; none at first
};

static const uint64_t service_now = 1700000000;

// `keys`: of `token_service:` behind its issuer, "" or ", ttl: 1m". Provider `test` has issuer
// https://issuer and audience gw; resources are orders and ledger. The test fails when it cannot be
// made.
void service_make(struct service *s, const char *keys);
void service_fini(struct service *s);
// Read another configuration, as a reload does.
void service_reload(struct service *s, const char *issuers, const char *keys);

// A token of the provider: `claims` behind iss, aud and exp (an hour), "\"sub\":\"ann\"". Freed by
// the caller.
char *service_root(const char *claims);

// One exchange. `form`: name, value... NULL; grant_type and the types are added. Out: the token,
// freed by the caller, or NULL; and the answer's `error`, or "".
struct answer {
	unsigned status;
	char *token;
	char error[64], text[200];
	json_t *json; // of the whole answer
};
struct answer service_trade(
	struct service *s, uint64_t now, const uint8_t *certificate, const char *token, ...
) __attribute__((sentinel));
void answer_fini(struct answer *a);

// What a login with it comes to. NULL, with `why`, when it is refused.
struct subject *service_login(
	struct service *s, const char *token, const uint8_t *certificate, uint64_t now,
	char why[static JWT_WHY]
);

// The claims of a token, unverified. A new reference.
json_t *service_claims(const char *token);
// The last line of the audit log. A new reference.
json_t *service_audited(struct service *s);
