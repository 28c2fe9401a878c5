// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of Turkey, the Middle East and Africa; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// Emirates ID (ICP): 784, a year of birth, seven digits, Luhn.
bool validator_ae_emirates_id(struct span text);
// National ID of Egypt: century, date of birth, governorate. How its last digit is made is not
// published.
bool validator_eg_national_id(struct span text);
// Identity number of Israel (Population Registry): Luhn.
bool validator_il_teudat_zehut(struct span text);
// National ID and residence number of Saudi Arabia: a 1 or a 2, Luhn.
bool validator_sa_national_id(struct span text);
// Identity number (NVI): seven times the odd places less the even ones, and the sum of all.
bool validator_tr_tckn(struct span text);
// Identity number of South Africa (Act 68 of 1997): date of birth, citizenship, Luhn.
bool validator_za_id(struct span text);
