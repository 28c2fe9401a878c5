// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What is wrong is said with its place and with what to do, and all of it at once.

#include "controlplane/config/config.h"
#include "tests/unit/control/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct wrong {
	const char *text;
	const char *says; // the whole line, behind "t.yaml:"
};

#define G       SAMPLE_GATEWAY
#define I       SAMPLE_ISSUERS
#define R       SAMPLE_RESOURCES
#define L       SAMPLE_LISTENERS
#define U       SAMPLE_RULES
#define T(keys) SAMPLE "token_service: {" keys "}\n"
#define A(keys) SAMPLE "admin: {" keys "}\n"
#define H       "https: {address: 127.0.0.1, port: 8443, certificate: c, key: k}"
#define RULE(subjects, resources, effects) \
	"  - {name: a, subjects: " subjects ", resources: " resources ", effects: " effects "}\n"

static const struct wrong form[] = {
	{"", " the file is empty; write gateway, issuers, resources, listeners and rules, "
	     "see bulkhead.yaml(5)"},
	{"gateway:\n\tworkers: [0]\n",
	 "2:1: not valid YAML: found character that cannot start any token, while scanning for the "
	 "next token; indent with spaces, not with tabs"},
	{"a: [",
	 "2:1: not valid YAML: did not find expected node content, while parsing a flow node"},
	{"- a\n", "1:1: the file must be a map of keys and values"},
	{G I R L U "rules: []\n", "21:1: `rules` is given twice, first in line 16; remove one"},
	{G I R L U "extra: 1\n", "21:1: unknown key `extra` in the file"},
	{"gatewya: {}\n" I R L U,
	 "1:1: unknown key `gatewya` in the file; did you mean `gateway`?"},
	{"gatewya: {}\n" I R L U, "1:1: the file has no `gateway`; add it"},
	{G I R L "rules:\n", "16:7: `rules` has nothing in it"},
	{G I R L "rules: &x []\n", "16:8: anchors are not allowed; write the value out"},
	{G I R L "rules: *x\n", "16:8: aliases are not allowed; write the value out"},
	{G I R L "rules: !!seq []\n", "16:8: tags are not allowed; remove it"},
	{G I R L "rules: [\"a\\nb\"]\n",
	 "16:9: a value holds a line break or control character; write it on one line"},
	{G I R L U "---\na: 1\n", "21:1: a second document starts here; keep one"},
	{"a: [[[[[[[[[[[[[1]]]]]]]]]]]]]\n", "1:15: nested too deeply"},
};

