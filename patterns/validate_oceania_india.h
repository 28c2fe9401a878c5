// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of Australia, New Zealand and India; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// Australian business number (ABR): weights 10 1 3 5 to 19 with 1 taken from the first digit,
// modulus 89.
bool validator_au_abn(struct span text);
// Australian company number (ASIC): weights 8 to 1, modulus 10.
bool validator_au_acn(struct span text);
// Medicare card number (Services Australia): 2 to 6, weights 1 3 7 9, modulus 10, an issue number.
bool validator_au_medicare(struct span text);
// Tax file number (ATO): nine digits, weights 1 4 3 7 5 8 6 9 10, modulus 11.
bool validator_au_tfn(struct span text);
// Inland Revenue number (IRD): 10 to 150 million; weights 3 2 7 6 5 4 3 2, or 7 4 3 2 5 2 7 6 where
// they leave 10, modulus 11.
bool validator_nz_ird(struct span text);
// National health index number (HISO 10046): weights 7 to 2; modulus 11 as a digit, or in numbers
// of the new form modulus 24 or 23 as a letter.
bool validator_nz_nhi(struct span text);
// Aadhaar number (UIDAI): Verhoeff digit; begins with 2 to 9 and is no palindrome.
bool validator_in_aadhaar(struct span text);
// Voter's number (EPIC): Luhn over the seven digits.
bool validator_in_epic(struct span text);
// Goods and services tax number (GSTN): a state, a PAN, a check character by Luhn over 36 values.
bool validator_in_gstin(struct span text);
// Permanent account number (Income Tax Department): the kind of holder in the fourth letter, a
// serial number that is not 0000.
bool validator_in_pan(struct span text);
// Vehicle registration (Motor Vehicles Act section 41): a state's letters, or the Bharat series.
bool validator_in_vehicle(struct span text);
