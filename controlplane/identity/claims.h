// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// From a verified token's claims to its subject: what every token must say (RFC 7519), and then
// who it is about, by the issuer's profile.

#pragma once

#include "controlplane/config/config.h"
#include "controlplane/identity/subject.h"

struct arena;
struct json_t;

// What the header says that the token is (RFC 8725 3.11, RFC 9068 2.1).
enum jwt_typ { JWT_TYP_NONE, JWT_TYP_JWT, JWT_TYP_AT };

// One token on its way. Profiles fill the draft's links, with texts that live as long as the claims
// or the arena.
struct reading {
	const struct json_t *claims;
	const struct config_issuer *issuer;
	const char *iss; // as the token spells it
	enum jwt_typ typ;
	struct span id; // what the token is called by: jti, uti, or what is signed of it
	struct arena *arena;
	struct subject_draft draft;
	const char *groups[SUBJECT_GROUPS_MAX];
	char *why; // SUBJECT_WHY bytes
};

// One profile: what is asked of its tokens beyond, and who they are about. Both return 0, ERR_AUTH
// with `why`, or -ENOMEM.
struct profile {
	int (*check)(struct reading *r);
	int (*fill)(struct reading *r); // links, but for groups
};
extern const struct profile profile_generic, profile_rfc9068, profile_entra;

// The claims of `token` alone, as if verified. `token` may be empty when the claims have a jti.
// `now`: seconds since 1970. Out: *out, freed by subject_free. Returns 0; ERR_AUTH, `why` says what
// is wrong; -ENOMEM.
int claims_subject(
	const struct json_t *claims, const struct config_issuer *issuer, enum jwt_typ typ,
	struct span token, uint64_t now, struct subject **out, char why[static SUBJECT_WHY]
) must_check;

// What a token is called by: its jti, its uti, or what is signed of it. Lives as long as both.
struct span claims_id(const struct json_t *claims, struct span token);

// ---- for profiles

// Sets `why`; always ERR_AUTH.
int claims_refuse(struct reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
// A claim that is text; NULL when it is absent or something else.
const char *claims_text(const struct reading *r, const char *name);
// True when there is any such claim.
bool claims_have(const struct reading *r, const char *name);
// The nonce of a login, or hashes over what came with it: no access token has them (OpenID Connect
// Core 3.1.3.6, 3.3.2.11).
bool claims_are_id_token(const struct reading *r);

// The root's link, without its kind.
int claims_add_root(struct reading *r, const char *key, const char *name) must_check;
// The next link, made by the same token.
int claims_add_actor(struct reading *r, const char *key, const char *name, enum subject_kind kind)
	must_check;
