// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A token of this machine's identity in Entra ID, from whichever of three places Azure has for it:
// the metadata service of a VM (IMDS), the identity endpoint of App Service and Container Apps, or
// the token that AKS projects into a pod, exchanged at the tenant (workload identity).
// The environment says which, in the variables that Azure sets there.

#pragma once

#include "controlplane/http/http.h"
#include "dataplane/api/credential.h"

#include <time.h>

enum azure_source { AZURE_IMDS, AZURE_APP_SERVICE, AZURE_WORKLOAD };

struct azure_identity {
	enum azure_source source;
	char endpoint[512];   // URL; IMDS: of the host
	char header[512];     // AZURE_APP_SERVICE: the secret that its callers must show
	char token_file[256]; // AZURE_WORKLOAD
	char client_id[64];   // of a user-assigned identity; "": the machine's own
	char audience[256];   // whom the token is for: a resource's App ID URI
};

// Out: *out, from the environment. `client_id` "" takes what the environment names, if anything.
// Returns 0 or -EINVAL with `why`.
int azure_identity_find(
	const char *audience, const char *client_id, struct azure_identity *out,
	char why[static HTTP_WHY]
) must_check;

const char *azure_source_name(enum azure_source source);

// Ask for a token. Blocks. `now`: seconds since 1970. Out: *out, malloc'ed, given to
// credential_text_free; *retry_s, when it failed: how long to wait at least, 0: not said. Returns
// 0; -EAGAIN, it may work later (429, 5xx, 404 and 410 of IMDS, no connection); -EACCES, it will
// not until somebody changes something; both with `why`; -ENOMEM.
int azure_token(
	const struct azure_identity *identity, const bool *stop, uint64_t now,
	struct credential_text **out, uint32_t *retry_s, char why[static HTTP_WHY]
) must_check;

// Scrubs. Accepts NULL.
void credential_text_free(const struct credential_text *text);
