// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What statements would do, the known ways around statement filters included.

#include "dataplane/inspect/inspect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
	R = EFFECT_READ,
	W = EFFECT_WRITE,
	D = EFFECT_DDL,
	A = EFFECT_ADMIN,
	X = EFFECT_EXEC,
	U = EFFECT_UNKNOWN,
	S = EFFECT_SESSION,
};

static const struct inspect_context plain = {.utf8 = true, .standard_strings = true};
static struct inspect_cache *cache;

static const struct effects *effects_of(const char *sql)
{
	return inspect_statement(cache, &plain, span_str(sql));
}

static const struct {
	const char *sql;
	uint32_t kinds;
} statements[] = {
	{"SELECT 1", R},
	{"", S},
	{"-- nothing", S},
	{"VALUES (1), (2)", 0 | R},
	{"TABLE customers", R},
	{"INSERT INTO t VALUES (1)", W},
	{"INSERT INTO t SELECT * FROM u", R | W},
	{"INSERT INTO t VALUES (1) RETURNING id", R | W},
	{"UPDATE t SET a = 1 WHERE b = 2", W},
	{"DELETE FROM t", W},
	{"MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", W},
	{"SELECT * FROM t FOR UPDATE", R | W},
	{"TRUNCATE users", D | W},
	{"DROP TABLE t", D},
	{"drop/**/table/* x /* y */ */t", D},
	{"DROP ROLE r", A},
	{"DROP OWNED BY r", D | A},
	{"CREATE TABLE t (a int)", D},
	{"CREATE TABLE t AS SELECT * FROM u", R | W | D},
	{"SELECT * INTO t FROM u", R | W | D},
	{"ALTER TABLE t RENAME COLUMN ssn TO x", D},
	{"GRANT ALL ON t TO r", A},
	{"ALTER SYSTEM SET work_mem = '1GB'", A},
	{"BEGIN", S},
	{"COMMIT", S},
	{"PREPARE TRANSACTION 'x'", S | A},
	{"SET statement_timeout = 1", S},
	{"SET ROLE postgres", A},
	{"SET SESSION AUTHORIZATION postgres", A},
	{"SET client_encoding = 'UTF8'", S},
	{"SET client_encoding = 'SJIS'", A},
	{"SET NAMES 'GBK'", A},
	{"SET standard_conforming_strings = off", A},
	{"SHOW work_mem", R},
	// several statements: the worst of them
	{"SELECT 1; DELETE FROM t", R | W},
	{"DELETE FROM users; SELECT 1", R | W},
	{"COMMIT; DROP SCHEMA public CASCADE", S | D},
	// writes inside reads
	{"WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", R | W},
	{"EXPLAIN ANALYZE DELETE FROM t", R | W},
	{"SELECT * FROM (SELECT nextval('s')) x", R | W},
	// strings that hide statements from filters, and do not hide them here
	{"SELECT E'O\\'Brien'; DELETE FROM t; --'", R | W},
	{"SELECT $tag$ DELETE FROM t $tag$", R},
	{"SELECT 'DROP TABLE t'", R},
	{"SELECT U&\"d\\0061ta\" FROM t", R},
	// code that the statement does not show
	{"DO $$ BEGIN DELETE FROM t; END $$", X | U},
	{"CALL p()", X | U},
	{"EXECUTE s", U},
	{"EXPLAIN ANALYZE EXECUTE s", R | U},
	{"CREATE TABLE x AS EXECUTE s", D | W | U},
	{"SELECT do_things()", R | X},
	{"SELECT public.lower('A')", R | X},
	{"SELECT lower('A'), count(*) FROM t", R},
	{"SELECT pg_catalog.lower('A')", R},
	{"SELECT query_to_xml('DELETE FROM t', true, true, '')", R | X},
	{"SELECT pg_sleep(10)", R | X},
	{"SELECT pg_read_file('/etc/passwd')", R | A},
	{"SELECT lo_export(1, '/tmp/x')", R | A},
	{"SELECT * FROM dblink('host=x', 'select 1') AS t(a int)", R | A},
	{"SELECT set_config('role', 'postgres', false)", R | A},
	{"SELECT 1 ORDER BY pg_terminate_backend(1)", R | A},
	// COPY
	{"COPY t TO STDOUT", R},
	{"COPY t FROM STDIN", W},
	{"COPY t TO '/tmp/x'", R | A},
	{"COPY t FROM PROGRAM 'id'", W | A},
	{"COPY (DELETE FROM t RETURNING *) TO STDOUT", R | W},
	// stored text
	{"PREPARE s AS DELETE FROM t", W},
	{"DECLARE c CURSOR FOR SELECT * FROM t", R},
	{"FETCH ALL FROM c", R},
	// not SQL
	{"DELTE FROM t", U},
	{"SELECT 'unterminated", U},
	{"SELECT 1 /* unterminated", U},
};

