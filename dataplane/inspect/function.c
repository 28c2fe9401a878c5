// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What functions do when a statement calls them: those that do more than read, and the look-up.
// Whatever is in no list runs code that the statement does not show.

#include "dataplane/inspect/function.h"

#include <stdlib.h>
#include <string.h>

struct known {
	const char *name;
	struct function_effects effects;
};

enum {
	READ = EFFECT_READ,
	WRITE = EFFECT_WRITE,
	ADMIN = EFFECT_ADMIN,
	EXEC = EFFECT_EXEC,
	FILES = EFFECT_FILE,
	NETWORK = EFFECT_NETWORK,
	DYNAMIC = EFFECT_DYNAMIC,
	SLEEP = EFFECT_SLEEP,
	SLOTS = EFFECT_REPLICATION,
	CONFIG = EFFECT_CONFIG,
};

// Sorted. A name is listed for the worst of its overloads. Those of extensions (dblink, adminpack,
// the untrusted parts of pageinspect...) live in a schema of the operator's choice.
// clang-format off
static const struct known known[] = {
	{"cursor_to_xml", {EXEC, DYNAMIC}},
	{"cursor_to_xmlschema", {EXEC, DYNAMIC}},
	{"database_to_xml", {EXEC, DYNAMIC}},
	{"database_to_xml_and_xmlschema", {EXEC, DYNAMIC}},
	{"database_to_xmlschema", {EXEC, DYNAMIC}},
	{"dblink", {ADMIN, NETWORK | DYNAMIC}},
	{"dblink_build_sql_delete", {EXEC, DYNAMIC}},
	{"dblink_build_sql_insert", {EXEC, DYNAMIC}},
	{"dblink_build_sql_update", {EXEC, DYNAMIC}},
	{"dblink_connect", {ADMIN, NETWORK}},
	{"dblink_connect_u", {ADMIN, NETWORK}},
	{"dblink_exec", {ADMIN, NETWORK | DYNAMIC}},
	{"dblink_fetch", {ADMIN, NETWORK}},
	{"dblink_get_result", {ADMIN, NETWORK}},
	{"dblink_open", {ADMIN, NETWORK | DYNAMIC}},
	{"dblink_send_query", {ADMIN, NETWORK | DYNAMIC}},
	{"heap_page_items", {ADMIN, 0}},
	{"http", {EXEC, NETWORK}},
	{"http_delete", {EXEC, NETWORK}},
	{"http_get", {EXEC, NETWORK}},
	{"http_post", {EXEC, NETWORK}},
	{"http_put", {EXEC, NETWORK}},
	{"lo_creat", {WRITE, 0}},
	{"lo_create", {WRITE, 0}},
	{"lo_export", {ADMIN, FILES}},
	{"lo_from_bytea", {WRITE, 0}},
	{"lo_get", {READ, 0}},
	{"lo_import", {ADMIN | WRITE, FILES}},
	{"lo_lseek", {READ, 0}},
	{"lo_lseek64", {READ, 0}},
	{"lo_open", {READ | WRITE, 0}},
	{"lo_put", {WRITE, 0}},
	{"lo_tell", {READ, 0}},
	{"lo_tell64", {READ, 0}},
	{"lo_truncate", {WRITE, 0}},
	{"lo_truncate64", {WRITE, 0}},
	{"lo_unlink", {WRITE, EFFECT_DESTROYS}},
	{"loread", {READ, 0}},
	{"lowrite", {WRITE, 0}},
	{"nextval", {WRITE, 0}},
	{"pg_advisory_lock", {WRITE, 0}},
	{"pg_advisory_lock_shared", {WRITE, 0}},
	{"pg_advisory_unlock", {WRITE, 0}},
	{"pg_advisory_unlock_all", {WRITE, 0}},
	{"pg_advisory_unlock_shared", {WRITE, 0}},
	{"pg_advisory_xact_lock", {WRITE, 0}},
	{"pg_advisory_xact_lock_shared", {WRITE, 0}},
	{"pg_backup_start", {ADMIN, SLOTS}},
	{"pg_backup_stop", {ADMIN, SLOTS}},
	{"pg_cancel_backend", {ADMIN, 0}},
	{"pg_config", {ADMIN, 0}},
	{"pg_control_checkpoint", {ADMIN, 0}},
	{"pg_control_init", {ADMIN, 0}},
	{"pg_control_recovery", {ADMIN, 0}},
	{"pg_control_system", {ADMIN, 0}},
	{"pg_copy_logical_replication_slot", {ADMIN, SLOTS}},
	{"pg_copy_physical_replication_slot", {ADMIN, SLOTS}},
	{"pg_create_logical_replication_slot", {ADMIN, SLOTS}},
	{"pg_create_physical_replication_slot", {ADMIN, SLOTS}},
	{"pg_create_restore_point", {ADMIN, SLOTS}},
	{"pg_current_logfile", {ADMIN, FILES}},
	{"pg_drop_replication_slot", {ADMIN, SLOTS}},
	{"pg_file_read", {ADMIN, FILES}},
	{"pg_file_rename", {ADMIN, FILES}},
	{"pg_file_sync", {ADMIN, FILES}},
	{"pg_file_unlink", {ADMIN, FILES}},
	{"pg_file_write", {ADMIN, FILES}},
	{"pg_hba_file_rules", {ADMIN, FILES}},
	{"pg_ident_file_mappings", {ADMIN, FILES}},
	{"pg_import_system_collations", {ADMIN, 0}},
	{"pg_log_backend_memory_contexts", {ADMIN, 0}},
	{"pg_logdir_ls", {ADMIN, FILES}},
	{"pg_logical_emit_message", {ADMIN, SLOTS}},
	{"pg_logical_slot_get_binary_changes", {ADMIN, SLOTS}},
	{"pg_logical_slot_get_changes", {ADMIN, SLOTS}},
	{"pg_logical_slot_peek_binary_changes", {ADMIN, SLOTS}},
	{"pg_logical_slot_peek_changes", {ADMIN, SLOTS}},
	{"pg_ls_archive_statusdir", {ADMIN, FILES}},
	{"pg_ls_dir", {ADMIN, FILES}},
	{"pg_ls_logdir", {ADMIN, FILES}},
	{"pg_ls_logicalmapdir", {ADMIN, FILES}},
	{"pg_ls_logicalsnapdir", {ADMIN, FILES}},
	{"pg_ls_replslotdir", {ADMIN, FILES}},
	{"pg_ls_tmpdir", {ADMIN, FILES}},
	{"pg_ls_waldir", {ADMIN, FILES}},
	{"pg_notify", {WRITE, 0}},
	{"pg_promote", {ADMIN, SLOTS}},
	{"pg_read_binary_file", {ADMIN, FILES}},
	{"pg_read_file", {ADMIN, FILES}},
	{"pg_read_file_old", {ADMIN, FILES}},
	{"pg_reload_conf", {ADMIN, CONFIG}},
	{"pg_replication_origin_advance", {ADMIN, SLOTS}},
	{"pg_replication_origin_create", {ADMIN, SLOTS}},
	{"pg_replication_origin_drop", {ADMIN, SLOTS}},
	{"pg_replication_origin_progress", {ADMIN, SLOTS}},
	{"pg_replication_origin_session_is_setup", {ADMIN, SLOTS}},
	{"pg_replication_origin_session_progress", {ADMIN, SLOTS}},
	{"pg_replication_origin_session_reset", {ADMIN, SLOTS}},
	{"pg_replication_origin_session_setup", {ADMIN, SLOTS}},
	{"pg_replication_origin_xact_reset", {ADMIN, SLOTS}},
	{"pg_replication_origin_xact_setup", {ADMIN, SLOTS}},
	{"pg_replication_slot_advance", {ADMIN, SLOTS}},
	{"pg_rotate_logfile", {ADMIN, 0}},
	{"pg_rotate_logfile_old", {ADMIN, 0}},
	{"pg_show_all_file_settings", {ADMIN, FILES}},
	{"pg_show_replication_origin_status", {ADMIN, SLOTS}},
	{"pg_sleep", {EXEC, SLEEP}},
	{"pg_sleep_for", {EXEC, SLEEP}},
	{"pg_sleep_until", {EXEC, SLEEP}},
	{"pg_stat_file", {ADMIN, FILES}},
	{"pg_stat_reset", {ADMIN, 0}},
	{"pg_stat_reset_replication_slot", {ADMIN, 0}},
	{"pg_stat_reset_shared", {ADMIN, 0}},
	{"pg_stat_reset_single_function_counters", {ADMIN, 0}},
	{"pg_stat_reset_single_table_counters", {ADMIN, 0}},
	{"pg_stat_reset_slru", {ADMIN, 0}},
	{"pg_stat_reset_subscription_stats", {ADMIN, 0}},
	{"pg_switch_wal", {ADMIN, SLOTS}},
	{"pg_terminate_backend", {ADMIN, 0}},
	{"pg_try_advisory_lock", {WRITE, 0}},
	{"pg_try_advisory_lock_shared", {WRITE, 0}},
	{"pg_try_advisory_xact_lock", {WRITE, 0}},
	{"pg_try_advisory_xact_lock_shared", {WRITE, 0}},
	{"pg_wal_replay_pause", {ADMIN, SLOTS}},
	{"pg_wal_replay_resume", {ADMIN, SLOTS}},
	{"query_to_xml", {EXEC, DYNAMIC}},
	{"query_to_xml_and_xmlschema", {EXEC, DYNAMIC}},
	{"query_to_xmlschema", {EXEC, DYNAMIC}},
	{"schema_to_xml", {EXEC, DYNAMIC}},
	{"schema_to_xml_and_xmlschema", {EXEC, DYNAMIC}},
	{"schema_to_xmlschema", {EXEC, DYNAMIC}},
	{"set_config", {ADMIN, 0}},
	{"setval", {WRITE, 0}},
	{"sys_bineval", {EXEC, EFFECT_PROGRAM}},
	{"sys_eval", {EXEC, EFFECT_PROGRAM}},
	{"sys_exec", {EXEC, EFFECT_PROGRAM}},
	{"sys_fileread", {EXEC, FILES}},
	{"table_to_xml", {EXEC, DYNAMIC}},
	{"table_to_xml_and_xmlschema", {EXEC, DYNAMIC}},
	{"table_to_xmlschema", {EXEC, DYNAMIC}},
	{"ts_rewrite", {EXEC, DYNAMIC}},
	{"ts_stat", {EXEC, DYNAMIC}},
};
// clang-format on

