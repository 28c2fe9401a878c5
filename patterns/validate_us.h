// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of identifiers the United States issue, health's included; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// A taxpayer number for adoptions (IRS): 9xx-93-xxxx.
bool validator_atin(struct span text);
// DEA registration (21 CFR 1301; DEA's own rule): the last digit of the sum of the first, third and
// fifth digit and twice the others is the seventh.
bool validator_dea(struct span text);
// Employer identification number: a prefix the IRS has given to a campus.
bool validator_ein(struct span text);
// Individual taxpayer number (IRS): 9xx, then 50 to 65, 70 to 88, 90 to 92 or 94 to 99.
bool validator_itin(struct span text);
// LOINC code: the digit behind the dash by Luhn.
bool validator_loinc(struct span text);
// National provider identifier (45 CFR 162.406): Luhn over 80840 and the ten digits.
bool validator_npi(struct span text);
// SNOMED CT identifier (release file specification 6): a partition in use, Verhoeff's digit.
bool validator_snomed(struct span text);
// FDA unique ingredient identifier: the sum of the first nine modulo 36 is the tenth.
bool validator_unii(struct span text);
