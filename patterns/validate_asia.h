// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of East and Southeast Asia; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// Resident identity number of China (GB 11643): province, date of birth, ISO 7064 mod 11-2.
bool validator_cn_resident_id(struct span text);
// Unified social credit code of China (GB 32100): powers of 3, modulus 31.
bool validator_cn_uscc(struct span text);
// Identity card number of Hong Kong: letters as 10 on, a missing one as 36; weights 9 to 1,
// modulus 11.
bool validator_hk_hkid(struct span text);
// Population number of Indonesia (NIK): province, date of birth with 40 added to a woman's day.
bool validator_id_nik(struct span text);
// Corporate number of Japan: weights 1 and 2, modulus 9, the check digit first.
bool validator_jp_corporate_number(struct span text);
// Individual number of Japan (My Number; Ordinance 85 of 2014, article 5): weights 6 to 2 and 7 to
// 2, modulus 11.
bool validator_jp_my_number(struct span text);
// Business registration number of Korea (NTS): weights 1 3 7 1 3 7 1 3 5, modulus 10.
bool validator_kr_brn(struct span text);
// Resident registration number of Korea: date of birth and century; weights 2 to 9 and 2 to 5,
// modulus 11, for those born before October 2020. Later ones are random behind the seventh digit.
bool validator_kr_rrn(struct span text);
// Identity card number of Malaysia (MyKad): date and place of birth.
bool validator_my_nric(struct span text);
// Identity card number of Pakistan (NADRA): province and sex.
bool validator_pk_cnic(struct span text);
// NRIC number and FIN of Singapore: weights 2 7 6 5 4 3 2, modulus 11 as a letter of the series.
bool validator_sg_nric(struct span text);
// Unique entity number of Singapore (ACRA) in its three forms.
bool validator_sg_uen(struct span text);
// Identification number of Thailand: begins with 1 to 8, weights 13 to 2, modulus 11.
bool validator_th_id(struct span text);
// Identity card number of Taiwan and of residents: the letter as two digits, weights 1 9 8 to 1.
bool validator_tw_id(struct span text);
// Citizen's number of Vietnam (Decree 137/2015): a province.
bool validator_vn_cccd(struct span text);
