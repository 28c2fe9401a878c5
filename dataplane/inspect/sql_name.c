// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Names, and the words that are none unless they are quoted.

#include "dataplane/inspect/sql.h"

#include <stdlib.h>

// clang-format off
// MySQL 8.0 "Keywords and Reserved Words" and MariaDB "Reserved Words". Words that begin what may
// stand behind a relation are here even where one of the servers takes them for names.
static const char *const mysql_words[] = {
	"ACCESSIBLE", "ADD", "ALL", "ALTER", "ANALYZE", "AND", "AS", "ASC", "ASENSITIVE", "BEFORE",
	"BETWEEN", "BIGINT", "BINARY", "BLOB", "BOTH", "BY", "CALL", "CASCADE", "CASE", "CHANGE",
	"CHAR", "CHARACTER", "CHECK", "COLLATE", "COLUMN", "CONDITION", "CONSTRAINT", "CONTINUE",
	"CONVERT", "CREATE", "CROSS", "CURRENT_DATE", "CURRENT_ROLE", "CURRENT_TIME",
	"CURRENT_TIMESTAMP", "CURRENT_USER", "CURSOR", "DATABASE", "DATABASES", "DAY_HOUR",
	"DAY_MICROSECOND", "DAY_MINUTE", "DAY_SECOND", "DEC", "DECIMAL", "DECLARE", "DEFAULT",
	"DELAYED", "DELETE", "DESC", "DESCRIBE", "DETERMINISTIC", "DISTINCT", "DISTINCTROW", "DIV",
	"DOUBLE", "DROP", "DUAL", "EACH", "ELSE", "ELSEIF", "ENCLOSED", "ESCAPED", "EXCEPT",
	"EXISTS", "EXIT", "EXPLAIN", "FALSE", "FETCH", "FLOAT", "FLOAT4", "FLOAT8", "FOR", "FORCE",
	"FOREIGN", "FROM", "FULLTEXT", "GRANT", "GROUP", "HAVING", "HIGH_PRIORITY",
	"HOUR_MICROSECOND", "HOUR_MINUTE", "HOUR_SECOND", "IF", "IGNORE", "IN", "INDEX", "INFILE",
	"INNER", "INOUT", "INSENSITIVE", "INSERT", "INT", "INT1", "INT2", "INT3", "INT4", "INT8",
	"INTEGER", "INTERSECT", "INTERVAL", "INTO", "IS", "ITERATE", "JOIN", "KEY", "KEYS", "KILL",
	"LATERAL", "LEADING", "LEAVE", "LEFT", "LIKE", "LIMIT", "LINEAR", "LINES", "LOAD",
	"LOCALTIME", "LOCALTIMESTAMP", "LOCK", "LONG", "LONGBLOB", "LONGTEXT", "LOOP",
	"LOW_PRIORITY", "MATCH", "MAXVALUE", "MEDIUMBLOB", "MEDIUMINT", "MEDIUMTEXT", "MIDDLEINT",
	"MINUTE_MICROSECOND", "MINUTE_SECOND", "MOD", "MODIFIES", "NATURAL", "NOT",
	"NO_WRITE_TO_BINLOG", "NULL", "NUMERIC", "OFFSET", "ON", "OPTIMIZE", "OPTION", "OPTIONALLY",
	"OR", "ORDER", "OUT", "OUTER", "OUTFILE", "OVER", "PARTITION", "PRECISION", "PRIMARY",
	"PROCEDURE", "PURGE", "RANGE", "READ", "READS", "READ_WRITE", "REAL", "RECURSIVE",
	"REFERENCES", "REGEXP", "RELEASE", "RENAME", "REPEAT", "REPLACE", "REQUIRE", "RESIGNAL",
	"RESTRICT", "RETURN", "RETURNING", "REVOKE", "RIGHT", "RLIKE", "SCHEMA", "SCHEMAS",
	"SECOND_MICROSECOND", "SELECT", "SENSITIVE", "SEPARATOR", "SET", "SHOW", "SIGNAL",
	"SMALLINT", "SPATIAL", "SPECIFIC", "SQL", "SQLEXCEPTION", "SQLSTATE", "SQLWARNING",
	"SQL_BIG_RESULT", "SQL_CALC_FOUND_ROWS", "SQL_SMALL_RESULT", "SSL", "STARTING",
	"STRAIGHT_JOIN", "TABLE", "TERMINATED", "THEN", "TINYBLOB", "TINYINT", "TINYTEXT", "TO",
	"TRAILING", "TRIGGER", "TRUE", "UNDO", "UNION", "UNIQUE", "UNLOCK", "UNSIGNED", "UPDATE",
	"USAGE", "USE", "USING", "UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP", "VALUES", "VARBINARY",
	"VARCHAR", "VARCHARACTER", "VARYING", "WHEN", "WHERE", "WHILE", "WINDOW", "WITH", "WRITE",
	"XOR", "YEAR_MONTH", "ZEROFILL",
};

