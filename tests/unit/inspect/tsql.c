// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What T-SQL batches would do, the known ways around statement filters included.

#include "command.h"

static struct command_reader *reader;
static struct command_context context;

// clang-format off
static const struct command_case cases[] = {
	{"SELECT 1", R, 0},
	{"SELECT TOP 10 * FROM dbo.Users u WITH (NOLOCK) WHERE u.id = @p1", R, EFFECT_STAR},
	{"SELECT * FROM Users(NOLOCK)", R, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT a FROM t DELETE FROM t", R | W, EFFECT_MULTI | EFFECT_NO_WHERE | EFFECT_NO_LIMIT},
	{"SELECT 1 DROP TABLE t", R | D, EFFECT_MULTI | EFFECT_DESTROYS},
	{"SELECT 1 EXEC sp_who", R, EFFECT_MULTI},
	{"SELECT 1 THROW", R | S, EFFECT_MULTI},
	{"sp_who", R, 0},
	{"xp_cmdshell 'dir'", A | X, EFFECT_FILE | EFFECT_PROGRAM},
	{"EXEC xp_cmdshell 'dir'", A | X, EFFECT_FILE | EFFECT_PROGRAM},
	{"EXEC master..xp_cmdshell 'dir'", A | X, EFFECT_FILE | EFFECT_PROGRAM},
	{"exec/**/master.dbo.[xp_cmdshell] 'dir'", A | X | U, EFFECT_FILE | EFFECT_PROGRAM},
	{"DECLARE @s varchar(10)='xp_cmdshell' EXEC @s 'dir'", X | U | S, EFFECT_MULTI | EFFECT_DYNAMIC},
	{"EXEC ('DROP TABLE t')", X | U, EFFECT_DYNAMIC},
	{"EXEC ('DROP TABLE t') AT linked", A | X | U, EFFECT_NETWORK | EFFECT_DYNAMIC},
	{"EXEC sp_executesql N'SELECT 1'", X | U, EFFECT_DYNAMIC},
	{"EXECUTE AS USER = 'dbo'", A, EFFECT_IDENTITY},
	{"REVERT", S, EFFECT_IDENTITY},
	{"SELECT * FROM OPENROWSET('SQLNCLI','server=x','select 1') a", R | A | X, EFFECT_NETWORK | EFFECT_DYNAMIC | EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT * FROM OPENROWSET(BULK 'c:\\x', SINGLE_CLOB) a", R | A, EFFECT_FILE | EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT * FROM OPENQUERY(srv, 'select 1')", R | A | X, EFFECT_NETWORK | EFFECT_DYNAMIC | EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT * FROM OPENDATASOURCE('x','y').db.dbo.t", R | A, EFFECT_NETWORK | EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT * FROM srv.db.dbo.t", R, EFFECT_NETWORK | EFFECT_NO_LIMIT | EFFECT_STAR},
	{"BULK INSERT t FROM 'c:\\x' WITH (FIELDTERMINATOR=',')", W | A, EFFECT_COPY_IN | EFFECT_FILE},
	{"WAITFOR DELAY '0:0:5'", X, EFFECT_SLEEP},
	{"IF 1=1 WAITFOR DELAY '0:0:5'", X | S, EFFECT_SLEEP},
	{"RECONFIGURE WITH OVERRIDE", A, EFFECT_CONFIG},
	{"sp_configure 'xp_cmdshell', 1; RECONFIGURE", A, EFFECT_MULTI | EFFECT_CONFIG},
	{"SELECT * INTO #t FROM u", R | W | D, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT a INTO b FROM u", R | W | D, EFFECT_NO_LIMIT},
	{"/* a /* b */ DROP TABLE x */ SELECT 1", R, 0},
	{"/* a /* b */ SELECT 1", U, 0},
	{"SELECT [a]]b] FROM [x].[y z]", R, EFFECT_NO_LIMIT},
	{"SELECT \"a\" FROM \"b\"", R, EFFECT_NO_LIMIT},
	{"SELECT 1 -- DROP TABLE x", R, 0},
	{"UPDATE t SET a=1", W, EFFECT_NO_WHERE},
	{"UPDATE t SET a+=1 OUTPUT inserted.a INTO @x WHERE id=5", R | W, 0},
	{"UPDATE u SET a=1 FROM users u JOIN t ON t.id=u.id WHERE t.x=1", R | W, 0},
	{"DELETE TOP (5) FROM t", W, EFFECT_NO_WHERE},
	{"DELETE u FROM users u WHERE 1=1", R | W, EFFECT_NO_WHERE | EFFECT_TAUTOLOGY},
	{"DELETE t WHERE id=1", W, 0},
	{"MERGE INTO t USING s ON t.id=s.id WHEN MATCHED THEN UPDATE SET a=1 WHEN NOT MATCHED THEN INSERT (a) VALUES (1) WHEN NOT MATCHED BY SOURCE THEN DELETE OUTPUT $action;", R | W, 0},
	{"INSERT INTO t (a,b) VALUES (1,2),(3,4)", W, 0},
	{"INSERT t DEFAULT VALUES", W, 0},
	{"INSERT INTO t EXEC sp_foo", W | X | U, 0},
	{"INSERT t SELECT * FROM u", R | W, EFFECT_STAR},
	{"WITH x AS (SELECT * FROM u) DELETE FROM x", R | W, EFFECT_NO_WHERE | EFFECT_STAR | EFFECT_CTE_WRITE},
	{";WITH x AS (SELECT * FROM u) SELECT TOP 5 * FROM x ORDER BY a", R, EFFECT_STAR},
	{"SELECT * FROM t ORDER BY a OFFSET 10 ROWS FETCH NEXT 5 ROWS ONLY", R, EFFECT_STAR},
	{"SELECT * FROM sys.sql_logins", R, EFFECT_CREDENTIALS | EFFECT_NO_LIMIT | EFFECT_STAR},
	{"IF EXISTS (SELECT 1 FROM t WHERE a=1) BEGIN DELETE FROM t WHERE a=1; SELECT 2 END ELSE SELECT 3", R | W | S, 0},
	{"BEGIN TRY SELECT 1/0 END TRY BEGIN CATCH SELECT ERROR_MESSAGE(); THROW; END CATCH", R | S, 0},
	{"BEGIN TRAN; UPDATE t SET a=1 WHERE id=2; COMMIT", W | S, EFFECT_MULTI},
	{"WHILE @i < 10 BEGIN SET @i = @i + 1 END", S, 0},
	{"DECLARE @i int = 0, @t TABLE (a int); SET NOCOUNT ON", S, EFFECT_MULTI},
	{"SET QUOTED_IDENTIFIER OFF", A | U | S, 0},
	{"SET QUOTED_IDENTIFIER ON", S, 0},
	{"SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED", S, 0},
	{"CREATE TABLE t (a int IDENTITY(1,1) PRIMARY KEY, b nvarchar(max) DEFAULT (getdate()), CONSTRAINT fk FOREIGN KEY (a) REFERENCES x(a) ON DELETE CASCADE ON UPDATE SET NULL)", D, 0},
	{"ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES x(a) ON DELETE CASCADE ON UPDATE SET NULL", D, 0},
	{"ALTER TABLE t ALTER COLUMN a int", D, 0},
	{"ALTER TABLE t DROP COLUMN a", D, EFFECT_DESTROYS},
	{"DROP TABLE IF EXISTS a, b.c", D, EFFECT_DESTROYS},
	{"DROP TABLE a DROP TABLE b", D, EFFECT_MULTI | EFFECT_DESTROYS},
	{"CREATE PROCEDURE p AS BEGIN DELETE FROM t; SELECT 1 END", D, 0},
	{"CREATE OR ALTER VIEW v AS SELECT * FROM t", R | D, EFFECT_STAR},
	{"GRANT SELECT, UPDATE ON t TO u WITH GRANT OPTION", A, EFFECT_GRANTS},
	{"CREATE LOGIN x WITH PASSWORD='y'", A, EFFECT_GRANTS},
	{"ALTER DATABASE x SET RECOVERY SIMPLE WITH ROLLBACK IMMEDIATE", A, EFFECT_CONFIG},
	{"ALTER SERVER ROLE sysadmin ADD MEMBER x", A, EFFECT_GRANTS},
	{"BACKUP DATABASE x TO DISK='c:\\y' WITH INIT", A, EFFECT_FILE},
	{"TRUNCATE TABLE t", W | D, EFFECT_DESTROYS},
	{"USE master", S, 0},
	{"GO", X | U, 0},
	{"SHUTDOWN", A, 0},
	{"KILL 53", A, 0},
	{"DBCC CHECKDB", A, EFFECT_CONFIG},
	{"PRINT 'x'", R, 0},
	{"RAISERROR('x', 16, 1) WITH NOWAIT", S, 0},
	{"SELECT CONVERT(varchar(10), getdate(), 120), CAST(a AS decimal(10,2)), TRY_CAST(b AS int), DATEADD(day, 1, x), ISNULL(a, 0), IIF(a>1,2,3), COUNT(*) OVER (PARTITION BY b) FROM t", R, EFFECT_NO_LIMIT},
	{"SELECT STRING_AGG(a, ',') WITHIN GROUP (ORDER BY a) FROM t", R, 0},
	{"SELECT a = b, c AS [d], e 'f' FROM t", R, EFFECT_NO_LIMIT},
	{"SELECT @x = a FROM t", R, EFFECT_NO_LIMIT},
	{"SELECT dbo.fn(1)", R | X, 0},
	{"SELECT * FROM dbo.tvf(1) x", R | X, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT * FROM t CROSS APPLY STRING_SPLIT(t.a, ',') s OUTER APPLY (SELECT TOP 1 * FROM u WHERE u.id=t.id) q", R, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT * FROM (VALUES (1),(2)) AS v(a)", R, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT * FROM OPENJSON(@j) WITH (a int '$.a', b nvarchar(10)) x", R, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT * FROM t PIVOT (SUM(a) FOR b IN ([x],[y])) p", R, EFFECT_STAR},
	{"SELECT a FROM t FOR XML PATH('x'), ROOT('y')", R, EFFECT_NO_LIMIT},
	{"SELECT a FROM t FOR JSON AUTO OPTION (RECOMPILE)", R, EFFECT_NO_LIMIT},
	{"SELECT 1union SELECT 2", U, 0},
	{"SELECT 1exec('x')", U, 0},
	{"SELECT * FROM t WHERE a = 'x' OR 'a' = 'a'", R, EFFECT_TAUTOLOGY | EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT NEXT VALUE FOR s", R | W, 0},
	{"label: SELECT 1; GOTO label", R | S, EFFECT_MULTI},
	{"DECLARE c CURSOR FAST_FORWARD FOR SELECT a FROM t; OPEN c; FETCH NEXT FROM c INTO @a; CLOSE c; DEALLOCATE c", R | S, EFFECT_MULTI},
	{"SELECT a AT TIME ZONE 'UTC' FROM t", R, EFFECT_NO_LIMIT},
	{"SELECT * FROM t WHERE CONTAINS(a, 'x') AND a LIKE N'%y%' COLLATE Latin1_General_CI_AS", R, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"INSERT BULK t (a int) WITH (TABLOCK)", W, EFFECT_COPY_IN},
	{"EXEC sp_rename 'a', 'b'", D, 0},
	{"EXEC @r = dbo.p @a = 1, @b = @c OUTPUT", X | U, 0},
	{"SELECT \"x\" FROM t; SET QUOTED_IDENTIFIER OFF", R | A | U | S, EFFECT_MULTI | EFFECT_NO_LIMIT},
	{"SELECT @@VERSION", R, 0},
	{"ENABLE TRIGGER a ON b", X | U, 0},
	{"UPDATE STATISTICS t WITH FULLSCAN", A, 0},
	{"SELECT * FROM db..t", R, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT cast(0x41 as varchar) , $1.5, 1e5, .5", R, 0},
	{"SELECT * FROM t WHERE a IN (SELECT b FROM u) AND EXISTS(SELECT 1)", R, EFFECT_NO_LIMIT | EFFECT_STAR},
	{"IF (SELECT COUNT(*) FROM t) > 5 PRINT 'a' ELSE IF 1=2 PRINT 'b'", R | S, 0},
	{"CREATE INDEX i ON t (a) INCLUDE (b) WHERE a > 1 WITH (ONLINE=ON)", D, 0},
	{"DECLARE @a int SET @a = dbo.f(1) DELETE FROM t WHERE a = @a", W | X | S, EFFECT_MULTI},
	{"SELECT a FROM t GROUP BY GROUPING SETS ((a, b), (dbo.f(a)), ())", R | X, EFFECT_NO_LIMIT},
	{"SELECT a FROM t GROUP BY GROUPING SETS ((a, b), (a), ())", R, EFFECT_NO_LIMIT},
	{"SELECT * FROM sys.fn_get_audit_file('x', 1, 2)", R | A | X, EFFECT_FILE | EFFECT_NO_LIMIT | EFFECT_STAR},
	{"SELECT 1 DISABLE TRIGGER x ON y", R | U, EFFECT_MULTI},
	{"SELECT * FROM t WHERE a = 1 OPTION (MAXDOP 1); DROP LOGIN x", R | A, EFFECT_MULTI | EFFECT_GRANTS | EFFECT_NO_LIMIT | EFFECT_STAR},
};
// clang-format on

enum { N_CASES = sizeof(cases) / sizeof(cases[0]) };

static void statements_have_their_effects(void **)
{
	assert_commands(reader, &context, cases, N_CASES);
}

static void spelling_is_free(void **)
{
	static const char *const spaces[] = {" ", "/**/", "\n\t", " -- x\n", "/* /* ' */ */"};
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
		{"SELECT ", "CASE WHEN 1=1 THEN ", "1"},
		{"SELECT ", "isnull(", "1"},
		{"", "(", "SELECT 1"},
		{"", "IF 1=1 ", "SELECT 1"},
		{"", "WHILE 1=1 ", "SELECT 1"},
		{"", "BEGIN ", "SELECT 1"},
		{"", "BEGIN TRY ", "SELECT 1"},
		{"SELECT 1 WHERE ", "EXISTS (SELECT ", "1"},
		{"EXEC ", "(", "'a'"},
		{"CREATE TABLE t ", "(", "a int"},
		{"SELECT 1 ELSE ", "IF 1=1 ", "SELECT 1"},
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
		{"SELECT 1 WHERE ", "NOT ", "1=1"},
		{"SELECT ", "- ", "1"},
		{"SELECT 1", " UNION SELECT 1", ""},
		{"SELECT 1 WHERE 1=1", " OR 1=1", ""},
		{"", "SELECT 1 ", ""},
		{"SELECT 1", " /* x */", ""},
		{"BEGIN ", " SELECT 1 ", " END"},
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

static void quoted_identifier_decides_what_quotes_are(void **)
{
	struct command_context c = context;
	assert_int_equal(effects_of(&c, "SELECT \"dbo\".\"f\"(1)")->kinds, R | X);
	c.quoted_identifier = false;
	assert_int_equal(effects_of(&c, "SELECT \"a'b\"")->kinds, R);
	assert_true((effects_of(&c, "SELECT \"dbo\".\"f\"(1)")->kinds & U) != 0);
	assert_true((effects_of(&c, "SELECT 1; SET QUOTED_IDENTIFIER ON")->kinds & U) != 0);
}

static void names_are_found_without_quotes(void **)
{
	const struct effects *e =
		effects_of(&context, "UPDATE U SET a = 1 FROM [Sh]]op].[Users] U");
	assert_int_equal(e->n_objects, 1);
	assert_true(span_equal(e->objects[0].schema, SPAN_LIT("sh]op")));
	assert_true(span_equal(e->objects[0].name, SPAN_LIT("users")));
	assert_int_equal(e->objects[0].access, R | W);
}

static void letters_that_may_be_taken_for_others_are_unknown(void **)
{
	assert_int_equal(
		effects_of(
			&context, "SELECT stra\xc3\x9f"
				  "e FROM t"
		)
			->kinds,
		R
	);
	assert_true(
		(effects_of(
			 &context, "SELECT\xc2\xa0"
				   "1"
		 )
			 ->kinds &
		 U) != 0
	);
	assert_true((effects_of(&context, "\xef\xbc\xa5XEC p")->kinds & U) != 0);
	assert_true(
		(effects_of(&context, "SELECT 1 -- \xe2\x80\xa8 DROP TABLE t")->kinds & U) != 0
	);
	assert_true((effects_of(&context, "SELECT 1 -- \r DROP TABLE t")->kinds & U) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statements_have_their_effects),
		cmocka_unit_test(spelling_is_free),
		cmocka_unit_test(quotes_must_end),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(long_chains_are_read),
		cmocka_unit_test(quoted_identifier_decides_what_quotes_are),
		cmocka_unit_test(names_are_found_without_quotes),
		cmocka_unit_test(letters_that_may_be_taken_for_others_are_unknown),
	};
	reader = command_reader_new();
	context = command_context_usual(DIALECT_TSQL);
	if (reader == NULL)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	command_reader_free(reader);
	return failed;
}