static void statements_have_their_effects(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		uint32_t kinds = effects_of(statements[i].sql)->kinds;
		if (kinds != statements[i].kinds)
			fail_msg("%s: %#x, not %#x", statements[i].sql, kinds, statements[i].kinds);
	}
}

static void flags_tell_more(void **state)
{
	(void)state;
	assert_true(effects_of("SELECT 1; SELECT 2")->flags & EFFECT_MULTI);
	assert_true(effects_of("DELETE FROM t")->flags & EFFECT_NO_WHERE);
	assert_false(effects_of("DELETE FROM t WHERE a = 1")->flags & EFFECT_NO_WHERE);
	assert_true(effects_of("DELETE FROM users -- where")->flags & EFFECT_NO_WHERE);
	assert_true(effects_of("WITH x AS (UPDATE t SET a = 1) SELECT 1")->flags & EFFECT_NO_WHERE);
	assert_true(effects_of("COPY t TO STDOUT")->flags & EFFECT_COPY_OUT);
	assert_true(effects_of("COPY (SELECT 1) TO STDOUT")->flags & EFFECT_COPY_QUERY);
	assert_true(effects_of("COPY t FROM STDIN (FORMAT binary)")->flags & EFFECT_COPY_BINARY);
	assert_true(effects_of("EXECUTE s")->flags & EFFECT_INDIRECT);
	assert_true(effects_of("CREATE TABLE x AS EXECUTE s")->flags & EFFECT_INDIRECT);
	assert_true(effects_of("DECLARE c CURSOR FOR SELECT 1")->flags & EFFECT_PREPARES);
	assert_true(effects_of("SET standard_conforming_strings = off")->flags & EFFECT_LEXING);
}

