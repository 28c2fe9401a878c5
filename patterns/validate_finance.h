// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of banks and securities; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// ABA routing number (ANSI X9.100-160): a prefix in use, weights 3 7 1.
bool validator_aba(struct span text);
// BIC (ISO 9362): the country in places 5 and 6.
bool validator_bic(struct span text);
// CUSIP (ANSI X9.6): modulus 10 double add double.
bool validator_cusip(struct span text);
// FIGI (OMG FIGI 1.0, section 6): the prefix is none that an ISIN may begin with, modulus 10.
bool validator_figi(struct span text);
// ISIN (ISO 6166): country or substitute prefix, Luhn digit over letters written as two digits.
bool validator_isin(struct span text);
// LEI (ISO 17442): MOD 97-10 of 1.
bool validator_lei(struct span text);
// SEDOL (London Stock Exchange SEDOL Masterfile): weights 1 3 1 7 3 9 1; a number that begins with
// a digit has no letters.
bool validator_sedol(struct span text);
// Magnetic stripe, track 1 or 2 (ISO/IEC 7813): the account number is a card's, the expiry a month.
bool validator_track(struct span text);
