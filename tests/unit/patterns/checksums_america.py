# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Numbers of America but for the United States, for checksums.py. A rule of ours beside is_valid is
one that the issuer states and stdnum 1.18 does not check, or has not."""
from checksums import Number
from stdnum import luhn
from stdnum.ar import cbu, cuit
from stdnum.br import cnpj, cpf
from stdnum.ca import bn, sin
from stdnum.cl import rut
from stdnum.co import nit
from stdnum.do import cedula
from stdnum.ec import ci, ruc
from stdnum.mx import curp, rfc
from stdnum.pe import cui
from stdnum.pe import ruc as pe_ruc
from stdnum.uy import rut as uy_rut
from stdnum.ve import rif


def weighted(text, weights):
    return sum(int(n) * w for n, w in zip(text, weights))


def check11(total):
    return 0 if total % 11 < 2 else 11 - total % 11


def bc_phn(text):
    """BC Ministry of Health, Conformance Standards volume 3, PHN validation."""
    total = weighted(text[1:9], (2, 4, 8, 5, 10, 9, 7, 3))
    return text[0] == "9" and 11 - total % 11 == int(text[9])


def pis(text):
    """Caixa: weights 3 2 9 to 2; DENATRAN's vehicle number uses the same."""
    return check11(weighted(text, (3, 2, 9, 8, 7, 6, 5, 4, 3, 2))) == int(text[10])


def cns(text):
    """DATASUS, routine for the validation of the card's number."""
    return text[0] in "12789" and weighted(text, range(15, 0, -1)) % 11 == 0


def cnh(text):
    """The check digits of the national registry of drivers: 2 less where the first leaves 10."""
    first = weighted(text, range(9, 0, -1)) % 11
    second = weighted(text[:9], range(1, 10)) % 11
    if first == 10:
        first, second = 0, (second - 2) % 11
    return text[9:] == f"{first}{second % 10}"


def titulo(text):
    """TSE Resolution 23.659/2021: Sao Paulo and Minas Gerais have 1 for a rest of 0."""
    state = int(text[8:10])
    if not 1 <= state <= 28 or text[:8] == "00000000":
        return False
    rests = [weighted(text[:8], range(2, 10)) % 11, weighted(text[8:11], (7, 8, 9)) % 11]
    digits = [1 if rest == 0 and state <= 2 else rest % 10 for rest in rests]
    return text[10:] == f"{digits[0]}{digits[1]}"


def alphanumeric_cnpj(text):
    """RFB Instruction 2229/2024: a character counts as its ASCII code less 48; stdnum 1.18 has
    digits only."""
    values = [ord(c) - 48 for c in text]
    first = check11(sum(v * w for v, w in zip(values, (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2))))
    second = check11(sum(v * w for v, w in zip(values, (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2))))
    return text[12:] == f"{first}{second}"


def ar_cuit(text):
    """AFIP also gives 25 and 26 to persons whose number would clash."""
    digits = text.replace("-", "")
    return cuit.is_valid(text) or (digits[:2] in ("25", "26") and
                                   cuit.calc_check_digit(digits[:10]) == digits[10])


def clabe(text):
    """Banxico: weights 3 7 1, each product modulo 10."""
    total = sum(int(n) * w % 10 for n, w in zip(text[:17], (3, 7, 1) * 6))
    return text[:3] != "000" and (total + int(text[17])) % 10 == 0


def mx_key(text):
    """The keys RENAPO avoids for their first letters make a word cost nothing to mask."""
    return curp.is_valid(text) or (
        curp.calc_check_digit(text) == text[-1] and
        curp.is_valid("AAAA" + text[4:17] + curp.calc_check_digit("AAAA" + text[4:])))


def mx_rfc(text):
    """The same of the SAT."""
    return rfc.is_valid(text) or (len(text) == 13 and rfc.is_valid("AAAA" + text[4:]))


def uruguay_rut(text):
    """DGI has offices up to 22 by now."""
    return uy_rut.is_valid(text) or (
        text[:2] == "22" and text[2:8] != "000000" and uy_rut.calc_check_digit(text) == text[-1])


