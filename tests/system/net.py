# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""The network of the system tests and of the quick start: three namespaces, made and removed here.

    bh-<id>-client            bh-<id>-gw                      bh-<id>-server
    10.77.1.2  c0 ======== gc  the gateway's own stack  gs ======== s0  10.77.2.2
                               10.77.1.1      10.77.2.1
                               10.77.3.1 m0 ------------------- m0  10.77.3.2
                               (kernel: the control plane's way to 10.77.2.2)

gc and gs carry no kernel address: the gateway answers for 10.77.1.1 and 10.77.2.1 itself. With
net_tap, c0 and s0 are the gateway's tap devices, moved into place by `attach` once it runs.

Use as a context manager. Everything started inside ends with it; nothing is touched outside the
namespaces. What a killed run left behind is removed by the next one, by its name.
"""
import atexit
import contextlib
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PREFIX = "bh-"
CLIENT, GW_CLIENT = "10.77.1.2", "10.77.1.1"
SERVER, GW_SERVER = "10.77.2.2", "10.77.2.1"
GW_KERNEL, SERVER_KERNEL = "10.77.3.1", "10.77.3.2"
OFFLOADS = ["rx", "off", "tx", "off", "sg", "off", "tso", "off", "gso", "off", "gro", "off"]
DEVICES = ("af_packet", "af_xdp", "tap")
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """A test's own verdict, with a text for people."""


def run(argv, check=True, timeout=30, **more):
    """Run a short command and return it with its output as text."""
    done = subprocess.run([str(a) for a in argv], check=False, timeout=timeout, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    if check and done.returncode != 0:
        raise Failure(f"{' '.join(map(str, argv))}: exit {done.returncode}\n"
                      f"{done.stdout}{done.stderr}")
    return done


def wait_until(condition, what, timeout=20.0, step=0.02):
    """Wait for condition() to return something true, and return that."""
    end = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= end:
            raise Failure(f"waited {timeout} s in vain for {what}")
        time.sleep(step)


class Process:
    """A program that runs in a namespace, with its output in a file."""

    def __init__(self, namespace, argv, name, log, env=None, cwd=None, stdin=subprocess.DEVNULL):
        self.name, self.log = name, log
        # One that runs again goes on in the same file.
        self.begin = os.path.getsize(log) if os.path.exists(log) else 0
        with open(log, "ab") as out:
            self.popen = subprocess.Popen(
                namespace.argv(argv), stdin=stdin, stdout=out, stderr=subprocess.STDOUT,
                env=env, cwd=cwd,
                # Should the harness be killed, its programs follow.
                preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM))

    @property
    def pid(self):
        return self.popen.pid

    def text(self):
        """The output of this run."""
        return Path(self.log).read_bytes()[self.begin:].decode(errors="replace")

    def is_running(self):
        return self.popen.poll() is None

    def wait_line(self, pattern, timeout=30.0):
        """Wait for a line of output that matches; returns the match."""
        def look():
            match = re.search(pattern, self.text(), re.M)
            if match is None and not self.is_running():
                raise Failure(f"{self.name} ended with {self.popen.returncode} before it "
                              f"printed /{pattern}/:\n{self.text()[-4000:]}")
            return match
        return wait_until(look, f"/{pattern}/ of {self.name}", timeout)

    def wait(self, timeout=60.0):
        """Wait for its end; returns the exit status."""
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} still runs after {timeout} s") from None

    def signal(self, number):
        if self.is_running():
            self.popen.send_signal(number)

    def stop(self, timeout=15.0):
        """SIGTERM, and SIGKILL when that is not enough; returns the exit status."""
        self.signal(signal.SIGTERM)
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            return self.popen.wait()


class Namespace:
    def __init__(self, net, role):
        self.net, self.role = net, role
        self.name = f"{PREFIX}{net.id}-{role}"

    def argv(self, argv):
        # exec keeps the pid: signals reach the program itself
        return ["ip", "netns", "exec", self.name] + [str(a) for a in argv]

    def ip(self, *argv):
        return run(["ip", "-n", self.name, *argv])

    def run(self, argv, **more):
        return run(self.argv(argv), **more)

    def start(self, argv, name=None, **more):
        name = name or Path(str(argv[0])).name
        log = self.net.dir / f"{name}.log"
        process = Process(self, argv, name, log, **more)
        self.net.processes.append(process)
        return process

    def up(self, link, address=None):
        self.ip("link", "set", link, "up")
        if address:
            self.ip("addr", "add", address, "dev", link)
        # A software device knows some of these only; the others are off for good.
        for key, value in zip(OFFLOADS[::2], OFFLOADS[1::2]):
            self.run(["ethtool", "-K", link, key, value], check=False)


