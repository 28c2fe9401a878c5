// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of Canada; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// Personal health number of British Columbia: a 9; weights 2 4 8 5 10 9 7 3, modulus 11.
bool validator_ca_bc_phn(struct span text);
// Business number (CRA): Luhn over the first nine digits, a program's letters.
bool validator_ca_bn(struct span text);
// Health number of Ontario (MOH): ten digits with a Luhn digit, perhaps a version code.
bool validator_ca_ohip(struct span text);
// Health insurance number of Quebec (RAMQ): date of birth with 50 added to a woman's month.
bool validator_ca_ramq(struct span text);
// Social insurance number (Service Canada): Luhn.
bool validator_ca_sin(struct span text);
