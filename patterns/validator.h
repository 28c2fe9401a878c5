// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Checks an expression cannot make: checksums, number ranges, structure. Pure functions over the
// bytes of a match, each linear in its length.

#pragma once

#include "dataplane/base/span.h"

struct validator {
	const char *name;
	bool (*accepts)(struct span text);
	bool digest; // 30 bits or more of it are a checksum: nobody hits on a valid text by trying
};

// The validator called `name`, or NULL.
const struct validator *validator_find(const char *name);

// Payment card number of 12 to 19 digits: issuer prefix with a length that issuer uses (ISO/IEC
// 7812-1), Luhn digit, and one kind of separator between groups of two digits or more.
bool validator_card(struct span text);
// IBAN (ISO 13616-1): a registered country with its length, mod 97 of 1; spaces only after every
// fourth character, and then after each.
bool validator_iban(struct span text);
// A social security number the US could have issued: area not 000, 666 or 9xx, group not 00, serial
// not 0000, one kind of separator. Numbers published in advertising are not issued.
bool validator_ssn(struct span text);
// A JOSE header (RFC 7515 4) before the first dot: base64url of a JSON object with "alg".
bool validator_jwt(struct span text);
// Canonical base64 with padding (RFC 4648 4 and 3.5).
bool validator_base64(struct span text);
// Not prose and not a placeholder: a letter and a digit, 3 bits of entropy or more a byte.
bool validator_entropy(struct span text);
// A comparison whose two sides are the same text (letter case apart, outside quotes), or none.
bool validator_same_sides(struct span text);
