// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validator.h"

#include "patterns/validate_finance.h"
#include "patterns/validate_secret.h"

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
		cmocka_unit_test(passwords), cmocka_unit_test(found_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