// "Reserved keywords (Transact-SQL)"; and words that would begin a statement.
static const char *const tsql_words[] = {
	"ADD", "ALL", "ALTER", "AND", "ANY", "AS", "ASC", "AUTHORIZATION", "BACKUP", "BEGIN",
	"BETWEEN", "BREAK", "BROWSE", "BULK", "BY", "CASCADE", "CASE", "CHECK", "CHECKPOINT",
	"CLOSE", "CLUSTERED", "COALESCE", "COLLATE", "COLUMN", "COMMIT", "COMPUTE", "CONSTRAINT",
	"CONTAINS", "CONTAINSTABLE", "CONTINUE", "CONVERT", "CREATE", "CROSS", "CURRENT",
	"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER", "CURSOR", "DATABASE",
	"DBCC", "DEALLOCATE", "DECLARE", "DEFAULT", "DELETE", "DENY", "DESC", "DISK", "DISTINCT",
	"DISTRIBUTED", "DOUBLE", "DROP", "DUMP", "ELSE", "END", "ERRLVL", "ESCAPE", "EXCEPT",
	"EXEC", "EXECUTE", "EXISTS", "EXIT", "EXTERNAL", "FETCH", "FILE", "FILLFACTOR", "FOR",
	"FOREIGN", "FREETEXT", "FREETEXTTABLE", "FROM", "FULL", "FUNCTION", "GOTO", "GRANT",
	"GROUP", "HAVING", "HOLDLOCK", "IDENTITY", "IDENTITYCOL", "IDENTITY_INSERT", "IF", "IN",
	"INDEX", "INNER", "INSERT", "INTERSECT", "INTO", "IS", "JOIN", "KEY", "KILL", "LEFT",
	"LIKE", "LINENO", "LOAD", "MERGE", "NATIONAL", "NOCHECK", "NONCLUSTERED", "NOT", "NULL",
	"NULLIF", "OF", "OFF", "OFFSETS", "ON", "OPEN", "OPENDATASOURCE", "OPENQUERY", "OPENROWSET",
	"OPENXML", "OPTION", "OR", "ORDER", "OUTER", "OUTPUT", "OVER", "PERCENT", "PIVOT", "PLAN",
	"PRECISION", "PRIMARY", "PRINT", "PROC", "PROCEDURE", "PUBLIC", "RAISERROR", "READ",
	"READTEXT", "RECONFIGURE", "REFERENCES", "REPLICATION", "RESTORE", "RESTRICT", "RETURN",
	"REVERT", "REVOKE", "RIGHT", "ROLLBACK", "ROWCOUNT", "ROWGUIDCOL", "RULE", "SAVE", "SCHEMA",
	"SECURITYAUDIT", "SELECT", "SEMANTICKEYPHRASETABLE", "SEMANTICSIMILARITYDETAILSTABLE",
	"SEMANTICSIMILARITYTABLE", "SESSION_USER", "SET", "SETUSER", "SHUTDOWN", "SOME",
	"STATISTICS", "SYSTEM_USER", "TABLE", "TABLESAMPLE", "TEXTSIZE", "THEN", "THROW", "TO",
	"TOP", "TRAN", "TRANSACTION", "TRIGGER", "TRUNCATE", "TRY_CONVERT", "TSEQUAL", "UNION",
	"UNIQUE", "UNPIVOT", "UPDATE", "UPDATETEXT", "USE", "USER", "VALUES", "VARYING", "VIEW",
	"WAITFOR", "WHEN", "WHERE", "WHILE", "WITH", "WITHIN", "WRITETEXT",
};
// clang-format on

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static int compare(struct span text, const char *word)
{
	for (size_t i = 0; i < text.n; i++) {
		int c = text.p[i];
		if (c >= 'a' && c <= 'z')
			c -= 'a' - 'A';
		if (c != (uint8_t)word[i])
			return c < (uint8_t)word[i] ? -1 : 1;
	}
	return word[text.n] == '\0' ? 0 : -1;
}

