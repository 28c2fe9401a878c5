// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validator.h"

#include "patterns/validate_crypto.h"
#include "patterns/validate_date.h"
#include "patterns/validate_device.h"
#include "patterns/validate_finance.h"
#include "patterns/validate_secret.h"
#include "patterns/validate_us.h"

// cmocka.h wants these first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ACCEPTS(name, text) assert_true(validator_##name(SPAN_LIT(text)))
#define REFUSES(name, text) assert_false(validator_##name(SPAN_LIT(text)))

static void cards(void **)
{
	ACCEPTS(card, "4111111111111111");
	ACCEPTS(card, "4111-1111-1111-1111");
	ACCEPTS(card, "5105105105105100");
	ACCEPTS(card, "3530111333300000");
	ACCEPTS(card, "6759649826438453");
	REFUSES(card, "4111111111111112");
	REFUSES(card, "4111-1111 1111-1111");
	REFUSES(card, "4-111-1111-1111-1111"); // a group of one
	REFUSES(card, "41111111111111");       // no Visa has 14
	REFUSES(card, "0000000000000000");
	REFUSES(card, "41111111111111111111"); // 20 digits
	REFUSES(card, "");
}

static void ibans(void **)
{
	ACCEPTS(iban, "DE89370400440532013000");
	ACCEPTS(iban, "de89 3704 0044 0532 0130 00");
	ACCEPTS(iban, "SE45 5000 0000 0583 9825 7466");
	REFUSES(iban, "DE8937 0400 4405 3201 3000");
	REFUSES(iban, "DE89 370400440532013000");
	REFUSES(iban, "DE89370400440532013001");
	REFUSES(iban, "ZZ89370400440532013000");
	REFUSES(iban, "DE89370400440532013000370400440532013");
	REFUSES(iban, "DE89");
	REFUSES(iban, "");
}

static void ssns(void **)
{
	ACCEPTS(ssn, "123-45-6789");
	ACCEPTS(ssn, "899 99 9999");
	REFUSES(ssn, "666-45-6789");
	REFUSES(ssn, "219-09-9999");
	REFUSES(ssn, "123-45-67890");
	REFUSES(ssn, "123-45 6789");
}

static void jwts(void **)
{
	ACCEPTS(jwt, "eyJhbGciOiJub25lIn0.x");                          // {"alg":"none"}
	ACCEPTS(jwt, "eyAidHlwIiA6ICJKV1QiLCAiYWxnIiA6ICJub25lIiB9.x"); // with spaces
	REFUSES(jwt, "eyJhbGciOiJub25lIn0");
	REFUSES(jwt, "eyJ0eXAiOiJhbGcifQ.x"); // {"typ":"alg"}
	REFUSES(jwt, "WyJhbGciXQ.x");         // ["alg"]
	REFUSES(jwt, ".");
}

static void base64s(void **)
{
	ACCEPTS(base64, "QUJD");
	ACCEPTS(base64, "QUI=");
	ACCEPTS(base64, "QQ==");
	REFUSES(base64, "QR=="); // bits behind the last byte
	REFUSES(base64, "QUJ=");
	REFUSES(base64, "Q===");
	REFUSES(base64, "QUJ");
	REFUSES(base64, "QU-D");
	REFUSES(base64, "====");
	REFUSES(base64, "");
}

static void entropies(void **)
{
	ACCEPTS(entropy, "a1b2c3d4e5f6");
	REFUSES(entropy, "aaaaaaaaaaaaaaaaaaa1");
	REFUSES(entropy, "authentication-required");
	REFUSES(entropy, "01234567890123456789");
	REFUSES(entropy, "");
}

static void tracks(void **)
{
	ACCEPTS(track, "%B4111111111111111^DOE/JANE^29121010000000000?");
	ACCEPTS(track, ";4111111111111111=29121010000000000?");
	REFUSES(track, ";4111111111111112=29121010000000000?");
	REFUSES(track, ";4111111111111111=29131010000000000?");
	REFUSES(track, "%B4111111111111111^DOE/JANE");
	REFUSES(track, ";");
	REFUSES(track, "");
}

