// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// SET: most parameters are the session's own affair; some change who it is or how its text is read.

#include "dataplane/inspect/inspect.h"
#include "dataplane/inspect/statement.h"

#include <string.h>
#include <strings.h>

// What these are does not change what a statement does.
static const char *const quiet[] = {
	"application_name",
	"bytea_output",
	"client_min_messages",
	"constraint_exclusion",
	"cpu_index_tuple_cost",
	"cpu_operator_cost",
	"cpu_tuple_cost",
	"cursor_tuple_fraction",
	"default_statistics_target",
	"default_transaction_deferrable",
	"default_transaction_isolation",
	"default_transaction_read_only",
	"effective_cache_size",
	"enable_bitmapscan",
	"enable_hashagg",
	"enable_hashjoin",
	"enable_incremental_sort",
	"enable_indexonlyscan",
	"enable_indexscan",
	"enable_material",
	"enable_memoize",
	"enable_mergejoin",
	"enable_nestloop",
	"enable_partitionwise_aggregate",
	"enable_partitionwise_join",
	"enable_seqscan",
	"enable_sort",
	"enable_tidscan",
	"extra_float_digits",
	"from_collapse_limit",
	"geqo",
	"idle_in_transaction_session_timeout",
	"idle_session_timeout",
	"jit",
	"join_collapse_limit",
	"lock_timeout",
	"max_parallel_workers_per_gather",
	"plan_cache_mode",
	"random_page_cost",
	"seq_page_cost",
	"statement_timeout",
	"transaction_deferrable",
	"transaction_isolation",
	"transaction_read_only",
	"xmlbinary",
};

// These decide what names, dates and numbers in a statement stand for.
static const char *const meaningful[] = {
	"datestyle", "intervalstyle", "lc_monetary", "lc_numeric",
	"lc_time",   "search_path",   "timezone",    "xmloption",
};

// These change how the server cuts text into tokens, and so what a statement is.
static bool is_lexing(const char *name)
{
	return strcasecmp(name, "standard_conforming_strings") == 0 ||
	       strcasecmp(name, "backslash_quote") == 0 ||
	       strcasecmp(name, "escape_string_warning") == 0;
}

static bool is_identity(const char *name)
{
	return strcasecmp(name, "role") == 0 || strcasecmp(name, "session_authorization") == 0;
}

static bool sets_utf8(const PgQuery__VariableSetStmt *set)
{
	if (set->n_args != 1 || set->args[0]->node_case != PG_QUERY__NODE__NODE_A_CONST)
		return false;
	const PgQuery__AConst *value = set->args[0]->a_const;
	return value->val_case == PG_QUERY__A__CONST__VAL_SVAL &&
	       (strcasecmp(value->sval->sval, "UTF8") == 0 ||
		strcasecmp(value->sval->sval, "UTF-8") == 0 ||
		strcasecmp(value->sval->sval, "UNICODE") == 0);
}

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool is_quiet(const char *name)
{
	return is_one_of(name, quiet, sizeof(quiet) / sizeof(quiet[0]));
}

static bool is_harmless(const char *name)
{
	return is_quiet(name) ||
	       is_one_of(name, meaningful, sizeof(meaningful) / sizeof(meaningful[0]));
}

bool inspect_setting_has_meaning(struct span name)
{
	char text[64];
	if (name.n >= sizeof(text))
		return true;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	return !is_quiet(text) && strcasecmp(text, "client_encoding") != 0;
}

uint32_t inspect_setting(struct span name)
{
	char text[64];
	if (name.n >= sizeof(text))
		return EFFECT_ADMIN;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	bool context = strcasecmp(text, "client_encoding") == 0 ||
		       strcasecmp(text, "standard_conforming_strings") == 0;
	return context || is_harmless(text) ? EFFECT_SESSION : EFFECT_ADMIN;
}

void statement_setting(struct statement *st, const PgQuery__VariableSetStmt *set)
{
	bool encoding = strcasecmp(set->name, "client_encoding") == 0;
	bool multi = set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_SET_MULTI; // SET TRANSACTION
	if (!multi && inspect_setting_has_meaning(span_str(set->name)))
		st->flags |= EFFECT_SETS;
	if (is_identity(set->name))
		st->flags |= EFFECT_IDENTITY;
	if (is_lexing(set->name)) {
		st->kinds |= EFFECT_ADMIN;
		st->flags |= EFFECT_LEXING;
	} else if (multi || is_harmless(set->name) || (encoding && sets_utf8(set))) {
		st->kinds |= EFFECT_SESSION;
	} else if (set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL) {
		st->kinds |= EFFECT_SESSION;
	} else {
		st->kinds |= EFFECT_ADMIN; // role, session_authorization, client_encoding, and what
					   // we do not know
		if (encoding)
			st->flags |= EFFECT_LEXING;
	}
}

void statement_set_config(struct statement *st, const char *name)
{
	st->flags |= EFFECT_SETS;
	if (name == NULL || is_identity(name))
		st->flags |= EFFECT_IDENTITY;
	if (name == NULL || is_lexing(name) || strcasecmp(name, "client_encoding") == 0)
		st->flags |= EFFECT_LEXING;
}
