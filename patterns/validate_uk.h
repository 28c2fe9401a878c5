// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of the United Kingdom; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// NHS number (NHS Data Dictionary): ten digits, weights 10 to 1, modulus 11; not one digit only.
bool validator_uk_nhs(struct span text);
// National insurance number (HMRC NIM39110): a prefix that is allocated.
bool validator_uk_nino(struct span text);
// Unique taxpayer reference (HMRC): the first of ten digits is the check digit, modulus 11.
bool validator_uk_utr(struct span text);
// Driver number (DVLA): surname padded with nines, date of birth in the odd order used, initials.
bool validator_uk_driving_licence(struct span text);
// VAT registration number (HMRC): 9 or 12 digits behind GB or XI or none, modulus 97 or 9755.
bool validator_uk_vat(struct span text);
