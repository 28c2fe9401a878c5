# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
"""A PostgreSQL and a gateway in the namespaces of net.py, for tests and for the quick start.

    with net.Net() as n, Appliance(n, build) as a:
        token = a.token("alice", ["agents"])
        print(a.psql("SELECT 1", token))
"""
import json
import os
import pwd
import shutil
import subprocess
import textwrap
from pathlib import Path

import net

ROOT = Path(__file__).resolve().parents[2]
PG_BIN = Path("/usr/lib/postgresql/15/bin")
PORT = 5432

GATEWAY = """\
gateway:
  workers: [{cores}]
  huge_pages: false
  memory: 1GiB
  idle_sleep: 50us
  ports:
{ports}
  limits: {{connections: 2048, sessions: 512, message: {message}, worker_memory: {worker_memory},
           record_blocks: {record_blocks}}}
  timeouts: {{login: 20s, connect: 20s}}
  state: {state}
  patterns: {patterns}
  log: {{level: info}}
issuers:
  - {{name: local, local: true, audience: bulkhead}}
{issuers}resources:
  - name: orders
    protocol: postgres
    address: "{server}:5432"
    tls: {tls}
{ca}{database}    credential: {{user: {user}, password: {{file: {secret}}}}}
listeners:
  - address: "{listen}"
    port: 5432
    protocol: postgres
    resource: orders
    certificate: [{certs}/gateway.ecdsa.pem, {certs}/gateway.rsa.pem]
    key: [{certs}/gateway.ecdsa.key, {certs}/gateway.rsa.key]
"""

# Everything is allowed and looked at, nothing matches.
OPEN_RULES = """\
rules:
  - name: everything
    subjects: {groups: [agents]}
    resources: [orders]
    effects: {allow: [read, write, ddl, admin, exec, unknown]}
    mask: [pem-private-key]
    record: off
"""


class Postgres:
    """A PostgreSQL 15 in the server's namespace, with TLS and SCRAM, that logs every statement."""

    def __init__(self, network, certs, settings=()):
        self.net = network
        self.home = network.dir / "postgres"
        self.data = self.home / "data"
        self.log = self.home / "statements.log"
        self.password = "the server's own password"
        self.user = pwd.getpwnam("postgres")
        self.process = None
        self._make(certs, settings)

    def _make(self, certs, settings):
        self.home.mkdir()
        for name in ("server.ecdsa.pem", "server.ecdsa.key", "ca.pem"):
            shutil.copy(certs / name, self.home / name)
        (self.home / "password").write_text(self.password)
        os.chmod(self.net.dir, 0o755)
        for path in [self.home, *self.home.iterdir()]:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)
        self.as_postgres([PG_BIN / "initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8",
                          "--locale=C", "-A", "scram-sha-256", "--no-sync",
                          f"--pwfile={self.home}/password"])
        (self.data / "pg_hba.conf").write_text(textwrap.dedent("""\
            local   all all           trust
            hostssl all all 0.0.0.0/0 scram-sha-256
            hostssl all all ::/0 scram-sha-256
            hostssl replication all 0.0.0.0/0 scram-sha-256
            """))
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.write(textwrap.dedent(f"""
                listen_addresses = '*'
                unix_socket_directories = '{self.home}'
                ssl = on
                ssl_cert_file = '{self.home}/server.ecdsa.pem'
                ssl_key_file = '{self.home}/server.ecdsa.key'
                fsync = off
                log_statement = all
                log_destination = stderr
                logging_collector = off
                max_connections = 200
                """) + "\n".join(settings) + "\n")

    def as_postgres(self, argv, **more):
        return net.run(["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}",
                        "--clear-groups", *argv], cwd="/", **more)

    def start(self):
        # Another user id forgets the signal that Process asked for: asked for again behind it.
        argv = ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}",
                "--clear-groups", "--pdeathsig=INT", PG_BIN / "postgres", "-D", self.data]
        self.process = self.net.server.start(argv, "postgres", cwd="/")
        self.process.wait_line("ready to accept connections")

    def sql(self, text, database="postgres"):
        """Run statements as the administrator, past the gateway."""
        return self.as_postgres(["psql", "-h", self.home, "-U", "postgres", "-d", database, "-XAtq",
                                 "-v", "ON_ERROR_STOP=1", "-c", text], timeout=120).stdout

    def statements(self):
        return self.process.text()


