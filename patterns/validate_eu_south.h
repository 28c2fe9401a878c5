// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of Italy, Spain, Portugal, Greece, Croatia and Slovenia; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// Company tax code (Orden EHA/451/2008): Luhn over the digits, as a digit or as a letter J to I.
bool validator_es_cif(struct span text);
// Foreigner's number (Ley 4/2000): X, Y and Z count 0, 1 and 2; then as es-nif.
bool validator_es_nie(struct span text);
// Identity number (Real Decreto 1553/2005): modulus 23 as a letter; K, L and M stand before seven
// digits.
bool validator_es_nif(struct span text);
// Social security number (Tesoreria General): the last two digits are the rest of the others modulo
// 97; a province in use.
bool validator_es_nss(struct span text);
// Tax number (AFM): weights 256 to 2, modulus 11, modulus 10.
bool validator_gr_afm(struct span text);
// Social security number (AMKA): date of birth, Luhn.
bool validator_gr_amka(struct span text);
// Personal identification number (OIB): ISO 7064 mod 11,10.
bool validator_hr_oib(struct span text);
// Tax code (Decreto ministeriale 23 dicembre 1976): day and month of birth, letters that stand for
// digits, the check letter.
bool validator_it_codice_fiscale(struct span text);
// VAT number (DPR 633/1972): Luhn; an office in use.
bool validator_it_partita_iva(struct span text);
// Document number of the citizen card (Portaria 202/2007): Luhn over digits and letters.
bool validator_pt_cc(struct span text);
// Tax number (Decreto-Lei 14/2013): weights 9 to 2, modulus 11; a first digit in use.
bool validator_pt_nif(struct span text);
// Unique master citizen number (EMSO, JMBG): date of birth, weights 7 to 2 twice, modulus 11.
bool validator_si_emso(struct span text);
