// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Columns are found in a real PostgreSQL wherever it shows them. Skipped where none is installed.

#include "controlplane/catalog/resolve.h"
#include "controlplane/catalog/watch.h"
#include "controlplane/policy/build.h"
#include "tests/unit/control/sample.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define BIN "/usr/lib/postgresql/15/bin/"

static const uint8_t key[32];
static const bool go;
static char folder[64];
static uint16_t port;
static bool running;

// As root, the server's programs run as its own user: they refuse to be root.
static const char *as_user(void)
{
	return geteuid() == 0 ? "setpriv --reuid=postgres --regid=postgres --clear-groups " : "";
}

static int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int shell(const char *format, ...)
{
	char command[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	return system(command);
}

static void sql(const char *text)
{
	assert_int_equal(
		shell("PGPASSWORD=s3cret " BIN "psql -X -q -v ON_ERROR_STOP=1 "
		      "'host=127.0.0.1 port=%u user=boss dbname=postgres' -c '%s' >/dev/null",
		      port, text),
		0
	);
}

static uint16_t free_port(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&addr, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &n), 0);
	close(fd);
	return ntohs(addr.sin_port);
}

static int enter(void **)
{
	if (access(BIN "initdb", X_OK) != 0)
		return 0;
	snprintf(folder, sizeof(folder), "/tmp/bulkhead-catalog-XXXXXX");
	if (mkdtemp(folder) == NULL || chmod(folder, 0755) != 0)
		return -1;
	if (geteuid() == 0 && shell("chown postgres %s", folder) != 0)
		return -1;
	port = free_port();
	int rc =
		shell("cd %s && %ssh -c 'echo s3cret >pw && " BIN
		      "initdb -D data -U boss -A scram-sha-256 "
		      "--pwfile=pw --no-sync >log && " BIN
		      "pg_ctl -D data -l log -w -o \"-p %u -k %s "
		      "-c listen_addresses=127.0.0.1 -c fsync=off\" start >>log'",
		      folder, as_user(), port, folder);
	running = rc == 0;
	return rc;
}

static int leave(void **)
{
	if (running)
		(void
		)shell("cd %s && %s" BIN "pg_ctl -D data -m immediate stop >/dev/null", folder,
		       as_user());
	return folder[0] == '\0' ? 0 : shell("rm -r %s", folder);
}

static struct snapshot *snapshot_with(const char *masks)
{
	struct config_errors errors = {0};
	struct snapshot *s = NULL;
	char text[4096];

	setenv("BULKHEAD_TEST_SECRET", "s3cret", 1);
	snprintf(
		text, sizeof(text),
		"gateway:\n  workers: [0]\n  patterns: " PATTERNS "\n"
		"  ports:\n    - {device: \"net_tap0\", address: 10.0.1.4/24}\n" SAMPLE_ISSUERS
		"resources:\n  - {name: orders, protocol: postgres, address: \"127.0.0.1:%u\", tls: off,\n"
		"     database: postgres,\n"
		"     credential: {user: boss, password: {env: BULKHEAD_TEST_SECRET}}}\n"
		"  - {name: plain, protocol: postgres, address: \"127.0.0.1:1\", tls: off,\n"
		"     credential: {user: boss}}\n" SAMPLE_LISTENERS
		"rules:\n  - name: read\n    subjects: {groups: [agents]}\n"
		"    resources: [orders]\n    effects: {allow: [read]}\n    mask: %s\n",
		port, masks
	);
	struct config *config = sample_config(text);
	assert_int_equal(snapshot_build(config, 1, 1, key, NULL, &s, &errors), 0);
	config_free(config);
	return s;
}

static struct catalog *resolve(const struct snapshot *s)
{
	struct catalog *catalog = NULL;
	uint64_t masks[COLUMN_WORDS];
	char why[CONNECTION_WHY] = "";

	catalog_masks(s, 0, masks);
	int rc = catalog_resolve(&s->resources[0], s->columns, masks, &go, &catalog, why);
	assert_string_equal(why, "");
	assert_int_equal(rc, 0);
	return catalog;
}

// How many columns of `relation` are masked by `mask`; 0 when it is not among the relations.
static unsigned masked(const struct catalog *c, const char *relation, uint16_t mask)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < c->n_relations; i++) {
		const struct catalog_relation *r = &c->relations[i];
		if (strcmp(r->name, relation) != 0 || r->mask != mask)
			continue;
		// Which OID it is, the server alone knows: count by what psql says.
		char command[512], text[32] = "";
		snprintf(
			command, sizeof(command),
			"PGPASSWORD=s3cret " BIN "psql -X -A -t "
			"'host=127.0.0.1 port=%u user=boss dbname=postgres' "
			"-c \"SELECT '%s.%s'::regclass::oid\"",
			port, r->schema, r->name
		);
		FILE *psql = popen(command, "r");
		assert_non_null(fgets(text, sizeof(text), psql));
		pclose(psql);
		for (uint32_t k = 0; k < c->n_columns; k++)
			n += c->columns[k].mask == mask &&
			     c->columns[k].table_oid == strtoul(text, NULL, 10);
	}
	return n;
}