class Appliance:
    """`rules`: the policy's rules as YAML; `build`: the folder with the binaries."""

    def __init__(self, network, build, rules=OPEN_RULES, workers=1, settings=(), user="postgres",
                 message="16MiB", record_blocks=256, tls="verify-full", database=None, extra="",
                 issuers="", listen=None, server=None):
        self.net, self.build = network, Path(build)
        self.rules, self.workers, self.user = rules, workers, user
        self.message, self.record_blocks, self.tls = message, record_blocks, tls
        self.settings, self.database, self.extra = settings, database, extra
        # Addresses: where the gateway listens, and of the server.
        self.listen, self.server_address = listen or net.GW_CLIENT, server or net.SERVER
        self.issuers = issuers  # besides the local one: items of YAML
        self.dir = self.state = self.certs = self.config = None
        self.server = self.process = None

    def __enter__(self):
        self.dir = self.net.dir / "gateway"
        self.certs, self.state = self.dir / "certs", self.dir / "state"
        self.config = self.dir / "bulkhead.yaml"
        self.state.mkdir(parents=True)
        net.run([ROOT / "tests/system/certs.sh", self.certs, f"gateway,{self.listen}",
                 f"server,{self.server_address}"], timeout=60)
        self.server = Postgres(self.net, self.certs, self.settings)
        self.server.start()
        if self.user != "postgres":  # a role without rights: grants are the test's
            self.server.sql(f"CREATE ROLE {self.user} LOGIN PASSWORD $p${self.server.password}$p$")
        secret = self.dir / "password"
        secret.write_text(self.server.password)
        secret.chmod(0o600)
        self.write_config(self.rules)
        return self

    def __exit__(self, kind, value, trace):
        if kind not in (None, KeyboardInterrupt):
            self.net.failed = True
        if self.process:
            self.process.stop()
        if self.server and self.server.process:
            self.server.process.stop()

    def write_config(self, rules):
        ports = "\n".join(f"    - {{device: \"{device}\", address: {address}}}"
                          for device, address in self.net.ports)
        cores = ", ".join(str(i % os.cpu_count()) for i in range(self.workers))
        ca = f"    ca: {self.certs}/ca.pem\n" if self.tls.startswith("verify") else ""
        # Rules that mask columns need to know whose: the client's choice of database then ends.
        database = f"    database: {self.database}\n" if self.database else ""
        text = GATEWAY.format(
            database=database, issuers=self.issuers,
            cores=cores, ports=ports, state=self.state, patterns=ROOT / "patterns/library",
            server=f"[{self.server_address}]" if ":" in self.server_address
            else self.server_address, ca=ca, tls=self.tls, user=self.user, secret=self.dir / "password",
            listen=self.listen, certs=self.certs, message=self.message,
            worker_memory="512MiB", record_blocks=self.record_blocks)
        self.config.write_text(text + self.extra + rules)

    def start(self):
        self.process = self.net.gw.start([self.build / "app/bulkhead", "--config", self.config],
                                         "bulkhead")
        self.process.wait_line("ready", timeout=60)
        self.net.attach()
        return self

    def ctl(self, *argv, check=True, timeout=30):
        socket = ["--socket", self.state / "admin.sock"]
        return self.net.gw.run([self.build / "app/bulkheadctl", *argv[:1], *socket, *argv[1:]],
                               check=check, timeout=timeout)

    def offline(self, *argv, check=True):
        """A command that reads the state folder itself."""
        return net.run([self.build / "app/bulkheadctl", *argv, "--state", self.state], check=check)

    def status(self):
        return json.loads(self.ctl("status", "--json").stdout)

    def token(self, subject="alice", groups=("agents",), ttl="1h"):
        groups = [word for group in groups for word in ("--group", group)]
        return self.ctl("token", "--subject", subject, *groups, "--ttl", ttl).stdout.strip()

    def env(self, token, database="postgres", **more):
        """What a stock libpq client needs."""
        env = {"PATH": os.environ["PATH"], "PGHOST": self.listen, "PGPORT": str(PORT),
               "PGUSER": "anyone", "PGDATABASE": database, "PGPASSWORD": token,
               "PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(self.certs / "ca.pem"),
               "PGCONNECT_TIMEOUT": "20", "HOME": str(self.dir)}
        return env | more

    def client(self, argv, token, check=True, timeout=60, database="postgres", **more):
        return self.net.client.run(argv, env=self.env(token, database, **more), check=check,
                                   timeout=timeout, stdin=subprocess.DEVNULL)

    def psql(self, sql, token, check=True, options=("-XAt",), database="postgres", **more):
        return self.client(["psql", *options, "-c", sql], token, check=check, database=database,
                           **more)
