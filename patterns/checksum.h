// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What validators of numbers share: reading characters as values, and the arithmetic of check
// digits. Pure functions, linear in their length; values an algorithm has no meaning for fail.

#pragma once

#include "dataplane/base/span.h"

// The letters and digits of `text` as values: 0 to 9, and 10 to 35 for A to Z of either case. Other
// bytes, which the expression allowed as separators, are left out. Out: out[0..result). Returns how
// many, or 0 when there are more than `max`.
size_t checksum_values(struct span text, uint8_t *out, size_t max);
// As checksum_values, but 0 when there is a letter.
size_t checksum_digits(struct span text, uint8_t *out, size_t max);
// Has `text` `n` digits and no letter? Out: d[0..n), only then.
bool checksum_has_digits(struct span text, uint8_t *d, size_t n);

// The number that the digits d[0..n) write; `n` is at most 19.
uint64_t checksum_number(const uint8_t *d, size_t n);
// Are all `n` digits the same?
bool checksum_repeats(const uint8_t *d, size_t n);
// Is there such a day in the Gregorian calendar? `month` and `day` count from 1.
bool checksum_date(unsigned year, unsigned month, unsigned day);
// The same for a year without its century, in the 20th or the 21st.
bool checksum_birthday(unsigned year, unsigned month, unsigned day);

// The last digit makes the sum with every second digit from the right doubled, its own digits
// added, a multiple of 10 (ISO/IEC 7812-1 annex B).
bool checksum_luhn(const uint8_t *d, size_t n);
// Verhoeff's dihedral check digit, the last (Mathematical Centre Tracts 29, 1969).
bool checksum_verhoeff(const uint8_t *d, size_t n);
// Damm's check digit, the last (thesis, Marburg 2004; the quasigroup of order 10 printed there).
bool checksum_damm(const uint8_t *d, size_t n);
// The sum of each value times its weight.
unsigned checksum_weighted(const uint8_t *values, const uint8_t *weights, size_t n);
// The number that the digits d[0..n) write, modulo `modulus`, which is at most 2^27.
unsigned checksum_modulo(const uint8_t *d, size_t n, unsigned modulus);

// ISO/IEC 7064, check character included as the last value. Pure systems: 11-2 over digits, the
// last perhaps X; 97-10 over digits and letters with two check digits. Hybrid systems: 11,10 over
// digits and 37,36 over digits and letters.
bool checksum_mod11_2(const uint8_t *values, size_t n);
bool checksum_mod97_10(const uint8_t *values, size_t n);
bool checksum_mod11_10(const uint8_t *d, size_t n);
bool checksum_mod37_36(const uint8_t *values, size_t n);
