// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Functions built into SQL Server and Azure SQL. Whatever is not here, or has a schema before its
// name, runs code that the statement does not show.

#include "dataplane/inspect/sql.h"

// clang-format off
// Compute, and nothing else.
static const char *const plain[] = {
	"abs", "acos", "app_name", "applock_mode", "applock_test", "ascii", "asin",
	"assemblyproperty", "atan", "atn2", "base64_decode", "base64_encode", "binary_checksum",
	"bit_count", "cast", "ceiling", "certencoded", "changetable", "char", "charindex",
	"checksum", "choose", "coalesce", "col_length", "col_name", "collationproperty",
	"columnproperty", "columns_updated", "compress", "concat", "concat_ws",
	"connectionproperty", "contains", "containstable", "context_info", "convert", "cos",
	"cot", "cube", "current_request_id", "current_timestamp", "current_timezone",
	"current_timezone_id", "current_transaction_id", "current_user", "cursor_status",
	"database_principal_id", "databaseproperty", "databasepropertyex", "datalength",
	"date_bucket", "dateadd", "datediff", "datediff_big", "datefromparts", "datename",
	"datepart", "datetime2fromparts", "datetimefromparts", "datetimeoffsetfromparts",
	"datetrunc", "day", "db_id", "db_name", "decompress", "degrees", "difference",
	"edge_id_from_parts", "eomonth", "error_line", "error_message", "error_number",
	"error_procedure", "error_severity", "error_state", "exp", "file_id", "file_idex",
	"file_name", "filegroup_id", "filegroup_name", "filegroupproperty", "fileproperty",
	"floor", "format", "formatmessage", "freetext", "freetexttable",
	"fulltextcatalogproperty", "fulltextserviceproperty", "generate_series", "get_bit",
	"get_filestream_transaction_context", "getansinull", "getdate", "getutcdate",
	"graph_id_from_edge_id", "graph_id_from_node_id", "greatest", "grouping", "grouping_id",
	"has_dbaccess", "has_perms_by_name", "hashbytes", "host_id", "host_name",
	"ident_current", "ident_incr", "ident_seed", "identity", "iif", "index_col",
	"indexkey_property", "indexproperty", "is_member", "is_objectsigned", "is_rolemember",
	"is_srvrolemember", "isdate", "isjson", "isnull", "isnumeric", "json_array",
	"json_contains", "json_modify", "json_object", "json_path_exists", "json_query",
	"json_value", "least", "left", "left_shift", "len", "log", "log10", "lower", "ltrim",
	"min_active_rowversion", "month", "nchar", "node_id_from_parts", "nullif",
	"object_definition", "object_id", "object_id_from_edge_id", "object_id_from_node_id",
	"object_name", "object_schema_name", "objectproperty", "objectpropertyex", "openjson",
	"openxml", "original_db_name", "original_login", "parse", "parsename", "patindex",
	"permissions", "pi", "power", "pwdcompare", "quotename", "radians", "regexp_count",
	"regexp_instr", "regexp_like", "regexp_matches", "regexp_replace",
	"regexp_split_to_table", "regexp_substr", "replace", "replicate", "reverse", "right",
	"right_shift", "rollup", "round", "rowcount_big", "rtrim", "schema_id", "schema_name",
	"scope_identity", "serverproperty", "session_context", "session_id", "session_user",
	"set_bit", "sign", "sin", "smalldatetimefromparts", "soundex", "space",
	"sql_variant_property", "sqrt", "square", "stats_date", "str", "string_escape",
	"string_split", "stuff", "substring", "suser_id", "suser_name", "suser_sid",
	"suser_sname", "switchoffset", "sysdatetime", "sysdatetimeoffset", "system_user",
	"sysutcdatetime", "tan", "tertiary_weights", "textptr", "textvalid", "timefromparts",
	"todatetimeoffset", "translate", "trigger_nestlevel", "trim", "try_cast", "try_convert",
	"try_parse", "type_id", "type_name", "typeproperty", "unicode", "unistr", "update",
	"upper", "user", "user_id", "user_name", "vector_distance", "vector_norm",
	"vector_normalize", "xact_state", "year",
};

