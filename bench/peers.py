# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""What stands between agents and backends in bench/run: Bulkhead, and the proxies it is held against.

Each is one process (or one and its worker) on one core, `CORE`; agents and backends are on `LOAD`.
A subject is started anew for each scenario, and tells how long it has been at work: Bulkhead's worker
counts the turns of its loop that found any, of the others the kernel knows.
"""
import http.client
import json
import os
import re
import shutil
import socket
import textwrap
from pathlib import Path

import net

ROOT = Path(__file__).resolve().parents[1]
LOAD, CORE = 0, 1
GATEWAY, SERVER = "10.77.1.1", "10.77.2.1"          # Bulkhead's addresses, on memif
AGENTS, BACKENDS = "10.77.1.2", "10.77.2.2"         # the load's
BACKEND_PORT = 5433
SUITE = "TLS_AES_128_GCM_SHA256"                    # what Bulkhead and the load agree on


METRIC = re.compile(r"^bulkhead_(\w+)(?:{([^}]*)})? (\S+)$", re.M)
LABEL = re.compile(r'(\w+)="([^"]*)"')


def family(pid):
    """A process and its descendants."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rsplit(")", 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has just ended
    members = [pid]
    for member in members:
        members += [child for child, parent in parents.items() if parent == member]
    return members


def cpu_ns(pid):
    """CPU time of a process, with that of threads that have ended."""
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def resident(pid):
    """Bytes of memory that a process holds."""
    return 1024 * int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0])


class Subject:
    """`tls_out`: whether the way to the backends has TLS, too."""

    name = "?"
    tls_in = "direct"  # how agents ask for TLS

    def __init__(self, network, certs, build, tls_out, mask):
        self.net, self.certs, self.build = network, certs, build
        self.tls_out, self.mask = tls_out, mask
        self.dir = network.dir / f"{self.name}-{next_number()}"
        self.dir.mkdir()
        self.process = None

    def load(self):
        """Options of bench_load that reach this subject."""
        more = ["--certificate", self.certs / "server.ecdsa.pem", self.certs / "server.ecdsa.key"]
        return ["--connect", f"127.0.0.1:{self.port}", "--listen", f"127.0.0.1:{BACKEND_PORT}",
                "--tls", self.tls_in] + (more if self.tls_out else [])

    port = 5000

    def run(self, argv, ready=None):
        self.process = self.net.gw.start(["nice", "-n", "-20", "taskset", "-c", CORE, *argv],
                                         self.dir.name)
        if ready:
            self.process.wait_line(ready)
        else:
            net.wait_until(self.listens, f"{self.name} to listen")

    def listens(self):
        if not self.process.is_running():
            raise net.Failure(f"{self.name} ended:\n{self.process.text()}")
        return f":{self.port} " in self.net.gw.run(["ss", "-Hltn"]).stdout

    def stop(self):
        self.process.stop()

    def thread(self):
        """The one that does the work."""
        return self.process.pid

    def sample(self):
        """A point in time of its own, for busy_ns."""
        return sum(map(cpu_ns, family(self.process.pid)))

    def busy_ns(self, before, after, _wall_ns):
        """CPU time that it was busy between two samples."""
        return after - before

    def told(self, _before, _after, _wall_ns):
        """What else it says of a run; keys of its result."""
        return {}

    def resident(self):
        return sum(map(resident, family(self.process.pid)))

    def write(self, name, text):
        path = self.dir / name
        path.write_text(textwrap.dedent(text))
        return path

    def combined(self):
        """Certificate and key in one file."""
        return self.write("gateway.pem", (self.certs / "gateway.ecdsa.pem").read_text() +
                          (self.certs / "gateway.ecdsa.key").read_text())


class HAProxy(Subject):
    name = "haproxy"
    port = 5001

    def start(self):
        out = f" ssl verify none alpn postgresql ciphersuites {SUITE}" if self.tls_out else ""
        config = self.write("haproxy.cfg", f"""\
            global
                nbthread 1
                maxconn 9000
                tune.bufsize 65536
                ssl-default-bind-options ssl-min-ver TLSv1.3
                ssl-default-bind-ciphersuites {SUITE}
            defaults
                mode tcp
                timeout connect 10s
                timeout client 1h
                timeout server 1h
            listen postgres
                bind 127.0.0.1:{self.port} ssl crt {self.combined()} alpn postgresql
                server backend 127.0.0.1:{BACKEND_PORT}{out}
            """)
        self.run(["haproxy", "-db", "-f", config])


