// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Who may log in: the configured issuers and their keys. Keys behind a URL are fetched by a thread
// of its own, so that an issuer that does not answer delays nobody else; they are cached, refreshed
// every hour, and on an unknown key id at most every 5 minutes; when a fetch fails the last good
// ones stay.
//
// Usage order: identity_new, identity_prepare and identity_commit with each configuration, any
// number of identity_verify, identity_free. One control thread.

#pragma once

#include "controlplane/config/config.h"
#include "controlplane/identity/jwt.h"
#include "controlplane/identity/local.h"

enum identity_time {
	IDENTITY_REFRESH_MIN = 300, // seconds between fetches for unknown key ids
	IDENTITY_REFRESH = 3600,    // seconds after which keys are fetched anyway
	IDENTITY_RETRY = 10,        // seconds between fetches before the first success
};

struct identity;
struct identity_set; // the issuers of one configuration

// Starts the thread. NULL when there is no memory or no thread. `curl_global_init` must have been
// called.
struct identity *identity_new(void) must_check;
// Ends the thread, cutting a fetch short. Accepts NULL.
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

// Ask for what is due: keys never fetched, or older than IDENTITY_REFRESH. Call about once a
// second.
void identity_tick(struct identity *identity, uint64_t now);

// How many fetches have ended, well or not, and how many of them badly.
uint64_t identity_fetches(struct identity *identity, uint64_t *failed);

// Mint a token with the local issuer. Out: *token, freed by the caller. Returns 0 or a negative
// result with `why`: -ENOENT when there is no local issuer, else as local_mint.
int identity_mint(
	struct identity *identity, const struct local_claims *claims, char **token,
	char why[static LOCAL_WHY]
) must_check;