static const struct wrong gateway[] = {
	{"gateway: {}\n" I R L U, "1:10: `gateway` has no `workers`; add it"},
	{"gateway: {}\n" I R L U, "1:10: `gateway` has no `ports`; add it"},
	{"gateway: []\n" I R L U, "1:10: `gateway` must be a map of keys and values"},
	{"gateway:\n  workers: [1, 1]\n" I R L U,
	 "2:16: core 1 is in `workers` twice; a core runs one worker"},
	{"gateway:\n  workers: [x]\n" I R L U, "2:13: `workers` must be a number from 0 to 1023"},
	{"gateway:\n  workers: 4\n" I R L U,
	 "2:12: `workers` must be a list of CPU numbers, such as [0, 1]"},
	{"gateway:\n  workers: []\n" I R L U, "2:12: `workers` is empty; write at least one"},
	{"gateway:\n  ports:\n    - {device: a, address: 10.0.0.1}\n" I R L U,
	 "3:28: `address` must be an address and its network, such as 10.0.1.4/24"},
	{"gateway:\n  ports:\n    - {device: a, address: [10.0.1.4/24, \"fe80::1/64\"]}\n" I R L U,
	 "3:42: `address` must be one host's that is known beyond its link: not 0.0.0.0 or ::, no "
	 "group, neither loopback nor link-local"},
	{"gateway:\n  ports:\n    - {device: a, address: \"fd00::1/129\"}\n" I R L U,
	 "3:28: `address` must be an address and its network, such as 10.0.1.4/24"},
	{"gateway:\n  ports:\n    - {device: a, address: \"fd00::1/64\", mtu: 1279}\n" I R L U,
	 "3:47: `mtu` must be a number from 1280 to 9000"},
	{"gateway:\n  ports:\n    - {device: a, address: 10.0.1.4/24, gateway: \"fe80::1\"}\n" I R L
		 U,
	 "3:50: `gateway` is on none of the port's networks; it must be reachable without a router"},
	{"gateway:\n  ports:\n    - {device: a, address: 10.0.1.4/24, gateway: [10.0.1.1, 10.0.1.2]}\n" I
		 R L U,
	 "3:61: `gateway` must be one router, or one of IPv4 and one of IPv6"},
	{"gateway:\n  ports:\n    - {device: a, address: 10.0.1.4/24, vlan: 4095}\n" I R L U,
	 "3:47: `vlan` must be a number from 1 to 4094"},
	{"gateway:\n  ports:\n    - {device: a, address: 10.0.1.4/24, floating: 10.0.1.x}\n" I R L
		 U,
	 "3:51: `floating` must be an IP address such as 10.0.1.4"},
	{"gateway:\n  ports:\n    - {device: a, address: 10.0.1.4/24, floating: \"fd00::7\"}\n" I R
		 L U,
	 "3:51: `floating` must be one host's address, of a family that the port has an `address` of"},
	{"gateway:\n  ports:\n    - {device: a, address: 10.0.1.4/24, floating: [10.0.1.7, 10.0.1.7]}\n" I
		 R L U,
	 "3:62: this address is the port's already; remove one"},
	{"gateway:\n  ports:\n    - {device: a, address: 10.0.1.4/24, floating: [{announce: true}]}\n" I
		 R L U,
	 "3:52: the floating address has no `address`; add it"},
	{"gateway:\n  ports:\n    - {device: a, address: 10.0.1.4/24, gateway: 10.0.2.1}\n" I R L U,
	 "3:50: `gateway` is on none of the port's networks; it must be reachable without a router"},
	{"gateway:\n  limits: {sessions: 4, connections: 7}\n" I R L U,
	 "2:11: `connections` must be at least twice `sessions` (8): a session has two legs"},
	{"gateway:\n  limits: {record_blocks: 9}\n" I R L U,
	 "2:27: `record_blocks` must be a power of two"},
	{"gateway:\n  limits: {message: 50Mb}\n" I R L U,
	 "2:21: `message` must be a size such as 64KiB or 50MB"},
	{"gateway:\n  limits: {message: 1}\n" I R L U,
	 "2:21: `message` must be from 65536 to 1073741824 bytes"},
	{"gateway:\n  limits: {message: 99999999999999999999}\n" I R L U,
	 "2:21: `message` must be a size such as 64KiB or 50MB"},
	{"gateway:\n  timeouts: {login: 5}\n" I R L U,
	 "2:21: `login` must be a time such as 250ms, 30s or 5m"},
	{"gateway:\n  timeouts: {login: 5ms}\n" I R L U, "2:21: `login` must be from 1s to 720h"},
	// Azure's load balancer forgets a connection that is silent for 4 minutes.
	{"gateway:\n  tcp: {keepalive: {idle: 4m}}\n" I R L U,
	 "2:27: `idle` must be from 1s to 230s"},
	{"gateway:\n  tcp: {keepalive: {interval: 10ms}}\n" I R L U,
	 "2:31: `interval` must be from 1s to 230s"},
	{"gateway:\n  tcp: {keepalive: {probes: 0}}\n" I R L U,
	 "2:29: `probes` must be a number from 1 to 100"},
	{"gateway:\n  probe: {by: http}\n" I R L U, "2:10: `probe` has no `port`; add it"},
	{"gateway:\n  probe: {port: 80, by: icmp}\n" I R L U,
	 "2:25: `by` must be `http` or `tcp`, not `icmp`; did you mean `tcp`?"},
	{"gateway:\n  workers: [0]\n  ports: [{device: d, address: 10.0.1.4/24}]\n"
	 "  probe: {port: 5432}\n" I R L U,
	 "14:5: port 5432 is that of the load balancer's `probe`; change one"},
	{"gateway:\n  huge_pages: yes\n" I R L U,
	 "2:15: `huge_pages` must be `true` or `false`, not `yes`"},
	{"gateway:\n  log: {level: inof}\n" I R L U,
	 "2:16: `level` must be `error`, `warn`, `info` or `debug`, not `inof`; did you mean `info`?"},
	{"gateway:\n  state:\n" I R L U, "2:9: `state` has no value; write one or remove the key"},
	{"gateway:\n  ticket_secret: 0123456789\n" I R L U,
	 "2:18: a ticket_secret has no place in this file; write {file: ...} or {env: ...}"},
	{"gateway:\n  metrics: 9464\n" I R L U,
	 "2:12: `metrics` must be an address and port such as 127.0.0.1:9464"},
	{"gateway:\n  metrics: \"[::1:9464\"\n" I R L U,
	 "2:12: `metrics` must be an address and port such as 127.0.0.1:9464"},
	{"gateway:\n  metrics: \"[]:9464\"\n" I R L U,
	 "2:12: `metrics` must be an address and port such as 127.0.0.1:9464"},
	{"gateway:\n  workres: [1]\n" I R L U,
	 "2:3: unknown key `workres` in `gateway`; did you mean `workers`?"},
};

