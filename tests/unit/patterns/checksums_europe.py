# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Numbers of Europe, for checksums.py. A rule of ours beside is_valid is one that the issuer states
and stdnum 1.18 does not check, or checks against today's date, which a validator does not know."""
import datetime
import re

from checksums import Number
from stdnum import luhn, verhoeff
from stdnum.at import vnr
from stdnum.bg import egn
from stdnum.ch import ssn
from stdnum.cz import rc
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.ee import ik
from stdnum.es import cif, dni, nie, nif
from stdnum.eu import vat
from stdnum.fi import hetu
from stdnum.fr import nir, siren, siret
from stdnum.gb import nhs, utr
from stdnum.gb import vat as gb_vat
from stdnum.gr import amka
from stdnum.gr import vat as afm
from stdnum.hr import oib
from stdnum.ie import pps
from stdnum.is_ import kennitala
from stdnum.it import codicefiscale, iva
from stdnum.lt import asmens
from stdnum.lv import pvn
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import nip, pesel, regon
from stdnum.pt import cc
from stdnum.pt import nif as pt_nif
from stdnum.ro import cnp
from stdnum.ru import inn
from stdnum.se import personnummer
from stdnum.si import emso
from stdnum.ua import rntrc


def is_date(year, month, day):
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True


def at_date(text):
    """ASVG: the day of birth; its month counts on to 15 when the numbers of a day are used up."""
    return 1 <= int(text[4:6]) <= 31 and 1 <= int(text[6:8]) <= 15


def be_number(text):
    """Royal Decree of 8 February 1991: 20 or 40 on the month for BIS numbers; zeros for what is not
    known. stdnum 1.18 wants those with the 2 in front to be born by today."""
    month, day, check = int(text[2:4]), int(text[4:6]), int(text[9:])
    right = check in (97 - int(text[:9]) % 97, 97 - int("2" + text[:9]) % 97)
    return month < 60 and month % 20 <= 12 and day <= 31 and right


def cpr_date(text):
    """CPR-kontoret, Personnummeret i CPR: stdnum also asks that the day has passed."""
    try:
        cpr.get_birth_date(text)
    except ValueError:
        return False
    return True


def fi_code(text):
    """Decree 690/2022: letters for the century besides - and A; 900 to 999 are temporary."""
    sign = {**dict.fromkeys("UVWXY", "-"), **dict.fromkeys("BCDEF", "A")}.get(text[6], text[6])
    return hetu.is_valid(text[:6] + sign + text[7:], allow_temporary=True)


def fr_nir(text):
    """INSEE: sexes 1 and 2, 3, 4, 7 and 8 for provisional numbers; months and departments in use."""
    month = int(text[3:5])
    return nir.is_valid(text) and text[0] in "123478" and text[5:7] != "00" and (
        1 <= month <= 12 or 20 <= month <= 42 or month >= 50)


def tax_code(text):
    """Decree of 23 December 1976, article 6: a woman's day has 40 added, once; stdnum takes 81 for
    1."""
    day = "".join(str("LMNPQRSTUV".find(n)) if n in "LMNPQRSTUV" else n for n in text[9:11])
    return codicefiscale.is_valid(text) and (not day.isdigit() or int(day) <= 71)


def lu_number(text):
    """CTIE: date of birth, a Luhn digit over the first eleven, a Verhoeff digit over the same."""
    return 1850 <= int(text[:4]) < 2100 and is_date(*map(int, (text[:4], text[4:6], text[6:8]))) \
        and luhn.is_valid(text[:12]) and verhoeff.is_valid(text[:11] + text[12])


def lv_code(text):
    """The law on the population register gave out codes without a date, from 32 on, since 2017."""
    if text[0] == "3" and text[1] in "23456789":
        return pvn.calc_check_digit_pers(text[:-1]) == text[-1]
    return text[0] <= "3" and text[6] <= "2" and pvn.is_valid(text)


def lt_code(text):
    return len(set(text)) > 1 and asmens.is_valid(text)


def no_number(text):
    """Skatteetaten: stdnum also asks that the day has passed."""
    try:
        fodselsnummer.get_birth_date(text)
    except ValueError:
        return False
    return text[-2] == fodselsnummer.calc_check_digit1(text) and \
        text[-1] == fodselsnummer.calc_check_digit2(text)


def pt_number(text):
    """Decreto-Lei 14/2013: of numbers that begin with 4 only 45, who do not reside, are given."""
    return pt_nif.is_valid(text) and (text[0] != "4" or text[1] == "5")


