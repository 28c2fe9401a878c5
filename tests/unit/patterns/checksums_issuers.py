# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Numbers that stdnum 1.18 does not know, for checksums.py: computed here once more, from what the
issuer or the standard says and not from our validators."""
import string

from checksums import Number

LETTERS = string.ascii_uppercase


def weighted(values, weights):
    return sum(v * w for v, w in zip(values, weights))


def letter_values(text, first=10):
    return [int(c) if c.isdigit() else LETTERS.index(c) + first for c in text]


def de_document(text):
    """ICAO Doc 9303 part 3, 4.9: weights 7 3 1, A is 10."""
    return weighted(letter_values(text[:9]), (7, 3, 1) * 3) % 10 == int(text[9])


def de_pension(text):
    """VKVV section 2: the letter as its two-digit place in the alphabet; sums of the digits of the
    products."""
    digits = text[:8] + f"{LETTERS.index(text[8]) + 1:02}" + text[9:11]
    products = [int(d) * w for d, w in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1))]
    if int(text[2:4]) > 31 or int(text[4:6]) > 12:
        return False
    return sum(p // 10 + p % 10 for p in products) % 10 == int(text[11])


def es_social_security(text):
    """Seguridad Social: of a number below ten million the leading zero does not count."""
    province, number = text[:2], int(text[2:10])
    joined = int(province + (f"{number:07}" if number < 10**7 else f"{number:08}"))
    known = 1 <= int(province) <= 53 or province == "66"
    return known and number > 0 and joined % 97 == int(text[10:])


def hu_health(text):
    """Act XX of 1996, annex: weights 3 and 7 in turn, modulus 10."""
    return weighted(map(int, text), (3, 7) * 4) % 10 == int(text[8])


def hu_tax(text):
    """Act XX of 1996, annex: 8 first; each digit by its place, modulus 11."""
    return text[0] == "8" and weighted(map(int, text), range(1, 10)) % 11 == int(text[9])


def hk_identity(text):
    """Registration of Persons: a missing first letter is a space, 36; weights 9 to 2; A is 10."""
    body = text[:-1].rjust(8)
    values = [36 if c == " " else v for c, v in zip(body, letter_values(body.replace(" ", "0")))]
    total = weighted(values, range(9, 1, -1)) + (10 if text[-1] == "A" else int(text[-1]))
    return total % 11 == 0


def sg_identity(text):
    """ICA: weights 2 7 6 5 4 3 2; 4 more for those of 2000 and after."""
    total = weighted(map(int, text[1:8]), (2, 7, 6, 5, 4, 3, 2)) + (4 if text[0] in "TG" else 0)
    return ("JZIHGFEDCBA" if text[0] in "ST" else "XWUTRQPNMLK")[total % 11] == text[8]


def tw_identity(text):
    """Household Registration: the letter as two digits, in an order of its own."""
    first = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(text[0]) + 10
    values = [first // 10, first % 10, *map(int, text[1:])]
    return text[1] in "1289" and weighted(values, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)) % 10 == 0


def us_dea(text):
    """DEA: the odd digits and twice the even ones; the sum's last digit."""
    d = list(map(int, text[2:]))
    return (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]


def us_vin(text):
    """49 CFR 565.15 (c): values of letters and weights of places by its tables III and IV."""
    values = {**dict(zip("ABCDEFGH", range(1, 9))), **dict(zip("JKLMN", range(1, 6))), "P": 7,
              "R": 9, **dict(zip("STUVWXYZ", range(2, 10)))}
    total = weighted((values[c] if c in values else int(c) for c in text),
                     (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2))
    return "0123456789X"[total % 11] == text[8]


def nz_health(text):
    """HISO 10046: letters count from 1 without I and O; weights 7 to 2, modulus 11; a remainder of
    0 is not used, and 10 stands as 0."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    values = [letters.index(c) + 1 if c.isalpha() else int(c) for c in text[:6]]
    rest = weighted(values, range(7, 1, -1)) % 11
    return rest != 0 and (11 - rest) % 10 == int(text[6])


def fr_tax(text):
    """European Commission, TIN algorithms: the first ten, modulus 511, are the last three."""
    return text[0] in "0123" and int(text[:10]) % 511 == int(text[10:])


CARD = "CFGHJKLMNPRTVWXYZ0123456789"
VIN = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
NUMBERS = [
    Number("fr-nif", "%#########%##", fr_tax, check=(-2, -1), classes={"%": "01234"}, rounds=300),
    Number("de-document", "L%%%%%%%%#", de_document, classes={"%": CARD}),
    Number("de-rente", "##d#m###@###", de_pension, classes={"d": "012", "m": "01"}, rounds=1000),
    Number("es-nss", "%###########", es_social_security, check=(-2, -1), classes={"%": "0123456"}),
    Number("es-nss", "%#0#########", es_social_security, check=(-2, -1), classes={"%": "01234"}),
    Number("hu-taj", "#########", hu_health),
    Number("hu-tax", "8#########", hu_tax),
    Number("hk-hkid", "@######%", hk_identity, classes={"%": "0123456789A"}),
    Number("hk-hkid", "@@######%", hk_identity, classes={"%": "0123456789A"}),
    Number("sg-nric", "%#######@", sg_identity, classes={"%": "STFG"}),
    Number("tw-id", "@%########", tw_identity, classes={"%": "1289"}),
    Number("dea", "BS#######", us_dea),
    Number("vin", "%%%%%%%%?%%%%%%%%", us_vin, check=(8,),
           classes={"%": VIN, "?": "0123456789X"}),
    Number("nz-nhi", "%%%####", nz_health, classes={"%": "ABCDEFGHJKLMNPQRSTUVWXYZ"}),
]