static bool is_touched(const struct catalog *c, const char *schema)
{
	for (uint32_t i = 0; i < c->n_relations; i++)
		if (strcmp(c->relations[i].schema, schema) == 0)
			return true;
	return false;
}

static bool is_sorted(const struct catalog *c)
{
	for (uint32_t i = 1; i < c->n_columns; i++)
		if (c->columns[i - 1].table_oid > c->columns[i].table_oid)
			return false;
	for (uint32_t i = 1; i < c->n_known; i++)
		if (c->known[i - 1] >= c->known[i])
			return false;
	return true;
}

static void a_column_is_found_wherever_it_shows(void **)
{
	if (!running)
		skip();
	sql("CREATE TABLE customers (id int, name text, ssn text);"
	    "CREATE TABLE special (extra int) INHERITS (customers);"
	    "CREATE TABLE other (id int, ssn text);"
	    "CREATE VIEW slim AS SELECT id FROM customers;"
	    "CREATE VIEW wide AS SELECT c.ssn AS x, o.id FROM customers c, other o;"
	    "CREATE VIEW higher AS SELECT x AS y FROM wide;"
	    "CREATE VIEW apart AS SELECT * FROM other;"
	    "CREATE MATERIALIZED VIEW stored AS SELECT y FROM higher;"
	    "CREATE VIEW below AS SELECT ssn FROM special;"
	    "CREATE TABLE events (at int, card text) PARTITION BY RANGE (at);"
	    "CREATE TABLE events_1 (card text, at int);"
	    "ALTER TABLE events ATTACH PARTITION events_1 FOR VALUES FROM (0) TO (9)");
	struct snapshot *s = snapshot_with(
		"[column:customers.ssn, column:events_1.card, {column: nowhere.at.all}, pii]"
	);
	struct catalog *c = resolve(s);

	assert_true(c->resolved);
	assert_true(is_sorted(c));
	assert_int_equal(masked(c, "customers", 0), 1);
	assert_int_equal(masked(c, "special", 0), 1);
	assert_int_equal(masked(c, "other", 0), 0);
	assert_int_equal(masked(c, "apart", 0), 0);
	assert_int_equal(masked(c, "slim", 0), 1);
	assert_int_equal(masked(c, "wide", 0), 2);
	assert_int_equal(masked(c, "higher", 0), 1);
	assert_int_equal(masked(c, "stored", 0), 1);
	assert_int_equal(masked(c, "below", 0), 1);
	assert_int_equal(masked(c, "events_1", 1), 1);
	assert_int_equal(masked(c, "events", 1), 1);
	assert_int_equal(masked(c, "pg_stats", 0), 3);
	assert_int_equal(masked(c, "pg_class", 0), 0);
	assert_true(is_touched(c, "pg_toast")); // encode(chunk_data, ...) is the value
	assert_false(bit_is_set(c->unresolved, 0));
	assert_false(bit_is_set(c->unresolved, 1));
	assert_true(bit_is_set(c->unresolved, 2));
	assert_true(c->n_known > 100);
	struct catalog *again = resolve(s);
	assert_true(catalog_equal(c, again));
	sql("CREATE TABLE more (id int)");
	struct catalog *changed = resolve(s);
	assert_false(catalog_equal(c, changed));
	assert_int_equal(changed->n_known, c->n_known + 1);
	catalog_unref(c);
	catalog_unref(again);
	catalog_unref(changed);
	snapshot_free(s);
}

// Operators and functions of the same name in a schema of the role's choosing are not used.
static void a_search_path_is_no_trap(void **)
{
	if (!running)
		skip();
	sql("CREATE SCHEMA trap; CREATE TABLE trap.t (a int);"
	    "CREATE FUNCTION trap.no(name, name) RETURNS bool LANGUAGE sql AS $$SELECT false$$;"
	    "CREATE OPERATOR trap.= (leftarg = name, rightarg = name, function = trap.no);"
	    "ALTER ROLE boss SET search_path = trap, pg_catalog");
	struct snapshot *s = snapshot_with("[column:trap.t.a]");
	struct catalog *c = resolve(s);

	assert_int_equal(masked(c, "t", 0), 1);
	catalog_unref(c);
	snapshot_free(s);
	sql("ALTER ROLE boss RESET search_path");
}