static void settings_that_change_what_text_means(void **state)
{
	static const char *const some[] = {
		"SET search_path TO evil",
		"SET LOCAL search_path = evil",
		"SET TIME ZONE 'UTC'",
		"SET ROLE admin",
		"SET SCHEMA 'evil'",
		"RESET ALL",
		"RESET search_path",
		"DISCARD ALL",
		"SELECT 1; SET datestyle = 'DMY'",
		"SELECT pg_catalog.set_config('search_path', 'evil', false)",
	};
	static const char *const none[] = {
		"SET application_name = 'x'",
		"SET statement_timeout = 1",
		"DISCARD PLANS",
		"SET client_encoding = 'UTF8'",
		"SET TRANSACTION READ ONLY",
		"SELECT 1",
		"BEGIN",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		if ((effects_of(some[i])->flags & EFFECT_SETS) == 0)
			fail_msg("%s", some[i]);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if ((effects_of(none[i])->flags & EFFECT_SETS) != 0)
			fail_msg("%s", none[i]);
}

static uint8_t access_to(const struct effects *e, const char *schema, const char *name)
{
	for (uint16_t i = 0; i < e->n_objects; i++)
		if (span_equal(e->objects[i].name, span_str(name)) &&
		    span_equal(e->objects[i].schema, span_str(schema)))
			return e->objects[i].access;
	return 0;
}

static void objects_are_found_wherever_they_stand(void **state)
{
	const struct effects *e;
	(void)state;
	e = effects_of("SELECT (SELECT max(a) FROM s.inner1) FROM outer1 JOIN LATERAL "
		       "(SELECT 1 FROM deep1) x ON true WHERE EXISTS (SELECT 1 FROM \"Quoted\")");
	assert_int_equal(access_to(e, "s", "inner1"), EFFECT_READ);
	assert_int_equal(access_to(e, "", "outer1"), EFFECT_READ);
	assert_int_equal(access_to(e, "", "deep1"), EFFECT_READ);
	assert_int_equal(access_to(e, "", "Quoted"), EFFECT_READ);
	e = effects_of("UPDATE t SET a = (SELECT b FROM u)");
	assert_int_equal(access_to(e, "", "t"), EFFECT_WRITE);
	assert_int_equal(access_to(e, "", "u"), EFFECT_READ);
}

static void prepared_statements_are_named(void **state)
{
	const struct effects *e;
	(void)state;
	e = effects_of("PREPARE s (int) AS SELECT a FROM t WHERE b = $1");
	assert_int_equal(access_to(e, "", "s"), EFFECT_SESSION);
	assert_int_equal(access_to(e, "", "t"), EFFECT_READ);
	assert_int_equal(access_to(effects_of("EXECUTE \"My S\"(1)"), "", "My S"), EFFECT_SESSION);
	e = effects_of("EXPLAIN ANALYZE EXECUTE s");
	assert_int_equal(access_to(e, "", "s"), EFFECT_SESSION);
	e = effects_of("CREATE TABLE x AS EXECUTE s");
	assert_int_equal(access_to(e, "", "s"), EFFECT_SESSION);
	assert_int_equal(access_to(effects_of("DEALLOCATE PREPARE S"), "", "s"), EFFECT_SESSION);
	assert_int_equal(effects_of("DEALLOCATE ALL")->n_objects, 0);
	// The relation of that name is another thing.
	e = effects_of("PREPARE t AS DELETE FROM t WHERE a = 1; EXECUTE t");
	assert_int_equal(e->n_objects, 2);
	assert_int_equal(
		e->objects[0].access | e->objects[1].access, EFFECT_SESSION | EFFECT_WRITE
	);
}

static void a_session_starts_with_harmless_settings(void **state)
{
	(void)state;
	assert_int_equal(inspect_setting(SPAN_LIT("application_name")), S);
	assert_int_equal(inspect_setting(SPAN_LIT("DateStyle")), S);
	assert_int_equal(inspect_setting(SPAN_LIT("client_encoding")), S);
	assert_int_equal(inspect_setting(SPAN_LIT("session_replication_role")), A);
	assert_int_equal(inspect_setting(SPAN_LIT("session_preload_libraries")), A);
	assert_int_equal(inspect_setting(SPAN_LIT("row_security")), A);
	assert_int_equal(inspect_setting(SPAN_LIT("log_statement")), A);
	assert_int_equal(inspect_setting(SPAN_LIT("app.tenant")), A);
	assert_int_equal(inspect_setting(SPAN_LIT("")), A);
}

static void denials_name_the_statement(void **state)
{
	(void)state;
	assert_true(span_equal(effects_of("drop table a")->verb, SPAN_LIT("DROP TABLE")));
	assert_true(
		span_equal(effects_of("DROP MATERIALIZED VIEW a")->verb, SPAN_LIT("DROP MATVIEW"))
	);
	assert_true(span_equal(effects_of("SELECT 1; DELETE FROM t")->verb, SPAN_LIT("DELETE")));
}

static void text_is_normalised(void **state)
{
	(void)state;
	const struct effects *e =
		effects_of("  select\t*\n from/* c */users where a = 'x  y' -- end");
	assert_true(span_equal(e->normalised, SPAN_LIT("SELECT * FROM users WHERE a = 'x  y'")));
}

static uint32_t kinds_of_chain(const char *head, const char *link, const char *tail, size_t n)
{
	size_t size = strlen(head) + n * strlen(link) + strlen(tail) + 1;
	char *sql = malloc(size), *at = sql;
	assert_non_null(sql);
	at += sprintf(at, "%s", head);
	for (size_t i = 0; i < n; i++)
		at += sprintf(at, "%s", link);
	sprintf(at, "%s", tail);
	uint32_t kinds = effects_of(sql)->kinds;
	free(sql);
	return kinds;
}

static void other_readings_are_unknown(void **state)
{
	const struct inspect_context sjis = {.utf8 = false, .standard_strings = true};
	const struct inspect_context escapes = {.utf8 = true, .standard_strings = false};
	(void)state;
	struct span sql = SPAN_LIT("SELECT 1");
	assert_int_equal(inspect_statement(cache, &sjis, sql)->kinds, EFFECT_UNKNOWN);
	assert_int_equal(inspect_statement(cache, &escapes, sql)->kinds, EFFECT_UNKNOWN);
	assert_int_equal(
		inspect_statement(cache, &plain, SPAN_LIT("SELECT '\xc0\xaf'"))->kinds,
		EFFECT_UNKNOWN
	);
	assert_int_equal(
		inspect_statement(cache, &plain, SPAN_LIT("SELECT 1\0; DROP TABLE t"))->kinds,
		EFFECT_UNKNOWN
	);
	assert_int_equal(kinds_of_chain("SELECT 1 -- ", "x", "", (1 << 20) - 12), R);
	assert_int_equal(kinds_of_chain("SELECT 1 -- ", "x", "", 1 << 20), U);
}

// libpg_query builds and reads its trees by recursion: each of these ended the process.
static void deep_trees_are_unknown(void **state)
{
	static const struct {
		const char *head, *link, *tail;
	} chains[] = {
		{"SELECT 1", "+1", ""},
		{"SELECT ", "NOT ", "true"},
		{"SELECT ", "- ", "1"},
		{"SELECT 1", "::int", ""},
		{"SELECT 1", " IS NULL", ""},
		{"SELECT 1", " IS NULL BETWEEN false AND true", ""},
		{"SELECT 1", " COLLATE x", ""},
		{"SELECT 1", " AT TIME ZONE 'x'", ""},
		{"SELECT 1, 2", " UNION SELECT 1, 2", ""},
		{"SELECT 1, 2", " EXCEPT ALL SELECT 1, 2", ""},
		{"SELECT 1 FROM a", " JOIN a ON x = 1 AND y = 2", ""},
		{"SELECT 1 FROM a", " NATURAL JOIN a", ""},
		{"SELECT ", "(", "1"},
		{"SELECT ", "(1 + ", "1"},
		{"SELECT ", "f(a.end, ", "1"},
		{"SELECT ", "(SELECT 1 end, ", "1"},
		{"SELECT ", "CASE WHEN true THEN 1 ELSE ", "1"},
		{"SELECT ", "ARRAY[1, ", "1"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		uint32_t kinds =
			kinds_of_chain(chains[i].head, chains[i].link, chains[i].tail, 25000);
		if ((kinds & EFFECT_UNKNOWN) == 0)
			fail_msg("%s: %#x", chains[i].link, kinds);
	}
}

static void endless_texts_are_unknown(void **state)
{
	(void)state;
	assert_int_equal(kinds_of_chain("SELECT 1", ", a", "", 150000), U);
	assert_int_equal(kinds_of_chain("SELECT 1", ", a", "", 60000), U);
	assert_int_equal(kinds_of_chain("SELECT 1", "; SELECT 1", "", 50000), U);
	assert_int_equal(kinds_of_chain("SELECT 1 WHERE a IN (1", ", 1", ")", 90000), R);
	assert_int_equal(kinds_of_chain("INSERT INTO t VALUES ($1", ", $1", ")", 65535), W);
}

static void long_lists_are_no_depth(void **state)
{
	(void)state;
	assert_int_equal(kinds_of_chain("SELECT 1", ", a.b + 1", "", 5000), R);
	assert_int_equal(kinds_of_chain("SELECT 1 WHERE a = 1", " OR a = 1", "", 5000), R);
	assert_int_equal(kinds_of_chain("SELECT 1 WHERE a IN (1", ", 1", ")", 5000), R);
	assert_int_equal(kinds_of_chain("INSERT INTO t VALUES (1)", ", (1, 'a')", "", 5000), W);
	assert_int_equal(kinds_of_chain("SELECT 1", "; SELECT 1 + 1", "", 1000), R);
	assert_int_equal(kinds_of_chain("SELECT CASE", " WHEN a = 1 THEN 2", " END", 1000), R);
	assert_int_equal(kinds_of_chain("SELECT a", " || a", "", 150), R);
	// Each level looked at twice would take as long as there is time.
	assert_int_equal(kinds_of_chain("SELECT 1 WHERE ", "+", "a", 150), R);
	assert_int_equal(kinds_of_chain("SELECT 1 WHERE ", "NOT ", "a", 150), R);
	assert_int_equal(kinds_of_chain("SELECT 1 WHERE ", "1 + (", "a))))))))))))))))", 16), R);
	assert_int_equal(kinds_of_chain("SELECT ", "(", "1))))))))))", 10), R);
}

static void repeated_text_is_a_hit(void **state)
{
	(void)state;
	struct inspect_stats before = inspect_cache_stats(cache);
	effects_of("SELECT 'once more'");
	effects_of("SELECT 'once more'");
	struct inspect_stats after = inspect_cache_stats(cache);
	assert_int_equal(after.misses - before.misses, 1);
	assert_int_equal(after.hits - before.hits, 1);
}

static void the_oldest_goes(void **state)
{
	char sql[64];
	(void)state;
	struct inspect_cache *small = inspect_cache_new(4, 1 << 16);
	for (int i = 0; i < 1000; i++) {
		snprintf(sql, sizeof(sql), "SELECT %d FROM t", i);
		assert_int_equal(
			inspect_statement(small, &plain, span_str(sql))->kinds, EFFECT_READ
		);
	}
	inspect_statement(small, &plain, SPAN_LIT("SELECT 999 FROM t"));
	assert_int_equal(inspect_cache_stats(small).hits, 1);
	inspect_statement(small, &plain, SPAN_LIT("SELECT 1 FROM t"));
	assert_int_equal(inspect_cache_stats(small).hits, 1);
	inspect_cache_free(small);
}

static int set_up(void **state)
{
	(void)state;
	cache = inspect_cache_new(64, 1 << 20);
	return cache == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	inspect_cache_free(cache);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statements_have_their_effects),
		cmocka_unit_test(flags_tell_more),
		cmocka_unit_test(settings_that_change_what_text_means),
		cmocka_unit_test(objects_are_found_wherever_they_stand),
		cmocka_unit_test(prepared_statements_are_named),
		cmocka_unit_test(a_session_starts_with_harmless_settings),
		cmocka_unit_test(denials_name_the_statement),
		cmocka_unit_test(text_is_normalised),
		cmocka_unit_test(other_readings_are_unknown),
		cmocka_unit_test(deep_trees_are_unknown),
		cmocka_unit_test(endless_texts_are_unknown),
		cmocka_unit_test(long_lists_are_no_depth),
		cmocka_unit_test(repeated_text_is_a_hit),
		cmocka_unit_test(the_oldest_goes),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
