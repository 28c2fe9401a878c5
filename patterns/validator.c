// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validator.h"

static const struct validator validators[] = {
	{"card", validator_card},
	{"iban", validator_iban},
	{"ssn", validator_ssn},
	{"jwt", validator_jwt},
	{"base64", validator_base64},
	{"entropy", validator_entropy},
	{"same-sides", validator_same_sides},
};

const struct validator *validator_find(const char *name)
{
	for (size_t i = 0; i < sizeof(validators) / sizeof(validators[0]); i++) {
		if (strcmp(validators[i].name, name) == 0)
			return &validators[i];
	}
	return NULL;
}
