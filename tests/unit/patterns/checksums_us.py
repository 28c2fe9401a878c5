# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Numbers of the United States, of finance and of devices, for checksums.py."""
import hashlib

from checksums import Number
from stdnum import bitcoin, cusip, figi, imei, isin, lei, luhn, verhoeff
from stdnum.gb import sedol
from stdnum.us import atin, ein, itin, rtn, ssn


def aba_prefix(text):
    """The prefixes the ABA names: Federal Reserve districts, thrifts, electronic, checks."""
    prefix = text[:2]
    return prefix.isdigit() and (int(prefix) <= 12 or 21 <= int(prefix) <= 32 or
                                 61 <= int(prefix) <= 72 or prefix == "80")


def figi_prefix(text):
    """OMG FIGI 1.0 reserves GH and KY too."""
    return text[:2] not in ("GH", "KY")


def itin_group(text):
    """The IRS has opened 50 to 65 since."""
    return itin.is_valid(text) or (itin.is_valid(text[:4] + "70" + text[6:]) and
                                   50 <= int(text[4:6]) <= 65)


def distinct(text):
    return len(set(text)) > 2


def ein_prefix(text):
    """The IRS has given 10 to 16 and 71 to 77 as ranges."""
    return ein.is_valid(text) and distinct(text)


def snomed_partition(text):
    return verhoeff.is_valid(text) and text[0] != "0" and text[-3:-1] in (
        "00", "01", "02", "10", "11", "12")


BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def base58_address(rng):
    """A random Bitcoin address: version, hash and the beginning of their double SHA-256."""
    data = bytes([rng.choice((0, 5))]) + rng.randbytes(20)
    data += hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4]
    number, text = int.from_bytes(data, "big"), ""
    while number > 0:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def segwit_address(rng):
    """A random address of witness version 0, its checksum found from what stdnum computes."""
    bits = "".join(f"{byte:08b}" for byte in rng.randbytes(rng.choice((20, 32))))
    bits += "0" * (-len(bits) % 5)
    values = [0] + [int(bits[i:i + 5], 2) for i in range(0, len(bits), 5)]
    rest = bitcoin.bech32_checksum(bitcoin._expand_hrp("bc") + values + [0] * 6) ^ 1
    values += [rest >> shift & 31 for shift in (25, 20, 15, 10, 5, 0)]
    return "bc1" + "".join(BECH32[value] for value in values)


CONSONANTS = "BCDFGHJKLMNPQRSTVWXYZ"
NUMBERS = [
    Number("card", "4###############", luhn.is_valid),
    Number("ssn", "###-##-####", ssn.is_valid),
    Number("aba", "#########", lambda s: rtn.is_valid(s) and aba_prefix(s)),
    Number("cusip", "*********", cusip.is_valid),
    Number("cusip", "####%%%%#", cusip.is_valid, classes={"%": "0A*@#"}),
    Number("figi", "%%G%%%%%%%%#", lambda s: figi.is_valid(s) and figi_prefix(s),
           classes={"%": CONSONANTS}),
    Number("isin", "%?*********#", isin.is_valid, classes={"%": "UGDXFZ", "?": "SBERZ"}),
    Number("lei", "******************##", lei.is_valid, check=(-2, -1)),
    Number("sedol", "%%%%%%#", sedol.is_valid, classes={"%": "0123456789BCDFGHJKLMNPQRSTVWXYZ"}),
    Number("sedol", "#######", sedol.is_valid),
    Number("imei", "###############", imei.is_valid),
    Number("iccid", "89#################", luhn.is_valid),
    Number("iccid", "89##################", luhn.is_valid),
    Number("npi", "1#########", lambda s: luhn.is_valid("80840" + s)),
    Number("loinc", "#####-#", lambda s: luhn.is_valid(s.replace("-", ""))),
    Number("snomed", "##########%%#", snomed_partition, classes={"%": "0123"}),
    Number("itin", "9##-##-####", itin_group, check=(4, 5), rounds=60),
    Number("atin", "9##-9#-####", lambda s: atin.is_valid(s) and s[4:6] == "93", check=(5,)),
    Number("ein", "##-#######", ein_prefix, check=(0, 1), rounds=60),
    Number("base58check", BASE58, bitcoin.is_valid, make=base58_address),
    Number("segwit", BECH32, bitcoin.is_valid, make=segwit_address),
]