bool sql_is_reserved(const struct sql *p, const struct token *t)
{
	const char *const *words = p->tsql ? tsql_words : mysql_words;
	size_t low = 0, high = p->tsql ? COUNT(tsql_words) : COUNT(mysql_words);
	struct span text = sql_text(p, t);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(text, words[middle]);
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

bool sql_is_name_at(const struct sql *p, unsigned k)
{
	const struct token *t = p->t;
	while (k-- > 0 && t->kind != TOKEN_END)
		t++;
	return t->kind == TOKEN_QUOTED || (t->kind == TOKEN_WORD && !sql_is_reserved(p, t));
}

bool sql_is_name(const struct sql *p)
{
	return sql_is_name_at(p, 0);
}

static bool is_plain(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return false;
	return true;
}

struct span sql_name_part(struct sql *p)
{
	const struct token *t = p->t;
	struct span s = sql_text(p, t);
	struct command_reader *r = p->r;
	uint8_t close = s.n > 0 ? s.p[s.n - 1] : 0;
	if (t->kind == TOKEN_QUOTED)
		s = span_of(s.p + 1, s.n - 2);
	sql_next(p);
	if (!t->is_escaped && is_plain(s))
		return s;
	if (s.n > sizeof(r->names) - r->n_names) {
		sql_fail(p, "its names are too long");
		return (struct span){0};
	}
	uint8_t *to = r->names + r->n_names;
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		to[n++] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
		i += t->is_escaped && c == close; // the second of two
	}
	r->n_names += (uint32_t)n;
	return span_of(to, n);
}

// Behind a dot MySQL takes every word for a name.
static bool is_part(const struct sql *p)
{
	return p->tsql ? sql_is_name(p) : p->t->kind == TOKEN_WORD || p->t->kind == TOKEN_QUOTED;
}

struct sql_name sql_name(struct sql *p)
{
	struct sql_name name = {0};
	if (!sql_is_name(p)) {
		sql_fail(p, "its grammar is not understood");
		return name;
	}
	name.is_quoted = p->t->kind == TOKEN_QUOTED;
	name.part[name.n_parts++] = sql_name_part(p);
	while (sql_is(p, ".") && !sql_is_at(p, 1, "*") && !p->failed) {
		sql_next(p);
		if (name.n_parts == 4) {
			sql_fail(p, "a name of too many parts");
		} else if (p->tsql && sql_is(p, ".")) {
			name.part[name.n_parts++] = (struct span){0}; // db..table
		} else if (!is_part(p)) {
			sql_fail(p, "its grammar is not understood");
		} else {
			name.is_quoted = p->t->kind == TOKEN_QUOTED;
			name.part[name.n_parts++] = sql_name_part(p);
		}
	}
	return name;
}

bool sql_name_is(const struct sql_name *name, const char *schema, const char *last)
{
	if (name->n_parts == 0 || !span_equal(name->part[name->n_parts - 1], span_str(last)))
		return false;
	if (schema == NULL)
		return name->n_parts == 1;
	return name->n_parts > 1 && span_equal(name->part[name->n_parts - 2], span_str(schema));
}