static const struct wrong issuers[] = {
	{G "issuers:\n  - {name: a}\n" R L U, "6:5: the issuer has no `issuer`; add it"},
	{G "issuers:\n  - {name: a}\n" R L U, "6:5: the issuer has no `audience`; add it"},
	{G "issuers:\n  - {name: a, issuer: \"http://h\", audience: y}\n" R L U,
	 "6:5: `issuer` is no URL that starts with https://, so that its keys cannot be found; add "
	 "`keys`"},
	{G "issuers:\n  - {name: a, issuer: x, audience: y, keys: {url: \"http://h/\"}}\n" R L U,
	 "6:51: `url` must start with https://"},
	{G "issuers:\n  - {name: a, issuer: x, audience: y, keys: {url: "
	   "\"http://localhost:1@evil/\"}}\n" R L U,
	 "6:51: `url` must start with https://"},
	{G "issuers:\n  - {name: a, issuer: x, audience: y, keys: {}}\n" R L U,
	 "6:45: `keys` must have `file`, `url` or `ca`"},
	{G "issuers:\n  - {name: a, issuer: x, audience: y, profile: entra}\n" R L U,
	 "6:5: `issuer` is no URL that starts with https://, so that its keys cannot be found; add "
	 "`keys`"},
	{G I "  - {name: test, issuer: b, audience: gw, keys: {file: f}}\n" R L U,
	 "7:5: a second issuer `test`, the first is in line 6; rename one"},
	{G I "  - {name: b, issuer: \"https://issuer\", audience: gw, keys: {file: f}}\n" R L U,
	 "7:5: issuers `test` and `b` have the same `issuer`; keep one of them"},
	{G
	 "issuers:\n  - {name: a, audience: y, profile: entra, issuer: "
	 "\"https://login.microsoftonline.com/T/v2.0\"}\n"
	 "  - {name: b, audience: y, profile: entra, issuer: \"https://sts.windows.net/T/\"}\n" R L
		 U,
	 "7:5: issuers `a` and `b` have the same `issuer`; keep one of them"},
	{G "issuers:\n  - {name: a, issuer: [x, z], audience: y, keys: {file: f}}\n" R L U,
	 "6:27: only profile entra has two spellings of `issuer`"},
};

#define RES(more) G I "resources:\n  - name: orders\n    protocol: postgres\n" more L U
#define CRED      "    credential: {user: a}\n"

#define N(keys) SAMPLE "notifications:\n  - {" keys "}\n"
static const struct wrong notifications[] = {
	{SAMPLE "notifications: {}\n", "21:16: `notifications` must be a list"},
	{N("url: \"https://a\""), "22:5: the notification has no `name`; add it"},
	{N("name: a"), "22:5: the notification has no `url`; add it"},
	{N("name: a, url: \"http://hooks\""), "22:20: `url` must start with https://"},
	{N("name: a, url: {}"), "22:20: `url` must have either `file` or `env`"},
	{N("name: a, url: \"https://a\", kind: mail"),
	 "22:39: `kind` must be `webhook`, `slack` or `teams`, not `mail`"},
	{N("name: a, url: \"https://a\", secret: x"),
	 "22:41: a secret has no place in this file; write {file: ...} or {env: ...}"},
	{N("name: a, url: \"https://a\", events: [all]"),
	 "22:42: `events` must be `approval_requested`, `approval_decided`, "
	 "`approval_expired`, `access_requested`, `access_decided`, `access_revoked` or `revoked`, not `all`"},
	{N("name: a, url: \"https://a\", body: x"), "22:33: unknown key `body` in a notification"},
	{N("name: a, url: \"https://a\"}\n  - {name: a, url: \"https://a\""),
	 "23:5: notification `a` is there twice"},
};

static const struct wrong token_service[] = {
	{T("ttl: 1m"), "21:16: `token_service` has no `issuer`; add it"},
	{SAMPLE "token_service: []\n", "21:16: `token_service` must be a map of keys and values"},
	{T("issuer: http://gw"),
	 "21:25: `issuer` must be https://HOST or https://HOST:PORT, without a path"},
	{T("issuer: https://gw/"),
	 "21:25: `issuer` must be https://HOST or https://HOST:PORT, without a path"},
	{T("issuer: https://gw, tttl: 1m"),
	 "21:37: unknown key `tttl` in `token_service`; did you mean `ttl`?"},
	{T("issuer: https://gw, ttl: 2h"), "21:42: `ttl` must be from 10s to 1h"},
	{T("issuer: https://gw, ttl_max: 2d"), "21:46: `ttl_max` must be from 10s to 24h"},
	{T("issuer: https://gw, depth_max: 9"), "21:48: `depth_max` must be a number from 1 to 8"},
	{T("issuer: https://gw, keys: {rotate: 1m}"), "21:52: `rotate` must be from 1h to 2160h"},
	{T("issuer: https://issuer"),
	 "6:5: the `issuer` of `test` is the token service's own; remove it from `issuers`"},
	{G "issuers:\n  - {name: gateway, issuer: x, audience: y, keys: {file: f}}\n" R L U
	   "token_service: {issuer: https://gw}\n",
	 "6:5: `gateway` is the name of the token service as an issuer; rename this one"},
	{G "issuers:\n  - {name: test, profile: entra, issuer: [\"https://x\", \"https://gw\"],"
	   " audience: y, keys: {file: f}}\n" R L U "token_service: {issuer: https://gw}\n",
	 "6:5: the `issuer` of `test` is the token service's own; remove it from `issuers`"},
	{T("issuer: https://gw, audience: orders"),
	 "21:16: the `audience` of the token service is the name of a resource; use another"},
};

#define ROLE "admin: {issuers: [test], groups: [dba]}"