class Net:
    """`device`: what the gateway's ports are, of DEVICES; `queues`: of each port."""

    def __init__(self, device="af_packet", queues=1, keep=False):
        if device not in DEVICES:
            raise ValueError(f"unknown device {device}")
        self.device, self.queues, self.keep = device, queues, keep
        self.id = f"{os.getpid()}{next_letter()}"
        self.client, self.gw, self.server = (
            Namespace(self, role) for role in ("client", "gw", "server"))
        self.processes = []
        self.dir = None
        self.failed = False

    @property
    def ports(self):
        """The gateway's two ports: (EAL device, address/prefix), client side first."""
        return [(self._eal(0, "gc"), GW_CLIENT + "/24"), (self._eal(1, "gs"), GW_SERVER + "/24")]

    def _eal(self, index, link):
        if self.device == "tap":
            return f"net_tap{index},iface={'c0' if index == 0 else 's0'}"
        if self.device == "af_xdp":
            return f"net_af_xdp{index},iface={link},busy_budget=0"
        return f"net_af_packet{index},iface={link},qpairs={self.queues}"

    def __enter__(self):
        if os.geteuid() != 0:
            raise Failure("network namespaces need root: run this as root")
        remove_leftovers()
        atexit.register(self.close)
        self.dir = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{self.id}-"))
        try:
            self._build()
        except BaseException as e:
            self.failed = not isinstance(e, KeyboardInterrupt)
            self.close()
            raise
        return self

    def __exit__(self, kind, value, trace):
        ends = (None, SystemExit, KeyboardInterrupt)
        self.failed = self.failed or kind not in ends
        self.close()

    def _build(self):
        for ns in (self.client, self.gw, self.server):
            run(["ip", "netns", "add", ns.name])
            ns.run(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                    "net.ipv6.conf.default.disable_ipv6=1"], check=False)
            ns.ip("link", "set", "lo", "up")
        if self.device != "tap":
            self._veth("gc", self.client, "c0")
            self._veth("gs", self.server, "s0")
            self.client.up("c0", CLIENT + "/24")
            self.server.up("s0", SERVER + "/24")
        self._veth("m0", self.server, "m0")
        self.gw.ip("addr", "add", GW_KERNEL + "/24", "dev", "m0")
        self.server.up("m0", SERVER_KERNEL + "/24")
        self.gw.ip("route", "add", SERVER + "/32", "via", SERVER_KERNEL)
        if self.device == "tap":  # the control plane looks for the server before s0 is there
            self.server.ip("addr", "add", SERVER + "/32", "dev", "lo")

    def _veth(self, link, peer, peer_link):
        # net_af_xdp sees no channels on a veth and binds to its first queue: let that be the only.
        n = "1" if self.device == "af_xdp" else str(self.queues)
        queues = ["numtxqueues", n, "numrxqueues", n]
        self.gw.ip("link", "add", "name", link, *queues, "type", "veth",
                   "peer", "name", peer_link, *queues, "netns", peer.name)
        self.gw.up(link)

    def attach(self):
        """With net_tap: move the gateway's devices, which exist now, to their places."""
        if self.device != "tap":
            return
        for link, ns, address in (("c0", self.client, CLIENT), ("s0", self.server, SERVER)):
            self.gw.ip("link", "set", link, "netns", ns.name)
            # The driver gives both ends of the wire one address.
            ns.ip("link", "set", link, "address", f"02:77:00:00:00:{'01' if link == 'c0' else '02'}")
            ns.up(link, address + "/24")

    def log(self, name):
        return self.dir / f"{name}.log"

    def close(self):
        """End what was started, newest first, and remove the namespaces. Harmless twice."""
        if self.dir is None:
            return
        for process in reversed(self.processes):
            process.stop()
        for ns in (self.client, self.gw, self.server):
            remove_namespace(ns.name)
        # Only now: should a signal cut this short, the call at exit does the rest.
        directory, self.dir = self.dir, None
        if self.failed or self.keep:
            # Under another name: the next run sweeps what it takes for a leftover.
            kept = directory.with_name(f"{PREFIX}kept-{directory.name[len(PREFIX):]}")
            directory.rename(kept)
            print(f"logs: {kept}", file=sys.stderr)
        else:
            remove_folder(directory)


@contextlib.contextmanager
def huge_pages(count):
    """At least `count` free huge pages of 2 MiB while inside; yields whether they could be had."""
    folder = Path("/sys/kernel/mm/hugepages/hugepages-2048kB")
    if not (folder / "nr_hugepages").exists():
        yield False
        return
    before = int((folder / "nr_hugepages").read_text())
    free = int((folder / "free_hugepages").read_text())
    try:
        if free < count:
            (folder / "nr_hugepages").write_text(str(before + count - free))
        yield int((folder / "free_hugepages").read_text()) >= count
    except OSError:
        yield False
    finally:
        if free < count:
            (folder / "nr_hugepages").write_text(str(before))


letters = iter("abcdefghijklmnopqrstuvwxyz" * 100)


def next_letter():
    return next(letters)


def remove_namespace(name):
    if not Path("/run/netns", name).exists():
        return
    pids = run(["ip", "netns", "pids", name], check=False).stdout.split()
    for pid in pids:  # only what runs in a namespace of our own
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass
    run(["ip", "netns", "del", name], check=False)


def remove_folder(path):
    """Again, as long as the last of those that were just killed still write there."""
    for _ in range(50):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.1)


def remove_leftovers():
    """Namespaces and folders of this harness whose maker lives no more."""
    for line in run(["ip", "netns", "list"]).stdout.splitlines():
        name = line.split()[0] if line.split() else ""
        match = re.fullmatch(PREFIX + r"(\d+)[a-z]-(client|gw|server)", name)
        if match and not Path("/proc", match.group(1)).exists():
            remove_namespace(name)
    # Behind the namespaces: what ran in them wrote here.
    for folder in Path(tempfile.gettempdir()).glob(PREFIX + "*"):
        match = re.fullmatch(PREFIX + r"(\d+)[a-z]-\w+", folder.name)
        if match and folder.is_dir() and not folder.is_symlink() and \
                folder.stat().st_uid == os.geteuid() and \
                not Path("/proc", match.group(1)).exists():
            remove_folder(folder)