static int compare_known(const void *key, const void *entry)
{
	return strcmp(key, ((const struct known *)entry)->name);
}

static const struct known *find_known(const char *name)
{
	size_t n = sizeof(known) / sizeof(known[0]);
	return bsearch(name, known, n, sizeof(known[0]), compare_known);
}

static int compare_name(const void *key, const void *entry)
{
	return strcmp(key, *(const char *const *)entry);
}

static bool only_reads(const char *name)
{
	return bsearch(name, function_reads, n_function_reads, sizeof(function_reads[0]),
		       compare_name) != NULL;
}

struct function_effects function_find(const char *schema, const char *name)
{
	static const struct function_effects reads = {EFFECT_READ, 0}, other = {EFFECT_EXEC, 0};
	bool own = schema == NULL || strcmp(schema, "pg_catalog") == 0 ||
		   strcmp(schema, "information_schema") == 0;
	if (own && only_reads(name))
		return reads;
	const struct known *found = find_known(name);
	if (found == NULL)
		return other;
	struct function_effects effects = found->effects;
	if (!own)
		effects.kinds |= EFFECT_EXEC;
	return effects;
}

bool function_is_listed(const char *name)
{
	const struct known *found = find_known(name);
	return found != NULL && found->effects.kinds != EFFECT_READ;
}
