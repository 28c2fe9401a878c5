// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of Brazil; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// Driver's licence registry number (CNH; Resolucao CONTRAN 886/2021): weights 9 to 1 and 1 to 9,
// modulus 11; where the first leaves 10 the second loses 2.
bool validator_br_cnh(struct span text);
// Company number (CNPJ; Instrucao Normativa RFB 2229/2024): digits and, since 2026, letters as
// their ASCII code less 48; weights 2 to 9 from the right, modulus 11, twice.
bool validator_br_cnpj(struct span text);
// Health card number (CNS; Portaria MS 940/2011): begins with 1, 2, 7, 8 or 9; weights 15 to 1,
// modulus 11.
bool validator_br_cns(struct span text);
// Taxpayer number (CPF; Instrucao Normativa RFB 2172/2024): weights 10 to 2 and 11 to 2,
// modulus 11.
bool validator_br_cpf(struct span text);
// Worker's number (PIS, PASEP, NIT): weights 3 2 9 to 2, modulus 11.
bool validator_br_pis(struct span text);
// Vehicle registry number (RENAVAM; Portaria DENATRAN 27/2013): weights 3 2 9 to 2, modulus 11.
bool validator_br_renavam(struct span text);
// Voter's number (titulo eleitoral; Resolucao TSE 23.659/2021): a state; weights 2 to 9 and 7 to 9,
// modulus 11, of which Sao Paulo and Minas Gerais write 1 for 0.
bool validator_br_titulo_eleitoral(struct span text);
