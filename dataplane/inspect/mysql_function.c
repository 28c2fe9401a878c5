// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Functions built into MySQL 5.7 to 9 and MariaDB 10 and 11, and the dangerous among those that are
// often added. Whatever is not here runs code that the statement does not show.

#include "dataplane/inspect/sql.h"

// clang-format off
// Compute, and nothing else.
static const char *const plain[] = {
	"abs", "acos", "adddate", "addtime", "aes_decrypt", "aes_encrypt", "any_value",
	"asbinary", "ascii", "asin", "astext", "atan", "atan2", "bin", "bin_to_uuid", "binary",
	"bit_count", "bit_length", "cast", "ceil", "ceiling", "char", "char_length",
	"character_length", "charset", "chr", "coalesce", "coercibility", "collation",
	"column_add", "column_check", "column_create", "column_delete", "column_exists",
	"column_get", "column_json", "column_list", "compress", "concat", "concat_ws",
	"connection_id", "conv", "convert", "convert_tz", "cos", "cot", "crc32", "crc32c",
	"cube", "curdate", "current_date", "current_role", "current_time", "current_timestamp",
	"current_user", "curtime", "database", "date", "date_add", "date_format", "date_sub",
	"datediff", "day", "dayname", "dayofmonth", "dayofweek", "dayofyear", "decode",
	"decode_histogram", "decode_oracle", "default", "degrees", "des_decrypt", "des_encrypt",
	"elt", "encode", "encrypt", "exp", "export_set", "extract", "extractvalue", "field",
	"find_in_set", "floor", "format", "format_bytes", "format_pico_time", "found_rows",
	"from_base64", "from_days", "from_unixtime", "geomcollection", "geometrycollection",
	"geomfromtext", "get_format", "greatest", "grouping", "gtid_subset", "gtid_subtract",
	"hex", "hour", "if", "ifnull", "in", "inet4", "inet6", "inet6_aton", "inet6_ntoa",
	"inet_aton", "inet_ntoa", "insert", "instr", "interval", "is_free_lock", "is_ipv4",
	"is_ipv4_compat", "is_ipv4_mapped", "is_ipv6", "is_used_lock", "is_uuid", "isnull",
	"json_array", "json_array_append", "json_array_insert", "json_array_intersect",
	"json_compact", "json_contains", "json_contains_path", "json_depth", "json_detailed",
	"json_equals", "json_exists", "json_extract", "json_insert", "json_key_value",
	"json_keys", "json_length", "json_loose", "json_merge", "json_merge_patch",
	"json_merge_preserve", "json_normalize", "json_object", "json_object_filter_keys",
	"json_object_to_array", "json_overlaps", "json_pretty", "json_query", "json_quote",
	"json_remove", "json_replace", "json_schema_valid", "json_schema_validation_report",
	"json_search", "json_set", "json_storage_free", "json_storage_size", "json_table",
	"json_type", "json_unquote", "json_valid", "json_value", "kdf", "last_day",
	"last_insert_id", "lastval", "lcase", "least", "left", "length", "lengthb",
	"linestring", "ln", "localtime", "localtimestamp", "locate", "log", "log10", "log2",
	"lower", "lpad", "ltrim", "ltrim_oracle", "make_set", "makedate", "maketime",
	"mbrcontains", "mbrcoveredby", "mbrcovers", "mbrdisjoint", "mbrequal", "mbrequals",
	"mbrintersects", "mbroverlaps", "mbrtouches", "mbrwithin", "md5", "microsecond", "mid",
	"minute", "mod", "month", "monthname", "multilinestring", "multipoint", "multipolygon",
	"name_const", "natural_sort_key", "now", "nullif", "nvl", "nvl2", "oct", "octet_length",
	"old_password", "ord", "password", "period_add", "period_diff", "pi", "point",
	"polygon", "position", "pow", "power", "ps_current_thread_id", "ps_thread_id",
	"quarter", "quote", "radians", "random_bytes", "regexp_instr", "regexp_like",
	"regexp_replace", "regexp_substr", "repeat", "replace", "reverse", "right",
	"roles_graphml", "rollup", "round", "row", "row_count", "rpad", "rtrim", "rtrim_oracle",
	"schema", "sec_to_time", "second", "session_user", "sformat", "sha", "sha1", "sha2",
	"sign", "sin", "soundex", "space", "sqrt", "st_area", "st_asbinary", "st_asgeojson",
	"st_astext", "st_aswkb", "st_aswkt", "st_buffer", "st_buffer_strategy", "st_centroid",
	"st_contains", "st_convexhull", "st_crosses", "st_difference", "st_dimension",
	"st_disjoint", "st_distance", "st_distance_sphere", "st_endpoint", "st_envelope",
	"st_equals", "st_exteriorring", "st_geohash", "st_geometryfromtext",
	"st_geometryfromwkb", "st_geometryn", "st_geometrytype", "st_geomfromgeojson",
	"st_geomfromtext", "st_geomfromwkb", "st_interiorringn", "st_intersection",
	"st_intersects", "st_isclosed", "st_isempty", "st_isring", "st_issimple", "st_isvalid",
	"st_latfromgeohash", "st_latitude", "st_length", "st_linefromtext", "st_linefromwkb",
	"st_longfromgeohash", "st_longitude", "st_makeenvelope", "st_numgeometries",
	"st_numinteriorring", "st_numinteriorrings", "st_numpoints", "st_overlaps",
	"st_pointfromgeohash", "st_pointfromtext", "st_pointfromwkb", "st_pointn",
	"st_pointonsurface", "st_polyfromtext", "st_polyfromwkb", "st_relate", "st_simplify",
	"st_srid", "st_startpoint", "st_swapxy", "st_symdifference", "st_touches",
	"st_transform", "st_union", "st_validate", "st_within", "st_x", "st_y",
	"statement_digest", "statement_digest_text", "str_to_date", "strcmp", "subdate",
	"substr", "substr_oracle", "substring", "substring_index", "subtime", "sysdate",
	"system_user", "tan", "time", "time_format", "time_to_sec", "timediff", "timestamp",
	"timestampadd", "timestampdiff", "to_base64", "to_char", "to_days", "to_number",
	"to_seconds", "trim", "trim_oracle", "truncate", "ucase", "uncompress",
	"uncompressed_length", "unhex", "unix_timestamp", "updatexml", "upper", "user",
	"utc_date", "utc_time", "utc_timestamp", "uuid_to_bin", "validate_password_strength",
	"value", "values", "version", "week", "weekday", "weekofyear", "weight_string",
	"wsrep_last_seen_gtid", "wsrep_last_written_gtid", "year", "yearweek",
};