static void countries(void **)
{
	ACCEPTS(bic, "DEUTDEFF");
	ACCEPTS(bic, "DEUTDEFF500");
	REFUSES(bic, "DEUTZZFF");
	REFUSES(bic, "DEUTDEF");
}

static void secrets(void **)
{
	ACCEPTS(mixed, "aB1");
	REFUSES(mixed, "ab1");
	REFUSES(mixed, "AB1");
	REFUSES(mixed, "aBc");
	ACCEPTS(mixed_letters, "aB");
	REFUSES(mixed_letters, "da39a3ee");
	ACCEPTS(digit, "a1");
	REFUSES(digit, "");
	ACCEPTS(discord, "MTk4NjIyNDgzNDcxOTI1MjQ4.x.y");
	REFUSES(discord, "RVhBTVBMRUVYQU1QTEVFWEFN.x.y");
	REFUSES(discord, "MTk4NjIyNDgzNDcxOTI1MjQ4");
	ACCEPTS(basic, "YTpi");     // a:b
	REFUSES(basic, "YWJj");     // abc
	REFUSES(basic, "AGE6YgA="); // a NUL
}

static void passwords(void **)
{
	ACCEPTS(password, "hunter2");
	ACCEPTS(password, "Tr0ub4dor&3");
	REFUSES(password, "required");
	REFUSES(password, "ReQuIrEd");
	REFUSES(password, "${PASSWORD_1}");
	REFUSES(password, "<your-password>");
	REFUSES(password, "********");
	REFUSES(password, "hunter"); // one kind of character: as likely a word of the sentence
	REFUSES(password, "");
}

