// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Who may log in: the configured issuers and their keys. Keys behind a URL are fetched by threads
// of their own, so that an issuer that does not answer delays nobody else. When they are fetched,
// and how long the last good ones stay, is source.h's.
//
// Usage order: identity_new, identity_prepare and identity_commit with each configuration, any
// number of identity_verify, identity_free. One control thread.

#pragma once

#include "controlplane/config/config.h"
#include "controlplane/identity/fetch.h"
#include "controlplane/identity/jwt.h"
#include "controlplane/identity/local.h"

// As many issuers may not answer before the keys of another one wait for them.
enum identity_limit { IDENTITY_THREADS = 4 };

struct identity;
struct identity_set; // the issuers of one configuration

// Starts the threads. NULL when there is no memory or not as many threads. `curl_global_init` must
// have been called.
struct identity *identity_new(void) must_check;
// Ends the threads, cutting their fetches short. Accepts NULL.
void identity_free(struct identity *identity);

// Read what a configuration's issuers need: key files, the key pairs of local issuers. Nothing
// changes yet. Out: *out, for identity_commit or identity_set_free. Returns 0; ERR_CONFIG, *errors
// says where and what; -ENOMEM.
int identity_prepare(
	const struct config *config, struct identity_set **out, struct config_errors *errors
) must_check;
void identity_set_free(struct identity_set *set);
// From now on these issuers, and no others. Fetched keys of issuers that stay the same are kept,
// and the times of their fetches. Takes `set`.
void identity_commit(struct identity *identity, struct identity_set *set);

// From now on tokens of the gateway's own token service are verified too, with `keys`, of which a
// reference is taken; NULL, both: no more. `service` is copied.
void identity_set_service(
	struct identity *identity, const struct config_token_service *service, struct keyset *keys
);

// Verify a token. `certificate`: SHA-256 of the certificate that its bearer has proved to have, for
// tokens that are bound to one; NULL or zeros: none. `now`: seconds since 1970. Out: *out, freed by
// subject_free. Returns 0; ERR_AUTH, refused with `why`; -EAGAIN, the issuer's keys are being
// fetched: ask again when identity_fetches has changed; -ENOMEM.
int identity_verify(
	struct identity *identity, struct span token, const uint8_t *certificate, uint64_t now,
	struct subject **out, char why[static JWT_WHY]
) must_check;

// Ask for the keys that are due, and drop those that are too old. Call about once a second.
void identity_tick(struct identity *identity, uint64_t now);

// How it stands with an issuer's keys.
struct identity_state {
	char name[SNAPSHOT_NAME_MAX];
	bool remote;      // they are fetched
	size_t keys;      // 0: nobody gets in with its tokens
	uint64_t good_at; // remote: when these were asked for, seconds since 1970
	uint64_t fetches, failed;
	uint64_t unknown;      // tokens with a key id that was not there
	char error[FETCH_WHY]; // of the last fetch; "": it went well
};
// Of the issuer `i` of the configuration. False when there are not as many.
bool identity_state(struct identity *identity, uint16_t i, struct identity_state *out);

// How many fetches have ended, well or not, and how many of them badly.
uint64_t identity_fetches(struct identity *identity, uint64_t *failed);

// Mint a token with the local issuer. Out: *token, freed by the caller. Returns 0 or a negative
// result with `why`: -ENOENT when there is no local issuer, else as local_mint.
int identity_mint(
	struct identity *identity, const struct local_claims *claims, char **token,
	char why[static LOCAL_WHY]
) must_check;