static const struct wrong admin[] = {
	{SAMPLE "admin: []\n", "21:8: `admin` must be a map of keys and values"},
	{A("htps: {}"), "21:9: unknown key `htps` in `admin`; did you mean `https`?"},
	{A("https: {address: 127.0.0.1}"), "21:16: `https` has no `port`; add it"},
	{A("https: {address: 127.0.0.1}"), "21:16: `https` has no `key`; add it"},
	{A(H), "21:16: nobody has a role; say who may come, with `roles`"},
	{A("roles: {root: {}}"), "21:17: unknown key `root` in `roles`"},
	{A("roles: {admin: {groups: [a]}}"), "21:24: the role has no `issuers`; add it"},
	{A("roles: {admin: {issuers: [test]}}"),
	 "21:24: the role names nobody; give `groups` or `subjects`"},
	{A("roles: {admin: {issuers: [tset], groups: [a]}}"),
	 "21:35: no issuer is called `tset`; define it under `issuers`"},
	{A("rate: 20"), "21:15: `rate` must be requests per second, 1/s to 10000/s"},
	{A("rate: 0/s"), "21:15: `rate` must be requests per second, 1/s to 10000/s"},
	{A("rate: -1/s"), "21:15: `rate` must be requests per second, 1/s to 10000/s"},
	{A("url: http://gw"), "21:14: `url` must be https://HOST or https://HOST:PORT"},
	{A("url: https://gw/console"), "21:14: `url` must be https://HOST or https://HOST:PORT"},
	{A("url: \"https://gw; script-src *\""),
	 "21:14: `url` must be https://HOST or https://HOST:PORT"},
	{A("console: {issuer: test, client_id: c, scope: s}"), "21:8: `console` needs `https`"},
	{A(H ", roles: {" ROLE "}, console: {issuer: tset, client_id: c, scope: s}"),
	 "21:142: no issuer is called `tset`; define it under `issuers`"},
	{A(H ", roles: {" ROLE "}") "token_service: {issuer: https://gw, " H "}\n",
	 "22:44: `admin` has this address and port; remove `https` here to share it"},
};

static const struct wrong resources[] = {
	{RES("    address: db\n" CRED),
	 "10:14: `address` must be host:port, such as db.example.com:5432"},
	{RES("    address: \"fd00::1:5432\"\n" CRED),
	 "10:14: `address` must be host:port, such as db.example.com:5432"},
	{RES("    address: \"a b:1\"\n" CRED),
	 "10:14: `address` must be host:port, such as db.example.com:5432"},
	{RES("    address: db:1\n"), "8:5: the resource has no `credential`; add it"},
	{RES("    address: db:1\n    credential: {user: a, password: {env: HOME}, "
	     "managed_identity: {audience: x}}\n"),
	 "11:50: `managed_identity` stands for a `password`; keep one of them"},
	{RES("    address: db:1\n    credential: {user: a, managed_identity: {}}\n"),
	 "11:45: `managed_identity` has no `audience`; add it"},
	{RES("    address: db:1\n    credential: {user: a, password: hunter2}\n"),
	 "11:37: a password has no place in this file; write {file: ...} or {env: ...}"},
	{RES("    address: db:1\n    tls: on\n" CRED),
	 "11:10: `tls` must be `off`, `require`, `verify-ca` or `verify-full`, not `on`"},
	{RES("    address: db:1\n    tls: require\n    ca: x\n" CRED),
	 "12:5: `ca` is not used with this `tls`; remove it or use verify-full"},
	{G I
	 "resources:\n  - {name: a, protocol: mysql, address: \"h:1\", credential: {user: a}}\n" L
		 U,
	 "8:25: `protocol` must be `postgres`, not `mysql`"},
	{G I R
	 "  - {name: orders, protocol: postgres, address: \"h:1\", credential: {user: a}}\n" L U,
	 "13:5: a second resource `orders`, the first is in line 8; rename one"},
};

static const struct wrong listeners[] = {
	{G I R "listeners:\n  - {address: 10.0.1.4, port: 1, protocol: postgres, resource: order, "
	       "certificate: a, key: b}\n" U,
	 "14:64: no resource is called `order`; did you mean `orders`?"},
	{G I R "listeners:\n  - {address: 10.9.9.9, port: 1, protocol: postgres, resource: orders, "
	       "certificate: a, key: b}\n" U,
	 "14:5: 10.9.9.9 is not an address of any port; nothing would ever reach this listener"},
	{G I R "listeners:\n  - {address: 10.0.1.4, port: 70000, protocol: postgres, resource: "
	       "orders, certificate: a, key: b}\n" U,
	 "14:31: `port` must be a number from 1 to 65535"},
	{G I R "listeners:\n  - {address: 10.0.1.4, port: 1, protocol: postgres, resource: orders, "
	       "certificate: [a, b], key: c}\n" U,
	 "14:98: 1 keys for 2 certificates; list them in the same order"},
	{G I R L "  - {address: 10.0.1.4, port: 5432, protocol: postgres, resource: orders, "
		 "certificate: a, key: b}\n" U,
	 "16:5: the listener in line 14 has this address and port; change one"},
};