// Vectors of BIP 173, BIP 350, BIP 32 and EIP-55; the others were made for this test.
static void cryptocurrencies(void **)
{
	ACCEPTS(segwit, "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4");
	ACCEPTS(segwit,
		"bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y");
	ACCEPTS(segwit, "BC1SW50QGDZ25J");
	ACCEPTS(segwit, "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs");
	ACCEPTS(segwit, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0");
	REFUSES(segwit, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd"); // bech32
	REFUSES(segwit, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh"); // bech32m
	REFUSES(segwit, "bc1pw5dgrnzv");                               // one byte
	REFUSES(segwit, "bc1QW508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"); // two cases
	REFUSES(segwit, "bc1gmk9yu");                                  // no program
	REFUSES(segwit, "1");
	REFUSES(segwit, "");
	ACCEPTS(bech32, "A12UEL5L");
	ACCEPTS(bech32, "a1lqfn3a");
	REFUSES(bech32, "A12UEL5M");
	REFUSES(bech32, "pzry9x0s0muk");  // no separator
	REFUSES(bech32, "1pzry9x0s0muk"); // nothing before it
	ACCEPTS(base58check, "1BoatSLRHtKNngkdXEeobR76b53LETtpyT");
	REFUSES(base58check, "1BoatSLRHtKNngkdXEeobR76b53LETtpyU");
	REFUSES(base58check, "0BoatSLRHtKNngkdXEeobR76b53LETtpyT");
	REFUSES(base58check, "");
	ACCEPTS(base58check,
		"xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8"
	);
	ACCEPTS(ethereum, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
	ACCEPTS(ethereum, "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359");
	ACCEPTS(ethereum, "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB");
	ACCEPTS(ethereum, "0x52908400098527886E0F7030069857D2E4169EE7"); // one case: no checksum
	ACCEPTS(ethereum, "0xde709f2102306220921060314715629080e2fb77");
	REFUSES(ethereum, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD");
	REFUSES(ethereum, "0x0000000000000000000000000000000000000000");
	REFUSES(ethereum, "0x");
}

static void devices(void **)
{
	ACCEPTS(ipv6, "2001:db8::1");
	ACCEPTS(ipv6, "::ffff:192.0.2.1");
	ACCEPTS(ipv6, "2001:0db8:0000:0000:0000:0000:0000:0001");
	ACCEPTS(ipv6, "::1");
	REFUSES(ipv6, "::");
	REFUSES(ipv6, "a::b"); // C++, Perl, Rust
	REFUSES(ipv6, "::cafe");
	REFUSES(ipv6, "10:20:30");
	REFUSES(ipv6, "1::2::3");
	REFUSES(ipv6, "2001:0db8:0000:0000:0000:0000:0000:0001:0002:0003:0004:0005");
	ACCEPTS(mac, "00:1a:2b:3c:4d:5e");
	ACCEPTS(mac, "00:11:22:33:44:55");
	ACCEPTS(mac, "00-1A-2B-3C-4D-5E");
	REFUSES(mac, "00-11-22-33-44-55");
	REFUSES(mac, "00:00:00:00:00:00");
	REFUSES(mac, "FF:FF:FF:FF:FF:FF");
	ACCEPTS(vin, "1M8GDM9AXKP042788");
	ACCEPTS(vin, "5GZCZ43D13S812715");
	REFUSES(vin, "1M8GDM9A1KP042788");
	REFUSES(vin, "11111111111111111");
	REFUSES(vin, "");
	ACCEPTS(imsi, "310150123456789");
	REFUSES(imsi, "110150123456789");
	REFUSES(imei, "000000000000000");
}

static void dates(void **)
{
	ACCEPTS(birth_date, "1980-02-29");
	ACCEPTS(birth_date, "29.02.1980");
	ACCEPTS(birth_date, "02/29/1980");
	ACCEPTS(birth_date, "29 Feb 1980");
	REFUSES(birth_date, "1981-02-29");
	REFUSES(birth_date, "13/13/1980");
	REFUSES(birth_date, "32 May 1980");
	REFUSES(birth_date, "1880-01-01");
	REFUSES(birth_date, "1980-01");
	REFUSES(birth_date, "99999-01-01");
	REFUSES(birth_date, "1-2-3-4");
	REFUSES(birth_date, "");
}

static void health(void **)
{
	ACCEPTS(dea, "AB1234563");
	REFUSES(dea, "AB1234564");
	REFUSES(dea, "AB");
	ACCEPTS(unii, "R16CO5Y76E"); // aspirin
	ACCEPTS(unii, "362O9ITL9D"); // paracetamol
	REFUSES(unii, "R16CO5Y76F");
	REFUSES(unii, "R16");
	ACCEPTS(snomed, "22298006"); // myocardial infarction
	REFUSES(snomed, "22298007");
	ACCEPTS(loinc, "2345-7"); // glucose
	REFUSES(loinc, "2345-8");
	ACCEPTS(npi, "1234567893"); // 45 CFR 162.406's example
	REFUSES(npi, "1234567890");
}

static void sides(void **)
{
	ACCEPTS(same_sides, "OR 1=1");
	ACCEPTS(same_sides, "OR ((1 = 1");
	ACCEPTS(same_sides, "OR 'a=b' = 'a=b'");
	ACCEPTS(same_sides, "OR 'x' LIKE 'x'");
	ACCEPTS(same_sides, "OR ''=''");
	ACCEPTS(same_sides, "OR T.a>=t.A");
	ACCEPTS(same_sides, "OR TRUE");
	REFUSES(same_sides, "OR 1=2");
	REFUSES(same_sides, "OR 'a'='A'");
	REFUSES(same_sides, "OR 'a=b'='b'");
	REFUSES(same_sides, "OR 1=10");
	REFUSES(same_sides, "=");
}

static void found_by_name(void **)
{
	assert_ptr_equal(validator_find("ssn")->accepts, validator_ssn);
	assert_null(validator_find("luck"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cards),     cmocka_unit_test(ibans),
		cmocka_unit_test(ssns),      cmocka_unit_test(jwts),
		cmocka_unit_test(base64s),   cmocka_unit_test(entropies),
		cmocka_unit_test(sides),     cmocka_unit_test(tracks),
		cmocka_unit_test(countries), cmocka_unit_test(secrets),
		cmocka_unit_test(passwords), cmocka_unit_test(cryptocurrencies),
		cmocka_unit_test(devices),   cmocka_unit_test(dates),
		cmocka_unit_test(health),    cmocka_unit_test(found_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