// Make one value of many rows.
static const char *const aggregates[] = {
	"avg", "bit_and", "bit_or", "bit_xor", "count", "group_concat", "json_arrayagg",
	"json_objectagg", "max", "min", "st_collect", "std", "stddev", "stddev_pop",
	"stddev_samp", "sum", "var_pop", "var_samp", "variance",
};

// Another value for each row.
static const char *const varying[] = {
	"cume_dist", "dense_rank", "first_value", "lag", "last_value", "lead", "match",
	"median", "nth_value", "ntile", "percent_rank", "percentile_cont", "percentile_disc",
	"rand", "rank", "row_number", "sys_guid", "uuid", "uuid_short", "uuid_v4", "uuid_v7",
};

enum {
	R = EFFECT_READ,
	X = EFFECT_EXEC,
	A = EFFECT_ADMIN,
	W = EFFECT_WRITE,
	S = EFFECT_SESSION,
};

static const struct sql_known special[] = {
	{"asynchronous_connection_failover_add_source", X | A, EFFECT_NETWORK | EFFECT_REPLICATION},
	{"asynchronous_connection_failover_delete_source", X | A, EFFECT_NETWORK | EFFECT_REPLICATION},
	{"audit_log_filter_set_filter", X | A, EFFECT_CONFIG},
	{"audit_log_read", X | A, EFFECT_FILE},
	{"benchmark", R | X, EFFECT_SLEEP},
	{"do_system", X | A, EFFECT_PROGRAM},
	{"get_lock", R | X, EFFECT_SLEEP},
	{"group_replication_set_as_primary", X | A, EFFECT_REPLICATION},
	{"group_replication_switch_to_multi_primary_mode", X | A, EFFECT_REPLICATION},
	{"http_get", X | A, EFFECT_NETWORK},
	{"http_post", X | A, EFFECT_NETWORK},
	{"keyring_key_fetch", X | A, EFFECT_CREDENTIALS},
	{"keyring_key_generate", X | A, EFFECT_CREDENTIALS},
	{"keyring_key_remove", X | A, EFFECT_CREDENTIALS},
	{"keyring_key_store", X | A, EFFECT_CREDENTIALS},
	{"load_file", R | A, EFFECT_FILE},
	{"master_gtid_wait", R | A, EFFECT_SLEEP | EFFECT_REPLICATION},
	{"master_pos_wait", R | A, EFFECT_SLEEP | EFFECT_REPLICATION},
	{"nextval", W, 0},
	{"release_all_locks", R | S, 0},
	{"release_lock", R | S, 0},
	{"setval", W, 0},
	{"sleep", R | X, EFFECT_SLEEP},
	{"source_pos_wait", R | A, EFFECT_SLEEP | EFFECT_REPLICATION},
	{"spider_bg_direct_sql", X | A, EFFECT_NETWORK | EFFECT_DYNAMIC},
	{"spider_copy_tables", X | A | W, EFFECT_NETWORK},
	{"spider_direct_sql", X | A, EFFECT_NETWORK | EFFECT_DYNAMIC},
	{"spider_flush_table_mon_cache", X | A, 0},
	{"sys_bineval", X | A, EFFECT_PROGRAM},
	{"sys_eval", X | A, EFFECT_PROGRAM},
	{"sys_exec", X | A, EFFECT_PROGRAM},
	{"sys_get", X | A, EFFECT_PROGRAM},
	{"sys_set", X | A, EFFECT_PROGRAM},
	{"wait_for_executed_gtid_set", R | A, EFFECT_SLEEP | EFFECT_REPLICATION},
	{"wait_until_sql_thread_after_gtids", R | A, EFFECT_SLEEP | EFFECT_REPLICATION},
	{"wsrep_sync_wait_upto_gtid", R | A, EFFECT_SLEEP | EFFECT_REPLICATION},
};
// clang-format on

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const struct sql_known *mysql_function(struct span name)
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
