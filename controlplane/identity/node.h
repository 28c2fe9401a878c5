// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The names by which somebody or something is revoked (dataplane/api/node.h). Each is over a word
// of its own, so that no subject's name can be taken for a resource's.

#pragma once

#include "dataplane/api/node.h"
#include "dataplane/base/span.h"

enum node_size { NODE_TEXT_SIZE = 33 };

// Whoever `issuer` (the policy's name for it) calls `key`. Also the node of a root.
struct node_id node_of_subject(const char *issuer, const char *key);
// A token, by its issuer's claim `iss` and its id (jti, uti); when it has none, `id` is its bytes.
struct node_id node_of_token(const char *iss, struct span id);
struct node_id node_of_resource(const char *name);
// Nobody revokes a rule: it stands for the name in the keys of budgets.
struct node_id node_of_rule(const char *name);

// 32 lower-case hex digits into `out`, which it returns.
const char *node_text(const struct node_id *id, char out[static NODE_TEXT_SIZE]);
// Exactly 32 lower-case hex digits. False, and *out untouched, for anything else.
bool node_parse(struct span text, struct node_id *out);
