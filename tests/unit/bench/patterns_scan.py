# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""bench_patterns_scan on little text: that it measures all it says it does, on text with as many
findings as it says. No time is looked at. Usage: patterns_scan.py BENCH"""
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PLAIN = ("log", "json", "csv", "rows")
CODED = ("base64", "hex", "url", "escaped")
LONG, SHORT, VALUE = 16384, 256, 0
ENTITIES = ("email", "payment-card", "ipv4", "us-ssn", "phone", "aws-access-key", "iban", "us-zip",
            "http-cookie", "bitcoin-address", "uk-nino", "github-token")
LIBRARY = Path(__file__).resolve().parents[3] / "patterns/library"
BENCH = ""


class Scan(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            result, plot = Path(folder, "scan.json"), Path(folder, "scan.svg")
            library = Path(folder, "library")
            library.mkdir()
            for name in ENTITIES:
                shutil.copy(LIBRARY / f"{name}.yaml", library)
            drawn = ["--plot", plot] if importlib.util.find_spec("matplotlib") else []
            run = subprocess.run([BENCH, "--quick", "--bytes", "640K", "--json", result, *drawn,
                                  library],
                                 stdout=subprocess.PIPE, text=True, check=True)
            cls.result, cls.table = json.loads(result.read_text()), run.stdout
            cls.plot = plot.read_text() if drawn else None

    def pick(self, section, data, **wanted):
        return [f for f in self.result["figures"] if f["section"] == section and f["data"] == data
                and all(f[key] == value for key, value in wanted.items())]

    def test_each_figure_has_its_turns(self):
        for f in self.result["figures"]:
            self.assertGreaterEqual(f["turns"], 5, f)
            self.assertGreater(f["bytes"], 0, f)
            self.assertLessEqual(f["least"], f["bytes_per_second"], f)
            self.assertLessEqual(f["bytes_per_second"], f["most"], f)
            self.assertGreater(f["cycles_per_byte"], 0, f)

    def test_all_is_measured(self):
        for data in PLAIN:
            spans = (LONG, SHORT) + ((VALUE,) if data == "rows" else ())
            for span in spans:
                for encoded in (True, False):
                    self.assertEqual(
                        1, len(self.pick("clean", data, span=span, encoded=encoded)))
                    for n in (1, 10):
                        self.assertEqual(1, len(self.pick(
                            "findings", data, span=span, encoded=encoded, per_kb=n)))
                self.assertEqual(1, len(self.pick("naive", data, span=span)))
            self.assertIn("secrets", {f["subject"] for f in self.pick("groups", data)})
            self.assertEqual([10, 10, 100, 100, 1000, 1000],
                             sorted(f["rules"] for f in self.pick("rules", data)))
            self.assertEqual(1, len(self.pick("memory", data)))
        for data in CODED:
            self.assertEqual(4, len(self.pick("encoded", data)))
        self.assertGreater(len([f for f in self.result["figures"] if f["section"] == "hostile"]), 9)

    def test_clean_text_is_clean(self):
        for data in PLAIN[:3] + CODED:
            for f in self.pick("clean", data, span=LONG) + self.pick("encoded", data, span=LONG):
                self.assertEqual(0, f["found"], f)
        for f in self.pick("clean", "rows", span=VALUE):
            self.assertEqual(0, f["found"], f)
        # What had to be taken out of it for that is nearly nothing.
        self.assertLess(sum(self.result["cleared"].values()), 100)

    def test_text_has_the_findings_it_should(self):
        for data in PLAIN:
            for n in (1, 10):
                for f in self.pick("findings", data, encoded=True, per_kb=n):
                    found = f["found"] * 1024 / f["bytes"]
                    self.assertTrue(0.7 * n < found < 1.4 * n, f)

    def test_the_naive_union_holds_what_compiles(self):
        naive = self.result["naive"]
        self.assertEqual(len(ENTITIES), self.result["entities"])
        self.assertEqual(len(ENTITIES), naive["expressions"] + len(naive["left_out"]))
        self.assertIn("http-cookie", naive["left_out"])

    def test_the_table_says_what_is_wanted(self):
        for words in ("times the naive union, 16 KB", "cost of most rules by 10 rules",
                      "clean, 256 B, GB/s"):
            self.assertIn(words, self.table)

    def test_the_plot_is_drawn(self):
        if self.plot is None:
            self.skipTest("python3-matplotlib is not there")
        self.assertIn("</svg>", self.plot)

    def test_options(self):
        for options in (["--bytes", "0"], ["--bytes", "1x"], ["--bytes", "5G"], ["--what"],
                        ["--bytes", "64K"], ["a", "b"]):
            run = subprocess.run([BENCH, *options], capture_output=True, text=True)
            self.assertEqual(2, run.returncode, options)
            self.assertIn("usage", run.stderr)
        run = subprocess.run([BENCH, "--help"], capture_output=True, text=True)
        self.assertEqual(0, run.returncode)
        self.assertIn("--quick", run.stdout)


if __name__ == "__main__":
    BENCH = sys.argv.pop()
    unittest.main(argv=sys.argv[:1])
