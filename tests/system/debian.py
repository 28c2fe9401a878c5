# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""Packages and their sources, fetched by the machine's own sources of packages into a folder of the
caller's; the machine's lists stay as they are."""
import re
import shutil
from pathlib import Path

import net


def source(package, home):
    """The path of the package's original source archive in `home`, fetched when it is not there."""
    have = archives(package, home)
    if have:
        return have
    home.mkdir(parents=True, exist_ok=True)
    options = private_apt(home / "apt", "deb-src")
    net.run(["apt-get", *options, "update"], check=False, timeout=600)
    installed = net.run(["dpkg-query", "-W", "-f", "${Version}", package], check=False).stdout
    known = set(re.findall(r"^Version: (\S+)", net.run(
        ["apt-cache", *options, "showsrc", package], check=False).stdout, re.M))
    if not known:
        raise net.Failure(f"apt offers no source package of {package}")
    done = None
    # A mirror may lack the newest; another version serves as well.
    for version in sorted(known, key=lambda v: (v == installed, numbers(v)), reverse=True):
        print(f"fetching the source of {package} {version} ...", flush=True)
        done = net.run(["apt-get", *options, "source", "--download-only",
                        f"{package}={version}"], check=False, timeout=900, cwd=home)
        have = archives(package, home)
        if done.returncode == 0 and have:
            return have
    raise net.Failure(f"apt cannot fetch the source of {package}:\n{done.stderr}")


def archives(package, home):
    """The newest archive there, or None."""
    found = sorted(home.glob(f"{package}_*.orig.tar.*"), key=lambda p: numbers(p.name))
    return found[-1] if found else None


def binary(package, home):
    """The path of the package itself in `home`, fetched when it is not there. Not installed."""
    found = sorted(home.glob(f"{package}_*.deb"))
    if found:
        return found[-1]
    home.mkdir(parents=True, exist_ok=True)
    options = private_apt(home / "apt", "deb")
    net.run(["apt-get", *options, "update"], check=False, timeout=600)
    print(f"fetching {package} ...", flush=True)
    done = net.run(["apt-get", *options, "download", package], check=False, timeout=600, cwd=home)
    found = sorted(home.glob(f"{package}_*.deb"))
    if not found:
        raise net.Failure(f"apt cannot fetch {package}:\n{done.stderr}")
    return found[-1]


def numbers(version):
    """15.18-0+deb12u1: [15, 18, 0, 12, 1]"""
    return [int(n) for n in re.findall(r"\d+", version)]


def private_apt(home, kind):
    """Options for apt to keep to a folder of its own, with lists of "deb" or "deb-src"."""
    shutil.rmtree(home, ignore_errors=True)
    for name in ("parts", "lists/partial", "cache/archives/partial"):
        (home / name).mkdir(parents=True)
    etc = Path("/etc/apt")
    for path in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]:
        if path.is_file() and path.suffix in (".list", ".sources"):
            text = path.read_text()
            text = re.sub(r"^deb\s", f"{kind} ", text, flags=re.M)
            text = re.sub(r"^Types:.*$", f"Types: {kind}", text, flags=re.M)
            (home / "parts" / path.name).write_text(text)
    return ["-o", "Dir::Etc::SourceList=/dev/null", "-o", f"Dir::Etc::SourceParts={home}/parts",
            "-o", f"Dir::State::Lists={home}/lists", "-o", f"Dir::Cache={home}/cache",
            "-o", "APT::Sandbox::User=root", "-o", "APT::Get::Only-Source=true"]
