// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/country.h"

#define L(letter) (1u << ((letter) - 'A'))

// By first letter: the second letters that make a code.
static const uint32_t seconds[26] = {
	['A' - 'A'] = L('D') | L('E') | L('F') | L('G') | L('I') | L('L') | L('M') | L('O') |
		      L('Q') | L('R') | L('S') | L('T') | L('U') | L('W') | L('X') | L('Z'),
	['B' - 'A'] = L('A') | L('B') | L('D') | L('E') | L('F') | L('G') | L('H') | L('I') |
		      L('J') | L('L') | L('M') | L('N') | L('O') | L('Q') | L('R') | L('S') |
		      L('T') | L('V') | L('W') | L('Y') | L('Z'),
	['C' - 'A'] = L('A') | L('C') | L('D') | L('F') | L('G') | L('H') | L('I') | L('K') |
		      L('L') | L('M') | L('N') | L('O') | L('R') | L('U') | L('V') | L('W') |
		      L('X') | L('Y') | L('Z'),
	['D' - 'A'] = L('E') | L('J') | L('K') | L('M') | L('O') | L('Z'),
	['E' - 'A'] = L('C') | L('E') | L('G') | L('H') | L('R') | L('S') | L('T'),
	['F' - 'A'] = L('I') | L('J') | L('K') | L('M') | L('O') | L('R'),
	['G' - 'A'] = L('A') | L('B') | L('D') | L('E') | L('F') | L('G') | L('H') | L('I') |
		      L('L') | L('M') | L('N') | L('P') | L('Q') | L('R') | L('S') | L('T') |
		      L('U') | L('W') | L('Y'),
	['H' - 'A'] = L('K') | L('M') | L('N') | L('R') | L('T') | L('U'),
	['I' - 'A'] = L('D') | L('E') | L('L') | L('M') | L('N') | L('O') | L('Q') | L('R') |
		      L('S') | L('T'),
	['J' - 'A'] = L('E') | L('M') | L('O') | L('P'),
	['K' - 'A'] = L('E') | L('G') | L('H') | L('I') | L('M') | L('N') | L('P') | L('R') |
		      L('W') | L('Y') | L('Z'),
	['L' - 'A'] = L('A') | L('B') | L('C') | L('I') | L('K') | L('R') | L('S') | L('T') |
		      L('U') | L('V') | L('Y'),
	['M' - 'A'] = L('A') | L('C') | L('D') | L('E') | L('F') | L('G') | L('H') | L('K') |
		      L('L') | L('M') | L('N') | L('O') | L('P') | L('Q') | L('R') | L('S') |
		      L('T') | L('U') | L('V') | L('W') | L('X') | L('Y') | L('Z'),
	['N' - 'A'] = L('A') | L('C') | L('E') | L('F') | L('G') | L('I') | L('L') | L('O') |
		      L('P') | L('R') | L('U') | L('Z'),
	['O' - 'A'] = L('M'),
	['P' - 'A'] = L('A') | L('E') | L('F') | L('G') | L('H') | L('K') | L('L') | L('M') |
		      L('N') | L('R') | L('S') | L('T') | L('W') | L('Y'),
	['Q' - 'A'] = L('A'),
	['R' - 'A'] = L('E') | L('O') | L('S') | L('U') | L('W'),
	['S' - 'A'] = L('A') | L('B') | L('C') | L('D') | L('E') | L('G') | L('H') | L('I') |
		      L('J') | L('K') | L('L') | L('M') | L('N') | L('O') | L('R') | L('S') |
		      L('T') | L('V') | L('X') | L('Y') | L('Z'),
	['T' - 'A'] = L('C') | L('D') | L('F') | L('G') | L('H') | L('J') | L('K') | L('L') |
		      L('M') | L('N') | L('O') | L('R') | L('T') | L('V') | L('W') | L('Z'),
	['U' - 'A'] = L('A') | L('G') | L('M') | L('S') | L('Y') | L('Z'),
	['V' - 'A'] = L('A') | L('C') | L('E') | L('G') | L('I') | L('N') | L('U'),
	['W' - 'A'] = L('F') | L('S'),
	['X' - 'A'] = L('K'),
	['Y' - 'A'] = L('E') | L('T'),
	['Z' - 'A'] = L('A') | L('M') | L('W'),
};

bool country_known(const uint8_t *code)
{
	if (code[0] < 'A' || code[0] > 'Z' || code[1] < 'A' || code[1] > 'Z')
		return false;
	return (seconds[code[0] - 'A'] & L(code[1])) != 0;
}