static const struct wrong rules[] = {
	{SAMPLE "    use: hipaa\n", "21:10: `use` must be a list, such as [hipaa]"},
	{SAMPLE "    use: {a: b}\n", "21:10: `use` must be a list"},
	{SAMPLE "    use: []\n", "21:10: `use` is empty; name something or remove it"},
	{SAMPLE "    use: [a, b, a]\n", "21:17: `a` is in `use` twice; remove one"},
	{SAMPLE "    use: [a, [b]]\n", "21:14: `use` must be a single value"},
	{SAMPLE "    use: [a]\n    use: [b]\n",
	 "22:5: `use` is given twice, first in line 21; remove one"},
	{SAMPLE "    uses: [a]\n", "21:5: unknown key `uses` in a rule; did you mean `use`?"},
	{G I R L "rules:\n" RULE("{groups: agents}", "[orders]", "{}"),
	 "17:34: `groups` must be a list, such as [agents]"},
	{G I R L "rules:\n" RULE("{groups: [a]}", "[orders]", "{allow: [read], deny: [read]}"),
	 "17:93: `read` is in two lists of the rule's `effects`; keep one of them"},
	{G I R L "rules:\n" RULE("{groups: [a]}", "[orders]", "{allow: [reed]}"),
	 "17:79: `reed` is no effect; one of read, write, ddl, admin, exec, unknown, session, or a flag "
	 "such as no-where (bulkhead.yaml(5) lists them)"},
	{G I R L "rules:\n" RULE("{groups: [a]}", "[orders]", "{allow: [star]}"),
	 "17:79: `star` is a flag, which can be in `hold` or `deny` only: without them it passes"},
	{G I R L "rules:\n" RULE("{groups: [a]}", "[orders]", "{deny: [file, file]}"),
	 "17:84: `file` is in `deny` twice; remove one"},
	{G I R L "rules:\n" RULE("{groups: [a, a]}", "[orders]", "{}"),
	 "17:38: `a` is in `groups` twice; remove one"},
	{G I R L "rules:\n" RULE("{}", "[orders]", "{}"),
	 "17:25: `subjects` names nobody; give `groups`, `roles`, `subjects`, `issuers`, `kind`, "
	 "`actor` or `ancestor`, or `any: true`"},
	{G I R L "rules:\n" RULE("{max_depth: 1}", "[orders]", "{}"),
	 "17:25: `subjects` names nobody; give `groups`, `roles`, `subjects`, `issuers`, `kind`, "
	 "`actor` or `ancestor`, or `any: true`"},
	{G I R L "rules:\n" RULE("{any: true, groups: [a]}", "[orders]", "{}"),
	 "17:26: `any: true` contradicts `groups`; keep one of them"},
	{G I R L "rules:\n" RULE("{issuers: [tset]}", "[orders]", "{}"),
	 "17:36: no issuer is called `tset`; define it under `issuers`"},
	{G I R L "rules:\n" RULE("{groups: [a]}", "[order]", "{}"),
	 "17:52: no resource is called `order`; did you mean `orders`?"},
	{G I R L "rules:\n" RULE("{groups: [a]}", "[]", "{}"),
	 "17:51: `resources` is empty; name something or remove it"},
	{G I R L U "  - {name: read, subjects: {any: true}, resources: [orders], effects: {}}\n",
	 "21:5: a second rule `read`, the first is in line 17; rename one"},
	{G I R L U "  - {name: b, subjects: {groups: [agents], max_depth: 1}, resources: [orders], "
		   "effects: {}}\n",
	 "21:5: rule `b` can never match: rule `read` in line 17 takes all its subjects and "
	 "resources; move it up or remove it"},
	{G I R L U "    mask: [column:ssn]\n",
	 "21:12: `ssn` is no column; write table.column or schema.table.column"},
	{G I R L U "    mask: [column:a.b.c.d]\n",
	 "21:12: `a.b.c.d` is no column; write table.column or schema.table.column"},
	{G I R L U "    mask: [pii, column:a.b]\n",
	 "21:17: masking a column needs to know its database; give resource `orders` a `database`"},
	{G I R L U "    mask: [pii, pii]\n",
	 "21:17: this rule masks it already, in line 21; remove one"},
	{G I R L U "    mask: [column:a.b, {column: public.a.b}]\n",
	 "21:24: this rule masks it already, in line 21; remove one"},
	{G I R L U "    mask: [{pattern: email, style: {keep_last: 99}}]\n",
	 "21:48: `keep_last` must be a number from 1 to 16"},
	{G I R L U "    mask: [{pattern: email, style: blur}]\n",
	 "21:36: `style` must be `redact`, `hash`, `token`, `placeholder` or `null`, not `blur`"},
	{G I R L U "    mask: [{pattern: email, style: tokens}]\n",
	 "21:36: `style` must be `redact`, `hash`, `token`, `placeholder` or `null`, not `tokens`; "
	 "did you mean `token`?"},
	{G I R L U "    mask: [{pattern: email, style: {keep_first: 4, keep_last: 0}}]\n",
	 "21:63: `keep_last` must be a number from 1 to 16"},
	{G I R L U "    mask: [{pattern: email, style: {keep_first: 4, fixed: x}}]\n",
	 "21:36: `style` must have either `fixed`, or `keep_first` or `keep_last` or both"},
	{G I R L U "    mask: [{pattern: email, unresolved: mask}]\n",
	 "21:29: `unresolved` is for columns; remove it"},
	{G I R L U "    mask: [{style: hash}]\n",
	 "21:12: an item of `mask` must have either `pattern` or `column`"},
	{G I R L U "    record: maybe\n",
	 "21:13: `record` must be `off`, `async` or `strict`, not `maybe`"},
};

