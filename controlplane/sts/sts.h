// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The token service (RFC 8693): whoever holds a token trades it for a child token, which names the
// one who is to act and may only be narrower. Without transport: the admin API has the listener
// and gives decoded parameters in.
//
//   POST /token                                   sts_exchange
//   GET  /jwks.json                               sts_jwks
//   GET  /.well-known/oauth-authorization-server  sts_metadata (RFC 8414)
//
// Usage order: sts_new, sts_configure with each configuration, sts_tick about once a second, any
// number of the others, sts_free. One control thread.

#pragma once

#include "controlplane/audit/audit.h"
#include "controlplane/identity/identity.h"
#include "controlplane/store/store.h"

#include <jansson.h>

enum sts_limit {
	STS_PARAMS_MAX = 64,         // of a request
	STS_DETAILS_MAX = 8192,      // bytes of authorization_details
	STS_RESOURCES_MAX = 64,      // in a token
	STS_ACTOR_MAX = 64,          // bytes of a child's plain name
	STS_RATE = 10,               // exchanges a second and subject...
	STS_BURST = 100,             // ...and at once
	STS_CHILDREN_ALL = 1 << 17,  // live children of all nodes together...
	STS_CHILDREN_ROOT = 1 << 14, // ...and of one root's tree: it leaves room for others
};

struct sts;

struct sts_config {
	struct store *store; // borrowed, as is the rest
	struct identity *identity;
	struct audit *audit;
	// Is any link of it on the revocation list? Out: `why`, for the audit.
	bool (*is_refused)(void *ctx, const struct subject *subject, char why[JWT_WHY]);
	void *ctx;
};

// A parameter of the form, decoded (application/x-www-form-urlencoded); may hold any byte.
struct sts_param {
	struct span name, value;
};

struct sts_request {
	const struct sts_param *params;
	size_t n_params;
	// SHA-256 of the certificate that the client has shown and proved to have in the TLS
	// handshake (RFC 8705), whoever issued it; NULL: none.
	const uint8_t *certificate;
	const char *client; // its address, for the audit
};

// Nothing is read or made yet: without a `token_service` there are no keys. Out: *out. Returns 0 or
// -ENOMEM.
int sts_new(const struct sts_config *config, struct sts **out) must_check;
// Accepts NULL.
void sts_free(struct sts *sts);

// From now on with this configuration, which is borrowed until the next call. With a
// `token_service` its keys are read, or made at the first time; while the store does not let that
// happen the service is off, the log says why, and sts_tick tries again.
void sts_configure(struct sts *sts, const struct config *config, uint64_t now);
// There is a `token_service`, and it has keys: without that every request gets 404.
bool sts_is_enabled(const struct sts *sts);

// Rotate the keys, forget what has expired.
void sts_tick(struct sts *sts, uint64_t now);

// POST /token. `now`: seconds since 1970. Out: *answer, a new reference, the JSON of the answer,
// which holds a token when *status is 200; *status, HTTP's: 200, 400, 404 (not enabled), 429 and
// 503, which both want `Retry-After: 1`: keys are being fetched, or store or audit log take
// nothing. Every answer wants `Cache-Control: no-store`. Returns 0 or -ENOMEM.
int sts_exchange(
	struct sts *sts, const struct sts_request *request, uint64_t now, json_t **answer,
	unsigned *status
) must_check;

// GET /jwks.json: the public keys, the next and the former ones too. And the metadata. New
// references; NULL when memory is short or it is not enabled.
json_t *sts_jwks(const struct sts *sts) must_check;
json_t *sts_metadata(const struct sts *sts) must_check;

struct sts_stats {
	uint64_t issued, refused;
	uint32_t children; // live
};
struct sts_stats sts_stats(const struct sts *sts);
