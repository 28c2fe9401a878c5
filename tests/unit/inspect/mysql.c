// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What MySQL and MariaDB statements would do, the known ways around statement filters included.

#include "command.h"

static struct command_reader *reader;
static struct command_context context;

// clang-format off
static const struct command_case cases[] = {
	{"SELECT 1", R, 0},
	{"SELECT * FROM t", R, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"select/**/a,b from t where a=1 limit 5", R, 0},
	{"DELETE FROM users -- where", W, EFFECT_NO_WHERE},
	{"DELETE FROM users WHERE 1=1", W, EFFECT_NO_WHERE | EFFECT_TAUTOLOGY},
	{"DELETE FROM users WHERE true", W, EFFECT_NO_WHERE | EFFECT_TAUTOLOGY},
	{"DELETE FROM users WHERE id=1 OR 1=1", W, EFFECT_NO_WHERE | EFFECT_TAUTOLOGY},
	{"DELETE FROM users WHERE id=1 OR 'a'='a'", W, EFFECT_NO_WHERE | EFFECT_TAUTOLOGY},
	{"DELETE FROM users WHERE (id=1) OR (id=id)", W, EFFECT_NO_WHERE | EFFECT_TAUTOLOGY},
	{"DELETE FROM users WHERE NOT 0", W, EFFECT_NO_WHERE | EFFECT_TAUTOLOGY},
	{"DELETE FROM users WHERE id IN (SELECT id FROM u)", R | W, EFFECT_SUBQUERY_WRITE},
	{"SELECT 1; DELETE FROM t", R | W, EFFECT_MULTI | EFFECT_NO_WHERE},
	{"SELECT 1 /*!50000 UNION SELECT authentication_string FROM mysql.user */", R, EFFECT_CREDENTIALS | EFFECT_NO_LIMIT},
	{"SELECT /*!99999 sleep(10) */ 1", R | X | U, EFFECT_SLEEP},
	{"/*!50003 DELETE FROM t */", W | S, EFFECT_NO_WHERE},
	{"SELECT 1 /*M!100100 , sleep(5) */", R | X, EFFECT_SLEEP},
	{"SELECT * FROM t INTO OUTFILE '/tmp/x' FIELDS TERMINATED BY ','", R | A, EFFECT_COPY_OUT | EFFECT_FILE | EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT a INTO DUMPFILE '/tmp/x' FROM t", R | A, EFFECT_COPY_OUT | EFFECT_FILE | EFFECT_NO_LIMIT},
	{"SELECT a INTO @x FROM t", R, EFFECT_NO_LIMIT},
	{"SELECT * FROM t FOR UPDATE", R | W, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t FIELDS TERMINATED BY ',' (a,b) SET c=now()", R | W, EFFECT_COPY_IN | EFFECT_FILE},
	{"LOAD DATA INFILE '/etc/passwd' INTO TABLE t", W | A, EFFECT_COPY_IN | EFFECT_FILE},
	{"DO SLEEP(5)", R | X, EFFECT_SLEEP},
	{"SELECT benchmark(1e9, md5('a'))", R | X, EFFECT_SLEEP},
	{"SELECT load_file('/etc/passwd')", R | A, EFFECT_FILE},
	{"SELECT myfunc(1)", R | X, 0},
	{"SELECT db.lower('a')", R | X, 0},
	{"SELECT count(*) FROM t", R, 0},
	{"SELECT count (*) FROM t", R | X, EFFECT_NO_LIMIT},
	{"SET GLOBAL general_log=1", A, EFFECT_CONFIG},
	{"SET @@global.x = 1, @a := 3, autocommit=1", A | S, EFFECT_CONFIG},
	{"SET sql_mode='ANSI_QUOTES'", A | S, 0},
	{"SET sql_mode='STRICT_TRANS_TABLES'; SELECT 1", R | S, EFFECT_MULTI},
	{"SET NAMES gbk", A | S, 0},
	{"SET NAMES utf8mb4 COLLATE utf8mb4_general_ci", S, 0},
	{"GRANT ALL ON *.* TO 'x'@'%'", A, EFFECT_GRANTS},
	{"CREATE USER x IDENTIFIED BY 'y'", A, EFFECT_GRANTS},
	{"FLUSH PRIVILEGES", A, 0},
	{"KILL 5", A, 0},
	{"INSTALL PLUGIN x SONAME 'y.so'", A | X, EFFECT_FILE | EFFECT_PROGRAM},
	{"CREATE FUNCTION sys_exec RETURNS int SONAME 'lib.so'", D | A | X, EFFECT_FILE | EFFECT_PROGRAM},
	{"PREPARE s FROM @x", U, EFFECT_DYNAMIC},
	{"EXECUTE s", U, 0},
	{"EXECUTE IMMEDIATE 'DROP TABLE t'", X | U, EFFECT_DYNAMIC},
	{"CALL p(1)", X | U, 0},
	{"HANDLER t OPEN", R, 0},
	{"HANDLER t READ FIRST WHERE a=sleep(1)", R | X, EFFECT_SLEEP},
	{"INSERT INTO t (a,b) VALUES (1,2),(3,sleep(4)) ON DUPLICATE KEY UPDATE a=VALUES(a)+1", R | W | X, EFFECT_SLEEP},
	{"INSERT INTO t SELECT * FROM u", R | W, EFFECT_STAR},
	{"REPLACE INTO t SET a=1", W, 0},
	{"INSERT INTO t VALUES ()", W, 0},
	{"UPDATE t SET a=1", W, EFFECT_NO_WHERE},
	{"UPDATE t, u SET t.a=u.b WHERE t.id=u.id", R | W, 0},
	{"UPDATE t JOIN u ON t.id=u.id SET t.a=1 WHERE u.b=3 ", R | W, 0},
	{"DELETE a FROM t a JOIN u b ON a.id=b.id WHERE b.x=1", R | W, 0},
	{"DELETE FROM t WHERE a=1 LIMIT 5", W, 0},
	{"TRUNCATE users", W | D, EFFECT_DESTROYS},
	{"DROP/**/TABLE users", D, EFFECT_DESTROYS},
	{"drop table if exists a, b cascade", D, EFFECT_DESTROYS},
	{"CREATE TABLE t (id int primary key, b varchar(20) default 'x', key (b)) engine=innodb", D, 0},
	{"CREATE TABLE t AS SELECT * FROM u", R | W | D, EFFECT_STAR},
	{"CREATE TABLE t (a int) DATA DIRECTORY='/tmp'", D | A, EFFECT_FILE},
	{"CREATE OR REPLACE DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW v AS SELECT * FROM u", R | D, EFFECT_STAR},
	{"ALTER TABLE t DROP COLUMN a", D, EFFECT_DESTROYS},
	{"ALTER TABLE t ADD INDEX (a), RENAME TO x", D, 0},
	{"WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT n+1 FROM x WHERE n<5) SELECT * FROM x", R, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"WITH x AS (SELECT id FROM u) DELETE FROM t WHERE id IN (SELECT id FROM x)", R | W, EFFECT_CTE_WRITE | EFFECT_SUBQUERY_WRITE},
	{"EXPLAIN SELECT * FROM t", R, EFFECT_STAR},
	{"EXPLAIN ANALYZE SELECT * FROM t WHERE a=sleep(3)", R | X, EFFECT_SLEEP | EFFECT_STAR},
	{"ANALYZE DELETE FROM t", R | W, EFFECT_NO_WHERE},
	{"SHOW TABLES LIKE '%x'", R, 0},
	{"SHOW TABLES WHERE sleep(5)", R | X, EFFECT_SLEEP},
	{"DESCRIBE t", R, 0},
	{"DESC t a", R, 0},
	{"SELECT a, (SELECT max(b) FROM u WHERE u.id=t.id) m, CASE WHEN a>1 THEN 'x' ELSE 'y' END FROM t ORDER BY 1 LIMIT 10 OFFSET 5", R, 0},
	{"SELECT DATE_ADD(now(), INTERVAL 1 DAY), '2020-01-01' + INTERVAL 1 HOUR, EXTRACT(YEAR FROM d), TRIM(LEADING 'x' FROM y), CAST(a AS CHAR(10)), CONVERT(a, UNSIGNED), CONVERT(a USING utf8mb4), GROUP_CONCAT(DISTINCT a ORDER BY b SEPARATOR ',') FROM t", R, 0},
	{"SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM t", R, EFFECT_NO_LIMIT},
	{"SELECT * FROM t WHERE MATCH(a,b) AGAINST ('x' IN BOOLEAN MODE)", R, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT _utf8'a' 'b', N'c', x'41', b'01', 0x41, 1e5, .5, t.1a FROM t", R, EFFECT_NO_LIMIT},
	{"SELECT 1.e(ascii(1))", U, 0},
	{"SELECT 1e5union select 2", R, 0},
	{"SELECT 'a\\'; DELETE FROM t; -- '", R, 0},
	{"SELECT \"a\" \"b\"", R, 0},
	{"SELECT a`b`", R, 0},
	{"SELECT @@version, @@global.x, @a:=5", R, 0},
	{"SELECT 1 FROM dual WHERE 1=1 OR sleep(5)", R | X, EFFECT_TAUTOLOGY | EFFECT_SLEEP},
	{"select user from mysql.user", R, EFFECT_CREDENTIALS | EFFECT_NO_LIMIT},
	{"select 1 procedure analyse()", R | U, 0},
	{"XA START 'x'", W | S, 0},
	{"BEGIN", S, 0},
	{"START TRANSACTION READ ONLY", S, 0},
	{"COMMIT AND CHAIN", S, 0},
	{"BEGIN NOT ATOMIC DROP TABLE x; END", U | S, 0},
	{"(SELECT 1) UNION (SELECT 2) ORDER BY 1", R, 0},
	{"((SELECT 1)) ", R, 0},
	{"SELECT * FROM ((SELECT 1 a) UNION (SELECT 2)) x", R, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT * FROM (t1 JOIN t2 ON t1.a=t2.a) LEFT JOIN t3 USING (b)", R, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT * FROM a JOIN b JOIN c ON b.x=c.x ON a.x=b.x", R, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT * FROM t USE INDEX (a) WHERE a IN (1,2) AND b NOT BETWEEN 1 AND 3 AND c LIKE 'x%' ESCAPE '!' AND d IS NOT NULL", R, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"select json_extract(a, '$.x'), a->'$.b', a->>'$.c' from t", R, EFFECT_NO_LIMIT},
	{"SHOW CREATE TABLE t", R, 0},
	{"SELECT `sleep`(5)", R | X, EFFECT_SLEEP},
	{"SELECT 1 /* unterminated", U, 0},
	{"SELECT 'unterminated", U, 0},
	{"SELECT a FROM t WHERE a = ANY (SELECT b FROM u) AND EXISTS (SELECT * FROM v)", R, EFFECT_NO_LIMIT},
	{"TABLE t", R, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"VALUES ROW(1,2)", R, 0},
	{"SET PASSWORD FOR x = 'y'", A, EFFECT_GRANTS},
	{"SET ROLE admin", A, EFFECT_IDENTITY},
	{"LOCK TABLES t WRITE, u AS x READ", W, 0},
	{"CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t", D | X, 0},
	{"CREATE PROCEDURE p() BEGIN SELECT 1; END", D | U, 0},
	{"INSERT INTO t(a) VALUES (1) RETURNING id", R | W, 0},
	{"UPDATE mysql.user SET x=1 WHERE user='a'", W | A, EFFECT_GRANTS | EFFECT_CREDENTIALS},
	{"SELECT * FROM a,b,c,d,e,f,g,h,i WHERE a.x=b.x LIMIT 3", R, EFFECT_STAR | EFFECT_MANY_JOINS},
	{"SELECT if(1,2,3), left('a',1), replace(a,'b','c'), mod(5,2), 5 mod 2, 5 div 2, char(65 using utf8), current_timestamp, now(6), utc_date() from t limit 1", R, 0},
	{"SELECT DISTINCT a AS `x y`, b 'str', c AS \"dq\" FROM t GROUP BY a, b WITH ROLLUP HAVING count(*) > 1", R, EFFECT_NO_LIMIT},
};
// clang-format on

enum { N_CASES = sizeof(cases) / sizeof(cases[0]) };

static void statements_have_their_effects(void **)
{
	assert_commands(reader, &context, cases, N_CASES);
}

static void spelling_is_free(void **)
{
	static const char *const spaces[] = {" ", "/**/", "\n\t", " # x\n", " -- x\n", "/* ' */"};
	for (size_t i = 0; i < N_CASES; i++)
		for (size_t k = 0; k < sizeof(spaces) / sizeof(spaces[0]); k++)
			assert_spelling_is_free(reader, &context, &cases[i], spaces[k]);
}

static void quotes_must_end(void **)
{
	for (size_t i = 0; i < N_CASES; i++)
		assert_quotes_must_end(reader, &context, cases[i].text);
}

static void nesting_is_bounded(void **)
{
	static const char *const nests[][3] = {
		{"SELECT ", "(", "1"},
		{"SELECT * FROM ", "(", "t"},
		{"SELECT 1 WHERE ", "(SELECT ", ""},
		{"SELECT ", "CASE WHEN 1 THEN ", "1"},
		{"SELECT ", "concat(", "1"},
		{"", "(", "SELECT 1"},
		{"SELECT 1 FROM a JOIN ", "(b JOIN ", "c"},
		{"EXPLAIN ", "(", "SELECT 1"},
		{"", "SET STATEMENT a = 1 FOR ", "SELECT 1"},
		{"SHOW TABLES WHERE ", "(", "1"},
		{"SELECT ", "@a := ", "1"},
		{"SELECT ", "INTERVAL ", "1"},
		{"SELECT ", "((SELECT ", "1"},
		{"WITH a AS ", "(WITH a AS ", "(SELECT 1)"},
		{"CREATE TABLE t ", "(SELECT ", "1"},
	};
	for (size_t i = 0; i < sizeof(nests) / sizeof(nests[0]); i++) {
		char *text = repeated(nests[i][0], nests[i][1], 10000, nests[i][2]);
		const struct effects *e = inspect_command(reader, &context, span_str(text));
		if ((e->kinds & EFFECT_UNKNOWN) == 0)
			fail_msg("%s%s...: understood", nests[i][0], nests[i][1]);
		free(text);
	}
}

static void long_chains_are_read(void **)
{
	static const char *const chains[][3] = {
		{"SELECT 1", " + 1", ""},
		{"SELECT ", "NOT ", "1"},
		{"SELECT ", "- ", "1"},
		{"SELECT 1", " UNION SELECT 1", ""},
		{"SELECT 1", " OR 1", ""},
		{"SELECT 1", ", 1", ""},
		{"INSERT INTO t VALUES (1)", ", (1)", ""},
		{"", "SELECT 1;", ""},
		{"SELECT 1", " /* x */", ""},
		{"SELECT 'a'", " 'a'", ""},
	};
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		char *text = repeated(chains[i][0], chains[i][1], 10000, chains[i][2]);
		const struct effects *e = inspect_command(reader, &context, span_str(text));
		if ((e->kinds & EFFECT_UNKNOWN) != 0)
			fail_msg("%s%s...: %s", chains[i][0], chains[i][1], e->why_unknown);
		free(text);
	}
}

static const struct effects *effects_of(const struct command_context *c, const char *text)
{
	return inspect_command(reader, c, span_str(text));
}

static void modes_decide_what_quotes_are(void **)
{
	struct command_context c = context;
	static const char *const text = "SELECT \"a\\\", sleep(1), \"\"";
	assert_int_equal(effects_of(&c, text)->kinds, U);
	c.ansi_quotes = true;
	assert_int_equal(effects_of(&c, "SELECT \"sleep\"(1)")->kinds, R | X);
	c = context;
	assert_int_equal(effects_of(&c, "SELECT 'a\\'; DELETE FROM t; -- '")->kinds, R);
	c.no_backslash_escapes = true;
	assert_int_equal(effects_of(&c, "SELECT 'a\\'; DELETE FROM t; -- '")->kinds, R | W);
}

static void a_second_statement_must_be_asked_for(void **)
{
	struct command_context c = context;
	c.multi_statements = false;
	assert_int_equal(effects_of(&c, "SELECT 1;")->kinds, R);
	assert_true((effects_of(&c, "SELECT 1; SELECT 2")->kinds & U) != 0);
}

// A comment runs where the server is as new as it says; where that is not known, it may or may not.
static void versions_decide_about_comments(void **)
{
	static const char *const text = "SELECT 1 /*!80000 , sleep(5) */";
	struct command_context c = context;
	assert_int_equal(effects_of(&c, text)->kinds, R | X);
	c.version = 50744;
	assert_int_equal(effects_of(&c, text)->kinds, R);
	c.version = 80036;
	assert_int_equal(effects_of(&c, text)->kinds, R | X);
	c.mariadb = true;
	c.version = 101106;
	assert_int_equal(effects_of(&c, text)->kinds, R); // MySQL 5.7 and later only
	assert_int_equal(effects_of(&c, "SELECT 1 /*M!100100 , sleep(5) */")->kinds, R | X);
	assert_int_equal(effects_of(&c, "SELECT 1 /*!50000 , sleep(5) */")->kinds, R | X);
}

static void names_are_found_without_quotes(void **)
{
	const struct effects *e =
		effects_of(&context, "SELECT `A``b` FROM `Shop`.`Cust``omers` AS C JOIN other");
	assert_int_equal(e->n_objects, 2);
	assert_true(span_equal(e->objects[0].schema, SPAN_LIT("shop")));
	assert_true(span_equal(e->objects[0].name, SPAN_LIT("cust`omers")));
	assert_true(span_equal(e->objects[0].alias, SPAN_LIT("c")));
	assert_true(span_equal(e->objects[1].name, SPAN_LIT("other")));
	assert_int_equal(e->n_columns, 1);
	assert_true(span_equal(e->columns[0], SPAN_LIT("a`b")));
	assert_true(span_equal(e->verb, SPAN_LIT("SELECT")));
	assert_true(span_equal(
		effects_of(&context, "select/* x */a  from\tT")->normalised,
		SPAN_LIT("SELECT a FROM T")
	));
}

static void what_is_not_text_is_unknown(void **)
{
	struct command_context c = context;
	assert_int_equal(inspect_command(reader, &c, span_of("SELECT 1\0", 9))->kinds, U);
	assert_int_equal(effects_of(&c, "SELECT '\xbf\\' OR 1")->kinds, U);
	c.utf8 = false;
	assert_int_equal(effects_of(&c, "SELECT 1")->kinds, U);
}

static void prepared_statements_are_named(void **)
{
	static const char *const texts[] = {
		"PREPARE `My S` FROM 'SELECT 1'",
		"EXECUTE my_s USING @a, @b",
		"DEALLOCATE PREPARE my_s",
		"DROP PREPARE MY_S",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct effects *e = effects_of(&context, texts[i]);
		assert_int_equal(e->n_objects, 1);
		assert_int_equal(e->objects[0].access, EFFECT_SESSION);
		assert_int_equal(e->objects[0].schema.n, 0);
		assert_true(
			span_equal(e->objects[0].name, i == 0 ? SPAN_LIT("my s") : SPAN_LIT("my_s"))
		);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statements_have_their_effects),
		cmocka_unit_test(spelling_is_free),
		cmocka_unit_test(quotes_must_end),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(long_chains_are_read),
		cmocka_unit_test(modes_decide_what_quotes_are),
		cmocka_unit_test(a_second_statement_must_be_asked_for),
		cmocka_unit_test(versions_decide_about_comments),
		cmocka_unit_test(names_are_found_without_quotes),
		cmocka_unit_test(prepared_statements_are_named),
		cmocka_unit_test(what_is_not_text_is_unknown),
	};
	reader = command_reader_new();
	context = command_context_usual(DIALECT_MYSQL);
	if (reader == NULL)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	command_reader_free(reader);
	return failed;
}