class Nginx(Subject):
    name = "nginx"
    port = 5002

    def start(self):
        out = (f"proxy_ssl on; proxy_ssl_protocols TLSv1.3; proxy_ssl_conf_command Ciphersuites "
               f"{SUITE};") if self.tls_out else ""
        config = self.write("nginx.conf", f"""\
            load_module /usr/lib/nginx/modules/ngx_stream_module.so;
            daemon off;
            user root;
            worker_processes 1;
            worker_rlimit_nofile 20000;
            pid {self.dir}/pid;
            error_log {self.dir}/error.log;
            events {{ worker_connections 9000; }}
            stream {{
                server {{
                    listen 127.0.0.1:{self.port} ssl;
                    ssl_certificate {self.combined()};
                    ssl_certificate_key {self.combined()};
                    ssl_protocols TLSv1.3;
                    ssl_conf_command Ciphersuites {SUITE};
                    ssl_alpn postgresql;
                    tcp_nodelay on;
                    proxy_buffer_size 64k;
                    proxy_pass 127.0.0.1:{BACKEND_PORT};
                    {out}
                }}
            }}
            """)
        self.run(["nginx", "-c", config])


class Stunnel(Subject):
    name = "stunnel"
    port = 5003

    def start(self):
        target = self.port + 1 if self.tls_out else BACKEND_PORT
        out = textwrap.dedent(f"""\
            [out]
            client = yes
            accept = 127.0.0.1:{target}
            connect = 127.0.0.1:{BACKEND_PORT}
            ciphersuites = {SUITE}
            verifyChain = no
            """) if self.tls_out else ""
        config = self.write("stunnel.conf", textwrap.dedent(f"""\
            foreground = yes
            debug = 3
            pid =
            socket = l:TCP_NODELAY=1
            socket = r:TCP_NODELAY=1
            sslVersionMin = TLSv1.3
            [in]
            accept = 127.0.0.1:{self.port}
            connect = 127.0.0.1:{target}
            cert = {self.combined()}
            ciphersuites = {SUITE}
            """) + out)
        self.run(["stunnel4", config])


class PgBouncer(Subject):
    name = "pgbouncer"
    port = 5005
    tls_in = "request"
    address, backend = "127.0.0.1", f"host=127.0.0.1 port={BACKEND_PORT} user=anyone"

    def start(self):
        config = self.write("pgbouncer.ini", f"""\
            [databases]
            postgres = {self.backend}
            [pgbouncer]
            listen_addr = {self.address}
            listen_port = {self.port}
            auth_type = any
            pool_mode = session
            default_pool_size = 9000
            max_client_conn = 9000
            pkt_buf = 16384
            log_connections = 0
            log_disconnections = 0
            server_reset_query =
            server_check_delay = 3600
            client_tls_sslmode = require
            client_tls_protocols = tlsv1.3
            client_tls_cert_file = {self.combined()}
            client_tls_key_file = {self.combined()}
            server_tls_sslmode = {"require" if self.tls_out else "disable"}
            unix_socket_dir =
            """)
        for path in (self.dir, *self.dir.iterdir()): # it drops its rights first, then reads
            shutil.chown(path, "nobody")
        self.run(["pgbouncer", "-u", "nobody", config])


RESOURCE = """\
  - name: orders-{number}
    protocol: postgres
    address: "{backends}:{port}"
    tls: {tls}
{ca}    credential: {{user: {user}, password: {{file: {dir}/password}}}}
"""
LISTENER = """\
  - {{address: "{gateway}", port: {port}, protocol: postgres, resource: orders-{number},
     certificate: [{certs}/gateway.ecdsa.pem], key: [{certs}/gateway.ecdsa.key]}}
"""
CONFIG = """\
gateway:
  workers: [{core}]
  control_core: {load}
  huge_pages: false
  profile: {profile}
  memory: 4GiB
  ports:
    - {{device: "{devices[0]}", address: {gateway}/24, mtu: {mtu}}}
    - {{device: "{devices[1]}", address: {server}/24, mtu: {mtu}}}
  limits: {{connections: {connections}, sessions: {sessions}, worker_memory: 2GiB}}
  state: {dir}/state
  patterns: {patterns}
issuers:
  - {{name: local, local: true, audience: bulkhead}}
resources:
{resources}listeners:
{listeners}rules:
{rules}  - name: everything
    subjects: {{groups: [agents]}}
    resources: [{names}]
    effects: {{allow: [read, write, ddl, admin, exec, unknown]}}
    mask: {mask}
    record: {record}
"""


RULE = """\
  - name: rule-{number}
    subjects: {{groups: ["{group}"]}}
    resources: [orders-0]
    effects: {{allow: [read, session]}}
"""


