// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validator.h"

#include "patterns/validate_finance.h"
#include "patterns/validate_secret.h"

// By name, one a line.
static const struct validator validators[] = {
	// clang-format off
	{"aba", validator_aba},
	{"base64", validator_base64},
	{"basic", validator_basic},
	{"bic", validator_bic},
	{"card", validator_card},
	{"cusip", validator_cusip},
	{"digit", validator_digit},
	{"discord", validator_discord},
	{"entropy", validator_entropy},
	{"figi", validator_figi},
	{"iban", validator_iban},
	{"isin", validator_isin},
	{"jwt", validator_jwt},
	{"lei", validator_lei},
	{"mixed", validator_mixed},
	{"mixed-letters", validator_mixed_letters},
	{"password", validator_password},
	{"same-sides", validator_same_sides},
	{"sedol", validator_sedol},
	{"ssn", validator_ssn},
	{"track", validator_track},
	// clang-format on
};

const struct validator *validator_find(const char *name)
{
	for (size_t i = 0; i < sizeof(validators) / sizeof(validators[0]); i++) {
		if (strcmp(validators[i].name, name) == 0)
			return &validators[i];
	}
	return NULL;
}