#define S(subjects) G I R L "rules:\n" RULE(subjects, "[orders]", "{}")
#define NARROW(line, rest) \
	G I R L "rules:\n  - name: a\n    subjects: {groups: [agents]}\n    " line "\n    " rest

static const struct wrong whom[] = {
	{S("{groups: [a], rolse: [b]}"),
	 "17:39: unknown key `rolse` in `subjects`; did you mean `roles`?"},
	{S("{roles: []}"), "17:33: `roles` is empty; name something or remove it"},
	{S("{kind: robot}"), "17:32: `kind` must be `human` or `agent`, not `robot`"},
	{S("{any: true, kind: human}"), "17:26: `any: true` contradicts `kind`; keep one of them"},
	{S("{any: true, actor: {kind: agent}}"),
	 "17:26: `any: true` contradicts `actor`; keep one of them"},
	{S("{min_depth: 1}"),
	 "17:25: `subjects` names nobody; give `groups`, `roles`, `subjects`, `issuers`, `kind`, "
	 "`actor` or `ancestor`, or `any: true`"},
	{S("{any: true, min_depth: 0}"), "17:48: `min_depth` must be a number from 1 to 64"},
	{S("{any: true, min_depth: 3, max_depth: 2}"),
	 "17:48: `min_depth` is above `max_depth`: the rule can never match; correct one"},
	{S("{actor: {}}"),
	 "17:33: `actor` names nobody; give `groups`, `roles`, `subjects`, `issuers` or `kind`, or "
	 "remove it"},
	{S("{actor: {max_depth: 1}}"), "17:34: unknown key `max_depth` in `actor`"},
	{S("{ancestor: {any: true}}"), "17:37: unknown key `any` in `ancestor`"},
	{S("{actor: {issuers: [tset]}}"),
	 "17:44: no issuer is called `tset`; define it under `issuers`"},
	{S("{actor: {kind: agent}, max_depth: 0}"),
	 "17:26: with `max_depth: 0` the actor is the root itself; say it without `actor`"},
	{S("{ancestor: {kind: agent}, max_depth: 0}"),
	 "17:26: with `max_depth: 0` nobody has an ancestor: the rule can never match; remove one"},
	{G I R L U "  - {name: b, subjects: {groups: [agents], kind: human, min_depth: 1}, "
		   "from: [10.0.0.0/8], resources: [orders], effects: {}}\n",
	 "21:5: rule `b` can never match: rule `read` in line 17 takes all its subjects and "
	 "resources; move it up or remove it"},
};

static const struct wrong conditions[] = {
	{G I R L U "    from: 10.0.0.0/8\n", "21:11: `from` must be a list"},
	{G I R L U "    from: []\n", "21:11: `from` is empty; write a network or remove it"},
	{G I R L U "    from: [10.0.0.0/33]\n",
	 "21:12: `from` must be a network such as 10.0.1.0/24, or an address"},
	{G I R L U "    from: [\"::ffff:10.0.0.0/104\"]\n",
	 "21:12: `from` must be a network such as 10.0.1.0/24, or an address"},
	{G I R L U "    from: [\"fd00::/129\"]\n",
	 "21:12: `from` must be a network such as 10.0.1.0/24, or an address"},
	{G I R L U "    from: [\"fd00::1/8\"]\n",
	 "21:12: `fd00::1/8` has bits behind its prefix: nothing tells which network is meant"},
	{G I R L U "    from: [\"::/0\", \"fd00::/8\"]\n",
	 "21:20: `fd00::/8` and another network of `from` overlap; keep the larger"},
	{G I R L U "    from: [10.0.0.1/8]\n",
	 "21:12: `10.0.0.1/8` has bits behind its prefix: nothing tells which network is meant"},
	{G I R L U "    from: [10.0.0.0/8, 10.1.0.0/16]\n",
	 "21:24: `10.1.0.0/16` and another network of `from` overlap; keep the larger"},
	{G I R L U "    when: {}\n",
	 "21:11: `when` is always; give some `days` or `hours`, or remove it"},
	{G I R L U "    when: {zone: UTC}\n",
	 "21:11: `when` is always; give some `days` or `hours`, or remove it"},
	{G I R L U "    when: {days: [mon, tue, wed, thu, fri, sat, sun]}\n",
	 "21:11: `when` is always; give some `days` or `hours`, or remove it"},
	{G I R L U "    when: {days: []}\n",
	 "21:18: `days` is empty: the rule can never match; name a day"},
	{G I R L U "    when: {days: [mon, mon]}\n", "21:24: `mon` is in `days` twice; remove one"},
	{G I R L U "    when: {days: [monday]}\n",
	 "21:19: `days` must be `mon`, `tue`, `wed`, `thu`, `fri`, `sat` or `sun`, not `monday`"},
	{G I R L U "    when: {hours: 08:00-08:00}\n",
	 "21:19: `hours` ends when it begins: the rule can never match; correct it, or remove it "
	 "for the whole day"},
	{G I R L U "    when: {hours: 8:00-18:00}\n",
	 "21:19: `hours` must be a time of day until another, such as 08:00-18:00 or 22:00-24:00"},
	{G I R L U "    when: {hours: 08:00-24:01}\n",
	 "21:19: `hours` must be a time of day until another, such as 08:00-18:00 or 22:00-24:00"},
	{G I R L U "    when: {hours: 08:60-09:00}\n",
	 "21:19: `hours` must be a time of day until another, such as 08:00-18:00 or 22:00-24:00"},
	{G I R L U "    when: {hours: 24:00-08:00}\n",
	 "21:19: `hours` must be a time of day until another, such as 08:00-18:00 or 22:00-24:00"},
	{G I R L U "    when: {hours: 08:00-09:00, zone: Europe/Berlin}\n",
	 "21:38: `zone` must be UTC or a distance from it such as +01:00; names of zones are not "
	 "known here"},
	{G I R L U "    when: {hours: 08:00-09:00, zone: \"-12:30\"}\n",
	 "21:38: `zone` must be UTC or a distance from it such as +01:00; names of zones are not "
	 "known here"},
};

