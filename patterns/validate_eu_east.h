// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of the east of Europe; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// Uniform civil number (Ordinance RD-02-20-9 of 2012): date of birth with 20 or 40 added to the
// month; weights 2 4 8 5 10 9 7 3 6, modulus 11.
bool validator_bg_egn(struct span text);
// Birth number of Czechia and Slovakia (Act 133/2000): date of birth with 50, 20 or 70 added to the
// month; 11 divides the ten digits. Nine digits until 1953, without a check.
bool validator_cz_rodne_cislo(struct span text);
// Social insurance number (Act LXXXIII of 1997): weights 3 and 7 in turn, modulus 10.
bool validator_hu_taj(struct span text);
// Tax identification number (Act XX of 1996): an 8; weights 1 to 9, modulus 11.
bool validator_hu_tax(struct span text);
// Tax number of a company or a person (NIP): weights 6 5 7 2 3 4 5 6 7, modulus 11.
bool validator_pl_nip(struct span text);
// PESEL: date of birth with the century in the month; weights 1 3 7 9, modulus 10.
bool validator_pl_pesel(struct span text);
// Statistical number REGON of 9 or 14 digits, modulus 11.
bool validator_pl_regon(struct span text);
// Personal numerical code (CNP): sex and century, date of birth; weights 2 7 9 1 4 6 3 5 8 2 7 9,
// modulus 11.
bool validator_ro_cnp(struct span text);
// Taxpayer number (INN) of 10 or 12 digits, modulus 11.
bool validator_ru_inn(struct span text);
// Insurance number (SNILS): weights 9 to 1, modulus 101; numbers up to 001-001-998 are not checked.
bool validator_ru_snils(struct span text);
// Taxpayer number (RNOKPP): weights -1 5 7 9 4 6 10 5 7, modulus 11, modulus 10.
bool validator_ua_rnokpp(struct span text);
