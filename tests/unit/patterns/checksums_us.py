# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Numbers of the United States, of finance and of devices, for checksums.py."""
from checksums import Number
from stdnum import cusip, figi, isin, lei, luhn
from stdnum.gb import sedol
from stdnum.us import rtn, ssn


def aba_prefix(text):
    """The prefixes the ABA names: Federal Reserve districts, thrifts, electronic, checks."""
    prefix = text[:2]
    return prefix.isdigit() and (int(prefix) <= 12 or 21 <= int(prefix) <= 32 or
                                 61 <= int(prefix) <= 72 or prefix == "80")


def figi_prefix(text):
    """OMG FIGI 1.0 reserves GH and KY too."""
    return text[:2] not in ("GH", "KY")


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
]
