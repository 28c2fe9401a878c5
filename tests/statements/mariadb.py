# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""The tests that MariaDB's own package carries, as statements."""
import debian
import net
import test_mariadb


# Their views draw from a sequence, which no text shows: what a view does is its owner's to grant.
HIDDEN = {"select * from vin", "select * from vdn", "select * from vis", "select * from vds"}


def folder(build):
    home = build / "corpora"
    tests = home / "mariadb-test-data/usr/share/mysql/mysql-test/main"
    if not tests.exists():
        net.run(["dpkg-deb", "-x", debian.binary("mariadb-test-data", home),
                 home / "mariadb-test-data"], timeout=300)
    return tests


def judged(build):
    """What the server says of each statement (test_mariadb.Judge)."""
    texts = [list(test_mariadb.statements_of(path)) for path in sorted(folder(build).glob("*.test"))]
    return test_mariadb.judge(build / "tests/system/command_effects", texts)
