// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The parts of the file. Each function reads its part into the configuration and adds what is wrong
// to the reader's errors; config_cross_check then looks at what the parts say about each other.

#pragma once

#include "controlplane/config/read.h"

void section_gateway(struct reader *r, const struct node *node, struct config_gateway *out);
// The value of `ports:`.
void section_ports(struct reader *r, const struct node *node, struct config_gateway *out);
void section_issuers(struct reader *r, const struct node *node, struct config *config);
void section_token_service(
	struct reader *r, const struct node *node, struct config_token_service *out
);
// Its defaults hold without the section, too.
void section_admin_defaults(struct config_admin *out);
void section_admin(struct reader *r, const struct node *node, struct config_admin *out);
// The value of `https:`.
void section_https(struct reader *r, const struct node *node, struct config_https *out);
void section_resources(struct reader *r, const struct node *node, struct config *config);
void section_listeners(struct reader *r, const struct node *node, struct config *config);
void section_rules(struct reader *r, const struct node *node, struct config *config);

// `subjects:`, `from:`, `when:`, `approval:`, `access:` and `budget:` of a rule.
void section_subjects(struct reader *r, const struct node *node, struct config_rule *out);
void section_from(struct reader *r, const struct node *node, struct config_rule *out);
void section_when(struct reader *r, const struct node *node, struct rule_when *out);
void section_approval(struct reader *r, const struct node *node, struct config_approval *out);
void section_access(struct reader *r, const struct node *node, struct config_access *out);
void section_budget(struct reader *r, const struct node *node, struct config_rule *out);

// Is `inner` inside one of the `n` networks `outer`?
bool section_networks_cover(
	const struct rule_network *outer, uint16_t n, const struct rule_network *inner
);

// One item of `mask:`. False when it is wrong.
bool section_mask(struct reader *r, const struct node *node, struct config_mask *out);

// {file: ...} or {env: ...}. `what`: "password". False, and the outputs untouched, when it is
// wrong.
bool section_secret(
	struct reader *r, const struct node *node, const char *what, enum config_secret *kind,
	char name[static CONFIG_PATH_MAX]
);
void section_notifications(struct reader *r, const struct node *node, struct config *config);

// References, duplicates, contradictions. Fills the indices (resource_index, resource_bits).
void config_cross_check(struct reader *r, struct config *config);
// Rules that cannot match, and names of `subjects` and `resources` that mean nothing.
void config_check_rules(struct reader *r, const struct config *config);

enum section_limit {
	CONFIG_LISTENERS_MAX = 256,
	CONFIG_NAMES_MAX = 256, // in one list of a rule
};
