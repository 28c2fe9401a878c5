// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The claims of a child token, written and read here and nowhere else:
//
//   iss aud iat nbf exp jti   the service's
//   sub                       the root's key
//   client_id                 the actor's key (RFC 9068 2.2)
//   act                       the chain as RFC 8693 4.1 has it: the actor outermost
//   scope                     the effects, for whoever looks
//   cnf                       x5t#S256 of the certificate that it is bound to (RFC 8705)
//   bulkhead                  what the gateway itself goes by:
//     v                       1; a reader that does not know it refuses
//     links                   root first: issuer, iss, key, name, kind, groups; node and token of
//     all
//                             but the last, whose token is this one
//     scope                   resources (absent: any), effects, hold, depth,
//                             budgets: metric, limit, window, node (absent: this token's)

#pragma once

#include "controlplane/config/config.h"
#include "controlplane/identity/subject.h"

#include <jansson.h>

enum chain_version { CHAIN_VERSION = 1 };

// The claim `iss` of the issuer that the policy calls `name`; NULL when there is none any more.
typedef const char *chain_issuer_fn(void *ctx, const char *name);

struct chain_service {
	const struct config_token_service *config;
	chain_issuer_fn *issuer; // of providers: the service knows its own
	void *ctx;
};

struct chain_child {
	const struct subject_draft *draft;
	const char *jti;
	uint64_t now;
	const uint8_t *certificate; // SHA-256; NULL: bound to none
};

// The child's token, as a link's: of the service's `iss` and `jti`.
struct node_id chain_token(const struct config_token_service *service, const char *jti);

// The claims of a child. A new reference; NULL when memory is short, or a text is no UTF-8 or of an
// issuer that there is none of.
json_t *chain_claims(const struct chain_service *service, const struct chain_child *child)
	must_check;

// The subject of a token's verified claims. Whoever a link of it is of must still be an issuer, and
// the same one. `token`: the whole of it. Out: *out, freed by subject_free. Returns 0; ERR_AUTH
// with `why`; -ENOMEM.
int chain_subject(
	const struct chain_service *service, const json_t *claims, struct span token, uint64_t now,
	struct subject **out, char why[static SUBJECT_WHY]
) must_check;
