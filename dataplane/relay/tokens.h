// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Tokens that control has verified, so that another login with one of them needs no control plane.
//
// What is remembered is the whole question: this token, over a connection with this client
// certificate, for this resource. An answer is served again until the token expires, five minutes
// have passed, another policy is in force, or it is revoked; a refusal is never remembered. The
// subject goes back to control when neither a session nor the cache uses it any more.

#pragma once

#include "dataplane/api/event.h"
#include "dataplane/base/err.h"

enum tokens_limit { TOKENS_TTL_S = 300, TOKENS_PER_PASS = 64 };

struct tokens;

struct token_key {
	uint8_t token[32];       // SHA-256
	uint8_t certificate[32]; // SHA-256, or zeros (RFC 8705 3.1)
	struct node_id resource;
};

// An answer, kept while somebody holds it.
struct token;

struct tokens_now {
	uint64_t us;     // monotonic
	uint64_t wall_s; // since 1970
	uint32_t policy; // the version in force
};

// For `sessions` holders at once, and `idle` answers that nobody holds (0: none is served twice).
// NULL when memory is short. Free with tokens_free, which gives no subject back.
struct tokens *tokens_new(uint32_t sessions, uint32_t idle) must_check;
void tokens_free(struct tokens *tokens);

// The answer to `key`, held by the caller until token_drop; NULL: control must be asked.
struct token *tokens_get(
	struct tokens *tokens, const struct token_key *key, const struct tokens_now *now
) must_check;

// Control's answer to `key`, asked under the policy `now->policy`. Takes `subject`. The result is
// held by the caller until token_drop; never NULL while no more than `sessions` are held and
// tokens_may_ask is asked before control is.
struct token *tokens_add(
	struct tokens *tokens, const struct token_key *key, const struct subject *subject,
	const struct tokens_now *now
) must_check;
const struct subject *token_subject(const struct token *token);
// Accepts NULL.
void token_drop(struct tokens *tokens, struct token *token);

// False while subjects wait to go back: more must not come before.
bool tokens_may_ask(const struct tokens *tokens);

// Serve nothing any more of what matches; of whoever holds it nothing changes.
void tokens_revoke(struct tokens *tokens, enum revoke_kind kind, const struct node_id *node);
// Serve nothing any more, from now on.
void tokens_close(struct tokens *tokens);

// Give back what nobody uses, a bounded amount: `give` returns false when it must be asked again.
void tokens_settle(
	struct tokens *tokens, uint64_t now_us, bool (*give)(void *ctx, const struct subject *),
	void *ctx
);
// Subjects that are not back with control.
uint32_t tokens_count(const struct tokens *tokens);