static void what_is_known_survives_a_reload(void **)
{
	if (!running)
		skip();
	struct snapshot *a = snapshot_with("[column:customers.ssn, column:other.ssn]");
	const struct catalog *found[2] = {resolve(a), NULL};
	struct snapshot *with = snapshot_derive(a, 2, found);
	struct snapshot *b =
		snapshot_with("[column:other.ssn, {column: customers.ssn, style: hash}]");
	struct snapshot *wider = snapshot_with("[column:other.ssn, column:other.id]");

	assert_null(catalog_carry(a, 0, b, 0));
	struct catalog *c = catalog_carry(with, 0, b, 0);
	assert_non_null(c);
	struct catalog *fresh = resolve(b);
	assert_true(catalog_equal(c, fresh));
	assert_null(catalog_carry(with, 0, wider, 0));
	assert_null(catalog_carry(with, 1, b, 0));
	catalog_unref(found[0]);
	catalog_unref(fresh);
	catalog_unref(c);
	snapshot_free(a);
	snapshot_free(with);
	snapshot_free(b);
	snapshot_free(wider);
}

static struct catalog *wait_for_news(struct watch *watch, unsigned ms)
{
	struct catalog *news = NULL;
	uint16_t resource = 9;

	for (unsigned i = 0; i < ms / 10 && news == NULL; i++) {
		news = watch_take(watch, &resource);
		if (news == NULL)
			usleep(10000);
	}
	assert_true(news == NULL || resource == 0);
	return news;
}

static void changes_are_noticed_when_told(void **)
{
	if (!running)
		skip();
	struct snapshot *s = snapshot_with("[column:customers.ssn]");
	struct watch *watch = watch_new();

	assert_int_equal(watch_follow(watch, s), 0);
	struct catalog *first = wait_for_news(watch, 5000);
	assert_non_null(first);
	assert_int_equal(masked(first, "customers", 0), 1);
	watch_poke(watch, 0);
	assert_null(wait_for_news(watch, 500)); // nothing has changed
	watch_return(watch, 0);
	struct catalog *again = wait_for_news(watch, 10);
	assert_ptr_equal(again, first);
	catalog_unref(again);
	sql("ALTER TABLE customers DROP COLUMN ssn CASCADE");
	for (int i = 0; i < 100; i++)
		watch_poke(watch, 0);
	struct catalog *second = wait_for_news(watch, 5000);
	assert_non_null(second);
	assert_true(bit_is_set(second->unresolved, 0));
	assert_true(second->version > first->version);
	watch_poke(watch, 7);
	catalog_unref(first);
	catalog_unref(second);
	watch_free(watch);
	snapshot_free(s);
}

static void a_wrong_password_resolves_nothing(void **)
{
	struct catalog *catalog = NULL;
	uint64_t masks[COLUMN_WORDS];
	char why[CONNECTION_WHY];

	if (!running)
		skip();
	struct snapshot *s = snapshot_with("[column:customers.ssn]");
	struct resource wrong = s->resources[0];
	catalog_masks(s, 0, masks);
	strcpy(wrong.password, "guess");
	assert_int_not_equal(catalog_resolve(&wrong, s->columns, masks, &go, &catalog, why), 0);
	assert_non_null(strstr(why, "authentication failed"));
	assert_null(strstr(why, "guess"));
	wrong = s->resources[0];
	wrong.tls = RESOURCE_TLS_REQUIRE;
	assert_int_not_equal(catalog_resolve(&wrong, s->columns, masks, &go, &catalog, why), 0);
	assert_non_null(strstr(why, "does not support SSL"));
	snapshot_free(s);
}

// A server that accepts and says nothing: the end of the process does not wait for it.
static void a_silent_server_delays_nothing(void **)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	uint16_t saved = port;
	struct timespec before, after;

	assert_int_equal(bind(fd, (struct sockaddr *)&addr, n), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &n), 0);
	port = ntohs(addr.sin_port);
	struct snapshot *s = snapshot_with("[column:customers.ssn]");
	struct watch *watch = watch_new();
	assert_int_equal(watch_follow(watch, s), 0);
	usleep(200000);
	clock_gettime(CLOCK_MONOTONIC, &before);
	watch_poke(watch, 0);
	assert_null(wait_for_news(watch, 10));
	watch_free(watch);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_in_range(after.tv_sec - before.tv_sec, 0, 2);
	snapshot_free(s);
	close(fd);
	port = saved;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_column_is_found_wherever_it_shows),
		cmocka_unit_test(a_search_path_is_no_trap),
		cmocka_unit_test(what_is_known_survives_a_reload),
		cmocka_unit_test(a_wrong_password_resolves_nothing),
		cmocka_unit_test(a_silent_server_delays_nothing),
		cmocka_unit_test(changes_are_noticed_when_told),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
