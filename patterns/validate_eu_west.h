// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of Germany, Austria, Switzerland, France, Ireland and the Benelux; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// Social insurance number (ASVG): weights 3 7 9 5 8 4 2 1 6 around the fourth digit, the check
// digit; then the day of birth, whose month counts on to 15 when a day's numbers are used up.
bool validator_at_svnr(struct span text);
// National register number (Royal Decree of 3 April 1984): 97 less the rest modulo 97, for those
// born since 2000 with a 2 before it; BIS numbers have 20 or 40 added to the month.
bool validator_be_nn(struct span text);
// AHV number (AHVN13): GS1 check digit.
bool validator_ch_ahv(struct span text);
// Document number of identity card and passport: with the tenth character, its check digit by ICAO
// Doc 9303; nine characters as they are.
bool validator_de_document(struct span text);
// Pension insurance number (VKVV): date of birth, weights 2 1 2 5 7 1 2 1 2 1 2 1 with the letter
// as two digits, the products' digits added, modulus 10.
bool validator_de_rente(struct span text);
// Tax identification number (BZSt): ISO 7064 mod 11,10; of the first ten digits exactly one occurs
// more than once, twice or three times.
bool validator_de_steuer_id(struct span text);
// Tax number (numero fiscal): the last three digits are the rest of the others modulo 511.
bool validator_fr_nif(struct span text);
// Social security number (INSEE NIR): sex, month and department in use; 97 less the rest modulo 97
// when the key is there.
bool validator_fr_nir(struct span text);
// Company number (INSEE): Luhn.
bool validator_fr_siren(struct span text);
// Establishment number (INSEE): Luhn over the company's and over all digits; those of La Poste have
// a digit sum that 5 divides.
bool validator_fr_siret(struct span text);
// Personal public service number (Revenue): weights 8 to 2, and 9 for a second letter A to I,
// modulus 23 as a letter.
bool validator_ie_pps(struct span text);
// National identification number (CTIE): date of birth; a Luhn and a Verhoeff digit over the same
// eleven.
bool validator_lu_nin(struct span text);
// Citizen service number (BSN): weights 9 to 2 and minus 1, modulus 11.
bool validator_nl_bsn(struct span text);
