// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/admin.h"

#include <string.h>

static bool is_named(const struct config_names *names, const char *text)
{
	for (uint16_t i = 0; i < names->n; i++) {
		if (strcmp(names->list[i].text, text) == 0)
			return true;
	}
	return false;
}

static bool role_fits(const struct config_role *role, const struct subject *subject)
{
	if (!role->enabled || !is_named(&role->issuers, subject->issuer))
		return false;
	if (is_named(&role->subjects, subject->key))
		return true;
	for (uint16_t i = 0; i < subject->n_groups; i++) {
		if (is_named(&role->groups, subject->groups[i]))
			return true;
	}
	return false;
}

uint32_t admin_roles(const struct config_admin *config, const struct subject *subject)
{
	uint32_t roles = 0;

	// Whoever acts for somebody does so at the resources, not here.
	if (subject->n_links > 1)
		return 0;
	for (int i = 0; i < CONFIG_ROLE_COUNT; i++) {
		if (role_fits(&config->roles[i], subject))
			roles |= UINT32_C(1) << i;
	}
	if ((roles & 1 << CONFIG_ROLE_ADMIN) != 0)
		roles |= 1 << CONFIG_ROLE_AUDITOR;
	if (subject->n_links != 1 || subject->links[0].kind != SUBJECT_HUMAN)
		roles &= ~(UINT32_C(1) << CONFIG_ROLE_APPROVER);
	return roles;
}