// Make one value of many rows.
static const char *const aggregates[] = {
	"approx_count_distinct", "approx_percentile_cont", "approx_percentile_disc", "avg",
	"checksum_agg", "count", "count_big", "json_arrayagg", "json_objectagg", "max", "min",
	"stdev", "stdevp", "string_agg", "sum", "var", "varp",
};

// Another value for each row.
static const char *const varying[] = {
	"crypt_gen_random", "cume_dist", "dense_rank", "first_value", "lag", "last_value",
	"lead", "newid", "newsequentialid", "ntile", "percent_rank", "percentile_cont",
	"percentile_disc", "rand", "rank", "row_number",
};

enum {
	R = EFFECT_READ,
	X = EFFECT_EXEC,
	A = EFFECT_ADMIN,
};

static const struct sql_known special[] = {
	{"ai_generate_embeddings", R | X, EFFECT_NETWORK},
	{"asymkey_id", R, 0},
	{"asymkeyproperty", R, 0},
	{"cert_id", R, 0},
	{"certprivatekey", R, EFFECT_CREDENTIALS},
	{"certproperty", R, 0},
	{"decryptbyasymkey", R, EFFECT_CREDENTIALS},
	{"decryptbycert", R, EFFECT_CREDENTIALS},
	{"decryptbykey", R, EFFECT_CREDENTIALS},
	{"decryptbykeyautocert", R, EFFECT_CREDENTIALS},
	{"decryptbypassphrase", R, EFFECT_CREDENTIALS},
	{"dm_os_enumerate_filesystem", A | X, EFFECT_FILE | EFFECT_NETWORK},
	{"dm_os_file_exists", A | X, EFFECT_FILE | EFFECT_NETWORK},
	{"encryptbyasymkey", R, 0},
	{"encryptbycert", R, 0},
	{"encryptbykey", R, 0},
	{"encryptbypassphrase", R, 0},
	{"eventdata", R, 0},
	{"fn_dblog", A | X, EFFECT_REPLICATION},
	{"fn_dump_dblog", A | X, EFFECT_FILE | EFFECT_REPLICATION},
	{"fn_get_audit_file", A | X, EFFECT_FILE},
	{"fn_trace_gettable", A | X, EFFECT_FILE},
	{"fn_xe_file_target_read_file", A | X, EFFECT_FILE},
	{"key_guid", R, 0},
	{"key_id", R, 0},
	{"key_name", R, 0},
	{"loginproperty", R, EFFECT_CREDENTIALS},
	{"opendatasource", A | X, EFFECT_NETWORK},
	{"openquery", A | X, EFFECT_NETWORK | EFFECT_DYNAMIC},
	{"openrowset", A | X, EFFECT_NETWORK | EFFECT_FILE},
	{"publishingservername", R, EFFECT_REPLICATION},
	{"pwdencrypt", R, 0},
	{"signbyasymkey", R, EFFECT_CREDENTIALS},
	{"signbycert", R, EFFECT_CREDENTIALS},
	{"symkeyproperty", R, 0},
	{"verifysignedbyasymkey", R, 0},
	{"verifysignedbycert", R, 0},
};
// clang-format on

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const struct sql_known *tsql_function(struct span name)
{
	static const struct sql_known computes = {"", EFFECT_READ, 0},
				      folds = {"", EFFECT_READ, SQL_AGGREGATE},
				      varies = {"", EFFECT_READ, SQL_VARIES};
	if (sql_word_find(plain, COUNT(plain), name))
		return &computes;
	if (sql_word_find(aggregates, COUNT(aggregates), name))
		return &folds;
	if (sql_word_find(varying, COUNT(varying), name))
		return &varies;
	return sql_known_find(special, COUNT(special), name);
}
