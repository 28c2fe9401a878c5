# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Numbers of other countries, for checksums.py."""
from checksums import Number
from stdnum import iban


def is_iban(text):
    return iban.is_valid(text, check_country=False)


NUMBERS = [
    Number("iban", "DE####################", is_iban, check=(2, 3)),
    Number("iban", "NL##@@@@##########", is_iban, check=(2, 3)),
]
