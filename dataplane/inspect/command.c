// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Commands of dialects that we read ourselves: the memory, and the way through the steps.

#include "dataplane/inspect/command.h"

#include "dataplane/inspect/shell.h"
#include "dataplane/inspect/sql.h"
#include "dataplane/inspect/text.h"

#include <stdlib.h>

static const char *const names[DIALECTS] = {"mysql", "tsql", "shell"};

const char *inspect_dialect_name(enum inspect_dialect dialect)
{
	return names[dialect];
}

bool inspect_dialect_parse(struct span word, enum inspect_dialect *dialect)
{
	for (unsigned i = 0; i < DIALECTS; i++) {
		if (!span_equal(word, span_str(names[i])))
			continue;
		*dialect = (enum inspect_dialect)i;
		return true;
	}
	return false;
}

struct command_context command_context_usual(enum inspect_dialect dialect)
{
	return (struct command_context){
		.dialect = dialect,
		.utf8 = true,
		.multi_statements = true,
		.quoted_identifier = true,
	};
}

struct command_reader *command_reader_new(void)
{
	return calloc(1, sizeof(struct command_reader));
}

void command_reader_free(struct command_reader *reader)
{
	free(reader);
}

void command_unknown(struct command_reader *r, const char *why)
{
	r->kinds |= EFFECT_UNKNOWN;
	if (r->why_unknown == NULL)
		r->why_unknown = why;
}

// Append the text with comments removed and white space folded to single spaces; words that are not
// names in upper case. It never grows: a space stands only where something stood.
static void command_normalise(struct command_reader *r)
{
	struct sql p = {.r = r, .tsql = r->context->dialect == DIALECT_TSQL};
	size_t n = 0;
	for (uint32_t i = 0; i < r->n_tokens; i++) {
		const struct token *t = &r->tokens[i];
		if (t->is_apart && n > 0)
			r->normalised[n++] = ' ';
		memcpy(r->normalised + n, r->text.p + t->at, t->n);
		if (t->kind == TOKEN_WORD && sql_is_reserved(&p, t))
			for (uint32_t k = 0; k < t->n; k++)
				if (r->normalised[n + k] >= 'a' && r->normalised[n + k] <= 'z')
					r->normalised[n + k] -= 'a' - 'A';
		n += t->n;
	}
	r->n_normalised = n;
}

// Objects found by several statements or readings: once, with all that is done to them.
static void merge_objects(struct command_reader *r)
{
	uint16_t n = 0;
	for (uint16_t i = 0; i < r->n_objects; i++) {
		const struct effect_object *o = &r->objects[i];
		uint16_t k = 0;
		while (k < n && !effect_object_is(&r->objects[k], o))
			k++;
		if (k < n)
			r->objects[k].access |= o->access;
		else
			r->objects[n++] = *o;
	}
	r->n_objects = n;
}

static const struct effects *settle(struct command_reader *r)
{
	merge_objects(r);
	r->effects = (struct effects){
		.kinds = r->kinds,
		.flags = r->flags,
		.n_statements = r->n_statements,
		.n_objects = r->n_objects,
		.objects = r->objects,
		.n_columns = r->n_columns,
		.columns = r->columns,
		.verb = span_str(r->heaviest[0] == '\0' ? "command" : r->heaviest),
		.normalised = span_of(r->normalised, r->n_normalised),
		.why_unknown = r->why_unknown,
	};
	return &r->effects;
}

static void start(struct command_reader *r, const struct command_context *context, struct span text)
{
	r->context = context;
	r->text = text;
	r->kinds = r->flags = r->n_statements = 0;
	r->n_objects = r->n_columns = 0;
	r->n_names = r->n_tokens = r->n_words = 0;
	r->weight = 0;
	r->n_normalised = 0;
	r->why_unknown = NULL;
	r->verb[0] = r->heaviest[0] = '\0';
}

// ---- MySQL: what a text is depends on the server's version where comments name one

// One reading of the text, on top of those before it.
static void read_mysql(
	struct command_reader *r, struct sql_server server, struct sql_versions *versions
)
{
	uint32_t kinds = r->kinds, n_statements = r->n_statements;
	r->kinds = 0;
	if (lex_mysql(r, server, versions)) {
		if (r->n_normalised == 0)
			command_normalise(r);
		sql_classify(r, false);
	}
	r->kinds |= kinds;
	if (n_statements > r->n_statements)
		r->n_statements = n_statements;
}

static void read_mysql_as_any(struct command_reader *r)
{
	static const struct sql_server newest = {.version = 999999},
				       mariadb = {.mariadb = true, .version = 999999},
				       digits = {.version = 50799};
	struct sql_versions versions = {0};
	read_mysql(r, newest, &versions);
	if (versions.n == 0)
		return;
	read_mysql(r, mariadb, &versions);
	read_mysql(r, digits, &versions);
	unsigned n = versions.n;
	for (unsigned i = 0; i < n; i++) {
		struct sql_server before = {.version = versions.version[i] - 1};
		if (versions.version[i] == 0)
			continue;
		read_mysql(r, before, &versions);
		before.mariadb = true;
		read_mysql(r, before, &versions);
	}
	if (versions.too_many)
		command_unknown(r, "its comments are for too many versions of the server");
}

static void read_mysql_text(struct command_reader *r)
{
	struct sql_versions versions = {0};
	if (r->context->version == 0) {
		read_mysql_as_any(r);
		return;
	}
	struct sql_server server = {
		.mariadb = r->context->mariadb,
		.version = r->context->version,
	};
	read_mysql(r, server, &versions);
}

static void read_text(struct command_reader *r)
{
	switch (r->context->dialect) {
	case DIALECT_MYSQL:
		read_mysql_text(r);
		break;
	case DIALECT_TSQL:
		if (!lex_tsql(r))
			break;
		command_normalise(r);
		sql_classify(r, true);
		break;
	case DIALECT_SHELL:
		shell_classify(r);
		break;
	case DIALECTS:
		break;
	}
}

const struct effects *inspect_command(
	struct command_reader *r, const struct command_context *context, struct span text
)
{
	start(r, context, text);
	if (text.n > COMMAND_TEXT_MAX)
		command_unknown(r, "commands of more than 1 MiB are not read");
	else if (!context->utf8 || !text_is_utf8(text))
		command_unknown(r, "it is not valid UTF-8");
	else
		read_text(r);
	if (r->why_unknown != NULL)
		r->kinds |= EFFECT_UNKNOWN;
	else if ((r->kinds & EFFECT_UNKNOWN) != 0)
		r->why_unknown = "what it runs is not in its text";
	return settle(r);
}