static const struct wrong people[] = {
	{NARROW("effects: {hold: [write]}", "resources: [orders]\n"),
	 "19:14: `hold` needs to know who approves; give the rule an `approval`"},
	{G I R L U "    approval: {quorum: 1}\n", "21:15: `approval` has no `approvers`; add it"},
	{G I R L U "    approval: {approvers: dba}\n",
	 "21:27: `approvers` must be a list, such as [dba]"},
	{G I R L U "    approval: {approvers: [dba], quorum: 0}\n",
	 "21:42: `quorum` must be a number from 1 to 16"},
	{G I R L U "    approval: {approvers: [dba], timeout: 0}\n",
	 "21:43: `timeout` must be from 1s to 24h"},
	{G I R L U "    approval: {approvers: [dba], mode: later}\n",
	 "21:40: `mode` must be `wait` or `retry`, not `later`"},
	{G I R L U "    approval: {approvers: [dba], valid: 1m}\n",
	 "21:34: `valid` is for `mode: retry`: what waits goes on at once; remove it"},
	{G I R L U "    approval: {approvers: [dba], mode: retry, valid: 2d}\n",
	 "21:54: `valid` must be from 1s to 24h"},
	{G I R L U "    approval: {approvers: [dba], pending: 0}\n",
	 "21:43: `pending` must be a number from 1 to 1000"},
	{G I R L U "    access: {duration: 1h}\n", "21:13: `access` has no `approvers`; add it"},
	{G I R L U "    access: {approvers: [dba], duration: 1s}\n",
	 "21:42: `duration` must be from 1m to 720h"},
	{G I R L U "    access: {approvers: [dba], mode: retry}\n",
	 "21:32: unknown key `mode` in `access`"},
};

static const struct wrong budgets[] = {
	{G I R L U "    budget: {}\n",
	 "21:13: `budget` limits nothing; give sessions, commands, rows, bytes, masked or writes"},
	{G I R L U "    budget: []\n", "21:13: `budget` is empty; write at least one"},
	{G I R L U "    budget: {per: root, spent: hold}\n",
	 "21:13: `budget` limits nothing; give sessions, commands, rows, bytes, masked or writes"},
	{G I R L U "    budget: {row: 1/h}\n",
	 "21:14: unknown key `row` in `budget`; did you mean `rows`?"},
	{G I R L U "    budget: {rows: 1}\n",
	 "21:20: `rows` must be an amount in a time, such as 1000/h or 200/10m"},
	{G I R L U "    budget: {bytes: 50MB}\n",
	 "21:21: `bytes` must be an amount in a time, such as 50MB/h or 10MB/10m"},
	{G I R L U "    budget: {rows: 0/h}\n",
	 "21:20: `rows` must be a number from 1 to 549755813888"},
	{G I R L U "    budget: {rows: 5MB/h}\n",
	 "21:20: `rows` must be a number from 1 to 549755813888"},
	{G I R L U "    budget: {bytes: 9000GB/h}\n",
	 "21:21: `bytes` must be from 1 to 549755813888 bytes"},
	{G I R L U "    budget: {rows: 5/week}\n",
	 "21:20: `rows` must be a time such as 250ms, 30s or 5m"},
	{G I R L U "    budget: {rows: 5/1500ms}\n", "21:20: `rows` must count in whole seconds"},
	{G I R L U "    budget: {rows: 5/32d}\n", "21:20: `rows` must be from 1s to 744h"},
	{G I R L U "    budget: {per: chain, rows: 5/h}\n",
	 "21:19: `per` must be `node`, `subtree` or `root`, not `chain`"},
	{G I R L U "    budget: {rows: 5/h, spent: ask}\n",
	 "21:32: `spent` must be `deny` or `hold`, not `ask`"},
	{G I R L U "    budget: {rows: 5/h, spent: hold}\n",
	 "21:13: `spent: hold` needs to know who approves; give the rule an `approval`"},
	{G I R L U "    approval: {approvers: [dba]}\n    budget: {sessions: 5/h, spent: hold}\n",
	 "22:14: `spent: hold` holds commands, and `sessions` are refused when they begin; put it "
	 "into a `budget` of its own, or use `access`"},
	{G I R L U "    budget: {writes: 5/h}\n",
	 "21:14: the rule neither allows nor holds the effect write: there is nothing to count; "
	 "remove it"},
	{G I R L U "    budget: [{rows: 5/h}, {rows: 9/60m}]\n",
	 "21:28: the rule has this budget already; keep one of them"},
};

