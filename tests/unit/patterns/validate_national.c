// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Numbers that python3-stdnum does not know, by the examples their issuers publish; for the others
// see checksums.py.

#include "patterns/validate_asia.h"
#include "patterns/validate_canada.h"
#include "patterns/validate_eu_east.h"
#include "patterns/validate_eu_south.h"
#include "patterns/validate_eu_west.h"
#include "patterns/validate_mideast.h"
#include "patterns/validate_oceania_india.h"
#include "patterns/validate_uk.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ACCEPTS(name, text) assert_true(validator_##name(SPAN_LIT(text)))
#define REFUSES(name, text) assert_false(validator_##name(SPAN_LIT(text)))

static void united_kingdom(void **)
{
	ACCEPTS(uk_nino, "AA123456A");
	ACCEPTS(uk_nino, "ab123456c");
	REFUSES(uk_nino, "BG123456A");
	REFUSES(uk_nino, "tn123456a");
	REFUSES(uk_nino, "A");
	ACCEPTS(uk_driving_licence, "MORGA657054SM9IJ");
	ACCEPTS(uk_driving_licence, "FOX99802290A99AA");
	REFUSES(uk_driving_licence, "MORGA663054SM9IJ"); // month 13
	REFUSES(uk_driving_licence, "MORGA657324SM9IJ"); // day 32
	REFUSES(uk_driving_licence, "MO9GA657054SM9IJ");
	REFUSES(uk_driving_licence, "MORGA6570549M9IJ"); // a second initial without a first
	REFUSES(uk_driving_licence, "99999657054SM9IJ");
	REFUSES(uk_vat, "000000000");
	REFUSES(uk_utr, "0000000000");
	REFUSES(uk_utr, "");
}

static void germany(void **)
{
	ACCEPTS(de_rente, "15070649C103");
	ACCEPTS(de_rente, "65 170839 J 003");
	REFUSES(de_rente, "15070649C104");
	REFUSES(de_rente, "15071349C103");
	REFUSES(de_rente, "150706491103");
	ACCEPTS(de_document, "T220001293");
	ACCEPTS(de_document, "T220001293D");
	ACCEPTS(de_document, "T22000129");
	REFUSES(de_document, "T220001294");
	REFUSES(de_document, "T220001293F");
}

static void france(void **)
{
	ACCEPTS(fr_nif, "30 23 217 600 053");
	REFUSES(fr_nif, "30 23 217 600 054");
	REFUSES(fr_nif, "4023217600053");
	REFUSES(fr_nif, "0000000000000");
	ACCEPTS(fr_nir, "2550814168025");
	REFUSES(fr_nir, "2551414168025"); // month 14
	REFUSES(fr_nir, "25508141680");
}

static void south_and_east(void **)
{
	ACCEPTS(es_nss, "28/12345678/40");
	ACCEPTS(es_nss, "080123456774"); // the number has a zero in front
	REFUSES(es_nss, "28/12345678/41");
	REFUSES(es_nss, "54/12345678/12");
	ACCEPTS(hu_taj, "111 111 110");
	REFUSES(hu_taj, "111 111 111");
	ACCEPTS(hu_tax, "8071592153");
	REFUSES(hu_tax, "8071592154");
	REFUSES(hu_tax, "7071592153");
	ACCEPTS(ru_snils, "112-233-445 95");
	ACCEPTS(ru_snils, "087-654-303 00"); // a sum of 101 less
	REFUSES(ru_snils, "112-233-445 96");
	ACCEPTS(eg_national_id, "29001011234567");
	REFUSES(eg_national_id, "29001321234567");
	REFUSES(eg_national_id, "29001010534567"); // no such governorate
	REFUSES(eg_national_id, "19001011234567");
}

static void oceania_and_india(void **)
{
	ACCEPTS(nz_nhi, "ZZZ0016");
	ACCEPTS(nz_nhi, "ABC1235");
	ACCEPTS(nz_nhi, "ZZZ00AX");
	ACCEPTS(nz_nhi, "ALU18KZ");
	REFUSES(nz_nhi, "ZZZ0017");
	REFUSES(nz_nhi, "ZZI0016");
	REFUSES(nz_nhi, "ZZZ00AY");
	ACCEPTS(in_vehicle, "KA01AB1234");
	ACCEPTS(in_vehicle, "22BH1234AA");
	REFUSES(in_vehicle, "XX01AB1234");
	REFUSES(in_vehicle, "22BX1234AA");
	REFUSES(in_vehicle, "");
}

static void asia(void **)
{
	ACCEPTS(sg_nric, "S1234567D");
	ACCEPTS(sg_nric, "T1234567J");
	ACCEPTS(sg_nric, "F1234567N");
	ACCEPTS(sg_nric, "G1234567X");
	ACCEPTS(sg_nric, "M1234567K");
	REFUSES(sg_nric, "S1234567E");
	REFUSES(sg_nric, "A1234567D");
	ACCEPTS(hk_hkid, "A123456(3)");
	ACCEPTS(hk_hkid, "AB987654(3)");
	ACCEPTS(hk_hkid, "C123456(9)");
	REFUSES(hk_hkid, "A123456(4)");
	REFUSES(hk_hkid, "A12345");
	ACCEPTS(tw_id, "A123456789");
	ACCEPTS(tw_id, "A800000014");
	ACCEPTS(tw_id, "AC01234567");
	REFUSES(tw_id, "A123456788");
	REFUSES(tw_id, "A323456789");
	ACCEPTS(id_nik, "3171016502900001");
	REFUSES(id_nik, "3171013202900001");
	REFUSES(id_nik, "2071010102900001"); // no such province
	REFUSES(id_nik, "3171010102900000");
	ACCEPTS(vn_cccd, "001090012345");
	ACCEPTS(vn_cccd, "079303000123");
	REFUSES(vn_cccd, "003090012345");
	REFUSES(vn_cccd, "179303000123");
	REFUSES(kr_rrn, "901301-1234567");
	ACCEPTS(kr_rrn, "210101-3000000"); // random behind the seventh digit
}

static void canada(void **)
{
	ACCEPTS(ca_ramq, "TREM 8251 1234"); // the 12th of January
	REFUSES(ca_ramq, "TREM 8263 1234");
	REFUSES(ca_ramq, "TRE8 8251 1234");
	ACCEPTS(ca_ohip, "9876-543-217-ML");
	REFUSES(ca_ohip, "9876-543-218-ML");
	REFUSES(ca_ohip, "9876-543-217-M");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(united_kingdom),
		cmocka_unit_test(germany),
		cmocka_unit_test(france),
		cmocka_unit_test(south_and_east),
		cmocka_unit_test(oceania_and_india),
		cmocka_unit_test(asia),
		cmocka_unit_test(canada),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
