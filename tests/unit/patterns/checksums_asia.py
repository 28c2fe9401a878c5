# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Numbers of Asia, Oceania, the Middle East and Africa, for checksums.py. A rule of ours beside
is_valid is one that the issuer states and stdnum 1.18 does not check, or has not."""
import datetime
import string

from checksums import Number
from stdnum import luhn
from stdnum.au import abn, acn, tfn
from stdnum.cn import ric, uscc
from stdnum.il import idnr
from stdnum.in_ import aadhaar, epic, gstin, pan
from stdnum.jp import cn as jp_cn
from stdnum.kr import brn, rrn
from stdnum.my import nric
from stdnum.nz import ird
from stdnum.pk import cnic
from stdnum.sg import uen
from stdnum.th import pin
from stdnum.tr import tckimlik
from stdnum.za import idnr as za_idnr


def emirates(text):
    """ICP: 784, a year of birth, Luhn."""
    return text[:3] == "784" and text[4:6] in ("19", "20") and luhn.is_valid(text.replace("-", ""))


def saudi(text):
    return text[0] in "12" and luhn.is_valid(text)


def medicare(text):
    """Services Australia, Medicare card number: weights 1 3 7 9 twice; no module in stdnum 1.18."""
    weights = (1, 3, 7, 9, 1, 3, 7, 9)
    total = sum(int(n) * w for n, w in zip(text, weights))
    return text[0] in "23456" and total % 10 == int(text[8]) and text[9] != "0"


def za_number(text):
    """Home Affairs: 2 in the eleventh place is a refugee. A year without its century is one of the
    20th or the 21st for us; stdnum chooses by today's date."""
    for century in (1900, 2000):
        try:
            datetime.date(century + int(text[:2]), int(text[2:4]), int(text[4:6]))
            break
        except ValueError:
            pass
    else:
        return False
    return text[10] in "012" and luhn.is_valid(text)


def cn_number(text):
    """GB/T 2260 names the provinces; stdnum's list of counties is today's, and numbers keep those of
    the day they were given."""
    provinces = (11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46,
                 50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83)
    try:
        born = ric.get_birth_date(text)
    except ValueError:
        return False
    return int(text[:2]) in provinces and 1850 <= born.year < 2100 and \
        ric.calc_check_digit(text) == text[-1]


def jp_number(text):
    """Ordinance 85 of 2014, article 5; no module in stdnum 1.18."""
    total = sum(int(n) * (i + 1 if i <= 6 else i - 5) for i, n in enumerate(text[10::-1], 1))
    return (0 if total % 11 <= 1 else 11 - total % 11) == int(text[11])


def kr_business(text):
    """NTS: stdnum 1.18 does not check the last digit."""
    weights = (1, 3, 7, 1, 3, 7, 1, 3, 5)
    total = sum(int(n) * w for n, w in zip(text, weights)) + int(text[8]) * 5 // 10
    return brn.is_valid(text) and (10 - total % 10) % 10 == int(text[9])


def kr_resident(text):
    """Rules on the Resident Registration Act of October 2020: behind the seventh digit new numbers
    are random. The seventh tells the century as 0 and 9 the 19th."""
    text = text.replace("-", "")
    try:
        born = rrn.get_birth_date(text)
    except ValueError:
        return False
    return (born.year, born.month) >= (2020, 10) or rrn.calc_check_digit(text[:-1]) == text[-1]


def gst_number(text):
    """GSTN: 38 is Ladakh and 97 other territory, which stdnum does not list."""
    if text[:2] in ("38", "97"):
        return pan.is_valid(text[2:12]) and text[12] != "0" and \
            luhn.is_valid(text, string.digits + string.ascii_uppercase)
    return gstin.is_valid(text)


def uen_number(text):
    """ACRA: the year a company was registered in; stdnum knows only that it has begun."""
    return 1800 <= int(text[:4]) < 2100 and uen.calc_local_company_check_digit(text) == text[-1]


def pk_number(text):
    """NADRA: 8 is Azad Jammu and Kashmir, which stdnum does not list."""
    return cnic.is_valid("7" + text[1:] if text[0] == "8" else text)


NUMBERS = [
    Number("ae-emirates-id", "784-%%##-#######-#", emirates, classes={"%": "1290"}, rounds=1000),
    Number("il-teudat-zehut", "#########", idnr.is_valid),
    Number("sa-national-id", "%#########", saudi, classes={"%": "123"}),
    Number("tr-tckn", "###########", tckimlik.is_valid, check=(-2, -1)),
    Number("za-id", "##m#d#####n8#", za_number,
           classes={"m": "01", "d": "012", "n": "0123"}),
    Number("au-abn", "###########", abn.is_valid, check=(0, 1)),
    Number("au-acn", "#########", acn.is_valid),
    Number("au-medicare", "##########", medicare, check=(8,)),
    Number("au-tfn", "#########", tfn.is_valid),
    Number("nz-ird", "########", ird.is_valid),
    Number("nz-ird", "1########", ird.is_valid),
    Number("nz-ird", "0########", ird.is_valid),
    Number("in-aadhaar", "############", aadhaar.is_valid),
    Number("in-epic", "@@@#######", epic.is_valid),
    Number("in-pan", "@@@@@####@", pan.is_valid, rounds=3000),
    Number("in-gstin", "%#@@@P@####@#Z*", gst_number, classes={"%": "0123"}, rounds=1000),
    Number("cn-resident-id", "%%####19##m#d####?", cn_number,
           classes={"%": "123456", "m": "01", "d": "012", "?": "0123456789X"}),
    Number("cn-uscc", "9#########%%%%%%%%", uscc.is_valid,
           classes={"%": "0123456789ABCDEFGHJKLMNPQRTUWXY"}),
    Number("jp-corporate-number", "#############", jp_cn.is_valid, check=(0,)),
    Number("jp-my-number", "############", jp_number),
    Number("kr-brn", "##########", kr_business),
    Number("kr-rrn", "##m#d#-#######", kr_resident, classes={"m": "01", "d": "012"}),
    Number("kr-rrn", "##m#d#-10#####", rrn.is_valid, classes={"m": "01", "d": "012"}),
    Number("my-nric", "##m#d#-##-####", nric.is_valid, check=(7, 8),
           classes={"m": "01", "d": "012"}),
    Number("pk-cnic", "#####-#######-#", pk_number),
    Number("sg-uen", "########@", uen.is_valid),
    Number("sg-uen", "%0#######@", uen_number, classes={"%": "12"}, rounds=600),
    Number("sg-uen", "T1#LL####*", uen.is_valid),
    Number("sg-uen", "S##%%####*", uen.is_valid, classes={"%": "CFPL"}, rounds=1000),
    Number("th-id", "#-####-#####-##-#", pin.is_valid),
]