def uruguay_ci(text):
    """DNIC: weights 2 9 8 7 6 3 4."""
    digits = "".join(c for c in text if c.isdigit())
    return len(set(digits)) > 1 and weighted(digits, (2, 9, 8, 7, 6, 3, 4, 1)) % 10 == 0


NUMBERS = [
    Number("ca-bc-phn", "9#########", bc_phn),
    Number("ca-bn", "#########", bn.is_valid),
    Number("ca-bn", "#########R%000#", bn.is_valid, check=(8, 10), classes={"%": "CMPTAB"}),
    Number("ca-ohip", "##########", lambda s: luhn.is_valid(s) and s[0] != "0"),
    Number("ca-sin", "### ### ###", sin.is_valid),
    Number("br-cnh", "###########", cnh, check=(-2, -1)),
    Number("br-cnpj", "##############", cnpj.is_valid, check=(-2, -1)),
    Number("br-cnpj", "##.###.###/####-##", cnpj.is_valid, check=(-2, -1)),
    Number("br-cnpj", "************##", alphanumeric_cnpj, check=(-2, -1)),
    Number("br-cns", "###############", cns),
    Number("br-cpf", "###########", cpf.is_valid, check=(-2, -1)),
    Number("br-cpf", "###.###.###-##", cpf.is_valid, check=(-2, -1)),
    Number("br-pis", "###########", pis),
    Number("br-renavam", "###########", pis),
    Number("br-titulo-eleitoral", "########m###", titulo, check=(-2, -1), classes={"m": "012"}),
    Number("br-titulo-eleitoral", "########0%##", titulo, check=(-2, -1), classes={"%": "12"}),
    Number("ar-cbu", "######################", cbu.is_valid, check=(7, -1)),
    Number("ar-cuit", "2%-########-#", ar_cuit, classes={"%": "01234567"}),
    Number("cl-rut", "##.###.###-%", rut.is_valid, classes={"%": "0123456789K"}),
    Number("cl-rut", "#######-%", rut.is_valid, classes={"%": "0123456789K"}),
    Number("co-nit", "#########-#", nit.is_valid),
    Number("co-nit", "##########", nit.is_valid),
    Number("do-cedula", "###-#######-#", cedula.is_valid),
    Number("ec-cedula", "%#########", ci.is_valid, classes={"%": "012"}),
    Number("ec-ruc", "%#########001", ruc.is_valid, check=(9,), classes={"%": "012"}),
    Number("ec-ruc", "%#6######0001", ruc.is_valid, check=(8,), classes={"%": "012"}),
    Number("ec-ruc", "%#9#######001", ruc.is_valid, check=(9,), classes={"%": "012"}),
    Number("mx-clabe", "##################", clabe),
    Number("mx-curp", "@@@@##m#d#%NE@@@##", mx_key,
           classes={"m": "01", "d": "012", "%": "HM"}),
    Number("mx-curp", "@@@@##m#d#%[]@@@A#", mx_key,
           classes={"m": "01", "d": "012", "%": "HM", "[": "BCNDT", "]": "CLEFS"}),
    Number("mx-rfc", "@@@@##m#d#***", mx_rfc, check=(6, 7), classes={"m": "01", "d": "012"}),
    Number("mx-rfc", "&@@##m#d#***", mx_rfc, check=(5, 6), classes={"m": "01", "d": "012"}),
    Number("pe-cui", "########%", cui.is_valid, classes={"%": "0123456789ABCDEFGHIJK"}),
    Number("pe-ruc", "%%#########", pe_ruc.is_valid, classes={"%": "1025"}, rounds=600),
    Number("uy-ci", "#.###.###-#", uruguay_ci),
    Number("uy-rut", "%#######001#", uruguay_rut, classes={"%": "012"}),
    Number("ve-rif", "%-########-#", rif.is_valid, classes={"%": "VEJPG"}),
]