class Bulkhead(Subject):
    name = "bulkhead"
    mtu = 1500
    record = "off"
    user, password, backend_port = "anyone", "a password", BACKEND_PORT  # at the backends
    profile = False   # cycles by stage
    rules = 0         # besides the one for the load, before it
    sessions = 131072 # at most
    spread = 1        # ports in a row that agents come by, each with a backend's port behind it

    def repeated(self):
        """What there is once for each port: resources and listeners."""
        resources = listeners = ""
        for i in range(self.spread):
            resources += RESOURCE.format(
                number=i, backends=BACKENDS, port=self.backend_port + i, dir=self.dir,
                user=self.user,
                tls="verify-full" if self.tls_out else "off",
                ca=f"    ca: {self.certs}/ca.pem\n" if self.tls_out else "")
            listeners += LISTENER.format(number=i, gateway=GATEWAY, port=5432 + i, certs=self.certs)
        return {"resources": resources, "listeners": listeners,
                "names": ", ".join(f"orders-{i}" for i in range(self.spread))}

    def start(self):
        secret = self.write("password", self.password)
        secret.chmod(0o600)
        (self.dir / "state").mkdir()
        config = self.configure()
        # What bench/run starts is on the load's core, unless it is told otherwise.
        self.process = self.net.gw.start(
            ["taskset", "-c", f"{LOAD},{CORE}", self.build / "app/bulkhead", "--config", config],
            self.dir.name)
        self.process.wait_line("ready", timeout=120)
        # As the proxies: whatever else this machine does on that core waits.
        os.setpriority(os.PRIO_PROCESS, self.thread(), -20)
        token = self.net.gw.run([self.build / "app/bulkheadctl", "token", "--socket", self.socket,
                                 "--subject", "bench", "--group", "agents", "--ttl", "8h"]).stdout
        self.write("token", token)

    def devices(self):
        """DPDK's ports, towards agents and towards backends."""
        return [f"net_memif{i},role=server,socket={self.dir}/{name}.sock,socket-abstract=no"
                for i, name in enumerate(("agents", "backends"))]

    def configure(self, version=0):
        """Write the configuration; another version has another policy."""
        more = "".join(RULE.format(number=i, group=f"others-{i}-{version}")
                       for i in range(self.rules))
        return self.write("bulkhead.yaml", CONFIG.format(
            core=CORE, load=LOAD, dir=self.dir, devices=self.devices(), gateway=GATEWAY,
            server=SERVER, mtu=self.mtu, profile=str(self.profile).lower(),
            patterns=ROOT / "patterns/library", connections=2 * self.sessions,
            sessions=self.sessions, mask=json.dumps(self.mask), record=self.record, rules=more,
            **self.repeated()))

    @property
    def socket(self):
        return self.dir / "state/admin.sock"

    def load(self):
        ports = []
        for i, (name, address) in enumerate((("agents", AGENTS), ("backends", BACKENDS))):
            ports += ["--port", f"net_memif{i},role=client,socket={self.dir}/{name}.sock,"
                      "socket-abstract=no", f"{address}/24"]
        more = ["--certificate", self.certs / "server.ecdsa.pem", self.certs / "server.ecdsa.key"]
        return ["--connect", f"{GATEWAY}:5432", "--listen", f"{BACKENDS}:{BACKEND_PORT}",
                "--spread", self.spread,
                "--tls", self.tls_in, "--token", self.dir / "token", "--mtu", self.mtu,
                *ports] + (more if self.tls_out else [])

    def ask(self, method, path):
        """The control plane's answer."""
        conn = http.client.HTTPConnection("bulkhead", timeout=60)
        conn.sock = socket.socket(socket.AF_UNIX)
        conn.sock.connect(str(self.socket))
        conn.request(method, path)
        answer = conn.getresponse()
        text = answer.read().decode()
        conn.close()
        if answer.status >= 300:
            raise net.Failure(f"{method} {path}: {answer.status} {text}")
        return text

    def reload(self, version):
        """Another policy."""
        self.configure(version)
        self.ask("POST", "/v1/reload")

    def metrics(self):
        """Counters of the worker by name; with labels: name:label."""
        text = self.ask("GET", "/metrics")
        found = {}
        for name, labels, value in METRIC.findall(text):
            words = [word for key, word in LABEL.findall(labels) if key != "worker"]
            found[":".join([name, *words])] = float(value)
        return found

    def worker(self):
        """The worker's thread in /proc."""
        return next(task for task in Path(f"/proc/{self.process.pid}/task").iterdir()
                    if (task / "comm").read_text().startswith("rte-worker"))

    def thread(self):
        return int(self.worker().name)

    def sample(self):
        cpu = int((self.worker() / "schedstat").read_text().split()[0])
        return self.metrics() | {"cpu_ns": cpu}

    def busy_ns(self, before, after, wall_ns):
        # The worker polls: it takes all CPU time it can get, and tells how much of the time that
        # passed had work. Where it did not get the whole core, neither did that work.
        cpu = (after["cpu_ns"] - before["cpu_ns"]) / wall_ns
        return (after["busy_ns_total"] - before["busy_ns_total"]) * min(1, cpu)

    def told(self, before, after, wall_ns):
        counted = {key: after[key] - before.get(key, 0) for key in after
                   if key.endswith("_total") or "_total:" in key or key.startswith("turn_")}
        return {"worker": {key: n for key, n in counted.items() if n} |
                {"core": min(1, (after["cpu_ns"] - before["cpu_ns"]) / wall_ns),
                 "tsc_hertz": after["tsc_hertz"], "longest_loop_ns": after["longest_loop_ns"],
                 "last_policy_ns": after["last_policy_ns"]}}


SUBJECTS = {s.name: s for s in (Bulkhead, HAProxy, Nginx, Stunnel, PgBouncer)}
_numbers = iter(range(1000000))


def next_number():
    return next(_numbers)
