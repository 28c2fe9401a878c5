// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of Spanish-speaking America; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// Bank account number of Argentina (BCRA CBU): weights 7 1 3 9 and 3 9 7 1, modulus 10.
bool validator_ar_cbu(struct span text);
// Taxpayer number of Argentina (AFIP CUIT, CUIL): a kind, weights 5 4 3 2 7 6 5 4 3 2, modulus 11.
bool validator_ar_cuit(struct span text);
// National role of Chile (RUN, RUT): weights 2 to 7 from the right, modulus 11, K for 10.
bool validator_cl_rut(struct span text);
// Taxpayer number of Colombia (DIAN NIT): weights 3 7 13 17 and on from the right, modulus 11.
bool validator_co_nit(struct span text);
// Identity number of the Dominican Republic (JCE): Luhn.
bool validator_do_cedula(struct span text);
// Identity number of Ecuador (Registro Civil): a province, a third digit up to 6, Luhn.
bool validator_ec_cedula(struct span text);
// Taxpayer number of Ecuador (SRI RUC): a person's, a company's or an authority's.
bool validator_ec_ruc(struct span text);
// Bank account number of Mexico (CLABE): weights 3 7 1, modulus 10.
bool validator_mx_clabe(struct span text);
// Population registry key of Mexico (RENAPO CURP): date of birth, sex, state, modulus 10.
bool validator_mx_curp(struct span text);
// Taxpayer key of Mexico (SAT RFC): date of birth or foundation.
bool validator_mx_rfc(struct span text);
// Identity number of Peru with its check character (RENIEC CUI): weights 3 2 7 6 5 4 3 2, modulus
// 11, as a digit or a letter.
bool validator_pe_cui(struct span text);
// Taxpayer number of Peru (SUNAT RUC): a kind, weights 5 4 3 2 7 6 5 4 3 2, modulus 11.
bool validator_pe_ruc(struct span text);
// Identity number of Uruguay (DNIC): weights 2 9 8 7 6 3 4, modulus 10.
bool validator_uy_ci(struct span text);
// Taxpayer number of Uruguay (DGI RUT): weights 4 3 2 9 to 2, modulus 11.
bool validator_uy_rut(struct span text);
// Taxpayer number of Venezuela (SENIAT RIF): the kind's letter as 4, 8, 12, 16 or 20; weights 3 2 7
// 6 5 4 3 2, modulus 11.
bool validator_ve_rif(struct span text);
