// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of the Nordic and the Baltic countries; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// Personal identification number (CPR): the date of birth, whose century the seventh digit tells.
// There is no check digit since 2007.
bool validator_dk_cpr(struct span text);
// Personal code of Estonia and Lithuania: date of birth, weights 1 to 9 and 1, then 3 on, modulus
// 11. Lithuanian codes that begin with 9 hold no date.
bool validator_ee_isikukood(struct span text);
bool validator_lt_asmens_kodas(struct span text);
// Personal identity code (Finnish Act 661/2009): date of birth, sign of the century (also those of
// 2023), modulus 31.
bool validator_fi_hetu(struct span text);
// Kennitala (Registers Iceland): date of birth, or of registration with 40 added to the day;
// weights 3 2 7 6 5 4 3 2, modulus 11; the century.
bool validator_is_kennitala(struct span text);
// Personal code of Latvia: date of birth, or 32 to 39 and no date; weights 10 5 8 4 2 1 6 3 7 9.
bool validator_lv_personas_kods(struct span text);
// Birth number and D number (Skatteetaten): date of birth, two check digits modulus 11.
bool validator_no_fodselsnummer(struct span text);
// Personal and coordination number (SKV 704, 707): date of birth, Luhn over the last ten digits.
bool validator_se_personnummer(struct span text);