static bool has_line(const struct config_errors *errors, const char *says)
{
	char line[1024];

	snprintf(line, sizeof(line), "t.yaml:%s", says);
	for (uint32_t i = 0; i < errors->n; i++)
		if (strcmp(errors->lines[i], line) == 0)
			return true;
	return false;
}

static unsigned check(const struct wrong *table, size_t n)
{
	unsigned failed = 0;

	for (size_t i = 0; i < n; i++) {
		struct config_errors errors = {0};
		struct config *config = NULL;
		int rc = config_parse("t.yaml", span_str(table[i].text), &config, &errors);
		if (rc != ERR_CONFIG || !has_line(&errors, table[i].says)) {
			failed++;
			print_message("%d, wanted: %s\n", rc, table[i].says);
			for (uint32_t j = 0; j < errors.n; j++)
				print_message("  %s\n", errors.lines[j]);
		}
		config_errors_fini(&errors);
	}
	return failed;
}

#define TABLE(name)                                                               \
	static void wrong_##name(void **)                                         \
	{                                                                         \
		assert_int_equal(check(name, sizeof(name) / sizeof(name[0])), 0); \
	}
TABLE(form)
TABLE(gateway)
TABLE(issuers)
TABLE(token_service)
TABLE(admin)
TABLE(notifications)
TABLE(resources)
TABLE(listeners)
TABLE(rules)
TABLE(whom)
TABLE(conditions)
TABLE(people)
TABLE(budgets)

// Files and CPUs are looked at only when the file itself is right.
static void a_cpu_that_is_not_there_is_an_error(void **)
{
	struct config_errors errors = {0};
	struct config *config = sample_config("gateway:\n"
					      "  workers: [0, 1023]\n"
					      "  control_core: 1022\n"
					      "  ports:\n"
					      "    - {device: a, address: 10.0.1.4/24}\n" I R L U);
	unsigned found = 0;

	config_check_files(config, &errors);
	for (uint32_t i = 0; i < errors.n; i++) {
		found += strstr(errors.lines[i], "t.yaml:2:16: there is no CPU 1023: ") != NULL;
		found += strstr(errors.lines[i], "t.yaml:3:17: there is no CPU 1022: ") != NULL;
		assert_null(strstr(errors.lines[i], "no CPU 0"));
	}
	assert_int_equal(found, 2);
	config_errors_fini(&errors);
	config_free(config);
}

static void all_mistakes_are_told_at_once(void **)
{
	struct config_errors errors = {0};
	struct config *config = NULL;
	const char *text = "gateway: {workers: x, prots: []}\n"
			   "issuers: [{name: a b}]\n"
			   "resources: 3\n"
			   "listeners: [{}]\n"
			   "rules: [{name: r, budget: 1}]\n";

	assert_int_equal(config_parse("t.yaml", span_str(text), &config, &errors), ERR_CONFIG);
	assert_in_range(errors.n, 15, 30);
	config_errors_fini(&errors);
}

static void more_errors_than_fit_are_counted(void **)
{
	struct config_errors errors = {0};
	struct config *config = NULL;
	char *text = malloc(16384);
	int n = snprintf(text, 16384, "rules:\n");

	for (int i = 0; i < 60; i++)
		n += snprintf(text + n, 16384 - (size_t)n, "  - {x: 1}\n");
	assert_int_equal(config_parse("t.yaml", span_str(text), &config, &errors), ERR_CONFIG);
	assert_int_equal(errors.n, CONFIG_ERRORS_MAX);
	assert_true(errors.n_left_out > 60);
	config_errors_fini(&errors);
	free(text);
}

// The text of a file may not drive the terminal of whoever reads its errors.
static void control_characters_are_escaped(void **)
{
	struct config_errors errors = {0};

	config_error_add(&errors, "t\x1b", (struct config_position){1, 2}, "a\nb");
	assert_string_equal(errors.lines[0], "t\\x1b:1:2: a\\x0ab");
	config_errors_fini(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_form),
		cmocka_unit_test(wrong_gateway),
		cmocka_unit_test(wrong_issuers),
		cmocka_unit_test(wrong_token_service),
		cmocka_unit_test(wrong_admin),
		cmocka_unit_test(wrong_notifications),
		cmocka_unit_test(wrong_resources),
		cmocka_unit_test(wrong_listeners),
		cmocka_unit_test(wrong_rules),
		cmocka_unit_test(wrong_whom),
		cmocka_unit_test(wrong_conditions),
		cmocka_unit_test(wrong_people),
		cmocka_unit_test(wrong_budgets),
		cmocka_unit_test(a_cpu_that_is_not_there_is_an_error),
		cmocka_unit_test(all_mistakes_are_told_at_once),
		cmocka_unit_test(more_errors_than_fit_are_counted),
		cmocka_unit_test(control_characters_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