def se_number(text):
    """SKV 707: coordination numbers have 60 added to the day. A year without its century is one of
    the 20th or the 21st for us; stdnum chooses by today's date."""
    digits = re.sub("[-+]", "", text)
    day = int(digits[-6:-4])
    years = [int(digits[:4])] if len(digits) == 12 else \
        [1900 + int(digits[:2]), 2000 + int(digits[:2])]
    return luhn.is_valid(digits[-10:]) and any(
        1800 <= year < 2100 and is_date(year, int(digits[-8:-6]), day - 60 if day > 60 else day)
        for year in years)


def snils(text):
    """Pension Fund decree 192p of 2006, annex: no module in stdnum."""
    total = sum(int(n) * (9 - i) for i, n in enumerate(text[:9]))
    return int(text[:9]) > 1001998 and total % 101 % 100 == int(text[9:])



DATE = {"d": "012", "m": "01"}
NUMBERS = [
    Number("uk-nhs", "##########", nhs.is_valid),
    Number("uk-nhs", "### ### ####", nhs.is_valid),
    Number("uk-utr", "##########", utr.is_valid, check=(0,)),
    Number("uk-vat", "#########", gb_vat.is_valid, check=(-2, -1)),
    Number("uk-vat", "GB#########", gb_vat.is_valid, check=(-2, -1)),
    Number("at-svnr", "####d#m###", lambda s: vnr.is_valid(s) and at_date(s), check=(3,),
           classes=DATE, rounds=1000),
    Number("be-nn", "##m#d######", be_number, check=(-2, -1), classes=DATE),
    Number("bg-egn", "##ynd#####", egn.is_valid, classes={"y": "024", "n": "123456789", "d": "012"}),
    Number("ch-ahv", "756.####.####.##", ssn.is_valid),
    Number("cz-rodne-cislo", "##mnd#####", rc.is_valid,
           classes={"m": "05", "n": "123456789", "d": "012"}),
    Number("cz-rodne-cislo", "[#mnd#/###", rc.is_valid, check=(0, -1),
           classes={"[": "0123456789", "m": "05", "n": "0123456789", "d": "012"}),
    Number("de-steuer-id", "1#345678#0#", idnr.is_valid),
    Number("de-steuer-id", "###########", idnr.is_valid, rounds=30),
    Number("dk-cpr", "d#m###-####", lambda s: cpr_date(s.replace("-", "")), classes=DATE),
    Number("ee-isikukood", "###m#d#####", ik.is_valid, classes=DATE),
    Number("lt-asmens-kodas", "###m#d#####", lt_code, classes=DATE),
    Number("lt-asmens-kodas", "9##########", lt_code),
    Number("es-cif", "%#######?", cif.is_valid,
           classes={"%": "ABCDEFGHJNPQRSUVW", "?": "0123456789ABCDEFGHIJ"}),
    Number("es-nie", "%#######@", nie.is_valid, classes={"%": "XYZ"}),
    Number("es-nif", "########@", dni.is_valid),
    Number("es-nif", "%#######@", nif.is_valid, classes={"%": "KLM"}),
    Number("fi-hetu", "d#m###s###%", fi_code,
           classes={**DATE, "s": "+-ABCDEFUVWXY", "%": "0123456789ABCDEFHJKLMNPRSTUVWXY"}),
    Number("fr-nir", "x##m##########n", fr_nir, check=(-2, -1),
           classes={"x": "1234567890", "m": "012359", "n": "0123456789"}),
    Number("fr-nir", "1##m#2%########", fr_nir, check=(-2, -1), classes={"m": "01", "%": "AB"}),
    Number("fr-siren", "#########", siren.is_valid),
    Number("fr-siret", "732829320#####", siret.is_valid),
    Number("fr-siret", "356000000#####", siret.is_valid),
    Number("gr-afm", "#########", afm.is_valid),
    Number("gr-amka", "d#m########", amka.is_valid, classes=DATE),
    Number("hr-oib", "###########", oib.is_valid),
    Number("ie-pps", "#######@", pps.is_valid),
    Number("ie-pps", "#######@%", pps.is_valid, check=(-2,), classes={"%": "AHWTX"}),
    Number("is-kennitala", "d#m######%", kennitala.is_valid, check=(-2,),
           classes={"d": "01234567", "m": "01", "%": "09"}),
    Number("it-codice-fiscale", "@@@@@@##%##@###@", tax_code, classes={"%": "ABCDEHLMPRST"}),
    Number("it-codice-fiscale", "@@@@@@??%?#@???@", tax_code,
           classes={"%": "ABCDEHLMPRST", "?": "0123456789LMNPQRSTUV"}),
    Number("it-partita-iva", "#######0###", iva.is_valid),
    Number("lu-nin", "19##m#d######", lu_number, check=(-2, -1), classes=DATE),
    Number("lv-personas-kods", "d#m########", lv_code, classes=DATE, rounds=1000),
    Number("lv-personas-kods", "3%#########", lv_code, classes={"%": "0123456789"}),
    Number("nl-bsn", "#########", bsn.is_valid),
    Number("no-fodselsnummer", "%#?########", no_number, check=(-2, -1),
           classes={"%": "012345", "?": "014"}),
    Number("pl-nip", "##########", nip.is_valid),
    Number("pl-nip", "###-###-##-##", nip.is_valid),
    Number("pl-pesel", "##%#d######", pesel.is_valid, classes={"%": "012345689", "d": "012"}),
    Number("pl-regon", "#########", regon.is_valid),
    Number("pl-regon", "##############", regon.is_valid, check=(8, -1)),
    Number("pt-cc", "########0%%#", cc.is_valid, classes={"%": "0123456789ABCXYZ"}),
    Number("pt-nif", "#########", pt_number),
    Number("ro-cnp", "###m#d#######", cnp.is_valid, classes=DATE),
    Number("ru-inn", "##########", inn.is_valid),
    Number("ru-inn", "############", inn.is_valid, check=(-2, -1)),
    Number("ru-snils", "###########", snils, check=(-2, -1)),
    Number("se-personnummer", "##m#?#-####", se_number, classes={"m": "01", "?": "0126789"}),
    Number("se-personnummer", "19##m#d#-####", personnummer.is_valid, classes=DATE),
    Number("si-emso", "d#m#%########", emso.is_valid, classes={**DATE, "%": "09"}),
    Number("ua-rnokpp", "##########", rntrc.is_valid),
    Number("eu-vat", "ATU########", vat.is_valid),
    Number("eu-vat", "BE0#########", vat.is_valid, check=(-2, -1)),
    Number("eu-vat", "BG#########", vat.is_valid),
    Number("eu-vat", "BG##########", vat.is_valid),
    Number("eu-vat", "CY########@", vat.is_valid),
    Number("eu-vat", "CZ########", vat.is_valid),
    Number("eu-vat", "CZ6########", vat.is_valid),
    Number("eu-vat", "DE#########", vat.is_valid),
    Number("eu-vat", "DK########", vat.is_valid),
    Number("eu-vat", "EE#########", vat.is_valid),
    Number("eu-vat", "EL#########", vat.is_valid),
    Number("eu-vat", "ES*#######*", vat.is_valid),
    Number("eu-vat", "FI########", vat.is_valid),
    Number("eu-vat", "FR##7328293##", vat.is_valid, check=(2, 3, -1)),
    Number("eu-vat", "FR###########", vat.is_valid, check=(2, 3, -1)),
    Number("eu-vat", "FR**732829320", vat.is_valid, check=(2, 3)),
    Number("eu-vat", "FR##000######", vat.is_valid, check=(2, 3)),
    Number("eu-vat", "HR###########", vat.is_valid),
    Number("eu-vat", "HU########", vat.is_valid),
    Number("eu-vat", "IE#######@", vat.is_valid),
    Number("eu-vat", "IE#%#####@", vat.is_valid, classes={"%": "ABCDEFGHIJKLMNOPQRSTUVWXYZ+*"}),
    Number("eu-vat", "IE#######@%", vat.is_valid, check=(-2,), classes={"%": "AH"}),
    Number("eu-vat", "IT#######0###", vat.is_valid),
    Number("eu-vat", "LT#######1#", vat.is_valid),
    Number("eu-vat", "LT##########1#", vat.is_valid),
    Number("eu-vat", "LU########", vat.is_valid, check=(-2, -1)),
    Number("eu-vat", "LV%##########", vat.is_valid, classes={"%": "456789"}),
    Number("eu-vat", "MT########", vat.is_valid, check=(-2, -1)),
    Number("eu-vat", "NL#########B01", vat.is_valid, check=(-4, -5)),
    Number("eu-vat", "NL#########B##", vat.is_valid, check=(-2, -1)),
    Number("eu-vat", "PL##########", vat.is_valid),
    Number("eu-vat", "PT#########", lambda s: vat.is_valid(s) and pt_number(s[2:])),
    Number("eu-vat", "RO##########", vat.is_valid),
    Number("eu-vat", "RO######", vat.is_valid),
    Number("eu-vat", "RO##", vat.is_valid, rounds=20),
    Number("eu-vat", "SE##########01", vat.is_valid, check=(-3,)),
    Number("eu-vat", "SI########", vat.is_valid),
    Number("eu-vat", "SK##########", vat.is_valid),
]
